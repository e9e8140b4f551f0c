"""How one hunk of a comparison stands to all variants: who has this side, who the other. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.lib.words import letters_say, words_join
from review.compare import READING_ORDER, Group, Kind, Option
from review.hunks import About, Hunk
from review.ranges import Ranges, meets

_BASE = -1
_NAMED_MAX = 3  # of a contradiction, in its bar; the letters themselves are beside it


@dataclass(frozen=True, slots=True)
class Standing:
    """`left` and `right`: the variants that have the text of that side here; `rest`: neither.

    Of a comparison with the base, `left` are those that left the place alone. `groups` are the ones
    that are about the hunk. `only` are those who alone have what is changed here. `silent` are composed
    variants without a voice here: they took or left what others have. `took`: they have all that is
    changed here, to the letter as agents have it.
    """

    kind: Kind
    left: tuple[str, ...]
    right: tuple[str, ...]
    rest: tuple[str, ...]
    groups: tuple[Group, ...]
    only: tuple[str, ...] = ()
    silent: frozenset[str] = frozenset()
    took: tuple[str, ...] = ()


class Standings:
    """How the hunks of one comparison of one file stand. Made once, asked for each of its hunks.

    `left` and `right` are letters; `left` is "" for the base.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        *,
        left: str,
        right: str,
        letters: Iterable[str],
        composed: Collection[str] = (),
    ) -> None:
        self._sides = (left, right)
        self._composed = frozenset(composed)
        self._place = {id(group): number for number, group in enumerate(groups)}
        self._letters = sorted(letters)
        lines = [group for group in groups if group.about is About.LINES]
        self._others = [group for group in groups if group.about is not About.LINES]
        self._in_base = Ranges((g.start, g.end, g) for g in lines if right in g.spans)
        self._in_left = Ranges((*g.spans[left], g) for g in lines if left in g.spans)
        self._in_right = Ranges((*g.spans[right], g) for g in lines if right in g.spans)

    def of(self, hunk: Hunk) -> Standing | None:
        """None if no group is about the hunk."""
        left, right = self._sides
        here = self._groups(hunk)
        if not here:
            return None
        on_left = _version(here, left)
        on_right = _version(here, right)
        versions = {letter: _version(here, letter) for letter in self._letters}
        same_left = tuple(letter for letter, version in versions.items() if version == on_left)
        same_right = tuple(letter for letter, version in versions.items() if version == on_right)
        rest = tuple(x for x in versions if x not in same_left and x not in same_right)
        silent = self._composed.difference(*(group.voices for group in here))
        kind = _kind_of_base(here) if not left else _kind_between(here, left, right)
        changed = _changers(here, left, same_left, same_right)
        changers = [x for x in changed if x not in silent]
        if kind is Kind.SHARED and len(changers) == 1:
            kind = Kind.UNIQUE
        elif not changers:  # what a composed one took counts as whose it is
            kind = _kind_of_base(here)
        only = changers or sorted({voice for group in here for voice in group.voices})
        took = tuple(x for x in changed if x in silent and self._took(x, here))
        return Standing(kind, same_left, same_right, rest, tuple(here), tuple(only), silent, took)

    def _took(self, letter: str, groups: Iterable[Group]) -> bool:
        options = [o for group in groups for o in group.options if letter in o.letters]
        return bool(options) and all(option_taken(option, self._composed) for option in options)

    def _groups(self, hunk: Hunk) -> list[Group]:
        left, right = self._sides
        found = {id(g): g for g in self.near(hunk) if concerns(g, hunk, left, right)}
        return sorted(found.values(), key=lambda group: self._place[id(group)])

    def near(self, hunk: Hunk) -> list[Group]:
        """All groups that may be about the hunk, some of them twice, and few others."""
        if hunk.about is not About.LINES:
            return self._others
        near = [
            *self._in_left.near(hunk.start, hunk.end),
            *self._in_right.near(hunk.right_start, hunk.right_end),
        ]
        return near if self._sides[0] else [*near, *self._in_base.near(hunk.start, hunk.end)]


def option_taken(option: Option, composed: Collection[str]) -> bool:
    """Whether an agent made this, so that who is composed and has no voice here took it, all of it."""
    return any(letter not in composed for letter in option.letters)


def concerns(group: Group, hunk: Hunk, left: str, right: str) -> bool:
    """Whether the group is about lines of the hunk, on either side."""
    if group.about is not hunk.about:
        return False
    if hunk.about is not About.LINES:
        return right in group.spans or left in group.spans
    if not left and (group.start or group.end):
        inside = group.start <= hunk.start and hunk.end <= group.end
        # git tells as one hunk what a composed variant took of several that are beside each other.
        around = hunk.start <= group.start and group.end <= hunk.end
        return right in group.spans and (inside or around)
    sides = ((left, (hunk.start, hunk.end)), (right, (hunk.right_start, hunk.right_end)))
    return any(side in group.spans and meets(group.spans[side], lines) for side, lines in sides)


def _version(groups: Sequence[Group], letter: str) -> tuple[int, ...]:
    """Which option of each group the variant has; the base's, where it changed nothing."""
    return tuple(
        next((n for n, option in enumerate(g.options) if letter in option.letters), _BASE)
        for g in groups
    )


def _kind_of_base(groups: Sequence[Group]) -> Kind:
    return min((group.kind for group in groups), key=READING_ORDER.index)


def _kind_between(groups: Sequence[Group], left: str, right: str) -> Kind:
    """As the list of places says; but that two of them do the same where the third is says no more here
    than how many are on which side."""
    differ = [g for g in groups if _version([g], left) != _version([g], right)]
    kinds = [
        g.kind
        for g in differ
        if (left in g.spans and right in g.spans) or g.kind in (Kind.CONTRADICTORY, Kind.NEAR)
    ]
    # Where two differ and nobody contradicts, one of them took a part of what the others have.
    return min(kinds, key=READING_ORDER.index, default=Kind.SHARED)


def _changers(
    groups: Sequence[Group], left: str, same_left: tuple[str, ...], same_right: tuple[str, ...]
) -> tuple[str, ...]:
    """The variants on the side that is not the base's."""
    if left and _BASE not in _version(groups, left):
        return same_left
    return same_right


def standing_say(standing: Standing) -> str:
    """The standing in a few words; the letters themselves are shown beside them."""
    left, right = _voices(standing, standing.left), _voices(standing, standing.right)
    everyone = len(left) + len(right) + len(_voices(standing, standing.rest))
    match standing.kind:
        case Kind.UNIQUE:
            return " ".join([f"Only in {' and only in '.join(standing.only)}", *_took(standing)])
        case Kind.NEAR:
            return "The same but for white space or the order of imports"
        case Kind.CONTRADICTORY:
            return _contradiction(standing)
        case Kind.SHARED:
            if not right:
                return f"In part the same as in {words_join(standing.only)}"
            makers = len(standing.only)  # on whichever side they are
            if makers == everyone:
                return "The same in both" if everyone == 2 else f"The same in all {everyone}"
            return f"The same in {makers} of {everyone}"


def _contradiction(standing: Standing) -> str:
    """With whom, where it is not between the two sides: one of them left the place as it was."""
    groups = [group for group in standing.groups if group.kind is Kind.CONTRADICTORY]
    if any(letter in group.spans for group in groups for letter in standing.left) and any(
        letter in group.spans for group in groups for letter in standing.right
    ):
        return "Contradiction"
    others = [x for x in _voices(standing, standing.rest) if any(x in g.spans for g in groups)]
    return (
        f"Contradiction with {letters_say(others, read_max=_NAMED_MAX)}"
        if others
        else "Contradiction"
    )


def _voices(standing: Standing, letters: Iterable[str]) -> list[str]:
    return [letter for letter in letters if letter not in standing.silent]


def _took(standing: Standing) -> Iterator[str]:
    """Who is composed and has what one voice alone says."""
    if standing.took:
        yield f"({' and '.join(standing.took)}, composed, took it)"
