"""Questions of agents that people are to answer."""

from __future__ import annotations

from django.db.models import QuerySet

from orchestrator.lib.errors import NotFound
from orchestrator.models import Permission, Task, Variant
from orchestrator.selectors.access import Viewer, tasks_for
from orchestrator.selectors.rows import AskRow, ask_row
from orchestrator.states import RUN_STARTED, PermissionState


def _permissions(user: Viewer) -> QuerySet[Permission]:
    return Permission.objects.filter(run__variant__task__in=tasks_for(user)).select_related(
        "run__variant__task", "run__variant__agent"
    )


def permission_get_for(user: Viewer, permission_id: int) -> Permission:
    permission = _permissions(user).filter(pk=permission_id).first()
    if permission is None:
        raise NotFound("permission.not-found", "There is no such request.")
    return permission


def asks_for(
    user: Viewer, *, task: Task | None = None, variant: Variant | None = None
) -> list[AskRow]:
    """Questions that nobody has answered yet, the oldest first."""
    pending = _permissions(user).filter(state=PermissionState.PENDING, run__state__in=RUN_STARTED)
    if task is not None:
        pending = pending.filter(run__variant__task=task)
    if variant is not None:
        pending = pending.filter(run__variant=variant)
    return [ask_row(permission) for permission in pending.order_by("asked_at")[:50]]
