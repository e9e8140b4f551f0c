"""Further texts of people to a Variant's agent."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction

from agents.clean import UNSTORABLE
from orchestrator.lib import queue
from orchestrator.lib.errors import Conflict, Invalid
from orchestrator.lib.live import publish
from orchestrator.models import FollowUp, Variant
from orchestrator.services import activity
from orchestrator.services.budgets import USED_UP, budget_is_used
from orchestrator.services.runs import follow_up_run
from orchestrator.states import MessageState, Resolution

TEXT_LIMIT_BYTES = 1024 * 1024


def follow_up_send(
    *,
    user: User | None,
    variant: Variant,
    text: str,
    links: Sequence[tuple[str, str]] = (),
) -> FollowUp:
    """Steered into the agent if it works and can be steered, kept for after its Run if it cannot, else a new Run.

    `links` (words and a path of this site) lead from the transcript to what the text speaks of.
    """
    if not text.strip():
        raise Invalid("message.empty", "Write what the agent is to do next.")
    if UNSTORABLE.search(text):
        raise Invalid("message.invalid", "The text holds a character that cannot be stored.")
    if len(text.encode()) > TEXT_LIMIT_BYTES:
        raise Invalid("message.too-long", "The text is over 1 MB.")
    if variant.archived_at:
        raise Conflict("variant.archived", "This variant is archived; its workspace is gone.")
    if variant.task.resolution != Resolution.OPEN:
        raise Conflict(
            "task.resolved",
            f"The task is {variant.task.resolution}; its agents take no more work.",
        )
    if budget_is_used(variant.task):
        raise Conflict(
            "budget.exceeded",
            f"{USED_UP}; its agents take no more work. Start a new task to go on.",
        )
    with transaction.atomic():
        FollowUp.objects.filter(variant=variant, state=MessageState.HELD).update(
            state=MessageState.QUEUED
        )
        follow_up = FollowUp.objects.create(
            variant=variant, text=text, author=user, links=[list(link) for link in links]
        )
        activity.record(verb="variant.message", user=user, variant=variant)
        follow_up_run(variant=variant)
        queue.enqueue("orchestrator.follow_poke")
        publish(f"task:{variant.task_id}")
    follow_up.refresh_from_db()
    return follow_up
