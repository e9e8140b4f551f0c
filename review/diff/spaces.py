"""Lines as a white-space mode sees them: two that it takes for the same have the same key, as git has it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SPACE = " \t\r"  # what is white space to git inside a line
_RUN = re.compile(f"[{_SPACE}]+")


def line_keys(lines: Sequence[str], whitespace: str) -> Sequence[str]:
    match whitespace:
        case "eol":
            return [line.rstrip(_SPACE) for line in lines]
        case "change":
            return [_RUN.sub(" ", line).rstrip(" ") for line in lines]
        case "all":
            return [_RUN.sub("", line) for line in lines]
    return lines
