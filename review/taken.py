"""What a composed variant took from the others, told apart from what is its own. Pure.

git tells neighbouring changes of one file as one hunk. So the file of a variant that took both is read as
the base with hunks of the others put in, as far as that goes; the hunks that are left are its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from review.composing.lines import Texts
from review.hunks import About, FileHunks, Hunk
from review.voices import Composed, Does, does

Lines = Sequence[bytes]
Files = Mapping[str, FileHunks]

STATES_MAX = 20_000  # of files that repeat themselves so much that all fits everywhere


def contents_wanted(files: Files, letters: Iterable[str]) -> frozenset[str]:
    """The blobs that `taken_apart` has to see: none where all that was taken is as others have it."""
    composed = frozenset(letters) & files.keys()
    known = _known(files, composed)
    if all(_has_all(files[letter], known) for letter in composed):
        return frozenset()
    texts = [file for file in files.values() if any(h.about is About.LINES for h in file.hunks)]
    blobs = {blob for file in texts for blob in (file.old_blob, file.new_blob)}
    return frozenset(blob for blob in blobs if blob.strip("0"))


def taken_apart(
    files: Files, letters: Iterable[str], *, begun: Files, contents: Mapping[str, bytes]
) -> tuple[dict[str, FileHunks], Composed]:
    """The same files, those of composed variants by the hunks of the others that they are made of.

    `begun` are the files of composed variants as they were composed, before anybody went on with them.
    Where `contents` lack one that is wanted, the files stay as they are.
    """
    composed = frozenset(letters) & files.keys()
    apart = dict(files)
    wanted = contents_wanted(files, composed)
    if not wanted or not wanted <= contents.keys():
        return apart, Composed(composed)
    texts = Texts(contents)
    agents = {letter: file for letter, file in files.items() if letter not in composed}
    known = _known(files, composed)
    sources = _pieces(agents.values(), texts)
    touched = {
        line
        for file in agents.values()
        for hunk in file.hunks
        if hunk.about is About.LINES
        for line in _lines_of(hunk, file, texts)
    }
    quiet: dict[str, frozenset[Does]] = {}
    for letter in composed:
        apart[letter] = _apart(files[letter], sources, texts)
        left = [hunk for hunk in apart[letter].hunks if does(hunk) not in known]
        quiet[letter] = _in_part(left, files[letter], begun.get(letter), touched, texts)
    # What one composed variant has of its own, another one may have taken from it.
    own = {letter: _without(apart[letter], known | quiet[letter]) for letter in composed}
    for letter in composed:
        if own[letter].hunks:
            others = (file for name, file in own.items() if name != letter)
            again = {**_pieces(others, texts), **sources}
            apart[letter] = _apart(files[letter], again, texts)
    return apart, Composed(composed, {name: found for name, found in quiet.items() if found})


def _known(files: Files, composed: frozenset[str]) -> set[Does]:
    return {
        does(hunk)
        for letter, file in files.items()
        if letter not in composed
        for hunk in file.hunks
    }


def _has_all(file: FileHunks, known: set[Does]) -> bool:
    return all(hunk.about is not About.LINES or does(hunk) in known for hunk in file.hunks)


def _without(file: FileHunks, known: Set[Does]) -> FileHunks:
    return file._replace(hunks=tuple(hunk for hunk in file.hunks if does(hunk) not in known))


# ---- a file as the base with hunks of others put in


@dataclass(frozen=True, slots=True)
class _Piece:
    hunk: Hunk
    lines: tuple[bytes, ...]


Pieces = Mapping[Does, _Piece]


def _pieces(files: Iterable[FileHunks], texts: Texts) -> dict[Does, _Piece]:
    return {
        does(hunk): _Piece(hunk, tuple(texts.known(file.new_blob)[hunk.right_start : hunk.right_end]))
        for file in files
        for hunk in file.hunks
        if hunk.about is About.LINES
    }  # fmt: skip


def _apart(file: FileHunks, sources: Pieces, texts: Texts) -> FileHunks:
    lines = [hunk for hunk in file.hunks if hunk.about is About.LINES]
    if all(does(hunk) in sources for hunk in lines):
        return file
    base, text = texts.known(file.old_blob), texts.known(file.new_blob)
    found = _made_of(base, text, lines, sources)
    if found is None:
        return file
    facts = (hunk for hunk in file.hunks if hunk.about is not About.LINES)
    return file._replace(hunks=(*facts, *found))


class _Way(NamedTuple):
    """How one came here: hunks of its own (few are wanted), hunks, and the last of them."""

    own: int
    hunks: int
    hunk: Hunk | None = None
    before: _Way | None = None


def _made_of(
    base: Lines, text: Lines, lines: Sequence[Hunk], sources: Pieces
) -> tuple[Hunk, ...] | None:
    """The hunks of others that make the text of the base, and as few of its own as possible.

    A state is a place in the base, and how far the text is known there; None where there are too many.
    """
    starts: dict[int, list[_Piece]] = {}
    for what in sorted(sources, key=lambda what: what[1:]):
        starts.setdefault(what[1], []).append(sources[what])
    own: dict[int, list[Hunk]] = {}
    for hunk in lines:
        own.setdefault(hunk.start, []).append(hunk)
    stops = sorted({*starts, *own})
    ways: dict[int, dict[int, _Way]] = {0: {0: _Way(0, 0)}}
    states = 0

    def reach(start: int, at: int, way: _Way) -> None:
        here = ways.setdefault(start, {})
        if at not in here or way[:2] < here[at][:2]:
            here[at] = way

    def steps(start: int, at: int, way: _Way, *, put: bool) -> Iterator[tuple[int, int, _Way]]:
        for piece in starts.get(start, ()):
            end = at + len(piece.lines)
            if (piece.hunk.end == start) is put and tuple(text[at:end]) == piece.lines:
                hunk = piece.hunk._replace(right_start=at, right_end=end)
                yield piece.hunk.end, end, _Way(way.own, way.hunks + 1, hunk, way)
        for hunk in own.get(start, ()):
            if (hunk.end == start) is put and hunk.right_start == at:
                yield hunk.end, hunk.right_end, _Way(way.own + 1, way.hunks + 1, hunk, way)

    while ways:
        start = min(ways)
        here = ways.pop(start)
        states += len(here)
        if states > STATES_MAX:
            return None
        # At one point one insertion is put in, before what changes the lines after it.
        for at, way in list(here.items()):
            for _, after, put in steps(start, at, way, put=True):
                if after not in here or put[:2] < here[after][:2]:
                    here[after] = put
        if start == len(base):
            return tuple(_hunks_of(here.get(len(text))))
        index = bisect_right(stops, start)
        stop = stops[index] if index < len(stops) else len(base)
        for at, way in here.items():
            for end, after, taken in steps(start, at, way, put=False):
                reach(end, after, taken)
            if base[start:stop] == text[at : at + stop - start]:
                reach(stop, at + stop - start, way)
    return None


def _hunks_of(way: _Way | None) -> list[Hunk]:
    found = []
    while way is not None:
        if way.hunk is not None:
            found.append(way.hunk)
        way = way.before
    return found[::-1]


# ---- some lines of hunks


def _in_part(
    left: Sequence[Hunk],
    file: FileHunks,
    begun: FileHunks | None,
    touched: Set[bytes],
    texts: Texts,
) -> frozenset[Does]:
    """Those that are as they were composed, and change no lines but such as others add or take out now.

    The lines may stand elsewhere: of some lines of hunks git makes other hunks.
    """
    kept = set(map(does, begun.hunks)) if begun else set()
    found = [hunk for hunk in left if hunk.about is About.LINES and does(hunk) in kept]
    if not _net(found, file, texts) <= touched:
        found = [hunk for hunk in found if _net([hunk], file, texts) <= touched]
    return frozenset(map(does, found))


def _net(hunks: Sequence[Hunk], file: FileHunks, texts: Texts) -> Set[bytes]:
    """The lines of which there are more or fewer after these hunks."""
    base, text = texts.known(file.old_blob), texts.known(file.new_blob)
    gone = Counter(line for hunk in hunks for line in base[hunk.start : hunk.end])
    put = Counter(line for hunk in hunks for line in text[hunk.right_start : hunk.right_end])
    return (gone - put).keys() | (put - gone).keys()


def _lines_of(hunk: Hunk, file: FileHunks, texts: Texts) -> Lines:
    base, text = texts.known(file.old_blob), texts.known(file.new_blob)
    return [*base[hunk.start : hunk.end], *text[hunk.right_start : hunk.right_end]]
