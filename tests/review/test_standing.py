"""How a hunk of a comparison stands to all variants."""

from __future__ import annotations

from review.compare import Kind, file_groups, group_hunks
from review.standing import Standing, standing_of, standing_say
from tests.review.test_hunks_compare import BASE, changed, edit

TEXTS = {
    "A": edit(3, "three"),
    "B": edit(3, "three"),
    "C": edit(3, "3"),
    "D": edit(8, "eight"),
}
FILES = {letter: changed(BASE, text) for letter, text in TEXTS.items()}
GROUPS = file_groups(FILES)


def standing(left: str, right: str, at: int = 0) -> Standing:
    hunk = changed(TEXTS[left] if left else BASE, TEXTS[right]).hunks[at]
    found = standing_of(hunk, GROUPS, left=left, right=right, letters=TEXTS)
    assert found
    return found


def keys(found: Standing, letter: str) -> list[str]:
    return [h.key for group in found.groups for h in group_hunks(group, FILES[letter])]


def test_against_the_base() -> None:
    a = standing("", "A")
    assert (a.kind, a.left, a.right, a.rest) == (Kind.CONTRADICTORY, ("D",), ("A", "B"), ("C",))
    assert keys(a, "A") == [FILES["A"].hunks[0].key]
    assert keys(a, "D") == []
    d = standing("", "D")
    assert (d.kind, d.left, d.right) == (Kind.UNIQUE, ("A", "B", "C"), ("D",))
    assert standing_say(d) == "Only in D"


def test_between_two_variants() -> None:
    a_c = standing("A", "C")
    assert (a_c.kind, a_c.left, a_c.right, a_c.rest) == (
        Kind.CONTRADICTORY,
        ("A", "B"),
        ("C",),
        ("D",),
    )
    for letter in "AC":
        assert keys(a_c, letter) == [FILES[letter].hunks[0].key]
    # Where D left the base alone, A and B changed it: that is no contradiction of D.
    d_a = standing("D", "A", 0)
    assert (d_a.kind, d_a.left, d_a.right, d_a.rest) == (Kind.SHARED, ("D",), ("A", "B"), ("C",))
    assert standing_say(d_a) == "The same in 2 of 4"
    d_a = standing("D", "A", 1)
    assert (d_a.kind, d_a.left, d_a.right) == (Kind.UNIQUE, ("D",), ("A", "B", "C"))
    assert standing_say(d_a) == "Only in D"


def test_nothing_is_said_of_a_hunk_that_no_group_is_about() -> None:
    hunk = changed(BASE, edit(6, "six")).hunks[0]
    assert standing_of(hunk, GROUPS, left="", right="A", letters=TEXTS) is None
