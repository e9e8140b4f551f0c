"""Names for processes that stay true after a pid is used again: pid plus start time."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path


def start_ticks(pid: int) -> int | None:
    """Start time of a process in clock ticks since boot, or None if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


@cache
def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]


def process_name() -> str:
    """A name for this process, unique on this host over time."""
    pid = os.getpid()
    return f"{pid}.{start_ticks(pid)}.{_boot_id()}"


def process_alive(name: str) -> bool:
    """Does the process that gave itself `name` still run on this host?"""
    pid, _, rest = name.partition(".")
    ticks, _, boot = rest.partition(".")
    return boot == _boot_id() and pid.isdigit() and str(start_ticks(int(pid))) == ticks
