"""The diff beside a transcript: what a Variant changed up to now, and which file to look at."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.git.diffs import FileChange
from orchestrator.git.refs import display_path
from orchestrator.selectors.access import Viewer
from orchestrator.selectors.tasks import run_newest
from orchestrator.states import RUN_ACTIVE
from review.selectors.compare import (
    Comparison,
    comparison_get,
    lines_changed,
    path_text,
    paths_since,
)
from review.selectors.compare_address import Address
from review.selectors.compare_page import FilePane, file_pane
from review.selectors.sides import BASE

CHIPS_MAX = 80


@dataclass(frozen=True, slots=True)
class FileChip:
    path: str
    name: str
    title: str
    insertions: int
    deletions: int
    current: bool
    fresh: bool  # changed since the page last looked


@dataclass(frozen=True, slots=True)
class LiveDiff:
    comparison: Comparison
    head: str
    path: str
    follow: bool
    show: bool  # a deferred file was asked for
    chips: tuple[FileChip, ...]
    more: int
    pane: FilePane | None
    ended: bool  # and there is no change
    compare: str
    files: int
    insertions: int
    deletions: int


def live_diff(
    *, user: Viewer, task_id: object, letter: str, path: str, seen: str, follow: bool, show: bool
) -> LiveDiff:
    """`seen` is the commit that the page shows now; with `follow` the newest change is shown."""
    comparison = comparison_get(user=user, task_id=task_id, left=BASE, right=letter)
    head = comparison.right.commit
    fresh = paths_since(hub=comparison.hub, seen=seen, head=head)
    asked = path
    known = {path_text(change.path) for change in comparison.files}
    if follow and fresh & known:
        path = next(p for c in comparison.files if (p := path_text(c.path)) in fresh)
    if path not in known:
        path = path_text(comparison.files[0].path) if comparison.files else ""
    address = Address(
        comparison.task.pk, BASE, letter, path, "unified", show=show and path == asked
    )
    chips = [_chip(change, path, fresh) for change in comparison.files]
    if len(chips) > CHIPS_MAX:  # the current one is always among those that are shown
        chips.sort(key=lambda chip: not chip.current)
    insertions, deletions = lines_changed(comparison.files)
    return LiveDiff(
        comparison=comparison,
        head=head,
        path=path,
        follow=follow,
        show=address.show,
        chips=tuple(chips[:CHIPS_MAX]),
        more=max(0, len(chips) - CHIPS_MAX),
        pane=file_pane(comparison, address),
        ended=not comparison.files and _is_over(comparison, letter),
        compare=address.url(view="split", show=False),
        files=len(comparison.files),
        insertions=insertions,
        deletions=deletions,
    )


def _is_over(comparison: Comparison, letter: str) -> bool:
    """Whether its agent was at work and is so no more."""
    run = next((run_newest(v) for v in comparison.variants if v.letter == letter), None)
    return run is not None and run.state not in RUN_ACTIVE


def _chip(change: FileChange, current: str, fresh: set[str]) -> FileChip:
    path = path_text(change.path)
    shown = display_path(change.path)
    return FileChip(
        path=path,
        name=shown.rpartition("/")[2],
        title=shown,
        insertions=change.insertions or 0,
        deletions=change.deletions or 0,
        current=path == current,
        fresh=path in fresh,
    )
