"""What has changed since a page of columns was made."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.models import Variant
from orchestrator.selectors.access import Viewer, task_get_for
from review.selectors.column_files import TaskFiles, base_path
from review.selectors.compare import path_text, paths_since


def columns_version(*, user: Viewer, task_id: object) -> str:
    return version_of(task_get_for(user, task_id).variants.order_by("position"))


def version_of(variants: Iterable[Variant]) -> str:
    return ",".join(f"{v.letter}{v.head_commit}" for v in variants)


def paths_moved(task_files: TaskFiles, seen: str) -> list[str]:
    """What variants have changed since that version, as the tree of files names it."""
    before = {part[:1]: part[1:] for part in seen.split(",")}
    names = {
        path_text(change.path): path_text(base_path(change))
        for changes in task_files.changes.values()
        for change in changes
    }
    paths: set[str] = set()
    for v in task_files.variants:
        head = v.head_commit or task_files.base.commit
        old = before.get(v.letter, head) or task_files.base.commit
        paths |= paths_since(hub=task_files.hub, seen=old, head=head)
    return sorted({names.get(path, path) for path in paths})
