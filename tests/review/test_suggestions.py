"""Suggested lines in a file, byte for byte."""

from __future__ import annotations

import pytest

from review.suggestions import lines_replace

CASES = [
    (b"a\nb\nc\n", 2, 2, "B\n", b"a\nB\nc\n"),
    (b"a\nb\nc\n", 1, 3, "x\ny\n", b"x\ny\n"),
    (b"a\nb\nc\n", 2, 3, "", b"a\n"),
    (b"a\n", 1, 1, "", b""),
    (b"a\nb\nc\n", 2, 2, "\n", b"a\n\nc\n"),
    (b"a\r\nb\r\nc\r\n", 2, 2, "x\ny\n", b"a\r\nx\r\ny\r\nc\r\n"),
    (b"a\nb", 2, 2, "B\n", b"a\nB"),
    (b"a\nb", 1, 1, "A\n", b"A\nb"),
    (b"a\nb", 2, 2, "", b"a"),
    ("ä\nö\n".encode(), 2, 2, "ü 🙂\n", "ä\nü 🙂\n".encode()),
    (b"\xff\nb\n", 2, 2, "B\n", b"\xff\nB\n"),
]


@pytest.mark.parametrize(("data", "start", "end", "text", "wanted"), CASES)
def test_lines_are_replaced(data: bytes, start: int, end: int, text: str, wanted: bytes) -> None:
    assert lines_replace(data, start=start, end=end, text=text) == wanted


def test_the_last_line_keeps_having_no_end() -> None:
    assert lines_replace(b"a\r\nb\r", start=2, end=2, text="B\n") == b"a\r\nB"
