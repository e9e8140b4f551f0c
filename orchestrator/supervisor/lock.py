"""One `up` per data dir, and ending what a killed one has left behind."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator.lib.processes import start_ticks
from orchestrator.supervisor.places import Places, write_whole

_END_WITHIN_S = 5.0


class AlreadyRunningError(Exception):
    """Another supervisor holds the data dir."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A process that was started, named so that another one with its pid is not taken for it."""

    name: str
    pid: int
    started: int

    def alive(self) -> bool:
        return start_ticks(self.pid) == self.started


@contextmanager
def data_dir_lock(places: Places) -> Iterator[None]:
    """Hold the data dir; the kernel gives it back when this process ends in whatever way."""
    fd = os.open(places.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(_who(places)) from None
        yield
    finally:
        os.close(fd)


def running(places: Places) -> bool:
    """Does a supervisor hold this data dir?"""
    try:
        with data_dir_lock(places):
            return False
    except AlreadyRunningError:
        return True


def _who(places: Places) -> str:
    try:
        state = json.loads(places.state.read_text())
        where = f" (pid {state['pid']}, {state['url']})"
    except (OSError, ValueError, KeyError):
        where = ""
    return f"Bakeoff already runs on {places.data_dir}{where}. “bakeoff stop” ends it."


class ProcessTable:
    """What is running, on disk, for whoever comes after a kill."""

    def __init__(self, places: Places) -> None:
        self.path = places.processes
        self._entries: dict[str, Entry] = {}

    def put(self, name: str, pid: int, started: int | None) -> None:
        """Note a process. Where that fails (a full disk), its parent's death still ends it."""
        if started is not None:
            self._entries[name] = Entry(name, pid, started)
            with suppress(OSError):
                self._write()

    def clear(self) -> None:
        self._entries.clear()
        self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        write_whole(self.path, json.dumps([asdict(entry) for entry in self._entries.values()]))


def table_read(places: Places) -> list[Entry]:
    try:
        return [Entry(**entry) for entry in json.loads(places.processes.read_text())]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError):
        return []  # never written half-way by us; then nothing can be verified, so nothing is ended


def leftovers_end(places: Places) -> list[Entry]:
    """End the processes of a killed supervisor. Only for who holds the lock; returns what was found."""
    entries = table_read(places)
    found = [entry for entry in entries if entry.alive()]
    for entry in found:
        _signal(entry.pid, signal.SIGTERM)
    deadline = time.monotonic() + _END_WITHIN_S
    while any(entry.alive() for entry in found) and time.monotonic() < deadline:
        time.sleep(0.05)
    for entry in found:
        if entry.alive():
            _signal(entry.pid, signal.SIGKILL)
    for pid in _members_left(entries, places.data_dir):
        _signal(pid, signal.SIGKILL)
    return found


def _members_left(entries: Iterable[Entry], data_dir: Path) -> list[int]:
    """Processes in the sessions of ours whose leader is gone (a worker's beat, its git)."""
    sessions = {entry.pid for entry in entries if start_ticks(entry.pid) is None}
    marker = b"BAKEOFF_DATA_DIR=" + os.fsencode(data_dir)
    return [
        int(path.name)
        for path in Path("/proc").glob("[0-9]*")
        if sessions and _session(path) in sessions and marker in _environ(path)
    ]


def _session(process: Path) -> int:
    try:
        stat = (process / "stat").read_bytes()
    except OSError:
        return -1
    return int(stat[stat.rindex(b")") + 2 :].split()[3])


def _environ(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _signal(pid: int, sig: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, sig)
