"""May something be taken of a Task's variants, for a new one? Pages, the tray and the API ask here."""

from __future__ import annotations

from orchestrator.models import Task
from orchestrator.states import Resolution

_SHUT = {
    Resolution.OPEN: "",
    Resolution.MERGING: "The task is being merged: nothing can be taken meanwhile.",
    Resolution.MERGED: "The task is merged: nothing more can be taken.",
    Resolution.CLOSED: "The task is closed: nothing can be taken until it is opened again.",
}


def taking_shut(task: Task) -> str:
    """Why nothing can be taken; empty where it can."""
    return _SHUT[Resolution(task.resolution)]
