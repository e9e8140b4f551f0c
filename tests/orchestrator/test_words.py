"""Names and letters in a sentence."""

from __future__ import annotations

import pytest

from orchestrator.lib.words import letters_say, words_join


@pytest.mark.parametrize(
    ("names", "said"), [("", ""), ("A", "A"), ("AB", "A and B"), ("ABC", "A, B and C")]
)
def test_names_are_joined(names: str, said: str) -> None:
    assert words_join([*names]) == said
    assert letters_say([*names]) == said


def test_many_letters_are_counted() -> None:
    assert letters_say("ABCDEF") == "A, B, C, D, E and F"
    assert letters_say("ABCDEFG") == "7 variants"
    assert letters_say("ABCD", read_max=3) == "4 variants"
