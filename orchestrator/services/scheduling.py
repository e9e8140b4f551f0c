"""Giving out slots, and re-deriving from the database whatever is due.

Messages only hurry this along: with every message lost, the periodic sweep does the same work later.
"""

from __future__ import annotations

import socket
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from agents.bundle import Bundle, bundles_clean
from orchestrator.lib import disk, paths, queue
from orchestrator.models import Host, Project, Run
from orchestrator.services.run_states import run_transition
from orchestrator.states import RUN_STARTED, ProjectState, RunState

# A project's first import is asked for when it is added; later than this the message counts as lost.
IMPORT_LATE = timedelta(seconds=10)


def host_ensure() -> Host:
    """This machine's row, with its present number of slots."""
    host, _ = Host.objects.update_or_create(
        id=paths.host_id(),
        defaults={
            "name": socket.gethostname(),
            "slots": settings.BAKEOFF_SLOTS,
            "seen_at": timezone.now(),
        },
    )
    return host


def schedule_tick() -> list[str]:
    """Claim queued Runs, oldest first, while this host has free slots; returns their ids."""
    host = host_ensure()
    claimed: list[str] = []
    if disk.room_bytes(paths.data_dir()) < disk.ROOM_MIN_BYTES:
        return claimed  # they wait, which every page says, rather than fail for want of room
    with transaction.atomic():
        Host.objects.select_for_update().get(pk=host.pk)  # one tick at a time per host
        used = Run.objects.filter(host=host.pk, state__in=RUN_STARTED).count()
        queued = Run.objects.filter(state=RunState.QUEUED, stop_requested_at=None)
        for run in (
            queued.select_related("variant__task")
            .filter(variant__task__project__host=host.pk)
            .order_by("queued_at", "variant__position")[: max(0, host.slots - used)]
        ):
            if run_transition(run, RunState.PREPARING, host=host.pk):
                claimed.append(run.id.hex)
                queue.enqueue("orchestrator.run_start", run_id=run.id.hex)
    return claimed


def sweep() -> None:
    """Everything that is due on this host and that a lost message or a dead process has left behind."""
    schedule_tick()
    bundles_clean(paths.bundles_dir())
    here = paths.host_id()
    for run in Run.objects.filter(host=here, state=RunState.PREPARING).only("id"):
        bundle = Bundle(paths.bundle_dir(run.id.hex))
        if bundle.shim() is None and bundle.exit() is None:
            queue.enqueue("orchestrator.run_start", run_id=run.id.hex)
    for project in Project.objects.filter(
        host=here,
        state__in=[ProjectState.PENDING, ProjectState.CLONING],
        archived_at=None,
        created_at__lt=timezone.now() - IMPORT_LATE,
    ):
        queue.enqueue("orchestrator.project_import", project_id=project.pk)
