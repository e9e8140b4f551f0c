"""Picks of several Variants put together: a tree's changes, where each is from, what contradicts. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from review.composing.lines import Texts
from review.composing.places import blobs_needed, place_compose
from review.composing.types import (
    BASE,
    Composition,
    Conflict,
    Entry,
    Option,
    Pick,
    Place,
    PlaceResult,
)
from review.hunks import About, FileHunks

__all__ = ["compose", "contents_needed", "places_of"]

Files = Mapping[str, Mapping[str, FileHunks]]  # by letter and place


def places_of(*, base: Mapping[str, Entry], files: Files, picks: Iterable[Pick]) -> list[Place]:
    """All files that the picks are about, in the order of their names."""
    grounds = frozenset(pick.letter for pick in picks if pick.place is None)
    by_name: dict[str, list[Pick]] = {}
    for pick in picks:
        if pick.place is not None:
            by_name.setdefault(pick.place, []).append(pick)
    names = {*by_name, *(name for letter in grounds for name in files.get(letter, {}))}
    return [
        Place(
            name=name,
            base=base.get(name),
            files={letter: known[name] for letter, known in files.items() if name in known},
            grounds=grounds,
            picks=tuple(by_name.get(name, ())),
        )
        for name in sorted(names)
    ]


def contents_needed(places: Iterable[Place]) -> frozenset[str]:
    return frozenset().union(*map(blobs_needed, places))


def compose(
    places: Sequence[Place], *, base: Mapping[str, Entry], contents: Mapping[str, bytes]
) -> Composition:
    """Put together what fits. `contents` are the blobs of `contents_needed`, by id."""
    texts = Texts(contents)
    results = [place_compose(place, texts) for place in places]
    conflicts = [conflict for result in results for conflict in result.conflicts]
    clashes = [*_clashes(places, results, base)]
    refused = {place for place, _ in clashes}
    results = [result for result in results if result.place not in refused]
    writes, removes = _tree(results, base)
    return Composition(
        places=tuple(results),
        conflicts=(*conflicts, *(conflict for _, conflict in clashes)),
        writes=writes,
        removes=removes,
    )


def _tree(
    results: Iterable[PlaceResult], base: Mapping[str, Entry]
) -> tuple[dict[str, Entry], frozenset[str]]:
    writes = {r.path: r.entry for r in results if r.entry and base.get(r.path) != r.entry}
    gone = {r.place for r in results if r.place in base and (r.entry is None or r.path != r.place)}
    return writes, frozenset(gone - writes.keys())


def _clashes(
    places: Sequence[Place], results: Sequence[PlaceResult], base: Mapping[str, Entry]
) -> Iterator[tuple[str, Conflict]]:
    """Files that cannot be in one tree: of one name, or a file where another one needs a folder."""
    there = [result for result in results if result.entry]
    gone = {r.place for r in results if not r.entry or r.path != r.place}
    owners: dict[str, set[str]] = {}
    by_place = {
        place.name: _sides(place, result) for place, result in zip(places, results, strict=True)
    }
    counted = Counter(result.path for result in there)
    fresh = [r for r in there if r.path not in base or r.path != r.place]
    if not fresh:
        return
    final = {path for path in base if path not in gone} | counted.keys()
    for result in there:
        owners.setdefault(result.path, set()).update(by_place[result.place])
    folders = {folder for path in final for folder in _folders(path)}
    for result in fresh:
        mine = by_place[result.place]
        path = result.path
        if counted[path] > 1 or (path in base and path not in gone and path != result.place):
            others = owners[path] if counted[path] > 1 else mine | {BASE}
            yield result.place, _clash(path, others, "would be two files of one name.")
        for folder in _folders(path):
            if folder in final:
                others = mine | owners.get(folder, {BASE})
                yield (
                    result.place,
                    _clash(path, others, f"needs a folder where {folder} is a file."),
                )
        if path in folders:
            inside = (o for p, o in owners.items() if p.startswith(path + "/"))
            others = (
                mine.union(*inside)
                if any(p.startswith(path + "/") for p in owners)
                else mine | {BASE}
            )
            yield result.place, _clash(path, others, "is a file where others need a folder.")


def _sides(place: Place, result: PlaceResult) -> set[str]:
    return {letter for part in result.parts for letter in part.letters} or set(place.letters)


def _folders(path: str) -> Iterator[str]:
    at = path.rfind("/")
    while at > 0:
        yield path[:at]
        at = path.rfind("/", 0, at)


def _clash(path: str, letters: Iterable[str], message: str) -> Conflict:
    options = tuple(Option((letter,), None) for letter in sorted(set(letters)))
    return Conflict(place=path, options=options, message=f"It {message}", about=About.FACTS)
