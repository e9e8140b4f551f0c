"""One writer at a time per repository, and what a killed writer left behind.

The lock is a flock on a file beside the repository. The git processes started under it inherit it:
the kernel lets go of it when the last of them is gone, even if their worker was killed before.
So git's own `*.lock` files, found by whoever holds the flock, are left from the dead.

Fetch and push are the exception: a credential helper that stays behind as a daemon would keep the
lock. They carry a mark in their environment instead, by which they are found.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.git.errors import GitBusyError
from orchestrator.git.run import NETWORK_TIMEOUT_S, WRITER, GitResult, git, git_failure, held_locks
from orchestrator.lib.processes import start_ticks

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
    held_locks().append(descriptor)
    try:
        yield
    finally:
        held_locks().remove(descriptor)
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
    deadline = time.monotonic() + timeout_s
    with repository_lock(git_dir):
        while True:
            result = git(*args, git_dir=git_dir, stdin=stdin, timeout_s=timeout_s, check=False)
            if not _retry(result, git_dir, deadline):
                break
    if check and result.code != 0:
        raise git_failure(args[0], result)
    return result


def git_network(
    *args: str, git_dir: Path, timeout_s: float = NETWORK_TIMEOUT_S, check: bool = True
) -> GitResult:
    """Talk to the origin: one at a time, but Snapshots go on meanwhile (git locks each ref itself).

    Whoever asks what became of a push must not ask while that push, its worker dead, still runs.
    """
    network = network_of(git_dir)
    deadline = time.monotonic() + timeout_s
    with repository_lock(network):
        while _writers(network, since=time.time()) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        while True:
            result = git(
                *args,
                git_dir=git_dir,
                timeout_s=timeout_s,
                check=False,
                login=True,
                env={WRITER: str(network)},
            )
            if not _retry(result, git_dir, deadline):
                break
    if check and result.code != 0:
        raise git_failure(args[0], result)
    return result


def network_end(git_dir: Path) -> None:
    """End the fetches of killed workers, whose work is to be done again from the start."""
    while writers := _writers(network_of(git_dir), since=time.time()):
        for pid in writers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL_S)


def network_of(git_dir: Path) -> Path:
    """What fetches and pushes of a repository lock."""
    return git_dir.with_name(git_dir.name + ".network")


def clear_stale_lock(lock: Path, *, git_dir: Path) -> None:
    """Remove a `*.lock` file left in a repository; the caller holds the repository's lock.

    Waits a little instead if a fetch is at work that may have made it.
    """
    try:
        made = lock.stat().st_mtime
    except FileNotFoundError:
        return
    unknown = not _PROC.is_dir() and time.time() - made < _STALE_AFTER_S
    if unknown or _writers(network_of(git_dir), since=made):
        time.sleep(_POLL_S)
    else:
        lock.unlink(missing_ok=True)


def _retry(result: GitResult, git_dir: Path, deadline: float) -> bool:
    """Whether a command failed for a lock file that was in the way, and may be tried again."""
    left = _LOCK_FILE.search(result.stderr)
    if result.code == 0 or left is None or time.monotonic() > deadline:
        return False
    lock = Path(left.group(1))
    if git_dir not in lock.parents:
        return False  # the origin's own: not ours to touch
    clear_stale_lock(lock, git_dir=git_dir)
    return True


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
    """The git processes with the mark of `owner` that were started before `since`."""
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
            started = _started(int(name))
        except OSError:
            continue
        # Not what a hook or helper of git left behind: the credential cache is a daemon.
        program = os.path.basename(command.split(b"\0", 1)[0])
        is_git = program.startswith((b"git", b"env")) and b"credential-cache" not in command
        if is_git and started <= since + _CLOCK_SLACK_S:
            found.append(int(name))
    return found


def _started(pid: int) -> float:
    """The start time of a process (seconds since the epoch)."""
    ticks = start_ticks(pid)
    if ticks is None:
        raise ProcessLookupError(pid)
    now_s = time.time()  # first: held up before the next line, it must not look younger
    up_s = float(Path("/proc/uptime").read_text().split()[0])
    return now_s - up_s + ticks / os.sysconf("SC_CLK_TCK")
