"""The one place that changes a Run's state or its owner."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from orchestrator.lib.live import publish
from orchestrator.lib.processes import process_alive, process_name
from orchestrator.models import Permission, Run
from orchestrator.services import activity
from orchestrator.states import (
    RUN_SOURCES,
    RUN_STARTED,
    RUN_TERMINAL,
    PermissionState,
    RunState,
)

LEASE = timedelta(seconds=30)


def run_transition(
    run: Run,
    to: RunState,
    *,
    fence: int | None = None,
    user: User | None = None,
    text: str = "",
    **fields: Any,
) -> bool:
    """Move a Run to a new state with `fields`; False if another got there first or the fence has moved on."""
    now = timezone.now()
    match to:
        case RunState.PREPARING:
            fields.setdefault("prepared_at", now)
        case RunState.RUNNING if run.started_at is None:
            fields.setdefault("started_at", now)
        case _ if to in RUN_TERMINAL:
            fields.setdefault("ended_at", now)
    owned = Q() if fence is None else Q(fence=fence)
    with transaction.atomic():
        before = Run.objects.filter(pk=run.pk).values_list("state", flat=True).get()
        moved = Run.objects.filter(owned, pk=run.pk, state__in=RUN_SOURCES[to]).update(
            state=to, **fields
        )
        if not moved:
            return False
        if to in RUN_TERMINAL:
            Permission.objects.filter(run=run, state=PermissionState.PENDING).update(
                state=PermissionState.OBSOLETE, decided_at=now
            )
        activity.record(
            verb="run.state",
            user=user,
            run=run,
            source_state=before,
            state=to,
            text=text,
        )
        run_changed(run)
        publish("slots")
    run.state = to
    for name, value in fields.items():
        setattr(run, name, value)
    return True


def run_changed(run: Run) -> None:
    """Tell every page that shows this Run, on commit."""
    publish(f"task:{run.variant.task_id}")
    publish(f"run:{run.id.hex}")
    publish("home")


def lease_take(run: Run) -> bool:
    """Make this process the owner of a Run that has none alive; its fence grows by one."""
    now = timezone.now()
    me = process_name()
    renewed = run.lease_until is not None and run.lease_until > now
    if run.lease_owner not in ("", me) and renewed and process_alive(run.lease_owner):
        return False  # owners are processes of this host: one that lives and follows keeps its Run
    taken = Run.objects.filter(pk=run.pk, fence=run.fence, lease_owner=run.lease_owner).update(
        lease_owner=me, lease_until=now + LEASE, fence=F("fence") + 1
    )
    if taken:
        run.refresh_from_db(fields=["lease_owner", "lease_until", "fence"])
    return bool(taken)


def leases_renew() -> int:
    """Say that this process still follows the Runs it owns."""
    return Run.objects.filter(
        lease_owner=process_name(), state__in=RUN_STARTED | RUN_TERMINAL, sealed_at=None
    ).update(lease_until=timezone.now() + LEASE)
