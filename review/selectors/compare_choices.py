"""What one can switch to on the compare page: other sides, other states of a variant, other views."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.lib.errors import Invalid
from review.selectors.columns_address import ColumnsAddress
from review.selectors.compare import Comparison
from review.selectors.compare_address import Address
from review.selectors.sides import BASE, REF_PATTERN, History, Point, Side, history_of

# What is ignored: in the menu, and on the button once it is chosen.
SPACE_WORDS = {
    "none": ("All white space counts", "White space"),
    "eol": ("Ignore it at line ends", "White space at line ends ignored"),
    "change": ("Ignore how much there is", "Amount of white space ignored"),
    "all": ("Ignore all of it", "White space ignored"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Something one can switch to."""

    name: str
    letter: str
    title: str
    href: str
    current: bool
    value: str = ""


@dataclass(frozen=True, slots=True)
class PointChoice:
    point: Point
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class SideMenu:
    """Runs and snapshots that one side can be set to."""

    letter: str
    runs: tuple[PointChoice, ...]
    snapshots: tuple[PointChoice, ...]
    older: int


@dataclass(frozen=True, slots=True)
class SidePicker:
    """One side of the bar: its quick choices, and the menu with all others."""

    which: str  # left, right
    side: Side
    choices: tuple[Choice, ...]
    menu: str  # where the menu's runs and snapshots come from
    fields: tuple[tuple[str, str], ...]  # what a typed commit must not lose
    pattern: str = REF_PATTERN

    @property
    def special(self) -> str:
        """What is chosen, if it is none of the quick choices."""
        if self.side.at:
            return self.side.at
        return "" if self.side.letter or self.side.ref == BASE else self.side.name


def side_picker(comparison: Comparison, address: Address, which: str) -> SidePicker:
    side = comparison.left if which == "left" else comparison.right

    def choice(name: str, letter: str, title: str, ref: str) -> Choice:
        current = side.letter == letter and (bool(letter) or side.ref == BASE)
        return Choice(name, letter, title, address.url(**{which: ref}), current)

    base = choice("Base", "", "the commit that the task started from", BASE)
    variants = (
        choice(v.letter, v.letter, f"{v.letter}, {v.maker}", v.letter)
        for v in comparison.variants
        if v.archived_at is None or v.letter == side.letter
    )
    menu = address.url("compare_sides") + f"&which={which}"
    fields = tuple((name, value) for name, value in address.query.items() if name != which)
    return SidePicker(which, side, (base, *variants), menu, fields)


def side_menu(comparison: Comparison, address: Address, which: str) -> SideMenu | None:
    """Runs and snapshots of the side's own variant, else of the other side's; None without either."""
    if which not in ("left", "right"):
        raise Invalid("which.invalid", "which is left or right.")
    address = replace(address, left=comparison.left.ref, right=comparison.right.ref)
    sides = (comparison.left, comparison.right)
    side, other = sides if which == "left" else sides[::-1]
    letter = side.letter or other.letter
    variant = next((v for v in comparison.variants if v.letter == letter), None)
    if variant is None:
        return None
    history: History = history_of(variant)

    def choices(points: tuple[Point, ...]) -> tuple[PointChoice, ...]:
        return tuple(
            PointChoice(point, address.url(**{which: point.ref}), point.ref == side.ref)
            for point in points
        )

    return SideMenu(letter, choices(history.runs), choices(history.snapshots), history.older)


def space_choices(address: Address | ColumnsAddress) -> tuple[Choice, ...]:
    return tuple(
        Choice(words, "", chosen, address.url(whitespace=mode), address.whitespace == mode, mode)
        for mode, (words, chosen) in SPACE_WORDS.items()
    )
