"""How a place of a file is called: one idea, one wording."""

from __future__ import annotations

import pytest

from review.hunks import About, Fact, place_named, range_named


def test_each_fact_of_a_file_has_words_of_its_own() -> None:
    said = {place_named(About.FACTS, fact, fact) for fact in Fact}
    assert len(said) == len(Fact)


@pytest.mark.parametrize(
    ("start", "count", "words"),
    [
        (0, 0, "before line 1"),
        (3, 0, "after line 3"),
        (1, 1, "line 1"),
        (2, 3, "lines 2 to 4"),
        (1000, 2, "lines 1,000 to 1,001"),
    ],
)
def test_lines_are_called_the_same_however_they_are_told(
    start: int, count: int, words: str
) -> None:
    first = start - 1 if count else start
    assert range_named(start, count) == place_named(About.LINES, first, first + count) == words
