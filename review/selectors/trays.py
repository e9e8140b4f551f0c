"""The tray of a person in a Task: what was picked so far, and whether it fits together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.urls import reverse

from agents.models import AgentProfile
from orchestrator.git.refs import display_path
from orchestrator.lib.errors import AppError
from orchestrator.models import Task
from orchestrator.states import LETTERS, VARIANTS_MAX
from review.composing.picks import HunkRef, Wish, between_both, hunk_find
from review.composing.steps import step_took
from review.composing.types import BASE
from review.hunks import About, FileHunks, digest, place_named
from review.lib.paths import path_text
from review.models import Tray
from review.selectors.compare import Comparison
from review.selectors.composing import (
    Composed,
    composed_try,
    conflict_sentence,
    conflicts_of,
    sources_of,
    sources_say,
    title_of,
)
from review.selectors.sides import Side
from review.selectors.taking import taking_shut
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
    """`letter` is what the result will be called; empty if there can be none, and `shut` says why. `over` is set
    where nothing can be taken any more, and says why: picks are kept for reading.

    `title` is what its commit is called unless the person says otherwise. `seen` stands for the picks.
    """

    task: Task
    chips: tuple[Chip, ...] = ()
    clashes: tuple[ClashRow, ...] = ()
    more: int = 0
    summary: str = ""
    title: str = ""
    letter: str = ""
    shut: str = ""
    over: str = ""
    empty: bool = False
    agents: tuple[str, ...] = ()
    picks: str = "[]"
    seen: str = ""
    undo: str = ""  # the newest change, if it can be undone
    redo: str = ""  # the change that was undone last, if it can be made again
    took: int = 0  # how many picks that change took out
    replaced: bool = False  # and put others in
    began: str = ""  # what is written to go with the picks is forgotten with them

    @property
    def gone(self) -> int:
        return sum(bool(chip.problem) for chip in self.chips)

    @property
    def fits(self) -> bool:
        return not self.clashes and not self.gone and not self.empty


def pick_id(pick: Told) -> str:
    return digest(json.dumps(pick, sort_keys=True).encode())


def picks_seen(picks: Sequence[Told]) -> str:
    """Another one for other picks."""
    return digest(*(pick_id(pick).encode() for pick in picks))


def tray_picks(*, user: User, task: Task) -> list[Told]:
    found = Tray.objects.filter(user=user, task=task).values_list("picks", flat=True).first()
    return list(found or [])


def tray_page(*, user: User, task: Task) -> TrayPage:
    tray = Tray.objects.filter(user=user, task=task).first()
    over = taking_shut(task)
    if tray is None:
        return TrayPage(task=task, over=over)
    page = _page(user, task, tray.picks)
    return replace(page, over=over, began=tray.began, **({} if over else _last(tray)))


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """The newest preview of a person's tray: the picks it is from. `letter` is what it would have been called
    then, `seen` stands for those picks, `stale` says whether there are others by now; `against` is the other
    side, where that is not the base that it was made on."""

    letter: str
    chips: tuple[Chip, ...]
    seen: str
    stale: bool
    against: Side | None


def preview_page(*, user: User, comparison: Comparison) -> PreviewPage | None:
    """None if neither side is one."""
    left, right = comparison.left, comparison.right
    if not (left.subject or right.subject):
        return None
    tray = Tray.objects.filter(user=user, task=comparison.task).first()
    commit = tray.previewed.get("commit") if tray else None
    if tray is None or commit not in (right.commit, left.commit):
        return None
    against = left if commit == right.commit else right
    picks = tray.previewed["picks"]
    return PreviewPage(
        letter=tray.previewed["letter"],
        chips=_page(user, comparison.task, picks).chips,
        seen=picks_seen(picks),
        stale=picks_seen(picks) != picks_seen(tray.picks),
        against=None if against is left and left.ref == BASE else against,
    )


def _last(tray: Tray) -> dict[str, Any]:
    """What the newest change did, and what was undone."""
    redo = tray.undone[-1]["id"] if tray.undone else ""
    if not tray.past:
        return {"redo": redo}
    step = tray.past[-1]
    took = step_took(tray.picks, step)
    return {"undo": step["id"], "redo": redo, "took": took, "replaced": bool(took and step["put"])}


def _page(user: User, task: Task, picks: Sequence[Told]) -> TrayPage:
    if not picks:
        return TrayPage(task=task)
    wishes, _ = wishes_read(user=user, task=task, picks=picks)
    composed, problems = _composed(task, wishes)
    known = _Known.of(composed)
    url = reverse("review:compare", args=[task.pk])
    chips = tuple(
        _chip(url, pick, wish, known, problems.get(number, ""))
        for number, (pick, wish) in enumerate(zip(picks, wishes, strict=True))
    )
    conflicts = conflicts_of(composed.result) if composed else []
    sources = sources_of(composed.result) if composed else []
    letter, shut = letter_next(task)
    told = [{"id": pick_id(pick), "pick": pick} for pick in picks]
    return TrayPage(
        task=task,
        chips=chips,
        clashes=tuple(_clash(url, c, composed) for c in conflicts[:CONFLICTS_SHOWN] if composed),
        more=max(0, len(conflicts) - CONFLICTS_SHOWN),
        summary=sources_say(sources),
        title=title_of(task, sources),
        letter=letter,
        shut=shut,
        empty=composed is None or (composed.changes_nothing and not conflicts),
        agents=_agents(task) if conflicts else (),
        picks=json.dumps(told),
        seen=picks_seen(picks),
    )


def _composed(task: Task, wishes: Sequence[Wish]) -> tuple[Composed | None, dict[int, str]]:
    """The picks that can be had, put together; and by their numbers, why the others cannot."""
    try:
        composed = composed_try(task=task, wishes=wishes)
    except AppError as exc:
        return None, dict.fromkeys(range(len(wishes)), exc.message)
    return composed, {number: str(error) for number, error in composed.problems.items()}


def letter_next(task: Task) -> tuple[str, str]:
    if shut := taking_shut(task):
        return "", shut
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


def _chip(url: str, pick: Told, wish: Wish, known: _Known, problem: str) -> Chip:
    letter = "" if wish.letter == BASE else wish.letter
    name = display_path((wish.path or "").rpartition("/")[2])
    what = _what(wish, known)
    text = f"{name}, {what}" if name and what else name or what
    title = f"{display_path(wish.path)}, {what}" if wish.path and what else wish.path or what
    left = wish.against or BASE
    href = _compare(url, left=left, right=letter or BASE, path=wish.path or "")
    return Chip(pick_id(pick), letter, text, title, href, problem)


def _what(wish: Wish, known: _Known) -> str:
    if wish.path is None:
        files = len(known.composed.files.get(wish.letter, {})) if known.composed else 0
        return f"all {files} files" if files > 1 else "the one file" if files else "all files"
    said = _which(wish, known)
    return f"{said} into {wish.against}" if wish.against else said


def _which(wish: Wish, known: _Known) -> str:
    lines = len(wish.left) + len(wish.right)
    if lines:
        return f"{lines} line{'' if lines == 1 else 's'}"
    if not wish.hunks:
        return ""
    if len(wish.hunks) > 1:
        return f"{len(wish.hunks)} places"
    return _place(known.files(wish), wish.hunks[0])


@dataclass(frozen=True, slots=True)
class _Known:
    """What was put together, and its files by letter and name, so that many picks find theirs at once."""

    composed: Composed | None
    named: Mapping[tuple[str, str], Sequence[FileHunks]]

    @classmethod
    def of(cls, composed: Composed | None) -> _Known:
        named: dict[tuple[str, str], list[FileHunks]] = {}
        for letter, files in composed.files.items() if composed else ():
            for file in files.values():
                for name in {path_text(file.path), path_text(file.old_path)}:
                    for who in (letter, BASE):  # what is said of the base, Variants did
                        named.setdefault((who, name), []).append(file)
        return cls(composed, named)

    def files(self, wish: Wish) -> Sequence[FileHunks]:
        """Those that the hunks of a wish may be of."""
        if self.composed and wish.against:
            return between_both(wish, wish.path or "", self.composed.between)
        return self.named.get((wish.letter, wish.path or ""), ())


def _place(files: Sequence[FileHunks], ref: HunkRef) -> str:
    for file in files:
        hunk = hunk_find(file, ref)
        if hunk is not None:
            is_all = file.status == "A" and hunk.about is About.LINES
            return "its lines" if is_all else place_named(hunk.about, hunk.start, hunk.end)
    return "one place"


def _clash(url: str, conflict: Mapping[str, Any], composed: Composed) -> ClashRow:
    letters = [letter for letter in conflict["letters"] if letter != BASE]
    place = conflict["path"]
    files = [composed.files.get(letter, {}).get(place) for letter in letters]
    path = next((file.path for file in files if file and file.status != "D"), place)
    left, right = (letters[0], letters[1]) if len(letters) > 1 else (BASE, letters[0])
    return ClashRow(
        sentence=conflict_sentence(conflict),
        letters=tuple(letters),
        href=_compare(url, left=left, right=right, path=path),
    )


def _compare(url: str, *, left: str, right: str, path: str) -> str:
    query = {"left": left, "right": right or BASE, "path": path}
    pairs = [(key, value) for key, value in query.items() if value]
    return f"{url}?{urlencode(pairs, errors='replace')}"
