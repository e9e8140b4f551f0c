"""What /proc says about processes: who is whose descendant, who carries a Run's mark.

Used by the shim and by `agents.bundle`. Standard library only, and as little of it as possible.
A process is named by (pid, start time), because a pid alone is given out again.
"""

from __future__ import annotations

import os
import signal

MARK = "BAKEOFF_RUN"


class Stat:
    """The fields of /proc/PID/stat that matter here; `start` is in clock ticks since boot."""

    __slots__ = ("group", "parent", "pid", "session", "start")

    def __init__(self, pid: int, parent: int, group: int, session: int, start: int) -> None:
        self.pid = pid
        self.parent = parent
        self.group = group
        self.session = session
        self.start = start


def _read(path: str) -> bytes:
    """The file's bytes, or none when the process is gone or somebody else's."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.readall()
    except OSError:
        return b""


def stat(pid: int) -> Stat | None:
    """None when there is no such process or it is a zombie: nothing of it runs any more."""
    raw = _read(f"/proc/{pid}/stat")
    # The name stands in brackets and may hold anything, brackets and spaces too.
    fields = raw[raw.rfind(b")") + 2 :].split()
    if len(fields) < 20 or fields[0] in (b"Z", b"X", b"x"):
        return None
    return Stat(pid, int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def start_time(pid: int) -> int:
    """0 when there is no such process."""
    found = stat(pid)
    return found.start if found else 0


def boot_id() -> str:
    return _read("/proc/sys/kernel/random/boot_id").decode().strip()


def cmdline(pid: int) -> list[bytes]:
    return _read(f"/proc/{pid}/cmdline").split(b"\0")[:-1]


def environ(pid: int) -> list[bytes]:
    """As it was when the process began."""
    return _read(f"/proc/{pid}/environ").split(b"\0")


def name(pid: int) -> str:
    return _read(f"/proc/{pid}/comm").decode("utf-8", "replace").strip()


def pids() -> list[int]:
    try:
        return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    except OSError:
        return []


def table() -> dict[int, Stat]:
    found = ((pid, stat(pid)) for pid in pids())
    return {pid: entry for pid, entry in found if entry}


def marked(run: str) -> list[int]:
    """Processes that carry the Run's mark in the environment they were started with."""
    mark = f"{MARK}={run}".encode()
    return [pid for pid in pids() if mark in environ(pid)]


def descendants(roots: list[int], entries: dict[int, Stat]) -> list[int]:
    """All processes below `roots` (which are not among them), parents before children."""
    children: dict[int, list[int]] = {}
    for entry in entries.values():
        children.setdefault(entry.parent, []).append(entry.pid)
    found: list[int] = []
    seen = set(roots)
    queue = list(roots)
    while queue:
        for pid in children.get(queue.pop(0), ()):
            if pid not in seen:
                seen.add(pid)
                found.append(pid)
                queue.append(pid)
    return found


def children_walk(root: int) -> list[tuple[int, int]]:
    """Descendants of `root` as (pid, start time), without a look at all of /proc: cheap."""
    found: list[tuple[int, int]] = []
    queue = [root]
    while queue:
        parent = queue.pop()
        try:
            threads = os.listdir(f"/proc/{parent}/task")
        except OSError:
            continue
        for thread in threads:
            for child in _read(f"/proc/{parent}/task/{thread}/children").split():
                entry = stat(int(child))
                if entry:
                    found.append((entry.pid, entry.start))
                    queue.append(entry.pid)
    return found


def send(pid: int, number: int, start: int) -> None:
    """Signal the process if it is still the one that started at `start`."""
    if start_time(pid) != start:
        return
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        # Gone in between, or it changed its user: the caller looks again who is left.
        return


def alive(found: dict[int, int]) -> dict[int, int]:
    return {pid: start for pid, start in found.items() if start_time(pid) == start}


def kill_all(found: dict[int, int]) -> None:
    for pid, start in found.items():
        send(pid, signal.SIGKILL, start)
