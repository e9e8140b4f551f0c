"""What happened, the newest first."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from orchestrator.models import Activity
from orchestrator.selectors.access import Viewer, projects_for

ACTIVITY_PER_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPage:
    rows: tuple[Activity, ...]
    older: int


def activity_page(user: Viewer, *, before: int | None = None) -> ActivityPage:
    rows = Activity.objects.filter(
        Q(task=None, project=None) | Q(project__in=projects_for(user))
    ).select_related("actor", "project", "task", "variant", "run")
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-id")[: ACTIVITY_PER_PAGE + 1])
    shown = tuple(found[:ACTIVITY_PER_PAGE])
    return ActivityPage(rows=shown, older=shown[-1].pk if len(found) > ACTIVITY_PER_PAGE else 0)
