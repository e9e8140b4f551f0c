"""What a tray was before each of its changes, told as what that change did, and how to go on again. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypedDict, TypeVar

STEPS_MAX = 30
STEPS_BYTES_MAX = 4_000_000  # of all but the newest
Told = dict[str, Any]


class Step(TypedDict):
    """One change: the picks it took out, each with its number then, and how many it put at the end."""

    id: str
    gone: list[tuple[int, Told]]
    put: int
    began: str  # that of the tray before


class Undone(TypedDict):
    """A step that was taken back: the numbers of the picks that it takes out, and those it puts at the end."""

    id: str
    gone: list[int]
    put: list[Told]
    began: str  # that of the tray after


Either = TypeVar("Either", Step, Undone)


def step_of(before: Sequence[Told], after: Sequence[Told], *, name: str, began: str) -> Step:
    """Picks that stay keep their order; what else is there afterwards stands behind them."""
    gone: list[tuple[int, Told]] = []
    kept = 0
    for number, pick in enumerate(before):
        if kept < len(after) and after[kept] == pick:
            kept += 1
        else:
            gone.append((number, pick))
    return Step(id=name, gone=gone, put=len(after) - kept, began=began)


def steps_kept(steps: Sequence[Either]) -> list[Either]:
    """The newest of them: the last one, and as many before it as there is room for."""
    kept: list[Either] = []
    room = STEPS_BYTES_MAX
    for step in reversed(steps[-STEPS_MAX:]):
        room -= len(json.dumps(step)) if kept else 0
        if room < 0:
            break
        kept.append(step)
    return kept[::-1]


def step_back(after: Sequence[Told], step: Step) -> list[Told]:
    picks = list(after[: len(after) - step["put"]])
    for number, pick in step["gone"]:
        picks.insert(number, pick)
    return picks


def step_undone(after: Sequence[Told], step: Step, *, began: str) -> Undone:
    """How to do it again, of the tray that the step had made."""
    put = list(after[len(after) - step["put"] :])
    gone = [number for number, _ in step["gone"]]
    return Undone(id=step["id"], gone=gone, put=put, began=began)


def step_again(before: Sequence[Told], undone: Undone) -> list[Told]:
    gone = set(undone["gone"])
    kept = [pick for number, pick in enumerate(before) if number not in gone]
    return [*kept, *undone["put"]]


def step_took(after: Sequence[Told], step: Step) -> int:
    """How many picks it took out. One that only has more or fewer of its lines is still there."""
    put = [_lines_of(pick) for pick in after[len(after) - step["put"] :]]
    return sum(not ("lines" in pick and _lines_of(pick) in put) for _, pick in step["gone"])


def _lines_of(pick: Told) -> tuple[Any, ...]:
    return ("lines" in pick, pick["variant"], pick.get("against"), pick.get("path"))
