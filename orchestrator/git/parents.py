"""The commit a Snapshot stands on: the agent's own HEAD, brought into the hub first."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.errors import GitError
from orchestrator.git.hub import KEPT, refs_set
from orchestrator.git.run import git
from orchestrator.git.yard import worktree_head

_IMPORT_LIMIT_BYTES = 256 * 1024**2
_IMPORT_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Parent:
    commit: str
    tree: str
    note: str = ""  # why the agent's own history is not in it


def parent_find(*, hub: Path, yard: Path, worktree: Path, base: str, last: str) -> Parent:
    """The agent's HEAD if it stands on `base`; else base itself.

    An agent may amend base, reset behind it or start a history of its own. Its files are in the
    Snapshot in any case; but what is merged is base..head, and that must mean what was compared.
    Such commits are kept in the hub all the same. A HEAD that cannot be read is taken to be where
    it last was.
    """
    head = worktree_head(yard=yard, path=worktree)
    note = "" if head else "the agent's branch cannot be read"
    candidate = base
    for commit in (head or last, last):
        if commit == base or _has(hub, commit):
            candidate = commit
            break
        problem = _import(hub, yard, commit, base, last)
        if problem is None:
            candidate = commit
            break
        note = f"the agent's commits cannot be taken over: {problem}"
    if candidate != base and not _stands_on(hub, base, candidate):
        refs_set(hub=hub, updates=[(f"{KEPT}/{candidate}", candidate, None)])
        candidate, note = base, "the agent's commits do not stand on the task's base"
    tree = git("rev-parse", "--verify", f"{candidate}^{{tree}}", git_dir=hub).text.strip()
    return Parent(candidate, tree, note)


def _stands_on(hub: Path, base: str, commit: str) -> bool:
    return git("merge-base", "--is-ancestor", base, commit, git_dir=hub, check=False).code == 0


def _has(hub: Path, commit: str) -> bool:
    return git("cat-file", "-e", f"{commit}^{{commit}}", git_dir=hub, check=False).code == 0


def _import(hub: Path, yard: Path, head: str, base: str, last: str) -> str | None:
    """Copy what the agent committed into the hub, checked; the yard's configuration is never read.

    The yard's objects are only borrowed while they are packed; index-pack takes the pack in whole
    or not at all, so a commit the hub has is one it has with all its history.
    Returns what was in the way.
    """
    objects = yard / "objects"
    if not _is_plain(objects / "info" / "alternates"):
        return "the yard is damaged"
    borrowed = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(objects)}
    new = (head, f"^{base}", f"^{last}")
    try:
        size = git(
            "rev-list",
            "--objects",
            "--disk-usage",
            *new,
            git_dir=hub,
            env=borrowed,
            timeout_s=_IMPORT_TIMEOUT_S,
        )
        if int(size.text) > _IMPORT_LIMIT_BYTES:
            return f"they have {int(size.text) // 1024**2} MB"
        pack = git(
            "pack-objects",
            "--revs",
            "--stdout",
            "--delta-base-offset",
            "--quiet",
            git_dir=hub,
            stdin="".join(f"{rev}\n" for rev in new).encode(),
            env=borrowed,
            timeout_s=_IMPORT_TIMEOUT_S,
        )
        git(
            "index-pack",
            "--stdin",
            "--strict",
            git_dir=hub,
            stdin=pack.stdout,
            timeout_s=_IMPORT_TIMEOUT_S,
        )
    except GitError as error:
        return error.message
    return None if _has(hub, head) else "they are not whole"


def _quoted(path: Path) -> str:
    """A path as git wants it in a list of paths."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_plain(path: Path) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
