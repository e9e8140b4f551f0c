"""Snapshots: commits of a workspace as it is, written to the hub without touching the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.diffs import stat as diff_stat
from orchestrator.git.errors import WorkspaceGoneError
from orchestrator.git.hub import KEPT, NO_COMMIT, refs_set
from orchestrator.git.indexes import Workspace, index_add, index_prepare, index_set
from orchestrator.git.locks import repository_lock
from orchestrator.git.parents import parent_find
from orchestrator.git.refs import ref_name_check
from orchestrator.git.run import AGENT, git, identity_env
from orchestrator.git.scan import (
    REMAKEABLE,
    Excluded,
    Scan,
    SnapshotLimits,
    excluded,
    workspace_scan,
)

__all__ = ["Excluded", "SnapshotInfo", "SnapshotLimits", "snapshot_take", "workspace_unsaved"]


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """`parent` is the agent's own HEAD then. It equals `commit` when all was committed by it."""

    commit: str
    tree: str
    parent: str
    files_changed: int
    insertions: int
    deletions: int
    excluded: tuple[Excluded, ...] = ()


def snapshot_take(
    *,
    hub: Path,
    yard: Path,
    worktree: Path,
    index: Path,
    base: str,
    previous: SnapshotInfo | None = None,
    message: str,
    copied: Sequence[str] = (),
    limits: SnapshotLimits | None = None,
    branch: str | None = None,
) -> SnapshotInfo | None:
    """Commit the workspace as it is now; None when that is what the previous Snapshot holds.

    The numbers are against `base`. `copied` names files that are not the agent's work.
    `branch`, if given, is moved to the Snapshot in the hub.
    """
    _there_check(worktree)
    workspace = Workspace(hub, worktree, index)
    with repository_lock(index):
        scan = _scan(workspace, base, copied, limits or SnapshotLimits())
        tree = git("write-tree", git_dir=hub, index=index).text.strip()
        parent = parent_find(
            hub=hub,
            yard=yard,
            worktree=worktree,
            base=base,
            last=previous.parent if previous else base,
        )
        if previous is not None and (tree, parent.commit) == (previous.tree, previous.parent):
            return None
        if previous is None and parent.commit == base and tree == parent.tree:
            return None
        commit = parent.commit
        if tree != parent.tree:
            commit = _commit(hub, tree, parent.commit, message)
        updates: list[tuple[str, str, str | None]] = [(f"{KEPT}/{commit}", commit, None)]
        if branch is not None:
            updates.append((f"refs/heads/{ref_name_check(branch)}", commit, None))
        refs_set(hub=hub, updates=updates)
        left_out = list(scan.excluded)
        if parent.note:
            left_out.append(Excluded(".git/", parent.note))
        numbers = diff_stat(hub=hub, left=base, right=commit)
        return SnapshotInfo(
            commit=commit,
            tree=tree,
            parent=parent.commit,
            files_changed=numbers.files_changed,
            insertions=numbers.insertions,
            deletions=numbers.deletions,
            excluded=tuple(left_out),
        )


def workspace_unsaved(
    *,
    hub: Path,
    worktree: Path,
    index: Path,
    base: str,
    copied: Sequence[str] = (),
    limits: SnapshotLimits | None = None,
) -> list[Excluded]:
    """What a Snapshot leaves out and nobody could make again: it would be lost with the workspace."""
    _there_check(worktree)
    with repository_lock(index):
        scan = _scan(Workspace(hub, worktree, index), base, copied, limits or SnapshotLimits())
    return [item for item in scan.excluded if item.reason not in REMAKEABLE]


def _there_check(worktree: Path) -> None:
    if worktree.is_symlink() or not worktree.is_dir():
        raise WorkspaceGoneError(
            "workspace.gone",
            "The agent deleted its workspace; the last snapshot of it is kept.",
            {"path": str(worktree)},
        )


def _scan(workspace: Workspace, base: str, copied: Sequence[str], limits: SnapshotLimits) -> Scan:
    """Bring our own index up to the workspace."""
    index_prepare(workspace, base)
    scan = workspace_scan(workspace, copied=copied, limits=limits)
    removed = [(path, "0", NO_COMMIT) for path in scan.remove]
    linked = [(path, "160000", commit) for path, commit in scan.links]
    index_set(workspace, [*removed, *linked])
    for path, reason in index_add(workspace, scan.add):
        scan.excluded.append(excluded(path, reason))
    return scan


def _commit(hub: Path, tree: str, parent: str, message: str) -> str:
    text = message.replace("\0", "").strip() or "Snapshot"
    return git(
        "commit-tree",
        tree,
        "-p",
        parent,
        git_dir=hub,
        stdin=text.encode("utf-8", "replace") + b"\n",
        env=identity_env(AGENT),
    ).text.strip()
