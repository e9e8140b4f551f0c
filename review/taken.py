"""What a composed variant took from the others, told apart from what is its own. Pure.

git tells neighbouring changes of one file as one hunk. So the file of a variant that took both is read as
the base with hunks of the others put in, as far as that goes; the hunks that are left are its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import NamedTuple

from review.composing.lines import Texts
from review.hunks import About, FileHunks, Hunk, blobs_there, content_hunk, existence_hunk
from review.voices import Composed, Does, does

Lines = Sequence[bytes]
Files = Mapping[str, FileHunks]

# Of files that repeat themselves so much that all fits everywhere, and of their lines that are looked at.
STATES_MAX = 20_000
LINES_MAX = 5_000_000


def contents_wanted(files: Files, letters: Iterable[str], *, begun: Files) -> frozenset[str]:
    """The blobs that `taken_apart` has to see: none where all that was taken is as others have it, and
    as it was composed."""
    composed = frozenset(letters) & files.keys()
    known = _known(files, composed)
    if all(
        _has_all(files[letter], known) and _has_begun_with(files[letter], begun.get(letter))
        for letter in composed
    ):
        return frozenset()
    every = [*files.values(), *(begun[letter] for letter in composed if letter in begun)]
    texts = [file for file in every if file.lines]
    return blobs_there(blob for file in texts for blob in (file.old_blob, file.new_blob))


def taken_apart(
    files: Files, letters: Iterable[str], *, begun: Files, contents: Mapping[str, bytes]
) -> tuple[dict[str, FileHunks], Composed]:
    """The same files, those of composed variants by the hunks of the others that they are made of.

    `begun` are the files of composed variants as they were composed, before anybody went on with them.
    Where `contents` lack one that is wanted, the files stay as they are.
    """
    composed = frozenset(letters) & files.keys()
    apart = dict(files)
    quiet: dict[str, frozenset[Does]] = {}
    wanted = contents_wanted(files, composed, begun=begun)
    texts = Texts(contents) if wanted and wanted <= contents.keys() else None
    if texts:
        apart, quiet = _all_apart(files, composed, begun, texts)
    since = {name: made_since(apart[name], begun.get(name), texts) for name in composed}
    return apart, Composed(
        composed,
        {name: found for name, found in quiet.items() if found},
        {name: found for name, found in since.items() if found},
    )


def made_since(file: FileHunks, begun: FileHunks | None, texts: Texts | None) -> frozenset[Does]:
    """What a composed variant does in a file and did not begin with. The file is told apart already, and
    what it began with is told by the same hunks, as far as that goes."""
    whole = content_hunk(file.old_blob, file.new_blob)
    found = frozenset(map(does, (*file.hunks, whole)))
    if begun is None:
        return found
    if _facts(begun) == _facts(file):
        return frozenset()
    kept = {*begun.hunks, content_hunk(begun.old_blob, begun.new_blob)}
    if begun.status == file.status:
        kept.add(existence_hunk(file.status))
    if texts and not found <= set(map(does, kept)):
        kept.update(_apart(begun, _pieces([file], texts), texts).hunks)
    return found.difference(map(does, kept))


def _facts(file: FileHunks) -> tuple[str, ...]:
    return file.path, file.status, file.new_blob, file.new_mode


def _all_apart(
    files: Files, composed: frozenset[str], begun: Files, texts: Texts
) -> tuple[dict[str, FileHunks], dict[str, frozenset[Does]]]:
    """The files by hunks of others, and by letter what was taken in part."""
    apart = dict(files)
    agents = {letter: file for letter, file in files.items() if letter not in composed}
    known = _known(files, composed)
    sources = _pieces(agents.values(), texts)
    touched = {
        line
        for file in agents.values()
        for hunk in file.lines
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
    return apart, quiet


def _known(files: Files, composed: frozenset[str]) -> set[Does]:
    return {
        does(hunk)
        for letter, file in files.items()
        if letter not in composed
        for hunk in file.hunks
    }


def _has_all(file: FileHunks, known: set[Does]) -> bool:
    return all(hunk.about is not About.LINES or does(hunk) in known for hunk in file.hunks)


def _has_begun_with(file: FileHunks, begun: FileHunks | None) -> bool:
    """Whether the hunks of both say already what of the file it began with."""
    kept = {does(hunk) for hunk in begun.lines} if begun else set()
    return not kept or _has_all(file, kept)


def _without(file: FileHunks, known: Set[Does]) -> FileHunks:
    return replace(file, hunks=tuple(hunk for hunk in file.hunks if does(hunk) not in known))


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
        for hunk in file.lines
    }  # fmt: skip


def _apart(file: FileHunks, sources: Pieces, texts: Texts) -> FileHunks:
    lines = file.lines
    if all(does(hunk) in sources for hunk in lines):
        return file
    base, text = texts.known(file.old_blob), texts.known(file.new_blob)
    found = _made_of(base, text, lines, sources)
    if found is None:
        return file
    facts = (hunk for hunk in file.hunks if hunk.about is not About.LINES)
    return replace(file, hunks=(*facts, *found))


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

    A state is a place in the base, and how far the text is known there; None where there are
    too many, or too much to read for them.
    """
    starts: dict[int, list[_Piece]] = {}
    for what in sorted(sources, key=lambda what: what[1:]):
        starts.setdefault(what[1], []).append(sources[what])
    own: dict[int, list[Hunk]] = {}
    for hunk in lines:
        own.setdefault(hunk.start, []).append(hunk)
    stops = sorted({*starts, *own})
    ways: dict[int, dict[int, _Way]] = {0: {0: _Way(0, 0)}}
    states = looked = 0

    def reach(start: int, at: int, way: _Way) -> None:
        here = ways.setdefault(start, {})
        if at not in here or way[:2] < here[at][:2]:
            here[at] = way

    def steps(start: int, at: int, way: _Way, *, put: bool) -> Iterator[tuple[int, int, _Way]]:
        nonlocal looked
        for piece in starts.get(start, ()):
            end = at + len(piece.lines)
            looked += len(piece.lines)
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
        looked += len(here) * (stop - start)
        if looked > LINES_MAX:
            return None
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
