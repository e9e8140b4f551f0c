"""Rows to HTML: escaped text and class names, nothing else.

A cell is one element: numbers and signs are attributes that the style sheet prints. Rows stand in
sections of 200 that the browser skips while they are out of sight, so a long diff stays whole in
the document and the browser's own find works.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice

from review.diff.lexing_page import Colours, Token
from review.diff.rows import Fold, Row, View, diff_rows, equal_rows
from review.diff.text import RAW_BYTE_BASE
from review.diff.types import FileDiff, Kind, Line, Span

SECTION_ROWS = 200
LONG_CHARS = 2_000  # a line longer than that scrolls in its own box
EXPAND_LINES = 20

# Characters that would be invisible, reorder the line, or be changed by an HTML parser. The joiners
# that scripts and emoji need (U+200C, U+200D) stay as they are.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\uef80-\uefff\U000e0000-\U000e007f]"
)
_ODD = re.compile(f"[&<>{_UNSEEN.pattern[1:]}")
_CONTROLS = (
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR", "SO", "SI",
    "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
)  # fmt: skip


def render_diff(
    diff: FileDiff,
    *,
    view: View,
    context: int = 3,
    left_colours: Colours | None = None,
    right_colours: Colours | None = None,
) -> str:
    """The body of a file's diff: sections of rows."""
    rows = diff_rows(diff.chunks, view=view, context=context)
    return _sections(rows, _Cells(diff, view, left_colours, right_colours))


def render_lines(
    diff: FileDiff,
    *,
    view: View,
    start: int,
    end: int,
    left_colours: Colours | None = None,
    right_colours: Colours | None = None,
) -> str:
    """Equal lines start..end (of the left side), to take the place of a fold or a part of it."""
    rows = equal_rows(diff.chunks, left_start=start, left_end=end)
    return _sections(rows, _Cells(diff, view, left_colours, right_colours))


def _sections(rows: Iterable[Row | Fold], cells: _Cells) -> str:
    parts: list[str] = []
    feed = iter(rows)
    while batch := list(islice(feed, SECTION_ROWS)):
        parts.append(f'<div class="rows" style="--n:{len(batch)}">')
        parts.extend(map(cells.html, batch))
        parts.append("</div>")
    return "".join(parts)


def fold_html(fold: Fold) -> str:
    many = f"{fold.count:,} unchanged lines"
    where = f'data-left="{fold.left}" data-right="{fold.right}" data-count="{fold.count}"'
    heading = f"<code>{text_html(fold.heading)}</code>" if fold.heading else ""
    if fold.heading_line:
        heading = (
            f'<button type="button" data-expand="function" data-line="{fold.heading_line}" '
            f'title="Show from here to the next change">{heading}</button>'
        )
    if fold.end_line:
        heading = (
            f'<button type="button" data-expand="end" data-line="{fold.end_line}" '
            f'title="Show from the last change to the end of its function">↓ end of function</button>'
            + heading
        )
    steps = _fold_step("down", "↓", "below the last change") if fold.left > 1 else ""
    steps += _fold_step("up", "↑", "above the next change") if not fold.last else ""
    some = steps if fold.count > EXPAND_LINES else ""
    return (
        f'<div class="fold" {where}><span>{many}</span>{heading}{some}'
        f'<button type="button" data-expand="all">Show all</button></div>'
    )


def _fold_step(which: str, arrow: str, where: str) -> str:
    return (
        f'<button type="button" data-expand="{which}" '
        f'aria-label="Show {EXPAND_LINES} more lines {where}">{arrow} {EXPAND_LINES}</button>'
    )


def text_html(text: str) -> str:
    """Escape a text and make visible what would not be."""
    if not _ODD.search(text):
        return text
    return _UNSEEN.sub(_unseen_html, escape(text, quote=False))


def _unseen_html(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        name = _CONTROLS[code]
    elif code == 0x7F:
        name = "DEL"
    elif RAW_BYTE_BASE + 0x80 <= code <= RAW_BYTE_BASE + 0xFF:
        name = f"\\x{code - RAW_BYTE_BASE:02X}"
    else:
        name = f"U+{code:04X}"
    return f'<i class="ctl">{name}</i>'


def code_html(text: str, tokens: Sequence[Token], marks: Sequence[Span]) -> str:
    if not marks:
        return _line_html(text, tokens) if tokens else text_html(text)
    parts: list[str] = []
    at = 0
    for start, end in marks:
        parts.append(_tokens_html(text, at, start, tokens))
        parts.append(f"<mark>{_tokens_html(text, start, end, tokens)}</mark>")
        at = end
    parts.append(_tokens_html(text, at, len(text), tokens))
    return "".join(parts)


def _line_html(text: str, tokens: Sequence[Token]) -> str:
    """A whole line; quicker where there is nothing to escape, as in most."""
    if _ODD.search(text):
        return _tokens_html(text, 0, len(text), tokens)
    parts: list[str] = []
    at = 0
    for start, end, css in tokens:
        if start >= len(text):
            break
        parts.append(f'{text[at:start]}<span class="{css}">{text[start:end]}</span>')
        at = end
    parts.append(text[at:])
    return "".join(parts)


def _tokens_html(text: str, start: int, end: int, tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    at = start
    for first, last, css in tokens:
        if last <= at or first >= end:
            continue
        first, last = max(first, at), min(last, end)
        if first > at:
            parts.append(text_html(text[at:first]))
        parts.append(f'<span class="{css}">{text_html(text[first:last])}</span>')
        at = last
    if at < end:
        parts.append(text_html(text[at:end]))
    return "".join(parts)


_NAMES = {"L": "del", "R": "add"}
_CHANGED = {"": "", "L": ' class="del"', "R": ' class="add"'}


def _about(line: Line, changed_side: str) -> str:
    """The attributes of a cell that say what became of its line."""
    is_long = len(line.text) > LONG_CHARS
    if not (is_long or line.moved or line.reindented):
        return _CHANGED[changed_side]
    names = [_NAMES[changed_side]] if changed_side else []
    if is_long:
        names.append("long")
    more = ""
    if line.moved:
        names.append("mv")
        to = f"{_other(changed_side)}{line.moved.line}"
        more = f' data-move="{line.moved.block}" data-to="{to}" title="{_moved_say(line, changed_side)}"'
    elif line.reindented:
        names.append("ind")
        more = ' title="Only the indentation changed"'
    return (f' class="{" ".join(names)}"' if names else "") + more


def _other(side: str) -> str:
    return "R" if side == "L" else "L"


def _moved_say(line: Line, side: str) -> str:
    if not line.moved:
        return ""
    where = "to" if side == "L" else "from"
    lines = f", {line.moved.count} lines" if line.moved.first and line.moved.count > 1 else ""
    return f"Moved {where} line {line.moved.line}{lines}"


def _moved_link(line: Line, side: str) -> str:
    """A way to the other end of a moved block."""
    if not line.moved or not line.moved.first:
        return ""
    return f'<a class="mvl" href="#{_other(side)}{line.moved.line}">{_moved_say(line, side)}</a>'


class _Cells:
    """Rows of one diff to HTML; holds what all of them need."""

    def __init__(
        self, diff: FileDiff, view: View, left: Colours | None, right: Colours | None
    ) -> None:
        self.tokens = {"L": left.lines if left else (), "R": right.lines if right else ()}
        self.returns = diff.shows_carriage_returns
        sides = [side for side in (diff.left, diff.right) if side]
        self.ends = diff.kind is not Kind.SYMLINK and (
            len(sides) == 1 or any(side.newline for side in sides)
        )
        self.html = self._split if view == "split" else self._unified

    def _split(self, row: Row | Fold) -> str:
        if isinstance(row, Fold):
            return fold_html(row)
        left, right, change, first = row
        if not change and (same := self._same(left, right)):
            return same
        begins = f' data-change="{change}"' if first else ""
        return self._half(left, "L", change, begins) + self._half(right, "R", change, "")

    def _same(self, a: Line | None, b: Line | None) -> str:
        """A row whose sides look the same, as most do: made once; "" for any other."""
        if a is None or b is None or a.text != b.text or len(a.text) > LONG_CHARS:
            return ""
        tokens = self._tokens(a, "L")
        if tokens != self._tokens(b, "R"):
            return ""
        code = code_html(a.text.removesuffix("\r"), tokens, ())
        return f'<div id="L{a.n}" data-n="{a.n}">{code}</div><div id="R{b.n}" data-n="{b.n}">{code}</div>'

    def _half(self, line: Line | None, side: str, change: int, extra: str) -> str:
        if line is None:
            return f'<div class="void"{extra}></div>'
        about = _about(line, side if change else "")
        code = self._code(line, side, changed=bool(change))
        return f'<div{about} id="{side}{line.n}" data-n="{line.n}"{extra}>{code}</div>'

    def _tokens(self, line: Line, side: str) -> Sequence[Token]:
        colours = self.tokens[side]
        return colours[line.n - 1] if line.n <= len(colours) else ()

    def _unified(self, row: Row | Fold) -> str:
        if isinstance(row, Fold):
            return fold_html(row)
        line = row.right or row.left
        if line is None:
            return ""
        side = "R" if row.right else "L"
        about = _about(line, side if row.change else "")
        old = f' data-l="{row.left.n}"' if row.left else ""
        new = f' data-r="{row.right.n}"' if row.right else ""
        first = f' data-change="{row.change}"' if row.first else ""
        code = self._code(line, side, changed=bool(row.change))
        return f'<div{about} id="{side}{line.n}"{old}{new}{first}>{code}</div>'

    def _code(self, line: Line, side: str, *, changed: bool) -> str:
        tokens = self._tokens(line, side)
        text = line.text
        if text.endswith("\r") and not (changed and self.returns):
            text = text[:-1]
        marks = line.changed
        code = code_html(text, tokens, marks)
        if changed and self.ends and not line.newline:
            code += '<i class="ctl end">no newline at end</i>'
        return code + _moved_link(line, side) if line.moved else code
