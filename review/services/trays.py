"""Putting picks into a person's tray, and taking them out."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from orchestrator.lib.errors import Conflict, Invalid
from orchestrator.models import Task
from review.composing.steps import step_again, step_back, step_of, step_undone, steps_kept
from review.models import Tray
from review.selectors.composing import PICKS_MAX
from review.selectors.taking import taking_shut
from review.selectors.trays import pick_id
from review.selectors.wishes import Told, wishes_read

PICKS_BYTES_MAX = 4_000_000  # thousands of lines in hundreds of files


def tray_change(
    *,
    user: User,
    task: Task,
    add: Iterable[Mapping[str, Any]] = (),
    remove: Iterable[str] = (),
) -> None:
    """Take out by id, then put in. What a pick says anew, it says in place of what stood there."""
    gone = set(remove)
    _, told = wishes_read(user=user, task=task, picks=add)
    if told and (shut := taking_shut(task)):
        raise Conflict("task.resolved", shut)

    def change(picks: list[Told]) -> list[Told]:
        kept = _put_in(told, [pick for pick in picks if pick_id(pick) not in gone])
        if len(kept) > PICKS_MAX:
            raise Invalid("compose.too-many", f"A tray holds {PICKS_MAX:,} picks at most.")
        if told and len(json.dumps(kept)) > PICKS_BYTES_MAX:
            raise Invalid(
                "compose.too-many",
                "The tray is full: it cannot hold so many lines. Compose what is in it, or take whole files.",
            )
        return kept

    _change(user, task, change)


def tray_clear(*, user: User, task: Task) -> None:
    _change(user, task, lambda _: [])


def tray_undo(*, user: User, task: Task, step: str) -> None:
    """Make the tray what it was before its newest change, if that is still the one that was seen."""
    with transaction.atomic():
        tray = _seen(user, task, step, of="past")
        *tray.past, last = tray.past
        tray.undone = steps_kept([*tray.undone, step_undone(tray.picks, last, began=tray.began)])
        tray.picks = step_back(tray.picks, last)
        tray.began = last["began"]
        tray.save(update_fields=_FIELDS)


def tray_redo(*, user: User, task: Task, step: str) -> None:
    """Make the change again that was undone last, if nothing else was changed since."""
    with transaction.atomic():
        tray = _seen(user, task, step, of="undone")
        *tray.undone, undone = tray.undone
        before, tray.picks = tray.picks, step_again(tray.picks, undone)
        again = step_of(before, tray.picks, name=undone["id"], began=tray.began)
        tray.past = steps_kept([*tray.past, again])
        tray.began = undone["began"]
        tray.save(update_fields=_FIELDS)


_FIELDS = ("picks", "past", "undone", "began", "changed_at")


def _seen(user: User, task: Task, step: str, *, of: str) -> Tray:
    if shut := taking_shut(task):
        raise Conflict("task.resolved", shut)
    tray = Tray.objects.select_for_update().filter(user=user, task=task).first()
    if tray is None or not (steps := getattr(tray, of)) or steps[-1]["id"] != step:
        raise Conflict("compose.tray", "What was in the tray has changed. Look at it again.")
    return tray


def tray_forget(*, user: User, task: Task) -> None:
    """Forget what an empty tray was; one that has picks again stays."""
    Tray.objects.filter(user=user, task=task, picks=[]).delete()


def _put_in(told: Iterable[Told], picks: Iterable[Told]) -> list[Told]:
    """Only picks of the same file, or other grounds, can give way to a pick."""
    kept: dict[int, Told] = {}
    by_path: dict[str | None, list[int]] = {}
    for number, pick in enumerate(picks):
        kept[number] = pick
        by_path.setdefault(pick.get("path"), []).append(number)
    for number, pick in enumerate(told, len(kept)):
        there = by_path.setdefault(pick.get("path"), [])
        staying = [other for other in there if not _replaces(pick, kept[other])]
        for other in {*there}.difference(staying):
            del kept[other]
        there[:] = [*staying, number]
        kept[number] = pick
    return list(kept.values())


def _replaces(pick: Told, other: Told) -> bool:
    """A ground replaces another; a whole file all picks of that file; lines those of the same file."""
    if pick == other:
        return True
    if "path" not in pick or "path" not in other:
        return "path" not in pick and "path" not in other
    if pick["path"] != other["path"]:
        return False
    if "hunks" not in pick and "lines" not in pick:
        return True
    sides = [(told["variant"], told.get("against")) for told in (pick, other)]
    same = sides[0] == sides[1]
    return same and (
        ("lines" in pick and "lines" in other) or len(other) == len(("variant", "path"))
    )


def _change(user: User, task: Task, change: Callable[[list[Told]], list[Told]]) -> None:
    with transaction.atomic():
        Tray.objects.get_or_create(user=user, task=task)
        tray = Tray.objects.select_for_update().get(user=user, task=task)
        before, after = tray.picks, change(tray.picks)
        if _same(before, after):
            return
        step = step_of(before, after, name=secrets.token_hex(6), began=tray.began)
        tray.past = steps_kept([*tray.past, step])
        tray.undone = []
        tray.picks = after
        tray.began = tray.began if before else secrets.token_hex(6)
        tray.save(update_fields=_FIELDS)


def _same(before: list[Told], after: list[Told]) -> bool:
    """One that is put in again stays where it was."""
    return len(before) == len(after) and {*map(pick_id, before)} == {*map(pick_id, after)}
