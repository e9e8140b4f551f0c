"""One file put together from picks. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from review.composing.lines import Texts
from review.composing.settling import Work, settle
from review.composing.taking import taken
from review.composing.types import BASE, Change, Entry, Part, Place, PlaceResult, is_fact
from review.hunks import About, Fact, FileHunks, blobs_there
from review.voices import does


def blobs_needed(place: Place) -> frozenset[str]:
    """The contents that `place_compose` must be given: none where a file is taken as it is."""
    files = [place.files[letter] for letter in place.letters]
    if len({_identity(file) for file in files}) == 1 and all(pick.whole for pick in place.picks):
        return frozenset()
    texts = [file for file in files if file.lines]
    blobs = {file.new_blob for file in texts}
    if place.base and texts:
        blobs.add(place.base.blob)
    between = [pick for pick in place.picks if pick.against]
    blobs.update(place.blob(name) for pick in between for name in (pick.letter, pick.against))
    return blobs_there(blobs)


def _identity(file: FileHunks) -> tuple[str, str, str]:
    return file.path, file.new_blob, file.new_mode


def place_compose(place: Place, texts: Texts) -> PlaceResult:
    letters = place.letters
    if len(letters) == 1 and all(pick.whole and pick.letter in letters for pick in place.picks):
        return _as_it_is(place, *letters)
    changes, conflicts = taken(place, texts)
    work = Work(place, changes, conflicts)
    return _result(work, settle(work), texts)


def _as_it_is(place: Place, letter: str) -> PlaceResult:
    """Nothing but the file of one Variant: most files of a ground."""
    file = place.files[letter]
    path, entry = _entry(place, (), (letter,), Texts({}))
    parts = (
        Part(about=hunk.about, start=hunk.start, end=hunk.end, keys={letter: hunk.key})
        for hunk in sorted(file.hunks, key=lambda hunk: (hunk.about, hunk.start, hunk.end))
    )
    return PlaceResult(
        place=place.name,
        path=path,
        entry=entry,
        whole=(letter,),
        parts=tuple(parts),
        asked_whole=place.asked_whole,
    )


def _result(work: Work, resolved: Sequence[Sequence[Change]], texts: Texts) -> PlaceResult:
    place = work.place
    changes = [change for cluster in resolved for change in cluster]
    whole = tuple(
        letter
        for letter in sorted(place.letters)
        if _is_all(place.files[letter], [c for c in changes if c.letter != BASE])
    )
    path, entry = _entry(place, changes, whole, texts)
    if entry and entry.data is not None:
        entry, whole = _known(place, path, entry, texts)
    return PlaceResult(
        place=place.name,
        path=path,
        entry=entry,
        whole=whole,
        parts=tuple(_part(cluster) for cluster in resolved),
        asked_whole=place.asked_whole,
        conflicts=tuple(work.conflicts),
    )


def _is_all(file: FileHunks, changes: Sequence[Change]) -> bool:
    return {change.does for change in changes} == set(map(does, file.hunks))


def _entry(
    place: Place, changes: Sequence[Change], whole: Sequence[str], texts: Texts
) -> tuple[str, Entry | None]:
    if whole:
        theirs = place.files[whole[0]]
        deleted = theirs.status == "D"
        return theirs.path, None if deleted else Entry(theirs.new_mode, theirs.new_blob)
    path, mode = place.name, place.base.mode if place.base else ""
    blob = place.base.blob if place.base else ""
    for change in changes:
        file = place.files.get(change.letter)
        if file is None or change.guest:
            continue
        if place.deletes(change):
            return path, None
        about = change.hunk.about
        if is_fact(change.hunk, Fact.NAME):
            path = file.path
        if about is About.CONTENT:
            blob = file.new_blob
        if file.status == "A" or is_fact(change.hunk, Fact.MODE):
            mode = file.new_mode
    if place.base is None and all(is_fact(change.hunk, Fact.MODE) for change in changes):
        return path, None  # a new file of which nothing is left
    lines = [change for change in changes if change.hunk.about is About.LINES]
    if any(change.letter != BASE for change in lines):
        texts.require(place.files[c.letter].new_blob for c in lines if c.letter != BASE)
        return path, Entry(mode, "", _applied(texts.lines(blob), lines))
    return path, Entry(mode, blob, None if blob else b"")


def _known(place: Place, path: str, entry: Entry, texts: Texts) -> tuple[Entry, tuple[str, ...]]:
    """What was put together may come to a file that is there: of the base, or of these Variants."""
    if place.base and entry.data == b"".join(texts.known(place.base.blob)):
        return Entry(entry.mode, place.base.blob), ()
    same = tuple(
        letter
        for letter in sorted(place.letters)
        if (file := place.files[letter]).status != "D"
        and (file.path, file.new_mode) == (path, entry.mode)
        and entry.data == b"".join(texts.known(file.new_blob))
    )
    blob = place.files[same[0]].new_blob if same else ""
    return (Entry(entry.mode, blob) if same else entry), same


def _applied(lines: Sequence[bytes], changes: Sequence[Change]) -> bytes:
    at = 0
    out: list[bytes] = []
    done: set[tuple[object, ...]] = set()
    for change in sorted(changes, key=lambda c: (c.hunk.start, c.hunk.end)):
        if change.does in done:
            continue
        done.add(change.does)
        out += lines[at : change.hunk.start]
        out += change.lines
        at = change.hunk.end
    return b"".join([*out, *lines[at:]])


def _part(cluster: Sequence[Change]) -> Part:
    return Part(
        about=cluster[0].hunk.about,
        start=min(change.hunk.start for change in cluster),
        end=max(change.hunk.end for change in cluster),
        keys={change.letter: change.hunk.key for change in cluster},
        partly=any(change.partly for change in cluster),
    )
