"""A hunk is found by its number, its key or its place in the base."""

from __future__ import annotations

import pytest

from review.composing.picks import HunkRef, hunk_find
from review.hunks import About, FileHunks, Hunk, content_hunk

FIRST = Hunk(2, 3, 2, 4, "one", "a", "a")
SECOND = Hunk(9, 9, 10, 11, "two", "b", "b")
MODE = Hunk(1, 1, 0, 0, "mode", "m", "m", About.FACTS)


def file_of(*hunks: Hunk) -> FileHunks:
    return FileHunks("f", "f", "M", "1" * 40, "2" * 40, "100644", hunks)


@pytest.mark.parametrize(
    ("ref", "found"),
    [
        (1, FIRST),
        (2, SECOND),
        (0, None),
        (-1, None),
        (3, None),
        ("two", SECOND),
        ("mode", MODE),
        ("three", None),
        ((3, 1, ""), FIRST),
        ((3, 1, "one"), FIRST),
        ((3, 1, "two"), None),
        ((9, 0, "two"), SECOND),
        ((9, 1, ""), None),
        ((0, 0, ""), None),  # what is not about lines is nowhere
    ],
)
def test_a_hunk_is_found_by_what_names_it(ref: HunkRef, found: Hunk | None) -> None:
    assert hunk_find(file_of(MODE, FIRST, SECOND), ref) is found


def test_where_there_are_no_lines_the_content_is_the_one_change() -> None:
    content = content_hunk("1" * 40, "2" * 40)
    file = file_of(MODE, content)
    assert (hunk_find(file, 1), hunk_find(file, 2)) == (content, None)
    assert file.numbers == {content.key: 1}


@pytest.mark.parametrize("name", ["lines", "counted", "numbers", "by_key", "by_range", "turned"])
def test_what_is_looked_up_by_is_found_out_once(name: str) -> None:
    file = file_of(FIRST, SECOND)
    assert getattr(file, name) is getattr(file, name)
