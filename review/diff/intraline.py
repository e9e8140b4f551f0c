"""Which words of two lines differ, and which lines of two blocks answer each other."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from rapidfuzz.distance import Indel

from review.diff.types import Span

TOKENS = re.compile(r"\w+|\s+|[^\w\s]")

# Work limits of one file. Beyond them lines are still shown as changed, only not word by word.
TOKEN_PRODUCT_MAX = 4_000_000  # of one pair of lines
PAIR_CELLS_MAX = 1_024  # of one block: its left lines times its right lines
ANCHOR_CELLS_MAX = 25_000_000  # of a larger block, when only lines of the same text are looked for
PAIR_CELLS_TOTAL = 200_000
CHARS_TOTAL = 2_000_000

PROBE_CHARS = 400  # of a line, when asking how alike two lines are
ALIKE = 0.45
WORDS_ALIKE = 0.25  # less in common than this: the whole line differs, and marks would be noise


@dataclass(slots=True)
class Budget:
    """What is left of the work limits of one file."""

    cells: int = PAIR_CELLS_TOTAL
    chars: int = CHARS_TOTAL


def lines_pair(left: Sequence[str], right: Sequence[str], budget: Budget) -> tuple[Span, ...]:
    """Pair the lines of a replaced block, keeping their order."""
    if len(left) == len(right) and all(
        _alike(_probe(a), _probe(b)) >= ALIKE for a, b in zip(left, right, strict=True)
    ):
        return tuple((i, i) for i in range(len(left)))
    cells = len(left) * len(right)
    if PAIR_CELLS_MAX < cells <= ANCHOR_CELLS_MAX:
        anchored = _pair_around_anchors(left, right, budget)
        if anchored:
            return anchored
    if cells > PAIR_CELLS_MAX or cells > budget.cells:
        return (
            tuple((i, i) for i in range(min(len(left), len(right))))
            if len(left) == len(right)
            else ()
        )
    budget.cells -= cells
    return _align(left, right)


def _pair_around_anchors(
    left: Sequence[str], right: Sequence[str], budget: Budget
) -> tuple[Span, ...]:
    """In a large block, as one that got another indentation: lines of the same text first, then
    what is between them."""
    numbers: dict[str, int] = {}
    a = [numbers.setdefault(line.strip(), len(numbers)) for line in left]
    b = [numbers.setdefault(line.strip(), len(numbers)) for line in right]
    pairs: list[Span] = []
    at_left = at_right = 0
    for op in Indel.opcodes(a, b):
        if op.tag != "equal":
            continue
        pairs += _between(left, right, (at_left, op.src_start), (at_right, op.dest_start), budget)
        pairs += zip(
            range(op.src_start, op.src_end), range(op.dest_start, op.dest_end), strict=True
        )
        at_left, at_right = op.src_end, op.dest_end
    if pairs:
        pairs += _between(left, right, (at_left, len(left)), (at_right, len(right)), budget)
    return tuple(pairs)


def _between(
    left: Sequence[str], right: Sequence[str], a: Span, b: Span, budget: Budget
) -> list[Span]:
    if a[0] == a[1] or b[0] == b[1]:
        return []
    found = lines_pair(left[a[0] : a[1]], right[b[0] : b[1]], budget)
    return [(i + a[0], j + b[0]) for i, j in found]


def _probe(line: str) -> str:
    return line.strip()[:PROBE_CHARS]


def _alike(a: str, b: str) -> float:
    """Of two probes, 0 to 1."""
    if not a or not b:
        return 1.0 if a == b else 0.0
    if a.startswith(b) or b.startswith(a):  # something was added to the end, however much
        return max(ALIKE, Indel.normalized_similarity(a, b))
    return Indel.normalized_similarity(a, b, score_cutoff=ALIKE)


def _align(left: Sequence[str], right: Sequence[str]) -> tuple[Span, ...]:
    """The pairing with the highest sum of likeness, by dynamic programming from the end."""
    rows, columns = len(left), len(right)
    probes = [*map(_probe, right)]
    alike = [[_alike(a, b) for b in probes] for a in map(_probe, left)]
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        here, below, scores = best[i], best[i + 1], alike[i]
        for j in range(columns - 1, -1, -1):
            skip = max(below[j], here[j + 1])
            here[j] = max(skip, below[j + 1] + scores[j]) if scores[j] else skip
    pairs: list[Span] = []
    i = j = 0
    while i < rows and j < columns:
        if alike[i][j] and best[i][j] == best[i + 1][j + 1] + alike[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return tuple(pairs)


def indents_changed(left: str, right: str) -> tuple[tuple[Span, ...], tuple[Span, ...]] | None:
    """Where the indentation differs, if nothing else does."""
    a, b = len(left) - len(left.lstrip(" \t")), len(right) - len(right.lstrip(" \t"))
    if left[:a] == right[:b] or left[a:] != right[b:] or a == len(left):
        return None
    same = len(posixpath.commonprefix([left[:a], right[:b]]))
    return ((same, a),) if a > same else (), ((same, b),) if b > same else ()


def words_changed(
    left: str, right: str, budget: Budget
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The spans of each line that the other lacks; none where the lines differ as a whole."""
    size = len(left) + len(right)
    if size > budget.chars:
        return (), ()
    budget.chars -= size
    a, b = TOKENS.findall(left), TOKENS.findall(right)
    head = 0
    most = min(len(a), len(b))
    while head < most and a[head] == b[head]:
        head += 1
    tail = 0
    while tail < most - head and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    middle_a, middle_b = a[head : len(a) - tail], b[head : len(b) - tail]
    if len(middle_a) * len(middle_b) > TOKEN_PRODUCT_MAX:
        ranges_a, ranges_b = [(0, len(middle_a))], [(0, len(middle_b))]
    else:
        ops = [op for op in Indel.opcodes(middle_a, middle_b) if op.tag != "equal"]
        ranges_a = [(op.src_start, op.src_end) for op in ops if op.src_end > op.src_start]
        ranges_b = [(op.dest_start, op.dest_end) for op in ops if op.dest_end > op.dest_start]
    spans_a, spans_b = _spans(a, head, ranges_a), _spans(b, head, ranges_b)
    if _kept(left, spans_a) < WORDS_ALIKE and _kept(right, spans_b) < WORDS_ALIKE:
        return (), ()
    return spans_a, spans_b


def _spans(tokens: Sequence[str], head: int, ranges: Sequence[Span]) -> tuple[Span, ...]:
    """Token ranges to character spans; neighbours with nothing but one space between become one."""
    if not ranges:
        return ()
    starts = [0, *accumulate(map(len, tokens))]
    spans: list[Span] = []
    last_token = -2
    for first, end in ranges:
        first, end = first + head, end + head
        joins = first == last_token or (first == last_token + 1 and tokens[last_token] == " ")
        if spans and joins:
            spans[-1] = (spans[-1][0], starts[end])
        else:
            spans.append((starts[first], starts[end]))
        last_token = end
    return tuple(spans)


def _kept(text: str, spans: Sequence[Span]) -> float:
    """The share of the line's ink that is not in the spans; 1 for a line of white space only."""
    ink = len(text) - text.count(" ")
    gone = sum(end - start - text.count(" ", start, end) for start, end in spans)
    return 1.0 - gone / ink if ink else 1.0
