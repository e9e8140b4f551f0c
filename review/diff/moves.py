"""Blocks of lines that were taken away at one place and put in at another.

A block is the same text on both sides, up to indentation: at least two lines with words in them, or
one with 20 letters and digits (a shorter one is soon written twice). The longest block has its lines
first; where a block could as well have gone to (or come from) two places, nothing is said. Blank lines
join what is around them.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from review.diff.types import Chunk, ChunkKind, Line, Moved

# A line that is at many places says little about where a block went, and costs most.
SEED_PLACES_MAX = 16
STEPS_MAX = 400_000  # lines looked at while blocks are found, for one file
BLANK = 0
NO_LINE = Line(0, "")
_WORD = re.compile(r"\w")
_ENOUGH_ALONE = re.compile(r"(?:\W*+\w){20}")


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """`count` lines, from these places in the sequences of changed lines on."""

    left: int
    right: int
    count: int


def moves_mark(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    """Tell the lines of moved blocks where their other end is."""
    changed = [chunk for chunk in chunks if chunk.kind is not ChunkKind.EQUAL]
    gone = {line.text.strip() for chunk in changed for line in chunk.left}
    if not any(line.text.strip() in gone for c in changed for line in c.right if line.text):
        return chunks
    numbers: dict[str, int] = {"": BLANK}
    left = _Side([_free(chunk, 0) for chunk in changed], numbers)
    right = _Side([_free(chunk, 1) for chunk in changed], numbers)
    blocks = sorted(_chosen(_candidates(left, right), left))
    if not blocks:
        return chunks
    there: tuple[dict[int, Moved], dict[int, Moved]] = ({}, {})
    for block_id, block in enumerate(blocks, start=1):
        for offset in range(block.count):
            a = left.lines[block.left + offset].n
            b = right.lines[block.right + offset].n
            there[0][a] = Moved(block_id, b, block.count, first=not offset)
            there[1][b] = Moved(block_id, a, block.count, first=not offset)
    return tuple(
        chunk if chunk.kind is ChunkKind.EQUAL else _marked(chunk, *there) for chunk in chunks
    )


def _free(chunk: Chunk, side: int) -> list[Line | None]:
    """The changed lines of a side, None for those that only changed their indentation."""
    lines: list[Line | None] = [*(chunk.right if side else chunk.left)]
    for pair in chunk.pairs:
        if chunk.left[pair[0]].reindented:
            lines[pair[side]] = None
    return lines


class _Side:
    """The changed lines of one side, one stretch after the other, and a number for each text."""

    def __init__(self, stretches: Sequence[Sequence[Line | None]], numbers: dict[str, int]) -> None:
        self.lines: list[Line] = []
        self.keys: list[int] = []
        for stretch in stretches:
            for line in (*stretch, None):  # a None in between, so that no block spans two stretches
                self.lines.append(line or NO_LINE)
                key = numbers.setdefault(_unindented(line.text), len(numbers)) if line else -1
                self.keys.append(key)
        self.places: dict[int, list[int]] = defaultdict(list)
        for place, key in enumerate(self.keys):
            if key > BLANK:
                self.places[key].append(place)

    def is_enough(self, block: Block) -> bool:
        texts = [line.text.strip() for line in self.lines[block.left : block.left + block.count]]
        wordy = [text for text in texts if _WORD.search(text)]
        return len(wordy) >= 2 or any(map(_ENOUGH_ALONE.match, wordy))

    def weight(self, block: Block) -> tuple[int, int]:
        lines = self.lines[block.left : block.left + block.count]
        texts = [text for line in lines if (text := line.text.strip())]
        return len(texts), sum(map(len, texts))


def _unindented(text: str) -> str:
    return text.lstrip(" \t") if text.strip() else ""


def _candidates(left: _Side, right: _Side) -> Iterator[Block]:
    """Every block that cannot be made longer, its ends trimmed of blank lines."""
    seen_until: dict[int, int] = {}  # by the distance of the two sides
    steps = 0
    for place, key in enumerate(left.keys):
        others = right.places.get(key, ()) if key > BLANK else ()
        if not others or len(others) * len(left.places[key]) > SEED_PLACES_MAX:
            continue
        for other in others:
            distance = other - place
            if seen_until.get(distance, -1) >= place:
                continue
            start = place
            while start > 0 and start + distance > 0 and _same(left, right, start - 1, distance):
                start -= 1
            end = place + 1
            most = min(len(left.keys), len(right.keys) - distance)
            while end < most and _same(left, right, end, distance):
                end += 1
            seen_until[distance] = end
            steps += end - start
            if steps > STEPS_MAX:
                return
            block = _trimmed(left, start, end, distance)
            if left.is_enough(block):
                yield block


def _same(left: _Side, right: _Side, place: int, distance: int) -> bool:
    key = left.keys[place]
    return key >= BLANK and key == right.keys[place + distance]


def _trimmed(left: _Side, start: int, end: int, distance: int) -> Block:
    while end > start and left.keys[end - 1] == BLANK:
        end -= 1
    while start < end and left.keys[start] == BLANK:
        start += 1
    return Block(start, start + distance, end - start)


def _chosen(candidates: Iterator[Block], left: _Side) -> Iterator[Block]:
    """The longest first; of blocks that are equally long and share a line, none."""
    queue = [(*_minus(left.weight(block)), block) for block in candidates]
    heapq.heapify(queue)
    taken_left: set[int] = set()
    taken_right: set[int] = set()
    while queue:
        weight = queue[0][:2]
        group: list[Block] = []
        while queue and queue[0][:2] == weight:
            block = heapq.heappop(queue)[2]
            parts = list(_parts(block, taken_left, taken_right, left))
            if parts == [block]:
                group.append(block)
            else:
                for part in filter(left.is_enough, parts):
                    heapq.heappush(queue, (*_minus(left.weight(part)), part))
        used_left = Counter(place for block in group for place in _lefts(block))
        used_right = Counter(place for block in group for place in _rights(block))
        for block in group:
            shared = any(used_left[place] > 1 for place in _lefts(block))
            if not shared and all(used_right[place] == 1 for place in _rights(block)):
                yield block
        taken_left |= used_left.keys()
        taken_right |= used_right.keys()


def _minus(weight: tuple[int, int]) -> tuple[int, int]:
    return -weight[0], -weight[1]


def _lefts(block: Block) -> range:
    return range(block.left, block.left + block.count)


def _rights(block: Block) -> range:
    return range(block.right, block.right + block.count)


def _parts(block: Block, lefts: set[int], rights: set[int], left: _Side) -> Iterator[Block]:
    """What is left of a block without the lines that longer ones have."""
    distance = block.right - block.left
    start = block.left
    for place in (*_lefts(block), block.left + block.count):
        ends = place == block.left + block.count
        if ends or place in lefts or place + distance in rights:
            if place > start:
                yield _trimmed(left, start, place, distance)
            start = place + 1


def _marked(chunk: Chunk, lefts: dict[int, Moved], rights: dict[int, Moved]) -> Chunk:
    """A moved line answers the one at its other end, so no line beside it."""
    left, right = list(chunk.left), list(chunk.right)
    pairs = []
    for i, j in chunk.pairs:
        if left[i].n in lefts or right[j].n in rights:
            left[i], right[j] = left[i]._replace(changed=()), right[j]._replace(changed=())
        else:
            pairs.append((i, j))
    return replace(
        chunk,
        left=tuple(_told(line, lefts) for line in left),
        right=tuple(_told(line, rights) for line in right),
        pairs=tuple(pairs),
    )


def _told(line: Line, moved: dict[int, Moved]) -> Line:
    there = moved.get(line.n)
    return line._replace(moved=there) if there else line
