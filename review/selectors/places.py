"""Where comments stand on a commit: their file followed through renames, their lines through its changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.blobs import blobs_read
from orchestrator.git.diffs import FileChange
from review.diff import FORMAT_VERSION, DiffOptions
from review.diff.text import RAW_BYTE_BASE, text_read
from review.lib.cache import cache_key, cached
from review.models.comment import About, Comment
from review.placement import Anchor, Place, Span, place
from review.selectors.compare import files_changed
from review.selectors.file_diffs import SUBMODULE_MODE
from review.selectors.hunks import change_hunks

_SURROGATES = {0xDC00 + byte: RAW_BYTE_BASE + byte for byte in range(0x80, 0x100)}
_BYTES = {kept: raw for raw, kept in _SURROGATES.items()}


@dataclass(frozen=True, slots=True)
class Spot:
    """`path` is as git has it. A comment on a whole file has no lines."""

    path: str
    start: int = 0
    end: int = 0
    same: bool = True


def path_kept(path: str) -> str:
    """A path as a database takes it: bytes that are no text as private characters."""
    return path.translate(_SURROGATES)


def path_real(kept: str) -> str:
    return kept.translate(_BYTES)


def comment_spots(*, hub: Path, comments: Iterable[Comment], commit: str) -> dict[int, Spot | None]:
    """By id, where comments on lines and files stand on `commit`; None where they are outdated."""
    found: dict[int, Spot | None] = {}
    changed: dict[str, dict[str, FileChange]] = {}  # by the commit that comments were made on
    for comment in comments:
        if comment.about not in (About.LINES, About.FILE):
            continue
        if comment.commit not in changed:
            changed[comment.commit] = _changed(hub, comment.commit, commit)
        change = changed[comment.commit].get(path_real(comment.path))
        found[comment.pk] = _spot(hub, comment, change)
    return found


def _spot(hub: Path, comment: Comment, change: FileChange | None) -> Spot | None:
    if change is not None and change.status == "D":
        return None
    now = change.path if change else path_real(comment.path)
    if comment.about == About.FILE:
        return Spot(now)
    anchor = anchor_of(comment)
    if change is None:
        return Spot(now, anchor.start, anchor.end)
    at = cached(
        "place:" + cache_key(FORMAT_VERSION, anchor, change.old_blob, change.new_blob),
        lambda: (_place(hub, anchor, change),),
    )[0]
    return Spot(now, at.start, at.end, at.same) if at else None


def anchor_of(comment: Comment) -> Anchor:
    return Anchor(
        start=comment.start or 1,
        lines=tuple(comment.lines),
        before=tuple(comment.before),
        after=tuple(comment.after),
    )


def _changed(hub: Path, left: str, right: str) -> dict[str, FileChange]:
    """What became of the files of a commit, by their names there."""
    found: dict[str, FileChange] = {}
    for change in files_changed(hub=hub, left=left, right=right):
        # A copy leaves its source as it was: only a change of that itself counts.
        if change.status not in ("A", "C"):
            found.setdefault(change.old_path or change.path, change)
    return found


def _place(hub: Path, anchor: Anchor, change: FileChange) -> Place | None:
    if change.old_blob == change.new_blob:
        return Place(anchor.start, anchor.end)
    return place(
        anchor,
        spans=None if change.binary or change.status == "T" else _spans(hub, change),
        text=lambda: _lines(hub, change),
    )


def _spans(hub: Path, change: FileChange) -> list[Span]:
    if change.new_mode == SUBMODULE_MODE:
        return []
    return [
        (hunk.start, hunk.end, hunk.right_start, hunk.right_end)
        for hunk in change_hunks(hub=hub, change=change).lines
    ]


def _lines(hub: Path, change: FileChange) -> Sequence[str]:
    if change.new_mode == SUBMODULE_MODE:
        return ()
    limit = DiffOptions().limit_bytes
    blob = blobs_read(hub=hub, blobs=[change.new_blob], limit_bytes=limit)[change.new_blob]
    text = text_read(blob.data) if blob.data is not None else None
    return text.lines if text else ()
