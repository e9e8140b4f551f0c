"""What people asked of a running agent, delivered to it by its follower: answers, follow-ups, the end of a turn."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from orchestrator.models import FollowUp, Permission
from orchestrator.services import activity
from orchestrator.services.run_states import run_changed, run_transition
from orchestrator.states import MessageState, PermissionState, RunState

if TYPE_CHECKING:
    from orchestrator.services.follow_run import RunFollower

NOBODY = "Nobody answered in time."


def permissions_deliver(follower: RunFollower) -> None:
    """Deny what waited too long, then hand every undelivered answer to the agent."""
    run = follower.run
    limit = timezone.now() - timedelta(seconds=run.variant.agent.answer_timeout_s)
    pending = Permission.objects.filter(run=run, state=PermissionState.PENDING)
    for late in pending.filter(asked_at__lt=limit):
        with transaction.atomic():
            denied = pending.filter(pk=late.pk).update(
                state=PermissionState.DENIED,
                decided_at=timezone.now(),
                decider="timeout",
                scope="once",
                message=NOBODY,
            )
            if denied:
                text = f"{late.title[:250]} ({NOBODY})"
                activity.record(verb="permission.denied", run=run, text=text)
    answered = Permission.objects.filter(
        run=run,
        state__in=[PermissionState.ALLOWED, PermissionState.DENIED],
        delivered_at=None,
    ).select_related("decided_by")
    for permission in answered:
        _permission_deliver(follower, permission)


def _permission_deliver(follower: RunFollower, permission: Permission) -> None:
    run, allow = follower.run, permission.state == PermissionState.ALLOWED
    others_wait = Permission.objects.filter(run=run, state=PermissionState.PENDING).exists()
    follower.tell(
        "note",
        id=f"answer-{permission.request}",
        d={
            "ev": "permission-answer",
            "request": permission.request,
            "decision": "allow" if allow else "deny",
            "scope": permission.scope or "once",
            "message": permission.message,
            "by": permission.decider,
        },
        clock=None if others_wait else "release",
    )
    follower.tell(
        "stdin",
        id=f"permission-{permission.request}",
        text=follower.adapter.answer(
            permission.payload,
            allow=allow,
            scope=permission.scope or "once",
            message=permission.message,
        ),
    )
    with transaction.atomic():
        Permission.objects.filter(pk=permission.pk).update(delivered_at=timezone.now())
        if not Permission.objects.filter(run=run, state=PermissionState.PENDING).exists():
            run_transition(run, RunState.RUNNING, fence=follower.fence)
        run_changed(run)


def follow_ups_deliver(follower: RunFollower) -> None:
    """Steer queued follow-ups into an agent that takes them while it works."""
    run = follower.run
    if (
        not follower.adapter.capabilities.steering
        or run.state not in (RunState.RUNNING, RunState.WAITING)
        or follower.eof_sent
        or run.stop_requested_at
    ):
        return
    for follow_up in FollowUp.objects.filter(
        variant=run.variant, state=MessageState.QUEUED
    ).select_related("author"):
        author = follow_up.author
        follower.tell(
            "note",
            id=f"user-{follow_up.pk}",
            d={
                "ev": "user-message",
                "text": follow_up.text,
                "by": (author.get_full_name() or author.username) if author else "",
                "links": follow_up.links,
            },
        )
        follower.tell(
            "stdin",
            id=f"message-{follow_up.pk}",
            text=follower.adapter.message(follow_up.text),
        )
        follower.unheard.add(f"message-{follow_up.pk}")
        with transaction.atomic():
            # Also if a stop has held it back meanwhile: it was sent, and returns if it was not heard.
            FollowUp.objects.filter(
                pk=follow_up.pk, state__in=[MessageState.QUEUED, MessageState.HELD]
            ).update(state=MessageState.STEERED, run=run)
            run_changed(run)


def turn_end(follower: RunFollower) -> None:
    """The agent has answered all it was sent: let it end, unless there is more to send."""
    if follower.eof_sent:
        return
    follow_ups_deliver(follower)
    follower.unheard = {told for told in follower.unheard if not follower.heard(told)}
    if not follower.unheard:
        follower.eof_sent = True
        follower.tell("eof", id="eof")
