"""Which changes of one file agree, which give way, which contradict. Pure.

Picks contradict each other by the rule of `review.compare`: overlapping ranges of the base with
different text, insertions at one point; and as files: deleted and changed, two names, two modes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from orchestrator.lib.words import words_join
from review.compare import clusters
from review.composing.types import Change, Conflict, Option, Place, is_fact
from review.hunks import About, Fact, Hunk, content_hunk


@dataclass(slots=True)
class Work:
    place: Place
    changes: list[Change]
    conflicts: list[Conflict] = field(default_factory=list)

    def of(self, letters: Iterable[str]) -> list[Change]:
        names = set(letters)
        return [change for change in self.changes if change.letter in names]

    def drop(self, dropped: Iterable[Change]) -> None:
        gone = {id(change) for change in dropped}
        self.changes = [change for change in self.changes if id(change) not in gone]


def settle(work: Work) -> list[list[Change]]:
    """Clusters of changes that agree; those that do not are conflicts and left out."""
    _existence(work)
    _creation(work)
    return lines_settle(work)


# ---- the file as a whole


def _existence(work: Work) -> None:
    """Deleted by one and changed by another: the one that was picked by name wins over a ground."""
    deleters = {change.letter for change in work.changes if work.place.deletes(change)}
    others = {change.letter for change in work.changes} - deleters
    if deleters and others:
        options = (Option(tuple(sorted(deleters)), None), Option(tuple(sorted(others)), None))
        words = f"{_names(deleters)} deletes the file, {_names(others)} keeps or changes it."
        _contradict(work, options, words)


def _creation(work: Work) -> None:
    """A new file has one mode, and is empty or not."""
    made: dict[tuple[str, bool], set[str]] = {}
    for change in work.changes:
        file = work.place.files.get(change.letter)
        if file is not None and file.status == "A" and not change.guest:
            empty = any(is_fact(hunk, Fact.EXISTS) for hunk in file.hunks)
            made.setdefault((file.new_mode, empty), set()).add(change.letter)
    if len(made) > 1:
        options = tuple(Option(tuple(sorted(letters)), None) for letters in made.values())
        said = (f"{_names(s)} makes it {_kind(mode, empty)}" for (mode, empty), s in made.items())
        _contradict(work, options, ", ".join(sorted(said)) + ".")


def _kind(mode: str, empty: bool) -> str:
    names = {"120000": "a link", "160000": "a submodule", "100755": "an executable file"}
    return ("an empty file" if empty else names.get(mode, "a file")) + f" ({mode})"


def _contradict(work: Work, options: Sequence[Option], message: str) -> None:
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
    return words_join(sorted(letters))


# ---- its hunks


def lines_settle(work: Work) -> list[list[Change]]:
    changes = work.changes
    if any(change.hunk.about is About.CONTENT for change in changes):
        changes = [_as_content(work.place, change) for change in changes]
    return _ends_kept(work, [*_agreed(work, changes)])


def _as_content(place: Place, change: Change) -> Change:
    """In one Variant there are no lines to compare, so the whole file is the place."""
    if change.hunk.about is not About.LINES:
        return change
    blob = place.base.blob if place.base else ""
    file = place.files.get(change.letter)
    hunk = content_hunk(blob, file.new_blob if file else blob)
    return Change(letter=change.letter, hunk=hunk, ground=change.ground)


def _agreed(work: Work, changes: Iterable[Change]) -> Iterator[list[Change]]:
    found = sorted(((change.hunk, change) for change in changes), key=_in_order)
    for cluster in clusters(found):
        members = [change for _, change in cluster]
        if len(members) > 1 and _twice(members):
            yield from _agreed_once(work, members)
            continue
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


def _agreed_once(work: Work, members: Sequence[Change]) -> Iterator[list[Change]]:
    """Of what one Variant says twice: what was named before its ground, a whole change before lines of it."""
    named = [change for change in members if not change.ground]
    with_full = {change.letter for change in members if not change.partly}
    full = [c for c in members if not c.partly or c.letter not in with_full]
    for better in (named, full):
        if 0 < len(better) < len(members):
            yield from _agreed(work, better)
            return
    sides = dict.fromkeys(change.letter for change in members)
    work.conflicts.append(_conflict(work.place, members, [{letter} for letter in sides]))


def _twice(members: Sequence[Change]) -> bool:
    """Whether one Variant is to put different lines at one place."""
    mine: dict[str, dict[tuple[object, ...], Change]] = {}
    for change in members:
        mine.setdefault(change.letter, {})[change.does] = change
    return any(
        len([*clusters([(c.hunk, c.letter) for c in told.values()])]) < len(told)
        for told in mine.values()
        if len(told) > 1
    )


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


def _ends_kept(work: Work, resolved: list[list[Change]]) -> list[list[Change]]:
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
