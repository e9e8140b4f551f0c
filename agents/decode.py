"""A Run's journal into events: the agent's lines through its adapter, the rest by what it is.

Pure: the same journal gives the same events, however it is cut into feeds.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

from agents import events as ev
from agents.adapters.base import Adapter
from agents.adapters.fields import get_int, get_str
from agents.clean import clean_json, clean_text
from agents.journal import JournalLine, join_parts

AGENT_STEP = "agent"
# An agent that never ends its line must not fill the memory of who reads it.
LINE_LIMIT = 32 * 1024 * 1024
LINE_CUT = "A line of over 32 MB was cut here; the journal on the server holds all of it."
STOP_REASONS = {
    "control": "Stopping the agent.",
    "timeout": "The time limit is reached: stopping the agent.",
    "idle_timeout": "Nothing was printed for longer than the limit: stopping the agent.",
}


class RunDecoder:
    """Feed it every journal line of one Run, in order, from the first."""

    def __init__(self, adapter: Adapter) -> None:
        self._decoder = adapter.decoder()
        self._parts: dict[tuple[str, str], list[JournalLine]] = {}
        self._held: Counter[tuple[str, str]] = Counter()  # how long the parts are together
        self._cut: set[tuple[str, str]] = (
            set()
        )  # streams whose present line was longer than the limit

    @property
    def turn_done(self) -> bool:
        return self._decoder.turn_done

    @property
    def give_up(self) -> bool:
        return self._decoder.give_up

    def feed(self, line: JournalLine) -> list[ev.Event]:
        if line.s == "sys":
            return [*self._ended(line), *sys_events(line)]
        if not isinstance(line.d, str):
            return [ev.Raw(time=line.t, text=json.dumps(clean_json(line.d)), stream=line.s)]
        key = (line.step, line.s)
        if key in self._cut:
            if not line.more:
                self._cut.discard(key)
            return []
        self._parts.setdefault(key, []).append(line)
        self._held[key] += len(line.d)
        if not line.more:
            return self._complete(key)
        if self._held[key] < LINE_LIMIT:
            return []
        self._cut.add(key)
        return [*self._complete(key), ev.State(time=line.t, state="warning", text=LINE_CUT)]

    def finish(self) -> list[ev.Event]:
        """What is still held back, once the journal is complete: a torn last line, a last error."""
        return [*self._flush(None), *self._decoder.finish()]

    def _ended(self, line: JournalLine) -> list[ev.Event]:
        """An agent that is gone finishes no line, and takes back no error."""
        if not isinstance(line.d, dict) or line.d.get("ev") not in ("step-end", "end"):
            return []
        if line.d["ev"] == "end":
            return self.finish()
        held = self._decoder.finish() if line.step == AGENT_STEP else []
        return [*self._flush(line.step), *held]

    def _flush(self, step: str | None) -> list[ev.Event]:
        keys = [key for key in self._parts if step is None or key[0] == step]
        return [event for key in keys for event in self._complete(key)]

    def _complete(self, key: tuple[str, str]) -> list[ev.Event]:
        parts = self._parts.pop(key)
        del self._held[key]
        text = clean_text(join_parts(parts))
        line = replace(parts[-1], d=text, more=False)
        if line.step == AGENT_STEP:
            return self._decoder.feed(line)
        if line.s == "in":
            return []
        return [ev.Message(time=line.t, text=text, stream=line.s)]


def sys_events(line: JournalLine) -> list[ev.Event]:
    """What the shim and the worker wrote into the journal about the Run."""
    data: dict[str, Any] = clean_json(line.d) if isinstance(line.d, dict) else {}
    time = line.t
    match get_str(data, "ev"):
        case "step-start":
            return _step_start(data, line.step, time)
        case "step-end":
            return _step_end(data, line.step, time)
        case "stop":
            by = get_str(data, "by")
            text = STOP_REASONS.get(by, "Stopping the agent.")
            return [ev.State(time=time, state="stopping", text=text, data={"by": by})]
        case "snapshot":
            return [_snapshot(data, time)]
        case "permission-answer":
            return [_permission_answer(data, time)]
        case "user-message":
            return [_asked(data, time)]
        case "eof" | "clock":  # of the shim's own: the end of input, the clocks held or released
            return []
        case "stdin-refused":
            text = "The agent had closed its input: what was written to it did not arrive."
            return [ev.State(time=time, state="warning", text=text)]
        case "leftover":
            names = data.get("names")
            shown = ", ".join(str(name) for name in names) if isinstance(names, list) else ""
            text = f"Ended what the agent had left running: {shown}."
            return [ev.State(time=time, state="leftover", text=text)]
        case "warning":
            return [ev.State(time=time, state="warning", text=get_str(data, "text"))]
        case "end":
            return [_end(data, time)]
    return [ev.Raw(time=time, text=json.dumps(data or clean_json(line.d)), stream="sys")]


def _step_start(data: dict[str, Any], step: str, time: float) -> list[ev.Event]:
    name = get_str(data, "step") or step
    argv = data.get("argv")
    command = [word for word in argv if isinstance(word, str)] if isinstance(argv, list) else []
    if name == AGENT_STEP:
        if data.get("pid", 0) is None:
            return []  # it could not be started, as its end says
        return [ev.State(time=time, state="agent", text="The agent has started.")]
    # `sh -c COMMAND` is how setup commands are started; the command says more than the shell.
    is_shell = len(command) > 2 and command[1] in ("-c", "-lc", "-ec")
    text = command[2] if is_shell else " ".join(command)
    state = "setup" if name.startswith("setup") else name
    return [ev.State(time=time, state=state, text=text, data={"step": name})]


def _step_end(data: dict[str, Any], step: str, time: float) -> list[ev.Event]:
    name = get_str(data, "step") or step
    code, signal = data.get("code"), data.get("signal")
    about = {"step": name, "code": code, "signal": signal}
    found: list[ev.Event] = [ev.State(time=time, state="step-end", data=about)]
    # One that was stopped, or had no time left, has not failed: the end of the run says what became of it.
    by_itself = get_str(data, "reason") in ("", "exited")
    if name.startswith("setup") and (code != 0 or signal) and by_itself:
        how = f"was ended by signal {signal}" if signal else f"ended with exit code {code}"
        message = f"Setup failed: step {name} {how}."
        found.append(ev.Error(time=time, code="setup.failed", message=message))
    return found


def _snapshot(data: dict[str, Any], time: float) -> ev.SnapshotTaken:
    excluded = data.get("excluded")
    return ev.SnapshotTaken(
        time=time,
        commit=get_str(data, "commit"),
        files_changed=get_int(data, "files_changed") or 0,
        insertions=get_int(data, "insertions") or 0,
        deletions=get_int(data, "deletions") or 0,
        excluded=tuple(str(item) for item in excluded) if isinstance(excluded, list) else (),
    )


def _asked(data: dict[str, Any], time: float) -> ev.Asked:
    links = data.get("links")
    pairs = links if isinstance(links, list) else []
    return ev.Asked(
        time=time,
        text=get_str(data, "text"),
        role="user",
        by=get_str(data, "by"),
        links=tuple(
            (str(pair[0]), str(pair[1]))
            for pair in pairs
            if isinstance(pair, list) and len(pair) == 2
        ),
    )


def _permission_answer(data: dict[str, Any], time: float) -> ev.PermissionAnswer:
    return ev.PermissionAnswer(
        time=time,
        request=get_str(data, "request"),
        decision="allow" if get_str(data, "decision") == "allow" else "deny",
        scope="run" if get_str(data, "scope") == "run" else "once",
        message=get_str(data, "message"),
        by=get_str(data, "by"),
    )


def _end(data: dict[str, Any], time: float) -> ev.End:
    return ev.End(
        time=time,
        state=get_str(data, "state"),
        code=get_str(data, "code"),
        message=get_str(data, "message"),
        exit_code=get_int(data, "exit_code"),
    )
