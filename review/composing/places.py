"""One file put together from picks. Pure.

Picks contradict each other by the rule of `review.compare`: overlapping ranges of the base with
different text, insertions at one point; and as files: deleted and changed, two names, two modes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from review.compare import clusters
from review.composing.lines import Texts, hunk_lines, hunk_of
from review.composing.types import (
    BASE,
    Change,
    Conflict,
    Entry,
    Option,
    Part,
    Pick,
    PlaceResult,
)
from review.hunks import About, Fact, FileHunks, Hunk, content_hunk


@dataclass(frozen=True, slots=True)
class Place:
    """A file in the base (None where it has none), what each Variant made of it, and the picks of it."""

    name: str
    base: Entry | None
    files: Mapping[str, FileHunks]
    grounds: frozenset[str]
    picks: tuple[Pick, ...]

    @property
    def letters(self) -> frozenset[str]:
        picked = {pick.letter for pick in self.picks}
        return frozenset(name for name in self.files if name in picked or name in self.grounds)


@dataclass(slots=True)
class _Work:
    place: Place
    changes: list[Change]
    conflicts: list[Conflict] = field(default_factory=list)

    def of(self, letters: Iterable[str]) -> list[Change]:
        names = set(letters)
        return [change for change in self.changes if change.letter in names]

    def drop(self, dropped: Iterable[Change]) -> None:
        gone = {id(change) for change in dropped}
        self.changes = [change for change in self.changes if id(change) not in gone]


def blobs_needed(place: Place) -> frozenset[str]:
    """The contents that `place_compose` must be given: none where a file is taken as it is."""
    files = [place.files[letter] for letter in place.letters]
    if len({_identity(file) for file in files}) == 1 and all(pick.whole for pick in place.picks):
        return frozenset()
    texts = [f for f in files if any(hunk.about is About.LINES for hunk in f.hunks)]
    blobs = {file.new_blob for file in texts}
    if place.base and texts:
        blobs.add(place.base.blob)
    return frozenset(blob for blob in blobs if blob.strip("0"))


def _identity(file: FileHunks) -> tuple[str, str, str]:
    return file.path, file.new_blob, file.new_mode


def place_compose(place: Place, texts: Texts) -> PlaceResult:
    letters = place.letters
    if len(letters) == 1 and all(pick.whole and pick.letter in letters for pick in place.picks):
        return _as_it_is(place, *letters)
    work = _Work(place, [*_picked(place, texts)])
    _existence(work)
    _creation(work)
    resolved = _resolve(work)
    resolved = _ends_kept(work, resolved)
    return _result(work, resolved, texts)


def _as_it_is(place: Place, letter: str) -> PlaceResult:
    """Nothing but the file of one Variant: most files of a ground."""
    file = place.files[letter]
    path, entry = _entry(place, (), (letter,), Texts({}))
    parts = (
        Part(about=hunk.about, start=hunk.start, end=hunk.end, keys={letter: hunk.key})
        for hunk in sorted(file.hunks, key=lambda hunk: (hunk.about, hunk.start, hunk.end))
    )
    return PlaceResult(
        place=place.name, path=path, entry=entry, whole=(letter,), parts=tuple(parts)
    )


# ---- what is picked


def _picked(place: Place, texts: Texts) -> Iterator[Change]:
    whole = {pick.letter for pick in place.picks if pick.whole}
    for letter in sorted(place.letters):
        file = place.files[letter]
        wanted = {key for p in place.picks if p.letter == letter for key in p.keys}
        hunks = _bound(file, {h.key for h in file.hunks} if letter in whole else wanted)
        taken = {hunk.key for hunk in hunks}
        for hunk in hunks:
            yield _change(letter, file, hunk, texts)
        yield from _some_lines(place, letter, taken, texts)
        # Whoever takes a whole file wants that one, not what a ground makes of it.
        if letter in place.grounds and not whole - {letter}:
            for hunk in file.hunks:
                if hunk.key not in taken:
                    yield _change(letter, file, hunk, texts, ground=True)
    if place.base is not None:
        lines = texts.known(place.base.blob)
        for start, end in sorted({s for p in place.picks if p.letter == BASE for s in p.spans}):
            kept = tuple(lines[start:end])
            yield Change(letter=BASE, hunk=hunk_of(start, end, kept), lines=kept)


def _bound(file: FileHunks, wanted: set[str]) -> list[Hunk]:
    """The hunks by key. A file of another kind is one thing: its content and its mode."""
    hunks = [hunk for hunk in file.hunks if hunk.key in wanted]
    names = [hunk for hunk in file.hunks if _is_name(hunk)]
    if file.status == "T" and any(hunk not in names for hunk in hunks):
        return [hunk for hunk in file.hunks if hunk not in names or hunk in hunks]
    return hunks


def _is_name(hunk: Hunk) -> bool:
    return hunk.about is About.FACTS and hunk.start == Fact.NAME


def _change(
    letter: str, file: FileHunks, hunk: Hunk, texts: Texts, *, ground: bool = False
) -> Change:
    lines: tuple[bytes, ...] = ()
    if hunk.about is About.LINES:
        lines = tuple(texts.known(file.new_blob)[hunk.right_start : hunk.right_end])
    return Change(letter=letter, hunk=hunk, lines=lines, ground=ground)


def _some_lines(place: Place, letter: str, taken: set[str], texts: Texts) -> Iterator[Change]:
    picks = [pick for pick in place.picks if pick.letter == letter and (pick.left or pick.right)]
    file = place.files[letter]
    if not picks:
        return
    left = frozenset().union(*(pick.left for pick in picks))
    right = frozenset().union(*(pick.right for pick in picks))
    base = texts.lines(place.base.blob) if place.base else []
    variant = texts.lines(file.new_blob)
    for hunk in file.hunks:
        if hunk.about is not About.LINES or hunk.key in taken:
            continue
        for part, lines in hunk_lines(hunk, base, variant, left=left, right=right):
            whole = part.key == hunk.key
            if whole:
                taken.add(hunk.key)
            yield Change(letter=letter, hunk=part, lines=lines, partly=not whole)


# ---- the file as a whole


def _existence(work: _Work) -> None:
    """Deleted by one and changed by another: the one that was picked by name wins over a ground."""
    deleters = {change.letter for change in work.changes if _deletes(work.place, change)}
    others = {change.letter for change in work.changes} - deleters
    if deleters and others:
        options = (Option(tuple(sorted(deleters)), None), Option(tuple(sorted(others)), None))
        words = f"{_names(deleters)} deletes the file, {_names(others)} keeps or changes it."
        _contradict(work, options, words)


def _deletes(place: Place, change: Change) -> bool:
    file = place.files.get(change.letter)
    return file is not None and file.status == "D" and not change.partly


def _creation(work: _Work) -> None:
    """A new file has one mode, and is empty or not."""
    made: dict[tuple[str, bool], set[str]] = {}
    for change in work.changes:
        file = work.place.files.get(change.letter)
        if file is not None and file.status == "A":
            empty = any(_is_existence(hunk) for hunk in file.hunks)
            made.setdefault((file.new_mode, empty), set()).add(change.letter)
    if len(made) > 1:
        options = tuple(Option(tuple(sorted(letters)), None) for letters in made.values())
        said = (f"{_names(s)} makes it {_kind(mode, empty)}" for (mode, empty), s in made.items())
        _contradict(work, options, ", ".join(sorted(said)) + ".")


def _is_existence(hunk: Hunk) -> bool:
    return hunk.about is About.FACTS and hunk.start == Fact.EXISTS


def _kind(mode: str, empty: bool) -> str:
    names = {"120000": "a link", "160000": "a submodule", "100755": "an executable file"}
    return ("an empty file" if empty else names.get(mode, "a file")) + f" ({mode})"


def _contradict(work: _Work, options: Sequence[Option], message: str) -> None:
    named = {change.letter for change in work.changes if not change.ground}
    strong = [option for option in options if named & {*option.letters}]
    if strong:
        weak = {name for option in options if option not in strong for name in option.letters}
        work.drop(work.of(weak))
        if len(strong) == 1:
            return
    letters = {name for option in options for name in option.letters}
    work.drop(work.of(letters))
    work.conflicts.append(
        Conflict(
            place=work.place.name,
            options=tuple(sorted(strong or options, key=lambda option: option.letters)),
            message=message,
            about=About.FACTS,
        )
    )


def _names(letters: Iterable[str]) -> str:
    return " and ".join(sorted(letters))


# ---- its hunks


def _resolve(work: _Work) -> list[list[Change]]:
    """Clusters of changes that agree; those that do not are conflicts and left out."""
    changes = work.changes
    if any(change.hunk.about is About.CONTENT for change in changes):
        changes = [_as_content(work.place, change) for change in changes]
    return [*_agreed(work, changes)]


def _as_content(place: Place, change: Change) -> Change:
    """In one Variant there are no lines to compare, so the whole file is the place."""
    if change.hunk.about is not About.LINES:
        return change
    blob = place.base.blob if place.base else ""
    file = place.files.get(change.letter)
    hunk = content_hunk(blob, file.new_blob if file else blob)
    return Change(letter=change.letter, hunk=hunk, ground=change.ground)


def _agreed(work: _Work, changes: Iterable[Change]) -> Iterator[list[Change]]:
    found = sorted(((change.hunk, change) for change in changes), key=_in_order)
    for cluster in clusters(found):
        members = [change for _, change in cluster]
        said: dict[tuple[object, ...], set[str]] = {}
        for letter in sorted({change.letter for change in members}):
            mine = tuple(dict.fromkeys(c.does for c in members if c.letter == letter))
            said.setdefault(mine, set()).add(letter)
        if len(said) == 1:
            yield members
            continue
        named = [change for change in members if not change.ground]
        if 0 < len(named) < len(members):
            yield from _agreed(work, named)
            continue
        work.conflicts.append(_conflict(work.place, members, said.values()))


def _in_order(pair: tuple[Hunk, Change]) -> tuple[object, ...]:
    hunk, change = pair
    return hunk.about, hunk.start, hunk.end, change.letter, hunk.added


def _conflict(place: Place, members: Sequence[Change], sides: Iterable[set[str]]) -> Conflict:
    about = members[0].hunk.about
    start = min(change.hunk.start for change in members)
    end = max(change.hunk.end for change in members)
    options = []
    for side in sides:
        first = min(side)
        mine = [change for change in members if change.letter == first]
        lines = [line for change in mine for line in change.lines]
        put = tuple(lines) if about is About.LINES else None
        options.append(Option(tuple(sorted(side)), put))
    options.sort(key=lambda option: option.letters)
    names = " against ".join(_names(option.letters) for option in options)
    if all(len(option.letters) == 1 for option in options):
        names = _names(option.letters[0] for option in options)
    return Conflict(
        place=place.name,
        options=tuple(options),
        message=f"{names} {_differ(about, start)}",
        about=about,
        start=start if about is About.LINES else 0,
        end=end if about is About.LINES else 0,
    )


def _differ(about: About, place: int) -> str:
    if about is About.LINES:
        return "put different lines there."
    if about is About.CONTENT:
        return "replace the whole content by different ones."
    if place == Fact.NAME:
        return "give the file different names."
    return "give the file different modes."


def _ends_kept(work: _Work, resolved: list[list[Change]]) -> list[list[Change]]:
    """A line without its end must stay the last one: what comes after it contradicts it."""
    about_lines = [cluster for cluster in resolved if cluster[0].hunk.about is About.LINES]
    about_lines.sort(key=lambda cluster: (cluster[0].hunk.start, cluster[0].hunk.end))
    for cluster, following in pairwise(about_lines):
        pair = [*cluster, *following]
        lines = cluster[-1].lines
        if not lines or lines[-1].endswith(b"\n") or not following[0].lines:
            continue
        named = [change for change in pair if not change.ground]
        resolved = [other for other in resolved if other not in (cluster, following)]
        if 0 < len({c.letter for c in named}) < len({c.letter for c in pair}):
            return _ends_kept(work, [*resolved, *_agreed(work, named)])
        sides = [{c.letter for c in cluster}, {c.letter for c in following}]
        work.conflicts.append(_conflict(work.place, pair, sides))
        return _ends_kept(work, resolved)
    return resolved


# ---- the result


def _result(work: _Work, resolved: Sequence[Sequence[Change]], texts: Texts) -> PlaceResult:
    place = work.place
    changes = [change for cluster in resolved for change in cluster]
    whole = tuple(
        letter
        for letter in sorted(place.letters)
        if _is_all(place.files[letter], [c for c in changes if c.letter != BASE])
    )
    path, entry = _entry(place, changes, whole, texts)
    return PlaceResult(
        place=place.name,
        path=path,
        entry=entry,
        whole=whole,
        parts=tuple(_part(cluster) for cluster in resolved),
        conflicts=tuple(work.conflicts),
    )


def _is_all(file: FileHunks, changes: Sequence[Change]) -> bool:
    return {change.does for change in changes} == {
        (hunk.about, hunk.start, hunk.end, hunk.added) for hunk in file.hunks
    }


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
        if file is None:
            continue
        if _deletes(place, change):
            return path, None
        about = change.hunk.about
        if _is_name(change.hunk):
            path = file.path
        if about is About.CONTENT:
            blob = file.new_blob
        if file.status == "A" or _is_mode(change):
            mode = file.new_mode
    if place.base is None and all(_is_mode(change) for change in changes):
        return path, None  # a new file of which nothing is left
    lines = [change for change in changes if change.hunk.about is About.LINES]
    if any(change.letter != BASE for change in lines):
        texts.require(place.files[c.letter].new_blob for c in lines if c.letter != BASE)
        return path, Entry(mode, "", _applied(texts.lines(blob), lines))
    return path, Entry(mode, blob, None if blob else b"")


def _is_mode(change: Change) -> bool:
    return change.hunk.about is About.FACTS and change.hunk.start == Fact.MODE


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
