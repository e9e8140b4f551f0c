"""Moved blocks are linked at both ends; what only got another indentation is said so."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from review.diff import FileDiff, render_diff

Differ = Callable[..., FileDiff]

BLOCK = ["def total(items):", "    return sum(items)", "", "# of all of them"]


def text(*parts: str | list[str]) -> bytes:
    lines = [line for part in parts for line in ([part] if isinstance(part, str) else part)]
    return ("\n".join(lines) + "\n").encode()


def moves(diff: FileDiff) -> list[tuple[int, int]]:
    """Where each moved line was and is; the two sides must say the same."""
    lefts = [line for chunk in diff.chunks for line in chunk.left if line.moved]
    rights = [line for chunk in diff.chunks for line in chunk.right if line.moved]
    there = sorted((line.n, line.moved.line) for line in lefts if line.moved)
    back = sorted((line.moved.line, line.n) for line in rights if line.moved)
    assert there == back
    return there


KEPT = [f"keep {n}" for n in range(8)]


def test_a_block_that_went_elsewhere_is_linked_at_both_ends(differ: Differ) -> None:
    diff = differ(text(BLOCK, KEPT), text(KEPT, BLOCK))
    assert moves(diff) == [(1, 9), (2, 10), (3, 11), (4, 12)]
    for view in ("split", "unified"):
        html = render_diff(diff, view=view)
        links = re.findall(r'<a class="mvl" href="#(\w+)">([^<]+)</a>', html)
        assert sorted(links) == [
            ("L1", "Moved from line 1, 4 lines"),
            ("R9", "Moved to line 9, 4 lines"),
        ]
        for name, other in (("L1", "R9"), ("R12", "L4")):
            cell = re.search(rf'<div [^>]*id="{name}"[^>]*>', html)
            assert cell is not None
            assert f'data-move="1" data-to="{other}"' in cell[0]
            assert " mv" in cell[0]


def test_a_move_into_a_deeper_indentation_is_a_move(differ: Differ) -> None:
    inner = ["    " + line if line else "" for line in BLOCK]
    diff = differ(text(BLOCK, KEPT), text(KEPT, "class Sums:", inner))
    assert moves(diff) == [(1, 10), (2, 11), (3, 12), (4, 13)]


@pytest.mark.parametrize(
    ("block", "found"),
    [
        (["one line that is long enough"], 1),
        (["a short line"], 0),
        (["# a second line of it"], 0),  # long enough only with its blanks
        (["-- = -- = -- = -- = x = --"], 0),
        (["a = 1", "b = 2"], 2),
        (["}", ")", "];"], 0),
        (["", "", "a = 1", "", "b = 2", ""], 3),  # blank lines join, and are trimmed
    ],
)
def test_how_much_has_to_be_the_same(differ: Differ, block: list[str], found: int) -> None:
    assert len(moves(differ(text("top", block, KEPT), text("top", KEPT, block)))) == found


def test_a_block_that_could_have_gone_to_two_places_went_to_none(differ: Differ) -> None:
    assert moves(differ(text(BLOCK, KEPT), text(KEPT, BLOCK, "between", BLOCK))) == []
    # The longer one is no tie.
    diff = differ(text(BLOCK, KEPT), text(KEPT, BLOCK, "between", BLOCK[:2]))
    assert moves(diff) == [(1, 9), (2, 10), (3, 11), (4, 12)]


def test_a_longer_block_has_its_lines_first(differ: Differ) -> None:
    long = ["alpha = 1", "beta = 2", "gamma = 3", "delta = 4"]
    diff = differ(text(long, KEPT[:4]), text(KEPT[:4], long[1:3], "x", long))
    assert moves(diff) == [(n, n + 7) for n in range(1, 5)]


def test_what_a_longer_block_leaves_of_another_is_still_moved(differ: Differ) -> None:
    head, tail = ["alpha = 1", "beta = 2"], ["gamma = 3", "delta = 4", "eps = 5", "zeta = 6"]
    right = text(KEPT, head, tail[0], "between", tail)
    assert moves(differ(text(head, tail, KEPT), right)) == [
        *((1, 9), (2, 10)),
        *((n, n + 10) for n in range(3, 7)),
    ]


def test_a_moved_line_answers_no_line_beside_it(differ: Differ) -> None:
    left = text(BLOCK, KEPT, "tail")
    right = text("def total(item):", KEPT, "tail", BLOCK)
    diff = differ(left, right)
    assert len(moves(diff)) == 4
    assert diff.chunks[0].pairs == ()
    assert not diff.chunks[0].right[0].changed


def test_what_only_got_another_indentation_is_said_so_and_is_no_move(differ: Differ) -> None:
    body = [f"value_{n} = compute({n})" for n in range(60)]  # too large to pair by likeness
    diff = differ(text("a", body, "z"), text("a", "if x:", ["    " + x for x in body], "z"))
    assert moves(diff) == []
    chunk = next(chunk for chunk in diff.chunks if chunk.pairs)
    assert len(chunk.pairs) == 60
    for i, j in chunk.pairs:
        assert chunk.left[i].reindented
        assert chunk.left[i].changed == ()
        assert chunk.right[j].changed == ((0, 4),)
    html = render_diff(diff, view="split")
    assert html.count('class="add ind" title="Only the indentation changed"') == 60
    assert "<mark>    </mark>value_0" in html


def test_tabs_for_spaces_are_an_indentation_and_more_than_that_is_not(differ: Differ) -> None:
    diff = differ(b"\ta = b\n", b"    a = b\n")
    left, right = diff.chunks[0].left[0], diff.chunks[0].right[0]
    assert (left.changed, right.changed) == (((0, 1),), ((0, 4),))
    assert left.reindented
    assert right.reindented
    for other in (b"    a = c\n", b"    a = b \n", b"a\t= b\n"):
        assert not differ(b"\ta = b\n", other).chunks[0].right[0].reindented


def test_finding_moves_is_bounded(differ: Differ) -> None:
    """Generous, for loaded machines: the point is that work is bounded, not how fast it is."""
    lines = [f"value {n % 40} of the list" for n in range(12_000)]
    left, right = text(lines, KEPT), text(KEPT, [*reversed(lines)])
    started = time.process_time()
    differ(left, right)
    unlike = [f"value {n} of the list" for n in range(12_000)]
    differ(text(unlike, KEPT), text(KEPT, unlike[6_000:], unlike[:6_000]))
    assert time.process_time() - started < 15
