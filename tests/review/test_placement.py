"""Where commented lines are after the file changed."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from hypothesis import given
from hypothesis import strategies as st

from review.placement import Anchor, Place, Span, anchor_make, place

OLD = """\
import os


def area(side):
    if side < 0:
        raise ValueError(side)
    return side * side


def ring(side):
    if side < 0:
        raise ValueError(side)
    return side * 4
""".splitlines()


def spans_of(old: Sequence[str], new: Sequence[str]) -> list[Span]:
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [(a, b, c, d) for tag, a, b, c, d in codes if tag != "equal"]


def placed(anchor: Anchor, new: Sequence[str], *, old: Sequence[str] = OLD) -> Place | None:
    return place(anchor, spans=spans_of(old, new), text=lambda: new)


def at(start: int, end: int = 0) -> Anchor:
    return anchor_make(OLD, start=start, end=end or start)


def unused() -> Sequence[str]:
    raise AssertionError("the text is not needed where the diff says it")


def test_an_anchor_holds_its_lines_and_three_around_them() -> None:
    anchor = at(4, 5)
    assert anchor.lines == ("def area(side):", "    if side < 0:")
    assert anchor.before == ("import os", "", "")
    assert anchor.after == (OLD[5], OLD[6], "")
    assert (anchor.start, anchor.end) == (4, 5)


def test_lines_that_a_diff_leaves_alone_move_with_it() -> None:
    anchor = at(7)
    assert place(anchor, spans=[], text=unused) == Place(7, 7)
    assert place(anchor, spans=[(0, 1, 0, 4)], text=unused) == Place(10, 10)
    assert place(anchor, spans=[(0, 3, 0, 0)], text=unused) == Place(4, 4)
    assert place(anchor, spans=[(0, 0, 0, 2), (9, 12, 11, 11)], text=unused) == Place(9, 9)


def test_an_insertion_right_before_or_after_does_not_touch_it() -> None:
    assert place(at(7), spans=[(6, 6, 6, 8)], text=unused) == Place(9, 9)
    assert place(at(7), spans=[(7, 7, 7, 9)], text=unused) == Place(7, 7)


def test_a_changed_line_is_outdated() -> None:
    new = [line.replace("side * side", "side**2") for line in OLD]
    assert placed(at(7), new) is None


def test_a_line_put_between_two_commented_ones_outdates_them() -> None:
    new = [*OLD[:5], "        # negative", *OLD[5:]]
    assert placed(at(5, 6), new) is None
    assert placed(at(6, 7), new) == Place(7, 8)


def test_code_that_was_moved_is_found() -> None:
    new = [*OLD[:3], *OLD[9:], "", "", *OLD[3:7]]
    anchor = at(4, 7)
    spans: list[Span] = [(3, 9, 3, 3), (13, 13, 7, 13)]  # a diff that moves the other function
    assert place(anchor, spans=spans, text=lambda: new) == Place(10, 13)


def test_of_equal_lines_the_one_with_the_same_neighbours_is_taken() -> None:
    new = ["x = 1", *OLD[9:], "", "", *OLD[3:7]]
    anchor = at(11)  # `if side < 0:` of ring, not of area
    found = place(anchor, spans=None, text=lambda: new)
    assert found == Place(3, 3)


def test_a_file_written_anew_still_has_its_telling_lines() -> None:
    new = ["# rewritten", "def other():", "    return side * side", ""]
    assert place(at(7), spans=[(0, 13, 0, 4)], text=lambda: new) == Place(3, 3)


def test_a_lone_brace_or_blank_line_is_not_guessed() -> None:
    old = ["a {", "  one()", "}", "", "b {", "  two()", "}"]
    anchor = anchor_make(old, start=3, end=3)
    assert place(anchor, spans=None, text=lambda: ["c {", "  three()", "}"]) is None
    blank = anchor_make(old, start=4, end=4)
    assert place(blank, spans=None, text=lambda: ["", "x", ""]) is None


def test_other_code_that_reads_the_same_is_not_taken_for_it() -> None:
    twins = ["def a():", "    return compute(1)", "", "def b():", "    return compute(1)"]
    new = [*twins[:1], "    return compute(2)", *twins[2:]]
    assert placed(anchor_make(twins, start=2, end=2), new, old=twins) is None


def test_another_indentation_is_found_and_said() -> None:
    new = ["class Shape:", *(f"    {line}" if line else "" for line in OLD[3:7])]
    assert placed(at(7), new) == Place(5, 5, same=False)


def test_long_lines_are_kept_and_compared_in_part() -> None:
    old = ["x" * 5_000, "y"]
    anchor = anchor_make(old, start=1, end=1)
    assert len(anchor.lines[0]) == 1_000
    new = ["new", "x" * 5_000, "y"]
    assert place(anchor, spans=None, text=lambda: new) == Place(2, 2)


TEXT = st.lists(st.sampled_from(["", "}", "    return value", "def one():", "x = 1"]), max_size=12)


@given(old=TEXT.filter(bool), new=TEXT, data=st.data())
def test_what_is_placed_reads_the_same(old: list[str], new: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(1, len(old)))
    end = data.draw(st.integers(start, len(old)))
    anchor = anchor_make(old, start=start, end=end)
    found = placed(anchor, new, old=old)
    if found is None:
        return
    there = new[found.start - 1 : found.end]
    if found.same:
        assert there == old[start - 1 : end]
    assert ["".join(line.split()) for line in there] == [
        "".join(line.split()) for line in old[start - 1 : end]
    ]
    assert 1 <= found.start <= found.end <= len(new)


@given(text=TEXT.filter(bool), above=TEXT, below=TEXT, data=st.data())
def test_text_around_never_loses_a_comment(
    text: list[str], above: list[str], below: list[str], data: st.DataObject
) -> None:
    start = data.draw(st.integers(1, len(text)))
    anchor = anchor_make(text, start=start, end=len(text))
    size = len(text)
    spans = [(0, 0, 0, len(above)), (size, size, size + len(above), size + len(above) + len(below))]
    found = place(anchor, spans=spans, text=unused)
    assert found == Place(start + len(above), size + len(above))
