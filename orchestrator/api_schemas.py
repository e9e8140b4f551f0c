"""What the JSON API takes and gives, as types: they check the input and make the OpenAPI description."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import BaseModel

from orchestrator.states import Isolation

Count = Annotated[int, Field(ge=1, le=16)]
Seconds = Annotated[int, Field(ge=1, le=7 * 24 * 3600)]
SHORT = 2_000


class Body(BaseModel):
    """An object that is sent. No Schema: that reads attributes of anything, and where all its fields
    have defaults, `false` would be an object that says nothing.
    """


class ErrorOut(Schema):
    code: str
    message: str
    details: dict[str, Any] = {}


class ProjectIn(Body):
    name: Annotated[str, Field(max_length=SHORT)] = ""
    source: Annotated[str, Field(max_length=SHORT)]
    default_branch: Annotated[str, Field(max_length=SHORT)] = ""
    settings: dict[str, Any] = {}


class ProjectPatch(Body):
    """`source` is the corrected address of a project that could not be imported."""

    source: Annotated[str, Field(max_length=2000)] = ""
    name: Annotated[str, Field(max_length=SHORT)] = ""
    default_branch: Annotated[str, Field(max_length=SHORT)] = ""
    settings: dict[str, Any] = {}


class FailureOut(Schema):
    code: str
    message: str
    last_lines: list[str]


class ProjectOut(Schema):
    id: int
    url: str
    name: str
    source: str
    default_branch: str
    settings: dict[str, Any]
    state: str
    failure: FailureOut | None
    fetched_at: datetime | None
    created_at: datetime


class AgentIn(Body):
    name: Annotated[str, Field(max_length=SHORT)]
    adapter: Annotated[str, Field(max_length=SHORT)]
    command: list[str] = []
    prompt_via: str = "stdin"
    args: list[str] = []
    env: dict[str, str] = {}
    secrets: dict[str, str] = {}
    model: Annotated[str, Field(max_length=SHORT)] = ""
    permission_mode: str = "accept_edits"
    login: str = "own"
    login_env: list[str] = []
    timeout_s: Seconds = 3600
    idle_timeout_s: Seconds = 900
    answer_timeout_s: Seconds = 86_400


class AgentPatch(Body):
    """Only the fields that are sent are changed; of `secrets` the named ones, null removes one."""

    command: list[str] = []
    prompt_via: str = ""
    args: list[str] = []
    env: dict[str, str] = {}
    secrets: dict[str, str | None] = {}
    model: Annotated[str, Field(max_length=SHORT)] = ""
    permission_mode: str = ""
    login: str = ""
    login_env: list[str] = []
    timeout_s: Seconds = 3600
    idle_timeout_s: Seconds = 900
    answer_timeout_s: Seconds = 86_400


class AvailabilityOut(Schema):
    installed: bool
    path: str
    version: str
    login: str
    login_source: str
    detail: str


class TrialOut(Schema):
    state: str  # running, succeeded, failed
    began_at: float
    took_s: float
    code: str
    message: str
    lines: list[str]


class TryOut(AvailabilityOut):
    trial: TrialOut | None


class AgentOut(Schema):
    id: int
    name: str
    adapter: str
    command: list[str]
    prompt_via: str
    args: list[str]
    env: dict[str, str]
    secret_names: list[str]
    model: str
    permission_mode: str
    login: str
    login_env: list[str]
    timeout_s: int
    idle_timeout_s: int
    answer_timeout_s: int
    archived: bool
    created_at: datetime


class VariantIn(Body):
    agent: Annotated[str, Field(max_length=SHORT)]
    model: Annotated[str, Field(max_length=SHORT)] = ""
    isolation: str = Isolation.WORKTREE
    strategy: str = ""
    count: Count = 1


class TaskIn(Body):
    project: int | str
    title: str
    spec: str
    base: Annotated[str, Field(max_length=SHORT)] = ""
    rubric: str = ""
    variants: Annotated[list[VariantIn], Field(min_length=1, max_length=16)]
    budget_usd: Decimal | None = None
    timeout_s: int | None = None


class UsageOut(Schema):
    """What is not known is null, never 0."""

    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    cost_usd: float | None
    cost_source: str | None


class RunBriefOut(Schema):
    id: str
    number: int
    state: str
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    elapsed_s: float | None  # at work, without what it waited for a person
    waited_s: float
    exit_code: int | None
    last_seq: int
    failure: FailureOut | None
    usage: UsageOut


class PermissionOut(Schema):
    request: str
    tool: str
    title: str
    state: str
    scope: str
    message: str
    decided_by: str
    asked_at: datetime
    decided_at: datetime | None


class RunOut(RunBriefOut):
    task: int
    variant: int
    letter: str
    prompt: str
    agent: str
    agent_version: str
    session: str
    permissions: list[PermissionOut]


class PreviewOut(Schema):
    """`url` is there while the app answers."""

    state: str
    url: str | None
    port: int | None
    failure: FailureOut | None


class VariantOut(Schema):
    id: int
    task: int
    url: str
    letter: str
    color: str
    state: str
    agent: str
    model: str
    isolation: str
    strategy: str
    composed: bool
    branch: str
    head_commit: str | None
    files_changed: int
    insertions: int
    deletions: int
    elapsed_s: float | None
    waited_s: float
    usage: UsageOut
    preview: PreviewOut
    runs: list[RunBriefOut]
    created_at: datetime


class TaskBriefOut(Schema):
    id: int
    url: str
    project: int
    title: str
    state: str
    base_branch: str
    base_commit: str
    merged_variant: str | None
    usage: UsageOut
    created_at: datetime


class VariantBriefOut(Schema):
    id: int
    letter: str
    color: str
    state: str
    agent: str
    model: str
    files_changed: int
    insertions: int
    deletions: int


class TaskRowOut(TaskBriefOut):
    variants: list[VariantBriefOut]


class TaskOut(TaskBriefOut):
    spec: str
    spec_sha256: str
    rubric: str
    budget_usd: float | None
    timeout_s: int | None
    variants: list[VariantOut]


class MessageIn(Body):
    text: str


class MessageOut(Schema):
    """`state`: queued (waits for the agent), held (a stop came first: goes along with the next message),
    steered (the agent has it), run (became the Run `run`).
    """

    id: int
    variant: int
    text: str
    state: str
    run: str | None
    created_at: datetime


class PermissionIn(Body):
    decision: Literal["allow", "deny"]
    scope: Literal["once", "run"] = "once"
    message: str = ""


class PreviewIn(Body):
    action: Literal["start", "stop", "restart"]


class EventsOut(Schema):
    """`ended`: nothing will come after `last_seq`."""

    events: list[dict[str, Any]]
    last_seq: int
    ended: bool
