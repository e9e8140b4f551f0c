"""What the server wants, as read from control.jsonl, and the clocks. Standard library only."""

from __future__ import annotations

import json
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NEVER = float("inf")


class Control:
    """Gives each wish once, whoever repeats it. The FIFO only rings; the file is what counts."""

    def __init__(self, bundle: str) -> None:
        self._file = os.open(f"{bundle}/control.jsonl", os.O_RDONLY | os.O_CREAT, 0o600)
        # O_RDWR: with no writer left a FIFO opened for reading would be at its end for ever
        self.fifo = os.open(f"{bundle}/control.fifo", os.O_RDWR | os.O_NONBLOCK)
        self._offset = 0
        self._seen: set[str] = set()

    def hush(self) -> None:
        try:
            while os.read(self.fifo, 4096):
                continue
        except BlockingIOError:
            return

    def read(self) -> Iterator[dict[str, Any]]:
        """New wishes; an entry without `op` is a line that nobody can read."""
        size = os.fstat(self._file).st_size
        if size <= self._offset:
            return
        data = os.pread(self._file, size - self._offset, self._offset)
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for raw in whole.split(b"\n")[:-1]:
            try:
                entry = json.loads(raw)
                key, op = entry["id"], entry["op"]
            except (ValueError, KeyError, TypeError, RecursionError):
                key, op = None, None
            if not (isinstance(key, str) and isinstance(op, str)):
                yield {"id": "", "op": ""}
            elif key not in self._seen:
                self._seen.add(key)
                yield entry


class Clocks:
    """Wall clock over all steps, idle clock since the last output; both stand still while held."""

    def __init__(self, limits: dict[str, Any]) -> None:
        self._wall_s = NEVER if limits["wall_s"] is None else limits["wall_s"]
        self._idle_s = NEVER if limits["idle_s"] is None else limits["idle_s"]
        self._wall_from = self._idle_from = time.monotonic()
        self._held_from = 0.0

    @property
    def ends_at(self) -> float:
        if self._held_from:
            return NEVER
        return float(min(self._wall_from + self._wall_s, self._idle_from + self._idle_s))

    def stir(self) -> None:
        """Something was printed, or told to the agent: the idle clock begins anew."""
        self._idle_from = self._held_from or time.monotonic()

    def hold(self) -> None:
        self._held_from = self._held_from or time.monotonic()

    def release(self) -> None:
        if self._held_from:
            stood_s = time.monotonic() - self._held_from
            self._wall_from += stood_s
            self._idle_from += stood_s
            self._held_from = 0.0

    def expired(self) -> str:
        """The reason to stop, or empty."""
        now = time.monotonic()
        if now < self.ends_at:
            return ""
        return "timeout" if now >= self._wall_from + self._wall_s else "idle_timeout"
