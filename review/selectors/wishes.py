"""Picks as clients and trays tell them, checked, with letters in place of ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agents.clean import UNSTORABLE
from orchestrator.lib.errors import Invalid, NotFound
from orchestrator.models import Task
from orchestrator.selectors.access import Viewer, variant_get_for
from review.composing.picks import HunkRef, Wish
from review.composing.types import BASE

Told = dict[str, Any]
PATH_MAX = 4096


def wishes_read(
    *, user: Viewer, task: Task, picks: Iterable[Mapping[str, Any]]
) -> tuple[list[Wish], list[Told]]:
    """Each pick as a Wish, and as it is kept: {variant, [against], [path], [hunks], [lines]}, letters for ids."""
    wishes, told = [], []
    for pick in picks:
        _typed(pick)
        kept: Told = {"variant": _letter(user, task, pick["variant"])}
        path, hunks, lines = pick.get("path"), pick.get("hunks"), pick.get("lines")
        if path is None and (hunks is not None or lines is not None):
            raise Invalid("compose.pick", "Hunks and lines are those of a file: say its path.")
        if path is not None:
            kept["path"] = path
        if hunks is not None:
            kept["hunks"] = hunks
        if lines is not None:
            sides = {"right": lines} if isinstance(lines, list) else lines
            kept["lines"] = {side: sorted(set(sides.get(side, ()))) for side in ("left", "right")}
        if pick.get("against") not in (None, ""):
            kept["against"] = _letter(user, task, pick["against"])
        wish = _wish(kept)
        if hunks == [] or (lines is not None and not wish.left and not wish.right):
            raise Invalid(
                "compose.pick", "Name at least one hunk or line; leave both out for the whole file."
            )
        wishes.append(wish)
        told.append(kept)
    return wishes, told


def _typed(pick: Mapping[str, Any]) -> None:
    """What the API's schema says, for picks that come another way."""
    path, hunks, lines = pick.get("path"), pick.get("hunks"), pick.get("lines")
    good = (
        isinstance(pick.get("variant"), int | str)
        and isinstance(pick.get("against", ""), int | str)
        and (path is None or (isinstance(path, str) and 0 < len(path) <= PATH_MAX))
        and (hunks is None or (isinstance(hunks, list) and all(map(_is_hunk, hunks))))
        and (lines is None or _are_lines(lines))
    )
    if not good:
        raise Invalid("compose.pick", "A pick is {variant, [against], [path], [hunks], [lines]}.")
    if path is not None and UNSTORABLE.search(path):
        raise Invalid("compose.pick", "The path holds a character that no path has.")


def _is_hunk(hunk: Any) -> bool:
    if isinstance(hunk, Mapping):
        key = hunk.get("key", "")
        numbers = (hunk.get("base_start"), hunk.get("base_lines"))
        return all(map(_is_number, numbers)) and isinstance(key, str) and not UNSTORABLE.search(key)
    return _is_number(hunk) or (isinstance(hunk, str) and not UNSTORABLE.search(hunk))


def _are_lines(lines: Any) -> bool:
    sides = [lines.get(n, []) for n in ("left", "right")] if isinstance(lines, Mapping) else [lines]
    return all(isinstance(side, list) and all(map(_is_number, side)) for side in sides)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**9


def _wish(kept: Told) -> Wish:
    lines = kept.get("lines", {})
    hunks = kept.get("hunks")
    return Wish(
        letter=kept["variant"],
        against=kept.get("against", ""),
        path=kept.get("path"),
        hunks=None if hunks is None else tuple(_ref(hunk) for hunk in hunks),
        left=tuple(lines.get("left", ())),
        right=tuple(lines.get("right", ())),
    )


def _ref(hunk: Any) -> HunkRef:
    if isinstance(hunk, Mapping):
        return int(hunk["base_start"]), int(hunk["base_lines"]), str(hunk.get("key", ""))
    return int(hunk) if isinstance(hunk, int) else str(hunk)


def _letter(user: Viewer, task: Task, ref: object) -> str:
    """`base`, or the letter of a Variant of this Task that is named by letter or id."""
    text = str(ref)
    if text.lower() == BASE:
        return BASE
    if len(text) == 1 and text.isascii() and text.isalpha():
        return text.upper()
    variant = variant_get_for(user, text)
    if variant.task_id != task.pk:
        raise NotFound("variant.not-found", f"This task has no variant {text[:60]!r}.")
    return variant.letter
