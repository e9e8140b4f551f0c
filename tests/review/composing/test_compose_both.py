"""Places of A in B's file and of B in A's, beside a third's: what fits is as `git apply` makes it, the rest is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.composing.lines import lines_split
from review.composing.picks import Wish, wish_resolve
from review.composing.types import Pick
from review.hunks import About, Hunk
from tests.review.composing.test_compose_between import SOME, Desk, sides
from tests.support.patches import applied, body
from tests.support.texts import edits, texts
from tests.support.trees import Trees


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Trees:
    return Trees.create(tmp_path_factory.mktemp("both") / "hub.git")


class Put(NamedTuple):
    """What stands in place of lines start:end of the base."""

    start: int
    end: int
    lines: tuple[bytes, ...]


def into(desk: Desk, guest: str, host: str, hunk: Hunk) -> Pick:
    left, right = (tuple(n + 1 for n in sorted(side)) for side in sides(hunk))
    return wish_resolve(
        Wish(letter=guest, against=host, path="f", left=left, right=right),
        files=desk.files,
        base=desk.trees.tree(desk.base),
        names={},
        places=lambda path: {path},
        between=lambda left, right, path: desk.trees.hunks(desk.heads[left], desk.heads[right]).get(
            path
        ),
    )


def own_hunks(desk: Desk, letter: str) -> list[Hunk]:
    return [hunk for hunk in desk.files[letter]["f"].hunks if hunk.about is About.LINES]


def meet(own: Hunk, put: Hunk) -> bool:
    return own.right_start <= put.end and put.start <= own.right_end


def grouped(chosen: Sequence[Hunk], own: Sequence[Hunk]) -> Iterator[list[Hunk]]:
    """Those together that go into the same hunk of the host."""
    group: list[Hunk] = []
    for hunk in chosen:
        if group and not any(meet(o, hunk) and meet(o, group[-1]) for o in own):
            yield group
            group = []
        group.append(hunk)
    if group:
        yield group


def patched(desk: Desk, folder: Path, guest: str, host: str, group: Sequence[Hunk]) -> bytes:
    """The base with the hunks of the host that these go into, then these, both by git."""
    base = desk.trees.contents(desk.trees.tree(desk.base))["f"][1]
    own = own_hunks(desk, host)
    there = [o for o in own if any(meet(o, hunk) for hunk in group)]
    bodies = [body(desk.trees, desk.base, desk.heads[host], o.start, o.end) for o in there]
    ahead = sum(
        (o.right_end - o.right_start) - (o.end - o.start)
        for o in own
        if o not in there and o.right_end <= group[0].start
    )
    moved = []
    for hunk in group:
        head, *lines = body(desk.trees, desk.heads[host], desk.heads[guest], hunk.start, hunk.end)
        old = head.split(b" ")[1]
        first, comma, count = old[1:].partition(b",")
        moved.append([head.replace(old, b"-%d" % (int(first) - ahead) + comma + count, 1), *lines])
    return applied(folder, applied(folder, base, bodies), moved)


def contradict(one: Put, other: Put) -> bool:
    """The rule of `review.compare`: ranges that overlap, or insertions at one point, with different text."""
    if one == other:
        return False
    if one.start == one.end or other.start == other.end:
        inside = one.start < other.start < one.end or other.start < one.start < other.end
        return inside or one[:2] == other[:2]
    return max(one.start, other.start) < min(one.end, other.end)


@SOME
@given(data=st.data())
def test_places_of_each_in_the_others_file_are_what_git_apply_makes_of_them(
    trees: Trees, tmp_path: Path, data: st.DataObject
) -> None:
    base = data.draw(texts())
    lines = lines_split(base)
    desk = Desk(trees, base, *(data.draw(edits(base)) for _ in "ABC"))
    if any("f" not in desk.files[letter] for letter in "ABC"):
        return
    picks: list[Pick] = []
    puts: set[Put] = set()

    def told(asked: Sequence[Pick], wanted: bytes) -> None:
        """By themselves they are what is wanted."""
        picks.extend(asked)
        made = desk.make(*asked)
        assert made.conflicts == ()
        assert trees.result(desk.base, made)["f"][1] == wanted
        parts = [part for part in made.places[0].parts if part.about is About.LINES]
        start, end = min(part.start for part in parts), max(part.end for part in parts)
        found = lines_split(wanted)
        until = len(found) - (len(lines) - end)
        assert [*lines[:start], *found[start:until], *lines[end:]] == found
        puts.add(Put(start, end, tuple(found[start:until])))

    for guest, host in ("AB", "BA"):
        chosen = [hunk for hunk in desk.between(host, guest) if data.draw(st.booleans())]
        for group in grouped(chosen, own_hunks(desk, host)):
            wanted = patched(desk, tmp_path, guest, host, group)
            told([into(desk, guest, host, hunk) for hunk in group], wanted)
    for hunk in own_hunks(desk, "C"):
        if data.draw(st.booleans()):
            patch = body(trees, desk.base, desk.heads["C"], hunk.start, hunk.end)
            pick = Pick(letter="C", place="f", keys=frozenset({hunk.key}))
            told([pick], applied(tmp_path, base, [patch]))

    made = desk.make(*picks)
    assert desk.make(*reversed(picks)) == made
    fits = sorted(put for put in puts if not any(contradict(put, other) for other in puts))
    wanted_lines: list[bytes] = []
    at = 0
    for put in fits:
        wanted_lines += [*lines[at : put.start], *put.lines]
        at = put.end
    wanted_lines += lines[at:]
    if any(not line.endswith(b"\n") for line in wanted_lines[:-1]):
        return  # a line without its end that is not the last: told by another rule
    assert bool(made.conflicts) == (len(fits) < len(puts))
    if picks:
        assert trees.result(desk.base, made)["f"][1] == b"".join(wanted_lines)


BASE = b"one\ntwo\nthree\nfour\n"


def test_what_two_say_both_of_themselves_and_in_the_others_file_is_not_settled_by_a_third(
    trees: Trees,
) -> None:
    """A and B each say two things of one place, C a third: all of C's change is no word of A's or B's."""
    desk = Desk(trees, b"a\n\n", b"x\n1\n2\nx", b"a\n\nx\n2", b"c\nd\n\n")
    pieces = [
        *(into(desk, "B", "A", hunk) for hunk in desk.between("A", "B")),
        into(desk, "A", "B", desk.between("B", "A")[0]),
    ]
    theirs = Pick(letter="C", place="f", keys=frozenset(h.key for h in own_hunks(desk, "C")))
    assert desk.make(*pieces).conflicts
    (conflict,) = desk.make(*pieces, theirs).conflicts
    assert conflict.letters == ("A", "B", "C")


def test_a_change_of_one_does_not_silence_its_lines_in_the_others_file(trees: Trees) -> None:
    ours, theirs = BASE.replace(b"two\n", b"TWO\nA\n"), BASE.replace(b"two\n", b"2\nB\n")
    desk = Desk(trees, BASE, ours, theirs)
    (own,) = own_hunks(desk, "A")
    one = desk.pick("A", "B", {1}, {1})
    full = Pick(letter="A", place="f", keys=frozenset({own.key}))
    assert desk.text(one) == BASE.replace(b"two\n", b"TWO\nB\n")
    assert desk.text(full) == ours
    (conflict,) = desk.make(one, full).conflicts
    assert conflict.letters == ("A", "B")


def test_all_lines_of_a_hunk_are_that_hunk_to_what_is_put_into_it(trees: Trees) -> None:
    theirs = BASE.replace(b"two\nthree\n", b"2\n3\n")
    desk = Desk(trees, BASE, BASE, theirs)
    (own,) = own_hunks(desk, "B")
    left, right = sides(own)
    put = desk.pick("A", "B", {1}, {1})  # the base's second line
    lines = Pick(letter="B", place="f", left=frozenset(left), right=frozenset(right))
    key = Pick(letter="B", place="f", keys=frozenset({own.key}))
    assert desk.text(key, put) == desk.text(lines, put) == BASE.replace(b"three\n", b"3\n")
