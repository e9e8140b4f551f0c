"""The person's own repository, as found on disk, before any git runs in it."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.errors import SourceError
from orchestrator.git.run import person_config

_SMALL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class LocalOrigin:
    """`git_dir` is that of the given worktree, `common_dir` the one that holds the branches."""

    path: Path
    git_dir: Path
    common_dir: Path
    bare: bool

    def places(self) -> list[Path]:
        """The directories git asks the ownership of."""
        return list(dict.fromkeys((self.path, self.git_dir, self.common_dir)))


def origin_inspect(path: Path) -> LocalOrigin:
    """Find the repository at exactly this path, or say in one sentence what is there instead."""
    try:
        mode = path.stat().st_mode
    except PermissionError:
        raise SourceError("project.permission", f"{path} cannot be read by Bakeoff.") from None
    except OSError:
        raise SourceError("project.missing", f"There is nothing at {path}.") from None
    if not stat.S_ISDIR(mode):
        raise SourceError("project.not-repository", f"{path} is a file, not a git repository.")
    if not os.access(path, os.R_OK | os.X_OK):
        raise SourceError("project.permission", f"{path} cannot be read by Bakeoff.")
    found = _repository_at(path)
    if found is None:
        above = next((parent for parent in path.parents if _repository_at(parent)), None)
        hint = f" It lies inside the repository {above}: give that path." if above else ""
        raise SourceError("project.not-repository", f"{path} is not a git repository.{hint}")
    _owner_check(found)
    return found


def read_small(path: Path, *, limit_bytes: int = _SMALL_BYTES) -> str | None:
    """The text of a small regular file; None for anything else (a FIFO must not block us)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return os.fsdecode(os.read(descriptor, limit_bytes))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _repository_at(path: Path) -> LocalOrigin | None:
    dot_git = path / ".git"
    if dot_git.is_dir() and _is_git_dir(dot_git):
        return LocalOrigin(path, dot_git, dot_git, bare=False)
    link = read_small(dot_git)
    if link is not None and link.startswith("gitdir:"):
        git_dir = (path / link.removeprefix("gitdir:").strip()).resolve()
        common = read_small(git_dir / "commondir")
        common_dir = (git_dir / common.strip()).resolve() if common else git_dir
        if _is_git_dir(common_dir):
            return LocalOrigin(path, git_dir, common_dir, bare=False)
    if _is_git_dir(path):
        return LocalOrigin(path, path, path, bare=True)
    return None


def _is_git_dir(path: Path) -> bool:
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def _owner_check(origin: LocalOrigin) -> None:
    """Whoever owns a repository decides what git runs in it: only the person's own are taken."""
    for path in origin.places():
        owner = path.stat().st_uid
        if owner == os.getuid() or _is_safe(origin):
            continue
        raise SourceError(
            "project.owner",
            f"{origin.path} belongs to {_user_name(owner)}, not to {_user_name(os.getuid())} whom "
            f"Bakeoff runs as; if you trust it, run: "
            f"git config --global --add safe.directory {origin.path}",
            {"path": str(origin.path), "owner": _user_name(owner)},
        )


def _is_safe(origin: LocalOrigin) -> bool:
    """Whether the person has declared this repository safe in their own configuration."""
    safe: set[str] = set()
    for key, value in person_config():
        if key == "safe.directory":
            # An empty value forgets all before it.
            safe = safe | {value.rstrip("/")} if value else set()
    return "*" in safe or bool(safe & {str(origin.path), str(origin.git_dir)})


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
