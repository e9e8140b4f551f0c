"""Picks as clients and trays tell them, checked, with letters in place of ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.lib.errors import Invalid, NotFound
from orchestrator.models import Task
from orchestrator.selectors.access import Viewer, variant_get_for
from review.composing.picks import HunkRef, Wish
from review.composing.types import BASE

Told = dict[str, Any]


def wishes_read(
    *, user: Viewer, task: Task, picks: Iterable[Mapping[str, Any]]
) -> tuple[list[Wish], list[Told]]:
    """Each pick as a Wish, and as it is kept: {variant, [path], [hunks], [lines]}, letters for ids."""
    wishes, told = [], []
    for pick in picks:
        kept: Told = {"variant": _letter(user, task, pick["variant"])}
        path, hunks, lines = pick.get("path"), pick.get("hunks"), pick.get("lines")
        if path is None and (hunks is not None or lines is not None):
            raise Invalid("compose.pick", "Hunks and lines are those of a file: say its path.")
        if path is not None:
            kept["path"] = path
        if hunks is not None:
            kept["hunks"] = hunks
        if lines is not None:
            kept["lines"] = {"right": lines} if isinstance(lines, list) else dict(lines)
        wish = _wish(kept)
        if hunks == [] or (lines is not None and not wish.left and not wish.right):
            raise Invalid(
                "compose.pick", "Name at least one hunk or line; leave both out for the whole file."
            )
        wishes.append(wish)
        told.append(kept)
    return wishes, told


def _wish(kept: Told) -> Wish:
    lines = kept.get("lines", {})
    hunks = kept.get("hunks")
    return Wish(
        letter=kept["variant"],
        path=kept.get("path"),
        hunks=None if hunks is None else tuple(_ref(hunk) for hunk in hunks),
        left=tuple(lines.get("left", ())),
        right=tuple(lines.get("right", ())),
    )


def _ref(hunk: Any) -> HunkRef:
    if isinstance(hunk, Mapping):
        return int(hunk["base_start"]), int(hunk["base_lines"])
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
