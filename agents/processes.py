"""Which processes belong to a Run whose shim may be dead."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from agents.shim import proc


def run_processes(run_id: str, shim: Mapping[str, Any] | None) -> dict[int, int]:
    """pid -> start time of all that is alive; `shim` is what shim.json says, where there is one.

    These are the marked ones, those the shim saw at its last heartbeat, those in a session that a
    step was given, and everything below them. Neither the shim nor the caller is among them.
    """
    table = proc.table()
    roots = set(proc.marked(run_id))
    outside = {os.getpid()}
    if shim and shim["boot_id"] == proc.boot_id():
        outside.add(shim["pid"])
        seen = dict(shim["processes"])
        roots |= {pid for pid in seen if pid in table and table[pid].start == seen[pid]}
        leaders = dict(shim["leaders"])
        roots |= {entry.pid for entry in table.values() if _in_session(entry, leaders, table)}
    roots -= outside
    everyone = [*roots, *proc.descendants(list(roots), table)]
    return {pid: table[pid].start for pid in everyone if pid in table and pid not in outside}


def runs_marked() -> set[str]:
    """The Runs whose mark any process carries, of this installation or of another one."""
    prefix = f"{proc.MARK}=".encode()
    return {
        os.fsdecode(entry.removeprefix(prefix))
        for pid in proc.pids()
        for entry in proc.environ(pid)
        if entry.startswith(prefix)
    }


def _in_session(
    entry: proc.Stat, leaders: Mapping[int, int], table: Mapping[int, proc.Stat]
) -> bool:
    """What shed its mark and its parents may still be in the session; the number is checked for
    having been given out again."""
    since = leaders.get(entry.session)
    if since is None or entry.start < since:
        return False
    leader = table.get(entry.session)
    return leader is None or leader.start == since
