"""N variants at once: which of their changes agree, which stand alone, which contradict. Pure.

A *group* is a place in the base that at least one variant changed: hunks whose base ranges overlap,
or insertions at the same point. Its *options* are what the variants made of that place. For files that
the base does not have, see `review.new_files`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby, takewhile
from typing import NamedTuple, TypeVar

from review.hunks import About, Fact, FileHunks, Hunk, content_hunk, existence_hunk, touches
from review.import_joins import Join
from review.ranges import Ranges, Span, onwards
from review.voices import NOBODY, Composed, Does, does, voices_of

Of = TypeVar("Of")  # whose a hunk is


class Kind(StrEnum):
    SHARED = "shared"  # two or more variants do the same
    NEAR = "near"  # the same but for white space or the order of imports
    UNIQUE = "unique"  # one variant alone
    CONTRADICTORY = "contradictory"


class Mark(StrEnum):
    """How a variant's change of a file stands to the others' changes of it."""

    SHARED = "shared"
    PARTLY = "partly"
    UNIQUE = "unique"
    CONTRADICTORY = "contradictory"


# The order in which a reader should look.
READING_ORDER = (Kind.CONTRADICTORY, Kind.UNIQUE, Kind.NEAR, Kind.SHARED)


class Option(NamedTuple):
    """What these variants made of the place: they agree on it to the letter. Voices are named first."""

    letters: tuple[str, ...]
    keys: tuple[str, ...]  # of the hunks of the first of them (empty where no hunk of it is it)


class Group(NamedTuple):
    """Base lines start:end (from 0), and by letter the lines of that variant which stand there.

    `voices` are the letters that count; the others are composed and only took what they have here.
    Groups that have a letter in common do not overlap, but for what a composed one took.
    """

    kind: Kind
    start: int
    end: int
    options: tuple[Option, ...]
    spans: Mapping[str, Span]
    voices: tuple[str, ...]
    about: About = About.LINES

    @property
    def letters(self) -> tuple[str, ...]:
        return tuple(sorted(self.spans))


def file_groups(
    files: Mapping[str, FileHunks], composed: Composed = NOBODY, joins: Sequence[Join] = ()
) -> tuple[Group, ...]:
    """The groups of one file that the base has; `files` are the variants that changed it, by letter."""
    replaced = any(h.about is About.CONTENT for file in files.values() for h in file.hunks)
    if replaced:  # in one of them there are no lines to compare, so the whole file is the place
        files = {letter: as_content(file) for letter, file in files.items()}
    found = sorted(
        ((hunk, letter) for letter, file in files.items() for hunk in file.hunks), key=_in_order
    )
    quiet = [(hunk, letter) for hunk, letter in found if composed.is_quiet(letter, hunk)]
    if quiet:  # they part nothing and join nothing
        found = [(hunk, letter) for hunk, letter in found if not composed.is_quiet(letter, hunk)]
    places = [_Place(cluster) for cluster in clusters(found)]
    if joins and not replaced:
        places = _joined(places, joins, composed)
    if quiet:
        in_base = _in_base(places)
        for hunk, letter in quiet:
            for place in in_base.near(hunk.start, hunk.end):
                if any(touches(other, hunk) for other, _ in place.cluster):
                    place.quiet.append((hunk, letter))
    return tuple(_group(place, composed) for place in places)


@dataclass(slots=True, eq=False)
class _Place:
    """Hunks that are about one place. `near`: they are known to come to the same, as wholes."""

    cluster: Sequence[tuple[Hunk, str]]
    quiet: list[tuple[Hunk, str]] = field(default_factory=list)
    near: bool = False


def _in_order(pair: tuple[Hunk, str]) -> tuple[About, int, int, str]:
    hunk, letter = pair
    return hunk.about, hunk.start, hunk.end, letter


def _in_base(places: Iterable[_Place]) -> Ranges[_Place]:
    """Those about lines, by where they are."""
    return Ranges(
        (place.cluster[0][0].start, max(hunk.end for hunk, _ in place.cluster), place)
        for place in places
        if place.cluster[0][0].about is About.LINES
    )


def _joined(places: list[_Place], joins: Sequence[Join], composed: Composed) -> list[_Place]:
    """Places that are one because of what they come to together; none where others have a say in one."""
    in_base = _in_base(places)
    gone: set[int] = set()
    made: list[_Place] = []
    for (start, end), some in groupby(joins, key=lambda join: (join.start, join.end)):
        here = [place for place in in_base.near(start, end) if id(place) not in gone]
        for join in some:
            inside = [place for place in here if any(join.has(h, n) for h, n in place.cluster)]
            one = _join(inside, join, composed)
            if one is not None:
                gone.update(map(id, inside))
                made.append(one)
                here = [*(place for place in here if place not in inside), one]
    left = [place for place in (*places, *made) if id(place) not in gone]
    return sorted(left, key=lambda place: _in_order(place.cluster[0]))


def _join(inside: Sequence[_Place], join: Join, composed: Composed) -> _Place | None:
    pairs = [pair for place in inside for pair in place.cluster]
    said = _said(pairs)
    voices = voices_of(said, composed.letters, since=composed.since)
    heard = {
        name
        for place in inside
        for name in voices_of(_said(place.cluster), composed.letters, since=composed.since)
    }
    alike = len({tuple(sorted(said[letter])) for letter in voices}) < 2
    if alike or not heard <= join.letters:
        return None
    return _Place(sorted(pairs, key=_in_order), near=True)


def _said(pairs: Iterable[tuple[Hunk, str]]) -> dict[str, list[Does]]:
    said: dict[str, list[Does]] = {}
    for hunk, letter in pairs:
        said.setdefault(letter, []).append(does(hunk))
    return said


def existence_told(files: Mapping[str, FileHunks]) -> Mapping[str, FileHunks]:
    """The same files, with the fact that they came or went where lines alone do not tell them apart:
    where some deleted it and others kept it, or some made it empty and others with lines."""
    gone = {letter for letter, file in files.items() if file.status == "D"}
    new = {letter for letter, file in files.items() if file.status == "A"}
    tell = gone if len(gone) < len(files) else set()
    if any(_exists(files[letter]) for letter in new):
        tell = new
    return {
        letter: replace(file, hunks=(existence_hunk(file.status)._replace(key=""), *file.hunks))
        if letter in tell and not _exists(file)
        else file
        for letter, file in files.items()
    }


def _exists(file: FileHunks) -> bool:
    return any(h.about is About.FACTS and h.start == Fact.EXISTS for h in file.hunks)


def group_hunks(group: Group, file: FileHunks) -> tuple[Hunk, ...]:
    """The hunks of one Variant in a group of which it is. Its `options` name those of one of many: equal
    changes of a file are told apart by their order, so another Variant's may have other keys.
    Of a composed one there may be none: git may tell what it took of several as one hunk."""
    start, end, hunks = group.start, group.end, file.hunks
    facts = sum(1 for hunk in takewhile(lambda h: h.about is not About.LINES, hunks))
    if group.about is not About.LINES:
        here: Iterable[Hunk] = hunks[:facts]
    else:  # lines stand after facts, in the order of the base
        first = bisect_left(hunks, start, lo=facts, key=lambda hunk: hunk.start)
        here = takewhile(lambda hunk: hunk.start <= end, onwards(hunks, first))
    return tuple(
        hunk
        for hunk in here
        if hunk.about is group.about
        and (
            # An insertion at an edge of the group is beside it.
            (start == hunk.start == hunk.end == end or start < hunk.start < end)
            if hunk.start == hunk.end
            else start <= hunk.start and hunk.end <= end
        )
    )


def group_hunks_wide(group: Group, file: FileHunks) -> tuple[Hunk, ...]:
    """The same; of a composed Variant also a hunk that is of this group and of others."""
    return group_hunks(group, file) or tuple(
        hunk
        for hunk in file.hunks
        if hunk.about is group.about and hunk.start <= group.start and group.end <= hunk.end
    )


def as_content(file: FileHunks) -> FileHunks:
    """The file as one hunk that replaces all of it."""
    facts = (hunk for hunk in file.hunks if hunk.about is About.FACTS)
    return replace(file, hunks=(*facts, content_hunk(file.old_blob, file.new_blob)))


def clusters(found: Sequence[tuple[Hunk, Of]]) -> Iterator[list[tuple[Hunk, Of]]]:
    """Hunks that overlap, directly or through others. `found` is in the order of the base, by kind."""
    cluster: list[tuple[Hunk, Of]] = []
    end = -1
    for hunk, letter in found:
        if cluster and not _touches(cluster, end, hunk):
            yield cluster
            cluster = []
        end = max(end, hunk.end) if cluster else hunk.end
        cluster.append((hunk, letter))
    if cluster:
        yield cluster


def _touches(cluster: Sequence[tuple[Hunk, Of]], end: int, hunk: Hunk) -> bool:
    """Whether a hunk that begins no earlier than those of the cluster overlaps one of them.

    An insertion at either edge of a changed range is beside it, not in it; insertions at the same
    point meet. They sort before a range that begins there, so `end` alone decides for the rest.
    """
    if cluster[0][0].about is not hunk.about:
        return False
    if hunk.start < end:
        return True
    return hunk.start == hunk.end and any(
        other.start == other.end == hunk.start for other, _ in cluster
    )


def _group(place: _Place, composed: Composed) -> Group:
    cluster = place.cluster
    start = min(hunk.start for hunk, _ in cluster)
    end = max(hunk.end for hunk, _ in cluster)
    by_letter: dict[str, list[Hunk]] = {}
    members = sorted([*cluster, *place.quiet], key=_in_order) if place.quiet else cluster
    for hunk, letter in members:
        by_letter.setdefault(letter, []).append(hunk)
    said = {letter: tuple(map(does, hunks)) for letter, hunks in by_letter.items()}
    voices = voices_of(said, composed.letters, composed.quiet, composed.since)
    near = {tuple((h.start, h.end, h.near) for h in by_letter[letter]) for letter in voices}
    options = options_of(said, voices, hunks=by_letter)
    return Group(
        kind=kind_of(options, voices, near=place.near or len(near) == 1),
        start=start,
        end=end,
        options=options,
        spans={letter: _span(hunks, start, end) for letter, hunks in sorted(by_letter.items())},
        voices=voices,
        about=cluster[0][0].about,
    )


_NO_HUNKS: Mapping[str, Sequence[Hunk]] = {}


def options_of(
    said: Mapping[str, Hashable],
    voices: Sequence[str],
    *,
    hunks: Mapping[str, Sequence[Hunk]] = _NO_HUNKS,
) -> tuple[Option, ...]:
    """Who says the same: those first that most voices have, and in each of them its voices."""
    same: dict[Hashable, list[str]] = {}
    for letter in (*voices, *sorted(said.keys() - set(voices))):
        same.setdefault(said[letter], []).append(letter)
    options = [
        Option(tuple(letters), tuple(h.key for h in hunks.get(letters[0], ()) if h.key))
        for letters in same.values()
    ]
    every = set(voices)
    return tuple(
        sorted(options, key=lambda o: (-len(every & {*o.letters}), -len(o.letters), o.letters))
    )


def kind_of(options: Iterable[Option], voices: Sequence[str], *, near: bool) -> Kind:
    if len(voices) == 1:
        return Kind.UNIQUE
    if sum(option.letters[0] in voices for option in options) == 1:  # voices are named first
        return Kind.SHARED
    return Kind.NEAR if near else Kind.CONTRADICTORY


def _span(hunks: Sequence[Hunk], start: int, end: int) -> Span:
    """The lines of the variant that stand where base lines start:end stood."""
    first, last = hunks[0], hunks[-1]
    return first.right_start - (first.start - start), last.right_end + (end - last.end)


# ---- marks of the board


def file_marks(
    groups: Sequence[Group], touched: Iterable[str], composed: Collection[str] = ()
) -> dict[str, Mark]:
    """A mark for each variant that touched the file."""
    letters = sorted(touched)
    everyone = len(letters) - len(silent_in(groups, letters, composed))
    return {
        letter: _mark([g for g in groups if letter in g.spans], letter, everyone)
        for letter in letters
    }


def silent_in(
    groups: Iterable[Group], touched: Iterable[str], composed: Collection[str]
) -> frozenset[str]:
    """The composed variants among those that touched the file which have nothing of their own in it."""
    if not composed:
        return frozenset()
    heard = {letter for group in groups for letter in group.voices}
    return frozenset(letter for letter in touched if letter in composed and letter not in heard)


def _mark(mine: Sequence[Group], letter: str, everyone: int) -> Mark:
    kinds = [group.kind for group in mine]
    if Kind.CONTRADICTORY in kinds:
        return Mark.CONTRADICTORY
    agreed = [_agreed(group, letter) for group in mine]
    if mine and all(g.kind is Kind.UNIQUE and letter not in g.voices for g in mine):
        return Mark.UNIQUE  # composed, and only of what one other variant alone has
    if mine and all(agreed) and all(len(group.voices) == everyone for group in mine):
        return Mark.SHARED
    if any(agreed) or any(g.kind is Kind.NEAR or letter not in g.voices for g in mine):
        return Mark.PARTLY
    return Mark.UNIQUE


def _agreed(group: Group, letter: str) -> bool:
    """Whether all voices in the place say what this variant has there, and others are among them."""
    if group.kind is Kind.SHARED or (group.kind is Kind.UNIQUE and letter not in group.voices):
        option = next(option for option in group.options if letter in option.letters)
        return any(name != letter and name in group.voices for name in option.letters)
    return False
