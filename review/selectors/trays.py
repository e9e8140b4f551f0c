"""The tray of a person in a Task: what was picked so far, and whether it fits together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.urls import reverse

from agents.models import AgentProfile
from orchestrator.git.refs import display_path
from orchestrator.lib.errors import AppError
from orchestrator.models import Task
from orchestrator.states import LETTERS, VARIANTS_MAX, Resolution
from review.composing.picks import HunkRef, Wish, change_numbers, hunk_find
from review.composing.types import BASE
from review.hunks import FileHunks, digest
from review.lib.paths import path_text
from review.models import Tray
from review.selectors.composing import (
    Composed,
    composed_try,
    conflict_sentence,
    conflicts_of,
    sources_of,
    sources_say,
)
from review.selectors.wishes import Told, wishes_read

CONFLICTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Chip:
    """One pick. `problem` says why it cannot be had any more."""

    id: str
    letter: str  # empty: the base
    text: str
    title: str
    href: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ClashRow:
    sentence: str
    letters: tuple[str, ...]
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayPage:
    """`letter` is what the result will be called; empty if there can be none, and `shut` says why."""

    task: Task
    chips: tuple[Chip, ...] = ()
    clashes: tuple[ClashRow, ...] = ()
    more: int = 0
    summary: str = ""
    letter: str = ""
    shut: str = ""
    empty: bool = False
    agents: tuple[str, ...] = ()
    picks: str = "[]"

    @property
    def gone(self) -> int:
        return sum(bool(chip.problem) for chip in self.chips)

    @property
    def fits(self) -> bool:
        return not self.clashes and not self.gone and not self.empty


def pick_id(pick: Told) -> str:
    return digest(json.dumps(pick, sort_keys=True).encode())


def tray_picks(*, user: User, task: Task) -> list[Told]:
    found = Tray.objects.filter(user=user, task=task).values_list("picks", flat=True).first()
    return list(found or [])


def tray_page(*, user: User, task: Task) -> TrayPage:
    picks = tray_picks(user=user, task=task)
    if not picks:
        return TrayPage(task=task)
    wishes, _ = wishes_read(user=user, task=task, picks=picks)
    composed, problems = _composed(task, wishes)
    chips = tuple(
        _chip(task, pick, wish, composed, problems.get(number, ""))
        for number, (pick, wish) in enumerate(zip(picks, wishes, strict=True))
    )
    conflicts = conflicts_of(composed.result) if composed else []
    letter, shut = _letter(task)
    known = [{"id": pick_id(pick), "pick": pick} for pick in picks]
    return TrayPage(
        task=task,
        chips=chips,
        clashes=tuple(_clash(task, c, composed) for c in conflicts[:CONFLICTS_SHOWN] if composed),
        more=max(0, len(conflicts) - CONFLICTS_SHOWN),
        summary=sources_say(sources_of(composed.result)) if composed else "",
        letter=letter,
        shut=shut,
        empty=composed is None or (composed.changes_nothing and not conflicts),
        agents=_agents(task) if conflicts else (),
        picks=json.dumps(known),
    )


def _composed(task: Task, wishes: Sequence[Wish]) -> tuple[Composed | None, dict[int, str]]:
    """The picks that can be had, put together; and by their numbers, why the others cannot."""
    try:
        composed = composed_try(task=task, wishes=wishes)
    except AppError as exc:
        return None, dict.fromkeys(range(len(wishes)), exc.message)
    return composed, {number: str(error) for number, error in composed.problems.items()}


def _letter(task: Task) -> tuple[str, str]:
    if task.resolution != Resolution.OPEN:
        return "", f"The task is {task.resolution}."
    last = max((variant.position for variant in task.variants.all()), default=0)
    if last + 1 >= VARIANTS_MAX:
        return "", f"The task has {VARIANTS_MAX} variants, as many as a task may have."
    return LETTERS[last + 1], ""


def _agents(task: Task) -> tuple[str, ...]:
    """Those at work on the Task first."""
    known = list(
        AgentProfile.objects.filter(archived_at=None)
        .order_by("name")
        .values_list("name", flat=True)
    )
    mine = [v.agent.name for v in task.variants.select_related("agent").order_by("position")]
    return tuple(dict.fromkeys([*(name for name in mine if name in known), *known]))


def _chip(task: Task, pick: Told, wish: Wish, composed: Composed | None, problem: str) -> Chip:
    letter = "" if wish.letter == BASE else wish.letter
    name = display_path((wish.path or "").rpartition("/")[2])
    what = _what(wish, composed)
    text = f"{name}, {what}" if name and what else name or what
    title = f"{display_path(wish.path)}, {what}" if wish.path and what else wish.path or what
    href = _compare(task, left=BASE, right=letter, path=wish.path or "")
    return Chip(pick_id(pick), letter, text, title, href, problem)


def _what(wish: Wish, composed: Composed | None) -> str:
    if wish.path is None:
        files = len(composed.files.get(wish.letter, {})) if composed else 0
        return f"all {files} files" if files > 1 else "the one file" if files else "all files"
    lines = len(wish.left) + len(wish.right)
    if lines:
        return f"{lines} line{'' if lines == 1 else 's'}"
    if not wish.hunks:
        return ""
    numbers = _numbers(wish, composed)
    if len(wish.hunks) == 1:
        return f"hunk {numbers[0]}" if numbers else "one hunk"
    return f"hunks {', '.join(map(str, numbers))}" if numbers else f"{len(wish.hunks)} hunks"


def _numbers(wish: Wish, composed: Composed | None) -> list[int]:
    """The numbers of the hunks that were picked; none unless all are known."""
    if composed is None or wish.hunks is None:
        return []
    letters = composed.files if wish.letter == BASE else [wish.letter]
    files = [
        file
        for letter in letters
        for file in composed.files.get(letter, {}).values()
        if wish.path in (path_text(file.path), path_text(file.old_path))
    ]
    numbers = [_number(files, ref) for ref in wish.hunks]
    return sorted(numbers) if all(numbers) else []


def _number(files: Sequence[FileHunks], ref: HunkRef) -> int:
    for file in files:
        hunk = hunk_find(file, ref)
        if hunk is not None:
            return change_numbers(file).get(hunk.key, 0)
    return 0


def _clash(task: Task, conflict: Mapping[str, Any], composed: Composed) -> ClashRow:
    letters = [letter for letter in conflict["letters"] if letter != BASE]
    place = conflict["path"]
    files = [composed.files.get(letter, {}).get(place) for letter in letters]
    path = next((file.path for file in files if file and file.status != "D"), place)
    left, right = (letters[0], letters[1]) if len(letters) > 1 else (BASE, letters[0])
    return ClashRow(
        sentence=conflict_sentence(conflict),
        letters=tuple(letters),
        href=_compare(task, left=left, right=right, path=path),
    )


def _compare(task: Task, *, left: str, right: str, path: str) -> str:
    query = {"left": left, "right": right or BASE, "path": path}
    pairs = [(key, value) for key, value in query.items() if value]
    return f"{reverse('review:compare', args=[task.pk])}?{urlencode(pairs, errors='replace')}"
