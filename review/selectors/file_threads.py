"""The threads that belong beside one file, on each of the sides that a page shows of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.urls import reverse

from orchestrator.git.diffs import FileChange
from orchestrator.models import Snapshot, Task
from orchestrator.selectors.access import Viewer
from review.lib.cache import cache_key
from review.models.comment import About
from review.selectors.column_files import base_path, path_find, task_files_get
from review.selectors.comments import Thread, side_variant, threads_on
from review.selectors.compare import Comparison, files_changed, path_text
from review.selectors.sides import Side, side_get
from review.selectors.whole_file import WholeFile, file_at


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSide:
    """A file as one side has it. `name` is what the page's lines are called by: L, R, or what a column shows."""

    name: str
    ref: str
    on: str  # what comments on it are about: base, a letter; "" where there can be none
    commit: str
    path: str  # as it is shown
    asked: str = ""  # the name that the page asks for, where that is another
    tree: Mapping[str, str] = field(default_factory=dict)  # names here, where the tree has others


@dataclass(frozen=True, slots=True)
class FileSides:
    """`url` is where the threads beside them are read. Of sides of one Variant the last one is its newest."""

    task: Task
    url: str
    sides: tuple[FileSide, ...]
    lined: bool = True  # False: the page shows no lines, so that threads bring the code they are on

    @property
    def json(self) -> str:
        """What the page needs to know of each side."""
        names = ("name", "on", "commit", "path")
        return json.dumps([{name: getattr(side, name) for name in names} for side in self.sides])


@dataclass(frozen=True, slots=True)
class Placed:
    """A thread and the name of its side. `where` is lines, file or outdated."""

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
        return cache_key(self.placed, self.counts)


# --- The sides of a page -------------------------------------------------------------------------


def comparison_sides(
    comparison: Comparison, path: str, change: FileChange | None = None
) -> FileSides:
    task, left, right = comparison.task, comparison.left, comparison.right
    change = change or comparison.file(path)
    now = path_text(change.path) if change else path
    old = path_text(change.old_path or change.path) if change else path
    renamed = {c.old_path: c.path for c in comparison.files if c.old_path and c.status != "C"}
    sides = _sides(
        task,
        {"left": left.ref, "right": right.ref, "path": path},
        [
            _side(task, left, "L", old, asked=path, tree=renamed),
            _side(task, right, "R", now, asked=path),
        ],
    )
    return replace(sides, lined=change is not None)


def columns_sides(*, user: Viewer, task_id: object, of: Sequence[str], path: str) -> FileSides:
    files = task_files_get(user, task_id)
    path = path_find(files, files.by_path(), path)
    found = []
    for ref in of:
        side = side_get(task=files.task, variants=files.variants, hub=files.hub, ref=ref)
        changes = files_changed(hub=files.hub, left=files.base.commit, right=side.commit)
        here = next((change.path for change in changes if base_path(change) == path), path)
        tree = {change.path: base_path(change) for change in changes}
        found.append(
            _side(files.task, side, side.ref, path_text(here), asked=path_text(path), tree=tree)
        )
    found.sort(key=lambda side: side.ref == side.on)
    return _sides(files.task, {"of": ",".join(of), "path": path_text(path)}, found)


def whole_file_sides(file: WholeFile) -> FileSides:
    side = _side(file.task, file.side, "R", file.path)
    return _sides(file.task, {"at": file.side.ref, "path": file.path}, [side])


def whole_file_sides_at(*, user: Viewer, task_id: object, at: str, path: str) -> FileSides:
    found = file_at(user=user, task_id=task_id, at=at, path=path)
    shown = path_text(found.path)
    side = _side(found.task, found.side, "R", shown)
    return _sides(found.task, {"at": found.side.ref, "path": shown}, [side])


def _side(
    task: Task,
    side: Side,
    name: str,
    path: str,
    *,
    asked: str = "",
    tree: Mapping[str, str] | None = None,
) -> FileSide:
    return FileSide(
        name=name,
        ref=side.ref,
        on=side_variant(task, side),
        commit=side.commit,
        path=path,
        asked=asked or path,
        tree=tree or {},
    )


def _sides(task: Task, query: dict[str, str], sides: list[FileSide]) -> FileSides:
    query["seen_commits"] = ",".join(side.commit for side in sides)
    url = f"{reverse('review:comment_threads', args=[task.pk])}?{urlencode(query)}"
    return FileSides(task, url, tuple(sides))


def sides_as_seen(sides: FileSides, commits: Sequence[str]) -> FileSides:
    """The sides on the commits that a page shows, which may be older; what is none of a side's is passed over."""
    if len(commits) != len(sides.sides):
        return sides
    known = set(
        Snapshot.objects.filter(variant__task=sides.task, commit__in=commits).values_list(
            "variant__letter", "commit"
        )
    )
    base = sides.task.spec.base_commit
    seen = [
        replace(side, commit=commit) if commit == base or (side.on, commit) in known else side
        for side, commit in zip(sides.sides, commits, strict=True)
    ]
    return replace(sides, sides=tuple(seen))


# --- Their threads -------------------------------------------------------------------------------


def file_threads(user: Viewer, sides: FileSides) -> FileThreads:
    found = _threads(user, sides)
    placed = [
        Placed(thread, side.name, _where(thread))
        for side, threads in zip(sides.sides, found, strict=True)
        for thread in threads
        if path_text(thread.path) in (side.path, side.asked)
    ]
    return FileThreads(
        placed=tuple(sorted(placed, key=lambda p: (p.thread.start, p.thread.id))),
        counts=_counts(sides, found),
    )


def _where(thread: Thread) -> str:
    if thread.outdated:
        return "outdated"
    return "lines" if thread.about == About.LINES else "file"


def _threads(user: Viewer, sides: FileSides) -> list[list[Thread]]:
    """Of each side. Two states of one Variant: beside the newer, unless only the older still has the lines."""
    wanted = [(side.on, side.commit) for side in sides.sides]
    found = threads_on(user, sides.task, sides=wanted)
    best: dict[int, int] = {}  # by thread, the side it stands beside
    for at, threads in enumerate(found):
        for thread in threads:
            if thread.id not in best or not thread.outdated:
                best[thread.id] = at
    return [
        [thread for thread in threads if best[thread.id] == at] for at, threads in enumerate(found)
    ]


def _counts(sides: FileSides, found: Sequence[Sequence[Thread]]) -> dict[str, int]:
    paths = [
        path_text(side.tree.get(thread.path, thread.path))
        for side, threads in zip(sides.sides, found, strict=True)
        for thread in threads
        if not thread.resolved
    ]
    return dict(sorted(Counter(paths).items()))
