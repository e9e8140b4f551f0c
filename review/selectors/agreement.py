"""How the Variants of a Task agree: a mark for each file and Variant, and every place in reading order.

All of it is kept by the commits it was made of: a small index that counts and filters, and the places
themselves in pieces, of which a page reads the few it shows. It is made in steps that a page can show: each
Variant is read, each part of the files compared, and kept at once. So whoever dies loses one of them, and pages
that ask at the same time share the work: what one has claimed the others leave to it.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from review.compare import READING_ORDER, Kind, Mark
from review.diff import FORMAT_VERSION
from review.lib.cache import cache_claim, cache_get, cache_key, cache_put, cache_unclaim
from review.selectors.agreement_parts import (
    PIECE,
    RULES,
    Marks,
    Part,
    PartPlan,
    Place,
    part_has,
    part_key,
    part_known,
    part_make,
    part_places,
    parts_plan,
    parts_planned,
)
from review.selectors.consensus import Ground, pairs_read
from review.selectors.hunks import LIMIT_BYTES, PairHunks, pair_hunks, pair_hunks_known, pair_key

STEP_S = 0.6
READERS = 2  # while one waits for git, the other takes apart what git said
CLAIM_S = 20  # who has died by then leaves it to the next


class Stretch(NamedTuple):
    """Places from `start` on, up to the next stretch, are those of a part from its `first` on."""

    start: int
    part: int  # which of the plan's
    key: str
    first: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """`marks` by path of the Variant's file, then letter. `kinds`, `places`, `masks` have one entry a place.

    `places` are indices into `paths`; `masks` have a bit for each of `letters` that is involved.
    `counts` are places of each kind, by letter, and in all by ""; `heard` those where the letter is a voice.
    `silent` are, by path, composed Variants without a voice in the file. `renamed` leads from a Variant's
    name of a file to the one it has here, the base's.
    """

    marks: Marks
    letters: tuple[str, ...]
    paths: tuple[str, ...]
    kinds: bytes
    places: tuple[int, ...]
    masks: tuple[int, ...]
    counts: Mapping[str, tuple[int, ...]]
    heard: Mapping[str, tuple[int, ...]]
    silent: Mapping[str, frozenset[str]]
    renamed: Mapping[str, str]
    stretches: tuple[Stretch, ...]

    @property
    def contradictory(self) -> int:
        return self.count(Kind.CONTRADICTORY)

    @property
    def unique(self) -> int:
        return self.count(Kind.UNIQUE)

    @property
    def shared(self) -> int:
        return self.count(Kind.SHARED)

    @property
    def near(self) -> int:
        return self.count(Kind.NEAR)

    @property
    def voices(self) -> int:
        """How many Variants have a say in any place."""
        return sum(any(found) for letter, found in self.heard.items() if letter)

    def count(self, kind: Kind, letter: str = "", *, heard: bool = False) -> int:
        """Places of a kind; with a letter, those where that Variant has a part, or is a voice."""
        return (self.heard if heard else self.counts)[letter][READING_ORDER.index(kind)]


@dataclass(frozen=True, slots=True)
class AgreementProgress:
    """`agreement` is None until all is known. So many of all Variants are read, and `letter` is the next;
    or, when all are (`comparing`), so many of all files are compared.
    """

    agreement: Agreement | None
    done: int
    total: int
    letter: str = ""
    comparing: bool = False


def agreement_get(ground: Ground) -> Agreement:
    """However long it takes."""
    known = agreement_known(ground)
    if known is not None:
        return known
    pairs = pairs_read(ground)
    parts = [
        (plan, part_known(plan) or part_make(ground, pairs, plan)) for plan in parts_plan(ground)
    ]
    return _put_together(ground, parts)


def agreement_known(ground: Ground) -> Agreement | None:
    """What was found before; None where it would have to be read first."""
    found: Agreement | None = cache_get(agreement_key(ground))
    return found


def agreement_step(ground: Ground, *, step_s: float = STEP_S) -> AgreementProgress:
    """Go on for about `step_s` (one Variant or part at least), so that a page can show how far it is."""
    total = len(ground.heads)
    known = agreement_known(ground)
    if known is not None:
        return AgreementProgress(known, total, total)
    deadline = time.monotonic() + step_s
    unread = _read_on(ground, deadline)
    if unread:
        return AgreementProgress(None, total - len(unread), total, unread[0])
    return _compare_on(ground, deadline)


def _read_on(ground: Ground, deadline: float) -> list[str]:
    """Read Variants; the letters of those that are still to be read."""
    unread = {
        letter: head
        for letter, head in ground.heads.items()
        if not pair_hunks_known(left=ground.base, right=head)
    }

    def read(number: int, head: str) -> bool:
        if number >= READERS and time.monotonic() > deadline:
            return False
        with _claim(pair_key(ground.base, head)) as ours:
            if ours:
                pair_hunks(hub=ground.hub, left=ground.base, right=head)
        return ours

    with ThreadPoolExecutor(max_workers=READERS) as pool:
        done = list(pool.map(read, range(len(unread)), unread.values()))
    return [letter for letter, ready in zip(unread, done, strict=True) if not ready]


def _compare_on(ground: Ground, deadline: float) -> AgreementProgress:
    fresh = not parts_planned(ground)
    plans = parts_plan(ground)
    waiting = [plan for plan in plans if not part_has(plan)]
    files = sum(len(plan.places) for plan in plans)
    left = sum(len(plan.places) for plan in waiting)
    for plan in waiting:
        if fresh and time.monotonic() > deadline:
            break
        with _claim(part_key(plan.key)) as ours:
            if ours and not part_has(plan):
                part_make(ground, _pairs(ground), plan)
                fresh = True
        left -= len(plan.places) if ours else 0
    progress = AgreementProgress(None, files - left, files, comparing=True)
    if left or (fresh and time.monotonic() > deadline):
        return progress
    with _claim(agreement_key(ground)) as ours:
        if not ours:
            return progress
        parts = [
            (plan, part_known(plan) or part_make(ground, _pairs(ground), plan)) for plan in plans
        ]
        made = _put_together(ground, parts)
    _AT_WORK.pop(agreement_key(ground), None)
    total = len(ground.heads)
    return AgreementProgress(made, total, total)


def _pairs(ground: Ground) -> Mapping[str, PairHunks]:
    """All that was read, kept from step to step: to take it from the cache each time costs as much as a part."""
    key = agreement_key(ground)
    found = _AT_WORK.get(key)
    if found is None:
        found = pairs_read(ground)
        _AT_WORK.clear()
        _AT_WORK[key] = found
    return found


_AT_WORK: dict[str, Mapping[str, PairHunks]] = {}  # of the board that was asked for last


@contextmanager
def _claim(key: str) -> Iterator[bool]:
    """Whether it is ours to make: not if another page is at it."""
    ours = cache_claim(key, claim_s=CLAIM_S)
    try:
        yield ours
    finally:
        if ours:
            cache_unclaim(key)


def _put_together(ground: Ground, parts: Sequence[tuple[PartPlan, Part]]) -> Agreement:
    marks: dict[str, dict[str, Mark]] = {}
    silent: dict[str, frozenset[str]] = {}
    renamed: dict[str, str] = {}
    paths: dict[str, int] = {}
    numbers = []
    for _, part in parts:
        for path, by_letter in part.marks.items():
            marks.setdefault(path, {}).update(by_letter)
        for path, letters in part.silent.items():
            silent[path] = silent.get(path, frozenset()) | letters
        renamed |= part.renamed
        numbers.append([paths.setdefault(path, len(paths)) for path in part.paths])
    kinds = bytearray()
    places: list[int] = []
    masks: list[int] = []
    heard: list[int] = []
    stretches = []
    for rank in range(len(READING_ORDER)):
        for at, ((plan, part), number) in enumerate(zip(parts, numbers, strict=True)):
            first, end = bisect_left(part.kinds, rank), bisect_right(part.kinds, rank)
            if first == end:
                continue
            stretches.append(Stretch(len(kinds), at, plan.key, first))
            kinds += part.kinds[first:end]
            places += [number[place] for place in part.places[first:end]]
            masks += part.masks[first:end]
            heard += part.heard[first:end]
    made = Agreement(
        marks=marks,
        letters=tuple(ground.heads),
        paths=tuple(paths),
        kinds=bytes(kinds),
        places=tuple(places),
        masks=tuple(masks),
        counts=_counts(tuple(ground.heads), kinds, masks),
        heard=_counts(tuple(ground.heads), kinds, heard),
        silent=silent,
        renamed=renamed,
        stretches=tuple(stretches),
    )
    cache_put(agreement_key(ground), made, limit_bytes=LIMIT_BYTES)
    return made


def _counts(
    letters: Sequence[str], kinds: Sequence[int], masks: Sequence[int]
) -> dict[str, tuple[int, ...]]:
    counts = {letter: [0] * len(READING_ORDER) for letter in ("", *letters)}
    for (rank, mask), count in Counter(zip(kinds, masks, strict=True)).items():
        counts[""][rank] += count
        for bit, letter in enumerate(letters):
            if mask >> bit & 1:
                counts[letter][rank] += count
    return {letter: tuple(found) for letter, found in counts.items()}


# ---- places


def places_read(ground: Ground, agreement: Agreement, numbers: Sequence[int]) -> list[Place]:
    """The places with these numbers, in the order given."""
    starts = [stretch.start for stretch in agreement.stretches]
    pieces: dict[tuple[int, int], Sequence[Place]] = {}
    found = []
    for number in numbers:
        stretch = agreement.stretches[bisect_right(starts, number) - 1]
        piece, at = divmod(stretch.first + number - stretch.start, PIECE)
        if (stretch.part, piece) not in pieces:
            kept: Sequence[Place] | None = cache_get(part_key(stretch.key, piece))
            pieces[stretch.part, piece] = kept or _again(ground, stretch.part, piece)
        found.append(pieces[stretch.part, piece][at])
    return found


def _again(ground: Ground, part: int, piece: int) -> Sequence[Place]:
    """Places that the cache has lost."""
    places = part_places(ground, pairs_read(ground), parts_plan(ground)[part])
    return places[piece * PIECE : (piece + 1) * PIECE]


def agreement_key(ground: Ground) -> str:
    facts = cache_key(FORMAT_VERSION, *RULES, *ground.facts)
    return f"agreement:{facts}"
