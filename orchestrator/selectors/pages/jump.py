"""Where the jump box leads."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from orchestrator.lib.numbers import number_of
from orchestrator.selectors.access import Viewer, projects_for, tasks_for

JUMP_ENTRIES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class JumpEntry:
    url: str
    title: str
    kind: str
    ref: str = ""
    project: str = ""


def jump_entries(user: Viewer, text: str) -> list[JumpEntry]:
    """Tasks by number or words of their title, projects by name; the newest Tasks for an empty text."""
    words = text.split()[:6]
    tasks, projects = tasks_for(user), projects_for(user)
    number = number_of(words[0].removeprefix("#")) if len(words) == 1 else None
    if number is not None:
        tasks = tasks.filter(Q(pk=number) | Q(title__icontains=words[0]))
    else:
        for word in words:
            tasks = tasks.filter(title__icontains=word)
    for word in words:
        projects = projects.filter(name__icontains=word)
    entries = [
        JumpEntry(
            url=task.get_absolute_url(),
            title=task.title,
            kind="task",
            ref=f"#{task.pk}",
            project=task.project.name,
        )
        for task in tasks.select_related("project").order_by("-id")[:JUMP_ENTRIES]
    ]
    found = projects.order_by("name")[:5] if words else projects.none()
    entries += [
        JumpEntry(url=project.get_absolute_url(), title=project.name, kind="project")
        for project in found
    ]
    return entries
