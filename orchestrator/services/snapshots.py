"""Taking Snapshots of a Variant's workspace and writing them down."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction

from agents.bundle import Bundle
from orchestrator.git import snapshots as git_snapshots
from orchestrator.git.errors import WorkspaceGoneError
from orchestrator.git.snapshots import Excluded, SnapshotInfo, SnapshotLimits
from orchestrator.lib import paths
from orchestrator.lib.live import publish
from orchestrator.models import Run, Snapshot, Variant
from orchestrator.states import RunState

EXCLUDED_SHOWN = 200
NOT_STORED = "snapshot.failed"  # the failure of a Run whose last Snapshot could not be taken


def snapshot_take(run: Run, *, journal_n: int, message: str = "") -> Snapshot | None:
    """Commit the workspace as it is now to the hub; None if nothing has changed since the last time."""
    return _take(run.variant, run=run, journal_n=journal_n, message=message)


def snapshot_take_last(variant: Variant, *, message: str = "") -> Snapshot | None:
    """What is in the workspace now, whoever made it; told to the newest Run, if there is one."""
    run = variant.runs.order_by("-number").first()
    return _take(variant, run=run, journal_n=run.last_seq if run else 0, message=message)


def _take(variant: Variant, *, run: Run | None, journal_n: int, message: str) -> Snapshot | None:
    last = variant.snapshots.order_by("-id").first()
    info = git_snapshots.snapshot_take(
        hub=paths.hub_dir(variant.task.project_id),
        yard=paths.yard_dir(variant.task_id),
        worktree=Path(variant.environment.path),
        index=paths.index_path(variant.pk),
        base=variant.task.spec.base_commit,
        previous=_info(last) if last else None,
        message=message or f"{variant.task.title}\n\nSnapshot of variant {variant.letter}.\n",
        copied=variant.environment.copied,
        limits=SnapshotLimits(),
        branch=variant.branch,
    )
    return snapshot_record(variant, info, run=run, journal_n=journal_n) if info else None


def last_state_store(variant: Variant) -> Snapshot | None:
    """Try again what the end of the newest Run could not do; None if there is nothing to make up for."""
    run = variant.runs.order_by("-number").first()
    if run is None or (run.failure_code != NOT_STORED and run.state != RunState.LOST):
        return None
    newest = variant.snapshots.order_by("-id").first()
    try:
        return snapshot_take(run, journal_n=newest.journal_n if newest else 0)
    except WorkspaceGoneError:
        return None


def workspace_unsaved(variant: Variant) -> list[Excluded]:
    """What would be lost with the workspace, its last Snapshot taken: what no Snapshot can hold."""
    return git_snapshots.workspace_unsaved(
        hub=paths.hub_dir(variant.task.project_id),
        worktree=Path(variant.environment.path),
        index=paths.index_path(variant.pk),
        base=variant.task.spec.base_commit,
        copied=variant.environment.copied,
    )


def _info(snapshot: Snapshot) -> SnapshotInfo:
    return SnapshotInfo(
        commit=snapshot.commit,
        tree=snapshot.tree,
        parent=snapshot.parent,
        files_changed=snapshot.files_changed,
        insertions=snapshot.insertions,
        deletions=snapshot.deletions,
        excluded=(),
    )


def snapshot_record(
    variant: Variant, info: SnapshotInfo, *, run: Run | None = None, journal_n: int = 0
) -> Snapshot:
    """Write down a Snapshot that is in the hub; it is the Variant's head from now on."""
    excluded = [[item.path, item.reason] for item in info.excluded]
    with transaction.atomic():
        snapshot = Snapshot.objects.create(
            variant=variant,
            run=run,
            journal_n=journal_n,
            commit=info.commit,
            tree=info.tree,
            parent=info.parent,
            files_changed=info.files_changed,
            insertions=info.insertions,
            deletions=info.deletions,
            excluded=excluded[:EXCLUDED_SHOWN],
        )
        Variant.objects.filter(pk=variant.pk).update(
            head_commit=info.commit,
            files_changed=info.files_changed,
            insertions=info.insertions,
            deletions=info.deletions,
        )
        publish(f"task:{variant.task_id}")
    return snapshot


def snapshot_note(bundle: Bundle, snapshot: Snapshot) -> None:
    """Put the Snapshot into the Run's journal; repeating it does nothing."""
    note = snapshot_data(snapshot)
    bundle.control("note", id=f"snapshot-{snapshot.pk}", d=note)


def snapshot_data(snapshot: Snapshot) -> dict[str, object]:
    return {
        "ev": "snapshot",
        "id": snapshot.pk,
        "commit": snapshot.commit,
        "files_changed": snapshot.files_changed,
        "insertions": snapshot.insertions,
        "deletions": snapshot.deletions,
        "excluded": [f"{path}: {reason}" for path, reason in snapshot.excluded],
    }
