"""How long Runs have worked, and how long they waited for a person meanwhile: two different things."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Prefetch
from django.utils import timezone

from orchestrator.models import Permission, Run

ASKED = "asked"  # where `asked_prefetch` leaves a Run's questions


@dataclass(frozen=True, slots=True)
class Clock:
    """`worked_s` is None before the first start; what the waiting took is not in it."""

    worked_s: float | None = None
    waited_s: float = 0.0


def asked_prefetch() -> Prefetch[str]:
    """The questions of Runs, without their long texts; those a policy answers are no wait."""
    asked = Permission.objects.exclude(decider="policy").only("run_id", "asked_at", "decided_at")
    return Prefetch("permissions", queryset=asked, to_attr=ASKED)


def runs_clock(runs: Iterable[Run]) -> Clock:
    """All Runs together; they come with `asked_prefetch`, or with their permissions."""
    now = timezone.now()
    clocks = [clock for run in runs if (clock := _run_clock(run, now)).worked_s is not None]
    if not clocks:
        return Clock()
    return Clock(
        worked_s=sum(clock.worked_s or 0.0 for clock in clocks),
        waited_s=sum(clock.waited_s for clock in clocks),
    )


def _run_clock(run: Run, now: datetime) -> Clock:
    begun = run.prepared_at or run.started_at
    if begun is None:
        return Clock()
    end = max(begun, run.ended_at or now)
    asked = getattr(run, ASKED, None)
    waits = [
        (permission.asked_at, permission.decided_at or end)
        for permission in (run.permissions.all() if asked is None else asked)
    ]
    waited = covered(sorted(waits), begun, end)
    return Clock((end - begun - waited).total_seconds(), waited.total_seconds())


def covered(
    spans: Iterable[tuple[datetime, datetime]], begun: datetime, end: datetime
) -> timedelta:
    """How much of begun..end the spans cover; they come by their beginnings and may overlap."""
    total, reached = timedelta(), begun
    for first, last in spans:
        first, last = max(first, reached), min(last, end)
        if last > first:
            total += last - first
            reached = last
    return total
