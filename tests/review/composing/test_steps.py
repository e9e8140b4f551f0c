"""Going back step by step leads through every state there was, to the first."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from review.composing.steps import step_again, step_back, step_of, step_took, step_undone

Told = dict[str, Any]
PICKS = st.lists(st.integers(0, 9).map(lambda n: {"variant": "A", "path": str(n)}), max_size=6)
# What a change does: it takes some out, wherever they stand, and puts others at the end.
CHANGES = st.lists(st.tuples(st.sets(st.integers(0, 9)), PICKS), max_size=12)


@given(CHANGES)
def test_each_state_is_had_again(changes: list[tuple[set[int], list[Told]]]) -> None:
    states: list[list[Told]] = [[]]
    steps = []
    for gone, put in changes:
        fresh = list({pick["path"]: pick for pick in put}.values())
        kept = [p for p in states[-1] if int(p["path"]) not in gone and p not in fresh]
        states.append([*kept, *fresh])
        steps.append(step_of(states[-2], states[-1], name="", began=""))
    picks = states[-1]
    undone = []
    for before, step in zip(reversed(states[:-1]), reversed(steps), strict=True):
        undone.append(step_undone(picks, step, began=""))
        picks = step_back(picks, step)
        assert picks == before
    for after in states[1:]:
        picks = step_again(picks, undone.pop())
        assert picks == after


def test_lines_that_grow_are_not_replaced() -> None:
    one = {"variant": "A", "path": "a", "lines": {"left": [], "right": [1]}}
    two = {"variant": "A", "path": "a", "lines": {"left": [], "right": [1, 2]}}
    other = {"variant": "B", "path": "a"}
    assert step_took([two], step_of([one], [two], name="", began="")) == 0
    assert step_took([other], step_of([one], [other], name="", began="")) == 1
    assert step_took([], step_of([one], [], name="", began="")) == 1
