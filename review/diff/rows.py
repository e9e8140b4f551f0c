"""Chunks to the rows of a view: changed lines, some equal ones around them, folds for the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal, NamedTuple

from review.diff.functions import end_below, head_above
from review.diff.sections import section_above
from review.diff.types import Chunk, ChunkKind, FileDiff, Line, Lines, texts_of

View = Literal["split", "unified"]

HEADING_CHARS = 200  # every fold below repeats it

# A fold is worth its own row only if it hides more lines than that.
FOLD_MIN = 3


class Row(NamedTuple):
    """A row of a split view; in a unified view a changed row has one side only.

    `change` counts the changes of the file from 1.
    """

    left: Line | None
    right: Line | None
    change: int = 0
    first: bool = False


@dataclass(frozen=True, slots=True)
class Fold:
    """Equal lines that are not shown: `count` of them, from these line numbers on."""

    left: int
    right: int
    count: int
    heading: str = ""  # what the lines below belong to
    last: bool = False  # nothing follows it
    heading_line: int = 0  # the heading's line on the left side, if the fold hides it
    end_line: int = (
        0  # the last line of what the lines above belong to, on the left side, if the fold hides it
    )


def diff_rows(chunks: Sequence[Chunk], *, view: View, context: int) -> Iterator[Row | Fold]:
    change = 0
    for index, chunk in enumerate(chunks):
        if chunk.kind is ChunkKind.EQUAL:
            following = chunks[index + 1] if index + 1 < len(chunks) else None
            yield from _equal_rows(
                chunk,
                before=context if index else 0,
                after=context if following else 0,
                following=following,
            )
            continue
        change += 1
        rows = _split_rows(chunk, change) if view == "split" else _unified_rows(chunk, change)
        for number, row in enumerate(rows):
            yield row if number else Row(row.left, row.right, change, first=True)


def cells_count(diff: FileDiff, *, view: View, context: int) -> int:
    """How many lines a view shows, those of both sides counted."""
    rows = diff_rows(diff.chunks, view=view, context=context)
    shown = [row for row in rows if isinstance(row, Row)]
    if view == "unified":
        return len(shown)
    return sum(1 for row in shown if row.left) + sum(1 for row in shown if row.right)


def _equal_rows(
    chunk: Chunk, *, before: int, after: int, following: Chunk | None
) -> Iterator[Row | Fold]:
    total = len(chunk.left)
    hidden = total - before - after
    if hidden <= FOLD_MIN:
        yield from map(Row, chunk.left, chunk.right)
        return
    yield from map(Row, chunk.left[:before], chunk.right[:before])
    yield _fold(chunk, before, total - after, following)
    yield from map(Row, chunk.left[total - after :], chunk.right[total - after :])


def _fold(chunk: Chunk, start: int, end: int, following: Chunk | None) -> Fold:
    """Of the chunk's lines, those from `start` to `end` (not among them)."""
    first = chunk.left[start].n
    heading, heading_at = _heading(chunk, following) if following else ("", -1)
    end_at = _function_end(chunk, start, end) if start else start
    return Fold(
        first,
        chunk.right[start].n,
        end - start,
        heading,
        not following or end == len(chunk.left),
        heading_line=first - start + heading_at if start <= heading_at < end else 0,
        end_line=first - start + end_at - 1 if end_at > start else 0,
    )


def _heading(chunk: Chunk, following: Chunk) -> tuple[str, int]:
    """What the change below is in, and the place of its first line among those of the chunk (-1: not there)."""
    lines, first = _whole(chunk)
    sections = _sections(chunk)
    if sections is not None:
        head = section_above(sections, first + len(chunk.right))
        return ("", -1) if head is None else (lines[head].strip()[:HEADING_CHARS], head - first)
    changed = next((line.text for line in (*following.left, *following.right) if line.text), "")
    at = head_above(lines, first + len(chunk.right), within=changed)
    if at is not None:
        return lines[at].strip()[:HEADING_CHARS], at - first
    # git's own: the last line above that begins like one of code.
    texts = texts_of(chunk.right)
    if not following.heading:
        return "", -1
    found = (n for n in range(len(texts) - 1, -1, -1) if texts[n].startswith(following.heading))
    return following.heading, next(found, -1)


def _function_end(chunk: Chunk, start: int, end: int) -> int:
    """Where the function that goes on into the fold ends, as a place in the chunk; `start` if it does not."""
    lines, first = _whole(chunk)
    head = head_above(lines, first + start) if _sections(chunk) is None else None
    if head is None:
        return start
    found = end_below(lines, head, first + start, first + end)
    return start if found is None else found - first


def _sections(chunk: Chunk) -> Sequence[int] | None:
    """The headings of the right side, if it is prose."""
    return chunk.right.text.sections if isinstance(chunk.right, Lines) else None


def _whole(chunk: Chunk) -> tuple[Sequence[str], int]:
    """The right side whole, and where in it the chunk begins."""
    if isinstance(chunk.right, Lines):
        return chunk.right.text.lines, chunk.right.start
    return texts_of(chunk.right), 0


def _split_rows(chunk: Chunk, change: int) -> Iterator[Row]:
    """Paired lines face each other; what is between two pairs stands side by side."""
    at_left = at_right = 0
    for i, j in (*chunk.pairs, (len(chunk.left), len(chunk.right))):
        for a, b in zip_longest(chunk.left[at_left:i], chunk.right[at_right:j]):
            yield Row(a, b, change)
        if i < len(chunk.left) and j < len(chunk.right):
            yield Row(chunk.left[i], chunk.right[j], change)
        at_left, at_right = i + 1, j + 1


def _unified_rows(chunk: Chunk, change: int) -> Iterator[Row]:
    for line in chunk.left:
        yield Row(line, None, change)
    for line in chunk.right:
        yield Row(None, line, change)


def equal_rows(chunks: Sequence[Chunk], *, left_start: int, left_end: int) -> Iterator[Row]:
    """The rows of equal lines left_start..left_end (numbers of the left side, both included)."""
    for chunk in chunks:
        if chunk.kind is not ChunkKind.EQUAL or not chunk.left:
            continue
        first = chunk.left[0].n
        start, end = max(left_start - first, 0), min(left_end - first + 1, len(chunk.left))
        if start < end:
            yield from map(Row, chunk.left[start:end], chunk.right[start:end])
