"""Where the function around a line begins and ends, by indentation and the look of its first line.

No language is parsed. Where a text gives no sign, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LOOK_LINES = 400  # above a line, for the beginning of what it is in
LOOK_CHARS = 300
_CONTROL = (
    "if|elif|else|for|foreach|while|switch|case|match|try|except|catch|finally|with|do|return"
    "|when|unless|until|loop|select|using|lock|synchronized"
)
_HEAD = re.compile(
    rf"(?!(?:async\s+)?(?:{_CONTROL})\b)"
    r"(?:[^'\"#]*\b(?:def|class|func|function|fn|fun|sub|impl|interface|trait|struct)\b"
    r"|[^=]*\w\s*\([^;]*\)[^;(){}]*\{\s*$|.*=>\s*\{\s*$)"
)
# The same where the brace stands on a line of its own.
_BRACED = re.compile(rf"(?!(?:{_CONTROL})\b)[^;=]*\w\s*\([^;]*\)[^;{{}}]*$")
_CLOSES = re.compile(r"[)\]}]|(?:end|fi|done|esac)\b")
_COMMENT = re.compile(r"#|//|/\*|\*|--|@")


def head_above(lines: Sequence[str], at: int, *, within: str = "") -> int | None:
    """The place (from 0) of the first line of the function that line `at` is in.

    `within` is a line that stands there instead, if it is not of this text.
    """
    indent = _width(within) if within.strip() else None
    if indent == 0:
        return None
    brace = -1
    for place in range(at - 1, max(at - LOOK_LINES, 0) - 1, -1):
        line = lines[place]
        if indent is not None and line[:indent].isspace():
            continue  # most lines: blank, or not further out
        line = line[:LOOK_CHARS]
        text = line.strip()
        if not text or _COMMENT.match(text):
            continue
        width = _width(line)
        if text == "{":
            brace = width
            continue
        if _CLOSES.match(text):
            if indent is None and text[-1] not in ":{":
                indent = width  # what began there is over
            continue
        if indent is not None and width >= indent:
            continue
        indent = width
        if _HEAD.match(text) or (width == brace and _BRACED.match(text)):
            return place
        if not width:
            return None
    return None


def end_below(lines: Sequence[str], head: int, start: int, end: int) -> int | None:
    """Where the function that begins at `head` ends (behind its last line), if that is after line `start` and
    not after `end`; None if it goes on."""
    indent = _width(lines[head])
    last = start
    for place in range(start, end):
        line = lines[place][:LOOK_CHARS]
        text = line.strip()
        if not text:
            continue
        width = _width(line)
        if width > indent:
            last = place + 1
        elif _CLOSES.match(text) or text == "{":
            last = place + 1
            if text[0] == "}" and width == indent:
                return last
        elif not _COMMENT.match(text):
            return last
    return last if end == len(lines) else None


def _width(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
