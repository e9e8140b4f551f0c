"""What happens in a Run, in one vocabulary for all agents (the words follow ACP).

Events are a pure function of the Run's journal: the same journal gives the same events in the same
order. They carry no sequence number of their own; the feed numbers them 1, 2, 3 … as they come.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    kind: ClassVar[str] = ""
    time: float  # seconds since the epoch, from the journal line the event was read from


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Event):
    """Text of the agent, or of a person (`role` is `agent` or `user`)."""

    kind: ClassVar[str] = "message"
    text: str
    role: str = "agent"
    stream: str = ""  # `out` or `err` where the text is plain program output (ANSI codes kept)
    by: str = ""  # the person's name where `role` is `user`
    parent: str = ""  # the ToolCall of the sub-agent that speaks; empty for the agent itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Message):
    """A person's text that was given to the agent while it worked.

    `links` are what it speaks of: words, and a path of this site.
    """

    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought(Event):
    kind: ClassVar[str] = "thought"
    text: str
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One file edit inside a tool call; `old` is None for a file written whole."""

    path: str
    old: str | None
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall(Event):
    """A tool was called. `tool` is the agent's own name for it.

    `category` is edit, read, execute, search, fetch, question or other. What an edit writes stands in `edits`
    only, not in `input` once more.
    """

    kind: ClassVar[str] = "tool_call"
    call: str
    tool: str
    category: str
    title: str  # one line: the command, the path …
    input: dict[str, Any] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUpdate(Event):
    """The result of an earlier ToolCall. `status` is `completed` or `failed`."""

    kind: ClassVar[str] = "tool_update"
    call: str
    status: str
    output: str = ""
    exit_code: int | None = None
    category: str = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEntry:
    text: str
    status: str  # pending, in_progress, completed


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Event):
    kind: ClassVar[str] = "plan"
    entries: tuple[PlanEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionRequest(Event):
    """The agent waits for a person. `request` is the id the answer must name."""

    kind: ClassVar[str] = "permission_request"
    request: str
    tool: str
    title: str
    input: dict[str, Any] = field(default_factory=dict)
    category: str = "other"
    call: str = ""  # the ToolCall it is about, where the agent says so
    edits: tuple[Edit, ...] = ()
    context: dict[str, Any] = field(default_factory=dict)  # the adapter's own, for its answer


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionAnswer(Event):
    """`decision` is `allow` or `deny`, `scope` is `once` or `run`.

    `by` is a person's name, `policy`, `timeout`, or `agent` where the agent withdrew the request.
    """

    kind: ClassVar[str] = "permission_answer"
    request: str
    decision: str
    scope: str = "once"
    message: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(Event):
    """Totals of the Run so far. Unknown is None, never 0.

    `cost_source` is `agent`, or empty while the cost is unknown.
    """

    kind: ClassVar[str] = "usage"
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cost_usd: float | None = None
    cost_source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Error(Event):
    """`code` is stable (`agent.auth`, `agent.api`, …).

    A fatal error ended the agent's turn: the Run fails unless a later turn succeeds.
    """

    kind: ClassVar[str] = "error"
    code: str
    message: str
    fatal: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Event):
    """Something about the Run itself. `state` is a short word.

    setup, agent (a step began), step-end, stopping, session, turn (the agent's turn is over,
    `data.ok` and `data.interrupted` say how), working (it began another one), interrupted, warning, and what an agent
    says about itself (compacted …).
    """

    kind: ClassVar[str] = "state"
    state: str
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTaken(Event):
    kind: ClassVar[str] = "snapshot"
    commit: str
    files_changed: int
    insertions: int
    deletions: int
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Event):
    """The last event of a Run: its final state, and the failure's code or an empty one."""

    kind: ClassVar[str] = "end"
    state: str
    code: str = ""
    message: str = ""
    exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw(Event):
    """A line that no decoder knows. Kept, never dropped."""

    kind: ClassVar[str] = "raw"
    text: str
    stream: str = "out"


def event_payload(event: Event) -> dict[str, Any]:
    """The event as plain JSON data, `kind` first."""
    return {"kind": event.kind, **asdict(event)}
