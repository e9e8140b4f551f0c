"""The colours of a text as they come to be, line by line, and where those of another one serve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from review.diff.lexing_rules import ClassOf

# Per line: (start, end, class), in order, not overlapping.
Token = tuple[int, int, str]
# What a lexer knows at a place, as its loop tells it: the stack of states, and what there is besides.
State = tuple[Any, ...]
Start = tuple[int, State]
Stop = Callable[[], bool]

ROOT: State = ("root",)

STOP_EVERY = 100  # lines between two looks at the clock
# Lines before a difference that are lexed again: how far a rule is expected to look ahead. Titles with a line above
# them are told by the line below.
LOOK_AHEAD_LINES = 1
FURTHER = {"reStructuredText": 2}


class LexingError(Exception):
    """The lexer dropped or invented text, or was told to stop."""


@dataclass(frozen=True, slots=True)
class Run:
    """Lines that two texts have in common, numbered from 0."""

    left: int
    right: int
    count: int


@dataclass(frozen=True, slots=True)
class Colours:
    """`starts` holds, for each line, where its first token begins (at most white space is before
    it) and what the lexer knows there; None inside a longer token."""

    lines: tuple[tuple[Token, ...], ...]
    starts: tuple[Start | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """The colours of another text, and where (as its left side) this one has the same lines."""

    colours: Colours
    runs: Sequence[Run]


class Page:
    """Lines as they fill up: `bol` and `eol` are where the current one begins and ends.

    Every so many lines it asks `stop`, and raises LexingError where that says so.
    """

    def __init__(self, source: str, stop: Stop) -> None:
        self.source = source
        self._stop = stop
        self._asks_at = STOP_EVERY
        self.lines: list[tuple[Token, ...]] = []
        self.starts: list[Start | None] = [(0, ROOT)]
        self.line: list[Token] = []
        # Of each line how many characters there are up to its end, newlines not counted.
        self.sums = [*accumulate(map(len, source.split("\n")))]
        self.bol = 0
        self.eol = self.sums[0]
        self._at = 0
        self._known: dict[Start, Start] = {}

    def put(self, start: int, end: int, css: str) -> None:
        while end > self.eol:
            self._add(start, self.eol, css)
            start = self.eol + 1
            self.advance(start)
        self._add(start, end, css)

    def advance(self, pos: int) -> None:
        """Close the lines that end before `pos`."""
        while pos > self.eol:
            self.lines.append(tuple(self.line) if self.line else ())
            self.starts.append(None)
            self.line = []
            self.bol = self.eol + 1
            self.eol = self.sums[len(self.lines)] + len(self.lines)
        if len(self.lines) >= self._asks_at:
            self._asks_at = len(self.lines) + STOP_EVERY
            if self._stop():
                raise LexingError

    def put_value(self, start: int, value: str, css: str) -> None:
        """Put what a lexer claims to have found, if that is what stands there."""
        if start < self._at or not self.source.startswith(value, start):
            raise LexingError
        self._at = start + len(value)
        if start > self.eol:
            self.advance(start)
        if css:
            self.put(start, self._at, css)

    def put_values(self, found: Iterator[tuple[int, object, str]], class_of: ClassOf) -> None:
        for start, kind, value in found:
            self.put_value(start, value, class_of(kind))

    def is_blank_before(self, pos: int) -> bool:
        return not self.line and self.source[self.bol : pos].isspace()

    def begin(self, state: State, pos: int) -> None:
        start = (pos - self.bol, state)
        self.starts[-1] = self._known.setdefault(start, start)

    def take(self, colours: Colours, first: int, count: int) -> None:
        """Go on after `count` lines whose colours are those from line `first` on."""
        self.lines += colours.lines[first : first + count]
        self.starts[-1:] = colours.starts[first : first + count]
        self.starts.append(None)
        at = len(self.lines)
        self._at = self.bol = self.sums[at - 1] + at
        self.eol = self.sums[at] + at

    def _add(self, start: int, end: int, css: str) -> None:
        text = self.source[start:end]
        if not text or text.isspace():
            return
        start, end = start - self.bol, end - self.bol
        if self.line and self.line[-1][2] == css:
            first, last, _ = self.line[-1]
            gap = self.source[self.bol + last : self.bol + start]
            if not gap or gap.isspace():
                self.line[-1] = (first, end, css)
                return
        self.line.append((start, end, css))


class Takeover:
    """Where colours of the other text serve for this one."""

    def __init__(self, known: Known, lines: int, language: str) -> None:
        self.ahead = FURTHER.get(language, LOOK_AHEAD_LINES)
        self.colours = known.colours
        self.runs = list(reversed(known.runs))
        self.lines = lines

    def go_on(self, page: Page) -> tuple[int, State] | None:
        """Take over what is the same from the beginning of this line on.

        Where in the text to go on, and knowing what (at its end, nothing); None where nothing was taken.
        """
        line = len(page.lines)
        runs, starts = self.runs, self.colours.starts
        while runs and runs[-1].right + runs[-1].count <= line:
            runs.pop()
        if not runs or runs[-1].right > line:
            return None
        run = runs[-1]
        first, end = run.left + line - run.right, run.left + run.count
        if starts[first] != page.starts[-1]:
            return None
        both_end = end == len(starts) and run.right + run.count == self.lines
        if not both_end:
            end = min(end, len(starts) - 1) - self.ahead
            while end > first and starts[end] is None:
                end -= 1
        if end <= first:
            return None
        page.take(self.colours, first, end - first)
        start = starts[end] if not both_end else None
        if start is None:
            return page.bol, ()
        column, state = start
        page.begin(state, page.bol + column)
        return page.bol + column, state
