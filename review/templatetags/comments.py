"""What templates need of comments."""

from __future__ import annotations

from typing import Any

from django import template

from orchestrator.git.diffs import FileChange
from orchestrator.selectors.access import Viewer
from review.selectors.comments import (
    Thread,
    open_counts,
    send_targets,
    thread_url,
)
from review.selectors.compare import Comparison, path_text
from review.selectors.file_threads import comparison_sides

register = template.Library()


@register.simple_tag
def comment_counts(user: Viewer, task_id: int) -> dict[str, int]:
    """Threads that are not resolved, by letter; `all` is their sum."""
    counts = open_counts(user, task_id)
    return counts | {"all": sum(counts.values())}


@register.filter
def of(counts: dict[str, int], letter: str) -> int:
    return counts.get(letter, 0)


@register.simple_tag
def jump_url(thread: Thread, task_id: int) -> str:
    return thread_url(thread, task_id=task_id)


@register.inclusion_tag("review/_file_comments.html")
def file_comments(comparison: Comparison, path: str, change: FileChange | None) -> dict[str, Any]:
    """The layer of threads over the diff of a file."""
    return {"comments": comparison_sides(comparison, path, change)}


@register.simple_tag
def send_letters(task_id: int) -> str:
    """The letters of the variants whose agents take more work."""
    return " ".join(send_targets(task_id))


register.filter("path_text", path_text)
