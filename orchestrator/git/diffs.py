"""What differs between two commits, by git's own plumbing in the hub."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from orchestrator.git.errors import InvalidRefError
from orchestrator.git.hub import NO_COMMIT
from orchestrator.git.refs import display_path, is_commit_id
from orchestrator.git.run import git

__all__ = [
    "DiffStat",
    "FileChange",
    "changes",
    "copies",
    "file_patch",
    "hunks_patch",
    "may_be_copied",
    "stat",
]

_WHITESPACE: dict[str, tuple[str, ...]] = {
    "none": (),
    "all": ("--ignore-all-space",),
    "change": ("--ignore-space-change",),
    "eol": ("--ignore-space-at-eol",),
}
_PLAIN = ("--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=none")
_TIMEOUT_S = 120.0
# Of copies: how alike two files are at least, and how many pairs of files (this number, squared) are compared.
_COPY_ALIKE = "60%"
_COPY_LIMIT = 300
_COPY_LINES = 4  # a shorter new file is like many others


class FileChange(NamedTuple):
    """One changed path. `status` is git's letter: A, M, D, R (renamed), C (copied), T (kind changed).

    Insertions and deletions are None for what has no lines (`binary`). A tuple, because thousands of
    them are made, kept and read again at once.
    """

    path: str
    old_path: str
    status: str
    old_mode: str
    new_mode: str
    old_blob: str
    new_blob: str
    insertions: int | None
    deletions: int | None
    binary: bool


@dataclass(frozen=True, slots=True)
class DiffStat:
    files_changed: int
    insertions: int
    deletions: int


def changes(*, hub: Path, left: str, right: str) -> list[FileChange]:
    """All changed files, in the order of their paths; renames found, nothing else guessed."""
    return _changes("-M", hub=hub, left=left, right=right)


def may_be_copied(change: FileChange) -> bool:
    lines = _COPY_LINES if change.insertions is None else change.insertions
    return change.status == "A" and change.new_mode.startswith("100") and lines >= _COPY_LINES


def copies(
    found: Sequence[FileChange], *, hub: Path, left: str, right: str
) -> dict[str, FileChange]:
    """By path, those of the changes between two commits that copy a file of the left side, as changes of that.

    Looked for by themselves: among as many sources, git would give up looking for renames. Beyond its
    limit git compares with changed files only, and then knows exact copies only.
    """
    fresh = {change.path for change in found if may_be_copied(change)}
    alike = _changes(
        f"-C{_COPY_ALIKE}",
        "--find-copies-harder",
        "--no-rename-empty",
        f"-l{_COPY_LIMIT}",
        "--diff-filter=CR",
        hub=hub,
        left=left,
        right=right,
    )
    return {
        change.path: change._replace(status="C")
        for change in alike
        if change.path in fresh and change.old_mode.startswith("100")
    }


def _changes(*found_by: str, hub: Path, left: str, right: str) -> list[FileChange]:
    _check(left, right)
    result = git(
        "diff-tree",
        "-r",
        "-z",
        *found_by,
        "--full-index",
        "--abbrev=40",
        "--raw",
        "--numstat",
        *_PLAIN,
        left,
        right,
        git_dir=hub,
        timeout_s=_TIMEOUT_S,
    )
    fields = iter(result.fields())
    raw: list[tuple[list[str], str, str]] = []
    numbers: dict[str, tuple[int | None, int | None]] = {}
    for field in fields:
        if field.startswith(b":"):
            facts = field[1:].decode().split(" ")
            old = os.fsdecode(next(fields))
            new = os.fsdecode(next(fields)) if facts[4][0] in "RC" else old
            raw.append((facts, old, new))
        else:
            path, counted = _numstat(field, fields)
            numbers[path] = counted
    return [_change(facts, old, new, numbers) for facts, old, new in raw]


def stat(*, hub: Path, left: str, right: str) -> DiffStat:
    """The sum of all changes."""
    _check(left, right)
    result = git(
        "diff-tree",
        "-r",
        "-z",
        "-M",
        "--numstat",
        *_PLAIN,
        left,
        right,
        git_dir=hub,
        timeout_s=_TIMEOUT_S,
    )
    fields = iter(result.fields())
    counted = [_numstat(field, fields)[1] for field in fields]
    return DiffStat(
        files_changed=len(counted),
        insertions=sum(inserted or 0 for inserted, _ in counted),
        deletions=sum(deleted or 0 for _, deleted in counted),
    )


def file_patch(
    *,
    hub: Path,
    old_blob: str,
    new_blob: str,
    context: int = 3,
    whitespace: str = "none",
) -> bytes:
    """git's unified patch of one file, from one content to the other; empty if they are the same.

    Told by blobs: as a pathspec, the name of a file is also that of all below a folder of the name.
    """
    _check(old_blob, new_blob)
    if whitespace not in _WHITESPACE:
        raise InvalidRefError("diff.whitespace", "Whitespace is none, all, change or eol.")
    return git(
        "diff",
        "--full-index",
        f"--unified={max(0, min(context, 1_000_000))}",
        *_WHITESPACE[whitespace],
        *_PLAIN,
        old_blob,
        new_blob,
        git_dir=hub,
        timeout_s=_TIMEOUT_S,
    ).stdout


def hunks_patch(*, hub: Path, left: str, right: str) -> bytes:
    """The patch of everything that differs, without context, files in the order of `changes`.

    A file of another kind (status T) stands in it twice: as deleted, then as new.
    """
    _check(left, right)
    return git(
        "diff-tree",
        "-r",
        "-p",
        "-M",
        "--full-index",
        "--unified=0",
        *_PLAIN,
        left,
        right,
        git_dir=hub,
        timeout_s=_TIMEOUT_S,
    ).stdout


def _numstat(field: bytes, rest: Iterator[bytes]) -> tuple[str, tuple[int | None, int | None]]:
    inserted, deleted, path = field.split(b"\t", 2)
    if not path:  # a rename: the old and the new path follow as fields of their own
        next(rest)
        path = next(rest)
    if inserted == b"-":
        return os.fsdecode(path), (None, None)
    return os.fsdecode(path), (int(inserted), int(deleted))


def _change(
    facts: list[str], old: str, new: str, numbers: dict[str, tuple[int | None, int | None]]
) -> FileChange:
    old_mode, new_mode, old_blob, new_blob, status = facts
    insertions, deletions = numbers.get(new, (0, 0))
    return FileChange(
        new,
        old,
        status[0],
        old_mode,
        new_mode,
        old_blob,
        new_blob,
        insertions,
        deletions,
        insertions is None,
    )


def _check(*objects: str) -> None:
    for name in objects:
        if not is_commit_id(name) or name == NO_COMMIT:
            raise InvalidRefError(
                "ref.invalid", f"{display_path(name[:80])!r} is not an object id."
            )
