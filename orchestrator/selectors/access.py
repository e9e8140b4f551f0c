"""Who may see what. Every door gets its objects here, sockets included.

An installation is one team: every signed-in, active person sees all of it. What is left out is what
nobody may see any more (archived projects), and everything for everybody else.
"""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet

from orchestrator.lib.errors import NotFound
from orchestrator.lib.numbers import number_of
from orchestrator.models import Project, Run, Task, Variant
from orchestrator.states import LETTERS

Viewer = User | AnonymousUser


def _may_see(user: Viewer) -> bool:
    return user.is_authenticated and user.is_active


def projects_for(user: Viewer) -> QuerySet[Project]:
    projects = Project.objects.filter(archived_at=None)
    return projects if _may_see(user) else projects.none()


def tasks_for(user: Viewer) -> QuerySet[Task]:
    tasks = Task.objects.filter(project__archived_at=None)
    return tasks if _may_see(user) else tasks.none()


def _missing(noun: str, ref: object) -> NotFound:
    return NotFound(f"{noun}.not-found", f"There is no {noun} {str(ref)[:60]!r}.")


def _int(noun: str, ref: object) -> int:
    number = number_of(str(ref))
    if not number:
        raise _missing(noun, ref)
    return number


def project_get_for(user: Viewer, project_id: object) -> Project:
    project = projects_for(user).filter(pk=_int("project", project_id)).first()
    if project is None:
        raise _missing("project", project_id)
    return project


def task_get_for(user: Viewer, task_id: object) -> Task:
    task = (
        tasks_for(user)
        .select_related("spec", "project", "created_by", "merged_variant")
        .filter(pk=_int("task", task_id))
        .first()
    )
    if task is None:
        raise _missing("task", task_id)
    return task


def _variants_for(user: Viewer) -> QuerySet[Variant]:
    return Variant.objects.filter(task__in=tasks_for(user)).select_related(
        "task__project", "task__spec", "agent"
    )


def variant_get_for(user: Viewer, variant_id: object) -> Variant:
    variant = _variants_for(user).filter(pk=_int("variant", variant_id)).first()
    if variant is None:
        raise _missing("variant", variant_id)
    return variant


def variant_by_letter_for(user: Viewer, task_id: object, letter: str) -> Variant:
    if letter not in LETTERS:
        raise _missing("variant", letter)
    variant = _variants_for(user).filter(task_id=_int("task", task_id), letter=letter).first()
    if variant is None:
        raise _missing("variant", letter)
    return variant


def _runs_for(user: Viewer) -> QuerySet[Run]:
    return Run.objects.filter(variant__task__in=tasks_for(user))


def _uuid(noun: str, ref: object) -> uuid.UUID:
    try:
        return uuid.UUID(str(ref))
    except ValueError:
        raise _missing(noun, ref) from None


def run_get_for(user: Viewer, run_id: object) -> Run:
    run = (
        _runs_for(user)
        .filter(pk=_uuid("run", run_id))
        .select_related("variant__task__project", "variant__task__spec", "variant__agent")
        .first()
    )
    if run is None:
        raise _missing("run", run_id)
    return run


def topic_allowed(user: Viewer, topic: str) -> bool:
    """May `user` be told that `topic` (`home`, `slots`, `task:<id>`, `project:<id>`, `run:<id>`) has changed?"""
    if not _may_see(user):
        return False
    noun, _, ref = topic.partition(":")
    try:
        match noun:
            case "home" | "slots":
                return not ref
            case "task":
                return tasks_for(user).filter(pk=_int(noun, ref)).exists()
            case "project":
                return projects_for(user).filter(pk=_int(noun, ref)).exists()
            case "run":
                return _runs_for(user).filter(pk=_uuid(noun, ref)).exists()
    except NotFound:
        pass
    return False
