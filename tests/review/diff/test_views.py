"""Pairs, words, colours, rows and HTML."""

from __future__ import annotations

import re
from collections.abc import Callable

from review.diff import ChunkKind, FileDiff, highlight, language_of, render_diff, render_lines
from review.diff.rows import Fold, diff_rows
from review.diff.text import text_read

Differ = Callable[..., FileDiff]

PYTHON = b'''def area(width, height):
    """The area of a rectangle."""
    return width * height  # in metres


NAMES = ["a", 'b', f"{area(1, 2)}"]
'''


def marked(text: str, spans: tuple[tuple[int, int], ...]) -> list[str]:
    return [text[start:end] for start, end in spans]


def test_changed_words_are_marked_and_only_they(differ: Differ) -> None:
    diff = differ(b"return max(old, 1)\n", b"return max(new, 1, key=len)\n")
    chunk = diff.chunks[0]
    assert chunk.kind is ChunkKind.REPLACE
    assert marked(chunk.left[0].text, chunk.left[0].changed) == ["old"]
    assert marked(chunk.right[0].text, chunk.right[0].changed) == ["new", ", key=len"]


def test_lines_that_have_nothing_in_common_are_not_marked_word_by_word(differ: Differ) -> None:
    diff = differ(b"import os\n", b"class Quite(Different): ...\n")
    assert all(not line.changed for line in (*diff.chunks[0].left, *diff.chunks[0].right))


def test_lines_are_paired_by_likeness_not_by_position(differ: Differ) -> None:
    left = b"alpha = compute(1)\nbeta = compute(2)\n"
    right = b"# a new remark\nalpha = compute(10)\nprint()\nbeta = compute(20)\n"
    rows = list(diff_rows(differ(left, right).chunks, view="split", context=3))
    pairs = [
        (row.left.text if row.left else None, row.right.text if row.right else None)
        for row in rows
        if not isinstance(row, Fold)
    ]
    assert ("alpha = compute(1)", "alpha = compute(10)") in pairs
    assert ("beta = compute(2)", "beta = compute(20)") in pairs
    assert (None, "# a new remark") in pairs


def test_colours_cover_the_text_exactly_and_survive_carriage_returns() -> None:
    for data in (PYTHON, PYTHON.replace(b"\n", b"\r\n"), PYTHON.rstrip()):
        text = text_read(data)
        assert text is not None
        colours = highlight(text, "area.py")
        assert colours is not None
        assert len(colours.lines) == len(text.lines)
        kinds = {css for line in colours.lines for _, _, css in line}
        assert {"k", "s", "c", "f"} <= kinds
        assert [text.lines[0][a:b] for a, b, _ in colours.lines[0]] == ["def", "area"]
        for line, tokens in zip(text.lines, colours.lines, strict=True):
            assert all(0 <= a < b <= len(line) for a, b, _ in tokens)


def test_the_language_comes_from_the_name_only() -> None:
    assert language_of("src/app/views.py") == "Python"
    assert language_of("Dockerfile") == "Docker"
    assert language_of("notes.txt") == ""
    assert language_of("no-such.kind-of-file") == ""
    text = text_read(b"#!/usr/bin/env python\n")
    assert text is not None
    assert highlight(text, "unknown") is None


def test_highlighting_stops_when_told_and_leaves_long_lines_alone() -> None:
    text = text_read(PYTHON * 400)
    assert text is not None
    assert highlight(text, "x.py", stop=lambda: True) is None
    long = text_read(b"x = '" + b"a" * 3_000 + b"'\n")
    assert long is not None
    assert highlight(long, "x.py") is None


def test_hostile_text_is_text(differ: Differ) -> None:
    evil = "</div><script>alert(1)</script>&lt;\u202e\x00\x1b[31m\n".encode()
    diff = differ(b"x\n", b"y\n" + b"z" * 9_000 + b"\n" + evil, path="x.html")
    for view in ("split", "unified"):
        html = render_diff(diff, view=view, context=3)
        assert "<script" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;lt;" in html
        assert "\u202e" not in html
        assert "\x00" not in html
        assert '<i class="ctl">U+202E</i>' in html
        assert '<i class="ctl">ESC</i>' in html
        assert set(re.findall(r"<(\w+)", html)) <= {"div", "i", "span", "mark"}


def test_equal_lines_far_from_changes_are_folded_and_come_back_whole(differ: Differ) -> None:
    left = b"".join(b"line %d\n" % n for n in range(1, 101))
    right = left.replace(b"line 50\n", b"line fifty\n").replace(b"line 3\n", b"new\nline 3\n")
    diff = differ(left, right, path="x.txt")
    rows = list(diff_rows(diff.chunks, view="split", context=3))
    folds = [row for row in rows if isinstance(row, Fold)]
    assert [(fold.left, fold.right, fold.count) for fold in folds] == [(6, 7, 41), (54, 55, 47)]
    assert folds[1].last
    html = render_lines(diff, view="split", start=6, end=46)
    assert re.findall(r'id="L(\d+)"', html) == [str(n) for n in range(6, 47)]
    assert re.findall(r'id="R(\d+)"', html) == [str(n) for n in range(7, 48)]


def test_a_row_costs_few_elements_and_sections_have_200_rows(differ: Differ) -> None:
    left = PYTHON * 300
    diff = differ(left, left.replace(b"metres", b"feet"), path="area.py")
    assert diff.left is not None
    assert diff.right is not None
    html = render_diff(
        diff,
        view="split",
        context=10**6,
        left_colours=highlight(diff.left, "area.py"),
        right_colours=highlight(diff.right, "area.py"),
    )
    lines = diff.left_lines + diff.right_lines
    assert html.count("</") <= 6 * lines
    assert max(map(int, re.findall(r"--n:(\d+)", html))) == 200
    assert html.count("<div") == html.count("</div>")
