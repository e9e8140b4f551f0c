"""What a tray was before each of its changes, told as what that change did. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

STEPS_MAX = 30
Told = dict[str, Any]


class Step(TypedDict):
    """One change: the picks it took out, each with its number then, and how many it put at the end."""

    id: str
    gone: list[tuple[int, Told]]
    put: int
    began: str  # that of the tray before


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


def step_back(after: Sequence[Told], step: Step) -> list[Told]:
    picks = list(after[: len(after) - step["put"]])
    for number, pick in step["gone"]:
        picks.insert(number, pick)
    return picks


def step_took(after: Sequence[Told], step: Step) -> int:
    """How many picks it took out. One that only has more or fewer of its lines is still there."""
    put = [_lines_of(pick) for pick in after[len(after) - step["put"] :]]
    return sum(not ("lines" in pick and _lines_of(pick) in put) for _, pick in step["gone"])


def _lines_of(pick: Told) -> tuple[Any, ...]:
    return ("lines" in pick, pick["variant"], pick.get("against"), pick.get("path"))
