"""The worker's sign of life: when it last consumed a message, and how many of its threads are busy.

A worker can live and consume nothing (a broker connection that was lost badly). A beat job that only the
pool can do marks the pulse; a thread writes it down; the supervisor reads it.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

WRITE_EVERY_S = 2.0
STALE_AFTER_S = 20.0
_SIZE_BYTES = 256


@dataclass(frozen=True, slots=True)
class PulseState:
    pid: int
    consumed_at: float  # monotonic clock, which all processes of a machine share
    written_at: float
    busy: int
    threads: int

    def stale(self, now: float) -> str:
        """Why this worker should be started again; empty if it is well."""
        if now - self.written_at > STALE_AFTER_S:
            return "it has given no sign of life"
        if now - self.consumed_at > STALE_AFTER_S and self.busy < self.threads:
            return "it lives but takes no jobs"
        return ""


def pulse_read(path: Path) -> PulseState | None:
    try:
        return PulseState(**json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


class Pulse:
    """Kept in the worker process. `consumed`, `began` and `ended` are called by its threads."""

    def __init__(self, path: Path, *, threads: int) -> None:
        self.path = path
        self.threads = threads
        self._lock = threading.Lock()
        self._busy = 0
        self._file: int | None = None
        self._consumed_at = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def consumed(self) -> None:
        with self._lock:
            self._consumed_at = time.monotonic()
        self._write()

    def began(self) -> None:
        with self._lock:
            self._busy += 1

    def ended(self) -> None:
        with self._lock:
            self._busy -= 1

    def _run(self) -> None:
        while not self._stopping.wait(WRITE_EVERY_S):
            self._write()

    def _write(self) -> None:
        with self._lock:
            state = {
                "pid": os.getpid(),
                "consumed_at": self._consumed_at,
                "written_at": time.monotonic(),
                "busy": self._busy,
                "threads": self.threads,
            }
            # Always the same few bytes in place: a full disk does not make a worker look dead.
            text = json.dumps(state).ljust(_SIZE_BYTES).encode()
            try:
                if self._file is None:
                    self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
                os.pwrite(self._file, text, 0)
            except OSError:
                log.exception("the pulse cannot be written")
