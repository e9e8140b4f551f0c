"""Rows as services leave them, for pages that only read; and the pages as trees."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from agents.models import AgentProfile
from orchestrator.models import Permission, Project, Run, Spec, Task, Variant
from orchestrator.states import LETTERS, RunState

HTMX = {"HX-Request": "true"}


@dataclass
class World:
    user: User
    project: Project
    agent: AgentProfile

    def task(self, *states: str, title: str = "Better shop", spec: str = "Make it better.") -> Task:
        task = Task.objects.create(
            project=self.project,
            spec=Spec.objects.create(
                text=spec,
                sha256=hashlib.sha256(spec.encode()).hexdigest(),
                base_branch="main",
                base_commit="a" * 40,
            ),
            title=title,
            created_by=self.user,
        )
        for position, state in enumerate(states):
            self.variant(task, position, state)
        return task

    def variant(self, task: Task, position: int, state: str) -> Variant:
        done = state == RunState.SUCCEEDED
        variant = Variant.objects.create(
            task=task,
            position=position,
            letter=LETTERS[position],
            agent=self.agent,
            branch=f"bakeoff/{task.pk}/{LETTERS[position]}",
            head_commit="b" * 40 if done else "",
            files_changed=int(done),
            insertions=12 * done,
        )
        begun = None if state == RunState.QUEUED else timezone.now() - timedelta(seconds=90)
        Run.objects.create(
            variant=variant,
            number=1,
            prompt=task.spec.text,
            state=state,
            prepared_at=begun,
            started_at=begun,
            ended_at=timezone.now() if done or state == RunState.FAILED else None,
            last_line="reads the code",
            failure_code="agent.auth" if state == RunState.FAILED else "",
            failure_message="The agent is not signed in." if state == RunState.FAILED else "",
        )
        return variant

    def ask(self, variant: Variant, command: str = "ls -l", request: str = "r1") -> Permission:
        return Permission.objects.create(
            run=variant.runs.get(),
            request=request,
            tool="Bash",
            title=command,
            payload={"input": {"command": command}, "category": "execute"},
            asked_at=timezone.now(),
        )


@dataclass
class Element:
    tag: str
    attrs: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        parts = [c if isinstance(c, str) else c.text for c in self.children]
        return " ".join(" ".join(parts).split())

    def all(self, wanted: Callable[[Element], bool]) -> list[Element]:
        found = [self] if wanted(self) else []
        for child in self.children:
            if isinstance(child, Element):
                found += child.all(wanted)
        return found

    def tags(self, *names: str) -> list[Element]:
        return self.all(lambda element: element.tag in names)

    def id(self, name: str) -> Element:
        (found,) = self.all(lambda element: element.attrs.get("id") == name)
        return found


class _Tree(HTMLParser):
    VOID = frozenset({"input", "link", "meta", "br", "hr", "img", "use", "rect", "path"})

    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("root", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in self.VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        for at in range(len(self.open) - 1, 0, -1):
            if self.open[at].tag == tag:
                del self.open[at:]
                return

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def tree(response: Any) -> Element:
    parser = _Tree()
    parser.feed(response.content.decode())
    return parser.open[0]
