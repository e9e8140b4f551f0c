"""What each page shows. A page is a fixed number of queries, whatever its size."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Count, Max, Q, QuerySet, Sum

from orchestrator.lib.errors import NotFound
from orchestrator.lib.numbers import number_of
from orchestrator.models import (
    Activity,
    Environment,
    FollowUp,
    Host,
    Permission,
    Project,
    Run,
    Task,
    Variant,
)
from orchestrator.selectors.access import Viewer, projects_for, tasks_for
from orchestrator.selectors.column_order import ColumnOrder, Head, heads, rows_ordered
from orchestrator.selectors.rows import (
    AskRow,
    TaskHead,
    TaskRow,
    VariantRow,
    ask_row,
    task_head,
    task_row,
    variant_row,
    variant_rows,
)
from orchestrator.selectors.tasks import tasks_with_state, variants_with_state
from orchestrator.states import (
    RUN_STARTED,
    VARIANT_BROKEN,
    EnvironmentState,
    MessageState,
    PermissionState,
    ProjectState,
    Resolution,
    RunState,
    TaskState,
    VariantState,
)

HOME_TASKS = 60
HOME_FAILED = 10
TASKS_PER_PAGE = 50
ACTIVITY_PER_PAGE = 100
JUMP_ENTRIES = 12
UNRESOLVED = (Resolution.OPEN, Resolution.MERGING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    used: int
    total: int
    queued: int


def slots_now() -> Slots:
    runs = Run.objects.aggregate(
        used=Count("pk", filter=Q(state__in=RUN_STARTED)),
        queued=Count("pk", filter=Q(state=RunState.QUEUED)),
    )
    total = Host.objects.aggregate(total=Sum("slots"))["total"] or 0
    return Slots(used=runs["used"], total=total, queued=runs["queued"])


# --- Questions ------------------------------------------------------------------------------------


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


# --- Home -----------------------------------------------------------------------------------------


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
    open_tasks = tasks_for(user).filter(resolution__in=UNRESOLVED)
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


# --- Tasks ----------------------------------------------------------------------------------------


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
        open=Count("pk", filter=Q(resolution__in=UNRESOLVED)),
        merged=Count("pk", filter=Q(resolution=Resolution.MERGED)),
        all=Count("pk"),
    )
    if show == "open":
        tasks = tasks.filter(resolution__in=UNRESOLVED)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One part of the sentence that says how a Task stands: these letters, and what they do."""

    letters: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    letter: str
    by: User | None
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    head: TaskHead
    rows: tuple[VariantRow, ...]
    asks: tuple[AskRow, ...]
    merged: Merged | None
    current: str
    order: ColumnOrder

    @property
    def across(self) -> tuple[VariantRow, ...]:
        """The rows as columns, from left to right."""
        return rows_ordered(self.rows, self.order)

    @property
    def letters(self) -> str:
        """Which order that is; "" is the usual one."""
        return "".join(row.letter for row in self.across) if self.order.by else ""

    @property
    def moved(self) -> bool:
        """Whether ordering anew would change something: what is shown stays while agents work."""
        fresh = rows_ordered(self.rows, replace(self.order, letters=""))
        return fresh != self.across

    @property
    def heads(self) -> dict[str, Head]:
        return heads(self.order)

    @property
    def ready(self) -> tuple[VariantRow, ...]:
        return tuple(r for r in self.rows if r.state == VariantState.READY and r.mergeable)

    @property
    def failed(self) -> tuple[VariantRow, ...]:
        return tuple(r for r in self.rows if r.state in VARIANT_BROKEN)

    @property
    def stopped(self) -> tuple[VariantRow, ...]:
        """Stopped with something to show for it."""
        return tuple(r for r in self.rows if r.state == VariantState.STOPPED and r.mergeable)

    @property
    def unfinished(self) -> tuple[VariantRow, ...]:
        return tuple(row for row in self.rows if row.active)

    @property
    def columns(self) -> int:
        return len(self.rows)

    @property
    def lines_max(self) -> int:
        return max((row.changed_lines for row in self.rows), default=0)

    @property
    def elapsed_max(self) -> float:
        return max((row.elapsed_s or 0 for row in self.rows), default=0)

    @property
    def tokens_max(self) -> int:
        return max((row.tokens or 0 for row in self.rows), default=0)

    @property
    def tokens_total(self) -> int:
        return sum(row.tokens or 0 for row in self.rows)

    @property
    def fastest(self) -> frozenset[str]:
        return self._least(lambda row: row.elapsed_s and int(row.elapsed_s))

    @property
    def fewest(self) -> frozenset[str]:
        return self._least(lambda row: row.tokens)

    @property
    def cheapest(self) -> frozenset[str]:
        return self._least(lambda row: row.cost_usd)

    def _least(self, measure: Callable[[VariantRow], float | Decimal | None]) -> frozenset[str]:
        """The letters of the least value among answers that are done; none if there is no other to beat.

        One that was put together took the work of others: what its own runs took is no race.
        """
        done = [row for row in self.rows if row.done and not row.composed]
        found = [(value, row.letter) for row in done if (value := measure(row))]
        least = min((value for value, _ in found), default=None)
        letters = frozenset(letter for value, letter in found if value == least)
        return letters if len(letters) < len(found) else frozenset()

    @property
    def has_strategies(self) -> bool:
        return any(row.strategy for row in self.rows)

    @property
    def has_cost(self) -> bool:
        return any(row.cost_usd is not None for row in self.rows)

    @property
    def stands(self) -> tuple[Stand, ...]:
        return stands(self.rows)


_STANDS = (
    (VariantState.WAITING, "waits for your answer", "wait for your answer"),
    (VariantState.READY, "is ready", "are ready"),
    (VariantState.WORKING, "is at work", "are at work"),
    (VariantState.QUEUED, "waits for a slot", "wait for a slot"),
    (VariantState.FAILED, "has failed", "have failed"),
    (VariantState.LOST, "lost its process; the work is kept", "lost their processes; the work is kept"),
    (VariantState.STOPPED, "was stopped", "were stopped"),
    (VariantState.MERGED, "is merged", "are merged"),
)  # fmt: skip


def stands(rows: Sequence[VariantRow]) -> tuple[Stand, ...]:
    found = []
    for state, one, many in _STANDS:
        letters = tuple(row.letter for row in rows if row.state == state)
        if letters:
            found.append(Stand(letters=letters, text=one if len(letters) == 1 else many))
    return tuple(found)


def task_page(
    user: Viewer, task: Task, *, current: str = "", order: ColumnOrder | None = None
) -> TaskPage:
    """`task` comes from an accessor; `current` is the letter of the open tab, empty for Overview."""
    loaded = tasks_with_state(tasks_for(user).filter(pk=task.pk)).get()
    return TaskPage(
        head=task_head(loaded),
        rows=variant_rows(loaded),
        asks=tuple(asks_for(user, task=task)),
        merged=_merged(loaded),
        current=current,
        order=order or ColumnOrder(),
    )


def _merged(task: Task) -> Merged | None:
    if task.resolution != Resolution.MERGED:
        return None
    row = (
        Activity.objects.filter(task=task, verb="task.merged")
        .select_related("actor", "variant")
        .order_by("-id")
        .first()
    )
    if row is None:
        return None
    letter = row.variant.letter if row.variant else ""
    return Merged(letter=letter, by=row.actor, at=row.at, text=row.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """`asked` are the messages that a Run began with; none for the first Run."""

    asked: tuple[FollowUp, ...]
    hex: str
    number: int
    state: str
    last_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantPage:
    row: VariantRow
    runs: tuple[RunRow, ...]
    asks: tuple[AskRow, ...]
    waiting: tuple[FollowUp, ...]
    resolution: str
    project_id: int
    workspace: bool

    @property
    def takes_messages(self) -> bool:
        return self.resolution == Resolution.OPEN and self.row.state != VariantState.ARCHIVED

    @property
    def archived(self) -> bool:
        return self.row.state == VariantState.ARCHIVED

    @property
    def can_archive(self) -> bool:
        return not self.archived and self.resolution != Resolution.MERGING

    @property
    def preview_possible(self) -> bool:
        return self.workspace and not self.archived


def variant_page(user: Viewer, variant: Variant) -> VariantPage:
    loaded = variants_with_state(Variant.objects.filter(pk=variant.pk)).get()
    asked: dict[uuid.UUID, list[FollowUp]] = defaultdict(list)
    for message in FollowUp.objects.filter(variant=variant).select_related("author").order_by("pk"):
        if message.run_id and message.state == MessageState.RUN:
            asked[message.run_id].append(message)
    runs = tuple(
        RunRow(
            asked=tuple(asked[run.pk]),
            hex=run.id.hex,
            number=run.number,
            state=run.state,
            last_seq=run.last_seq,
        )
        for run in loaded.runs.all()
    )
    environment: Environment | None = getattr(loaded, "environment", None)
    waiting = FollowUp.objects.filter(
        variant=variant, state__in=[MessageState.QUEUED, MessageState.HELD]
    )
    return VariantPage(
        row=variant_row(loaded, task=loaded.task),
        runs=runs,
        asks=tuple(asks_for(user, variant=variant)),
        waiting=tuple(waiting.select_related("author").order_by("pk")),
        resolution=loaded.task.resolution,
        project_id=loaded.task.project_id,
        workspace=loaded.composed
        or (environment is not None and environment.state != EnvironmentState.NONE),
    )


def variants_like(user: Viewer, task: Task | None) -> list[Variant]:
    """The Variants to offer again: those of `task`, else of the last Task this person submitted, without hints."""
    source = task or (
        tasks_for(user).filter(created_by_id=user.pk).order_by("-id").first() if user.pk else None
    )
    if source is None:
        return []
    variants = list(source.variants.select_related("agent").order_by("position"))
    if task is None:
        for variant in variants:
            variant.strategy = ""
    return variants


# --- Projects -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRow:
    project: Project
    tasks: int
    open: int
    last_at: datetime | None


def project_rows(user: Viewer) -> list[ProjectRow]:
    counted = projects_for(user).annotate(
        task_count=Count("tasks"),
        open_count=Count("tasks", filter=Q(tasks__resolution__in=UNRESOLVED)),
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


# --- Activity -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPage:
    rows: tuple[Activity, ...]
    older: int


def activity_page(user: Viewer, *, before: int | None = None) -> ActivityPage:
    rows = Activity.objects.filter(
        Q(task=None, project=None) | Q(project__in=projects_for(user))
    ).select_related("actor", "project", "task", "variant", "run")
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-id")[: ACTIVITY_PER_PAGE + 1])
    shown = tuple(found[:ACTIVITY_PER_PAGE])
    return ActivityPage(rows=shown, older=shown[-1].pk if len(found) > ACTIVITY_PER_PAGE else 0)


# --- Jump -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class JumpEntry:
    url: str
    title: str
    kind: str
    ref: str = ""


def jump_entries(user: Viewer, text: str) -> list[JumpEntry]:
    """Tasks by number or words of their title, projects by name; the newest Tasks for an empty text."""
    words = text.split()[:6]
    tasks, projects = tasks_for(user), projects_for(user)
    number = number_of(words[0].removeprefix("#")) if len(words) == 1 else None
    if number is not None:
        tasks = tasks.filter(Q(pk=number) | Q(title__icontains=words[0]))
    else:
        for word in words:
            tasks = tasks.filter(title__icontains=word)
    for word in words:
        projects = projects.filter(name__icontains=word)
    entries = [
        JumpEntry(url=task.get_absolute_url(), title=task.title, kind="task", ref=f"#{task.pk}")
        for task in tasks.order_by("-id")[:JUMP_ENTRIES]
    ]
    found = projects.order_by("name")[:5] if words else projects.none()
    entries += [
        JumpEntry(url=project.get_absolute_url(), title=project.name, kind="project")
        for project in found
    ]
    return entries
