"""The audit trail."""

from __future__ import annotations

from django.contrib.auth.models import User

from orchestrator.models import Activity, Project, Run, Task, Variant


def record(
    *,
    verb: str,
    user: User | None = None,
    project: Project | None = None,
    task: Task | None = None,
    variant: Variant | None = None,
    run: Run | None = None,
    source_state: str = "",
    state: str = "",
    text: str = "",
) -> Activity:
    """Append one row; what is not given is filled in from the narrower thing that is."""
    variant = variant or (run.variant if run else None)
    task = task or (variant.task if variant else None)
    project = project or (task.project if task else None)
    return Activity.objects.create(
        verb=verb,
        actor=user,
        project=project,
        task=task,
        variant=variant,
        run=run,
        source_state=source_state,
        state=state,
        text=text,
    )
