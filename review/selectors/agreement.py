"""How the Variants of a Task agree: a mark for each file and Variant, and every place in reading order.

All of it comes from one walk over the hunks, and is kept by the commits it was made of: a small index
that counts and filters, and the places themselves in pieces, of which a page reads the few it shows.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from review.compare import READING_ORDER, Group, Kind, Mark, file_marks
from review.diff import FORMAT_VERSION
from review.hunks import FileHunks
from review.lib.cache import cache_claim, cache_get, cache_key, cache_put, cache_unclaim
from review.selectors.consensus import FileConsensus, Ground, files_consensus
from review.selectors.hunks import LIMIT_BYTES, pair_hunks, pair_hunks_known

STEP_S = 0.8
CLAIM_S = 60  # who has died by then leaves it to the next
PIECE = 200

Marks = Mapping[str, Mapping[str, Mark]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """`marks` by path of the Variant's file, then letter. The other fields have one entry a place.

    `places` are indices into `paths`; `masks` have a bit for each of `letters` that is involved.
    `renamed` leads from a Variant's name of a file to the one it has here, the base's.
    """

    marks: Marks
    letters: tuple[str, ...]
    paths: tuple[str, ...]
    kinds: bytes
    places: tuple[int, ...]
    masks: tuple[int, ...]
    renamed: Mapping[str, str]

    @property
    def contradictory(self) -> int:
        return self.count(Kind.CONTRADICTORY)

    @property
    def unique(self) -> int:
        return self.count(Kind.UNIQUE)

    @property
    def shared(self) -> int:
        return self.count(Kind.NEAR) + self.count(Kind.SHARED)

    def count(self, kind: Kind, letter: str = "") -> int:
        """Places of a kind; with a letter, those where that Variant has a part."""
        wanted = READING_ORDER.index(kind)
        if not letter:
            return self.kinds.count(wanted)
        bit = 1 << self.letters.index(letter)
        return sum(
            k == wanted and bool(m & bit) for k, m in zip(self.kinds, self.masks, strict=True)
        )


class Place(NamedTuple):
    """A group of hunks, and the file (without its hunks) of each Variant that changed it."""

    path: str
    group: Group
    files: Mapping[str, FileHunks]


@dataclass(frozen=True, slots=True)
class AgreementProgress:
    """`agreement` is None until all Variants are read; `letter` is the one that is read next."""

    agreement: Agreement | None
    done: int
    total: int
    letter: str = ""


def agreement_get(ground: Ground) -> Agreement:
    return agreement_known(ground) or _make(ground)


def agreement_known(ground: Ground) -> Agreement | None:
    """What was found before; None where it would have to be read first."""
    found: Agreement | None = cache_get(agreement_key(ground))
    return found


def agreement_step(ground: Ground, *, step_s: float = STEP_S) -> AgreementProgress:
    """Read on for about `step_s` (one Variant at least), so that a page can show how far it is."""
    total = len(ground.heads)
    known = agreement_known(ground)
    if known is not None:
        return AgreementProgress(known, total, total)
    deadline = time.monotonic() + step_s
    done = fresh = 0
    for letter, head in ground.heads.items():
        if not pair_hunks_known(left=ground.base, right=head):
            if fresh and time.monotonic() > deadline:
                return AgreementProgress(None, done, total, letter)
            pair_hunks(hub=ground.hub, left=ground.base, right=head)
            fresh += 1
        done += 1
    if fresh and time.monotonic() > deadline:
        return AgreementProgress(None, done, total)
    if not cache_claim(agreement_key(ground), claim_s=CLAIM_S):  # another page has begun with it
        return AgreementProgress(None, done, total)
    try:
        return AgreementProgress(_make(ground), total, total)
    finally:
        cache_unclaim(agreement_key(ground))


def places_read(ground: Ground, numbers: Sequence[int]) -> list[Place]:
    """The places with these numbers, in the order given."""
    wanted = {number // PIECE for number in numbers}
    pieces = {piece: cache_get(agreement_key(ground, piece)) for piece in wanted}
    if any(found is None for found in pieces.values()):
        places = _places(ground, files_consensus(ground))
        _places_keep(ground, places)
        return [places[number] for number in numbers if number < len(places)]
    return [pieces[number // PIECE][number % PIECE] for number in numbers]


def _make(ground: Ground) -> Agreement:
    files = list(files_consensus(ground))
    marks: dict[str, dict[str, Mark]] = {}
    for file in files:
        for letter, mark in file_marks(file.groups, file.files).items():
            marks.setdefault(file.files[letter].path, {})[letter] = mark
    places = _places(ground, files)
    made = _index(ground, marks, places, files)
    _places_keep(ground, places)
    cache_put(agreement_key(ground), made, limit_bytes=LIMIT_BYTES)
    return made


def _places_keep(ground: Ground, places: Sequence[Place]) -> None:
    for start in range(0, len(places), PIECE):
        cache_put(agreement_key(ground, start // PIECE), places[start : start + PIECE])


def _index(
    ground: Ground, marks: Marks, places: Sequence[Place], files: Sequence[FileConsensus]
) -> Agreement:
    bits = {letter: 1 << n for n, letter in enumerate(ground.heads)}
    paths: dict[str, int] = {}
    return Agreement(
        marks=marks,
        letters=tuple(ground.heads),
        kinds=bytes(READING_ORDER.index(place.group.kind) for place in places),
        places=tuple(paths.setdefault(place.path, len(paths)) for place in places),
        masks=tuple(sum(bits[letter] for letter in place.group.spans) for place in places),
        paths=tuple(paths),
        renamed={
            change.path: file.path
            for file in files
            for change in file.files.values()
            if change.path != file.path
        },
    )


def _places(ground: Ground, files: Iterable[FileConsensus]) -> list[Place]:
    """All places, those first that a reader should look at first; files whole and in order."""
    found = []
    for file in files:
        bare = {letter: change._replace(hunks=()) for letter, change in file.files.items()}
        found += [Place(file.path, group, bare) for group in file.groups]
    found.sort(key=lambda place: READING_ORDER.index(place.group.kind))
    return found


def agreement_key(ground: Ground, piece: int | None = None) -> str:
    facts = cache_key(FORMAT_VERSION, PIECE, ground.base, tuple(ground.heads.items()))
    return f"agreement:{facts}" if piece is None else f"places:{facts}:{piece}"
