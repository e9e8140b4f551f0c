"""Trees and commits written to a hub without a checkout."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.errors import InvalidRefError
from orchestrator.git.hub import NO_COMMIT, commit_keep
from orchestrator.git.refs import is_commit_id
from orchestrator.git.run import Identity, git, identity_env

_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class TreeEntry:
    mode: str
    blob: str


def tree_entries(*, hub: Path, commit: str) -> dict[str, TreeEntry]:
    """Every file of a commit by its path."""
    _check(commit)
    listed = git("ls-tree", "-r", "-z", "--full-tree", commit, git_dir=hub, timeout_s=_TIMEOUT_S)
    entries = {}
    for record in listed.fields():
        facts, _, name = record.partition(b"\t")
        mode, _, blob = facts.decode().split(" ")
        entries[os.fsdecode(name)] = TreeEntry(mode, blob)
    return entries


def blobs_write(*, hub: Path, contents: Sequence[bytes]) -> list[str]:
    """Store contents; their ids in the same order. One git process for all of them."""
    if not contents:
        return []
    stream = [
        b"blob\nmark :%d\ndata %d\n%s\n" % (number, len(data), data)
        for number, data in enumerate(contents, 1)
    ]
    stream += [b"get-mark :%d\n" % number for number in range(1, len(contents) + 1)]
    stdin = b"".join([*stream, b"done\n"])
    told = git("fast-import", "--quiet", "--done", git_dir=hub, stdin=stdin, timeout_s=_TIMEOUT_S)
    return told.text.split()


def tree_write(
    *, hub: Path, base: str, writes: Mapping[str, TreeEntry], removes: Iterable[str]
) -> str:
    """The tree of `base` with these files put in and taken out."""
    _check(base, *(entry.blob for entry in writes.values()))
    # What goes goes first: a file may stand where a folder was.
    lines = [b"0 %s\t%s\0" % (NO_COMMIT.encode(), os.fsencode(path)) for path in removes]
    lines += [
        f"{entry.mode} {entry.blob}\t".encode() + os.fsencode(path) + b"\0"
        for path, entry in writes.items()
    ]
    with tempfile.TemporaryDirectory(prefix="bakeoff-index-") as folder:
        index = Path(folder) / "index"
        git("read-tree", base, git_dir=hub, index=index, timeout_s=_TIMEOUT_S)
        if lines:
            git(
                "update-index",
                "-z",
                "--index-info",
                git_dir=hub,
                index=index,
                stdin=b"".join(lines),
                timeout_s=_TIMEOUT_S,
            )
        return git("write-tree", git_dir=hub, index=index, timeout_s=_TIMEOUT_S).text.strip()


def commit_write(
    *, hub: Path, tree: str, parent: str, message: str, author: Identity, keep: bool = True
) -> str:
    """A commit that is kept whatever becomes of branches; or one that is only looked at."""
    _check(tree, parent)
    commit = git(
        "commit-tree",
        tree,
        "-p",
        parent,
        git_dir=hub,
        stdin=message.replace("\0", "").encode("utf-8", "replace"),
        env=identity_env(author),
    ).text.strip()
    if keep:
        commit_keep(hub=hub, commit=commit)
    return commit


def _check(*ids: str) -> None:
    if not all(is_commit_id(name) and name != NO_COMMIT for name in ids):
        raise InvalidRefError("ref.invalid", "A commit, tree or file is named by its full id.")
