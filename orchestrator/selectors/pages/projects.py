"""The list of projects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from orchestrator.models import Project
from orchestrator.selectors.access import Viewer, projects_for
from orchestrator.states import TASK_UNRESOLVED


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRow:
    project: Project
    tasks: int
    open: int
    last_at: datetime | None


def project_rows(user: Viewer) -> list[ProjectRow]:
    counted = projects_for(user).annotate(
        task_count=Count("tasks"),
        open_count=Count("tasks", filter=Q(tasks__resolution__in=TASK_UNRESOLVED)),
        last_at=Max("tasks__created_at"),
    )
    return [
        ProjectRow(
            project=project,
            tasks=project.task_count,
            open=project.open_count,
            last_at=project.last_at,
        )
        for project in counted.order_by("name")
    ]


def projects_like(user: Viewer, project: Project) -> list[str]:
    """The names of the other projects of the same repository."""
    same = projects_for(user).filter(source=project.source).exclude(pk=project.pk)
    return list(same.order_by("name").values_list("name", flat=True))
