"""The journal of a Run, as its readers see it: one JSON object per line, `n` counting 1, 2, 3 …

The shim alone writes it while it lives; `Bundle.append_sys` goes on when the shim is gone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.shim.files import write_all

READ_BYTES = 1 << 20
TAIL_BYTES = 1 << 16


class JournalError(Exception):
    """A complete journal line cannot be read: the file was changed by somebody else."""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One entry. `more` says that the printed line goes on in the next entry of the same stream.

    Text keeps undecodable bytes as surrogate escapes, so that `join_parts` can decode a character
    that was cut in two. `id` is the control id an entry came from, where it came from one.
    """

    n: int
    t: float
    step: str
    s: str  # out, err, in, sys
    d: str | dict[str, Any]
    more: bool = False
    id: str = ""


def line_parse(raw: bytes) -> JournalLine:
    try:
        entry = json.loads(raw)
        return JournalLine(
            n=entry["n"],
            t=entry["t"],
            step=entry["step"],
            s=entry["s"],
            d=entry["d"],
            more=entry.get("more", False),
            id=entry.get("id", ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise JournalError(f"unreadable journal line: {raw[:80]!r}") from exc


def join_parts(lines: Iterable[JournalLine]) -> str:
    """The text of one printed line from all its parts; what is not UTF-8 becomes U+FFFD."""
    text = "".join(line.d for line in lines if isinstance(line.d, str))
    # surrogatepass: a text that came through control may hold any surrogate, not only escapes
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogatepass")
    return raw.decode("utf-8", "replace")


class JournalReader:
    """Reads on from a byte offset; `offset` is behind the last line that was given out."""

    __slots__ = ("offset", "path")

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path = path
        self.offset = offset

    def read(self, max_bytes: int = READ_BYTES) -> list[JournalLine]:
        """Complete lines of about `max_bytes`, at least one if there is one; a torn tail is left.

        A missing file is an empty one. A line that is not ours raises JournalError, with the lines
        before it given out by the call before.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                data = file.read(max_bytes)
                while data and b"\n" not in data:
                    more = file.read(max_bytes)
                    if not more:
                        break
                    data += more
        except FileNotFoundError:
            return []
        lines: list[JournalLine] = []
        for raw in data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]:
            try:
                line = line_parse(raw)
            except JournalError:
                if lines:
                    break
                raise
            lines.append(line)
            self.offset += len(raw) + 1
        return lines


def journal_append(fd: int, d: dict[str, Any], *, t: float, id: str = "") -> int:
    """Append a sys line to a journal that nobody else writes; return its n."""
    end, last = _tail(fd)
    if end != os.fstat(fd).st_size:
        os.ftruncate(fd, end)  # torn by its writer's death; no reader has taken it
    n = last.n + 1 if last else 1
    entry = {"n": n, "t": t, "step": last.step if last else "", "s": "sys", "d": d}
    if id:
        entry["id"] = id
    write_all(fd, json.dumps(entry).encode() + b"\n")
    os.fsync(fd)
    return n


def _tail(fd: int) -> tuple[int, JournalLine | None]:
    """Where the last complete line ends, and that line."""
    start = size = os.fstat(fd).st_size
    data = b""
    # The newline before the last complete line must be in it too, and a torn tail may follow.
    while start > 0 and data.count(b"\n") < 2:
        step = min(start, TAIL_BYTES)
        start -= step
        data = os.pread(fd, step, start) + data
    end = data.rfind(b"\n") + 1
    if not end:
        return 0, None
    return size - (len(data) - end), line_parse(data[: end - 1].rpartition(b"\n")[2])
