"""Putting a Variant away. Its commits and transcripts stay; its workspace is removed by the sweep."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from orchestrator.environments.registry import kind_get
from orchestrator.lib.errors import Conflict
from orchestrator.lib.live import publish
from orchestrator.models import Environment, Variant
from orchestrator.services import activity, environments, previews
from orchestrator.services.runs import variant_stop
from orchestrator.states import RUN_ACTIVE, EnvironmentState, Resolution


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


def workspaces_sweep() -> None:
    """Remove the workspaces of archived Variants, once all their Runs have ended and are snapshotted."""
    tombstones = Environment.objects.filter(
        state=EnvironmentState.READY, variant__archived_at__isnull=False
    ).select_related("variant__task__spec", "variant__task__project")
    for environment in tombstones:
        variant = environment.variant
        unfinished = variant.runs.filter(state__in=RUN_ACTIVE) | variant.runs.filter(sealed_at=None)
        if unfinished.exists():
            continue
        kind_get(environment.kind).remove(environments.environment_spec(variant, environment))
        Environment.objects.filter(pk=environment.pk).update(state=EnvironmentState.REMOVED)
