"""What a Snapshot takes from a workspace, and what it leaves out and why.

The workspace belongs to an agent: nothing in it is followed, opened for long, or trusted.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.git.indexes import REFUSED, Workspace, index_set
from orchestrator.git.origin import read_small
from orchestrator.git.refs import display_path, is_commit_id

DEPENDENCIES = "installed dependencies"
CACHE = "cache"
IGNORED = "ignored by .gitignore"
COPIED = "copied in by the project's settings"
TOO_LARGE = "too large"
SPECIAL = "not a regular file"
UNREADABLE = "cannot be read"
NESTED = "nested repository: its files are stored, its history is not"
TOO_MANY = "too many new files"
SUBMODULE = "submodule: its commit is stored, its files are not"
# What may go with a workspace: it is made again, comes from elsewhere, or the project says so itself.
REMAKEABLE = frozenset({DEPENDENCIES, CACHE, IGNORED, COPIED, SPECIAL})

# Left out under these names wherever they are, unless base tracks them. Only names that mean one
# thing; virtual environments and caches under other names are known by the marker files in them.
_LEFT_OUT: dict[str, str] = {
    ".venv": DEPENDENCIES,
    "node_modules": DEPENDENCIES,
    ".pnpm-store": DEPENDENCIES,
    ".eggs": DEPENDENCIES,
    "__pycache__": CACHE,
    ".cache": CACHE,
    ".pytest_cache": CACHE,
    ".mypy_cache": CACHE,
    ".ruff_cache": CACHE,
    ".hypothesis": CACHE,
    ".tox": CACHE,
    ".nox": CACHE,
    ".npm": CACHE,
    ".gradle": CACHE,
    ".parcel-cache": CACHE,
    ".turbo": CACHE,
    ".ipynb_checkpoints": CACHE,
    ".DS_Store": CACHE,
}
_MARKERS = {b"pyvenv.cfg": DEPENDENCIES, b"CACHEDIR.TAG": CACHE}
_MAX_NESTING = 16
_MAX_PATTERNS = 300
_GITLINK = b"160000 "
_GONE = "gone"
_HOLD = b".bakeoff-nested-repository"
_EMPTY_BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


@dataclass(frozen=True, slots=True)
class Excluded:
    """Something of the workspace that is not in the Snapshot; a directory ends with a slash.

    The path is one to show (`display_path`): it holds no control characters and no broken bytes.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class SnapshotLimits:
    file_bytes: int = 50 * 1024 * 1024
    new_files: int = 20_000


@dataclass(slots=True)
class Scan:
    """Paths (relative, bytes) to put into the index, to take out of it, and submodules' commits."""

    add: list[bytes] = field(default_factory=list)
    remove: list[bytes] = field(default_factory=list)
    links: list[tuple[bytes, str]] = field(default_factory=list)
    excluded: list[Excluded] = field(default_factory=list)


def workspace_scan(workspace: Workspace, *, copied: Sequence[str], limits: SnapshotLimits) -> Scan:
    """Find what to store. `copied`: the paths of what the product itself put there."""
    scan = Scan()
    staged = b"\0".join(workspace.git("ls-files", "-z", "--stage")) + b"\0"
    names = _Names(staged)
    _tracked(workspace, scan, limits)
    if b"\0" + _GITLINK in b"\0" + staged:
        _submodules(workspace, scan, staged)
    brought = frozenset(os.fsencode(path) for path in copied)
    patterns = [name for name in _LEFT_OUT if not names.tracked_anywhere(name)]
    ignored = _others(workspace, patterns, "--ignored", "--directory")
    left_out = _walk(workspace.worktree, {path.rstrip(b"/") for path in ignored}, names, scan)
    scan.excluded += [excluded(path, _ignored_reason(path, brought)) for path in ignored]
    # Spares git the way through them; what does not fit into a command line is dropped below.
    patterns += [_anchored(path) for path in left_out[:_MAX_PATTERNS]]
    _untracked(workspace, scan, limits, patterns, frozenset(left_out[_MAX_PATTERNS:]), brought)
    scan.excluded = sorted(set(scan.excluded), key=lambda item: item.path)
    return scan


class _Names:
    """Which of the names that are left out does the index track all the same?"""

    def __init__(self, staged: bytes) -> None:
        self._staged = staged

    def tracked_anywhere(self, name: str) -> bool:
        encoded = os.fsencode(name)
        return any(
            before + encoded + after in self._staged
            for before in (b"/", b"\t")
            for after in (b"/", b"\0")
        )

    def tracked(self, path: bytes) -> bool:
        """Whether the index has this path, or one below it."""
        return b"\t" + path + b"/" in self._staged or b"\t" + path + b"\0" in self._staged


def _tracked(workspace: Workspace, scan: Scan, limits: SnapshotLimits) -> None:
    """What changed among the paths the index has."""
    records = iter(workspace.git("diff-files", "-z", "--raw", "--ignore-submodules=all"))
    for facts, path in zip(records, records, strict=True):
        if facts.startswith(b":" + _GITLINK):
            continue
        if facts.endswith(b" D"):
            scan.remove.append(path)
            continue
        reason = _refusal(workspace.worktree, path, limits)
        if reason is None:
            scan.add.append(path)
        elif reason == _GONE:
            scan.remove.append(path)
        else:
            scan.excluded.append(excluded(path, reason))


def _submodules(workspace: Workspace, scan: Scan, staged: bytes) -> None:
    """A submodule is a commit id: read it from the files of the submodule's own repository."""
    for record in staged.split(b"\0"):
        if not record.startswith(_GITLINK):
            continue
        facts, _, path = record.partition(b"\t")
        recorded = facts.split(b" ")[1].decode()
        place = workspace.worktree / os.fsdecode(path)
        if place.is_symlink() or not place.is_dir():
            scan.remove.append(path)
            if os.path.lexists(place):
                scan.add.append(path)
            continue
        head = _submodule_head(place)
        if head is not None and head != recorded:
            scan.links.append((path, head))
        # Whatever its commit: its files may hold work that is in none.
        if any(name != ".git" for name in os.listdir(place)):
            scan.excluded.append(excluded(path + b"/", SUBMODULE))


def _submodule_head(place: Path) -> str | None:
    link = read_small(place / ".git")
    git_dir = place / ".git"
    if link is not None and link.startswith("gitdir:"):
        git_dir = place / link.removeprefix("gitdir:").strip()
    text = (read_small(git_dir / "HEAD") or "").strip()
    if text.startswith("ref: refs/") and ".." not in text:
        text = (read_small(git_dir / text.removeprefix("ref: ")) or "").strip()
    return text if is_commit_id(text) else None


def _walk(worktree: Path, ignored: set[bytes], names: _Names, scan: Scan) -> list[bytes]:
    """Look for what git does not tell; the paths of dependencies and caches found.

    git is silent about special files and unreadable directories, and knows no marker files.
    """
    left_out: list[bytes] = []
    root = os.fsencode(worktree)
    waiting = [b""]
    while waiting:
        directory = waiting.pop()
        try:
            entries = list(os.scandir(os.path.join(root, directory)))
        except OSError:
            scan.excluded.append(excluded(directory, UNREADABLE))
            continue
        reason = _marker(directory, entries, names)
        if reason is not None:
            left_out.append(directory)
            scan.excluded.append(excluded(directory, reason))
            continue
        for entry in entries:
            path = directory + entry.name
            if entry.name == b".git" or path in ignored or entry.is_symlink():
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path + b"/")
            elif not entry.is_file(follow_symlinks=False):
                scan.excluded.append(excluded(path, SPECIAL))
    return left_out


def _marker(directory: bytes, entries: Sequence[os.DirEntry[bytes]], names: _Names) -> str | None:
    """Why a directory is left out: by its name, or by a marker file that is not the project's."""
    path = directory.rstrip(b"/")
    if not path:
        return None
    reason = _LEFT_OUT.get(os.fsdecode(os.path.basename(path)))
    if reason is not None and not names.tracked(path):
        return reason
    for entry in entries:
        reason = _MARKERS.get(entry.name)
        if reason is not None and not names.tracked(directory + entry.name):
            return reason
    return None


def _untracked(
    workspace: Workspace,
    scan: Scan,
    limits: SnapshotLimits,
    patterns: Sequence[str],
    left_out: frozenset[bytes],
    copied: frozenset[bytes],
) -> None:
    fresh: list[bytes] = []
    for path in _with_nested(workspace, scan, patterns):
        if left_out and not left_out.isdisjoint(_directories(path)):
            continue
        reason = COPIED if path in copied else _refusal(workspace.worktree, path, limits)
        if reason is None:
            fresh.append(path)
        elif reason != _GONE:
            scan.excluded.append(excluded(path, reason))
    scan.add += _fewer(fresh, limits.new_files, scan)


def _with_nested(workspace: Workspace, scan: Scan, patterns: Sequence[str]) -> list[bytes]:
    """All untracked paths, those inside nested repositories too.

    git does not look into a repository inside the worktree unless its index already has a path
    there. So such a path, which no file has, is put into our index while git looks.
    """
    holds: list[bytes] = []
    try:
        for _ in range(_MAX_NESTING):
            listed = _others(workspace, patterns)
            nested = [path for path in listed if path.endswith(b"/")]
            if not nested:
                return listed
            scan.excluded += [excluded(path + b".git/", NESTED) for path in nested]
            fresh = [path + _HOLD for path in nested]
            holds += fresh
            index_set(workspace, [(path, "100644", _EMPTY_BLOB) for path in fresh])
        scan.excluded += [excluded(path, REFUSED) for path in nested]
        return [path for path in listed if not path.endswith(b"/")]
    finally:
        index_set(workspace, [(path, "0", _EMPTY_BLOB) for path in holds])


def _fewer(paths: list[bytes], limit: int, scan: Scan) -> list[bytes]:
    """Within the limit: whole directories are left out, the fullest first, and each is named."""
    while len(paths) > limit:
        counts = Counter(path.rpartition(b"/")[0].split(b"/", 1)[0] for path in paths)
        (fullest, count) = counts.most_common(1)[0]
        inside = fullest + b"/" if fullest else b""
        if not fullest:
            # Files at the top have no directory to go with; the last ones by name go.
            top = sorted(path for path in paths if b"/" not in path)
            dropped = set(top[limit - (len(paths) - count) if len(paths) - count < limit else 0 :])
        else:
            dropped = {path for path in paths if path.startswith(inside)}
        scan.excluded.append(excluded(inside, f"{TOO_MANY}: {len(dropped):,}"))
        paths = [path for path in paths if path not in dropped]
    return paths


def _others(workspace: Workspace, patterns: Sequence[str], *options: str) -> list[bytes]:
    """Paths the index does not have, by git's own ignore rules; the given patterns weigh most."""
    given = [f"--exclude={pattern}" for pattern in patterns]
    return workspace.git("ls-files", "-z", "--others", "--exclude-standard", *given, *options)


def _directories(path: bytes) -> Iterator[bytes]:
    """The directories a path lies in, each with its slash."""
    end = path.find(b"/")
    while end != -1:
        yield path[: end + 1]
        end = path.find(b"/", end + 1)


def _anchored(directory: bytes) -> str:
    """A gitignore pattern for exactly this directory."""
    return "/" + re.sub(r"([\\*?\[\]])", r"\\\1", os.fsdecode(directory.rstrip(b"/"))) + "/"


def _ignored_reason(path: bytes, copied: frozenset[bytes]) -> str:
    name = os.fsdecode(os.path.basename(path.rstrip(b"/")))
    if name in _LEFT_OUT:
        return _LEFT_OUT[name]
    return COPIED if path in copied else IGNORED


def excluded(path: bytes, reason: str) -> Excluded:
    return Excluded(display_path(os.fsdecode(path)), reason)


def _refusal(worktree: Path, path: bytes, limits: SnapshotLimits) -> str | None:
    """Why a path cannot be stored; None if it can."""
    full = os.path.join(os.fsencode(worktree), path)
    try:
        found = os.lstat(full)
    except (FileNotFoundError, NotADirectoryError):
        return _GONE
    except OSError:
        return UNREADABLE
    if stat.S_ISLNK(found.st_mode):
        return None
    if stat.S_ISDIR(found.st_mode):
        return _GONE
    if not stat.S_ISREG(found.st_mode):
        return SPECIAL
    if found.st_size > limits.file_bytes:
        return f"{TOO_LARGE}: {found.st_size / 1024 / 1024:.0f} MB"
    if not os.access(full, os.R_OK):
        return UNREADABLE
    return None
