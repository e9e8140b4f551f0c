"""All processes of one Run, as its shim sees them. Standard library only."""

from __future__ import annotations

import os

from agents.shim import proc


class Family:
    """As a subreaper the shim is an ancestor of all it has caused, whatever they do to hide."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self.known: dict[int, int] = {}  # descendants as last seen: pid -> start time
        self.leaders: dict[int, int] = {}  # the steps' own processes, each leads a session

    def lead(self, pid: int) -> None:
        self.leaders[pid] = proc.start_time(pid)

    def look(self) -> bool:
        """Take note of who is there; whether that has changed."""
        found = dict(proc.children_walk(os.getpid()))
        changed = found != self.known
        self.known = found
        return changed

    def left(self) -> dict[int, int]:
        """Everything that is alive: below this process, marked, or seen before."""
        table = proc.table()
        me = os.getpid()
        found = set(proc.descendants([me], table)) | set(proc.marked(self._run_id))
        left = {pid: table[pid].start for pid in found if pid in table and pid != me}
        return proc.alive(self.known) | left

    def send(self, left: dict[int, int], number: int, *, outside: int) -> None:
        """Signal those who are not in the process group `outside`."""
        for pid, start in left.items():
            entry = proc.stat(pid)
            if entry and entry.group != outside:
                proc.send(pid, number, start)
