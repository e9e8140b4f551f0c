"""Which words of a place not all of its options have: what a reader would look for by eye. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from review.diff.intraline import Budget, lines_pair, words_changed
from review.diff.types import Span

CELLS_MAX = 20_000
CHARS_MAX = 200_000

Spans = tuple[Span, ...]


def options_marked(options: Sequence[Sequence[str]]) -> tuple[tuple[Spans, ...], ...]:
    """For each line of each option the spans (of characters) that another option lacks.

    Two options without a line in common say nothing about each other: marks all over would be noise.
    """
    found: list[list[set[Span]]] = [[set() for _ in lines] for lines in options]
    budget = Budget(cells=CELLS_MAX, chars=CHARS_MAX)
    for a, b in combinations(range(len(options)), 2):
        _mark(options[a], options[b], found[a], found[b], budget)
    return tuple(tuple(_joined(spans) for spans in lines) for lines in found)


def _mark(
    a: Sequence[str],
    b: Sequence[str],
    in_a: Sequence[set[Span]],
    in_b: Sequence[set[Span]],
    budget: Budget,
) -> None:
    pairs = [pair for pair in lines_pair(a, b, budget) if a[pair[0]].strip()]
    if not pairs:
        return
    for i, j in pairs:
        if a[i] == b[j]:
            continue
        gone, come = words_changed(a[i], b[j], budget)
        if not gone and not come:
            gone, come = ((0, len(a[i])),), ((0, len(b[j])),)
        in_a[i].update(gone)
        in_b[j].update(come)
    for lines, marks, paired in (
        (a, in_a, {i for i, _ in pairs}),
        (b, in_b, {j for _, j in pairs}),
    ):
        for number, line in enumerate(lines):
            if number not in paired and line.strip():
                marks[number].add((0, len(line)))


def _joined(spans: set[Span]) -> Spans:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
