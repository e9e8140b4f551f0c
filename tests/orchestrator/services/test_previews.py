"""Stopping a preview at any moment of its start leaves nothing running."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agents.bundle import Bundle
from orchestrator.lib import paths
from orchestrator.models import Preview, Project, Variant
from orchestrator.services import preview_watch, previews
from orchestrator.services.environments import environment_ensure
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
