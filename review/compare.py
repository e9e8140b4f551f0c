"""N variants at once: which of their changes agree, which stand alone, which contradict. Pure.

A *group* is a place in the base that at least one variant changed: hunks whose base ranges overlap,
or insertions at the same point. Its *options* are what the variants made of that place. For files that
the base does not have, see `review.new_files`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice, takewhile
from typing import NamedTuple, TypeVar

from review.hunks import About, Fact, FileHunks, Hunk, content_hunk, existence_hunk

Span = tuple[int, int]
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
    """What these variants made of the place: they agree on it to the letter."""

    letters: tuple[str, ...]
    keys: tuple[str, ...]  # of the hunks of the first of them (empty where no hunk of it is it)


class Group(NamedTuple):
    """Base lines start:end (from 0), and by letter the lines of that variant which stand there."""

    kind: Kind
    start: int
    end: int
    options: tuple[Option, ...]
    spans: Mapping[str, Span]
    about: About = About.LINES

    @property
    def letters(self) -> tuple[str, ...]:
        return tuple(sorted(self.spans))


def file_groups(files: Mapping[str, FileHunks]) -> tuple[Group, ...]:
    """The groups of one file that the base has; `files` are the variants that changed it, by letter."""
    replaced = any(h.about is About.CONTENT for file in files.values() for h in file.hunks)
    if replaced:  # in one of them there are no lines to compare, so the whole file is the place
        files = {letter: as_content(file) for letter, file in files.items()}
    found = sorted(
        ((hunk, letter) for letter, file in files.items() for hunk in file.hunks),
        key=lambda pair: (pair[0].about, pair[0].start, pair[0].end, pair[1]),
    )
    return tuple(_group(cluster, files) for cluster in clusters(found))


def existence_told(files: Mapping[str, FileHunks]) -> Mapping[str, FileHunks]:
    """The same files, with the fact that they came or went where lines alone do not tell them apart:
    where some deleted it and others kept it, or some made it empty and others with lines."""
    gone = {letter for letter, file in files.items() if file.status == "D"}
    new = {letter for letter, file in files.items() if file.status == "A"}
    tell = gone if len(gone) < len(files) else set()
    if any(_exists(files[letter]) for letter in new):
        tell = new
    return {
        letter: file._replace(hunks=(existence_hunk(file.status)._replace(key=""), *file.hunks))
        if letter in tell and not _exists(file)
        else file
        for letter, file in files.items()
    }


def _exists(file: FileHunks) -> bool:
    return any(h.about is About.FACTS and h.start == Fact.EXISTS for h in file.hunks)


def group_hunks(group: Group, file: FileHunks) -> tuple[Hunk, ...]:
    """The hunks of one Variant that a group is made of. Its `options` name those of one of many: equal
    changes of a file are told apart by their order, so another Variant's may have other keys."""
    start, end, hunks = group.start, group.end, file.hunks
    facts = sum(1 for hunk in takewhile(lambda h: h.about is not About.LINES, hunks))
    if group.about is not About.LINES:
        here: Iterable[Hunk] = hunks[:facts]
    else:  # lines stand after facts, in the order of the base
        first = bisect_left(hunks, start, lo=facts, key=lambda hunk: hunk.start)
        here = takewhile(lambda hunk: hunk.start <= end, islice(hunks, first, None))
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


def as_content(file: FileHunks) -> FileHunks:
    """The file as one hunk that replaces all of it."""
    facts = (hunk for hunk in file.hunks if hunk.about is About.FACTS)
    return file._replace(hunks=(*facts, content_hunk(file.old_blob, file.new_blob)))


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


def _group(cluster: Sequence[tuple[Hunk, str]], files: Mapping[str, FileHunks]) -> Group:
    start = min(hunk.start for hunk, _ in cluster)
    end = max(hunk.end for hunk, _ in cluster)
    about = cluster[0][0].about
    by_letter: dict[str, list[Hunk]] = {}
    for hunk, letter in cluster:
        by_letter.setdefault(letter, []).append(hunk)
    same: dict[tuple[tuple[int, int, str], ...], list[str]] = {}
    near: set[tuple[tuple[int, int, str], ...]] = set()
    for letter, hunks in by_letter.items():
        same.setdefault(tuple((h.start, h.end, h.added) for h in hunks), []).append(letter)
        near.add(tuple((h.start, h.end, h.near) for h in hunks))
    options = tuple(
        Option(tuple(sorted(letters)), tuple(h.key for h in by_letter[letters[0]] if h.key))
        for letters in same.values()
    )
    return Group(
        kind=kind_of(len(options), len(by_letter), near=len(near) == 1),
        start=start,
        end=end,
        options=tuple(sorted(options, key=lambda o: (-len(o.letters), o.letters))),
        spans={letter: _span(hunks, start, end) for letter, hunks in sorted(by_letter.items())},
        about=about,
    )


def kind_of(options: int, letters: int, *, near: bool) -> Kind:
    if letters == 1:
        return Kind.UNIQUE
    if options == 1:
        return Kind.SHARED
    return Kind.NEAR if near else Kind.CONTRADICTORY


def _span(hunks: Sequence[Hunk], start: int, end: int) -> Span:
    """The lines of the variant that stand where base lines start:end stood."""
    first, last = hunks[0], hunks[-1]
    return first.right_start - (first.start - start), last.right_end + (end - last.end)


# ---- marks of the board


def file_marks(groups: Sequence[Group], touched: Iterable[str]) -> dict[str, Mark]:
    """A mark for each variant that touched the file."""
    letters = sorted(touched)
    everyone = len(letters)
    return {letter: _mark([g for g in groups if letter in g.spans], everyone) for letter in letters}


def _mark(mine: Sequence[Group], everyone: int) -> Mark:
    kinds = [group.kind for group in mine]
    if Kind.CONTRADICTORY in kinds:
        return Mark.CONTRADICTORY
    if everyone > 1 and mine:
        if all(g.kind is Kind.SHARED and len(g.spans) == everyone for g in mine):
            return Mark.SHARED
        if any(kind in (Kind.SHARED, Kind.NEAR) for kind in kinds):
            return Mark.PARTLY
    return Mark.UNIQUE
