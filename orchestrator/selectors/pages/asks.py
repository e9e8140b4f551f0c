"""Questions of agents that people are to answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from agents.adapters.fields import get_dict, get_dicts, get_str
from orchestrator.lib.errors import NotFound
from orchestrator.models import Permission, Task, Variant
from orchestrator.selectors.access import Viewer, tasks_for
from orchestrator.states import RUN_STARTED, PermissionState

DETAIL_MAX = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an agent wants to know. `options` are labels, each with what it means; `several` may be chosen."""

    text: str
    several: bool
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRow:
    """A request of an agent. `detail` is what it would do, as text; `field` names it; `change` is an edit's.

    One with `questions` is not about leave to do something: it is answered.
    """

    id: int
    letter: str
    variant_url: str
    task_id: int
    task_title: str
    agent: str
    tool: str
    title: str
    field: str
    detail: str
    category: str
    change: str
    questions: tuple[Question, ...]
    asked_at: datetime
    waited_s: float


def _permissions(user: Viewer) -> QuerySet[Permission]:
    return Permission.objects.filter(run__variant__task__in=tasks_for(user)).select_related(
        "run__variant__task", "run__variant__agent"
    )


def permission_get_for(user: Viewer, permission_id: int) -> Permission:
    permission = _permissions(user).filter(pk=permission_id).first()
    if permission is None:
        raise NotFound("permission.not-found", "There is no such request.")
    return permission


def asks_for(
    user: Viewer, *, task: Task | None = None, variant: Variant | None = None
) -> list[AskRow]:
    """Questions that nobody has answered yet, the oldest first."""
    pending = _permissions(user).filter(state=PermissionState.PENDING, run__state__in=RUN_STARTED)
    if task is not None:
        pending = pending.filter(run__variant__task=task)
    if variant is not None:
        pending = pending.filter(run__variant=variant)
    return [ask_row(permission) for permission in pending.order_by("asked_at")[:50]]


def ask_row(permission: Permission) -> AskRow:
    variant = permission.run.variant
    field, detail = _ask_detail(permission)
    return AskRow(
        id=permission.pk,
        letter=variant.letter,
        variant_url=variant.get_absolute_url(),
        task_id=variant.task_id,
        task_title=variant.task.title,
        agent=variant.agent.name,
        tool=permission.tool,
        title=permission.title,
        field=field,
        detail=detail,
        category=str(permission.payload.get("category", "other")),
        change=_change(permission),
        questions=_questions(permission),
        asked_at=permission.asked_at,
        waited_s=(timezone.now() - permission.asked_at).total_seconds(),
    )


def _change(permission: Permission) -> str:
    """What an edit takes away and puts there, as lines."""
    lines: list[str] = []
    for edit in get_dicts(permission.payload, "edits"):
        lines += [f"- {line}" for line in get_str(edit, "old").splitlines()]
        lines += [f"+ {line}" for line in get_str(edit, "new").splitlines()]
    return _cut("\n".join(lines))


def _questions(permission: Permission) -> tuple[Question, ...]:
    if permission.payload.get("category") != "question":
        return ()
    found = get_dicts(get_dict(permission.payload, "input"), "questions")
    return tuple(
        Question(
            text=_cut(get_str(question, "question")),
            several=question.get("multiSelect") is True,
            options=tuple(
                (get_str(option, "label"), get_str(option, "description"))
                for option in get_dicts(question, "options")
            ),
        )
        for question in found
    )


_DETAIL_FIELDS = ("command", "file_path", "path", "notebook_path", "url", "pattern", "query")


def _ask_detail(permission: Permission) -> tuple[str, str]:
    """What the agent would do: its command or path, else everything it has sent."""
    given: Any = permission.payload.get("input") or {}
    if isinstance(given, dict):
        for name in _DETAIL_FIELDS:
            if isinstance(given.get(name), str) and given[name].strip():
                return name, _cut(given[name])
        if given:
            return "input", _cut(json.dumps(given, indent=2, ensure_ascii=False))
    return "", _cut(permission.title)


def _cut(text: str) -> str:
    return text if len(text) <= DETAIL_MAX else text[:DETAIL_MAX] + " … (cut)"
