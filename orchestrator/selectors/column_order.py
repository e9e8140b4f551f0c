"""In which order a page shows the Variants of a Task: by letter, or by one of the facts about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from urllib.parse import urlencode

from orchestrator.selectors.rows import VariantRow
from orchestrator.states import LETTERS, VariantState


class Criterion(StrEnum):
    STATE = "state"
    FILES = "files"
    SIZE = "size"
    TIME = "time"
    TOKENS = "tokens"
    COST = "cost"


_STATES = (
    VariantState.MERGED,
    VariantState.READY,
    VariantState.WAITING,
    VariantState.WORKING,
    VariantState.QUEUED,
    VariantState.STOPPED,
    VariantState.FAILED,
    VariantState.LOST,
    VariantState.ARCHIVED,
)
_MEASURES: dict[Criterion, Callable[[VariantRow], float | Decimal | None]] = {
    Criterion.STATE: lambda row: _STATES.index(VariantState(row.state)),
    Criterion.FILES: lambda row: row.files_changed if row.changed else None,
    Criterion.SIZE: lambda row: row.changed_lines if row.changed else None,
    Criterion.TIME: lambda row: row.elapsed_s,
    Criterion.TOKENS: lambda row: row.tokens,
    Criterion.COST: lambda row: row.cost_usd,
}
# What comes first, and what if it is turned round.
_WORDS = {
    Criterion.STATE: ("state, ready ones first", "state, ready ones last"),
    Criterion.FILES: ("files, fewest first", "files, most first"),
    Criterion.SIZE: ("size of the change, smallest first", "size of the change, largest first"),
    Criterion.TIME: ("time, fastest first", "time, slowest first"),
    Criterion.TOKENS: ("tokens, fewest first", "tokens, most first"),
    Criterion.COST: ("cost, cheapest first", "cost, dearest first"),
}
BY_LETTER = "letter"


@dataclass(frozen=True, slots=True)
class ColumnOrder:
    """What a reader asked for. `letters` are an order that the page shows already: an update keeps it."""

    by: Criterion | None = None
    reverse: bool = False
    letters: str = ""

    @property
    def name(self) -> str:
        """As an address has it: `time`, `-time`, or nothing."""
        return ("-" if self.reverse else "") + self.by if self.by else ""

    @property
    def words(self) -> str:
        return _WORDS[self.by][self.reverse] if self.by else BY_LETTER

    @property
    def address(self) -> str:
        return f"?{urlencode({'columns': self.name})}" if self.by else "?"


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a criterion's row: `sort` as ARIA has it, and what clicking it would make of the order."""

    name: str
    sort: str
    next: ColumnOrder


def column_order(name: str, letters: str = "") -> ColumnOrder:
    """An order by its name in an address; what is no name is the order of letters."""
    try:
        by = Criterion(name.removeprefix("-"))
    except ValueError:
        return ColumnOrder()
    shown = "".join(letter for letter in letters[: len(LETTERS)] if letter in LETTERS)
    return ColumnOrder(by, name.startswith("-"), shown)


def heads(order: ColumnOrder) -> dict[str, Head]:
    """A first click orders by a criterion, a second one turns it round, a third goes back to letters."""
    found = {}
    for by in Criterion:
        sort, then = "", ColumnOrder(by)
        if by is order.by:
            sort = "descending" if order.reverse else "ascending"
            then = ColumnOrder() if order.reverse else ColumnOrder(by, True)
        found[str(by)] = Head(str(by), sort, then)
    return found


def rows_ordered(rows: Sequence[VariantRow], order: ColumnOrder) -> tuple[VariantRow, ...]:
    """`rows` come by letter, and so do those that are equal. What is not known comes last, either way."""
    if order.by is None:
        return tuple(rows)
    if order.letters:
        return rows_lettered(rows, order.letters)
    measure = _MEASURES[order.by]
    known = [(value, row) for row in rows if (value := measure(row)) is not None]
    known.sort(key=lambda pair: pair[0], reverse=order.reverse)
    first = [row for _, row in known]
    return (*first, *(row for row in rows if row not in first))


def rows_lettered(rows: Sequence[VariantRow], letters: str) -> tuple[VariantRow, ...]:
    """In the order of these letters, and after them what is not named."""
    at = {letter: n for n, letter in reversed(list(enumerate(letters)))}
    return tuple(sorted(rows, key=lambda row: at.get(row.letter, len(letters))))
