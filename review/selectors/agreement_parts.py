"""The files of a Task in parts, each small enough to be compared in a moment, and what came of each.

A part is known by what is in it: when a Variant changes, only the parts with its changed files are new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import NamedTuple

from review.compare import READING_ORDER, Group, Mark, file_marks, silent_in
from review.diff import FORMAT_VERSION
from review.hunks import FileHunks
from review.lib.cache import cache_get, cache_has, cache_key, cache_put_many, cached
from review.selectors.consensus import (
    FileConsensus,
    Ground,
    began_read,
    consensus_at,
    pairs_read,
)
from review.selectors.hunks import LIMIT_BYTES, Packed, PairHunks

PIECE = 200  # places that are kept together
CUT_EVERY = 64  # files of a part, about: names decide, so that a new file moves no cut but its own
WEIGHT_MAX = 1_500_000
LINE_WEIGHT = 40  # of a new file's line: to align it costs as much as that many bytes of hunks

VOICES = 2  # by which rules variants count

RULES = (FORMAT_VERSION, VOICES, PIECE, CUT_EVERY, WEIGHT_MAX, LINE_WEIGHT)  # that make other parts

Marks = Mapping[str, Mapping[str, Mark]]


class Place(NamedTuple):
    """A group of hunks, and the file (without its hunks) of each Variant that changed it."""

    path: str
    group: Group
    files: Mapping[str, FileHunks]


@dataclass(frozen=True, slots=True)
class Work:
    """All that was read: what each Variant did to the base, and what composed ones began with."""

    ground: Ground
    pairs: Mapping[str, PairHunks]
    began: Mapping[str, PairHunks]


def work_read(ground: Ground) -> Work:
    pairs = pairs_read(ground)
    return Work(ground, pairs, began_read(ground, pairs))


@dataclass(frozen=True, slots=True)
class PartPlan:
    """`places` are files, by the base's name of them."""

    key: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What came of the files of a part: fields as in `Agreement`, those of places in its reading order."""

    marks: Marks
    paths: tuple[str, ...]
    kinds: bytes
    places: tuple[int, ...]
    masks: tuple[int, ...]
    heard: tuple[int, ...]
    silent: Mapping[str, frozenset[str]]
    renamed: Mapping[str, str]


def parts_plan(ground: Ground, read: Callable[[], Work] | None = None) -> tuple[PartPlan, ...]:
    """All files that a Variant changed, in parts, in the order of paths. `read` is asked for what is read of
    them, if it has to be."""

    def make() -> tuple[PartPlan, ...]:
        return _plan(ground, read().pairs if read else pairs_read(ground))

    return cached(_plan_key(ground), make, limit_bytes=LIMIT_BYTES)


def parts_planned(ground: Ground) -> bool:
    """Whether that was found out before."""
    return cache_has(_plan_key(ground))


def _plan_key(ground: Ground) -> str:
    return f"parts:{cache_key(RULES, *ground.facts)}"


def _plan(ground: Ground, pairs: Mapping[str, PairHunks]) -> tuple[PartPlan, ...]:
    inside: dict[str, list[tuple[str, Packed]]] = {}
    for letter, pair in pairs.items():
        for packed in pair.packed():
            inside.setdefault(packed.place, []).append((letter, packed))
    plans = []
    places: list[str] = []
    weight = 0
    for place in sorted(inside):
        places.append(place)
        weight += sum(len(file.data) + LINE_WEIGHT * file.lines for _, file in inside[place])
        if weight > WEIGHT_MAX or not _number(place) % CUT_EVERY:
            plans.append(_part_plan(ground, places, inside))
            places, weight = [], 0
    if places:
        plans.append(_part_plan(ground, places, inside))
    return tuple(plans)


def _number(place: str) -> int:
    name = place.encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(name, digest_size=4).digest())


def _part_plan(
    ground: Ground, places: Sequence[str], inside: Mapping[str, Sequence[tuple[str, Packed]]]
) -> PartPlan:
    # What a composed Variant began with decides what of it is its own.
    began = (ground.base, *ground.composed.items()) if ground.composed else ()
    found = blake2b(repr((RULES, tuple(ground.heads), began)).encode(), digest_size=16)
    for place in places:
        for letter, packed in inside[place]:
            found.update(b"%s %d " % (letter.encode(), len(packed.data)))
            found.update(packed.data)
    return PartPlan(found.hexdigest(), tuple(places))


# ---- one part


def part_known(plan: PartPlan) -> Part | None:
    found: Part | None = cache_get(part_key(plan.key))
    return found


def part_has(plan: PartPlan) -> bool:
    return cache_has(part_key(plan.key))


def part_make(work: Work, plan: PartPlan) -> Part:
    ground, files = work.ground, _files(work, plan)
    marks: dict[str, dict[str, Mark]] = {}
    silent: dict[str, frozenset[str]] = {}
    for file in files:
        for letter, mark in file_marks(file.groups, file.files, ground.composed).items():
            marks.setdefault(file.files[letter].path, {})[letter] = mark
        for letter in silent_in(file.groups, file.files, ground.composed):
            path = file.files[letter].path
            silent[path] = silent.get(path, frozenset()) | {letter}
    places = _places(files)
    bits = {letter: 1 << n for n, letter in enumerate(ground.heads)}
    paths: dict[str, int] = {}
    part = Part(
        marks=marks,
        kinds=bytes(READING_ORDER.index(place.group.kind) for place in places),
        places=tuple(paths.setdefault(place.path, len(paths)) for place in places),
        masks=tuple(sum(bits[letter] for letter in place.group.spans) for place in places),
        heard=tuple(sum(bits[letter] for letter in place.group.voices) for place in places),
        silent=silent,
        paths=tuple(paths),
        renamed={
            change.path: file.path
            for file in files
            for change in file.files.values()
            if change.path != file.path
        },
    )
    cache_put_many({**_pieces(plan, places), part_key(plan.key): part}, limit_bytes=LIMIT_BYTES)
    return part


def part_places(work: Work, plan: PartPlan) -> Sequence[Place]:
    """The places of a part anew, where the cache has lost some of them."""
    places = _places(_files(work, plan))
    cache_put_many(_pieces(plan, places), limit_bytes=LIMIT_BYTES)
    return places


def _files(work: Work, plan: PartPlan) -> list[FileConsensus]:
    return list(consensus_at(work.ground, work.pairs, set(plan.places), work.began))


def _pieces(plan: PartPlan, places: Sequence[Place]) -> dict[str, Sequence[Place]]:
    return {
        part_key(plan.key, start // PIECE): places[start : start + PIECE]
        for start in range(0, len(places), PIECE)
    }


def _places(files: Sequence[FileConsensus]) -> list[Place]:
    """All places, those first that a reader should look at first; files whole and in order."""
    found = []
    for file in files:
        bare = {letter: replace(change, hunks=()) for letter, change in file.files.items()}
        found += [Place(file.path, group, bare) for group in file.groups]
    found.sort(key=lambda place: READING_ORDER.index(place.group.kind))
    return found


def part_key(key: str, piece: int | None = None) -> str:
    return f"part:{key}" if piece is None else f"places:{key}:{piece}"
