"""The home page: what needs somebody, and what is going on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.models import Project, Run, Variant
from orchestrator.selectors.access import Viewer, projects_for, tasks_for
from orchestrator.selectors.pages.asks import AskRow, asks_for
from orchestrator.selectors.rows import TaskRow, VariantRow, task_row, variant_row
from orchestrator.selectors.tasks import tasks_with_state, variants_with_state
from orchestrator.states import (
    RUN_STARTED,
    TASK_UNRESOLVED,
    VARIANT_BROKEN,
    ProjectState,
    TaskState,
    VariantState,
)

HOME_TASKS = 60
HOME_FAILED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideRow:
    """A Task whose agents are all done. `ready` have an answer; `empty` finished without a change."""

    task: TaskRow
    ready: tuple[VariantRow, ...]
    failed: tuple[VariantRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskGroup:
    name: str
    rows: tuple[TaskRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    asks: tuple[AskRow, ...]
    decide: tuple[DecideRow, ...]
    failed: tuple[VariantRow, ...]
    projects_failed: tuple[Project, ...]
    working: tuple[VariantRow, ...]
    queued: int
    groups: tuple[TaskGroup, ...]
    open_count: int
    project_count: int
    task_count: int

    @property
    def busy(self) -> int:
        return sum(row.state == VariantState.WORKING for row in self.working)

    @property
    def busy_tasks(self) -> int:
        return len({row.task_id for row in self.working if row.state == VariantState.WORKING})

    @property
    def waiting(self) -> int:
        return len(self.working) - self.busy

    @property
    def needs(self) -> int:
        return len(self.asks) + len(self.decide) + len(self.failed) + len(self.projects_failed)


_GROUPS = (
    ("Needs you", {TaskState.NEEDS_YOU}),
    ("Ready to decide", {TaskState.READY}),
    ("At work", {TaskState.RUNNING, TaskState.MERGING}),
    ("Waiting for a slot", {TaskState.QUEUED}),
)


def working_rows(user: Viewer) -> tuple[VariantRow, ...]:
    """Variants whose agent works or waits for an answer, newest Task first."""
    variants = Variant.objects.filter(
        task__in=tasks_for(user), runs__in=Run.objects.filter(state__in=RUN_STARTED)
    ).distinct()
    rows = [variant_row(v, task=v.task) for v in variants_with_state(variants)]
    return tuple(sorted(rows, key=lambda row: (-row.task_id, row.letter)))


def home_page(user: Viewer) -> HomePage:
    open_tasks = tasks_for(user).filter(resolution__in=TASK_UNRESOLVED)
    rows = [task_row(task) for task in tasks_with_state(open_tasks).order_by("-id")[:HOME_TASKS]]
    variants = [variant for row in rows for variant in row.variants]
    decide = [_decide_row(row) for row in rows if row.state == TaskState.READY]
    working = working_rows(user)
    projects = projects_for(user)
    return HomePage(
        asks=tuple(asks_for(user)),
        decide=tuple(row for row in decide if row.ready),
        failed=tuple(_failed(rows))[:HOME_FAILED],
        projects_failed=tuple(projects.filter(state=ProjectState.FAILED)[:5]),
        working=working,
        queued=sum(v.state == VariantState.QUEUED for v in variants),
        groups=tuple(
            TaskGroup(name=name, rows=members)
            for name, states in _GROUPS
            if (members := tuple(row for row in rows if row.state in states))
        ),
        open_count=open_tasks.count(),
        project_count=projects.count(),
        task_count=tasks_for(user).count(),
    )


def _decide_row(row: TaskRow) -> DecideRow:
    return DecideRow(
        task=row,
        ready=tuple(v for v in row.variants if v.state == VariantState.READY and v.mergeable),
        failed=tuple(v for v in row.variants if v.state in VARIANT_BROKEN),
    )


def _failed(rows: Iterable[TaskRow]) -> Iterable[VariantRow]:
    """Failed Variants whose Task has no other answer to decide on: there, the failure is what stops it."""
    for row in rows:
        decided = row.state == TaskState.READY and any(v.done and v.mergeable for v in row.variants)
        if not decided:
            yield from (v for v in row.variants if v.state in VARIANT_BROKEN)
