"""Lines and hunks between two variants, put into the file of one of them: by example, and what must hold for any."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review.composing.types import BASE, Composition, Pick
from review.hunks import About, FileHunks, Hunk, hunk_reversed
from tests.support.patches import applied, body, lines_of
from tests.support.texts import edits, texts
from tests.support.trees import Tree, Trees

SOME = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FILE = "100644"
Files = dict[str, dict[str, FileHunks]]


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Trees:
    return Trees.create(tmp_path_factory.mktemp("between") / "hub.git")


class Desk:
    """The file `f` of the base (None: it has none) and of the variants A, B, C."""

    def __init__(self, trees: Trees, base: bytes | None, *texts: bytes, modes: str = "") -> None:
        self.trees = trees
        kept = (FILE, b"kept\n")
        first: Tree = {"k": kept} if base is None else {"k": kept, "f": (FILE, base)}
        heads = [
            {"k": kept, "f": ("100755" if "ABC"[n] in modes else FILE, text)}
            for n, text in enumerate(texts)
        ]
        self.base, *commits = trees.commits(first, *heads)
        self.heads = dict(zip("ABC", commits, strict=False))
        self.files: Files = {x: trees.hunks(self.base, head) for x, head in self.heads.items()}

    def between(self, host: str, guest: str) -> tuple[Hunk, ...]:
        found = self.trees.hunks(self.heads[host], self.heads[guest]).get("f")
        return tuple(h for h in found.hunks if h.about is About.LINES) if found else ()

    def pick(self, guest: str, host: str, left: set[int], right: set[int]) -> Pick:
        letter = guest if "f" in self.files[guest] else BASE
        between = self.between(host, guest)
        return Pick(
            letter=letter,
            place="f",
            against=host,
            between=between,
            left=frozenset(left),
            right=frozenset(right),
        )

    def hunk(self, guest: str, host: str, number: int) -> Pick:
        hunk = self.between(host, guest)[number - 1]
        return self.pick(guest, host, *sides(hunk))

    def make(self, *picks: Pick) -> Composition:
        return self.trees.composed(self.base, self.files, list(picks))

    def text(self, *picks: Pick) -> bytes:
        made = self.make(*picks)
        assert made.conflicts == ()
        return self.trees.result(self.base, made)["f"][1]


def sides(hunk: Hunk) -> tuple[set[int], set[int]]:
    return set(range(hunk.start, hunk.end)), set(range(hunk.right_start, hunk.right_end))


def whole(letter: str) -> Pick:
    return Pick(letter=letter, place="f")


A = b"import os\n\nclass Limiter:\n    size = 1\n\n    def hit(self):\n        return 1\n"
B = b"import os\n\nclass Limiter:\n    size = 2\n\n    def hit(self):\n        return 2\n"
C = b"import re\n\nclass Limiter:\n    size = 3\n\n    def hit(self):\n        return 1\n"


@pytest.mark.parametrize("ground", [whole("B"), Pick(letter="B"), None])
def test_a_new_file_of_one_with_a_place_of_another(trees: Trees, ground: Pick | None) -> None:
    """Also where nothing but that place was picked: it stands in the file of the one it was taken against."""
    desk = Desk(trees, None, A, B, C)
    picks = [ground] if ground else []
    made = desk.make(*picks, desk.hunk("A", "B", 2))
    assert made.conflicts == ()
    assert trees.result(desk.base, made)["f"] == (FILE, B.replace(b"return 2", b"return 1"))
    assert [part.letters for part in made.places[0].parts] == [("A", "B")]


def test_places_of_several_meet_in_the_file_of_one(trees: Trees) -> None:
    desk = Desk(trees, None, A, B, C)
    wanted = C.replace(b"size = 3", b"size = 2").replace(b"return 1", b"return 2")
    assert desk.text(whole("B"), desk.hunk("C", "B", 1)) == wanted
    assert desk.text(whole("B"), desk.hunk("C", "B", 1), desk.hunk("A", "B", 2)) == C.replace(
        b"size = 3", b"size = 2"
    )


def test_two_guests_contradict_in_the_lines_of_the_host_and_it_keeps_its_own(trees: Trees) -> None:
    desk = Desk(trees, None, A, B, C)
    made = desk.make(whole("B"), desk.hunk("A", "B", 1), desk.hunk("C", "B", 2))
    (conflict,) = made.conflicts
    assert (conflict.against, conflict.start, conflict.end) == ("B", 3, 4)
    assert conflict.letters == ("A", "C")
    assert [option.lines for option in conflict.options] == [
        (b"    size = 1\n",),
        (b"    size = 3\n",),
    ]
    assert trees.result(desk.base, made)["f"][1] == B


def test_a_new_file_has_the_mode_of_the_host(trees: Trees) -> None:
    for modes in ("A", "B", "AB"):
        desk = Desk(trees, None, A, B, modes=modes)
        for host, guest in ("AB", "BA"):
            for picks in ([], [whole(host)]):
                made = desk.make(*picks, desk.hunk(guest, host, 1))
                assert made.conflicts == ()
                mode = "100755" if host in modes else FILE
                assert trees.result(desk.base, made)["f"][0] == mode


def test_lines_go_into_a_hunk_of_the_host_and_leave_its_others(trees: Trees) -> None:
    base = b"".join(b"line %d\n" % n for n in range(1, 10))
    ours = base.replace(b"line 2\n", b"two\nand\nmore\n").replace(b"line 8\n", b"eight\n")
    theirs = base.replace(b"line 2\n", b"2\nand\nless\n")
    desk = Desk(trees, base, theirs, ours)
    one = desk.pick("A", "B", {1}, {1})
    assert desk.text(Pick(letter="B"), one) == ours.replace(b"two\n", b"2\n")
    # Without the host's file it is this place as the host has it.
    mixed = base.replace(b"line 2\n", b"2\nand\nmore\n")
    assert desk.text(one) == mixed
    assert desk.text(one, Pick(letter="A", place="f", keys=frozenset({"none"}))) == mixed


def test_what_the_base_has_can_be_put_into_a_variants_hunk(trees: Trees) -> None:
    base = b"one\ntwo\nthree\n"
    desk = Desk(trees, base, base, b"ONE\nTWO\nthree\n")
    assert desk.text(whole("B"), desk.pick("A", "B", {1}, {1})) == b"ONE\ntwo\nthree\n"
    made = desk.make(whole("B"), desk.hunk("A", "B", 1))
    assert not made.writes  # all of it: the base again


def test_lines_of_a_ground_take_the_place_of_its_hunk(trees: Trees) -> None:
    base = b"one\ntwo\nthree\n"
    desk = Desk(trees, base, b"ONE\nTWO\nthree\n")
    lines = Pick(letter="A", place="f", left=frozenset({0}), right=frozenset({0}))
    assert desk.text(Pick(letter="A"), lines) == b"ONE\ntwo\nthree\n"


# ---- what must hold for any


@st.composite
def desks(draw: st.DrawFn, trees: Trees) -> Desk:
    base = draw(st.none() | texts())
    first = base if base is not None else draw(texts())
    return Desk(trees, base, *(draw(edits(first)) for _ in "ABC"))


@SOME
@given(data=st.data(), ground=st.booleans())
def test_all_between_two_is_the_second(trees: Trees, data: st.DataObject, ground: bool) -> None:
    desk = data.draw(desks(trees))
    picks = [desk.hunk("A", "B", n + 1) for n in range(len(desk.between("B", "A")))]
    whole_b = Pick(letter="B") if ground else whole("B")
    theirs = trees.contents(trees.tree(desk.heads["A"]))["f"][1]
    assert desk.text(*picks, whole_b) == theirs
    back = [
        Pick(
            letter=p.letter,
            place="f",
            against="B",
            between=backwards(desk),
            left=p.left,
            right=p.right,
        )
        for p in picks
    ]
    if {h[:4] for h in backwards(desk)} == {h[:4] for h in desk.between("B", "A")}:
        assert desk.text(*back, whole_b) == theirs


def backwards(desk: Desk) -> tuple[Hunk, ...]:
    return tuple(map(hunk_reversed, desk.between("A", "B")))


@SOME
@given(data=st.data())
def test_hunks_of_two_guests_are_what_git_apply_makes_of_them(
    trees: Trees, tmp_path: Path, data: st.DataObject
) -> None:
    """The same patch applied to the host's file, where they do not contradict each other."""
    desk = data.draw(desks(trees))
    chosen = [
        (guest, hunk)
        for guest in "AC"
        for hunk in desk.between("B", guest)
        if data.draw(st.booleans())
    ]
    picks = [whole("B"), *(desk.pick(guest, "B", *sides(hunk)) for guest, hunk in chosen)]
    made = desk.make(*picks)
    assert all(conflict.against == "B" for conflict in made.conflicts)
    if made.conflicts:  # beside a contradiction may stand what does not contradict
        return
    bodies = {
        (hunk.start, hunk.end, hunk.added): body(
            trees, desk.heads["B"], desk.heads[guest], hunk.start, hunk.end
        )
        for guest, hunk in chosen
    }
    ours = trees.contents(trees.tree(desk.heads["B"]))["f"][1]
    patched = applied(tmp_path, ours, [bodies[at] for at in sorted(bodies)])
    assert patched == trees.result(desk.base, made)["f"][1]


@SOME
@given(data=st.data(), named=st.booleans())
def test_some_lines_between_two(trees: Trees, data: st.DataObject, named: bool) -> None:
    """What is not taken out of the host stays, what is taken is there, each in its order."""
    desk = data.draw(desks(trees))
    hunks = desk.between("B", "A")
    out = {n for h in hunks for n in range(h.start, h.end) if data.draw(st.booleans())}
    put = {n for h in hunks for n in range(h.right_start, h.right_end) if data.draw(st.booleans())}
    if not out and not put:
        return
    found = lines_of(
        desk.text(whole("B") if named else Pick(letter="B"), desk.pick("A", "B", out, put))
    )
    ours, theirs = (lines_of(trees.contents(trees.tree(desk.heads[x]))["f"][1]) for x in "BA")
    kept = [line for n, line in enumerate(ours) if n not in out]
    taken = [theirs[n] for n in sorted(put)]
    assert sorted(found) == sorted([*kept, *taken])
    for part in (kept, taken):
        rest = iter(found)
        assert all(line in rest for line in part)


@SOME
@given(data=st.data(), order=st.randoms(use_true_random=False))
def test_the_order_of_picks_does_not_matter(
    trees: Trees, data: st.DataObject, order: object
) -> None:
    desk = data.draw(desks(trees))
    pairs = [("A", "B"), ("C", "B"), ("A", "C"), ("C", "A")]
    picks = [
        desk.hunk(*pair, n + 1)
        for pair in pairs
        for n in range(len(desk.between(pair[1], pair[0])))
        if data.draw(st.booleans())
    ]
    picks += [p for p in (whole("A"), whole("B"), Pick(letter="C")) if data.draw(st.booleans())]
    made = desk.make(*picks)
    shuffled = data.draw(st.permutations(picks))
    again = desk.make(*shuffled)
    assert again == made
    assert trees.result(desk.base, made)
