"""Variants that a person makes from a commit, and putting a Variant away.

What is put away keeps its commits and transcripts; its workspace is removed by the sweep.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agents.models import AgentProfile
from orchestrator.git import hub as git_hub
from orchestrator.git.snapshots import SnapshotInfo
from orchestrator.lib import paths, queue
from orchestrator.lib.errors import Conflict
from orchestrator.lib.live import publish
from orchestrator.models import Task, Variant
from orchestrator.services import activity, previews
from orchestrator.services.runs import variant_stop
from orchestrator.services.snapshots import snapshot_record
from orchestrator.states import LETTERS, VARIANTS_MAX, Resolution


def variant_from_commit(
    *,
    user: User | None,
    task: Task,
    agent: AgentProfile,
    model: str,
    info: SnapshotInfo,
    text: str,
) -> Variant:
    """A further Variant of the Task, whose first state is a commit that is in the hub already.

    All in one transaction: the next letter belongs to whoever holds the Task's row. The branch is
    set within it, so that no Variant is ever there without one; a branch that is left by a process
    killed there has a letter that nobody has, and is moved when the letter is given out. The caller
    holds the hub's lock already, so that no transaction waits for it.
    """
    with transaction.atomic():
        locked = Task.objects.select_for_update().get(pk=task.pk)
        if locked.resolution != Resolution.OPEN:
            raise Conflict(
                "task.resolved", f"The task is {locked.resolution}: it takes no variants."
            )
        position = (task.variants.aggregate(last=Max("position"))["last"] or 0) + 1
        if position >= VARIANTS_MAX:
            raise Conflict(
                "task.variants-full",
                f"This task has {VARIANTS_MAX} variants, as many as a task may have.",
            )
        letter = LETTERS[position]
        variant = Variant.objects.create(
            task=task,
            position=position,
            letter=letter,
            agent=agent,
            model=model,
            branch=f"bakeoff/{task.pk}/{letter}",
            start_commit=info.commit,
            autostart_due_at=timezone.now(),
        )
        snapshot_record(variant, info)
        activity.record(verb="variant.composed", user=user, variant=variant, text=text)
        git_hub.branch_set(
            hub=paths.hub_dir(task.project_id),
            branch=variant.branch,
            commit=info.commit,
            expected=None,
        )
        queue.enqueue("orchestrator.preview_autostart", variant_id=variant.pk)
        publish("home")
    variant.refresh_from_db()
    return variant


def variant_archive(*, user: User | None, variant: Variant) -> None:
    """Stop what runs and mark the Variant archived: the tombstone that the sweep acts on."""
    if variant.task.resolution == Resolution.MERGING:
        raise Conflict("task.merging", "The task is being merged; archive the variant afterwards.")
    variant_stop(user=user, variant=variant)
    if hasattr(variant, "preview"):
        previews.preview_stop(user=user, variant=variant)
    with transaction.atomic():
        if Variant.objects.filter(pk=variant.pk, archived_at=None).update(
            archived_at=timezone.now()
        ):
            activity.record(verb="variant.archived", user=user, variant=variant)
            publish(f"task:{variant.task_id}")
            publish("home")


def variant_unarchive(*, user: User | None, variant: Variant) -> None:
    """Take it out of the archive. Its workspace is made again when it is needed."""
    with transaction.atomic():
        if Variant.objects.filter(pk=variant.pk, archived_at__isnull=False).update(
            archived_at=None
        ):
            activity.record(verb="variant.unarchived", user=user, variant=variant)
            publish(f"task:{variant.task_id}")
            publish("home")
