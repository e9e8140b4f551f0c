"""Aligned columns to HTML: a grid of cells, one element each, in sections that the browser skips while out of sight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import islice

from orchestrator.lib.words import words_join
from review.columns import Beside, Fold, Row
from review.diff.lexing_page import Token
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


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of the columns that were aligned, and what may be said of it.

    `places` are those to show, in order. `same` is in whom what they have in common is so: "all" only where no variant
    has something else, and `others` where a hidden one has. `letters` are all the variants there are. `add` is the
    address of the page with those letters shown as well.
    """

    places: Sequence[int]
    same: str
    others: str
    letters: frozenset[str]
    add: Callable[[Sequence[str]], str]


def columns_html(
    parts: Iterable[Row | Fold | Beside], columns: Sequence[ColumnText], shown: Shown
) -> str:
    """`columns` are all that were aligned, the base first."""
    cells = _Cells(columns, shown)
    html: list[str] = []
    feed = iter(parts)
    while batch := list(islice(feed, SECTION_ROWS)):
        html.append(f'<div class="crows" style="--n:{len(batch)}">')
        html.extend(cells.html(part) for part in batch)
        html.append("</div>")
    return "".join(html)


def _fold_html(fold: Fold, columns: Sequence[ColumnText], shown: Shown) -> str:
    count = fold.lines
    same = shown.others if fold.apart else shown.same
    words = f"{count:,} line{'' if count == 1 else 's'} the same in {same}" if count else ""
    heading = f"<code>{text_html(fold.heading)}</code>" if fold.heading else ""
    some = (
        f'<button type="button" data-expand="up" aria-label="Show {EXPAND_LINES} more lines above '
        f'the next change">↑ {EXPAND_LINES}</button>'
        if count > EXPAND_LINES
        else ""
    )
    every = '<button type="button" data-expand="all">Show all</button>' if count else ""
    return (
        f'<div class="fold" data-start="{fold.start}" data-end="{fold.end}">'
        f"<span>{words}</span>{_apart_html(fold, columns, shown)}{heading}{some}{every}</div>"
    )


def _apart_html(fold: Fold | Beside, columns: Sequence[ColumnText], shown: Shown) -> str:
    if not fold.apart:
        return ""
    letters = [columns[place].letter for place in fold.apart]
    at = f"#{columns[fold.at[0]].name}-{fold.at[1] + 1}" if fold.at else ""
    names = words_join(letters)
    verb = "differs" if len(letters) == 1 else "differ"
    return (
        f'<a class="apart" href="{escape(shown.add(letters) + at)}">'
        f"{escape(names)} {verb} here: show {escape(names)}</a>"
    )


class _Cells:
    def __init__(self, columns: Sequence[ColumnText], shown: Shown) -> None:
        self.columns = columns
        self.shown = shown
        self.places = shown.places
        self.before: dict[int, tuple[int, ...]] = {}  # who had the line above, by place
        self.changed = False

    def html(self, part: Row | Fold | Beside) -> str:
        if isinstance(part, Beside):
            return f'<p class="beside">{_apart_html(part, self.columns, self.shown)}</p>'
        if isinstance(part, Fold):
            self.before, self.changed = {}, False
            return _fold_html(part, self.columns, self.shown)
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
        if len(who) > 1 and self.shown.letters.issubset(letters):
            return '<b class="who" title="Written by all of them">all</b>'
        shown = letters if len(letters) <= CHIPS_MAX else letters[: CHIPS_MAX - 1]
        chips = "".join(f'<i class="v v-{x.lower()} ch xs">{escape(x)}</i>' for x in shown)
        more = f"<i>+{len(letters) - len(shown)}</i>" if len(shown) < len(letters) else ""
        return f'<b class="who" title="Written by {escape(", ".join(letters))}">{chips}{more}</b>'
