"""The yard of a task: a bare repository that its agents' worktrees belong to.

Agents can write to a yard, so git is never run in one. Its files are written and read here
directly (gitrepository-layout(5)), and checkouts are made with the hub's git directory.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.errors import InvalidRefError
from orchestrator.git.hub import NO_COMMIT, ORIGIN, commit_keep, shallow_commits
from orchestrator.git.locks import repository_lock
from orchestrator.git.origin import read_small
from orchestrator.git.refs import is_commit_id, ref_name_check
from orchestrator.git.run import AGENT, git

_CONFIG = f"""[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogAllRefUpdates = true
[user]
\tname = {AGENT.name}
\temail = {AGENT.email}
[gc]
\tauto = 0
\tpruneExpire = never
[maintenance]
\tauto = false
[commit]
\tgpgSign = false
"""
_LOCKED = "in use by Bakeoff\n"
_MAX_SYMREFS = 5
_EXCLUDE_BYTES = 1024**2
_EXCLUDE_SPECIAL = re.compile(r"[\\*?\[\] ]")
_PACKED_REFS_BYTES = 16 * 1024**2
_PACKED_REF = re.compile(r"^([0-9a-f]{40}) (refs/\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Admin:
    """A worktree's own directory in the yard (`worktrees/<name>`)."""

    path: Path


def yard_create(*, hub: Path, yard: Path) -> None:
    """Make the yard, or leave it as it is. It borrows the hub's objects."""
    with repository_lock(yard):
        if yard.exists():
            return
        fresh = yard.with_name(yard.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        for part in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "worktrees"):
            (fresh / part).mkdir(parents=True)
        (fresh / "HEAD").write_text("ref: refs/heads/bakeoff/none\n")
        (fresh / "config").write_text(_CONFIG)
        (fresh / "objects/info/alternates").write_text(f"{hub.resolve()}/objects\n")
        shallow = shallow_commits(hub)
        if shallow is not None:
            (fresh / "shallow").write_text(shallow)
        (fresh / "packed-refs").write_text(_origin_refs(hub))
        os.rename(fresh, yard)


def yard_leave_out(*, yard: Path, paths: Iterable[str]) -> None:
    """Have the agents' own git leave these files out as well: `git add -A` must not commit them."""
    exclude = yard / "info" / "exclude"
    with repository_lock(yard):
        known = (read_small(exclude, limit_bytes=_EXCLUDE_BYTES) or "").splitlines()
        patterns = [
            _EXCLUDE_SPECIAL.sub(r"\\\g<0>", f"/{path}") for path in paths if path.isprintable()
        ]
        _write(exclude, "".join(f"{line}\n" for line in dict.fromkeys([*known, *patterns])))


def worktree_add(
    *,
    hub: Path,
    yard: Path,
    path: Path,
    base: str,
    branch: str,
    files: str = "",
    index: Path | None = None,
) -> None:
    """Check out `base` at `path` as a locked worktree of the yard, on `branch`.

    The files are those of the commit `files`, if given: work that is not committed on the branch yet.
    One that was left half made, or was deleted, is made again. One that is there is never checked out
    again: its files are the agent's work; only what the agent broke of its repository is mended.
    `index` gets a copy of the fresh checkout's index: the first of the Snapshots' own.
    """
    ref = f"refs/heads/{ref_name_check(branch)}"
    if not is_commit_id(base):
        raise InvalidRefError("ref.invalid", f"{base!r} is not a commit id.")
    made = _made_mark(yard, path)
    with repository_lock(made):
        admin = _admin_find(yard, path)
        if made.exists() and path.is_dir():
            _mend(hub, admin or _Admin(_admin_name(yard, path)), yard, path, base, ref)
            return
        made.unlink(missing_ok=True)
        commit_keep(hub=hub, commit=base)
        admin = admin or _Admin(_admin_name(yard, path))
        _admin_write(admin, path, ref)
        _branch_write(yard, ref, base)
        _checkout(hub, admin, path, files or base)
        if index is not None:
            _copy(admin.path / "index", index)
        _link_write(admin, path)
        _write(made, "")


def worktree_head(*, yard: Path, path: Path) -> str | None:
    """The commit the worktree's HEAD is at, read from files only; None if there is none."""
    admin = _admin_find(yard, path)
    if admin is None:
        return None
    text = read_small(admin.path / "HEAD")
    for _ in range(_MAX_SYMREFS):
        value = (text or "").strip()
        if is_commit_id(value):
            return value
        ref = value.removeprefix("ref:").strip()
        if not value.startswith("ref:") or not _is_ref(ref):
            return None
        text = _ref_read(yard, ref)
    return None


def worktree_remove(*, yard: Path, path: Path) -> None:
    """Delete the workspace and the yard's record of it. Branch and commits stay in the yard."""
    made = _made_mark(yard, path)
    with repository_lock(made):
        admin = _admin_find(yard, path)
        # It is there as a whole or not at all, wherever this is killed.
        gone = path.with_name(f".{path.name}.gone")
        _delete_tree(gone)
        if os.path.lexists(path):
            os.rename(path, gone)
        made.unlink(missing_ok=True)
        _delete_tree(gone)
        if admin is not None:
            _delete_tree(admin.path)


def _mend(hub: Path, admin: _Admin, yard: Path, path: Path, base: str, ref: str) -> None:
    """Give an agent that broke its worktree's repository a working one again."""
    if worktree_head(yard=yard, path=path) is None:
        _admin_write(admin, path, ref)
        if not is_commit_id(_ref_read(yard, ref) or ""):
            _write(yard / ref, f"{base}\n")
    if not (admin.path / "index").is_file():
        # Not from a checkout, so that git sees the agent's work as what it is: changes.
        git("read-tree", base, git_dir=hub, index=admin.path / "index.new")
        os.rename(admin.path / "index.new", admin.path / "index")
    if not (path / ".git").is_dir():
        _link_write(admin, path)


def _origin_refs(hub: Path) -> str:
    listed = git(
        "for-each-ref", "--format=%(objectname) %(refname)", f"{ORIGIN}/", "refs/tags/", git_dir=hub
    )
    lines = [line for line in listed.text.splitlines() if not line.endswith(f"{ORIGIN}/HEAD")]
    return "# pack-refs with: sorted \n" + "".join(f"{line}\n" for line in lines)


def _made_mark(yard: Path, path: Path) -> Path:
    """Beside the yard, out of the agent's way: the worktree at `path` was made whole once."""
    return yard.with_name(f"{yard.name}.{_key(path)}.made")


def _key(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _admin_find(yard: Path, path: Path) -> _Admin | None:
    """The record of the worktree at `path`: the yard's list counts, not the workspace's `.git`."""
    wanted = path.parent.resolve() / path.name / ".git"
    try:
        names = sorted(entry.name for entry in os.scandir(yard / "worktrees"))
    except OSError:
        return None
    for name in names:
        recorded = read_small(yard / "worktrees" / name / "gitdir")
        if recorded is not None and Path(recorded.strip()) == wanted:
            return _Admin(yard / "worktrees" / name)
    return None


def _admin_name(yard: Path, path: Path) -> Path:
    name = re.sub(r"[^A-Za-z0-9_-]", "-", path.name) or "worktree"
    candidate = yard / "worktrees" / name
    return candidate if not candidate.exists() else candidate.with_name(f"{name}-{_key(path)}")


def _admin_write(admin: _Admin, path: Path, ref: str) -> None:
    admin.path.mkdir(parents=True, exist_ok=True)
    _write(admin.path / "locked", _LOCKED)  # first of all: `git worktree prune` keeps off
    _write(admin.path / "commondir", "../..\n")
    _write(admin.path / "HEAD", f"ref: {ref}\n")
    _write(admin.path / "gitdir", f"{path.parent.resolve() / path.name}/.git\n")


def _branch_write(yard: Path, ref: str, commit: str) -> None:
    """Point the agent's branch to its start; a tip that is there is kept under another name."""
    old = _ref_read(yard, ref) or ""
    if is_commit_id(old) and old not in {commit, NO_COMMIT}:
        _write(yard / "refs/bakeoff/kept" / old, f"{old}\n")
    _write(yard / ref, f"{commit}\n")


def _checkout(hub: Path, admin: _Admin, path: Path, commit: str) -> None:
    path.mkdir(parents=True, exist_ok=True)
    fresh = admin.path / "index.new"
    for leftover in (fresh, admin.path / "index.new.lock"):
        leftover.unlink(missing_ok=True)
    git(
        "read-tree",
        "--reset",
        "-u",
        commit,
        git_dir=hub,
        work_tree=path,
        index=fresh,
        timeout_s=1800,
    )
    os.rename(fresh, admin.path / "index")


def _link_write(admin: _Admin, path: Path) -> None:
    _write(path / ".git", f"gitdir: {admin.path.resolve()}\n")


def _ref_read(yard: Path, ref: str) -> str | None:
    """What a ref of the yard says, loose or packed."""
    text = read_small(yard / ref)
    if text is None:
        packed = read_small(yard / "packed-refs", limit_bytes=_PACKED_REFS_BYTES) or ""
        text = next((commit for commit, name in _PACKED_REF.findall(packed) if name == ref), None)
    return text.strip() if text is not None else None


def _is_ref(ref: str) -> bool:
    """A name below refs/ that cannot lead out of the yard."""
    parts = ref.split("/")
    return parts[0] == "refs" and len(parts) > 1 and not {"", ".", ".."} & set(parts)


def _copy(source: Path, target: Path) -> None:
    """Copy an index with its time: git compares that with the files' to tell changed ones."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(target.name + ".new")
    shutil.copy2(source, fresh)
    os.rename(fresh, target)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".bakeoff-new")
    fresh.write_text(text)
    os.rename(fresh, path)


def _delete_tree(path: Path) -> None:
    """Delete a workspace even where the agent took its own write permission away."""
    if path.is_symlink() or path.is_file():
        path.unlink()
        return
    if not path.exists():
        return
    for directory, _, _ in os.walk(path):
        os.chmod(directory, 0o700)
    shutil.rmtree(path)
