"""What goes into a diff and what comes out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field
from enum import StrEnum
from typing import NamedTuple, overload

# Raise it when the shape or the HTML changes: it is part of every cache key.
FORMAT_VERSION = 15

Span = tuple[int, int]


class DiffError(ValueError):
    """The patch does not describe the two sides it came with."""


class Kind(StrEnum):
    TEXT = "text"
    BINARY = "binary"
    IMAGE = "image"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"
    TOO_LARGE = "too_large"  # beyond what is ever read; `deferred` is the milder form
    EMPTY = "empty"  # added or deleted with no content
    SAME = "same"  # nothing to show line by line: a mode, a name or an encoding changed


class ChunkKind(StrEnum):
    EQUAL = "equal"
    INSERT = "insert"
    DELETE = "delete"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """How to compare. The same value was given to git when it made the patch."""

    whitespace: str = "none"  # what git was told to ignore: none, eol, change, all
    limit_bytes: int = 8_000_000  # per side; more is not compared at all
    defer_changed: int = 500  # changed lines above which one click is asked for
    defer_line_chars: int = 2_000  # a longer line looks minified
    old_and_new: bool = (
        True  # else the sides are two variants: what one lacks was not deleted there
    )

    def state_hash(self) -> str:
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInput:
    """One changed file of a comparison, as git tells it; a side is None where it has no file.

    `patch` is git's own, made without context (`-U0`). A side over the limit is given by its size.
    """

    path: str
    old_path: str | None = None
    status: str = "M"
    left: bytes | None = None
    right: bytes | None = None
    left_size: int | None = None
    right_size: int | None = None
    patch: bytes = b""
    old_mode: str = ""
    new_mode: str = ""
    old_blob: str = ""
    new_blob: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """A line of a block that is on the other side at another place."""

    block: int  # counts the moved blocks of the file from 1
    line: int  # its number at the other end
    count: int  # lines of the block
    first: bool = False


class Line(NamedTuple):
    """A line of one side: its number from 1, its text without \\n, the spans its pair lacks.

    A tuple, as `Row` is: of what there are thousands in a file, making them is felt.
    """

    n: int
    text: str
    changed: tuple[Span, ...] = ()
    newline: bool = True  # False for a last line without one
    moved: Moved | None = None
    reindented: bool = False  # it differs from its pair in what it begins with only


@dataclass(frozen=True, slots=True)
class Text:
    """One side, decoded without loss and split at \\n only."""

    lines: tuple[str, ...]
    newline: bool = True  # the last line ends in one
    encoding: str = "UTF-8"
    invalid: int = 0  # bytes that are not valid in it, kept as private characters
    bom: bool = False
    ends: str = ""  # lf, crlf, mixed, or "" where there is no line end
    longest: int = 0
    sections: tuple[int, ...] | None = None  # of prose: the lines (from 0) that are headings


@dataclass(frozen=True, slots=True)
class Lines(Sequence[Line]):
    """Lines of a text, made when they are looked at: most equal ones never are."""

    text: Text
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Line, ...]: ...
    def __getitem__(self, index: int | slice) -> Line | tuple[Line, ...]:
        span = range(self.start, self.end)[index]
        return tuple(self._made(span)) if isinstance(span, range) else self._made((span,))[0]

    def __iter__(self) -> Iterator[Line]:
        return iter(self._made(range(self.start, self.end)))

    @property
    def texts(self) -> tuple[str, ...]:
        return self.text.lines[self.start : self.end]

    def _made(self, places: Sequence[int]) -> list[Line]:
        lines, last = self.text.lines, len(self.text.lines) - 1
        made = [Line(at + 1, lines[at]) for at in places]
        if not self.text.newline and last in places:
            made[places.index(last)] = Line(last + 1, lines[last], newline=False)
        return made


def texts_of(lines: Sequence[Line]) -> tuple[str, ...]:
    return lines.texts if isinstance(lines, Lines) else tuple(line.text for line in lines)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of lines. `pairs` are indexes (left, right) of lines that answer each other."""

    kind: ChunkKind
    left: Sequence[Line]
    right: Sequence[Line]
    pairs: tuple[Span, ...] = ()
    heading: str = ""  # the enclosing function or section, as git found it


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDiff:
    path: str
    old_path: str | None
    status: str
    kind: Kind
    notes: tuple[str, ...] = ()  # plain sentences, each about something a reader could not see
    deferred: str = ""  # why the lines should be shown only when asked for
    language: str = ""
    left: Text | None = None
    right: Text | None = None
    chunks: tuple[Chunk, ...] = field(default=(), repr=False)
    insertions: int = 0
    deletions: int = 0
    changes: int = 0

    @property
    def left_lines(self) -> int:
        return len(self.left.lines) if self.left else 0

    @property
    def right_lines(self) -> int:
        return len(self.right.lines) if self.right else 0

    @property
    def shows_carriage_returns(self) -> bool:
        """Whether a \\r before \\n means something here, or how the whole file ends."""
        ends = {side.ends for side in (self.left, self.right) if side and side.ends}
        return len(ends) > 1 or "mixed" in ends
