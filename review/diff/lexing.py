"""Pygments' rules, run faster, and from the middle of a text where a like one was lexed before.

Pygments tries the patterns of a state one after the other, in Python. Here they are one pattern of
alternatives, so that the regular expression engine does the trying; the first that fits still wins,
so the tokens are the same. What a lexer knows at the start of a line is its stack of states: where
two texts have the same lines and the same stack, the second takes over the colours of the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from pygments.lexer import Lexer, RegexLexer
from pygments.token import _TokenType

# Per line: (start, end, class), in order, not overlapping.
Token = tuple[int, int, str]
Stack = tuple[str, ...]
Match = Callable[[str, int], re.Match[str] | None]
# What Pygments makes of a rule: how to match, a token type or a callback or None, the next state.
Rule = tuple[Match, Any, Any]
# A pattern, and either its only rule or the rules by the number of the empty group that ends each.
Tried = tuple[Match, Rule | None, Mapping[int | None, Rule]]
Stop = Callable[[], bool]
ClassOf = Callable[[object], str]

ROOT: Stack = ("root",)
STOP_EVERY = 2_000  # matches between two looks at the clock
# Lines before a difference that are lexed again: how far a rule is expected to look ahead.
LOOK_AHEAD_LINES = 2
# Groups by number or name and flags of their own change their meaning among other alternatives.
_ALONE = re.compile(r"\\[1-9]|\(\?P[=<]|\(\?\(|\A\(\?[aiLmsux]+\)")


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
    """`starts` holds, for each line, the stack it begins with; None inside a longer token."""

    lines: tuple[tuple[Token, ...], ...]
    starts: tuple[Stack | None, ...] = ()


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
        for count, (start, kind, value) in enumerate(lexer.get_tokens_unprocessed(source), start=1):
            if count % STOP_EVERY == 0 and stop():
                raise LexingError
            page.put_value(start, value, class_of(kind))
        page.advance(len(source))
        return Colours(tuple(page.lines))
    takeover = _Takeover(known, source) if known and known.colours.starts else None
    _lex_rules(lexer, page, class_of, takeover, stop)
    return Colours(tuple(page.lines), tuple(page.starts[:-1]))


def _lex_rules(
    lexer: RegexLexer,
    page: _Page,
    class_of: ClassOf,
    takeover: _Takeover | None,
    stop: Stop,
) -> None:
    source, size = page.source, len(page.source)
    rules = _rules_of(lexer)
    stack = [*ROOT]
    tried = rules.of(stack[-1])
    pos, eol, steps = 0, page.eol, 0
    if takeover:
        pos = takeover.go_on(page, stack)
        tried, eol = rules.of(stack[-1]), page.eol
    while True:
        for match, rule, by_end in tried:
            found = match(source, pos)
            if found is None:
                continue
            rule = rule or by_end[found.lastindex]
            action, to, end = rule[1], rule[2], found.end()
            if type(action) is _TokenType:
                css = class_of(action)
                if css or end > eol:
                    page.put(pos, end, css)
            elif action is not None:
                page.put_values(action(lexer, rule[0](source, pos)), class_of)
            pos = end
            if to is not None:
                _stack_move(stack, to)
                tried = rules.of(stack[-1])
            break
        else:
            if pos >= size:
                page.advance(size)
                return
            if source[pos] == "\n":
                stack = [*ROOT]
                tried = rules.of(stack[-1])
            pos += 1
        if pos > eol:
            page.advance(pos)
            if pos == page.bol:
                page.begin(stack)
                if takeover:
                    pos = takeover.go_on(page, stack)
                    tried = rules.of(stack[-1])
            eol = page.eol
        steps += 1
        if steps % STOP_EVERY == 0 and stop():
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
        self.starts: list[Stack | None] = [ROOT]
        self.line: list[Token] = []
        self.bol = 0
        self.eol = source.index("\n")
        self._at = 0
        self._stacks: dict[Stack, Stack] = {}

    def put(self, start: int, end: int, css: str) -> None:
        while end > self.eol:
            if css:
                self._add(start, self.eol, css)
            self._close()
            start = self.bol
        if css:
            self._add(start, end, css)

    def put_value(self, start: int, value: str, css: str) -> None:
        """Put what a lexer claims to have found, if that is what stands there."""
        if start < self._at or not self.source.startswith(value, start):
            raise LexingError
        self._at = start + len(value)
        self.advance(start)
        self.put(start, self._at, css)

    def put_values(self, found: Iterator[tuple[int, object, str]], class_of: ClassOf) -> None:
        for start, kind, value in found:
            self.put_value(start, value, class_of(kind))

    def advance(self, end: int) -> None:
        while end > self.eol:
            self._close()

    def begin(self, stack: Sequence[str]) -> None:
        """The current line begins with a token of its own."""
        key = tuple(stack)
        self.starts[-1] = self._stacks.setdefault(key, key)

    def take(self, colours: Colours, first: int, count: int, end: int) -> None:
        """Go on at `end`, after `count` lines whose colours are those from line `first` on."""
        self.lines += colours.lines[first : first + count]
        self.starts[-1:] = colours.starts[first : first + count]
        self.starts.append(None)
        self._at = self.bol = end
        self._find_eol()

    def _add(self, start: int, end: int, css: str) -> None:
        text = self.source[start:end]
        if not text or text.isspace():
            return
        start, end = start - self.bol, end - self.bol
        if self.line:
            first, last, before = self.line[-1]
            gap = self.source[self.bol + last : self.bol + start]
            if before == css and (not gap or gap.isspace()):
                self.line[-1] = (first, end, css)
                return
        self.line.append((start, end, css))

    def _close(self) -> None:
        self.lines.append(tuple(self.line))
        self.starts.append(None)
        self.line = []
        self.bol = self.eol + 1
        self._find_eol()

    def _find_eol(self) -> None:
        found = self.source.find("\n", self.bol)
        self.eol = found if found >= 0 else len(self.source)


class _Takeover:
    """Where colours of the other text serve for this one."""

    def __init__(self, known: Known, source: str) -> None:
        self.colours = known.colours
        self.runs = list(reversed(known.runs))
        self.begins = [0, *accumulate(len(line) + 1 for line in source[:-1].split("\n"))]

    def go_on(self, page: _Page, stack: list[str]) -> int:
        """Take over what is the same from the beginning of this line on; where to go on."""
        line = len(page.lines)
        runs, starts = self.runs, self.colours.starts
        while runs and runs[-1].right + runs[-1].count <= line:
            runs.pop()
        if not runs or runs[-1].right > line:
            return page.bol
        run = runs[-1]
        first, end = run.left + line - run.right, run.left + run.count
        if starts[first] != tuple(stack):
            return page.bol
        both_end = end == len(starts) and run.right + run.count == len(self.begins) - 1
        if not both_end:
            end = min(end, len(starts) - 1) - LOOK_AHEAD_LINES
            while end > first and starts[end] is None:
                end -= 1
        if end > first:
            page.take(self.colours, first, end - first, self.begins[line + end - first])
            if not both_end:
                stack[:] = starts[end] or ROOT
                page.begin(stack)
        return page.bol


@dataclass(frozen=True, slots=True)
class _Rules:
    """The states of one class of lexers, each made ready when it is first entered."""

    states: Mapping[str, Sequence[Rule]]
    ready: dict[str, tuple[Tried, ...]]

    def of(self, state: str) -> tuple[Tried, ...]:
        found = self.ready.get(state)
        if found is None:
            found = self.ready[state] = tuple(_tried(self.states[state]))
        return found


_rules: dict[type[Lexer], _Rules] = {}


def _rules_of(lexer: RegexLexer) -> _Rules:
    known = _rules.get(type(lexer))
    if known is None:
        known = _rules[type(lexer)] = _Rules(lexer._tokens, {})
    return known


def _tried(rules: Sequence[Rule]) -> Iterator[Tried]:
    run: list[Rule] = []
    for rule in rules:
        pattern = _pattern(rule)
        alone = bool(_ALONE.search(pattern.pattern))
        if run and (alone or _pattern(run[0]).flags != pattern.flags):
            yield from _joined(run)
            run = []
        if alone:
            yield rule[0], rule, {}
        else:
            run.append(rule)
    yield from _joined(run)


def _joined(run: Sequence[Rule]) -> Iterator[Tried]:
    if len(run) < 2:
        yield from ((rule[0], rule, {}) for rule in run)
        return
    parts: list[str] = []
    by_end: dict[int | None, Rule] = {}
    groups = 0
    for rule in run:
        pattern = _pattern(rule)
        comment_end = "\n" if pattern.flags & re.VERBOSE else ""
        parts.append(f"(?:{pattern.pattern}{comment_end})()")
        groups += pattern.groups + 1
        by_end[groups] = rule
    yield re.compile("|".join(parts), _pattern(run[0]).flags).match, None, by_end


def _pattern(rule: Rule) -> re.Pattern[str]:
    found: re.Pattern[str] = rule[0].__self__  # type: ignore[attr-defined]
    return found
