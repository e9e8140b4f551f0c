"""Bringing a commit to the origin, and only if the origin's branch is still where it was."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from orchestrator.git.errors import GitError, InvalidRefError
from orchestrator.git.hub import hub_source
from orchestrator.git.locks import git_network
from orchestrator.git.network import network_check, upload_pack
from orchestrator.git.origin import LocalOrigin, origin_inspect, read_small
from orchestrator.git.refs import SourceKind, display_path, is_commit_id, ref_name_check
from orchestrator.git.run import (
    NETWORK_TIMEOUT_S,
    execute,
    first_line,
    git,
    git_executable,
    person_env,
    private_names,
)

_REASON_CHARS = 600
_IN_THE_WAY = re.compile(r"[Uu]ntracked working tree file '(.*)' would be overwritten")
_STATUS = re.compile(r"^([ +\-*!=])\t[^\t]*\t(.*)$", re.MULTILINE)


class PushState(StrEnum):
    PUSHED = "pushed"
    REJECTED = "rejected"  # the branch moved meanwhile: look again
    REFUSED = "refused"  # somebody must do something first; the reason says what


@dataclass(frozen=True, slots=True)
class PushResult:
    state: PushState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Checkout:
    """A working copy of the origin; `git_dir` is its own, not the common one."""

    path: Path
    git_dir: Path


def push(*, hub: Path, commit: str, branch: str, expected: str) -> PushResult:
    """Move the origin's branch from `expected` ("" if there is none yet) to `commit`.

    A working copy that has the branch checked out goes along, if nothing there would be lost.
    """
    ref = f"refs/heads/{ref_name_check(branch)}"
    if not is_commit_id(commit) or (expected and not is_commit_id(expected)):
        raise InvalidRefError("ref.invalid", "A push is told by commit ids.")
    if expected and not _is_ancestor(hub, expected, commit):
        return PushResult(PushState.REFUSED, f"The commit does not stand on {branch}.")
    origin = hub_source(hub)
    options: list[str] = []
    if origin.kind is SourceKind.PATH:
        found = origin_inspect(Path(origin.location))
        reason = _obstacle(found, ref)
        if reason is not None:
            return PushResult(PushState.REFUSED, reason)
        options.append(f"--receive-pack={_receive_pack(found)}")
    result = git_network(
        "push",
        "--porcelain",
        "--no-verify",
        "--no-follow-tags",
        *options,
        f"--force-with-lease={ref}:{expected}",
        "origin",
        f"{commit}:{ref}",
        git_dir=hub,
        check=False,
        timeout_s=NETWORK_TIMEOUT_S,
    )
    status = _STATUS.search(result.stdout.decode("utf-8", "replace"))
    if status is None:
        network_check(result, origin)
        raise GitError("git.failed", f"git push said nothing: {first_line(result.stderr)}")
    flag, summary = status.groups()
    if flag in " +*=":
        return PushResult(PushState.PUSHED)
    if any(word in summary for word in ("stale info", "fetch first", "non-fast-forward")):
        return PushResult(PushState.REJECTED, f"{branch} has moved at the origin meanwhile.")
    if "failed to update ref" in summary or "cannot lock ref" in summary:
        return PushResult(PushState.REJECTED, f"{branch} is being moved by somebody else.")
    return PushResult(PushState.REFUSED, _hook_reason(branch, summary, result.stderr))


def remote_tip(*, hub: Path, branch: str) -> str | None:
    """Where the origin's branch is right now; None if there is no such branch."""
    ref = f"refs/heads/{ref_name_check(branch)}"
    origin = hub_source(hub)
    listed = git_network(
        "ls-remote", *upload_pack(origin), "origin", ref, git_dir=hub, check=False, timeout_s=90
    )
    network_check(listed, origin)
    for line in listed.text.splitlines():
        commit, _, name = line.partition("\t")
        if name == ref:
            return commit
    return None


def _is_ancestor(hub: Path, older: str, newer: str) -> bool:
    return git("merge-base", "--is-ancestor", older, newer, git_dir=hub, check=False).code == 0


def _receive_pack(origin: LocalOrigin) -> str:
    """The receiving side is the person's own repository: their configuration, their hooks."""
    private = [word for name in private_names() for word in ("-u", name)]
    safe = [f"safe.directory={path}" for path in origin.places()]
    settings = [*safe, "receive.denyCurrentBranch=updateInstead"]
    options = [word for setting in settings for word in ("-c", setting)]
    return shlex.join(["env", *private, git_executable(), *options, "receive-pack"])


def _checkouts(origin: LocalOrigin) -> list[_Checkout]:
    """All working copies of a local origin: its main one and the linked ones."""
    found = []
    if not origin.bare and origin.common_dir.name == ".git":
        found.append(_Checkout(origin.common_dir.parent, origin.common_dir))
    elif not origin.bare and origin.git_dir == origin.common_dir:
        found.append(_Checkout(origin.path, origin.git_dir))
    linked = origin.common_dir / "worktrees"
    for git_dir in sorted(linked.iterdir()) if linked.is_dir() else []:
        place = read_small(git_dir / "gitdir")
        if place is not None and Path(place.strip()).parent.is_dir():
            found.append(_Checkout(Path(place.strip()).parent, git_dir))
    return found


def _obstacle(origin: LocalOrigin, ref: str) -> str | None:
    """Why the branch must not move there now, and what to do about it."""
    branch = display_path(ref.removeprefix("refs/heads/"))
    for checkout in _checkouts(origin):
        place = display_path(str(checkout.path))
        rebasing = any(
            (read_small(checkout.git_dir / part / "head-name") or "").strip() == ref
            for part in ("rebase-merge", "rebase-apply")
        )
        if rebasing:
            return f"{branch} is being rebased in {place}: finish or abort the rebase first."
        started = (read_small(checkout.git_dir / "BISECT_START") or "").strip()
        if started and started == ref.removeprefix("refs/heads/"):
            return f"{branch} is being bisected in {place}: run git bisect reset there first."
        if (read_small(checkout.git_dir / "HEAD") or "").strip() != f"ref: {ref}":
            continue
        reason = _unfinished(checkout)
        if reason is not None:
            return f"{place}, where {branch} is checked out, {reason}"
    return None


_UNFINISHED = {
    "MERGE_HEAD": "is in the middle of a merge: finish or abort it first.",
    "CHERRY_PICK_HEAD": "is in the middle of a cherry-pick: finish or abort it first.",
    "REVERT_HEAD": "is in the middle of a revert: finish or abort it first.",
    "BISECT_LOG": "is in the middle of a bisect: run git bisect reset there first.",
    "rebase-apply": "is in the middle of applying patches: finish or abort that first.",
    "index.lock": "is in use by another git command: wait for it to end.",
}


def _unfinished(checkout: _Checkout) -> str | None:
    for name, reason in _UNFINISHED.items():
        if (checkout.git_dir / name).exists():
            return reason
    status = execute(
        (
            git_executable(),
            "status",
            "--porcelain=v1",
            "-z",
            "--untracked-files=no",
            "--ignore-submodules=all",
        ),
        environment=person_env() | {"GIT_OPTIONAL_LOCKS": "0"},
        cwd=checkout.path,
        timeout_s=120,
    )
    if "must be run in a work tree" in status.stderr:
        return None  # a bare repository in a directory called .git
    if status.code != 0:
        return f"cannot be looked at: {first_line(status.stderr)}"
    changed = [record[3:] for record in status.text.split("\0") if len(record) > 3]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        return (
            f"has uncommitted changes ({display_path(changed[0])}{more}): "
            "commit or stash them first."
        )
    return None


def _hook_reason(branch: str, summary: str, stderr: str) -> str:
    """What the origin's hook said, else what git says of it."""
    remote = [
        line.removeprefix("remote:").strip()
        for line in stderr.splitlines()
        if line.startswith("remote:")
    ]
    told = [line for line in remote if line and not line.startswith("error: hook declined")]
    said = " ".join(display_path(line) for line in told)[:_REASON_CHARS]
    if "hook declined" in summary:
        hook = "A hook" if "pre-receive" not in summary else "The pre-receive hook"
        return f"{hook} of the origin refused it{f': {said}' if said else '.'}"
    if "protected branch" in summary.lower() or "protected branch" in said.lower():
        return f"{branch} is protected at the origin. {said}".strip()
    in_the_way = _IN_THE_WAY.search(stderr)
    if in_the_way is not None:
        name = display_path(in_the_way.group(1))
        return f"The untracked file {name} is in the way at the origin: move it away first."
    inner = re.search(r"\(([^)]*)\)\s*$", summary)
    reason = inner.group(1) if inner else summary
    return f"The origin refused it: {display_path(reason)}{f' ({said})' if said else ''}."
