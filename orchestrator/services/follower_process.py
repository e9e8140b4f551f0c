"""The worker process's two loops: one follows Runs, one watches previews."""

from __future__ import annotations

from orchestrator.services.following import Follower
from orchestrator.services.preview_watch import PreviewWatcher

_loops: list[Follower | PreviewWatcher] = []


def start() -> None:
    """Begin; called once when the worker is ready."""
    if not _loops:
        _loops.extend([Follower(), PreviewWatcher()])
        for loop in _loops:
            loop.start()


def stop() -> None:
    while _loops:
        _loops.pop().stop()


def poke() -> None:
    """Look at the database at once. In a process without the loops nothing happens: theirs look every second."""
    for loop in _loops:
        loop.poke()
