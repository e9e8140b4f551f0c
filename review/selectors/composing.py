"""What picks come to: read from git, put together by `review.composing`, told to people and programs."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.git.blobs import blobs_read
from orchestrator.git.refs import display_path
from orchestrator.git.trees import tree_entries
from orchestrator.lib.errors import Invalid, NotFound
from orchestrator.lib.words import words_join
from orchestrator.models import Task, Variant
from review.composing.compose import compose, contents_needed, places_of
from review.composing.picks import PickError, ReadBetween, Wish, wish_resolve
from review.composing.types import BASE, Composition, Conflict, Entry, Part, PlaceResult
from review.composing.words import title_default
from review.hunks import About, FileHunks, base_range, range_named
from review.lib.paths import path_text
from review.models import Composition as CompositionRow
from review.selectors.consensus import Ground, ground_of, pairs_read, places_named
from review.selectors.hunks import pair_hunks

PICKS_MAX = 5_000
LIMIT_BYTES = 64_000_000
Files = Mapping[str, Mapping[str, FileHunks]]


@dataclass(frozen=True, slots=True)
class Composed:
    """`files` are the hunks of each Variant that something was picked of, by letter and place.

    `problems` say of picks, by their numbers, why they cannot be had. `between` reads files between two Variants.
    """

    ground: Ground
    files: Files
    result: Composition
    problems: Mapping[int, PickError]
    between: ReadBetween

    @property
    def changes_nothing(self) -> bool:
        return not self.result.writes and not self.result.removes


@dataclass(frozen=True, slots=True)
class Source:
    """How much of the result is from one side: files that were picked whole, hunks of others."""

    letter: str
    files: int
    hunks: int

    @property
    def say(self) -> str:
        parts = [_counted(self.files, "file"), _counted(self.hunks, "hunk")]
        return " and ".join(part for part in parts if part)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if number else ""


def composed_get(*, task: Task, wishes: Sequence[Wish]) -> Composed:
    """Put the picks together in memory; nothing is written. One that cannot be had is refused."""
    composed = composed_try(task=task, wishes=wishes)
    for number, error in composed.problems.items():
        kind = NotFound if error.code == "compose.no-file" else Invalid
        raise kind(error.code, str(error), {"pick": number}) from error
    return composed


def composed_try(*, task: Task, wishes: Sequence[Wish]) -> Composed:
    """Put together those picks that can be had; `problems` say why the others cannot."""
    if len(wishes) > PICKS_MAX:
        raise Invalid("compose.too-many", f"A composition has {PICKS_MAX:,} picks at most.")
    ground = ground_of(task)
    files = _files(task, ground, wishes)
    base = {
        path: Entry(entry.mode, entry.blob)
        for path, entry in tree_entries(hub=ground.hub, commit=ground.base).items()
    }
    names = _names(base, files)
    pairs = functools.cache(lambda: pairs_read(ground))
    named = functools.cache(lambda path: places_named(pairs(), path))
    between = _between(ground)
    picks = []
    problems: dict[int, PickError] = {}
    for number, wish in enumerate(wishes):
        try:
            picks.append(
                wish_resolve(
                    wish,
                    files=files,
                    base=base,
                    names=names,
                    places=named,
                    between=between,
                )
            )
        except PickError as error:
            problems[number] = error
    places = places_of(base=base, files=files, picks=picks)
    contents = _contents(ground.hub, contents_needed(places))
    result = compose(places, base=base, contents=contents)
    return Composed(ground, files, result, problems, between)


def _files(task: Task, ground: Ground, wishes: Iterable[Wish]) -> dict[str, dict[str, FileHunks]]:
    wanted = {letter for wish in wishes for letter in (wish.letter, wish.against) if letter}
    letters = {variant.letter for variant in task.variants.all()}
    for letter in sorted(wanted - letters - {BASE}):
        raise NotFound("variant.not-found", f"This task has no variant {letter[:60]}.")
    if BASE in wanted:  # its hunks are named by what the Variants did there
        wanted = letters
    return {
        letter: {
            file.place: file
            for file in pair_hunks(hub=ground.hub, left=ground.base, right=head).values()
        }
        for letter, head in ground.heads.items()
        if letter in wanted
    }


def _between(ground: Ground) -> ReadBetween:
    """What is between two Variants, or one and the base, is read once, however many picks are."""
    pairs = functools.cache(lambda left, right: pair_hunks(hub=ground.hub, left=left, right=right))
    heads = {**ground.heads, BASE: ground.base}

    @functools.cache
    def between(left: str, right: str, path: str) -> FileHunks | None:
        if left not in heads or right not in heads:
            return None
        pair = pairs(heads[left], heads[right])
        return pair[path] if path in pair else next(pair.at({path}), None)

    return between


def _names(base: Mapping[str, Entry], files: Files) -> dict[str, str]:
    paths = {*base, *(file.path for known in files.values() for file in known.values())}
    return {text: path for path in paths if (text := path_text(path)) != path}


def _contents(hub: Path, blobs: Iterable[str]) -> dict[str, bytes]:
    found = blobs_read(hub=hub, blobs=sorted(blobs), limit_bytes=LIMIT_BYTES)
    contents = {}
    for blob, content in found.items():
        if content.data is None:
            raise Invalid("compose.too-large", "One of the files is too large to be put together.")
        contents[blob] = content.data
    return contents


# ---- what is told of it


def sources_of(result: Composition) -> list[Source]:
    """Where the result is from, most first. Who has a part of it has a file or a hunk: those of whom the
    whole file was picked, and whose it is, have it as one file; all others have their hunks."""
    files: Counter[str] = Counter()
    hunks: Counter[str] = Counter()
    weight: Counter[str] = Counter()
    for place in result.places:
        whole = place.asked_whole.intersection(_whole(place))
        files.update(whole)
        for part in place.parts:
            weight.update(part.letters)
            hunks.update(letter for letter in part.letters if letter not in whole)
    letters = sorted(weight, key=lambda letter: (letter == BASE, -weight[letter], letter))
    return [Source(letter, files[letter], hunks[letter]) for letter in letters]


def _whole(place: PlaceResult) -> tuple[str, ...]:
    """Those whose file it is and of whom something was picked."""
    picked = {letter for part in place.parts for letter in part.letters}
    return tuple(letter for letter in place.whole if letter in picked)


def sources_say(sources: Iterable[Source | Mapping[str, Any]]) -> str:
    """D (25 files) and B (2 hunks)."""
    known = [s if isinstance(s, Source) else Source(**s) for s in sources]
    said = [f"{'the base' if s.letter == BASE else s.letter} ({s.say})" for s in known if s.say]
    return words_join(said)


def title_of(task: Task, sources: Sequence[Source]) -> str:
    """What the commit is called unless somebody says otherwise."""
    letters = [source.letter for source in sources if source.say]
    return title_default(task_title=task.title, summary=sources_say(sources), letters=letters)


def provenance_of(composed: Composed) -> list[dict[str, Any]]:
    """Of each file: `whole`, the Variants whose file it is, else its hunks and where each is from."""
    return [
        {
            "path": path_text(place.path),
            "old_path": path_text(place.place) if place.place != place.path else None,
            "deleted": place.entry is None,
            "whole": list(_whole(place)),
            "parts": [_part(part, place, composed.files) for part in place.parts]
            if not _whole(place)
            else [],
        }
        for place in composed.result.places
        if place.parts
    ]


def _part(part: Part, place: PlaceResult, files: Files) -> dict[str, Any]:
    numbers = {}
    for letter, key in part.keys.items():
        file = files.get(letter, {}).get(place.place)
        number = file.numbers.get(key) if file else None
        if number is not None:
            numbers[letter] = number
    return {
        "letters": list(part.letters),
        "about": str(part.about),
        **_range(part),
        "changes": numbers,
        "keys": dict(part.keys),
        "partly": part.partly,
    }


def _range(change: Part | Conflict) -> dict[str, int]:
    start, count = base_range(change)
    return {"base_start": start, "base_lines": count}


def conflicts_of(result: Composition) -> list[dict[str, Any]]:
    return [
        {
            "path": path_text(conflict.place),
            **_range(conflict),
            "letters": list(conflict.letters),
            "about": str(conflict.about),
            "against": conflict.against,
            "message": conflict.message,
            "options": [
                {"letters": list(option.letters), "text": _texts(option.lines)}
                for option in conflict.options
            ],
        }
        for conflict in result.conflicts
    ]


def _texts(lines: Sequence[bytes] | None) -> list[str] | None:
    if lines is None:
        return None
    return [line.removesuffix(b"\n").decode("utf-8", "replace") for line in lines]


def conflict_sentence(conflict: Mapping[str, Any]) -> str:
    """One contradiction with its place."""
    start, count = conflict["base_start"], conflict["base_lines"]
    where = ""
    if conflict["about"] == About.LINES:
        whose = conflict.get("against", "")
        where = f", {range_named(start, count)}" + (f" of {whose}" if whose else "")
    return f"{display_path(conflict['path'])}{where}: {conflict['message']}"


def composition_payload(row: CompositionRow) -> dict[str, Any]:
    user = row.made_by
    return {
        "made_by": (user.get_full_name() or user.get_username()) if user else "",
        "made_at": row.made_at,
        "title": row.title,
        "why": row.why,
        "contested": row.contested,
        "summary": sources_say(row.sources),
        "sources": row.sources,
        "heads": row.heads,
        "picks": row.picks,
        "files": row.files,
    }


@dataclass(frozen=True, slots=True)
class OriginRow:
    """A file of a composed Variant: whose it is, or what of it is from whom.

    `picked` says which lines, and which places of a file that came to be all of a Variant's.
    """

    path: str
    status: str
    letters: tuple[str, ...]
    parts: tuple[tuple[tuple[str, ...], str], ...]  # letters, and which hunks
    picked: tuple[tuple[str, str], ...] = ()  # letter, and which lines


def composition_rows(row: CompositionRow) -> list[OriginRow]:
    return [_origin(file, row.picks) for file in row.files]


def _origin(file: Mapping[str, Any], picks: Iterable[Mapping[str, Any]]) -> OriginRow:
    """What was picked, once: to who picked a place that is all of a change, it was not a whole file."""
    names = (file["path"], file["old_path"] or file["path"])
    own = [pick for pick in picks if pick.get("path") in names]
    grounds = {pick["variant"] for pick in picks if "path" not in pick}
    whole = {*file["whole"]} - grounds
    by_place = bool(whole) and all("hunks" in pick or "lines" in pick for pick in own)
    told = tuple(said for pick in own if (said := _picked(pick, hunks=by_place)))
    letters = () if by_place and told else tuple(file["whole"])
    return OriginRow(
        path=display_path(file["path"]),
        status="deleted" if file["deleted"] else "renamed" if file["old_path"] else "",
        letters=letters,
        parts=tuple(_parts(file["parts"], {letter for letter, _ in told})),
        picked=told,
    )


def _picked(pick: Mapping[str, Any], *, hunks: bool) -> tuple[str, str] | None:
    """Lines that were picked one by one, and places that went into another one's file; with `hunks` others too."""
    letter = pick["variant"]
    host = pick.get("against") or "the base"
    if lines := pick.get("lines"):
        put, out = (_numbers_say(lines.get(side, ())) for side in ("right", "left"))
        said = [put and f"its {put} put in", out and f"{out} of {host} taken out"]
        return letter, ", ".join(filter(None, said))
    if not (hunks or "against" in pick):
        return None
    told = pick.get("hunks", ())
    refs = [ref for ref in told if isinstance(ref, dict)]
    if not any(ref["base_start"] or ref["base_lines"] for ref in refs):  # a name, or only keys
        return None if refs else (letter, f"{_counted(len(told), 'place')} as {letter} has it")
    where = ", ".join(range_named(ref["base_start"], ref["base_lines"]) for ref in refs)
    return letter, f"{where} of {host} as {letter} has it"


def _numbers_say(numbers: Iterable[int]) -> str:
    """lines 3 to 5, 8"""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    said = [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    plural = len(runs) > 1 or any(len(run) > 1 for run in runs)
    return f"line{'s' if plural else ''} {', '.join(said)}" if said else ""


def _parts(
    parts: Iterable[Mapping[str, Any]], told: Collection[str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Of what only some lines were taken, that of whom it is not told line by line."""
    for part in parts:
        letters, what = _part_say(part)
        if part["partly"]:
            letters = tuple(letter for letter in letters if letter not in told)
        if letters or not part["partly"]:
            yield letters, what


def _part_say(part: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    start, count = part["base_start"], part["base_lines"]
    letters = tuple(letter for letter in part["letters"] if letter != BASE)
    if part["about"] != About.LINES:
        return letters, "name or mode" if part["about"] == About.FACTS else "content"
    where = range_named(start, count) + (" of the base" if start or count else "")
    number = next(iter(part["changes"].values()), 0)
    if number and not part["partly"]:
        return letters, where
    return letters, f"{'some lines' if part['partly'] else 'as in the base'} ({where})"


def composition_of(variant: Variant) -> CompositionRow | None:
    if not variant.composed:
        return None
    return CompositionRow.objects.select_related("made_by").filter(variant=variant).first()
