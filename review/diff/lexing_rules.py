"""Pygments' rules made ready: by state and next character those that can begin with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pygments.lexer import Lexer, RegexLexer
from pygments.token import _TokenType

from review.diff.first_chars import ASCII, first_chars

# What Pygments makes of a rule: how to match, a token type or a callback or None, the next state.
Rule = tuple[Callable[[str, int], re.Match[str] | None], Any, Any]
# The same, made ready: how to match, the class of a plain token, a callback or None, the next state.
Ready = tuple[Callable[[str, int], re.Match[str] | None], str, Any, Any]
ClassOf = Callable[[object], str]


def stack_move(stack: list[str], to: Any) -> None:
    """Enter and leave states as a rule says; the first one is never left."""
    if isinstance(to, int):
        del stack[max(1, len(stack) + to) :]
        return
    for state in to if isinstance(to, tuple) else (to,):
        if state == "#pop":
            del stack[max(1, len(stack) - 1) :]
        else:
            stack.append(stack[-1] if state == "#push" else state)


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


def states_of(lexer: RegexLexer, class_of: ClassOf) -> _States:
    key = (type(lexer), class_of)
    if key not in _states:
        _states[key] = _States(lexer, class_of)
    return _states[key]
