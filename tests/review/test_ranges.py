from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from review.ranges import Ranges, meets, onwards

numbers = st.integers(0, 30)
spans = st.tuples(numbers, st.integers(0, 6)).map(lambda span: (span[0], span[0] + span[1]))


@given(found=st.lists(spans, max_size=12), asked=spans)
def test_what_touches_is_found_whatever_overlaps(
    found: list[tuple[int, int]], asked: tuple[int, int]
) -> None:
    ranges = Ranges((start, end, (start, end)) for start, end in found)
    near = [*ranges.near(*asked)]
    touching = [(a, b) for a, b in sorted(found) if a <= asked[1] and asked[0] <= b]
    assert [span for span in near if span in touching] == touching
    assert near == sorted(near)


@given(one=spans, other=spans)
def test_ranges_meet_in_a_line_or_where_one_is_between_lines(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    shared = {*range(*one)} & {*range(*other)}
    empty = one if one[0] == one[1] else other
    beside = empty[0] == empty[1] and max(one[0], other[0]) <= min(one[1], other[1])
    assert meets(one, other) == meets(other, one) == (bool(shared) or beside)


class Counted(list[int]):
    """How often one of it is looked at."""

    seen = 0

    def __getitem__(self, at: Any) -> Any:
        self.seen += 1
        return super().__getitem__(at)

    def __iter__(self) -> Iterator[int]:
        for one in super().__iter__():
            self.seen += 1
            yield one


def test_of_thousands_only_those_that_follow_are_looked_at() -> None:
    things = Counted(range(5_000))
    assert [*islice(onwards(things, 4_000), 3)] == [4_000, 4_001, 4_002]
    assert things.seen == 3


def test_of_thousands_beside_each_other_the_nearest_are_found() -> None:
    ranges = Ranges((n, n + 1, n) for n in range(5_000))
    assert [*ranges.near(2_000, 2_001)] == [1_999, 2_000, 2_001]
    assert [*ranges.near(6_000, 6_001)] == []
