"""Aligned columns to HTML: a grid of cells, one element each, in sections that the browser skips while out of sight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import islice

from review.columns import Fold, Row
from review.diff.lexing import Token
from review.diff.render import code_html, text_html
from review.diff.types import Span

SECTION_ROWS = 100
CHIPS_MAX = 3
EXPAND_LINES = 20


@dataclass(frozen=True, slots=True)
class ColumnText:
    """What a column prints. `name` (base, a letter, a commit) is in the addresses of its lines."""

    name: str
    letter: str  # "" for the base
    lines: Sequence[str]
    tokens: Sequence[Sequence[Token]] = ()
    marks: Mapping[int, Sequence[Span]] = field(default_factory=dict)  # changed words, by line


def columns_html(
    parts: Iterable[Row | Fold], columns: Sequence[ColumnText], *, places: Sequence[int]
) -> str:
    """`columns` are all that were aligned, the base first; `places` are those to show, in order."""
    cells = _Cells(columns, places)
    html: list[str] = []
    feed = iter(parts)
    while batch := list(islice(feed, SECTION_ROWS)):
        html.append(f'<div class="crows" style="--n:{len(batch)}">')
        html.extend(cells.html(part) for part in batch)
        html.append("</div>")
    return "".join(html)


def _fold_html(fold: Fold) -> str:
    count = fold.end - fold.start
    heading = f"<code>{text_html(fold.heading)}</code>" if fold.heading else ""
    some = (
        f'<button type="button" data-expand="up" aria-label="Show {EXPAND_LINES} more lines above '
        f'the next change">↑ {EXPAND_LINES}</button>'
        if count > EXPAND_LINES
        else ""
    )
    return (
        f'<div class="fold" data-start="{fold.start}" data-end="{fold.end}">'
        f"<span>{count:,} lines the same in all</span>{heading}{some}"
        f'<button type="button" data-expand="all">Show all</button></div>'
    )


class _Cells:
    def __init__(self, columns: Sequence[ColumnText], places: Sequence[int]) -> None:
        self.columns = columns
        self.places = places
        self.before: dict[int, tuple[int, ...]] = {}  # who had the line above, by place
        self.changed = False

    def html(self, part: Row | Fold) -> str:
        if isinstance(part, Fold):
            self.before, self.changed = {}, False
            return _fold_html(part)
        if all(part.cells[place] is None for place in self.places):
            return ""  # only columns that are not shown have something here
        first = not part.equal and not self.changed
        self.changed = not part.equal
        attribute = ' data-change=""' if first else ""
        return "".join(
            self._cell(part, place, attribute if place == self.places[0] else "")
            for place in self.places
        )

    def _cell(self, row: Row, place: int, extra: str) -> str:
        index, same = row.cells[place], row.same[place]
        if index is None:
            self.before.pop(place, None)
            return f'<div class="void"{extra}></div>'
        column = self.columns[place]
        tokens = column.tokens[index] if index < len(column.tokens) else ()
        code = code_html(
            column.lines[index].removesuffix("\r"), tokens, column.marks.get(index, ())
        )
        ours = not row.equal and same != 0 and bool(column.letter)
        who = self._who(row, place) if ours else ()
        chips = self._chips(who) if who and self.before.get(place) != who else ""
        self.before[place] = who
        css = f' class="v v-{column.letter.lower()} x{"" if chips else " on"}"' if who else ""
        return f'<div{css} id="{escape(column.name)}-{index + 1}" data-n="{index + 1}"{extra}>{chips}{code}</div>'

    def _who(self, row: Row, place: int) -> tuple[int, ...]:
        return tuple(other for other in self.places if row.same[other] == row.same[place])

    def _chips(self, who: Sequence[int]) -> str:
        letters = [self.columns[place].letter for place in who]
        if len(who) > 1 and len(who) == sum(
            bool(self.columns[place].letter) for place in self.places
        ):
            return '<b class="who" title="Written by all of them">all</b>'
        shown = letters if len(letters) <= CHIPS_MAX else letters[: CHIPS_MAX - 1]
        chips = "".join(f'<i class="v v-{x.lower()} ch xs">{escape(x)}</i>' for x in shown)
        more = f"<i>+{len(letters) - len(shown)}</i>" if len(shown) < len(letters) else ""
        return f'<b class="who" title="Written by {escape(", ".join(letters))}">{chips}{more}</b>'
