"""One writer at a time per repository, and what a killed writer left behind.

The lock is a flock on a file beside the repository: the kernel lets go of it when its owner dies.
git's own `*.lock` files do not go away by themselves, so whoever holds the flock may remove them
once no git process of an earlier, killed owner is left.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from orchestrator.git.errors import GitBusyError, GitError
from orchestrator.git.run import GitResult, git

_POLL_S = 0.01
_WRITER = "BAKEOFF_GIT_WRITER"
_LOCK_FILE = re.compile(r"[Uu]nable to create '([^'\n]+\.lock)': File exists")

_held = threading.local()


@contextmanager
def repository_lock(path: Path, *, timeout_s: float = 600.0) -> Iterator[None]:
    """Hold the lock of the repository (or index) at `path`; the same thread may take it again."""
    key = str(path)
    depths: dict[str, int] = _held.__dict__.setdefault("depths", {})
    if depths.get(key, 0):
        depths[key] += 1
        try:
            yield
        finally:
            depths[key] -= 1
        return
    descriptor = _acquire(path.with_name(path.name + ".flock"), timeout_s)
    depths[key] = 1
    try:
        yield
    finally:
        del depths[key]
        os.close(descriptor)


def git_write(
    *args: str,
    git_dir: Path,
    stdin: bytes | None = None,
    timeout_s: float = 60.0,
    check: bool = True,
    login: bool = False,
    config: Mapping[str, str] | None = None,
) -> GitResult:
    """A git command that changes refs or configuration of a repository of ours, under its lock."""
    with repository_lock(git_dir):
        deadline = time.monotonic() + timeout_s
        while True:
            result = git(
                *args,
                git_dir=git_dir,
                stdin=stdin,
                timeout_s=timeout_s,
                check=False,
                login=login,
                config=config,
                env={_WRITER: str(git_dir)},
            )
            left = _LOCK_FILE.search(result.stderr)
            if result.code == 0 or left is None or time.monotonic() > deadline:
                break
            clear_stale_lock(Path(left.group(1)), owner=git_dir)
    if check and result.code != 0:
        raise GitError(
            "git.failed",
            f"git {args[0]} failed: {result.stderr.strip() or result.code}",
            {"code": result.code, "stderr": result.stderr[-4000:]},
        )
    return result


def writer_env(owner: Path) -> dict[str, str]:
    """Marks a git process as a writer of `owner`, so that a later owner can tell it is alive."""
    return {_WRITER: str(owner)}


def clear_stale_lock(lock: Path, *, owner: Path) -> None:
    """Remove a lock file that a killed owner left; call it only while holding the flock of `owner`."""
    if _writer_alive(owner):
        time.sleep(_POLL_S)  # an orphan of a killed worker is still finishing its work
        return
    if owner in lock.parents or lock.parent == owner.parent:
        lock.unlink(missing_ok=True)
    else:
        raise GitError("git.locked", f"{lock} is in the way and does not belong to Bakeoff.")


def _acquire(path: Path, timeout_s: float) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise GitBusyError(
                    "git.busy", f"The repository {path.stem} is busy; try again in a moment."
                ) from None
            time.sleep(_POLL_S)
        except BaseException:
            os.close(descriptor)
            raise
        else:
            return descriptor


def _writer_alive(owner: Path) -> bool:
    """Whether a git process marked as a writer of `owner` runs (Linux; elsewhere: by lock age)."""
    mark = f"\0{_WRITER}={owner}\0".encode()
    for entry in os.scandir("/proc") if os.path.isdir("/proc/self") else ():
        if not entry.name.isdigit():
            continue
        try:
            environ = Path(entry.path, "environ").read_bytes()
            command = Path(entry.path, "cmdline").read_bytes()
        except OSError:
            continue
        # The credential cache is a daemon that git leaves behind; it writes nothing here.
        if mark in b"\0" + environ and b"credential-cache" not in command:
            return True
    return False
