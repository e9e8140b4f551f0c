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

_IMPORT_LIMIT_BYTES = 2 * 1024**3
_IMPORT_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Parent:
    commit: str
    tree: str


def parent_find(*, hub: Path, yard: Path, worktree: Path, base: str, last: str) -> Parent:
    """The agent's HEAD if it stands on `base`; else base itself.

    An agent may amend base, reset behind it or start a history of its own. Its files are in the
    Snapshot in any case; but what is merged is base..head, and that must mean what was compared.
    Such commits are kept in the hub all the same. A HEAD that cannot be read is taken to be where
    it last was.
    """
    head = worktree_head(yard=yard, path=worktree) or last
    for candidate in (head, last):
        if candidate == base or _has(hub, candidate) or _import(hub, yard, candidate, base, last):
            break
    else:
        candidate = base
    if candidate != base:
        ancestor = git(
            "merge-base", "--is-ancestor", base, candidate, git_dir=hub, check=False
        ).code
        if ancestor != 0:
            refs_set(hub=hub, updates=[(f"{KEPT}/{candidate}", candidate, None)])
            candidate = base
    tree = git("rev-parse", "--verify", f"{candidate}^{{tree}}", git_dir=hub).text.strip()
    return Parent(candidate, tree)


def _has(hub: Path, commit: str) -> bool:
    """Whether the commit came in whole: what was imported or kept has a ref or a child that has."""
    found = git("cat-file", "-e", f"{commit}^{{commit}}", git_dir=hub, check=False)
    return found.code == 0


def _import(hub: Path, yard: Path, head: str, base: str, last: str) -> bool:
    """Copy what the agent committed into the hub, checked; the yard's configuration is never read.

    The yard's objects are only borrowed while they are packed; index-pack takes the pack in whole
    or not at all, so a commit the hub has is one it has with all its history.
    """
    objects = yard / "objects"
    alternates = objects / "info" / "alternates"
    if not _is_plain(alternates):
        return False
    wanted = f"{head}\n^{base}\n^{last}\n".encode()
    try:
        pack = git(
            "pack-objects",
            "--revs",
            "--stdout",
            "--delta-base-offset",
            "--quiet",
            git_dir=hub,
            stdin=wanted,
            env={"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects)},
            timeout_s=_IMPORT_TIMEOUT_S,
        )
        git(
            "index-pack",
            "--stdin",
            "--strict",
            f"--max-input-size={_IMPORT_LIMIT_BYTES}",
            git_dir=hub,
            stdin=pack.stdout,
            timeout_s=_IMPORT_TIMEOUT_S,
        )
    except GitError:
        return False
    return _has(hub, head)


def _is_plain(path: Path) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
