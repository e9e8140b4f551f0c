"""Watching previews: one loop per worker process turns what their shims and ports show into states."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from agents.bundle import Bundle
from agents.journal import JournalReader
from orchestrator.lib import paths, queue
from orchestrator.lib.errors import AppError
from orchestrator.models import Preview
from orchestrator.previews.readiness import answers_http
from orchestrator.services import environments, setups
from orchestrator.services.previews import (
    bundle_stop,
    preview_log,
    preview_transition,
)
from orchestrator.states import PreviewState

log = logging.getLogger(__name__)

TICK_STARTING_S = 0.3
TICK_S = 2.0
LAUNCH_LATE = timedelta(seconds=20)
SETUP_LIMIT = timedelta(minutes=20)
FAILURE_LINES = 15


class PreviewWatcher(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="previews", daemon=True)
        self._wake = threading.Event()
        self._stopping = threading.Event()

    def poke(self) -> None:
        self._wake.set()

    def stop(self, timeout_s: float = 5) -> None:
        self._stopping.set()
        self._wake.set()
        self.join(timeout_s)

    def run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            starting = False
            try:
                starting = previews_watch()
            except Exception:
                # Without this loop no app of the host is ever seen to be ready or to have ended.
                log.exception("watching previews is interrupted")
                close_old_connections()
            self._wake.wait(TICK_STARTING_S if starting else TICK_S)


def previews_watch() -> bool:
    """Look at every app of this host once; True while one is starting."""
    starting = False
    for preview in Preview.objects.filter(
        host=paths.host_id(), state__in=[PreviewState.STARTING, PreviewState.READY]
    ).select_related(
        "variant__task__project",
        "variant__task__spec",
        "variant__agent",
        "variant__environment",
    ):
        starting = starting or preview.state == PreviewState.STARTING
        try:
            _watch(preview)
        except AppError as exc:
            _fail(preview, code=exc.code, message=exc.message)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # One app that cannot be looked at must not hide the others.
            log.exception("the preview of %s cannot be watched", preview.variant)
    return starting


def _watch(preview: Preview) -> None:
    bundle = Bundle(paths.bundle_dir(preview.bundle.hex))
    shim = bundle.shim()
    if shim is None:
        _launch_again(preview)
        return
    exit_info = bundle.exit()
    if exit_info is not None or not bundle.shim_alive():
        _ended(preview, bundle)
    elif preview.state == PreviewState.STARTING:
        _starting(preview, bundle)


def _launch_again(preview: Preview) -> None:
    """The message that asked for the launch may be lost; one more each time it is that late."""
    late = timezone.now() - LAUNCH_LATE
    asked = Preview.objects.filter(
        pk=preview.pk, bundle=preview.bundle, state=PreviewState.STARTING, requested_at__lt=late
    ).update(requested_at=timezone.now())
    if asked:
        queue.enqueue(
            "orchestrator.preview_start", variant_id=preview.variant_id, bundle=preview.bundle.hex
        )


def _starting(preview: Preview, bundle: Bundle) -> None:
    began = _app_began(bundle)
    if began is None:
        if preview.requested_at and timezone.now() - preview.requested_at > SETUP_LIMIT:
            _fail(preview, code="setup.failed", message="The setup took over 20 minutes.")
        return
    variant = preview.variant
    settings = environments.settings_at(
        variant, commit=variant.head_commit or variant.task.spec.base_commit
    ).preview
    if answers_http(preview.port, settings.path):
        setups.setup_done(variant=variant, key=preview.setup_key)
        preview_transition(
            preview,
            PreviewState.READY,
            bundle_is=preview.bundle,
            ready_at=timezone.now(),
        )
    elif timezone.now().timestamp() - began > settings.ready_timeout_s:
        _fail(
            preview,
            code="preview.not-ready",
            message=f"The app did not answer on port {preview.port} within "
            f"{settings.ready_timeout_s} s. It must listen on 127.0.0.1:$PORT.",
        )


def _app_began(bundle: Bundle) -> float | None:
    """When the app itself was started, after its setup."""
    reader = JournalReader(bundle.journal_path)
    while lines := reader.read():
        for line in lines:
            if line.step == "preview" and isinstance(line.d, dict):
                return line.t
    return None


def _ended(preview: Preview, bundle: Bundle) -> None:
    exit_info = bundle.exit()
    if exit_info is None:
        bundle.kill_processes()
        _fail(preview, code="preview.lost", message="The app's supervisor was killed.")
    elif exit_info.detail and exit_info.reason != "setup_failed":
        message = f"The app could not be started: {exit_info.detail}."
        _fail(preview, code="preview.failed", message=message)
    elif exit_info.reason == "setup_failed":
        code = f"exit code {exit_info.code}" if exit_info.signal is None else "a signal"
        _fail(preview, code="setup.failed", message=f"The setup ended with {code}.")
    elif preview.state == PreviewState.STARTING:
        _fail(
            preview,
            code="preview.exited",
            message=f"The app ended with exit code {exit_info.code} before it answered.",
        )
    else:
        preview_transition(
            preview,
            PreviewState.EXITED,
            bundle_is=preview.bundle,
            failure_code="preview.exited",
            failure_message=f"The app ended with exit code {exit_info.code}.",
            ended_at=timezone.now(),
        )


def _fail(preview: Preview, *, code: str, message: str) -> None:
    """Whatever is left of it ends: nobody watches a failed app, and it would keep its port."""
    bundle_stop(preview.bundle)
    lines = [line for line in preview_log(preview, limit=FAILURE_LINES) if line.strip()]
    log.info("preview of %s failed: %s %s", preview.variant, message, lines[-1:])
    preview_transition(
        preview,
        PreviewState.FAILED,
        bundle_is=preview.bundle,
        failure_code=code,
        failure_message=message,
        ended_at=timezone.now(),
    )
