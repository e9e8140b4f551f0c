"""Composing by example: what contradicts what, what gives way, and files as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.composing.types import BASE, Composition, Pick
from review.hunks import About, Fact
from tests.support.trees import Tree, Trees

TEXT = b"".join(b"line %d\n" % n for n in range(1, 11))
FILE = "100644"


def plain(**files: bytes) -> Tree:
    return {name: (FILE, data) for name, data in files.items()}


def edit(at: int, *lines: bytes, drop: int = 1, data: bytes = TEXT) -> bytes:
    old = data.splitlines(keepends=True)
    return b"".join([*old[: at - 1], *(line + b"\n" for line in lines), *old[at - 1 + drop :]])


class Desk:
    def __init__(self, trees: Trees, base: Tree, **variants: Tree) -> None:
        self.trees = trees
        self.base, *heads = trees.commits(base, *variants.values())
        self.files = {
            letter: trees.hunks(self.base, head)
            for letter, head in zip(variants, heads, strict=True)
        }

    def key(self, letter: str, number: int, place: str = "f") -> frozenset[str]:
        return frozenset({self.files[letter][place].hunks[number - 1].key})

    def make(self, *picks: Pick) -> Composition:
        return self.trees.composed(self.base, self.files, list(picks))

    def tree(self, made: Composition) -> dict[str, tuple[str, bytes]]:
        return self.trees.result(self.base, made)


@pytest.fixture
def trees(tmp_path: Path) -> Trees:
    return Trees.create(tmp_path / "hub.git")


def said(made: Composition) -> list[tuple[str, int, int, tuple[str, ...]]]:
    return [(c.place, c.start, c.end, c.letters) for c in made.conflicts]


def whole(letter: str, place: str = "f") -> Pick:
    return Pick(letter=letter, place=place)


def test_hunks_of_two_variants_meet_in_one_file(trees: Trees) -> None:
    desk = Desk(
        trees,
        plain(f=TEXT),
        A=plain(f=edit(2, b"two", data=edit(9, b"nine"))),
        B=plain(f=edit(5, b"5")),
    )
    made = desk.make(Pick(letter="A", place="f", keys=desk.key("A", 2)), whole("B"))
    assert desk.tree(made) == plain(f=edit(5, b"5", data=edit(9, b"nine")))
    assert [(p.start, p.end, p.letters) for p in made.places[0].parts] == [
        (4, 5, ("B",)),
        (8, 9, ("A",)),
    ]
    assert made.places[0].whole == ()


def test_overlapping_ranges_with_different_text_contradict_and_the_rest_is_made(
    trees: Trees,
) -> None:
    a = edit(3, b"a", b"b", drop=2, data=edit(9, b"nine"))
    desk = Desk(trees, plain(f=TEXT), A=plain(f=a), B=plain(f=edit(4, b"x", drop=2)))
    made = desk.make(whole("A"), whole("B"))
    assert said(made) == [("f", 2, 5, ("A", "B"))]
    assert [option.lines for option in made.conflicts[0].options] == [(b"a\n", b"b\n"), (b"x\n",)]
    assert desk.tree(made) == plain(f=edit(9, b"nine"))


def test_insertions_at_one_point_contradict_unless_they_are_the_same(trees: Trees) -> None:
    desk = Desk(
        trees,
        plain(f=TEXT),
        A=plain(f=edit(3, b"new", drop=0)),
        B=plain(f=edit(3, b"other", drop=0)),
        C=plain(f=edit(3, b"new", drop=0)),
    )
    assert said(desk.make(whole("A"), whole("B"))) == [("f", 2, 2, ("A", "B"))]
    made = desk.make(whole("A"), whole("C"))
    assert made.conflicts == ()
    assert made.places[0].parts[0].letters == ("A", "C")
    assert desk.tree(made) == plain(f=edit(3, b"new", drop=0))


def test_what_follows_a_line_without_end_contradicts_it(trees: Trees) -> None:
    desk = Desk(trees, plain(f=b"a\nb\n"), A=plain(f=b"a\nb"), B=plain(f=b"a\nb\nc\n"))
    made = desk.make(whole("A"), whole("B"))
    assert said(made) == [("f", 1, 2, ("A", "B"))]
    assert desk.tree(made) == plain(f=b"a\nb\n")
    made = desk.make(Pick(letter="A"), whole("B"))  # the ground gives way here too
    assert made.conflicts == ()
    assert desk.tree(made) == plain(f=b"a\nb\nc\n")


def test_deleting_contradicts_changing(trees: Trees) -> None:
    desk = Desk(
        trees,
        plain(f=TEXT, g=b"g\n"),
        A=plain(g=b"g\n"),
        B=plain(f=edit(3, b"x"), g=b"g\n"),
        C={"f": ("100755", TEXT), "g": (FILE, b"g\n")},
    )
    assert said(desk.make(whole("A"), whole("B"))) == [("f", 0, 0, ("A", "B"))]
    assert said(desk.make(whole("A"), whole("C"))) == [("f", 0, 0, ("A", "C"))]
    assert desk.tree(desk.make(Pick(letter="A"), whole("B"))) == plain(f=edit(3, b"x"), g=b"g\n")
    assert desk.tree(desk.make(Pick(letter="B"), whole("A"))) == plain(g=b"g\n")


def test_two_names_contradict_and_another_ones_lines_go_along(trees: Trees) -> None:
    desk = Desk(trees, plain(f=TEXT), A=plain(g=TEXT), B=plain(h=TEXT), C=plain(f=edit(3, b"x")))
    assert said(desk.make(whole("A"), whole("B"))) == [("f", 0, 0, ("A", "B"))]
    assert desk.tree(desk.make(whole("A"), whole("C"))) == plain(g=edit(3, b"x"))


def test_a_new_file_of_two(trees: Trees) -> None:
    desk = Desk(
        trees,
        plain(f=TEXT),
        A=plain(f=TEXT, n=b"x\n"),
        B=plain(f=TEXT, n=b"y\n"),
        C={"f": (FILE, TEXT), "n": ("100755", b"x\n")},
        D=plain(f=TEXT, n=b""),
    )
    assert said(desk.make(whole("A", "n"), whole("B", "n"))) == [("n", 0, 0, ("A", "B"))]
    for other in "CD":
        made = desk.make(whole("A", "n"), whole(other, "n"))
        assert said(made) == [("n", 0, 0, ("A", other))]
        assert desk.tree(made) == plain(f=TEXT)
    assert desk.tree(desk.make(Pick(letter="C"), whole("A", "n"))) == plain(f=TEXT, n=b"x\n")


def test_files_that_cannot_be_in_one_tree(trees: Trees) -> None:
    desk = Desk(
        trees,
        plain(f=TEXT, g=b"g\n"),
        A={"f": (FILE, TEXT), "g": (FILE, b"g\n"), "n": (FILE, b"n\n")},
        B={"f": (FILE, TEXT), "g": (FILE, b"g\n"), "n/x": (FILE, b"x\n")},
        C={"f": (FILE, TEXT), "g/x": (FILE, b"x\n")},
        D=plain(n=TEXT, g=b"g\n"),
    )
    assert {c.letters for c in desk.make(whole("A", "n"), whole("B", "n/x")).conflicts} == {
        ("A", "B")
    }
    assert [c.letters for c in desk.make(whole("C", "g/x")).conflicts] == [("C", BASE)]
    assert desk.make(whole("C", "g/x"), whole("C", "g")).conflicts == ()
    assert {c.letters for c in desk.make(whole("A", "n"), whole("D", "f")).conflicts} == {
        ("A", "D")
    }


def test_a_ground_gives_way_to_hunks_files_and_the_base(trees: Trees) -> None:
    ground = edit(3, b"a", data=edit(9, b"nine"))
    desk = Desk(
        trees,
        plain(f=TEXT, g=TEXT),
        A=plain(f=ground, g=edit(1, b"g"), n=b"new\n"),
        B=plain(f=edit(3, b"b"), g=TEXT),
    )
    made = desk.make(Pick(letter="A"), Pick(letter="B", place="f", keys=desk.key("B", 1)))
    assert made.conflicts == ()
    assert desk.tree(made)["f"] == (FILE, edit(3, b"b", data=edit(9, b"nine")))
    made = desk.make(Pick(letter="A"), whole("B"))
    assert desk.tree(made)["f"] == (FILE, edit(3, b"b"))
    # Revert one hunk, a file, a new file of the ground.
    made = desk.make(Pick(letter="A"), Pick(letter=BASE, place="f", spans=frozenset({(2, 3)})))
    assert desk.tree(made)["f"] == (FILE, edit(9, b"nine"))
    assert {letter for part in made.places[0].parts for letter in part.letters} == {"A", BASE}
    made = desk.make(Pick(letter="A"), whole(BASE, "g"), whole(BASE, "n"))
    assert desk.tree(made) == plain(f=ground, g=TEXT)


def test_the_base_has_its_name_mode_or_content_back_by_itself(trees: Trees) -> None:
    two = edit(3, b"a")
    desk = Desk(
        trees,
        plain(f=TEXT, g=b"\0one"),
        A={"n": ("100755", two), "g": ("100755", b"\0two")},
    )

    def base(place: str, **facts: object) -> Pick:
        keys = {
            hunk.key
            for hunk in desk.files["A"][place].hunks
            if all(getattr(hunk, name) == value for name, value in facts.items())
        }
        assert len(keys) == 1
        return Pick(letter=BASE, place=place, keys=frozenset(keys))

    name = base("f", about=About.FACTS, start=Fact.NAME)
    mode = base("f", about=About.FACTS, start=Fact.MODE)
    there = {"g": ("100755", b"\0two")}
    for picks, wanted in (
        ([name], {"f": ("100755", two), **there}),
        ([mode], {"n": (FILE, two), **there}),
        ([name, mode], {"f": (FILE, two), **there}),
    ):
        made = desk.make(Pick(letter="A"), *picks)
        assert made.conflicts == ()
        assert desk.tree(made) == wanted
    made = desk.make(Pick(letter="A"), base("g", about=About.CONTENT))
    assert desk.tree(made) == {"n": ("100755", two), "g": ("100755", b"\0one")}
    made = desk.make(Pick(letter="A"), base("g", about=About.FACTS))
    assert desk.tree(made) == {"n": ("100755", two), "g": (FILE, b"\0two")}
    gone = Desk(trees, plain(f=b"\0one", g=TEXT), A=plain(g=TEXT))
    (content,) = gone.files["A"]["f"].hunks
    made = gone.make(Pick(letter="A"), Pick(letter=BASE, place="f", keys=frozenset({content.key})))
    assert (made.conflicts, made.writes, made.removes) == ((), {}, frozenset())
    made = desk.make(whole("A"), name)
    assert said(made) == [("f", 0, 0, ("A", BASE))]


def test_a_named_pick_does_not_give_way_to_the_base(trees: Trees) -> None:
    desk = Desk(trees, plain(f=TEXT), A=plain(f=edit(3, b"a")))
    made = desk.make(whole("A"), Pick(letter=BASE, place="f", spans=frozenset({(2, 3)})))
    assert said(made) == [("f", 2, 3, ("A", BASE))]


def test_two_grounds_contradict_where_they_differ(trees: Trees) -> None:
    desk = Desk(trees, plain(f=TEXT), A=plain(f=edit(3, b"a")), B=plain(f=edit(3, b"b")))
    assert said(desk.make(Pick(letter="A"), Pick(letter="B"))) == [("f", 2, 3, ("A", "B"))]


def test_content_without_lines(trees: Trees) -> None:
    desk = Desk(
        trees,
        plain(f=b"\0one"),
        A=plain(f=b"\0two"),
        B=plain(f=b"\0three"),
        C={"f": ("120000", b"elsewhere")},
    )
    made = desk.make(whole("A"), whole("B"))
    assert said(made) == [("f", 0, 0, ("A", "B"))]
    assert made.conflicts[0].about is About.CONTENT
    assert desk.tree(desk.make(whole("A"))) == plain(f=b"\0two")
    (kind,) = {h.key for h in desk.files["C"]["f"].hunks if h.about is About.CONTENT}
    made = desk.make(Pick(letter="C", place="f", keys=frozenset({kind})))
    assert desk.tree(made) == {"f": ("120000", b"elsewhere")}


def test_lines_stand_where_the_view_shows_them(trees: Trees) -> None:
    base = b"alpha = 1\nbeta = 2\n"
    desk = Desk(trees, plain(f=base), A=plain(f=b"alpha = 10\nbeta = 20\nextra\n"))
    made = desk.make(Pick(letter="A", place="f", left=frozenset({0}), right=frozenset({0})))
    assert desk.tree(made) == plain(f=b"alpha = 10\nbeta = 2\n")
    made = desk.make(Pick(letter="A", place="f", right=frozenset({2})))
    assert desk.tree(made) == plain(f=base + b"extra\n")
    assert made.places[0].parts[0].partly
    made = desk.make(Pick(letter="A", place="f", left=frozenset({1})))
    assert desk.tree(made) == plain(f=b"alpha = 1\n")


def test_a_line_that_gets_a_follower_gets_an_end(trees: Trees) -> None:
    desk = Desk(trees, plain(f=b"a\nb"), A=plain(f=b"a\nb\nc"))
    made = desk.make(Pick(letter="A", place="f", right=frozenset({2})))
    assert desk.tree(made) == plain(f=b"a\nb\nc")
