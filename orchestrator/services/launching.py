"""From a claimed Run to a running shim. Each step may be repeated; a killed worker's Run is started by the sweep."""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path

from django.db import InterfaceError, OperationalError

from agents.adapters.base import LaunchError, LaunchSpec
from agents.adapters.registry import adapter_get
from agents.bundle import Bundle, BundleSpec, Limits, ShimError, Step, shim_launch
from agents.models import AgentProfile, Login
from agents.secrets import SecretsUnreadableError, secrets_decrypt, secrets_encrypt
from orchestrator.lib import paths
from orchestrator.lib.disk import FULL, says_full
from orchestrator.lib.errors import AppError, Invalid
from orchestrator.models import Environment, Run
from orchestrator.services import environments, setups
from orchestrator.services.run_states import lease_take, run_transition
from orchestrator.states import RunState

log = logging.getLogger(__name__)

REMADE = "The workspace was gone. It was made again from the last snapshot, without ignored files."

_starting: set[str] = set()  # Runs this process is starting now: a message may come twice
_starting_lock = threading.Lock()


def run_start(*, run_id: str) -> bool:
    """Make the Environment, write the Bundle, launch the shim; False if this is not ours to do."""
    with _starting_lock:
        if run_id in _starting:
            return False
        _starting.add(run_id)
    try:
        return _start(run_id)
    finally:
        _starting.discard(run_id)


def _start(run_id: str) -> bool:
    run = Run.objects.select_related(
        "variant__task__project", "variant__task__spec", "variant__agent"
    ).get(pk=uuid.UUID(run_id))
    if run.state != RunState.PREPARING or run.host != paths.host_id() or not lease_take(run):
        return False
    fence = run.fence
    try:
        if run.stop_requested_at:
            run_transition(run, RunState.STOPPED, fence=fence, text="before it began")
            return False
        bundle = Bundle(paths.bundle_dir(run_id))
        if bundle.shim() is not None or bundle.exit() is not None:
            return True  # launched by a worker that was killed then; what became of it is for the follower
        lost = environments.workspace_lost(run.variant)
        environment = environments.environment_ensure(run.variant)
        spec = bundle_spec(run, environment)
        Run.objects.filter(pk=run.pk, fence=fence).update(
            secrets_encrypted=run.secrets_encrypted, setup_key=run.setup_key
        )
        bundle = Bundle.create(paths.bundles_dir(), spec)
        if lost:
            bundle.control("note", id="workspace-lost", d={"ev": "warning", "text": REMADE})
        shim_launch(bundle)
    except (OperationalError, InterfaceError):
        raise  # the database's trouble is not the Run's: the sweep starts it again
    except Exception as exc:  # noqa: BLE001
        # Whatever went wrong, the Run must say so and free its slot.
        code, message = _failure(exc)
        _bundle_give_up(Bundle(paths.bundle_dir(run_id)))
        run_transition(
            run,
            RunState.FAILED,
            fence=fence,
            failure_code=code,
            failure_message=message,
        )
        return False
    return True


def _failure(exc: Exception) -> tuple[str, str]:
    if isinstance(exc, AppError):
        return exc.code, exc.message
    if isinstance(exc, LaunchError):
        return "agent.not-startable", str(exc)
    if says_full(exc):
        return "disk.full", FULL
    if isinstance(exc, OSError):
        return (
            "environment.failed",
            f"The environment could not be made: {exc.strerror or exc}.",
        )
    log.exception("a run could not be started")
    if isinstance(exc, ShimError):
        return "environment.failed", f"The agent's supervisor did not start: {exc}."
    return (
        "environment.failed",
        f"The environment could not be made: {type(exc).__name__}: {exc}.",
    )


def _bundle_give_up(bundle: Bundle) -> None:
    try:
        bundle.give_up()
    except OSError:
        log.exception("what was left of run %s could not be ended", bundle.id)


def _files_write(files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)


def bundle_spec(run: Run, environment: Environment) -> BundleSpec:
    """The steps of a Run: the project's setup, then the agent. Fills in the Run's secrets and its setup's key."""
    variant, profile = run.variant, run.variant.agent
    settings = environments.settings_at(variant, commit=variant.task.spec.base_commit)
    env = environments.process_environment(variant, environment, settings)
    secrets = profile_secrets(profile)
    run.secrets_encrypted = secrets_encrypt(secrets)
    adapter = adapter_get(profile.adapter)
    new_session = str(uuid.uuid5(uuid.NAMESPACE_OID, run.id.hex))  # the same when repeated
    launch = adapter.launch(
        LaunchSpec(
            prompt=run.prompt,
            model=variant.model,
            args=tuple(profile.args),
            command=tuple(profile.command),
            permission_mode=profile.permission_mode,
            new_session=new_session,
            resume_session=run.resumes,
            path=env["PATH"],
            prompt_via=profile.prompt_via,
            files_dir=str(paths.run_files_dir(run.id.hex)),
        )
    )
    _files_write(launch.files)
    run.setup_key = setups.setup_due(environment, settings)
    steps = tuple(
        Step(
            name="setup" if n == 1 else f"setup-{n}",
            argv=("sh", "-c", command),
            cwd=environment.path,
            env=env,
        )
        for n, command in enumerate(settings.setup if run.setup_key else (), 1)
    )
    agent = Step(
        name="agent",
        argv=launch.argv,
        cwd=environment.path,
        env=env | dict(profile.env) | secrets | dict(launch.env),
        stdin=launch.stdin,
        stdin_open=launch.stdin_open,
    )
    return BundleSpec(
        id=run.id.hex,
        steps=(*steps, agent),
        limits=Limits(
            wall_s=float(variant.task.timeout_s or profile.timeout_s),
            idle_s=float(profile.idle_timeout_s),
        ),
        interrupt=launch.interrupt,
    )


def profile_secrets(profile: AgentProfile) -> dict[str, str]:
    """The secret part of an agent's environment: stored secrets, and the server variables it may have."""
    try:
        secrets = secrets_decrypt(profile.secrets_encrypted)
    except SecretsUnreadableError as exc:
        raise Invalid("agent.secrets", str(exc)) from exc
    if profile.login == Login.ENV:
        secrets |= {name: os.environ[name] for name in profile.login_env if name in os.environ}
    return secrets
