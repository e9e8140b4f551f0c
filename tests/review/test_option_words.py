from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from review.option_words import Spans, options_marked


def marked(lines: list[str], spans: tuple[Spans, ...]) -> list[list[str]]:
    return [[line[a:b] for a, b in of] for line, of in zip(lines, spans, strict=True)]


def test_words_that_not_all_have() -> None:
    a, b = ["A small app on Flask.", "It has tests."], ["A small app on FastAPI.", "It has tests."]
    first, second = options_marked([a, b])
    assert marked(a, first) == [["Flask"], []]
    assert marked(b, second) == [["FastAPI"], []]


def test_a_line_that_only_one_has() -> None:
    a, b = ["import os", "import re", "", "x = 1"], ["import os", "", "x = 1"]
    first, second = options_marked([a, b])
    assert marked(a, first) == [[], ["import re"], [], []]
    assert second == ((), (), ())


def test_the_third_shows_what_two_have_in_common() -> None:
    first, second, third = options_marked([["rate = 5"], ["rate = 5"], ["rate = 50"]])
    assert first == second == (((7, 8),),)
    assert third == (((7, 9),),)


def test_what_has_nothing_in_common_is_not_marked_all_over() -> None:
    assert options_marked([["return None"], ["raise ValueError(field)"]]) == (((),), ((),))


def test_one_option_has_nothing_to_be_held_against() -> None:
    assert options_marked([["a", "b"]]) == (((), ()),)


@given(
    st.lists(st.lists(st.text("ab =\t<é", max_size=9), max_size=5), max_size=4),
)
def test_marks_lie_in_their_lines_apart_and_in_order(options: list[list[str]]) -> None:
    found = options_marked(options)
    assert [len(spans) for spans in found] == [len(lines) for lines in options]
    for lines, spans in zip(options, found, strict=True):
        for line, of in zip(lines, spans, strict=True):
            ends = [end for span in of for end in span]
            assert ends == sorted(set(ends))
            assert not ends or (ends[0] >= 0 and ends[-1] <= len(line))


@given(st.lists(st.text("ab =\t<é", max_size=9), max_size=5), st.integers(2, 4))
def test_what_all_have_is_not_marked(lines: list[str], times: int) -> None:
    assert all(spans == () for option in options_marked([lines] * times) for spans in option)
