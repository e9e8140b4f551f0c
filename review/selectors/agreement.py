"""How the Variants of a Task agree: a mark for each file and Variant, and every place in reading order.

All of it is kept by the commits it was made of: a small index that counts and filters, and the places
themselves in pieces, of which a page reads the few it shows. It is made in steps that a page can show: each
Variant is read, each part of the files compared, and kept at once. So whoever dies loses one of them, and pages
that ask at the same time share the work: what one has claimed the others leave to it.

Where the cache keeps nothing (it cannot be reached, is full, or the value is too large), steps would begin
anew each time: then it is made in one go, and this process remembers what came of it.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from orchestrator.lib.errors import Unavailable
from review.compare import READING_ORDER, Kind, Mark
from review.diff import FORMAT_VERSION
from review.lib.cache import (
    cache_claim,
    cache_get,
    cache_has,
    cache_key,
    cache_put,
    cache_unclaim,
)
from review.selectors.agreement_parts import (
    PIECE,
    RULES,
    Marks,
    Part,
    PartPlan,
    Place,
    Work,
    part_has,
    part_key,
    part_known,
    part_make,
    part_places,
    parts_plan,
    parts_planned,
    work_read,
)
from review.selectors.compare import copies_read
from review.selectors.consensus import Ground
from review.selectors.hunks import LIMIT_BYTES, pair_hunks, pair_hunks_known, pair_key
from review.selectors.remembered import Bench, Few

STEP_S = 0.6
READERS = 2  # while one waits for git, the other takes apart what git said
CLAIM_S = 20  # who has died by then leaves it to the next
WAIT_S = 25.0  # how long a program waits for an answer, less than its patience; then it is told to ask again
LOOK_S = 0.2  # how often it looks whether what another one is at is done


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
    work = work_read(ground)
    plans = parts_plan(ground, lambda: work)
    return _put_together(
        ground, [(plan, part_known(plan) or part_make(work, plan)) for plan in plans]
    )


def agreement_wait(ground: Ground) -> Agreement:
    """Step by step as pages do, for a while; then whoever asks is told how far it is, and asks again."""
    deadline = time.monotonic() + WAIT_S
    before = None
    while (step := agreement_step(ground)).agreement is None:
        if time.monotonic() > deadline:
            raise Unavailable(
                "board.pending",
                "The variants are still being read and compared. Ask again in a moment.",
                {"done": step.done, "total": step.total, "comparing": step.comparing},
            )
        if step == before:  # another one is at the rest
            time.sleep(LOOK_S)
        before = step
    return step.agreement


def agreement_known(ground: Ground) -> Agreement | None:
    """What was found before; None where it would have to be read first."""
    key = agreement_key(ground)
    found: Agreement | None = cache_get(key)
    return found or _MADE.get(key)


def agreement_step(ground: Ground, *, step_s: float = STEP_S) -> AgreementProgress:
    """Go on for about `step_s` (one Variant or part at least), so that a page can show how far it is."""
    total = len(ground.heads)
    known = agreement_known(ground)
    if known is not None:
        return AgreementProgress(known, total, total)
    deadline = time.monotonic() + step_s
    if agreement_key(ground) in _AT_ONCE:
        return _elsewhere(ground)
    try:
        unread = _read_on(ground, deadline)
        if unread:
            return AgreementProgress(None, total - len(unread), total, unread[0])
        return _compare_on(ground, deadline)
    except _NotKeptError:
        return _all_at_once(ground)


class _NotKeptError(Exception):
    """The cache does not have what was made a moment ago."""


def _kept(there: bool) -> None:
    if not there:
        raise _NotKeptError


def _all_at_once(ground: Ground) -> AgreementProgress:
    key, total = agreement_key(ground), len(ground.heads)
    with _ONE:
        if key in _AT_ONCE:
            return _elsewhere(ground)
        _AT_ONCE.add(key)
    try:
        return AgreementProgress(agreement_get(ground), total, total)
    finally:
        _AT_ONCE.discard(key)


def _elsewhere(ground: Ground) -> AgreementProgress:
    """Another page is at it, and cannot say how far."""
    return AgreementProgress(None, 0, len(ground.heads), next(iter(ground.heads), ""))


_ONE = threading.Lock()
_AT_ONCE: set[str] = set()  # what is made in one go just now
_MADE: Few[Agreement] = Few(3)  # what came of it
_BENCH: Bench[Work] = Bench(forget_s=30.0)  # of the board that was asked for last


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
                _kept(pair_hunks_known(left=ground.base, right=head))
                copies_read(hub=ground.hub, left=ground.base, right=head)  # the board shows them
        return ours

    with ThreadPoolExecutor(max_workers=READERS) as pool:
        done = list(pool.map(read, range(len(unread)), unread.values()))
    return [letter for letter, ready in zip(unread, done, strict=True) if not ready]


def _compare_on(ground: Ground, deadline: float) -> AgreementProgress:
    fresh = not parts_planned(ground)
    plans = parts_plan(ground, lambda: _work(ground))
    _kept(parts_planned(ground))
    waiting = [plan for plan in plans if not part_has(plan)]
    files = sum(len(plan.places) for plan in plans)
    left = sum(len(plan.places) for plan in waiting)
    for plan in waiting:
        if fresh and time.monotonic() > deadline:
            break
        with _claim(part_key(plan.key)) as ours:
            if ours and not part_has(plan):
                part_make(_work(ground), plan)
                _kept(part_has(plan))
                fresh = True
        left -= len(plan.places) if ours else 0
    progress = AgreementProgress(None, files - left, files, comparing=True)
    if left or (fresh and time.monotonic() > deadline):
        return progress
    with _claim(agreement_key(ground)) as ours:
        if not ours:
            return progress
        for head in ground.heads.values():
            copies_read(hub=ground.hub, left=ground.base, right=head)
        parts = [(plan, part_known(plan) or part_make(_work(ground), plan)) for plan in plans]
        made = _put_together(ground, parts)
    _BENCH.clear(agreement_key(ground))
    total = len(ground.heads)
    return AgreementProgress(made, total, total)


def _work(ground: Ground) -> Work:
    """All that was read, kept from step to step: to take it from the cache each time costs as much as a part."""
    return _BENCH.get(agreement_key(ground), lambda: work_read(ground))


@contextmanager
def _claim(key: str) -> Iterator[bool]:
    """Whether it is ours to make: not if another page is at it."""
    ours = cache_claim(key, claim_s=CLAIM_S)
    try:
        yield bool(ours)
    finally:
        if ours:
            cache_unclaim(key, ours)


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
    key = agreement_key(ground)
    cache_put(key, made, limit_bytes=LIMIT_BYTES)
    if not cache_has(key):
        _MADE.put(key, made)
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
    work = cache(lambda: work_read(ground))
    plans = cache(lambda: parts_plan(ground, work))
    lost: dict[int, Sequence[Place]] = {}
    pieces: dict[tuple[int, int], Sequence[Place]] = {}
    found = []
    for number in numbers:
        stretch = agreement.stretches[bisect_right(starts, number) - 1]
        piece, at = divmod(stretch.first + number - stretch.start, PIECE)
        if (stretch.part, piece) not in pieces:
            kept: Sequence[Place] | None = cache_get(part_key(stretch.key, piece))
            if not kept:  # the cache has lost it
                if stretch.part not in lost:
                    lost[stretch.part] = part_places(work(), plans()[stretch.part])
                kept = lost[stretch.part][piece * PIECE : (piece + 1) * PIECE]
            pieces[stretch.part, piece] = kept
        found.append(pieces[stretch.part, piece][at])
    return found


def agreement_key(ground: Ground) -> str:
    facts = cache_key(FORMAT_VERSION, *RULES, *ground.facts)
    return f"agreement:{facts}"
