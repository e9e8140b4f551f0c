"""Lines of one Variant put into what another made of a file, told as changes of the base. Pure.

The one whose file it is, is the *host*; those whose lines are put in are its *guests*. Guests meet in
the host's file as Variants meet in the base; what comes of it stands where the host's own hunks do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from review.composing.lines import Lines, Texts, added_digest, hunk_lines, hunk_of
from review.composing.settling import Work, lines_settle
from review.composing.types import Change, Conflict, Place, is_fact
from review.hunks import Fact, Hunk, base_range


@dataclass(slots=True)
class Between:
    """`used` are the keys of the host's hunks, by letter, that came to be part of something else."""

    changes: list[Change] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    used: dict[str, set[str]] = field(default_factory=dict)


def between_changes(place: Place, texts: Texts) -> Between:
    found = Between()
    for host in sorted({pick.against for pick in place.picks if pick.against}):
        work = Work(place, [*_edits(place, host, texts)])
        edits = [change for cluster in lines_settle(work) for change in cluster]
        found.conflicts += (replace(conflict, against=host) for conflict in work.conflicts)
        for change in _lifted(place, host, edits, texts, found.used.setdefault(host, set())):
            found.changes.append(change)
    return found


def _edits(place: Place, host: str, texts: Texts) -> Iterator[Change]:
    """What the guests put into the host's file, in its lines."""
    picks = [pick for pick in place.picks if pick.against == host]
    lines = texts.lines(place.blob(host))
    for letter in sorted({pick.letter for pick in picks}):
        mine = [pick for pick in picks if pick.letter == letter]
        left = frozenset().union(*(pick.left for pick in mine))
        right = frozenset().union(*(pick.right for pick in mine))
        theirs = texts.lines(place.blob(letter))
        read = {id(pick.between): pick.between for pick in mine}  # once, however many picks are
        for hunk in dict.fromkeys(hunk for between in read.values() for hunk in between):
            for part, put in hunk_lines(hunk, lines, theirs, left=left, right=right):
                made = part._replace(added=added_digest(put))
                yield Change(letter=letter, hunk=made, lines=put, partly=part.key != hunk.key)


def _lifted(
    place: Place, host: str, edits: Sequence[Change], texts: Texts, used: set[str]
) -> Iterator[Change]:
    """The edits with those hunks of the host that they touch, each place as one change of the base."""
    if not edits:
        return
    file = place.files.get(host)
    hunks = file.hunks if file else ()
    new = file is not None and file.status == "A"
    for hunk in hunks:
        if new and is_fact(hunk, Fact.MODE):  # it has the host's
            yield Change(letter=host, hunk=hunk)
    lines = texts.lines(place.blob(host))
    shift = 0  # how far the host is ahead of the base
    for own, here in _touching(file.lines if file else (), edits):
        ahead = own[-1].right_end - own[-1].end if own else shift
        if here:
            first = min([h.right_start for h in own] + [c.hunk.start for c in here])
            last = max([h.right_end for h in own] + [c.hunk.end for c in here])
            put = _put(lines, first, last, here)
            made = hunk_of(first - shift, last - ahead, put)
            for letter in sorted({change.letter for change in here}):
                yield _guest(place, letter, made, put)
            if own or new:
                yield Change(letter=host, hunk=made, lines=put, partly=True)
            used.update(hunk.key for hunk in own)
        shift = ahead


def _touching(
    own: Sequence[Hunk], edits: Sequence[Change]
) -> Iterator[tuple[list[Hunk], list[Change]]]:
    """Hunks of the host and edits of its file in their order, those together that touch there."""
    items: list[tuple[int, int, Hunk | Change]] = [
        *((hunk.right_start, hunk.right_end, hunk) for hunk in own),
        *((change.hunk.start, change.hunk.end, change) for change in edits),
    ]
    items.sort(key=lambda item: item[:2])
    hunks: list[Hunk] = []
    changes: list[Change] = []
    until = -1
    for start, end, item in items:
        if start > until and (hunks or changes):
            yield hunks, changes
            hunks, changes = [], []
        until = max(until, end)
        if isinstance(item, Change):
            changes.append(item)
        else:
            hunks.append(item)
    if hunks or changes:
        yield hunks, changes


def _put(lines: Lines, first: int, last: int, edits: Sequence[Change]) -> tuple[bytes, ...]:
    """Lines first:last of the host with the edits made."""
    out: list[bytes] = []
    at = first
    for change in {change.does: change for change in edits}.values():
        out += lines[at : change.hunk.start]
        out += change.lines
        at = change.hunk.end
    return (*out, *lines[at:last])


def _guest(place: Place, letter: str, made: Hunk, lines: tuple[bytes, ...]) -> Change:
    """Where it comes to what the guest itself did to the base, it is that hunk."""
    file = place.files.get(letter)
    hunk = file.by_range.get(base_range(made)) if file else None
    if hunk and hunk.added == made.added:
        return Change(letter=letter, hunk=hunk, lines=lines, guest=True)
    return Change(letter=letter, hunk=made, lines=lines, partly=True, guest=True)
