"""What is picked of one file, as changes of its lines and of the file. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from review.composing.between import between_changes
from review.composing.lines import Texts, hunk_lines, hunk_of
from review.composing.types import BASE, Change, Conflict, Place, is_fact
from review.hunks import About, Fact, FileHunks, Hunk, content_hunk, digest


def taken(place: Place, texts: Texts) -> tuple[list[Change], list[Conflict]]:
    """The changes that were picked, and where those that go into another Variant's file contradict there."""
    between = between_changes(place, texts)
    return [*between.changes, *_picked(place, texts, between.used)], between.conflicts


def _picked(place: Place, texts: Texts, used: Mapping[str, Set[str]]) -> Iterator[Change]:
    whole = {pick.letter for pick in place.picks if pick.whole}
    for letter in sorted(place.letters):
        file = place.files[letter]
        wanted = {key for p in place.picks if p.letter == letter for key in p.keys}
        hunks = _bound(file, {h.key for h in file.hunks} if letter in whole else wanted)
        known = {hunk.key for hunk in hunks} | used.get(letter, set())
        for hunk in hunks:
            if hunk.key not in used.get(letter, ()):
                yield _change(letter, file, hunk, texts)
        own = {hunk.key for hunk in hunks}
        for change in _some_lines(place, letter, own, texts):
            # All lines of a hunk are that hunk.
            if change.hunk.key not in used.get(letter, ()):
                yield change
        # Whoever takes a whole file wants that one, not what a ground makes of it.
        if letter in place.grounds and not whole - {letter}:
            for hunk in file.hunks:
                if hunk.key not in known:
                    yield _change(letter, file, hunk, texts, ground=True)
    if place.base is not None:
        lines = texts.known(place.base.blob)
        for start, end in sorted({s for p in place.picks if p.letter == BASE for s in p.spans}):
            kept = tuple(lines[start:end])
            yield Change(letter=BASE, hunk=hunk_of(start, end, kept), lines=kept)
        wanted = {key for p in place.picks if p.letter == BASE for key in p.keys}
        theirs = (hunk for file in place.files.values() for hunk in file.hunks)
        backs = {_back(hunk, place.base.blob) for hunk in theirs if hunk.key in wanted}
        for hunk in sorted(backs, key=lambda hunk: (hunk.about, hunk.start)):
            yield Change(letter=BASE, hunk=hunk)


def _back(hunk: Hunk, blob: str) -> Hunk:
    """What leaves the name, the mode or the content as the base has it, whatever others made of it."""
    if hunk.about is About.CONTENT:
        return content_hunk(blob, blob)
    said = digest(b"as in the base")
    return hunk._replace(key=said, added=said, near=said)


def _bound(file: FileHunks, wanted: set[str]) -> list[Hunk]:
    """The hunks by key. A file of another kind is one thing: its content and its mode."""
    hunks = [hunk for hunk in file.hunks if hunk.key in wanted]
    names = [hunk for hunk in file.hunks if is_fact(hunk, Fact.NAME)]
    if file.status == "T" and any(hunk not in names for hunk in hunks):
        return [hunk for hunk in file.hunks if hunk not in names or hunk in hunks]
    return hunks


def _change(
    letter: str, file: FileHunks, hunk: Hunk, texts: Texts, *, ground: bool = False
) -> Change:
    lines: tuple[bytes, ...] = ()
    if hunk.about is About.LINES:
        lines = tuple(texts.known(file.new_blob)[hunk.right_start : hunk.right_end])
    return Change(letter=letter, hunk=hunk, lines=lines, ground=ground)


def _some_lines(place: Place, letter: str, known: Set[str], texts: Texts) -> Iterator[Change]:
    """Lines of those hunks that are not known to be taken as they are."""
    mine = [pick for pick in place.picks if pick.letter == letter and not pick.against]
    picks = [pick for pick in mine if pick.left or pick.right]
    file = place.files[letter]
    if not picks:
        return
    left = frozenset().union(*(pick.left for pick in picks))
    right = frozenset().union(*(pick.right for pick in picks))
    base = texts.lines(place.base.blob) if place.base else []
    variant = texts.lines(file.new_blob)
    for hunk in file.hunks:
        if hunk.about is not About.LINES or hunk.key in known:
            continue
        for part, lines in hunk_lines(hunk, base, variant, left=left, right=right):
            yield Change(letter=letter, hunk=part, lines=lines, partly=part.key != hunk.key)
