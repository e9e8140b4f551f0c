"""Trying an agent: it is started once, as a Run would start it, with a question that costs next to nothing.

Nothing of it is kept but what came of it, and that for a day, in the cache: it is about this machine as it is now.
The shim's own limit ends an agent whose worker was killed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import redis
from django.core.cache import cache

from agents.adapters.base import Adapter, LaunchError, LaunchSpec, Outcome
from agents.adapters.registry import adapter_get
from agents.bundle import Bundle, BundleError, BundleSpec, Limits, Step, shim_launch
from agents.decode import RunDecoder
from agents.events import Event, Message, PermissionRequest, event_payload
from agents.journal import JournalReader
from agents.models import AgentProfile
from agents.redact import Redactor
from agents.selectors import profile_get
from orchestrator.environments.registry import kind_get
from orchestrator.git.run import git
from orchestrator.lib import paths, queue
from orchestrator.lib.errors import AppError, Conflict
from orchestrator.services.launching import profile_secrets
from orchestrator.services.run_ending import exit_of
from orchestrator.states import Isolation

PROMPT = "This is a test. Answer with the one word “ready”. Use no tools and change no files.\n"
NOT_NOW = "This is only a test: nothing is to be done."
LIMIT_S = 60.0
LATE_S = 30.0  # for all that is not the agent's own time
KEPT_S = 24 * 3600
LINES = 6
LINE_CHARS = 300
_TICK_S = 0.1

RUNNING, SUCCEEDED, FAILED = "running", "succeeded", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of it. `lines` are the first of the answer, or the last before it failed."""

    state: str
    began_at: float
    took_s: float = 0.0
    code: str = ""
    message: str = ""
    lines: tuple[str, ...] = ()


def trial_get(profile: AgentProfile) -> Trial | None:
    try:
        found = cache.get(_key(profile.pk))
    except redis.RedisError:
        found = None  # a page says less without it, and is not broken
    if found is None:
        return None
    trial = Trial(**{**found, "lines": tuple(found["lines"])})
    if trial.state == RUNNING and time.time() - trial.began_at > LIMIT_S + LATE_S:
        message = "Nothing has come of it. Is the worker running? Try again."
        return Trial(state=FAILED, began_at=trial.began_at, code="agent.not-tried", message=message)
    return trial


def trial_start(*, profile: AgentProfile) -> Trial:
    """Ask for it; one at a time per agent."""
    present = trial_get(profile)
    if present is not None and present.state == RUNNING:
        raise Conflict("agent.being-tried", f"“{profile.name}” is being tried already.")
    trial = Trial(state=RUNNING, began_at=time.time())
    _put(profile.pk, trial)
    queue.enqueue("orchestrator.agent_try", agent_id=profile.pk)
    return trial


def trial_run(*, agent_id: int) -> None:
    """Start the agent and wait for its end; as a job."""
    profile = profile_get(agent_id)
    if profile is None:
        return
    began_at = time.time()
    root = paths.data_dir() / "trials"
    root.mkdir(mode=0o700, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=root))
    try:
        outcome, lines = _try(profile, scratch)
    except (AppError, LaunchError, BundleError, OSError) as exc:
        code = exc.code if isinstance(exc, AppError) else "agent.not-startable"
        outcome, lines = Outcome(state=FAILED, code=code, message=str(exc)), []
    finally:
        shutil.rmtree(scratch)
    good = outcome.state == SUCCEEDED
    _put(
        agent_id,
        Trial(
            state=SUCCEEDED if good else FAILED,
            began_at=began_at,
            took_s=time.time() - began_at,
            code=outcome.code,
            message=outcome.message,
            lines=tuple(line[:LINE_CHARS] for line in (lines[:LINES] if good else lines[-LINES:])),
        ),
    )


def _try(profile: AgentProfile, scratch: Path) -> tuple[Outcome, list[str]]:
    workspace = scratch / "workspace"
    git("init", "--quiet", "--template=", "--", str(workspace))
    adapter, secrets = adapter_get(profile.adapter), profile_secrets(profile)
    spec = _bundle_spec(profile, adapter, secrets, workspace=workspace)
    bundle = Bundle.create(scratch / "bundles", spec)
    shim_launch(bundle)
    try:
        return _follow(bundle, adapter, Redactor(secrets.values()))
    finally:
        bundle.terminate()
        bundle.kill_processes()


def _bundle_spec(
    profile: AgentProfile, adapter: Adapter, secrets: Mapping[str, str], *, workspace: Path
) -> BundleSpec:
    env = kind_get(Isolation.WORKTREE).environment(server=os.environ)
    trial_id = uuid.uuid4()
    files_dir = workspace.with_name("files")
    launch = adapter.launch(
        LaunchSpec(
            prompt=PROMPT,
            model=profile.model,
            args=tuple(profile.args),
            command=tuple(profile.command),
            permission_mode=profile.permission_mode,
            new_session=str(trial_id),
            path=env["PATH"],
            prompt_via=profile.prompt_via,
            files_dir=str(files_dir),
        )
    )
    for name, text in launch.files.items():
        files_dir.mkdir(mode=0o700, exist_ok=True)
        Path(name).write_text(text)
    agent = Step(
        name="agent",
        argv=launch.argv,
        cwd=str(workspace),
        env=env | dict(profile.env) | dict(secrets) | dict(launch.env),
        stdin=launch.stdin,
        stdin_open=launch.stdin_open,
    )
    limits = Limits(wall_s=LIMIT_S, idle_s=LIMIT_S)
    return BundleSpec(id=trial_id.hex, steps=(agent,), limits=limits, interrupt=launch.interrupt)


def _follow(bundle: Bundle, adapter: Adapter, redactor: Redactor) -> tuple[Outcome, list[str]]:
    """To the end, which the shim brings about in time."""
    decoder, reader = RunDecoder(adapter), JournalReader(bundle.journal_path)
    events: list[Event] = []
    told: set[str] = set()

    def tell(op: str, key: str, **fields: Any) -> None:
        if key not in told:
            told.add(key)
            bundle.control(op, id=key, **fields)

    deadline = time.monotonic() + LIMIT_S + LATE_S
    while True:
        exited = bundle.exit()  # before the read: then an empty read is the end
        lines = reader.read()
        fresh = [e for line in lines for e in redactor.stream(decoder.feed(line))]
        events += fresh
        for event in fresh:
            if isinstance(event, PermissionRequest):
                text = adapter.answer(
                    event_payload(event), allow=False, scope="once", message=NOT_NOW
                )
                tell("stdin", f"no-{event.request}", text=text)
        if lines:
            continue
        if exited is not None:
            events += redactor.stream(decoder.finish())
            return adapter.outcome(exit_of(exited), events), _said(events)
        if decoder.give_up:
            tell("stop", "stop")
        elif decoder.turn_done:
            tell("eof", "eof")
        lost = not bundle.shim_alive() and bundle.exit() is None
        if lost or time.monotonic() > deadline:
            message = "The agent's supervisor was killed, or did not end the agent in time."
            return Outcome(state=FAILED, code="run.lost", message=message), _said(events)
        time.sleep(_TICK_S)


def _said(events: list[Event]) -> list[str]:
    texts = [e.text for e in events if isinstance(e, Message) and e.role == "agent"]
    return [line for text in texts for line in text.splitlines() if line.strip()]


def _put(agent_id: int, trial: Trial) -> None:
    cache.set(_key(agent_id), asdict(trial), timeout=KEPT_S)


def _key(agent_id: int) -> str:
    return f"agent-trial:{agent_id}"
