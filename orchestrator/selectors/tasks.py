"""Tasks and Variants as pages and the API read them, in a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, QuerySet

from orchestrator.models import Run, Task, Variant
from orchestrator.selectors.clocks import asked_prefetch
from orchestrator.states import (
    VARIANT_ACTIVE,
    Resolution,
    TaskState,
    VariantState,
    task_state,
    variant_state,
)

# One per letter; the same colours as --va … in static/css/tokens.css (light).
COLORS = (
    "#2768E0",
    "#C03C00",
    "#016B54",
    "#813A9B",
    "#AD8515",
    "#4D97BA",
    "#2E12A8",
    "#887D73",
    "#8F7DF3",
    "#791B0C",
    "#F252A6",
    "#541E54",
    "#55436C",
    "#A84D95",
    "#9A2B19",
    "#421B7A",
)
USAGE_TOKENS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
)


def variant_color(letter: str) -> str:
    return COLORS[(ord(letter) - ord("A")) % len(COLORS)]


def tasks_with_state(tasks: QuerySet[Task]) -> QuerySet[Task]:
    """Everything that states, numbers and usage of the Tasks are derived from; not their long texts."""
    variants = Variant.objects.select_related("agent", "preview", "environment").prefetch_related(
        _runs()
    )
    return (
        tasks.select_related("project", "spec", "created_by")
        .defer("spec__text", "rubric")
        .prefetch_related(Prefetch("variants", queryset=variants.order_by("position")))
    )


def variants_with_state(variants: QuerySet[Variant]) -> QuerySet[Variant]:
    return (
        variants.select_related("task__project", "task__spec", "agent", "preview", "environment")
        .defer("task__spec__text", "task__rubric")
        .prefetch_related(_runs())
    )


def _runs() -> Prefetch[Any]:
    runs = Run.objects.defer("prompt", "secrets_encrypted").prefetch_related(asked_prefetch())
    return Prefetch("runs", queryset=runs.order_by("number"))


def run_newest(variant: Variant) -> Run | None:
    runs = list(variant.runs.all())
    return max(runs, key=lambda run: run.number, default=None)


def variant_state_of(variant: Variant, *, task: Task | None = None) -> VariantState:
    task = task or variant.task
    run = run_newest(variant)
    return variant_state(
        run=run.state if run else None,
        merged=task.resolution == Resolution.MERGED and task.merged_variant_id == variant.pk,
        archived=variant.archived_at is not None,
    )


def variant_changed(variant: Variant) -> bool:
    """Whether it has anything to show: a commit that changes files."""
    return bool(variant.head_commit) and variant.files_changed > 0


_MERGE_SHUT = {
    Resolution.OPEN: "",
    Resolution.MERGED: "This task is merged already.",
    Resolution.MERGING: "This task is being merged at this moment.",
    Resolution.CLOSED: "This task is closed.",
}


def merge_shut(resolution: str) -> str:
    """Why nothing of a Task with that resolution can be merged; empty if it can."""
    return _MERGE_SHUT[Resolution(resolution)]


def merge_problem(variant: Variant, *, task: Task | None = None) -> str:
    """Why the Variant cannot be merged as things stand; empty if it can. Every page and door asks here."""
    task = task or variant.task
    if shut := merge_shut(task.resolution):
        return shut
    state = variant_state_of(variant, task=task)
    if state == VariantState.ARCHIVED:
        return f"{variant.letter} is archived."
    if state in VARIANT_ACTIVE:
        return f"{variant.letter} is still at work: wait until it is done, or stop it."
    if not variant_changed(variant):
        return f"{variant.letter} has changed no file, so there is nothing to merge."
    return ""


def task_state_of(task: Task) -> TaskState:
    states = [variant_state_of(variant, task=task) for variant in task.variants.all()]
    return task_state(resolution=task.resolution, variants=states)


def usage_total(runs: Iterable[Run]) -> dict[str, Any]:
    """Sums over Runs; what no Run knows is None, never 0."""
    rows = list(runs)
    usage: dict[str, Any] = {}
    for name in USAGE_TOKENS:
        known = [value for run in rows if (value := getattr(run, name)) is not None]
        usage[name] = sum(known) if known else None
    costs = [run.cost_usd for run in rows if run.cost_usd is not None]
    usage["cost_usd"] = float(sum(costs, Decimal(0))) if costs else None
    sources = sorted({run.cost_source for run in rows if run.cost_usd is not None})
    usage["cost_source"] = ", ".join(source for source in sources if source) or None
    return usage
