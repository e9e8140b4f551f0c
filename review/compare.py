"""N variants at once: which of their changes agree, which stand alone, which contradict. Pure.

A *group* is a place in the base that at least one variant changed: hunks whose base ranges overlap,
or insertions at the same point. Its *options* are what the variants made of that place. Files that
the base does not have are first aligned with each other, so that equal parts count as shared.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, takewhile
from typing import NamedTuple, TypeVar

from review.diff.patch import lines_opcodes
from review.hunks import About, Fact, FileHunks, Hunk, content_hunk, existence_hunk

Lines = Sequence[str]
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
        kind=_kind(len(options), len(by_letter), near=len(near) == 1),
        start=start,
        end=end,
        options=tuple(sorted(options, key=lambda o: (-len(o.letters), o.letters))),
        spans={letter: _span(hunks, start, end) for letter, hunks in sorted(by_letter.items())},
        about=about,
    )


def _kind(options: int, letters: int, *, near: bool) -> Kind:
    if letters == 1:
        return Kind.UNIQUE
    if options == 1:
        return Kind.SHARED
    return Kind.NEAR if near else Kind.CONTRADICTORY


def _span(hunks: Sequence[Hunk], start: int, end: int) -> Span:
    """The lines of the variant that stand where base lines start:end stood."""
    first, last = hunks[0], hunks[-1]
    return first.right_start - (first.start - start), last.right_end + (end - last.end)


# ---- files that the base does not have


def new_file_groups(texts: Mapping[str, Lines]) -> tuple[Group, ...]:
    """Groups of a file that only variants have; `texts` are its lines, by letter.

    Lines common to all are shared; between them the same is asked again of those that have lines
    there. `start` and `end` are 0: the base has no place for them. The order is that of the lines.
    """
    letters = sorted(texts)
    spans = {letter: (0, len(texts[letter])) for letter in letters}
    return tuple(_merged(_aligned(texts, spans, depth=0)))


_DEPTH_MAX = 12


def _aligned(
    texts: Mapping[str, Lines], spans: Mapping[str, Span], *, depth: int
) -> Iterator[Group]:
    spans = {letter: span for letter, span in spans.items() if span[1] > span[0]}
    if not spans:
        return
    cut = {letter: tuple(texts[letter][a:b]) for letter, (a, b) in spans.items()}
    if len(set(cut.values())) == 1:
        yield _new_group(spans, cut)
        return
    anchors = _anchors(list(cut.values())) if depth < _DEPTH_MAX else []
    if not anchors:
        yield _new_group(spans, cut)
        return
    index = {text: n for n, text in enumerate(cut.values())}
    at = dict.fromkeys(cut, 0)
    for run in [*anchors, None]:
        gap = {
            letter: (
                spans[letter][0] + at[letter],
                spans[letter][0] + (run.starts[index[cut[letter]]] if run else len(cut[letter])),
            )
            for letter in cut
        }
        yield from _aligned(texts, gap, depth=depth + 1)
        if run is None:
            return
        here = {letter: run.starts[index[cut[letter]]] for letter in cut}
        shared = {
            letter: (spans[letter][0] + here[letter], spans[letter][0] + here[letter] + run.count)
            for letter in cut
        }
        yield _new_group(shared, {name: tuple(texts[name][a:b]) for name, (a, b) in shared.items()})
        at = {letter: here[letter] + run.count for letter in cut}


@dataclass(frozen=True, slots=True)
class _Run:
    """Equal lines: where they begin in each text, and how many there are."""

    starts: tuple[int, ...]
    count: int


def _anchors(texts: Sequence[tuple[str, ...]]) -> list[_Run]:
    """Runs of lines that all texts have in the same order; [] if nothing worth the name is common.

    Texts are compared in an order that depends on what they say only, so that it makes no
    difference which variant has which letter.
    """
    order = sorted(range(len(texts)), key=lambda n: (len(texts[n]), texts[n]))
    first = texts[order[0]]
    common: list[tuple[int, ...]] = [(n,) for n in range(len(first))]
    for number in order[1:]:
        mine = [first[places[0]] for places in common]
        pairs = _common_lines(mine, texts[number])
        common = [(*common[i], j) for i, j in pairs]
    runs: list[_Run] = []
    for places in common:
        last = runs[-1] if runs else None
        if last and all(p == s + last.count for p, s in zip(places, last.starts, strict=True)):
            runs[-1] = _Run(last.starts, last.count + 1)
        else:
            runs.append(_Run(places, 1))
    back = [order.index(n) for n in range(len(texts))]
    return [
        _Run(tuple(run.starts[n] for n in back), run.count)
        for run in runs
        if any(_says(first[run.starts[0] + k]) for k in range(run.count))
    ]


def _says(line: str) -> bool:
    """Whether a line is more than blank or a bracket: those are equal by accident."""
    return any(char.isalnum() for char in line)


def _common_lines(left: Lines, right: Lines) -> list[tuple[int, int]]:
    opcodes = lines_opcodes(left, right)
    if opcodes is None:  # too large to align: nothing is said to be common
        return []
    pairs: list[tuple[int, int]] = []
    at_left = at_right = 0
    for op in opcodes:
        count = op.left_start - at_left
        pairs += [(at_left + k, at_right + k) for k in range(count)]
        at_left, at_right = op.left_end, op.right_end
    pairs += [(at_left + k, at_right + k) for k in range(len(left) - at_left)]
    return pairs


def _new_group(spans: Mapping[str, Span], cut: Mapping[str, tuple[str, ...]]) -> Group:
    same: dict[tuple[str, ...], list[str]] = {}
    for letter in sorted(cut):
        same.setdefault(cut[letter], []).append(letter)
    near = len({_near(lines) for lines in same}) == 1
    options = sorted(
        (Option(tuple(letters), ()) for letters in same.values()),
        key=lambda o: (-len(o.letters), o.letters),
    )
    kind = _kind(len(options), len(cut), near=near)
    return Group(kind, 0, 0, tuple(options), dict(sorted(spans.items())))


def _near(lines: Iterable[str]) -> str:
    return "".join("".join(line.split()) for line in lines)


def _merged(groups: Iterable[Group]) -> Iterator[Group]:
    """Neighbours that say the same of the same variants, as one."""
    last: Group | None = None
    for group in groups:
        joins = (
            last is not None
            and last.kind == group.kind
            and [o.letters for o in last.options] == [o.letters for o in group.options]
            and all(last.spans[name][1] == group.spans[name][0] for name in group.spans)
        )
        if last is not None and joins:
            spans = {name: (last.spans[name][0], group.spans[name][1]) for name in group.spans}
            last = Group(group.kind, 0, 0, group.options, spans)
            continue
        if last is not None:
            yield last
        last = group
    if last is not None:
        yield last


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
