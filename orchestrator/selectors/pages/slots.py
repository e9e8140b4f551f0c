"""How many agents can work at a time, and how many do."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from orchestrator.models import Host, Run
from orchestrator.states import RUN_STARTED, RunState


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
