"""A Variant's running app: asked for by people or after a Run, launched by a job, watched by the worker."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from agents.bundle import Bundle, BundleSpec, Limits, ShimError, Step, shim_launch
from agents.journal import JournalReader, join_parts
from orchestrator.lib import paths, queue
from orchestrator.lib.errors import AppError, Conflict, Unavailable
from orchestrator.lib.live import publish
from orchestrator.models import Environment, Preview, Variant
from orchestrator.previews.readiness import preview_port_free
from orchestrator.services import activity, environments, setups
from orchestrator.states import PREVIEW_SOURCES, EnvironmentState, PreviewState

PORT_WAIT_S = 12.0
AUTOSTART_LATE = timedelta(seconds=10)
LOG_READ_BYTES = 256 * 1024


def preview_start(*, user: User | None, variant: Variant) -> Preview:
    """Ask for the app to be started; does nothing if it is running or starting already."""
    _startable(variant)
    preview, _ = Preview.objects.get_or_create(variant=variant)
    with transaction.atomic():
        bundle = uuid.uuid4()
        started = preview_transition(
            preview,
            PreviewState.STARTING,
            user=user,
            bundle=bundle,
            port=variant.environment.port_base,
            host=variant.environment.host,
            commit=variant.head_commit,
            failure_code="",
            failure_message="",
            requested_at=timezone.now(),
            ready_at=None,
            ended_at=None,
        )
        if started:
            queue.enqueue("orchestrator.preview_start", variant_id=variant.pk, bundle=bundle.hex)
    return preview


def _startable(variant: Variant) -> None:
    if variant.archived_at:
        raise Conflict("variant.archived", "This variant is archived; its workspace is gone.")
    environment = Environment.objects.filter(variant=variant).first()
    made = environment is not None and environment.state != EnvironmentState.NONE
    if not made and not variant.composed:
        raise Conflict("preview.no-workspace", "The variant has no workspace yet.")
    settings = environments.settings_at(variant, commit=_settings_commit(variant))
    if not settings.preview.command:
        raise Conflict(
            "preview.not-configured",
            "The project has no preview command. Add one in the project's settings, "
            "or as [preview] command in .bakeoff.toml.",
        )
    # No Run has made the workspace of a composed Variant: its first preview does.
    environments.environment_reserve(variant)


def _settings_commit(variant: Variant) -> str:
    return variant.head_commit or variant.task.spec.base_commit


def preview_stop(*, user: User | None, variant: Variant) -> Preview:
    Preview.objects.get_or_create(variant=variant)
    with transaction.atomic():
        # Locked: it must be the app of this very start that is stopped.
        preview = Preview.objects.select_for_update().get(variant=variant)
        stopped = preview_transition(
            preview, PreviewState.STOPPED, user=user, ended_at=timezone.now()
        )
    if stopped:
        bundle_stop(preview.bundle)
    return preview


def preview_restart(*, user: User | None, variant: Variant) -> Preview:
    preview_stop(user=user, variant=variant)
    return preview_start(user=user, variant=variant)


# What a person may ask for, by its name in forms and in the API.
ACTIONS = {"start": preview_start, "stop": preview_stop, "restart": preview_restart}


def preview_autostart(*, variant_id: int) -> None:
    """After a Run that succeeded: start the app, or start it anew on what has changed, if the project says so.

    What was done already is not done again by a late message: a person may have stopped the app since.
    """
    due = Variant.objects.filter(pk=variant_id, autostart_due_at__isnull=False)
    variant = due.select_related("task__project", "task__spec", "agent").first()
    if variant is None:
        return
    try:
        _autostart(variant)
    except AppError as exc:
        activity.record(verb="preview.not-started", variant=variant, text=exc.message)
    due.update(autostart_due_at=None)


def _autostart(variant: Variant) -> None:
    settings = environments.settings_at(variant, commit=_settings_commit(variant))
    if not settings.preview.command or not settings.preview.autostart:
        return
    preview = Preview.objects.filter(variant=variant).first()
    if preview and preview.state == PreviewState.READY and preview.commit != variant.head_commit:
        preview_restart(user=None, variant=variant)
    else:
        preview_start(user=None, variant=variant)


def autostarts_sweep() -> None:
    """Apps that are to start by themselves and whose message was lost."""
    late = timezone.now() - AUTOSTART_LATE
    for variant_id in Variant.objects.filter(
        autostart_due_at__lt=late, task__project__host=paths.host_id()
    ).values_list("pk", flat=True):
        queue.enqueue("orchestrator.preview_autostart", variant_id=variant_id)


def preview_launch(*, variant_id: int, bundle_id: str) -> None:
    """Start the shim of a preview that is to start; a repeated or outdated message changes nothing."""
    preview = (
        Preview.objects.select_related("variant__task__project", "variant__task__spec")
        .select_related("variant__agent")
        .filter(
            variant_id=variant_id,
            bundle=uuid.UUID(bundle_id),
            state=PreviewState.STARTING,
        )
        .first()
    )
    if preview is None:
        return
    try:
        spec = _bundle_spec(preview, environments.environment_ensure(preview.variant))
        _port_wait(preview)
        bundle = Bundle.create(paths.bundles_dir(), spec)
        # Whoever stops it from here on finds the bundle to tell; who did before is seen here.
        if _still_starting(preview):
            shim_launch(bundle)
    except (AppError, ShimError, OSError) as exc:
        preview_transition(
            preview,
            PreviewState.FAILED,
            bundle_is=preview.bundle,
            failure_code=exc.code if isinstance(exc, AppError) else "preview.failed",
            failure_message=exc.message if isinstance(exc, AppError) else f"{exc}",
            ended_at=timezone.now(),
        )


def _still_starting(preview: Preview) -> bool:
    return Preview.objects.filter(
        pk=preview.pk, bundle=preview.bundle, state=PreviewState.STARTING
    ).exists()


def _port_wait(preview: Preview) -> None:
    """The app that was there a moment ago may still be ending."""
    bundle = Bundle(paths.bundle_dir(preview.bundle.hex))
    deadline = time.monotonic() + PORT_WAIT_S
    # Launched already, perhaps meanwhile by a repeated message: then it is this app that has the port.
    while not bundle.path.exists() and not preview_port_free(preview.port):
        if time.monotonic() > deadline:
            raise Unavailable(
                "preview.port-busy",
                f"Port {preview.port} is used by another program. End it, then start again.",
            )
        time.sleep(0.1)


def _bundle_spec(preview: Preview, environment: Environment) -> BundleSpec:
    variant = preview.variant
    settings = environments.settings_at(variant, commit=_settings_commit(variant))
    env = environments.process_environment(variant, environment, settings)
    key = setups.setup_due(environment, settings)
    Preview.objects.filter(pk=preview.pk, bundle=preview.bundle).update(setup_key=key)
    setup = settings.setup if key else ()
    commands = [(f"setup-{n}" if n > 1 else "setup", c) for n, c in enumerate(setup, 1)]
    commands.append(("preview", settings.preview.command))
    return BundleSpec(
        id=preview.bundle.hex,
        steps=tuple(
            Step(name=name, argv=("sh", "-c", command), cwd=environment.path, env=env)
            for name, command in commands
        ),
        limits=Limits(),
    )


def preview_transition(
    preview: Preview,
    to: PreviewState,
    *,
    user: User | None = None,
    bundle_is: uuid.UUID | None = None,
    **fields: Any,
) -> bool:
    """Guarded: False if the preview has moved on, or is another start than `bundle_is`."""
    rows = Preview.objects.filter(pk=preview.pk, state__in=PREVIEW_SOURCES[to])
    if bundle_is is not None:
        rows = rows.filter(bundle=bundle_is)
    with transaction.atomic():
        if not rows.update(state=to, **fields):
            preview.refresh_from_db()
            return False
        activity.record(
            verb=f"preview.{to}",
            user=user,
            variant=preview.variant,
            source_state=preview.state,
            state=to,
            text=str(fields.get("failure_message", "")),
        )
        publish(f"task:{preview.variant.task_id}")
    preview.refresh_from_db()
    return True


def bundle_stop(bundle_id: uuid.UUID) -> None:
    bundle = Bundle(paths.bundle_dir(bundle_id.hex))
    if bundle.path.exists():
        bundle.control("stop", id="stop")


def preview_log(preview: Preview, *, limit: int = 200) -> list[str]:
    """The last lines that setup and app have printed."""
    journal = paths.bundle_dir(preview.bundle.hex) / "journal.jsonl"
    try:
        size = journal.stat().st_size
    except FileNotFoundError:
        return []
    reader = JournalReader(journal, offset=_line_start(journal, max(0, size - LOG_READ_BYTES)))
    lines: list[str] = []
    while entries := reader.read():
        lines += [join_parts([entry]) for entry in entries if entry.s in ("out", "err")]
    return lines[-limit:]


def _line_start(journal: Path, offset: int) -> int:
    """The start of the first whole line at or behind `offset`."""
    if not offset:
        return 0
    with journal.open("rb") as file:
        file.seek(offset - 1)
        return offset - 1 + len(file.readline())


def previews_stop_all() -> int:
    """Stop every app of this host; returns how many."""
    running = Preview.objects.filter(
        host=paths.host_id(), state__in=[PreviewState.STARTING, PreviewState.READY]
    ).select_related("variant__task__project")
    return sum(
        preview_stop(user=None, variant=preview.variant).state == PreviewState.STOPPED
        for preview in running
    )
