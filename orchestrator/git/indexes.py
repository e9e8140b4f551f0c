"""The index a variant's Snapshots are made with: our own, never the agent's."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.errors import DiskFullError
from orchestrator.git.run import first_line, git, git_failure

BAD_NAME = "a name that git does not allow"
REFUSED = "refused by git"
_MAX_REFUSALS = 100


@dataclass(frozen=True, slots=True)
class Workspace:
    """A worktree seen through the hub's git directory and an index of our own."""

    hub: Path
    worktree: Path
    index: Path

    def git(self, *args: str, stdin: bytes | None = None, timeout_s: float = 120) -> list[bytes]:
        return git(
            *args,
            git_dir=self.hub,
            work_tree=self.worktree,
            index=self.index,
            stdin=stdin,
            timeout_s=timeout_s,
        ).fields()


def index_prepare(workspace: Workspace, base: str) -> None:
    """Make sure of a sound index, whatever a killed predecessor left. The caller has its lock."""
    index = workspace.index
    index.parent.mkdir(parents=True, exist_ok=True)
    index.with_name(index.name + ".lock").unlink(missing_ok=True)
    if not _is_sound(index):
        _index_new(workspace, base)


def index_set(workspace: Workspace, entries: Iterable[tuple[bytes, str, str]]) -> None:
    """Put (path, mode, id) into the index as they are; mode 0 takes a path out."""
    lines = [f"{mode} {oid}\t".encode() + path + b"\0" for path, mode, oid in entries]
    if lines:
        workspace.git("update-index", "-z", "--index-info", stdin=b"".join(lines))


def index_add(workspace: Workspace, paths: list[bytes]) -> list[tuple[bytes, str]]:
    """Store these files; those that git refuses are left out and returned with the reason."""
    refusals: list[tuple[bytes, str]] = []
    waiting = [paths] if paths else []
    while waiting:
        some = waiting.pop()
        refused = _index_add(workspace, some)
        if refused is None:
            continue
        if len(some) == 1 or len(refusals) >= _MAX_REFUSALS:
            refusals += [(path, refused) for path in some]
            continue
        middle = len(some) // 2
        waiting += [some[middle:], some[:middle]]
    return refusals


def _index_add(workspace: Workspace, paths: list[bytes]) -> str | None:
    """Put all these files into the index, or none and say why."""
    result = git(
        "update-index",
        "-z",
        "--add",
        "--remove",
        "--replace",
        "--stdin",
        git_dir=workspace.hub,
        work_tree=workspace.worktree,
        index=workspace.index,
        stdin=b"".join(path + b"\0" for path in paths),
        timeout_s=600,
        check=False,
    )
    ignoring = "Ignoring path " in result.stderr
    if result.code == 0 and not ignoring:
        return None
    failure = git_failure("update-index", result)
    alone = len(paths) == 1
    if isinstance(failure, DiskFullError) or (alone and not _names(result.stderr, paths[0])):
        raise failure  # not this file's fault: the next one would fare no better
    return BAD_NAME if ignoring and alone else f"{REFUSED}: {first_line(result.stderr)}"


def _names(stderr: str, path: bytes) -> bool:
    """Whether git complains of this path. It puts "?" for the control characters of a name."""
    shown, told = (
        "".join(char if char.isprintable() else "?" for char in text)
        for text in (path.decode("utf-8", "replace"), stderr)
    )
    return shown in told


def _is_sound(index: Path) -> bool:
    """Whether the index is whole. git does not check, and takes the end of a torn one for it."""
    try:
        content = index.read_bytes()
    except OSError:
        return False
    digest = hashlib.sha1(content[:-20], usedforsecurity=False).digest()
    return content[:4] == b"DIRC" and content[-20:] == digest


def _index_new(workspace: Workspace, base: str) -> None:
    fresh = workspace.index.with_name(workspace.index.name + ".new")
    for leftover in (fresh, fresh.with_name(fresh.name + ".lock")):
        leftover.unlink(missing_ok=True)
    git(
        "read-tree",
        base,
        git_dir=workspace.hub,
        index=fresh,
    )
    os.rename(fresh, workspace.index)
