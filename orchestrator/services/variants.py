"""Putting a Variant away. Its commits and transcripts stay; its workspace is removed by the sweep."""

from __future__ import annotations

import logging

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from orchestrator.environments.registry import kind_get
from orchestrator.git.errors import WorkspaceGoneError
from orchestrator.lib.errors import AppError, Conflict
from orchestrator.lib.live import publish
from orchestrator.models import Environment, Variant
from orchestrator.services import activity, environments, previews
from orchestrator.services.runs import variant_stop
from orchestrator.services.snapshots import snapshot_take
from orchestrator.states import RUN_ACTIVE, EnvironmentState, Resolution

log = logging.getLogger(__name__)


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
        try:
            _workspace_remove(environment)
        except (AppError, OSError) as exc:
            # Tried again by the next sweep; one that resists must not keep the others.
            log.warning("the workspace of %s cannot be removed: %s", variant, exc)


def _workspace_remove(environment: Environment) -> None:
    """Nothing unsnapshotted is ever deleted: the last Snapshot may have failed, or a person gone on by hand."""
    variant = environment.variant
    run = variant.runs.order_by("-number").first()
    if run is not None:
        try:
            snapshot_take(run, journal_n=run.last_seq)
        except WorkspaceGoneError:
            log.info("the workspace of %s is gone already", variant)
    kind_get(environment.kind).remove(environments.environment_spec(variant, environment))
    Environment.objects.filter(pk=environment.pk).update(state=EnvironmentState.REMOVED)
