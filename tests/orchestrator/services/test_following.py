"""The follower's loop: what one Run does to it, the others must not feel."""

from __future__ import annotations

import threading

import pytest

from agents.bundle import Bundle, BundleSpec, Step, shim_launch
from orchestrator.lib import paths
from orchestrator.models import Run, Variant
from orchestrator.services.environments import environment_ensure
from orchestrator.services.following import Follower
from orchestrator.states import RunState
from tests.support.bundles import PATH, wait_for
from tests.support.merging import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def started(variant: Variant, **fields: object) -> Run:
    """The Variant's Run, as `run_start` leaves it."""
    environment = environment_ensure(variant)
    run = variant.runs.get()
    step = Step(
        name="agent", argv=("sh", "-c", "echo hello"), cwd=environment.path, env={"PATH": PATH}
    )
    bundle = Bundle.create(paths.bundles_dir(), BundleSpec(id=run.id.hex, steps=(step,)))
    Run.objects.filter(pk=run.pk).update(host=paths.host_id(), **fields)
    shim_launch(bundle)
    return run


@pytest.fixture
def follower() -> Follower:
    return Follower()


def test_a_run_that_cannot_be_taken_up_does_not_end_the_loop(
    shop: Shop, follower: Follower
) -> None:
    broken = started(
        shop.variant(state=RunState.PREPARING), secrets_encrypted=b"of another SECRET_KEY"
    )
    sound = started(shop.variant(state=RunState.PREPARING))
    follower.start()
    try:
        wait_for(
            lambda: Run.objects.filter(pk=sound.pk, sealed_at__isnull=False).exists(), "the end"
        )
        assert follower.is_alive()
    finally:
        follower.stop()
    assert Run.objects.get(pk=broken.pk).state == RunState.PREPARING


def test_a_look_that_fails_outside_of_any_run_is_made_again(
    shop: Shop, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, failed = follower._look, threading.Event()

    def once() -> None:
        if not failed.is_set():
            failed.set()
            raise OSError(28, "No space left on device")
        look()

    monkeypatch.setattr(follower, "_look", once)
    run = started(shop.variant(state=RunState.PREPARING))
    follower.start()
    try:
        wait_for(lambda: Run.objects.filter(pk=run.pk, sealed_at__isnull=False).exists(), "the end")
    finally:
        follower.stop()
    assert failed.is_set()


def test_a_run_that_cannot_be_followed_rests_between_tries(
    shop: Shop, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def broken(run: Run) -> None:
        tries.append(run.id.hex)
        raise RuntimeError("cannot be followed")

    monkeypatch.setattr(follower, "_look_at", broken)
    started(shop.variant(state=RunState.PREPARING))
    follower._look()
    follower._look()
    assert len(tries) == 1
