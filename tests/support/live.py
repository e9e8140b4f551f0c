"""What tests of the live feed share."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from agents.models import AgentProfile
from orchestrator.feed import FeedEntry
from orchestrator.models import Project, Run, Spec, Task, Variant


def entry(seq: int, *, kind: str = "message", **fields: Any) -> FeedEntry:
    payload = {"kind": kind, "time": 1000.0 + seq, "text": f"line {seq}", **fields}
    return FeedEntry(seq=seq, n=seq * 10, i=0, payload=payload)


def end(seq: int) -> FeedEntry:
    payload = {"kind": "end", "time": 1000.0 + seq, "state": "succeeded"}
    return FeedEntry(seq=seq, n=seq * 10, i=0, payload=payload)


def eventually(condition: Callable[[], bool], *, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


def run_make(user: User) -> Run:
    mark = uuid.uuid4().hex
    project = Project.objects.create(name=mark, source="/nowhere", created_by=user)
    spec = Spec.objects.create(text="x", sha256=mark, base_branch="main", base_commit="0" * 40)
    task = Task.objects.create(project=project, spec=spec, title="T", created_by=user)
    agent = AgentProfile.objects.create(name=mark, adapter="demo")
    variant = Variant.objects.create(task=task, position=1, letter="A", agent=agent, branch="b")
    return Run.objects.create(variant=variant, number=1, prompt="x")


@dataclass(frozen=True)
class Web:
    """A web process' socket door, served by uvicorn in a thread."""

    port: int
    token: str
    origin: str

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/live"
