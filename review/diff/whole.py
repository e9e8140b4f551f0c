"""A whole file with line numbers, in the same rows as a diff, so that the page treats its lines alike."""

from __future__ import annotations

from collections.abc import Sequence

from review.diff.lexing_page import Token
from review.diff.render import LONG_CHARS, SECTION_ROWS, code_html, text_html
from review.diff.types import Text


def whole_html(text: Text, tokens: Sequence[Sequence[Token]] = ()) -> str:
    parts: list[str] = []
    for start in range(0, len(text.lines), SECTION_ROWS):
        lines = text.lines[start : start + SECTION_ROWS]
        parts.append(f'<div class="rows" style="--n:{len(lines)}">')
        for index, line in enumerate(lines, start):
            shown = line.removesuffix("\r") if text.ends == "crlf" else line
            colours = tokens[index] if index < len(tokens) else ()
            code = code_html(shown, colours, ()) if colours else text_html(shown)
            long = ' class="long"' if len(shown) > LONG_CHARS else ""
            parts.append(f'<div{long} id="R{index + 1}" data-n="{index + 1}">{code}</div>')
        parts.append("</div>")
    return "".join(parts)
