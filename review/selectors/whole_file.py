"""One file as one side has it: whole, with colours; or its bytes as they are."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from orchestrator.git.hub import blob_bytes, blob_find, blob_size
from orchestrator.git.refs import display_path
from orchestrator.lib.errors import NotFound
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Task, Variant
from orchestrator.selectors.access import Viewer, task_get_for
from review.diff import language_of
from review.diff.guards import size_say
from review.diff.text import text_read
from review.diff.types import Text
from review.diff.whole import whole_html
from review.selectors.compare import files_changed, path_text
from review.selectors.file_diffs import COLOUR_WAIT_S, blob_colours
from review.selectors.file_tree import path_split
from review.selectors.sides import BASE, Side, side_get

SHOWN_LIMIT_BYTES = 4_000_000
RAW_LIMIT_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class FileAt:
    """A file of a side, by the id of its content."""

    task: Task
    variants: Sequence[Variant]
    side: Side
    path: str
    blob: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same file of another side."""

    name: str
    letter: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class WholeFile:
    task: Task
    side: Side
    path: str
    folder: str
    name: str
    facts: str  # 120 lines, Python, 3.4 kB
    html: str
    note: str  # why there are no lines
    raw: str
    compare: str
    elsewhere: tuple[Elsewhere, ...]


def whole_url(task_id: int, at: str, path: str, name: str = "compare_whole") -> str:
    return f"{reverse(f'review:{name}', args=[task_id])}?{urlencode({'at': at, 'path': path})}"


def file_at(*, user: Viewer, task_id: object, at: str, path: str) -> FileAt:
    task = task_get_for(user, task_id)
    variants = tuple(task.variants.select_related("agent").order_by("position"))
    hub = hub_dir(task.project_id)
    side = side_get(task=task, variants=variants, hub=hub, ref=at or BASE)
    blob = blob_find(hub=hub, commit=side.commit, path=path)
    if blob is None:
        path = _path_asked(task, side, path)
        blob = blob_find(hub=hub, commit=side.commit, path=path)
    if blob is None:
        raise NotFound("file.not-found", f"{side.name} has no file {display_path(path[:200])!r}.")
    return FileAt(task, variants, side, path, blob, blob_size(hub=hub, blob=blob))


def _path_asked(task: Task, side: Side, path: str) -> str:
    """A name that is no text is asked for as it is shown; one that this side gave up leads to its new one."""
    changes = files_changed(
        hub=hub_dir(task.project_id), left=task.spec.base_commit, right=side.commit
    )
    for change in changes:
        if path in (path_text(change.path), path_text(change.old_path)):
            return change.path
    return path


def file_bytes(*, user: Viewer, task_id: object, at: str, path: str) -> tuple[FileAt, bytes]:
    found = file_at(user=user, task_id=task_id, at=at, path=path)
    hub = hub_dir(found.task.project_id)
    return found, blob_bytes(hub=hub, blob=found.blob, limit_bytes=RAW_LIMIT_BYTES)


def whole_file(*, user: Viewer, task_id: object, at: str, path: str) -> WholeFile:
    found = file_at(user=user, task_id=task_id, at=at, path=path)
    text, note = _text(found)
    folder, name = path_split(found.path)
    shown = path_text(found.path)
    said = [size_say(found.size_bytes)]
    if text is not None:
        said = [f"{len(text.lines):,} lines", language_of(found.path), *said]
    left = "base" if found.side.ref != BASE else found.variants[0].letter if found.variants else ""
    query = urlencode({"left": left, "right": found.side.ref, "path": shown})
    task_id = found.task.pk
    return WholeFile(
        task=found.task,
        side=found.side,
        path=shown,
        folder=display_path(folder),
        name=display_path(name),
        facts=", ".join(filter(None, said)),
        html=_html(found, text) if text is not None else "",
        note=note,
        raw=whole_url(task_id, found.side.ref, shown, "compare_raw"),
        compare=f"{reverse('review:compare', args=[task_id])}?{query}",
        elsewhere=_elsewhere(found, shown),
    )


def _text(found: FileAt) -> tuple[Text | None, str]:
    if found.size_bytes > SHOWN_LIMIT_BYTES:
        return None, f"Too large to show here: {size_say(found.size_bytes)}."
    hub = hub_dir(found.task.project_id)
    text = text_read(blob_bytes(hub=hub, blob=found.blob, limit_bytes=SHOWN_LIMIT_BYTES))
    if text is None:
        return None, f"A binary file of {size_say(found.size_bytes)}."
    return text, "" if text.lines else "The file is empty."


def _html(found: FileAt, text: Text) -> str:
    deadline = time.monotonic() + 4 * COLOUR_WAIT_S
    colours = blob_colours(found.blob, text, found.path, lambda: time.monotonic() > deadline)
    return whole_html(text, colours.lines if colours else ())


def _elsewhere(found: FileAt, path: str) -> tuple[Elsewhere, ...]:
    refs = [(BASE, ""), *((v.letter, v.letter) for v in found.variants)]
    return tuple(
        Elsewhere(
            letter or "Base",
            letter,
            whole_url(found.task.pk, ref, path),
            found.side.ref == ref,
        )
        for ref, letter in refs
    )
