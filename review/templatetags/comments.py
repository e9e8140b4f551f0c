"""What templates need of comments."""

from __future__ import annotations

from django import template

from orchestrator.selectors.access import Viewer
from review.selectors.comments import (
    Thread,
    open_counts,
    send_targets,
    side_variant,
    thread_url,
)
from review.selectors.compare import Comparison, path_text
from review.selectors.sides import Side

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


@register.simple_tag
def side_on(comparison: Comparison, side: Side) -> str:
    """What comments on a side are about: `base`, a letter, or nothing."""
    return side_variant(comparison.task, side)


@register.simple_tag
def send_letters(task_id: int) -> str:
    """The letters of the variants whose agents take more work."""
    return " ".join(send_targets(task_id))


register.filter("path_text", path_text)
