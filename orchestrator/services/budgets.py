"""What a Task may cost: all its Runs together."""

from __future__ import annotations

from django.db.models import Sum

from orchestrator.models import Run, Task

USED_UP = "The task's budget is used up"


def budget_is_used(task: Task) -> bool:
    if task.budget_usd is None:
        return False
    spent = Run.objects.filter(variant__task=task).aggregate(total=Sum("cost_usd"))["total"]
    return spent is not None and spent >= task.budget_usd
