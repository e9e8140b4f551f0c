"""The list of tasks."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from orchestrator.models import Project
from orchestrator.selectors.access import Viewer, tasks_for
from orchestrator.selectors.rows import TaskRow, task_row
from orchestrator.selectors.tasks import tasks_with_state
from orchestrator.states import TASK_UNRESOLVED, Resolution

TASKS_PER_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskListPage:
    show: str
    rows: tuple[TaskRow, ...]
    open_count: int
    merged_count: int
    all_count: int
    older: int
    project: Project | None


def task_list_page(
    user: Viewer, *, show: str, before: int | None = None, project: Project | None = None
) -> TaskListPage:
    """`before` is the id of the last Task of the page above; `older` is the next such id or 0."""
    tasks = tasks_for(user)
    if project is not None:
        tasks = tasks.filter(project=project)
    counts = tasks.aggregate(
        open=Count("pk", filter=Q(resolution__in=TASK_UNRESOLVED)),
        merged=Count("pk", filter=Q(resolution=Resolution.MERGED)),
        all=Count("pk"),
    )
    if show == "open":
        tasks = tasks.filter(resolution__in=TASK_UNRESOLVED)
    elif show == "merged":
        tasks = tasks.filter(resolution=Resolution.MERGED)
    if before:
        tasks = tasks.filter(pk__lt=before)
    found = list(tasks_with_state(tasks).order_by("-id")[: TASKS_PER_PAGE + 1])
    rows = tuple(task_row(task) for task in found[:TASKS_PER_PAGE])
    return TaskListPage(
        show=show,
        rows=rows,
        open_count=counts["open"],
        merged_count=counts["merged"],
        all_count=counts["all"],
        older=rows[-1].id if len(found) > TASKS_PER_PAGE else 0,
        project=project,
    )
