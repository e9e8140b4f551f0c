"""Stopping Runs, and what follows when one has ended."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from orchestrator.lib import paths, queue
from orchestrator.lib.live import publish
from orchestrator.lib.prompts import prompt_follow_up
from orchestrator.models import FollowUp, Run, Task, Variant
from orchestrator.services import activity
from orchestrator.services.run_states import run_changed
from orchestrator.states import RUN_ACTIVE, MessageState, Resolution, RunState


def variant_stop(*, user: User | None, variant: Variant) -> int:
    """Stop the Variant's Runs that are active; returns how many were told so."""
    return _stop(Run.objects.filter(variant=variant), user=user)


def task_stop(*, user: User | None, task: Task, text: str = "") -> int:
    return _stop(Run.objects.filter(variant__task=task), user=user, text=text)


def stop_all() -> int:
    """Stop every Run of this host, also those that only wait to be started on it."""
    return _stop(Run.objects.filter(variant__task__project__host=paths.host_id()), user=None)


def _stop(runs: QuerySet[Run], *, user: User | None, text: str = "") -> int:
    """Texts that wait are held back: what is stopped must not begin again by itself."""
    FollowUp.objects.filter(variant__in=runs.values("variant"), state=MessageState.QUEUED).update(
        state=MessageState.HELD
    )
    stopped = 0
    active = runs.filter(state__in=RUN_ACTIVE, stop_requested_at=None)
    for run in active.select_related("variant__task__project"):
        with transaction.atomic():
            asked = Run.objects.filter(
                pk=run.pk, state__in=RUN_ACTIVE, stop_requested_at=None
            ).update(stop_requested_at=timezone.now())
            if not asked:
                continue
            stopped += 1
            activity.record(verb="run.stop", user=user, run=run, text=text)
            _queued_end(run, user=user)
            queue.enqueue("orchestrator.follow_poke")
            queue.enqueue("orchestrator.schedule_tick")
            run_changed(run)
            publish("slots")
    return stopped


def _queued_end(run: Run, *, user: User | None) -> None:
    """A Run that nothing was started for ends at once; the follower of this host seals it."""
    ended = Run.objects.filter(pk=run.pk, state=RunState.QUEUED).update(
        state=RunState.STOPPED, ended_at=timezone.now(), host=paths.host_id()
    )
    if ended:
        activity.record(
            verb="run.state",
            user=user,
            run=run,
            source_state=RunState.QUEUED,
            state=RunState.STOPPED,
        )


def run_ended(*, run_id: str) -> None:
    """What comes after a Run: its slot is free, waiting follow-ups become the next Run, the preview starts."""
    run = Run.objects.select_related("variant__task").get(pk=uuid.UUID(run_id))
    follow_up_run(variant=run.variant)
    queue.enqueue("orchestrator.schedule_tick")
    if run.state == RunState.SUCCEEDED:
        queue.enqueue("orchestrator.preview_autostart", variant_id=run.variant_id)


def follow_ups_sweep() -> int:
    """Follow-ups that wait although no Run is active: their message was lost, or a merge came between."""
    due = (
        Variant.objects.filter(
            pk__in=FollowUp.objects.filter(state=MessageState.QUEUED).values("variant"),
            archived_at=None,
            task__resolution=Resolution.OPEN,
            task__project__host=paths.host_id(),
        )
        .exclude(pk__in=Run.objects.filter(state__in=RUN_ACTIVE).values("variant"))
        .select_related("task__spec")
    )
    return sum(follow_up_run(variant=variant) is not None for variant in due)


def follow_up_run(*, variant: Variant) -> Run | None:
    """Make one Run of all follow-ups that wait, if none of the Variant's Runs is active."""
    with transaction.atomic():
        # Rows that refer to the Variant may be written meanwhile: two who have each written a
        # message would else wait for each other.
        locked = Variant.objects.select_for_update(no_key=True).get(pk=variant.pk)
        if (
            locked.archived_at
            or locked.runs.filter(state__in=RUN_ACTIVE).exists()
            or not Task.objects.filter(pk=locked.task_id, resolution=Resolution.OPEN).exists()
        ):
            return None
        waiting = list(
            FollowUp.objects.filter(variant=locked, state=MessageState.QUEUED).order_by("pk")
        )
        if not waiting:
            return None
        last = locked.runs.order_by("-number").first()
        told = FollowUp.objects.filter(
            variant=locked, state__in=[MessageState.RUN, MessageState.STEERED]
        )
        earlier = list(told.order_by("pk").values_list("text", flat=True))
        run = Run.objects.create(
            variant=locked,
            number=last.number + 1 if last else 1,
            prompt=prompt_follow_up(
                texts=[follow_up.text for follow_up in waiting],
                earlier=earlier,
                spec=variant.task.spec.text,
                strategy=variant.strategy,
                resumes=bool(locked.session),
                composed=locked.composed and last is None,
            ),
            resumes=locked.session,
        )
        FollowUp.objects.filter(pk__in=[follow_up.pk for follow_up in waiting]).update(
            state=MessageState.RUN, run=run
        )
        queue.enqueue("orchestrator.schedule_tick")
        run_changed(run)
        publish("slots")
    return run
