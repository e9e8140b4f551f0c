"""Stopping a preview at any moment of its start leaves nothing running."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import uuid
from functools import partial
from pathlib import Path

import pytest
from django.utils import timezone

from agents.bundle import Bundle
from orchestrator.lib import paths, queue
from orchestrator.lib.errors import Invalid
from orchestrator.models import Environment, Preview, Project, Variant
from orchestrator.services import environments, preview_watch, previews
from orchestrator.services.environments import environment_ensure
from orchestrator.services.orphans import processes_sweep
from orchestrator.services.run_ending import run_seal_unfollowed
from orchestrator.services.setups import setup_done, setup_due
from orchestrator.states import PreviewState
from tests.support.bundles import wait_for
from tests.support.merging import Shop

pytestmark = pytest.mark.django_db(transaction=True)

APP = 'exec python3 -m http.server --bind 127.0.0.1 "$PORT"'


@pytest.fixture
def variant(shop: Shop) -> Variant:
    Project.objects.update(settings={"preview": {"command": APP}})
    variant = shop.variant()
    environment_ensure(variant)
    return Variant.objects.select_related("task__project", "task__spec", "agent").get(pk=variant.pk)


def launch(variant: Variant) -> Bundle:
    preview = Preview.objects.get(variant=variant)
    previews.preview_launch(variant_id=variant.pk, bundle_id=preview.bundle.hex)
    return Bundle(paths.bundle_dir(preview.bundle.hex))


def test_an_app_whose_workspace_was_deleted_gets_a_new_one(variant: Variant) -> None:
    shutil.rmtree(variant.environment.path)
    previews.preview_start(user=None, variant=variant)
    launch(variant)
    assert Path(variant.environment.path, "README.md").exists()
    assert Preview.objects.get(variant=variant).state == PreviewState.STARTING


def test_stopped_while_it_waits_for_its_port(
    variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: Preview) -> None:
        previews.preview_stop(user=None, variant=variant)

    monkeypatch.setattr(previews, "_port_wait", stop)
    previews.preview_start(user=None, variant=variant)
    bundle = launch(variant)
    assert Preview.objects.get(variant=variant).state == PreviewState.STOPPED
    assert bundle.shim() is None


def test_stopped_just_before_its_shim_is_there(
    variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = previews._still_starting

    def then_stop(preview: Preview) -> bool:
        starting = still(preview)
        previews.preview_stop(user=None, variant=variant)
        return starting

    monkeypatch.setattr(previews, "_still_starting", then_stop)
    previews.preview_start(user=None, variant=variant)
    bundle = launch(variant)
    wait_for(bundle.exit, "the app's end")
    assert bundle.processes() == []


def test_stop_means_the_newest_start(variant: Variant) -> None:
    previews.preview_start(user=None, variant=variant)
    first = launch(variant)
    stale = Variant.objects.select_related("preview", "task__project").get(pk=variant.pk)
    assert stale.preview.state == PreviewState.STARTING  # loaded with the first start
    previews.preview_restart(user=None, variant=variant)
    second = launch(variant)
    previews.preview_stop(user=None, variant=stale)
    wait_for(lambda: first.exit() and second.exit(), "both ends")


def test_a_lost_launch_is_asked_for_again_but_not_all_the_time(
    variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(
        "orchestrator.services.preview_watch.queue.enqueue", lambda name, **_: sent.append(name)
    )
    previews.preview_start(user=None, variant=variant)
    sent.clear()
    preview_watch.previews_watch()
    assert sent == []  # not late yet
    late = Preview.objects.get().requested_at
    assert late is not None
    Preview.objects.update(requested_at=late - 2 * preview_watch.LAUNCH_LATE)
    preview_watch.previews_watch()
    preview_watch.previews_watch()
    assert sent == ["orchestrator.preview_start"]


def test_an_app_that_cannot_be_looked_at_does_not_hide_the_others(
    shop: Shop, variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = shop.variant()
    environment_ensure(other)
    for one in (variant, other):
        previews.preview_start(user=None, variant=one)
        launch(one)
    watch = preview_watch._watch

    def broken(preview: Preview) -> None:
        if preview.variant_id == variant.pk:
            raise OSError(28, "No space left on device")
        watch(preview)

    monkeypatch.setattr(preview_watch, "_watch", broken)

    def ready() -> bool:
        preview_watch.previews_watch()
        return Preview.objects.get(variant=other).state == PreviewState.READY

    wait_for(ready, "the other app")


def test_an_app_whose_start_was_forgotten_is_started_once(
    variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, object]] = []
    monkeypatch.setattr(
        queue, "enqueue", lambda name, **ids: sent.append(ids) if "autostart" in name else None
    )
    run = variant.runs.get()
    run_seal_unfollowed(run)  # its message is lost
    previews.autostarts_sweep()
    assert sent == []  # not late yet
    late = timezone.now() - 2 * previews.AUTOSTART_LATE
    Variant.objects.filter(pk=variant.pk).update(autostart_due_at=late)
    previews.autostarts_sweep()
    assert sent == [{"variant_id": variant.pk}]
    previews.preview_autostart(variant_id=variant.pk)
    assert Preview.objects.get(variant=variant).state == PreviewState.STARTING

    previews.preview_stop(user=None, variant=variant)  # by a person, before a second message
    previews.preview_autostart(variant_id=variant.pk)
    previews.autostarts_sweep()
    assert Preview.objects.get(variant=variant).state == PreviewState.STOPPED
    assert len(sent) == 1


@pytest.mark.parametrize("first", ["nothing to set up", "its own setup"])
def test_an_app_that_is_ready_says_nothing_of_the_setup_of_a_run(
    variant: Variant, first: str
) -> None:
    Project.objects.update(
        settings={"preview": {"command": APP}, "setup": ["true"], "setup_inputs": ["*.txt"]}
    )
    variant = Variant.objects.select_related("task__project", "task__spec", "agent").get()
    environment = variant.environment
    if first == "nothing to set up":
        settings = environments.settings_at(variant, commit=variant.task.spec.base_commit)
        setup_done(variant=variant, key=setup_due(environment, settings))
    previews.preview_start(user=None, variant=variant)
    launch(variant)
    # Meanwhile a Run begins, for which the setup must run on other files.
    (Path(environment.path) / "new.txt").write_text("a\n")
    settings = environments.settings_at(variant, commit=variant.task.spec.base_commit)
    due = setup_due(Environment.objects.get(), settings)
    assert due

    def ready() -> bool:
        preview_watch.previews_watch()
        return Preview.objects.get(variant=variant).state == PreviewState.READY

    wait_for(ready, "the app")
    assert setup_due(Environment.objects.get(), settings) == due
    setup_done(variant=variant, key=due)
    assert setup_due(Environment.objects.get(), settings) == ""


def test_an_app_that_fails_in_the_eyes_of_bakeoff_is_ended(
    variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    previews.preview_start(user=None, variant=variant)
    bundle = launch(variant)
    wait_for(lambda: preview_watch._app_began(bundle), "the app's start")

    def unreadable(*_: object, **__: object) -> None:
        raise Invalid("settings.invalid", ".bakeoff.toml cannot be read")

    monkeypatch.setattr(environments, "settings_at", unreadable)
    preview_watch.previews_watch()
    assert Preview.objects.get(variant=variant).state == PreviewState.FAILED
    wait_for(bundle.exit, "the app's end")


def test_an_app_whose_stop_was_cut_off_is_ended_and_the_current_one_is_not(
    shop: Shop, variant: Variant
) -> None:
    other = shop.variant()
    environment_ensure(other)
    for one in (variant, other):
        previews.preview_start(user=None, variant=one)
    stopped, current = launch(variant), launch(other)
    for bundle in (stopped, current):
        wait_for(partial(preview_watch._app_began, bundle), "the app's start")
    # The state is committed first, and the worker is killed before it tells the shim.
    Preview.objects.filter(variant=variant).update(state=PreviewState.STOPPED)
    processes_sweep()
    wait_for(stopped.exit, "the app's end")
    assert not current.told("stop")
    assert current.shim_alive()


def test_what_a_dead_shim_has_left_is_ended_and_what_is_not_ours_is_left_alone(
    variant: Variant, tmp_path: Path
) -> None:
    Project.objects.update(settings={"preview": {"command": "sleep 60 & wait"}})
    previews.preview_start(
        user=None, variant=Variant.objects.select_related("task__project").get(pk=variant.pk)
    )
    bundle = launch(variant)
    wait_for(lambda: len(bundle.processes()) > 1, "the app's process")
    shim = bundle.shim()
    assert shim is not None
    with contextlib.ExitStack() as ended:
        others = []
        for mark in (uuid.uuid4().hex, "../../bundles/x", ""):
            sleeper = subprocess.Popen(["sleep", "60"], env={"BAKEOFF_RUN": mark})
            others.append(ended.enter_context(sleeper))
            ended.callback(sleeper.kill)
        os.kill(shim.pid, signal.SIGKILL)
        wait_for(lambda: not bundle.shim_alive(), "the shim's death")
        assert bundle.processes()
        processes_sweep()
        assert bundle.processes() == []
        assert [other.poll() for other in others] == [None] * 3
