"""Opcodes and two texts to chunks of lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from review.diff.intraline import Budget, indents_changed, lines_pair, words_changed
from review.diff.moves import moves_mark
from review.diff.patch import Opcode
from review.diff.types import Chunk, ChunkKind, Line, Lines, Span, Text


def chunks_build(left: Text, right: Text, opcodes: Sequence[Opcode]) -> tuple[Chunk, ...]:
    return moves_mark(tuple(_chunks(left, right, opcodes, Budget())))


def _chunks(left: Text, right: Text, opcodes: Sequence[Opcode], budget: Budget) -> Iterator[Chunk]:
    at_left = at_right = 0
    for op in opcodes:
        if op.left_start > at_left:
            yield _equal(left, right, at_left, op.left_start, at_right, op.right_start)
        yield _changed(left, right, op, budget)
        at_left, at_right = op.left_end, op.right_end
    if at_left < len(left.lines):
        yield _equal(left, right, at_left, len(left.lines), at_right, len(right.lines))


def _equal(left: Text, right: Text, ls: int, le: int, rs: int, re: int) -> Chunk:
    return Chunk(ChunkKind.EQUAL, Lines(left, ls, le), Lines(right, rs, re))


def _changed(left: Text, right: Text, op: Opcode, budget: Budget) -> Chunk:
    a = tuple(Lines(left, op.left_start, op.left_end))
    b = tuple(Lines(right, op.right_start, op.right_end))
    heading = op.heading if left.encoding == "Latin-1" else _heading(op.heading)
    if not a or not b:
        return Chunk(ChunkKind.DELETE if a else ChunkKind.INSERT, a, b, heading=heading)
    texts = left.lines[op.left_start : op.left_end], right.lines[op.right_start : op.right_end]
    pairs = lines_pair(*texts, budget)
    marked_a, marked_b = list(a), list(b)
    for i, j in pairs:
        one, other = a[i], b[j]
        indents = indents_changed(one.text, other.text)
        spans = indents or _pair_spans(one.text, other.text, budget)
        only = indents is not None
        marked_a[i] = Line(one.n, one.text, spans[0], one.newline, reindented=only)
        marked_b[j] = Line(other.n, other.text, spans[1], other.newline, reindented=only)
    return Chunk(ChunkKind.REPLACE, tuple(marked_a), tuple(marked_b), pairs, heading)


def _pair_spans(a: str, b: str, budget: Budget) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    if a != b:
        return words_changed(a, b, budget)
    # The same characters from different bytes: mark those that the two encodings write differently.
    spans = tuple((i, i + 1) for i, char in enumerate(a) if ord(char) > 0x7F)
    return spans, spans


def _heading(raw: str) -> str:
    # git cuts it at 80 bytes, maybe inside a character.
    return raw.encode("latin-1").decode("utf-8", "ignore")
