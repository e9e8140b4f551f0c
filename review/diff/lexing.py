"""Pygments' rules, run faster, and from the middle of a text where a like one was lexed before.

Pygments tries all patterns of a state one after the other. Here only those are tried that can begin
with the next character; the first that fits still wins, so the tokens are the same. What a lexer
knows at the start of a line is its stack of states: where two texts have the same lines and the
same stack, the second takes over the colours of the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from pygments.lexer import Lexer, RegexLexer
from pygments.token import _TokenType

from review.diff.first_chars import ASCII, first_chars

# Per line: (start, end, class), in order, not overlapping.
Token = tuple[int, int, str]
Start = tuple[int, tuple[str, ...]]
# What Pygments makes of a rule: how to match, a token type or a callback or None, the next state.
Rule = tuple[Callable[[str, int], re.Match[str] | None], Any, Any]
# The same, made ready: how to match, the class of a plain token, a callback or None, the next state.
Ready = tuple[Callable[[str, int], re.Match[str] | None], str, Any, Any]
Stop = Callable[[], bool]
ClassOf = Callable[[object], str]

ROOT = ("root",)
STOP_EVERY = 100  # lines between two looks at the clock
# Lines before a difference that are lexed again: how far a rule is expected to look ahead.
LOOK_AHEAD_LINES = 2


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
    it) and the stack of states there; None inside a longer token."""

    lines: tuple[tuple[Token, ...], ...]
    starts: tuple[Start | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """The colours of another text, and where (as its left side) this one has the same lines."""

    colours: Colours
    runs: Sequence[Run]


def lex(
    lexer: Lexer,
    source: str,
    class_of: ClassOf,
    *,
    known: Known | None = None,
    stop: Stop = lambda: False,
) -> Colours:
    """Colour a text that ends in a newline. Raises LexingError."""
    page = _Page(source)
    plain = RegexLexer.get_tokens_unprocessed
    if not isinstance(lexer, RegexLexer) or type(lexer).get_tokens_unprocessed is not plain:
        asked = STOP_EVERY
        for start, kind, value in lexer.get_tokens_unprocessed(source):
            page.put_value(start, value, class_of(kind))
            if len(page.lines) >= asked:
                asked += STOP_EVERY
                if stop():
                    raise LexingError
        page.advance(len(source))
        return Colours(tuple(page.lines))
    takeover = _Takeover(known, source.count("\n")) if known and known.colours.starts else None
    _lex_rules(lexer, page, class_of, takeover, stop)
    return Colours(tuple(page.lines), tuple(page.starts[:-1]))


def _lex_rules(
    lexer: RegexLexer, page: _Page, class_of: ClassOf, takeover: _Takeover | None, stop: Stop
) -> None:
    source, size = page.source, len(page.source)
    states = _states_of(lexer, class_of)
    stack = [*ROOT]
    pos = takeover.go_on(page, stack, 0) if takeover else 0
    state, eol = states[stack[-1]], page.eol
    asked = STOP_EVERY
    while True:
        for match, css, callback, to in state[source[pos : pos + 1]]:
            found = match(source, pos)
            if found is None:
                continue
            end = found.end()
            if callback is not None:
                page.put_values(callback(lexer, found), class_of)
            elif css:
                page.put(pos, end, css)
            pos = end
            if to is not None:
                _stack_move(stack, to)
                state = states[stack[-1]]
            break
        else:
            if pos >= size:
                page.advance(size)
                return
            if source[pos] == "\n":
                stack = [*ROOT]
                state = states[stack[-1]]
            pos += 1
        if pos > eol:
            page.advance(pos)
            if pos == page.bol or page.is_blank_before(pos):
                page.begin(stack, pos)
                if takeover:
                    pos = takeover.go_on(page, stack, pos)
                    state = states[stack[-1]]
            eol = page.eol
            if len(page.lines) >= asked:
                asked = len(page.lines) + STOP_EVERY
                if stop():
                    raise LexingError


def _stack_move(stack: list[str], to: Any) -> None:
    """Enter and leave states as a rule says; the first one is never left."""
    if isinstance(to, int):
        del stack[max(1, len(stack) + to) :]
        return
    for state in to if isinstance(to, tuple) else (to,):
        if state == "#pop":
            del stack[max(1, len(stack) - 1) :]
        else:
            stack.append(stack[-1] if state == "#push" else state)


class _Page:
    """Lines as they fill up: `bol` and `eol` are where the current one begins and ends."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines: list[tuple[Token, ...]] = []
        self.starts: list[Start | None] = [(0, ROOT)]
        self.line: list[Token] = []
        self.bols = [0, *accumulate(map((1).__add__, map(len, source.split("\n"))))]
        self.bol = 0
        self.eol = self.bols[1] - 1
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
            self.eol = self.bols[len(self.lines) + 1] - 1

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

    def begin(self, stack: Sequence[str], pos: int) -> None:
        start = (pos - self.bol, tuple(stack))
        self.starts[-1] = self._known.setdefault(start, start)

    def take(self, colours: Colours, first: int, count: int) -> None:
        """Go on after `count` lines whose colours are those from line `first` on."""
        self.lines += colours.lines[first : first + count]
        self.starts[-1:] = colours.starts[first : first + count]
        self.starts.append(None)
        self._at = self.bol = self.bols[len(self.lines)]
        self.eol = self.bols[len(self.lines) + 1] - 1

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


class _Takeover:
    """Where colours of the other text serve for this one."""

    def __init__(self, known: Known, lines: int) -> None:
        self.colours = known.colours
        self.runs = list(reversed(known.runs))
        self.lines = lines

    def go_on(self, page: _Page, stack: list[str], pos: int) -> int:
        """Take over what is the same from the beginning of this line on; where to go on."""
        line = len(page.lines)
        runs, starts = self.runs, self.colours.starts
        while runs and runs[-1].right + runs[-1].count <= line:
            runs.pop()
        if not runs or runs[-1].right > line:
            return pos
        run = runs[-1]
        first, end = run.left + line - run.right, run.left + run.count
        if starts[first] != page.starts[-1]:
            return pos
        both_end = end == len(starts) and run.right + run.count == self.lines
        if not both_end:
            end = min(end, len(starts) - 1) - LOOK_AHEAD_LINES
            while end > first and starts[end] is None:
                end -= 1
        if end <= first:
            return pos
        page.take(self.colours, first, end - first)
        start = starts[end] if not both_end else None
        if start is None:
            return page.bol
        column, stack[:] = start
        page.begin(stack, page.bol + column)
        return page.bol + column


class _State(dict[str, tuple[Ready, ...]]):
    """What to try by the next character ("" at the end), found out when it is first met."""

    def __init__(self, rules: Sequence[Rule], class_of: ClassOf) -> None:
        self._rules = [(_first(rule), _ready(rule, class_of)) for rule in rules]
        self._all = tuple(ready for _, ready in self._rules)

    def __missing__(self, char: str) -> tuple[Ready, ...]:
        if char not in ASCII:
            return self._all
        fitting = self[char] = tuple(ready for first, ready in self._rules if char in first)
        return fitting


def _first(rule: Rule) -> frozenset[str]:
    return first_chars(rule[0].__self__)  # type: ignore[attr-defined] # a method of its pattern


def _ready(rule: Rule, class_of: ClassOf) -> Ready:
    match, action, to = rule
    if action is None or type(action) is _TokenType:
        return match, class_of(action) if action else "", None, to
    return match, "", action, to


class _States(dict[str, _State]):
    """The states of one class of lexers, each made ready when it is first entered."""

    def __init__(self, lexer: RegexLexer, class_of: ClassOf) -> None:
        self._rules: Mapping[str, Sequence[Rule]] = lexer._tokens
        self._class_of = class_of

    def __missing__(self, name: str) -> _State:
        state = self[name] = _State(self._rules[name], self._class_of)
        return state


_states: dict[tuple[type[Lexer], ClassOf], _States] = {}


def _states_of(lexer: RegexLexer, class_of: ClassOf) -> _States:
    key = (type(lexer), class_of)
    if key not in _states:
        _states[key] = _States(lexer, class_of)
    return _states[key]
