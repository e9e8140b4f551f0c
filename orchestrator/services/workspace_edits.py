"""A person's own change to a Variant: written where its agent works, and snapshotted like the agent's."""

from __future__ import annotations

from pathlib import Path

from django.contrib.auth.models import User

from orchestrator.environments.editing import file_replace
from orchestrator.lib import paths
from orchestrator.lib.errors import Conflict
from orchestrator.models import Environment, Variant
from orchestrator.services import activity, environments
from orchestrator.services.snapshots import snapshot_take_last
from orchestrator.states import RUN_ACTIVE, EnvironmentState, Resolution


def workspace_catch_up(variant: Variant) -> str:
    """Bring the head up to the workspace, so that nothing in it is unsnapshotted; returns the head.

    Refused while an agent works there, or where the workspace is not on this machine.
    """
    _idle_check(variant)
    snapshot_take_last(variant)
    variant.refresh_from_db(fields=["head_commit"])
    return variant.head_commit or variant.task.spec.base_commit


def workspace_file_replace(
    *, user: User, variant: Variant, path: str, old: bytes, new: bytes, message: str
) -> str:
    """Replace one file that the head has as `old`; returns the commit of it. Head and workspace stay in step.

    The agent's index and commits are not touched: to it, the change is one that is not committed yet.
    """
    with environments.workspace_lock(variant):
        _idle_check(variant)
        if not file_replace(workspace=Path(variant.environment.path), path=path, old=old, new=new):
            raise Conflict(
                "workspace.changed",
                "The file in the workspace is not what the diff shows. Look again.",
            )
        # Under the same lock: whoever else snapshotted in between would have the change under another name.
        snapshot = snapshot_take_last(variant, message=message)
    if snapshot is None:
        raise Conflict("workspace.same", "The change leaves the file as it is.")
    activity.record(verb="variant.edited", user=user, variant=variant, text=snapshot.commit[:12])
    return snapshot.commit


def _idle_check(variant: Variant) -> None:
    """Refuse where an agent is at work, or where there is no workspace to write to."""
    letter = variant.letter
    if variant.archived_at:
        raise Conflict("variant.archived", "This variant is archived; its workspace is gone.")
    if variant.task.resolution != Resolution.OPEN:
        raise Conflict("task.resolved", f"The task is {variant.task.resolution}.")
    if variant.runs.filter(state__in=RUN_ACTIVE).exists():
        raise Conflict(
            "variant.working", f"The agent of {letter} is at work. Do it when the run has ended."
        )
    environment = Environment.objects.filter(variant=variant).first()
    removed = environment is not None and environment.state == EnvironmentState.REMOVED
    if variant.composed or removed:  # no Run may have made its workspace yet, or made it again
        environment = environments.environment_ensure(variant)
    if environment is None or environment.state != EnvironmentState.READY:
        raise Conflict("workspace.none", f"{letter} has no workspace to write to.")
    if environment.host != paths.host_id():
        raise Conflict("workspace.elsewhere", f"The workspace of {letter} is on another machine.")
