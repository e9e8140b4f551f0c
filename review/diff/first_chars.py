"""Which characters a regular expression can begin with.

The answer may name too many, never too few: what is not understood can begin with any.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable
from re import _constants as sre  # type: ignore[attr-defined] # stable in all that it is used for
from re import _parser  # type: ignore[attr-defined]
from typing import Any

# All that an answer is about. U+001C to U+001F are white space to some flags only.
ASCII = frozenset(map(chr, range(128))) - frozenset("\x1c\x1d\x1e\x1f")
_WORD = frozenset(string.ascii_letters + string.digits + "_")
_DIGIT = frozenset(string.digits)
_SPACE = frozenset(filter(str.isspace, ASCII))
_CATEGORIES = {
    sre.CATEGORY_DIGIT: _DIGIT,
    sre.CATEGORY_NOT_DIGIT: ASCII - _DIGIT,
    sre.CATEGORY_SPACE: _SPACE,
    sre.CATEGORY_NOT_SPACE: ASCII - _SPACE,
    sre.CATEGORY_WORD: _WORD,
    sre.CATEGORY_NOT_WORD: ASCII - _WORD,
}
_REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}
# The characters, and whether nothing at all fits as well.
First = tuple[frozenset[str], bool]
ANYTHING: First = (ASCII, True)


def first_chars(pattern: re.Pattern[str]) -> frozenset[str]:
    """The ASCII characters that a match can begin with, all of them if it can be empty.

    About other characters it says nothing.
    """
    chars, empty = _sequence(_parser.parse(pattern.pattern, pattern.flags), pattern.flags)
    return ASCII if empty else chars


def _sequence(items: Iterable[Any], flags: int) -> First:
    chars: frozenset[str] = frozenset()
    for op, value in items:
        more, empty = _item(op, value, flags)
        chars |= more
        if not empty:
            return chars, False
    return chars, True


def _item(op: object, value: Any, flags: int) -> First:
    if op in _REPEATS:
        least, _, inner = value
        chars, empty = _sequence(inner, flags)
        return chars, empty or least == 0
    if op is sre.ATOMIC_GROUP:
        return _sequence(value, flags)
    if op is sre.SUBPATTERN:
        _, added, removed, inner = value
        return _sequence(inner, (flags | added) & ~removed)
    if op is sre.BRANCH:
        branches = [_sequence(branch, flags) for branch in value[1]]
        return frozenset().union(*(c for c, _ in branches)), any(empty for _, empty in branches)
    if op in {sre.AT, sre.ASSERT, sre.ASSERT_NOT}:
        return frozenset(), True
    one = _ONE.get(op)
    return (one(value, flags), False) if one else ANYTHING


def _in(items: Iterable[tuple[object, Any]], flags: int) -> frozenset[str]:
    chars: frozenset[str] = frozenset()
    negated = False
    for op, value in items:
        if op is sre.NEGATE:
            negated = True
        elif op is sre.LITERAL:
            chars |= _cased(value, flags)
        elif op is sre.RANGE:
            low, high = value
            span = range(low, min(high, 127) + 1)
            chars |= frozenset().union(*(_cased(code, flags) for code in span))
        else:
            chars |= _CATEGORIES[value]
    if negated and flags & re.IGNORECASE:
        return ASCII  # which letters are left out is a matter of its own
    return ASCII - chars if negated else chars


def _cased(code: int, flags: int) -> frozenset[str]:
    char = chr(code)
    if not flags & re.IGNORECASE:
        return frozenset(char) & ASCII
    # A few letters beyond ASCII are the other case of one within.
    return frozenset({char, char.lower(), char.upper(), *_LONG_S.get(char, ())}) & ASCII


_LONG_S = {"\u017f": "sS", "\u212a": "kK", "\u0130": "iI", "\u0131": "iI"}
_ONE: dict[object, Callable[[Any, int], frozenset[str]]] = {
    sre.LITERAL: _cased,
    sre.NOT_LITERAL: lambda code, flags: ASCII - (_cased(code, flags) & {chr(code)}),
    sre.ANY: lambda _, flags: ASCII,
    sre.IN: _in,
}
