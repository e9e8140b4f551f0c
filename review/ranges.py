"""Things by the lines that they stand at, of which a file may have thousands. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, takewhile
from operator import itemgetter
from typing import Generic, TypeVar

Thing = TypeVar("Thing")
Span = tuple[int, int]


class Ranges(Generic[Thing]):
    """Lines start:end, and what stands there; few of them overlap. Asked often, so put in order once."""

    def __init__(self, ranges: Iterable[tuple[int, int, Thing]]) -> None:
        self._ranges = sorted(ranges, key=itemgetter(0, 1))
        self._ends = [*accumulate((end for _, end, _ in self._ranges), max)]

    def near(self, start: int, end: int) -> Iterator[Thing]:
        """All that touch lines start:end, be it at an edge, and few others; in the order of the lines."""
        first = bisect_left(self._ends, start)
        there = takewhile(lambda found: found[0] <= end, onwards(self._ranges, first))
        return (thing for _, _, thing in there)


def onwards(things: Sequence[Thing], first: int) -> Iterator[Thing]:
    """From that one on, without a step for each of those before it."""
    return map(things.__getitem__, range(first, len(things)))


def meets(one: Span, other: Span) -> bool:
    """Whether they have a line in common; what is between two lines meets whatever it is in or beside."""
    if one[0] == one[1] or other[0] == other[1]:
        return one[0] <= other[1] and other[0] <= one[1]
    return one[0] < other[1] and other[0] < one[1]
