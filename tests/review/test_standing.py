"""How a hunk of a comparison stands to all variants."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from review.compare import Kind, file_groups, group_hunks
from review.hunks import FileHunks
from review.standing import Standing, Standings, concerns, standing_say
from tests.review.test_hunks_compare import BASE, changed, edit, groups_of, text
from tests.support.hunks import file_changed

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
    found = Standings(GROUPS, left=left, right=right, letters=TEXTS).of(hunk)
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
    assert standing_say(a_c) == "Contradiction"
    # Where D left the base alone, A and B contradict C, here as in the list of places.
    for d_a in (standing("D", "A", 0), standing("", "A")):
        assert (d_a.kind, d_a.left, d_a.right, d_a.rest) == (
            Kind.CONTRADICTORY,
            ("D",),
            ("A", "B"),
            ("C",),
        )
        assert standing_say(d_a) == "Contradiction with C"
    d_a = standing("D", "A", 1)
    assert (d_a.kind, d_a.left, d_a.right) == (Kind.UNIQUE, ("D",), ("A", "B", "C"))
    assert standing_say(d_a) == "Only in D"


def test_nothing_is_said_of_a_hunk_that_no_group_is_about() -> None:
    hunk = changed(BASE, edit(6, "six")).hunks[0]
    assert Standings(GROUPS, left="", right="A", letters=TEXTS).of(hunk) is None


@given(
    base=text,
    texts=st.dictionaries(st.sampled_from("ABC"), text, min_size=2),
    sides=st.tuples(st.sampled_from(["", "A", "B", "C"]), st.sampled_from("ABC")),
)
def test_the_groups_of_a_hunk_are_found_as_if_all_were_looked_at(
    base: list[str], texts: dict[str, list[str]], sides: tuple[str, str]
) -> None:
    left, right = sides
    assume(right in texts and (not left or left in texts))
    groups = groups_of(base, texts)
    standings = Standings(groups, left=left, right=right, letters=texts)
    for hunk in changed(texts[left] if left else base, texts[right]).hunks:
        found = standings.of(hunk)
        looked_at = [group for group in groups if concerns(group, hunk, left, right)]
        assert list(found.groups if found else ()) == looked_at


def test_many_changes_are_told_in_a_time_that_grows_with_their_number() -> None:
    """Work is counted, not timed: groups that are looked at for each hunk."""
    base = [f"line {n}" for n in range(3_000)]
    texts = {
        letter: [f"{line} {letter}" if n % 3 == 0 else line for n, line in enumerate(base)]
        for letter in "AB"
    }
    files = {letter: one_line_changes(base, text) for letter, text in texts.items()}
    standings = Standings(file_groups(files), left="", right="A", letters=texts)
    hunks = files["A"].hunks
    assert len(hunks) == 1_000
    assert max(len(standings.near(hunk)) for hunk in hunks) <= 6
    assert all(
        found is not None and found.kind is Kind.CONTRADICTORY for found in map(standings.of, hunks)
    )


def one_line_changes(base: list[str], text: list[str]) -> FileHunks:
    patch = b"".join(
        b"@@ -%d +%d @@\n-%s\n+%s\n" % (n, n, old.encode(), new.encode())
        for n, (old, new) in enumerate(zip(base, text, strict=True), 1)
        if old != new
    )
    return file_changed(b"diff --git a/f b/f\n" + patch)
