"""One task: its head, its tabs, its overview."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User

from orchestrator.models import Activity, Task, Variant
from orchestrator.selectors.access import Viewer, tasks_for
from orchestrator.selectors.column_order import ColumnOrder, Head, heads, rows_ordered
from orchestrator.selectors.pages.asks import AskRow, asks_for
from orchestrator.selectors.rows import TaskHead, VariantRow, task_head, variant_rows
from orchestrator.selectors.tasks import tasks_with_state
from orchestrator.states import VARIANT_BROKEN, Resolution, VariantState


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
    def mergeable(self) -> tuple[VariantRow, ...]:
        return self.ready + self.stopped

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

        One that was put together took the work of others: what its own runs took is no race. One that has nothing to
        show wins none either.
        """
        done = [row for row in self.rows if row.done and row.changed and not row.composed]
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
        letters = tuple(row.letter for row in rows if row.state == state and not row.idle)
        if letters:
            found.append(Stand(letters=letters, text=one if len(letters) == 1 else many))
    idle = tuple(row.letter for row in rows if row.idle)
    return (*found, Stand(letters=idle, text="changed nothing")) if idle else tuple(found)


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


def variants_like(user: Viewer, task: Task | None) -> list[Variant]:
    """The Variants to offer again: those of `task`, else of the last Task this person submitted, without hints.

    Not those that people composed: no agent was asked for them.
    """
    source = task or (
        tasks_for(user).filter(created_by_id=user.pk).order_by("-id").first() if user.pk else None
    )
    if source is None:
        return []
    chosen = source.variants.filter(start_commit="")
    variants = list(chosen.select_related("agent").order_by("position"))
    if task is None:
        for variant in variants:
            variant.strategy = ""
    return variants
