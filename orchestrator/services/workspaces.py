"""Removing workspaces that nobody needs any more. Nothing unsnapshotted is ever deleted.

A workspace goes when its Variant is archived, or when its Task was merged or closed long enough ago.
It comes back, at the Variant's newest Snapshot, when it is needed again (`environment_ensure`).
"""

from __future__ import annotations

import logging
from datetime import timedelta
from time import monotonic

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from orchestrator.environments.registry import kind_get
from orchestrator.git.errors import WorkspaceGoneError
from orchestrator.git.snapshots import Excluded
from orchestrator.lib import paths
from orchestrator.lib.errors import AppError
from orchestrator.models import Activity, Environment, Preview, Run
from orchestrator.services import activity
from orchestrator.services.environments import environment_spec, workspace_lock
from orchestrator.services.snapshots import snapshot_take_last, workspace_unsaved
from orchestrator.states import RUN_ACTIVE, EnvironmentState, PreviewState, Resolution

log = logging.getLogger(__name__)

KEPT = "workspace.kept"
REST_S = 3600.0  # of a workspace that had to be kept, before it is looked at again
_NAMED = 3

_resting: dict[int, float] = {}  # Variants whose workspace had to be kept, and until when


def workspaces_sweep() -> int:
    """Remove the workspaces of archived Variants; returns how many."""
    return _sweep(_idle().filter(variant__archived_at__isnull=False))


def workspaces_expire() -> int:
    """Remove those of Tasks that were merged or closed, and left alone since, so many days ago."""
    days = settings.BAKEOFF_KEEP_WORKSPACES_DAYS
    if not days:
        return 0
    before = timezone.now() - timedelta(days=days)
    lately = Activity.objects.filter(task=OuterRef("variant__task"), at__gte=before)
    over = _idle().filter(
        variant__task__resolution__in=[Resolution.MERGED, Resolution.CLOSED],
        variant__task__created_at__lt=before,
    )
    return _sweep(over.exclude(Exists(lately)))


def _idle() -> QuerySet[Environment]:
    """Workspaces of this host that nothing runs in and whose Runs are all told to the end."""
    runs = Run.objects.filter(variant=OuterRef("variant"))
    apps = Preview.objects.filter(
        variant=OuterRef("variant"), state__in=[PreviewState.STARTING, PreviewState.READY]
    )
    return (
        Environment.objects.filter(host=paths.host_id())
        .exclude(state=EnvironmentState.REMOVED)
        .exclude(Exists(runs.filter(Q(state__in=RUN_ACTIVE) | Q(sealed_at=None))))
        .exclude(Exists(apps))
    )


def _sweep(due: QuerySet[Environment]) -> int:
    removed = 0
    for environment in due.select_related("variant__task__spec", "variant__task__project"):
        if _resting.get(environment.variant_id, 0.0) > monotonic():
            continue
        try:
            with workspace_lock(environment.variant):
                # What was due may have been wanted again while somebody else had the lock.
                if due.filter(pk=environment.pk).exists():
                    removed += _remove(environment)
        except (AppError, OSError) as exc:
            # Tried again by a later sweep; one that resists must not keep the others.
            log.warning("the workspace of %s cannot be removed: %s", environment.variant, exc)
    return removed


def _remove(environment: Environment) -> bool:
    """The last Snapshot may have failed, or a person gone on by hand: first it is all put away."""
    variant = environment.variant
    unsaved: list[Excluded] = []
    try:
        if (
            environment.state == EnvironmentState.READY
        ):  # in one that was half made nothing ever ran
            snapshot_take_last(variant)
            unsaved = workspace_unsaved(variant)
    except WorkspaceGoneError:
        log.info("the workspace of %s is gone already", variant)
    if unsaved:
        _keep(environment, unsaved)
        return False
    kind_get(environment.kind).remove(environment_spec(variant, environment))
    paths.index_path(variant.pk).unlink(missing_ok=True)
    Environment.objects.filter(pk=environment.pk).update(
        state=EnvironmentState.REMOVED, setup_key="", setup_pending=""
    )
    activity.record(verb="workspace.removed", variant=variant)
    _resting.pop(variant.pk, None)
    return True


def _keep(environment: Environment, unsaved: list[Excluded]) -> None:
    variant = environment.variant
    _resting[variant.pk] = monotonic() + REST_S
    names = ", ".join(f"{item.path} ({item.reason})" for item in unsaved[:_NAMED])
    more = f" and {len(unsaved) - _NAMED} more" if len(unsaved) > _NAMED else ""
    text = f"no snapshot holds {names}{more}"
    last = Activity.objects.filter(variant=variant, verb=KEPT).order_by("-id").first()
    if last is None or last.text != text:
        activity.record(verb=KEPT, variant=variant, text=text)
