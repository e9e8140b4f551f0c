"""What the events of a Run mean for the database. Each event's effect is done once, or again with the same result."""

from __future__ import annotations

import re
from decimal import Decimal
from time import monotonic

from django.db import transaction
from django.utils import timezone

from agents.bundle import Bundle
from agents.events import (
    Event,
    Message,
    PermissionAnswer,
    PermissionRequest,
    State,
    Thought,
    ToolCall,
    ToolUpdate,
    Usage,
    event_payload,
)
from orchestrator.lib.live import publish
from orchestrator.models import Permission, Run
from orchestrator.services import setups
from orchestrator.services.budgets import USED_UP, budget_is_used
from orchestrator.services.run_states import run_changed, run_transition
from orchestrator.services.runs import task_stop
from orchestrator.states import PermissionState, RunState

FLUSH_EVERY_S = 0.5
LINE_MAX = 200
ID_MAX = 200  # what the database keeps of an agent's own names
_TERMINAL_CODES = re.compile(
    r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)|[\x00-\x08\x0e-\x1f\x7f]"
)
_USAGE = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


class RunEffects:
    def __init__(self, *, run: Run, fence: int, bundle: Bundle) -> None:
        self.run = run
        self.fence = fence
        self.bundle = bundle
        self.workspace_changed = False
        self._handled = run.last_seq
        self._dirty: dict[str, object] = {}
        self._flushed_at = 0.0

    def apply(self, seq: int, event: Event) -> None:
        if seq <= self._handled:
            return
        match event:
            case State(state="agent"):
                setups.setup_done(variant=self.run.variant, key=self.run.setup_key)
                run_transition(self.run, RunState.RUNNING, fence=self.fence)
            case State(state="session"):
                self._session(event)
            case PermissionRequest():
                self._ask(event)
            case PermissionAnswer(by="agent"):
                self._withdrawn(event)
            case Usage():
                self._usage(event)
            case ToolCall(title=title, tool=tool):
                self._line(f"{tool} {title}")
            case ToolUpdate(category="edit" | "execute" | "other"):
                self.workspace_changed = True
            case Message(role="agent", text=text) | Thought(text=text):
                self._line(text)
        self._handled = seq
        self._dirty["last_seq"] = seq

    def flush(self, *, force: bool = False) -> None:
        """Write what has gathered, at most twice a second."""
        if not self._dirty or (not force and monotonic() - self._flushed_at < FLUSH_EVERY_S):
            return
        self._flushed_at = monotonic()
        dirty, self._dirty = self._dirty, {}
        with transaction.atomic():
            Run.objects.filter(pk=self.run.pk, fence=self.fence).update(**dirty)
            if dirty.keys() - {"last_seq"}:
                publish(f"run:{self.run.id.hex}")

    def _line(self, text: str) -> None:
        line = " ".join(_TERMINAL_CODES.sub("", text).split())[:LINE_MAX]
        if line:
            self._dirty["last_line"] = line

    def _session(self, event: State) -> None:
        session = str(event.data.get("session", ""))[:200]
        version = str(event.data.get("version", ""))[:80]
        if session:
            self._dirty["session"] = session
        if version:
            self._dirty["agent_version"] = version

    def _usage(self, event: Usage) -> None:
        for name in _USAGE:
            self._dirty[name] = getattr(event, name)
        cost = event.cost_usd
        self._dirty["cost_usd"] = None if cost is None else Decimal(f"{cost:.6f}")
        self._dirty["cost_source"] = event.cost_source
        self.flush(force=True)
        run_changed(self.run)
        task = self.run.variant.task
        if budget_is_used(task):
            task_stop(user=None, task=task, text=f"{USED_UP}.")

    def _withdrawn(self, event: PermissionAnswer) -> None:
        """The agent no longer waits for an answer to its request."""
        with transaction.atomic():
            Permission.objects.filter(
                run=self.run, request=event.request[:ID_MAX], state=PermissionState.PENDING
            ).update(state=PermissionState.OBSOLETE, decider="agent", decided_at=timezone.now())
            if not Permission.objects.filter(run=self.run, state=PermissionState.PENDING).exists():
                run_transition(self.run, RunState.RUNNING, fence=self.fence)
        self.bundle.control(
            "note",
            id=f"withdrawn-{event.request}",
            d={"ev": "clock", "request": event.request},
            clock="release",
        )

    def _ask(self, event: PermissionRequest) -> None:
        tool = event.tool[:ID_MAX]
        allowed = Permission.objects.filter(
            run=self.run, tool=tool, state=PermissionState.ALLOWED, scope="run"
        ).exists()
        with transaction.atomic():
            permission, _ = Permission.objects.get_or_create(
                run=self.run,
                request=event.request[:ID_MAX],
                defaults={
                    "tool": tool,
                    "title": event.title,
                    "payload": event_payload(event),
                    "asked_at": timezone.now(),
                    "state": PermissionState.ALLOWED if allowed else PermissionState.PENDING,
                    "scope": "run" if allowed else "",
                    "decider": "policy" if allowed else "",
                    "decided_at": timezone.now() if allowed else None,
                },
            )
        # Not only if it was made now: who made it may have been killed before it came to this.
        if permission.state == PermissionState.PENDING:
            self.bundle.control(
                "note",
                id=f"hold-{event.request}",
                d={"ev": "clock", "request": event.request},
                clock="hold",
            )
            run_transition(self.run, RunState.WAITING, fence=self.fence, text=event.title[:200])
