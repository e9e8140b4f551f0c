"""Consensus of N variants: the rules by example, and what must hold for any input."""

from __future__ import annotations

import difflib
import random
from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from review.compare import (
    Group,
    Kind,
    Mark,
    file_groups,
    file_marks,
    group_hunks,
)
from review.hunks import FileHunks, base_range, content_hunk, patch_sections
from review.new_files import new_file_groups
from tests.support.hunks import file_changed

Lines = Sequence[str]


def patch_of(base: Lines, text: Lines) -> bytes:
    """A -U0 patch as git writes it."""
    out = [b"diff --git a/f b/f\n", b"--- a/f\n", b"+++ b/f\n"]
    matcher = difflib.SequenceMatcher(None, base, text, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            left, right = (a + 1 if b > a else a, b - a), (c + 1 if d > c else c, d - c)
            out.append(b"@@ -%d,%d +%d,%d @@\n" % (*left, *right))
            out += [b"-" + line.encode() + b"\n" for line in base[a:b]]
            out += [b"+" + line.encode() + b"\n" for line in text[c:d]]
    return b"".join(out)


def changed(base: Lines, text: Lines) -> FileHunks:
    return file_changed(patch_of(base, text))


def groups_of(base: Lines, texts: Mapping[str, Lines]) -> Sequence[Group]:
    files = {letter: changed(base, text) for letter, text in texts.items()}
    return file_groups({letter: file for letter, file in files.items() if file.hunks})


BASE = [f"line {n}" for n in range(1, 11)]


def edit(at: int, *lines: str, drop: int = 1, base: Lines = BASE) -> list[str]:
    return [*base[: at - 1], *lines, *base[at - 1 + drop :]]


def said(base: Lines, texts: Mapping[str, Lines]) -> list[tuple[str, int, int, list[str]]]:
    return [
        (str(g.kind), g.start, g.end, ["".join(o.letters) for o in g.options])
        for g in groups_of(base, texts)
    ]


def test_the_same_change_is_shared_another_one_contradicts_and_one_alone_is_unique() -> None:
    a = edit(3, "three")
    assert said(BASE, {"A": a, "B": a}) == [("shared", 2, 3, ["AB"])]
    assert said(BASE, {"A": a, "B": edit(3, "3")}) == [("contradictory", 2, 3, ["A", "B"])]
    assert said(BASE, {"A": a, "B": edit(7, "7")}) == [
        ("unique", 2, 3, ["A"]),
        ("unique", 6, 7, ["B"]),
    ]


def test_two_against_one_names_the_majority_first() -> None:
    texts = {"A": edit(3, "3"), "B": edit(3, "three"), "C": edit(3, "three")}
    assert said(BASE, texts) == [("contradictory", 2, 3, ["BC", "A"])]


def test_overlapping_ranges_are_one_group_and_meet_through_others() -> None:
    texts = {"A": edit(3, "x", drop=2), "B": edit(4, "y", drop=2), "C": edit(5, "z", drop=2)}
    assert said(BASE, texts) == [("contradictory", 2, 6, ["A", "B", "C"])]
    (group,) = groups_of(BASE, texts)
    assert {letter: texts[letter][a:b] for letter, (a, b) in group.spans.items()} == {
        "A": ["x", "line 5", "line 6"],
        "B": ["line 3", "y", "line 6"],
        "C": ["line 3", "line 4", "z"],
    }


def test_insertions_meet_at_the_same_point_only() -> None:
    at_3 = edit(3, "new", drop=0)
    assert said(BASE, {"A": at_3, "B": edit(3, "other", drop=0)})[0][0] == "contradictory"
    assert [g[0] for g in said(BASE, {"A": at_3, "B": edit(4, "new", drop=0)})] == ["unique"] * 2
    # At either edge of a changed range an insertion is beside it.
    assert [g[0] for g in said(BASE, {"A": at_3, "B": edit(3, "three")})] == ["unique"] * 2
    assert [g[0] for g in said(BASE, {"A": at_3, "B": edit(2, "two")})] == ["unique"] * 2
    # Inside of it, it contradicts.
    assert said(BASE, {"A": at_3, "B": edit(2, "2 and 3", drop=2)})[0][0] == "contradictory"


def test_white_space_and_the_order_of_imports_are_near() -> None:
    assert said(BASE, {"A": edit(3, "f( x )"), "B": edit(3, "  f(x)")})[0][0] == "near"
    one, two = ("import os", "import re"), ("import re", "import os")
    assert said(BASE, {"A": edit(1, *one, drop=0), "B": edit(1, *two, drop=0)})[0][0] == "near"
    code = {"A": edit(1, "a()", "b()", drop=0), "B": edit(1, "b()", "a()", drop=0)}
    assert said(BASE, code)[0][0] == "contradictory"
    assert said(BASE, {"A": edit(3, "a+b"), "B": edit(3, "ab")})[0][0] == "contradictory"


def test_a_deleted_file_contradicts_an_edit_of_it() -> None:
    assert said(BASE, {"A": [], "B": edit(3, "three")})[0][0] == "contradictory"


def test_marks_of_a_file() -> None:
    both = edit(3, "three")
    texts = {"A": both, "B": both, "C": edit(8, "eight", base=both)}
    groups = groups_of(BASE, texts)
    assert file_marks(groups, texts) == {
        "A": Mark.SHARED,
        "B": Mark.SHARED,
        "C": Mark.PARTLY,
    }
    alone = groups_of(BASE, {"A": both})
    assert file_marks(alone, ["A"]) == {"A": Mark.UNIQUE}
    against = {**texts, "D": edit(8, "8")}
    assert file_marks(groups_of(BASE, against), against) == {
        "A": Mark.PARTLY,
        "B": Mark.PARTLY,
        "C": Mark.CONTRADICTORY,
        "D": Mark.CONTRADICTORY,
    }


def test_new_files_are_aligned_before_they_are_compared() -> None:
    texts = {
        "A": ["import os", "", "def f():", "    return 1"],
        "B": ["import os", "", "def f():", "    return 2"],
    }
    groups = new_file_groups(texts)
    assert [(g.kind, dict(g.spans)) for g in groups] == [
        (Kind.SHARED, {"A": (0, 3), "B": (0, 3)}),
        (Kind.CONTRADICTORY, {"A": (3, 4), "B": (3, 4)}),
    ]
    same = new_file_groups({"A": texts["A"], "B": texts["A"]})
    assert [(g.kind, g.letters) for g in same] == [(Kind.SHARED, ("A", "B"))]


def test_new_files_with_nothing_but_brackets_in_common_contradict_as_wholes() -> None:
    texts = {"A": ["alpha", "{", "}"], "B": ["beta", "{", "}"]}
    assert [g.kind for g in new_file_groups(texts)] == [Kind.CONTRADICTORY]


def test_a_file_of_many_sections_falls_into_its_files() -> None:
    patch = patch_of(BASE, edit(3, "diff --git a/x b/x")) + patch_of(BASE, edit(4, "four"))
    assert [section.count(b"@@ -") for section in patch_sections(patch)] == [1, 1]


def test_equal_changes_of_one_file_have_keys_of_their_own() -> None:
    base = ["a", "x", "b", "x", "c"]
    file = changed(base, ["a", "y", "b", "y", "c"])
    assert len({hunk.key for hunk in file.hunks}) == 2
    moved = changed(["new first", *base], ["new first", "a", "y", "b", "y", "c"])
    assert [hunk.key for hunk in moved.hunks] == [hunk.key for hunk in file.hunks]


def shapes(groups: Sequence[Group], names: Mapping[str, str] | None = None) -> list[str]:
    """What the groups say, whatever their order among equals, with other letters put in."""
    return sorted(
        f"{g.kind} {g.start}:{g.end} {sorted(((names or {}).get(n, n), s) for n, s in g.spans.items())}"
        for g in groups
    )


text = st.lists(st.sampled_from(["a", "b", "c", "d1", "e2", ""]), max_size=12)


@given(
    base=text, texts=st.dictionaries(st.sampled_from("ABCD"), text, min_size=2), seed=st.integers()
)
def test_consensus_does_not_depend_on_letters_and_covers_every_change(
    base: list[str], texts: dict[str, list[str]], seed: int
) -> None:
    names = sorted(texts)
    swapped = dict(zip(names, random.Random(seed).sample(names, len(names)), strict=True))
    renamed = {swapped[letter]: lines for letter, lines in texts.items()}

    here, there = groups_of(base, texts), groups_of(base, renamed)
    assert shapes(here, swapped) == shapes(there)
    new_here, new_there = new_file_groups(texts), new_file_groups(renamed)
    assert shapes(new_here, swapped) == shapes(new_there)

    # Base ranges do not overlap, and outside of them every variant is the base.
    for letter, lines in texts.items():
        rebuilt, at = [], 0
        for group in here:
            if letter in group.spans:
                a, b = group.spans[letter]
                rebuilt += [*base[at : group.start], *lines[a:b]]
                at = group.end
        assert [*rebuilt, *base[at:]] == lines
        # Of a new file every line is in exactly one group, in order.
        spans = [g.spans[letter] for g in new_here if letter in g.spans]
        assert [n for a, b in spans for n in range(a, b)] == list(range(len(lines)))


def test_a_patch_of_nothing_has_no_files() -> None:
    """Two commits of one tree."""
    assert patch_sections(b"") == []


def test_new_files_are_near_whatever_the_order_of_their_imports() -> None:
    lines = ["import os", "import sys", "from a import b", "", "x = 1"]
    texts = {
        "A": lines,
        "B": [lines[2], "import  os", lines[1], *lines[3:]],
        "C": [lines[1], lines[0], *lines[2:-1], "x  =  1"],
    }
    found = [(g.kind, g.spans["A"], len(g.options)) for g in new_file_groups(texts)]
    assert found == [(Kind.NEAR, (0, 3), 3), (Kind.SHARED, (3, 4), 1), (Kind.NEAR, (4, 5), 2)]
    # An order that means something is another text, and another import is no order.
    texts = {"A": ["a()", "b()"], "B": ["b()", "a()"]}
    assert Kind.NEAR not in {g.kind for g in new_file_groups(texts)}
    texts = {"A": lines[:2], "B": ["import re", "import os"]}
    assert Kind.NEAR not in {g.kind for g in new_file_groups(texts)}


def test_a_range_of_the_base_is_told_as_in_a_patch() -> None:
    told = {"x": (2, 1), "": (2, 2), "new": (2, 0), "at the top": (0, 0)}
    texts = {
        "x": edit(2, "x"),
        "": edit(2, drop=2),
        "new": [*BASE[:2], "new", *BASE[2:]],
        "at the top": ["at the top", *BASE],
    }
    for name, text in texts.items():
        (hunk,) = changed(BASE, text).hunks
        assert base_range(hunk) == told[name], name
    assert base_range(content_hunk("a", "b")) == (0, 0)


def test_each_variant_has_hunks_of_its_own_in_a_group() -> None:
    """A does to three equal lines what B does to the last two of them: B's first is A's second."""
    base = ["same", "1", "same", "2", "same"]
    a, b = ["x", "1", "x", "2", "x"], ["same", "1", "x", "2", "x"]
    files = {"A": changed(base, a), "B": changed(base, b)}
    _, second, third = file_groups(files)
    for letter, keys in (("A", (1, 2)), ("B", (0, 1))):
        for group, number in zip((second, third), keys, strict=True):
            assert group_hunks(group, files[letter]) == (files[letter].hunks[number],)


def test_an_insertion_at_the_edge_of_a_group_is_not_of_it() -> None:
    text = edit(3, "three", base=edit(4, "new", drop=0))
    file = changed(BASE, [*text[:2], "before", *text[2:]])
    groups = file_groups({"A": file, "B": changed(BASE, edit(3, "3"))})
    for group in groups:
        assert all(hunk.start >= group.start for hunk in group_hunks(group, file))
    assert sum(len(group_hunks(group, file)) for group in groups) == len(file.hunks)
