"""The journal's writer, and the pipes of a step on both sides of it. Standard library only."""

from __future__ import annotations

import json
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PART_BYTES = 64 * 1024
DRAIN_BYTES = 1 << 20  # no pipe holds more
QUIET_S = 1.0  # an unfinished line is journalled as a part after this long
RETRY_S = 0.5


class Journal:
    """Appends entries with a gap-free n. On a full disk it keeps what it has and is `blocked`.

    Nothing may be read from the agent then, so what is kept stays small and the agent waits.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.n = 0
        self.retry_at = 0.0
        self._blocked_since = 0.0
        self._waiting = bytearray()

    @property
    def blocked(self) -> bool:
        return bool(self._blocked_since)

    def add(
        self, step: str, s: str, d: str | dict[str, Any], *, more: bool = False, id: str = ""
    ) -> None:
        self.n += 1
        tail = ',"more":true' if more else ""
        if id:
            tail += f',"id":{json.dumps(id)}'
        self._waiting += (
            f'{{"n":{self.n},"t":{time.time():.3f},"step":{json.dumps(step)},'
            f'"s":"{s}","d":{json.dumps(d)}{tail}}}\n'
        ).encode()

    def text(self, step: str, text: str, id: str) -> None:
        """What was written to stdin, an entry per line."""
        for line in text.removesuffix("\n").split("\n"):
            while len(line) > PART_BYTES:
                self.add(step, "in", line[:PART_BYTES], more=True, id=id)
                line = line[PART_BYTES:]
            self.add(step, "in", line, id=id)

    def flush(self, step: str) -> None:
        if not self._waiting or (self.blocked and time.monotonic() < self.retry_at):
            return
        try:
            while self._waiting:
                del self._waiting[: os.write(self.fd, self._waiting)]
        except OSError:
            # No space, most likely. Losing output is not an option; waiting for the person is.
            if not self.blocked:
                self._blocked_since = time.monotonic()
            self.retry_at = time.monotonic() + RETRY_S
            return
        if self.blocked:
            waited_s = time.monotonic() - self._blocked_since
            self._blocked_since = 0.0
            text = f"The journal could not be written for {waited_s:.0f} s; the agent had to wait."
            self.add(step, "sys", {"ev": "warning", "text": text})
            self.flush(step)

    def sync(self, step: str) -> None:
        """Everything to disk, or OSError."""
        self.flush(step)
        if self.blocked:
            raise BlockingIOError
        os.fsync(self.fd)


class Stream:
    """One output pipe of a step, cut into lines."""

    def __init__(self, fd: int, step: str, s: str, journal: Journal) -> None:
        self.fd = fd
        self.open = True
        self._step = step
        self._s = s
        self._journal = journal
        self._tail = bytearray()
        self._in_parts = False
        self._last = 0.0

    @property
    def quiet_at(self) -> float:
        """When the unfinished line is to be journalled as it is."""
        return self._last + QUIET_S if self._tail else float("inf")

    def read(self) -> int:
        """Journal what there is, up to a pipe full; 0 when there is nothing now or ever again."""
        try:
            data = os.read(self.fd, PART_BYTES)
        except BlockingIOError:
            return 0
        if not data:
            self.close()
            return 0
        self._last = time.monotonic()
        head, *rest = data.split(b"\n")
        self._tail += head
        for piece in rest:
            self._line()
            self._tail += piece
        self._parts()
        return len(data)

    def drain(self) -> None:
        """Journal what stands in the pipe, though somebody may go on writing to it for ever."""
        count = 0
        while self.open and count < DRAIN_BYTES:
            got = self.read()
            if not got:
                return
            count += got

    def quiet(self) -> None:
        if self._tail:
            self._add(bytes(self._tail), more=True)
            self._tail.clear()

    def close(self) -> None:
        """The end of the stream completes its last line."""
        if not self.open:
            return
        self.open = False
        os.close(self.fd)
        if self._tail or self._in_parts:
            self._line()

    def _line(self) -> None:
        self._parts()
        self._add(bytes(self._tail), more=False)
        self._tail.clear()

    def _parts(self) -> None:
        while len(self._tail) > PART_BYTES:
            self._add(bytes(self._tail[:PART_BYTES]), more=True)
            del self._tail[:PART_BYTES]

    def _add(self, raw: bytes, *, more: bool) -> None:
        self._in_parts = more
        text = raw.decode("utf-8", "surrogateescape")
        self._journal.add(self._step, self._s, text, more=more)


class Stdin:
    """A step's standard input. Never waits: an agent that does not read must not stop the shim."""

    def __init__(self, fd: int | None) -> None:
        self.fd = fd
        self._waiting = bytearray()
        self._eof = False

    @property
    def open(self) -> bool:
        """Whether more may be written."""
        return self.fd is not None and not self._eof

    @property
    def wants(self) -> bool:
        """Whether there is something to write."""
        return self.fd is not None and bool(self._waiting)

    def write(self, text: str) -> None:
        self._waiting += text.encode("utf-8", "replace")
        self.flush()

    def eof(self) -> None:
        """Close it once all is written."""
        self._eof = True
        self.flush()

    def flush(self) -> None:
        if self.fd is None:
            return
        try:
            while self._waiting:
                del self._waiting[: os.write(self.fd, self._waiting[:PART_BYTES])]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.close()
            return
        if self._eof:
            self.close()

    def close(self) -> None:
        if self.fd is not None:
            os.close(self.fd)
        self.fd = None
        self._waiting.clear()
