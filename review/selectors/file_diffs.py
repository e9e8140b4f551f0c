"""One changed file: read from git, compared, coloured, rendered, kept by what it was made of."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pygments import __version__ as pygments_version

from orchestrator.git.blobs import Blob, blobs_read
from orchestrator.git.diffs import FileChange, file_patch
from orchestrator.git.refs import display_path
from orchestrator.lib.errors import AppError
from review.diff import (
    FORMAT_VERSION,
    Colours,
    DiffError,
    DiffOptions,
    FileDiff,
    FileInput,
    Kind,
    Known,
    cells_count,
    file_diff,
    highlight,
    language_of,
    render_diff,
    render_lines,
    same_lines,
)
from review.diff.rows import View
from review.diff.types import Text
from review.lib.cache import cache_get, cache_key, cache_put

WHITESPACE = ("none", "eol", "change", "all")
SUBMODULE_MODE = "160000"
NO_BLOB = Blob(0, None)

# The first HTML does not wait longer than that for colours; the page asks for them afterwards.
COLOUR_WAIT_S = 0.25
COLOUR_LIMIT_S = 8.0
# Above this many rows colours are laid over the text near the viewport instead of being elements.
COLOUR_ROWS = 1_200


@dataclass(frozen=True, slots=True)
class FileBody:
    """A file's diff as a page shows it. `html` is "" if `deferred` says why it waits for a click."""

    kind: str
    notes: tuple[str, ...]
    deferred: str
    language: str
    insertions: int
    deletions: int
    changes: int
    html: str
    coloured: bool  # False: colours come afterwards


def file_read(
    *, hub: Path, change: FileChange, whitespace: str = "none", old_and_new: bool = True
) -> FileDiff:
    """Compare one file of two commits: of each, the blob says what it is."""
    options = DiffOptions(whitespace=whitespace, old_and_new=old_and_new)
    names = change_blobs(change)
    known = blobs_read(hub=hub, blobs=[*filter(None, names)], limit_bytes=options.limit_bytes)
    old, new = (known.get(name, NO_BLOB) for name in names)
    patch = b""
    if old.data is not None and new.data is not None and change.status != "T":
        patch = file_patch(
            hub=hub,
            old_blob=change.old_blob,
            new_blob=change.new_blob,
            context=0,
            whitespace=whitespace,
        )
    file = FileInput(
        path=display_path(change.path),
        old_path=display_path(change.old_path) if is_renamed(change) else None,
        status=change.status,
        left=old.data,
        right=new.data,
        left_size=old.size_bytes if old is not NO_BLOB else None,
        right_size=new.size_bytes if new is not NO_BLOB else None,
        patch=patch,
        old_mode=_mode(change.old_mode),
        new_mode=_mode(change.new_mode),
        old_blob=change.old_blob,
        new_blob=change.new_blob,
    )
    try:
        return file_diff(file, options)
    except DiffError as error:
        raise AppError("diff.failed", f"This file cannot be compared: {error}", {}, 500) from error


def is_renamed(change: FileChange) -> bool:
    return bool(change.old_path) and change.old_path != change.path


def _mode(mode: str) -> str:
    return mode if mode.strip("0") else ""


def change_blobs(change: FileChange) -> tuple[str, str]:
    """The ids of both contents; "" where a side has none (no file, or a submodule)."""
    return _blob(change.old_blob, change.old_mode), _blob(change.new_blob, change.new_mode)


def _blob(blob: str, mode: str) -> str:
    return "" if not blob.strip("0") or mode == SUBMODULE_MODE else blob


def file_body(
    *,
    hub: Path,
    change: FileChange,
    view: View,
    context: int,
    whitespace: str = "none",
    shown: bool = False,
    old_and_new: bool = True,
) -> FileBody:
    """A file's diff as HTML, from the cache if both blobs were compared like that before."""
    key = "body:" + cache_key(
        FORMAT_VERSION,
        pygments_version,
        DiffOptions(whitespace=whitespace, old_and_new=old_and_new).state_hash(),
        (change.path, change.old_path, change.status),
        (change.old_blob, change.new_blob, change.old_mode, change.new_mode),
        (view, context, shown),
    )
    known: FileBody | None = cache_get(key)
    if known is not None:
        return known
    diff = file_read(hub=hub, change=change, whitespace=whitespace, old_and_new=old_and_new)
    waits = diff.deferred if not shown else ""
    html, final, coloured = "", True, True
    if not waits and diff.chunks and diff.kind in (Kind.TEXT, Kind.SYMLINK):
        html, final, coloured = _render(diff, change, view, context)
    body = FileBody(
        kind=str(diff.kind),
        notes=diff.notes,
        deferred=waits,
        language=diff.language,
        insertions=diff.insertions,
        deletions=diff.deletions,
        changes=diff.changes,
        html=html,
        coloured=coloured,
    )
    if final:
        cache_put(key, body)
    return body


def _render(diff: FileDiff, change: FileChange, view: View, context: int) -> tuple[str, bool, bool]:
    """The HTML, whether it is worth keeping, and whether it has its colours."""
    left = right = None
    colours_come = False
    final = True
    if diff.language:
        colours_come = cells_count(diff, view=view, context=context) > COLOUR_ROWS
        if not colours_come:
            found = diff_colours(diff, change, wait_s=COLOUR_WAIT_S)
            final, colours_come = found is not None, found is None
            left, right = found or (None, None)
    html = render_diff(diff, view=view, context=context, left_colours=left, right_colours=right)
    return html, final, not colours_come


def file_lines(
    *,
    hub: Path,
    change: FileChange,
    view: View,
    whitespace: str,
    start: int,
    end: int,
) -> str:
    """Equal lines start..end of the left side as HTML: what a fold hides."""
    diff = file_read(hub=hub, change=change, whitespace=whitespace)
    colours = diff_colours(diff, change, wait_s=COLOUR_WAIT_S) if diff.language else None
    return render_lines(
        diff,
        view=view,
        start=start,
        end=end,
        left_colours=colours[0] if colours else None,
        right_colours=colours[1] if colours else None,
    )


def file_colours(*, hub: Path, change: FileChange) -> dict[str, list[list[int | str]]]:
    """Colours of both sides for a page that lays them over its lines: start, end, class, … a line.

    Offsets count UTF-16 units, as the browser does.
    """
    diff = file_read(hub=hub, change=change)
    found = diff_colours(diff, change, wait_s=COLOUR_LIMIT_S) if diff.language else None
    sides = zip(("left", "right"), (diff.left, diff.right), found or (None, None), strict=True)
    return {name: _flat(text, colours) for name, text, colours in sides}


def _flat(text: Text | None, colours: Colours | None) -> list[list[int | str]]:
    if text is None or colours is None:
        return []
    flat: list[list[int | str]] = []
    for line, tokens in zip(text.lines, colours.lines, strict=False):
        wide = not line.isascii() and any(char > "\uffff" for char in line)
        entry: list[int | str] = []
        for start, end, css in tokens:
            entry += (_units(line, start), _units(line, end), css) if wide else (start, end, css)
        flat.append(entry)
    return flat


def _units(line: str, offset: int) -> int:
    return offset + sum(char > "\uffff" for char in line[:offset])


def diff_colours(
    diff: FileDiff, change: FileChange, *, wait_s: float
) -> tuple[Colours | None, Colours | None] | None:
    """The colours of both sides (None where one has none); None if there was no time for them."""
    deadline = time.monotonic() + wait_s
    stopped: list[bool] = []

    def stop() -> bool:
        if time.monotonic() > deadline:
            stopped.append(True)
        return bool(stopped)

    old = _Side(diff.left, change.old_blob, change.old_path or change.path)
    new = _Side(diff.right, change.new_blob, change.path)
    left, right = old.kept(), new.kept()
    if left is None:
        known = Known(right, same_lines(diff, reverse=True)) if right and old.like(new) else None
        left = old.lexed(known, stop)
    if right is None and not stopped:
        known = Known(left, same_lines(diff)) if left and new.like(old) else None
        right = new.lexed(known, stop)
    return None if stopped else (left, right)


@dataclass(frozen=True, slots=True)
class _Side:
    """One side to colour. Colours depend on a blob and its language, so every variant shares those of the base."""

    text: Text | None
    blob: str
    path: str

    def like(self, other: _Side) -> bool:
        return language_of(self.path) == language_of(other.path)

    def kept(self) -> Colours | None:
        known: Colours | None = cache_get(self._key()) if self._has_colours() else None
        return known

    def lexed(self, known: Known | None, stop: Callable[[], bool]) -> Colours | None:
        if self.text is None or not self._has_colours():
            return None
        fresh = highlight(self.text, self.path, known=known, stop=stop)
        if fresh is not None:
            cache_put(self._key(), fresh)
        return fresh

    def _has_colours(self) -> bool:
        return bool(self.text and self.blob and language_of(self.path))

    def _key(self) -> str:
        versions = (FORMAT_VERSION, pygments_version)
        return "colours:" + cache_key(*versions, self.blob, language_of(self.path))


def blob_colours(
    blob: str, text: Text | None, path: str, stop: Callable[[], bool]
) -> Colours | None:
    """The colours of a file that is looked at by itself."""
    side = _Side(text, blob, path)
    return side.kept() or side.lexed(None, stop)
