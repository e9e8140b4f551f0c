"""Merging in the hub: nothing is checked out, nothing is changed until the push.

`merge_forecast` says what would happen, `merge_commit` makes the commit, `push` brings it to the
origin if the origin's branch is still where it was, `remote_tip` asks what became of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.errors import GitError, InvalidRefError, MergeError
from orchestrator.git.hub import commit_keep
from orchestrator.git.pushes import PushResult, PushState, push, remote_tip
from orchestrator.git.refs import display_path, is_commit_id
from orchestrator.git.run import BAKEOFF, Identity, first_line, git, identity_env

__all__ = [
    "Conflict",
    "Forecast",
    "PushResult",
    "PushState",
    "merge_commit",
    "merge_forecast",
    "push",
    "remote_tip",
]

STRATEGIES = ("merge", "squash")
_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Conflict:
    """`kind` is git's own word: contents, modify/delete, rename/rename, binary …"""

    path: str
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """`tree` is the merged tree if the merge is clean. `ahead`: commits it would bring."""

    clean: bool
    tree: str | None
    conflicts: tuple[Conflict, ...]
    ahead: int
    behind: int


def merge_forecast(*, hub: Path, target: str, head: str) -> Forecast:
    """Try to merge `head` into `target`; nothing is written but objects."""
    _check(target, head)
    behind, ahead = _distance(hub, target, head)
    result = git(
        "merge-tree",
        "--write-tree",
        "--messages",
        "-z",
        target,
        head,
        git_dir=hub,
        check=False,
        timeout_s=_TIMEOUT_S,
    )
    if result.code not in (0, 1):
        if "unrelated histories" in result.stderr:
            raise MergeError(
                "merge.unrelated", "The two have no common history: they cannot be merged."
            )
        raise GitError("git.failed", f"The merge was not tried: {first_line(result.stderr)}")
    fields = iter(result.stdout.split(b"\0"))
    tree = next(fields).decode()
    paths = _conflicted_paths(fields)
    if result.code == 0:
        return Forecast(True, tree, (), ahead, behind)
    return Forecast(False, None, tuple(_conflicts(fields, paths)), ahead, behind)


def merge_commit(
    *,
    hub: Path,
    target: str,
    head: str,
    message: str,
    strategy: str,
    author: Identity = BAKEOFF,
) -> str:
    """The commit that brings `head` into `target`; MergeError if that cannot be done cleanly."""
    if strategy not in STRATEGIES:
        raise InvalidRefError("merge.strategy", f"The strategy is one of: {', '.join(STRATEGIES)}.")
    text = message.replace("\0", "").strip()
    if not text:
        raise InvalidRefError("merge.message", "The merge needs a message.")
    forecast = merge_forecast(hub=hub, target=target, head=head)
    if forecast.ahead == 0:
        raise MergeError("merge.nothing", "There is nothing to merge: the target has it all.")
    if forecast.tree is None:
        raise MergeError(
            "merge.conflict",
            f"The merge has conflicts in {len(forecast.conflicts)} files.",
            {"conflicts": [display_path(conflict.path) for conflict in forecast.conflicts]},
        )
    parents = ["-p", target] if strategy == "squash" else ["-p", target, "-p", head]
    commit = git(
        "commit-tree",
        forecast.tree,
        *parents,
        git_dir=hub,
        stdin=text.encode("utf-8", "replace") + b"\n",
        env=identity_env(author),
    ).text.strip()
    commit_keep(hub=hub, commit=commit)
    return commit


def _distance(hub: Path, target: str, head: str) -> tuple[int, int]:
    counted = git(
        "rev-list", "--left-right", "--count", f"{target}...{head}", git_dir=hub, timeout_s=120
    )
    left, right = counted.text.split()
    return int(left), int(right)


def _conflicted_paths(fields: Iterator[bytes]) -> list[bytes]:
    """The paths of the `mode id stage<TAB>path` records, up to the empty field after them."""
    paths: dict[bytes, None] = {}
    for field in fields:
        if not field:
            break
        paths[field.partition(b"\t")[2]] = None
    return list(paths)


def _conflicts(fields: Iterator[bytes], paths: list[bytes]) -> Iterator[Conflict]:
    """One Conflict for each conflicted path, with what git says of it."""
    said: dict[bytes, tuple[str, str]] = {}
    for count in fields:
        if not count:
            break
        named = [next(fields) for _ in range(int(count))]
        kind = next(fields).decode()
        message = next(fields).decode("utf-8", "replace").strip()
        if kind.startswith("CONFLICT"):
            word = kind.removeprefix("CONFLICT").strip(" ()")
            for path in named:
                said.setdefault(path, (word, message))
    for path in dict.fromkeys([*paths, *said]):
        kind, message = said.get(path, ("contents", ""))
        shown = os.fsdecode(path)
        yield Conflict(shown, kind, message or f"Merge conflict in {display_path(shown)}")


def _check(*commits: str) -> None:
    for commit in commits:
        if not is_commit_id(commit):
            shown = display_path(commit[:80])
            raise InvalidRefError("ref.invalid", f"{shown!r} is not a commit id.")
