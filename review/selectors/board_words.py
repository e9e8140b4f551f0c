"""The words around the board: which files are shown and in which order, and how many places agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from orchestrator.models import Task
from orchestrator.selectors.rows import VariantRow
from review.compare import READING_ORDER, Kind
from review.matrix import Row, Show, Sort, shown_counts
from review.selectors.agreement import Agreement
from review.selectors.board_ask import Ask


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    title: str
    href: str
    key: str
    current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class AgreementCount:
    """So many places of a kind, in which a Variant (or, without a letter, any) has a part."""

    kind: Kind
    count: int
    title: str
    href: str


_SHOWS = (
    (Show.ALL, "All", "all changed files"),
    (Show.DIFFER, "Differ", "files in which the variants are not all the same"),
    (Show.CONTRADICTORY, "Contradict", "files with places where variants contradict each other"),
    (
        Show.PARTLY,
        "Partly shared",
        "files that several touched, in part the same or in other places",
    ),
    (Show.UNIQUE, "Only one", "files that one variant alone touched"),
    (Show.SHARED, "Shared", "files on which all who touched them agree"),
)
_SORTS = (
    (Sort.DISPUTED, "Disputed", "most disputed first"),
    (Sort.PATH, "Path", "by path"),
    (Sort.SIZE, "Size", "largest change first"),
)


def shows(ask: Ask, asked: Sequence[Row], *, known: bool) -> tuple[Choice, ...]:
    counts = shown_counts(asked)
    needs = {Show.CONTRADICTORY, Show.PARTLY, Show.SHARED}
    if any(row.kind is None and row.voices == 1 for row in asked):
        needs.add(Show.UNIQUE)
    return tuple(
        Choice(
            name,
            title,
            ask.url(show=show, page=1),
            f"show-{show}",
            show is ask.show,
            counts[show] if known or show not in needs else None,
        )
        for show, name, title in _SHOWS
    )


def sorts(ask: Ask) -> tuple[Choice, ...]:
    return tuple(
        Choice(name, title, ask.url(sort=sort, page=1, order=""), f"sort-{sort}", sort is ask.sort)
        for sort, name, title in _SORTS
    )


KIND_TITLES = {
    Kind.CONTRADICTORY: "contradict another variant",
    Kind.UNIQUE: "are its own alone",
    Kind.NEAR: "are the same but for white space or import order",
    Kind.SHARED: "are shared with another variant",
}


def agreement_counts(
    task: Task, variants: Iterable[VariantRow], agreement: Agreement | None
) -> tuple[tuple[str, tuple[AgreementCount, ...]], ...]:
    """By letter; nothing for Variants that have no part, or as long as it is not known."""
    address = reverse("review:consensus", args=[task.pk])
    found = []
    for variant in variants:
        letter = variant.letter
        numbers: tuple[AgreementCount, ...] = ()
        if agreement and letter in agreement.letters:
            numbers = tuple(
                AgreementCount(
                    kind,
                    count,
                    _count_title(letter, kind, count, agreement.count(kind, letter, heard=True)),
                    f"{address}?{urlencode({'kind': kind, 'variant': letter})}",
                )
                for kind in READING_ORDER
                if (count := agreement.count(kind, letter))
            )
        found.append((letter, numbers))
    return tuple(found)


def _count_title(letter: str, kind: Kind, count: int, own: int) -> str:
    """What a composed Variant only took is not its own alone."""
    if kind is not Kind.UNIQUE or own == count:
        return f"{count:,} of {letter}'s places {KIND_TITLES[kind]}"
    said = f"{count - own:,} of {letter}'s places are composed of what one other variant alone has"
    return f"{said}, {own:,} {KIND_TITLES[kind]}" if own else said
