"""The contract every agent adapter keeps. One adapter is one file; `registry` knows them all.

An adapter is stateless: it says how to start the agent and makes a Decoder per Run. Of an agent
it runs only `--version`; it touches no database and no git.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agents.events import Event
from agents.journal import JournalLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    permissions: bool = False  # asks over its own protocol, `answer` works
    steering: bool = False  # takes further prompts while it works, `message` works
    snapshots_by_timer: bool = False  # no edit events: take Snapshots by time


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSpec:
    """All an adapter may know to start one Run."""

    prompt: str
    model: str = ""
    args: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    permission_mode: str = "accept_edits"  # ask, accept_edits, everything
    new_session: str = ""  # id to give a new session (UUID), where the agent takes one
    resume_session: str = ""  # id of an earlier session to go on with; empty for a first prompt
    path: str = ""  # PATH of the agent's process, to resolve argv[0]
    prompt_via: str = "stdin"  # stdin, arg, file: how a `command` agent takes its prompt
    files_dir: str = ""  # a private directory of this Run that the agent can read, for Launch.files


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)  # besides the Environment's own
    stdin: str = ""  # written at once when the process has started
    stdin_open: bool = False  # keep stdin open after it (stdio protocols); else EOF follows
    interrupt: str = ""  # written to stdin as the polite way to stop; empty: none
    files: Mapping[str, str] = field(default_factory=dict)  # absolute path -> text, written 0600


class LaunchError(Exception):
    """This prompt cannot be given to this agent; the message is one sentence for a person."""


# The code of a Run whose agent no longer knows the session it was to go on with.
SESSION_LOST = "agent.session-lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """What is found on this machine; `detail` is one sentence for a person."""

    installed: bool
    path: str = ""
    version: str = ""
    login: str = "unknown"  # found, missing, unknown
    login_source: str = ""  # e.g. "ANTHROPIC_API_KEY", "~/.claude/.credentials.json"
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """exit.json of the shim, as far as an adapter needs it."""

    code: int | None
    signal: int | None
    reason: str  # exited, stopped, killed, timeout, idle_timeout, setup_failed or why it was not started
    step: str
    detail: str = ""  # the system's words where a step could not be started


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`code` and `message` are empty on success and after a stop."""

    state: str  # succeeded, failed, stopped, timed_out
    code: str = ""
    message: str = ""


class Decoder(Protocol):
    """Turns journal lines of the agent step into events. Pure: no clock, no randomness, no I/O."""

    def feed(self, line: JournalLine) -> list[Event]: ...

    def finish(self) -> list[Event]:
        """Events still held back when the journal is complete."""
        ...

    @property
    def turn_done(self) -> bool:
        """A stdio agent has given its final result for all prompts it was sent so far."""
        ...

    @property
    def give_up(self) -> bool:
        """Going on is of no use (its login is refused again and again): interrupt the agent."""
        ...


class Adapter(Protocol):
    name: str
    capabilities: Capabilities

    def available(
        self, *, command: tuple[str, ...], env: Mapping[str, str], home: str
    ) -> Availability: ...

    def launch(self, spec: LaunchSpec) -> Launch: ...

    def decoder(self) -> Decoder: ...

    def message(self, text: str) -> str:
        """What to write to stdin to send one more prompt to a running agent."""
        ...

    def answer(self, request: Mapping[str, Any], *, allow: bool, scope: str, message: str) -> str:
        """What to write to stdin to answer a PermissionRequest; `request` is its payload."""
        ...

    def outcome(self, exit: Exit, events: Iterable[Event]) -> Outcome:
        """The verdict: success needs a final event, no error in it, and the exit code."""
        ...


def exit_outcome(exit: Exit) -> Outcome | None:
    """What the shim's exit alone says; None where the agent's own events must be asked."""
    match exit.reason:
        case "stopped" | "killed":
            return Outcome(state="stopped")
        case "timeout":
            message = "The run reached its time limit and was stopped."
            return Outcome(state="timed_out", code="run.timeout", message=message)
        case "idle_timeout":
            message = "The agent printed nothing for longer than its limit and was stopped."
            return Outcome(state="timed_out", code="run.silent", message=message)
        case "setup_failed":
            how = f"could not be started: {exit.detail}" if exit.detail else exit_phrase(exit)
            message = f"Setup failed: step {exit.step} {how}."
            return Outcome(state="failed", code="setup.failed", message=message)
        case "not_found" if exit.step != "agent":
            message = f"Setup failed: the program of step {exit.step} was not found."
            return Outcome(state="failed", code="setup.failed", message=message)
        case "not_found":
            message = "The agent's program was not found on this machine."
            return Outcome(state="failed", code="agent.not-installed", message=message)
        case "no_workspace":
            message = f"The workspace is gone, so nothing could be started in it ({exit.detail})."
            return Outcome(state="failed", code="environment.failed", message=message)
        case "start_failed":
            message = f"The agent's program could not be started: {exit.detail}."
            return Outcome(state="failed", code="agent.not-startable", message=message)
    return None


def exit_phrase(exit: Exit) -> str:
    """`ended with exit code 3`, `was ended by signal 9`."""
    if exit.signal is not None:
        return f"was ended by signal {exit.signal}"
    if exit.code is None:
        return "ended without an exit code"
    return f"ended with exit code {exit.code}"
