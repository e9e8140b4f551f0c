"""The rows that pages are made of: plain facts about a Variant, a Task. Read-only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User

from agents.models import AgentProfile
from orchestrator.models import Preview, Run, Task, Variant
from orchestrator.selectors.clocks import runs_clock
from orchestrator.selectors.tasks import (
    merge_problem,
    merge_shut,
    run_newest,
    task_state_of,
    usage_total,
    variant_changed,
    variant_state_of,
)
from orchestrator.states import (
    LETTERS,
    RUN_ACTIVE,
    RUN_STARTED,
    TASK_UNRESOLVED,
    VARIANT_ACTIVE,
    VARIANT_BROKEN,
    PreviewState,
    Resolution,
    RunState,
    TaskState,
    VariantState,
)

DEMO_ADAPTER = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRow:
    """`url` is empty unless the app answers."""

    state: str = PreviewState.STOPPED
    url: str = ""
    port: int = 0
    failure: str = ""
    requested_at: datetime | None = None
    ready_at: datetime | None = None
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantRow:
    """`elapsed_s` is the time its Runs have worked, None before the first start; `waited_s` is not in it."""

    id: int
    letter: str
    url: str
    task_id: int
    task_title: str
    agent: str
    model: str
    demo: bool
    composed: bool
    strategy: str
    state: str
    runs: int
    run: str
    run_state: str
    stopping: bool
    elapsed_s: float | None
    waited_s: float
    ticking: bool
    files_changed: int
    insertions: int
    deletions: int
    tokens: int | None
    cost_usd: Decimal | None
    head_commit: str
    branch: str
    last_line: str
    failure_code: str
    failure: str
    failure_lines: tuple[str, ...]
    preview: PreviewRow
    changed: bool
    merge_problem: str  # why it cannot be merged; empty if it can
    passed_over: bool  # an answer to a task that was ended without it

    @property
    def number(self) -> int:
        """A is 1: also the key that opens it, whatever order the page has."""
        return LETTERS.index(self.letter) + 1

    @property
    def mergeable(self) -> bool:
        return not self.merge_problem

    @property
    def changed_lines(self) -> int:
        return self.insertions + self.deletions

    @property
    def active(self) -> bool:
        return self.state in VARIANT_ACTIVE

    @property
    def idle(self) -> bool:
        """Done, with nothing to show for it."""
        return self.state == VariantState.READY and not self.changed

    @property
    def done(self) -> bool:
        """Its chip is solid: there is an answer to look at, and nobody works on it."""
        return self.state in {VariantState.READY, VariantState.MERGED}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskHead:
    id: int
    title: str
    url: str
    project_id: int
    project: str
    base_branch: str
    base_commit: str
    asked_by: User | None
    created_at: datetime
    state: str
    resolution: str
    open: bool
    cost_usd: Decimal | None
    budget_usd: Decimal | None
    timeout_s: int | None
    demo: bool
    active: int

    @property
    def merge_shut(self) -> str:
        return merge_shut(self.resolution)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    id: int
    title: str
    url: str
    project: str
    state: str
    word: str
    variants: tuple[VariantRow, ...]
    cost_usd: Decimal | None
    created_at: datetime
    changed_at: datetime

    @property
    def vain(self) -> bool:
        """All have ended, and there is nothing to decide about."""
        return self.state == TaskState.READY and not any(row.mergeable for row in self.variants)

    @property
    def broken(self) -> bool:
        return any(row.state in VARIANT_BROKEN for row in self.variants)


def preview_url(preview: Preview) -> str:
    """Plain port links: the app's own origin, never the dashboard's host name."""
    return f"http://127.0.0.1:{preview.port}/" if preview.state == PreviewState.READY else ""


def preview_row(variant: Variant) -> PreviewRow:
    preview: Preview | None = getattr(variant, "preview", None)
    if preview is None:
        return PreviewRow()
    return PreviewRow(
        state=preview.state,
        url=preview_url(preview),
        port=preview.port,
        failure=preview.failure_message,
        requested_at=preview.requested_at,
        ready_at=preview.ready_at,
        commit=preview.commit,
    )


def is_demo(agent: AgentProfile) -> bool:
    return agent.adapter == DEMO_ADAPTER


def cost_of(runs: Iterable[Run]) -> Decimal | None:
    """The sum of what is known; None when no Run knows its cost."""
    costs = [run.cost_usd for run in runs if run.cost_usd is not None]
    return sum(costs, Decimal(0)) if costs else None


def variant_row(variant: Variant, *, task: Task) -> VariantRow:
    """`variant` comes from `tasks_with_state` or `variants_with_state`: no query is made here."""
    runs = list(variant.runs.all())
    newest = run_newest(variant)
    state = variant_state_of(variant, task=task)
    usage, clock = usage_total(runs), runs_clock(runs)
    counts = [usage[name] for name in ("input_tokens", "output_tokens") if usage[name] is not None]
    failing = state in VARIANT_BROKEN and newest is not None
    return VariantRow(
        id=variant.pk,
        letter=variant.letter,
        url=variant.get_absolute_url(),
        task_id=task.pk,
        task_title=task.title,
        agent=variant.maker,
        model="" if variant.composed else variant.model,
        demo=is_demo(variant.agent) and bool(runs or not variant.composed),
        composed=variant.composed,
        strategy=variant.strategy,
        state=state,
        runs=len(runs),
        run=newest.id.hex if newest else "",
        run_state=newest.state if newest else "",
        stopping=newest is not None
        and newest.state in RUN_ACTIVE
        and newest.stop_requested_at is not None,
        elapsed_s=clock.worked_s,
        waited_s=clock.waited_s,
        ticking=newest is not None and newest.state in RUN_STARTED - {RunState.WAITING},
        files_changed=variant.files_changed,
        insertions=variant.insertions,
        deletions=variant.deletions,
        tokens=sum(counts) if counts else None,
        cost_usd=cost_of(runs),
        head_commit=variant.head_commit,
        branch=variant.branch,
        last_line=newest.last_line if newest else "",
        failure_code=newest.failure_code if failing and newest else "",
        failure=newest.failure_message if failing and newest else "",
        failure_lines=tuple(map(str, newest.failure_lines)) if failing and newest else (),
        preview=preview_row(variant),
        changed=variant_changed(variant),
        merge_problem=merge_problem(variant, task=task),
        passed_over=state == VariantState.READY and task.resolution not in TASK_UNRESOLVED,
    )


def variant_rows(task: Task) -> tuple[VariantRow, ...]:
    return tuple(variant_row(variant, task=task) for variant in task.variants.all())


def task_head(task: Task) -> TaskHead:
    """`task` comes from `tasks_with_state`."""
    variants = list(task.variants.all())
    runs = [run for variant in variants for run in variant.runs.all()]
    return TaskHead(
        id=task.pk,
        title=task.title,
        url=task.get_absolute_url(),
        project_id=task.project_id,
        project=task.project.name,
        base_branch=task.spec.base_branch,
        base_commit=task.spec.base_commit,
        asked_by=task.created_by,
        created_at=task.created_at,
        state=task_state_of(task),
        resolution=task.resolution,
        open=task.resolution == Resolution.OPEN,
        cost_usd=cost_of(runs),
        budget_usd=task.budget_usd,
        timeout_s=task.timeout_s,
        demo=any(is_demo(variant.agent) for variant in variants),
        active=sum(variant_state_of(v, task=task) in VARIANT_ACTIVE for v in variants),
    )


def _count(rows: Iterable[VariantRow], *states: VariantState) -> int:
    return sum(row.state in states for row in rows)


def task_word(state: str, rows: tuple[VariantRow, ...]) -> str:
    """The state in a few words with its numbers: `1 question, 2 ready`."""
    idle = sum(row.idle for row in rows)
    parts = [
        (_count(rows, VariantState.WAITING), "question", "questions"),
        (_count(rows, VariantState.WORKING), "running", "running"),
        (_count(rows, VariantState.QUEUED), "queued", "queued"),
        (_count(rows, VariantState.READY) - idle, "ready", "ready"),
        (idle, "without change", "without change"),
        (_count(rows, *VARIANT_BROKEN), "failed", "failed"),
        (_count(rows, VariantState.STOPPED), "stopped", "stopped"),
    ]
    if state in {TaskState.MERGED, TaskState.MERGING, TaskState.CLOSED}:
        return ""
    return ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in parts if n)


def task_row(task: Task) -> TaskRow:
    rows = variant_rows(task)
    state = task_state_of(task)
    runs = [run for variant in task.variants.all() for run in variant.runs.all()]
    moments = [m for run in runs for m in (run.ended_at, run.started_at, run.queued_at) if m]
    return TaskRow(
        id=task.pk,
        title=task.title,
        url=task.get_absolute_url(),
        project=task.project.name,
        state=state,
        word=task_word(state, rows),
        variants=rows,
        cost_usd=cost_of(runs),
        created_at=task.created_at,
        changed_at=max([*moments, task.created_at]),
    )
