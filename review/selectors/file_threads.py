"""The threads that belong beside one file of a comparison."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from orchestrator.selectors.access import Viewer
from review.models.comment import About
from review.selectors.comments import Thread, side_variant, threads_on
from review.selectors.compare import Comparison, path_text


@dataclass(frozen=True, slots=True)
class Placed:
    """A thread and its side of the diff: L or R. `where` is lines, file or outdated."""

    thread: Thread
    side: str
    where: str


@dataclass(frozen=True, slots=True)
class FileThreads:
    """`counts` are open threads by the path that the tree of files shows."""

    placed: tuple[Placed, ...]
    counts: dict[str, int]

    @property
    def digest(self) -> str:
        """Changes when anything that is shown does, but for how long ago it was."""
        said = repr((self.placed, self.counts)).encode("utf-8", "backslashreplace")
        return hashlib.blake2b(said, digest_size=10).hexdigest()


def file_threads(user: Viewer, comparison: Comparison, path: str) -> FileThreads:
    sides = _sides(user, comparison)
    change = comparison.file(path)
    here = {
        "L": {path, path_text(change.old_path or change.path) if change else path},
        "R": {path, path_text(change.path) if change else path},
    }
    placed = [
        Placed(thread, side, _where(thread))
        for side, threads in sides.items()
        for thread in threads
        if path_text(thread.path) in here[side]
    ]
    return FileThreads(
        placed=tuple(sorted(placed, key=lambda p: (p.thread.start, p.thread.id))),
        counts=_counts(comparison, sides),
    )


def _where(thread: Thread) -> str:
    if thread.outdated:
        return "outdated"
    return "lines" if thread.about == About.LINES else "file"


def _sides(user: Viewer, comparison: Comparison) -> dict[str, list[Thread]]:
    task = comparison.task
    on = {"L": side_variant(task, comparison.left), "R": side_variant(task, comparison.right)}
    commits = {"L": comparison.left.commit, "R": comparison.right.commit}
    found = {
        side: threads_on(user, task, on=on[side], commit=commits[side]) if on[side] else []
        for side in "LR"
    }
    if on["L"] and on["L"] == on["R"]:
        # Two states of one variant: beside the newer one, unless only the older still has the lines.
        older = {thread.id for thread in found["L"] if not thread.outdated}
        found["R"] = [t for t in found["R"] if not (t.outdated and t.id in older)]
        newer = {thread.id for thread in found["R"]}
        found["L"] = [t for t in found["L"] if t.id not in newer]
    return found


def _counts(comparison: Comparison, sides: dict[str, list[Thread]]) -> dict[str, int]:
    renamed = {c.old_path: c.path for c in comparison.files if c.old_path}
    paths = [
        path_text(renamed.get(thread.path, thread.path) if side == "L" else thread.path)
        for side, threads in sides.items()
        for thread in threads
        if not thread.resolved
    ]
    return dict(sorted(Counter(paths).items()))
