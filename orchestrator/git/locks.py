"""One writer at a time per repository, and what a killed writer left behind.

The lock is a flock on a file beside the repository: the kernel lets go of it when its owner dies.
git's own `*.lock` files do not go away by themselves. A git process outlives the worker that
started it, so such a file is removed only when no writer of ours is left that can have made it.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.git.errors import GitBusyError, GitError
from orchestrator.git.run import NETWORK_TIMEOUT_S, WRITER, GitResult, git, git_failure

_POLL_S = 0.01
_CLOCK_SLACK_S = 1.0
_PROC = Path("/proc/self")
_STALE_AFTER_S = 60.0  # where there is no /proc to ask
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
) -> GitResult:
    """A git command that changes refs or configuration of a repository of ours, under its lock."""
    with repository_lock(git_dir):
        return _git_writer(
            *args,
            git_dir=git_dir,
            owner=git_dir,
            stdin=stdin,
            timeout_s=timeout_s,
            check=check,
            login=False,
        )


def git_network(
    *args: str, git_dir: Path, timeout_s: float = NETWORK_TIMEOUT_S, check: bool = True
) -> GitResult:
    """Talk to the origin: one at a time, but Snapshots go on meanwhile (git locks each ref itself).

    Whoever asks what became of a push must not ask while that push, its worker dead, still runs.
    """
    owner = git_dir.with_name(git_dir.name + ".network")
    with repository_lock(owner):
        writers_wait(owner, timeout_s=timeout_s)
        return _git_writer(
            *args,
            git_dir=git_dir,
            owner=owner,
            stdin=None,
            timeout_s=timeout_s,
            check=check,
            login=True,
        )


def writer_env(owner: Path) -> Mapping[str, str]:
    """Marks a git process as a writer of `owner`, so that others can tell that it is alive."""
    return {WRITER: str(owner)}


def writers_wait(owner: Path, *, timeout_s: float) -> None:
    """Let the git processes of killed workers finish. The caller holds the lock of `owner`."""
    deadline = time.monotonic() + timeout_s
    while _writers(owner, since=time.time()) and time.monotonic() < deadline:
        time.sleep(_POLL_S)


def writers_end(owner: Path) -> None:
    """End the git processes of killed workers, whose work is to be done again from the start."""
    while writers := _writers(owner, since=time.time()):
        for pid in writers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL_S)


def clear_stale_lock(lock: Path, *, owner: Path) -> None:
    """Remove a lock file that a killed writer of `owner` left; wait a little if one is alive."""
    try:
        made = lock.stat().st_mtime
    except FileNotFoundError:
        return
    network = owner.with_name(owner.name + ".network")
    unknown = not _PROC.is_dir() and time.time() - made < _STALE_AFTER_S
    if unknown or _writers(owner, since=made) or _writers(network, since=made):
        time.sleep(_POLL_S)
    elif owner in lock.parents or lock.parent == owner.parent:
        lock.unlink(missing_ok=True)
    else:
        raise GitError("git.locked", f"{lock} is in the way and does not belong to Bakeoff.")


def _git_writer(
    *args: str,
    git_dir: Path,
    owner: Path,
    stdin: bytes | None,
    timeout_s: float,
    check: bool,
    login: bool,
) -> GitResult:
    deadline = time.monotonic() + timeout_s
    while True:
        result = git(
            *args,
            git_dir=git_dir,
            stdin=stdin,
            timeout_s=timeout_s,
            check=False,
            login=login,
            env=writer_env(owner),
        )
        left = _LOCK_FILE.search(result.stderr)
        if result.code == 0 or left is None or time.monotonic() > deadline:
            break
        lock = Path(left.group(1))
        if git_dir not in lock.parents:
            break  # the origin's own: not ours to touch
        clear_stale_lock(lock, owner=git_dir)
    if check and result.code != 0:
        raise git_failure(args[0], result)
    return result


def _acquire(path: Path, timeout_s: float) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + timeout_s
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise GitBusyError(
                        "git.busy", f"The repository {path.stem} is busy; try again in a moment."
                    ) from None
                time.sleep(_POLL_S)
            else:
                return descriptor
    except BaseException:
        os.close(descriptor)
        raise


def _writers(owner: Path, *, since: float) -> list[int]:
    """The git processes marked as writers of `owner` that were started before `since`."""
    if not _PROC.is_dir():
        return []
    mark = f"\0{WRITER}={owner}\0".encode()
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        process = Path("/proc", name)
        try:
            if mark not in b"\0" + (process / "environ").read_bytes():
                continue
            command = (process / "cmdline").read_bytes()
            started = _started((process / "stat").read_bytes())
        except OSError:
            continue
        # Not what a hook or helper of git left behind: the credential cache is a daemon.
        program = os.path.basename(command.split(b"\0", 1)[0])
        is_git = program.startswith((b"git", b"env")) and b"credential-cache" not in command
        if is_git and started <= since + _CLOCK_SLACK_S:
            found.append(int(name))
    return found


def _started(stat: bytes) -> float:
    """The start time of a process (seconds since the epoch) from its /proc/<pid>/stat."""
    ticks = int(stat.rpartition(b")")[2].split()[19])
    up_s = float(Path("/proc/uptime").read_text().split()[0])
    return time.time() - up_s + ticks / os.sysconf("SC_CLK_TCK")
