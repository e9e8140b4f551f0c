"""Whose Run it is, and what is told of questions that nobody answered."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from agents.bundle import Bundle, BundleSpec, Step
from orchestrator.lib import paths
from orchestrator.lib.processes import process_alive, process_name, start_ticks
from orchestrator.models import Activity, Permission, Run
from orchestrator.services import following
from orchestrator.services.follow_run import RunFollower
from orchestrator.services.run_asks import permissions_deliver
from orchestrator.services.run_states import lease_take
from orchestrator.states import PermissionState, RunState
from tests.support.bundles import wait_for
from tests.support.merging import Shop

STEP = Step(name="agent", argv=("true",), cwd="/", env={})


@pytest.fixture
def other() -> Iterator[str]:
    """Another process of this host, as it names itself."""
    with subprocess.Popen(["sleep", "600"]) as process:
        boot = process_name().rpartition(".")[2]
        name = f"{process.pid}.{start_ticks(process.pid)}.{boot}"
        assert process_alive(name)
        yield name
        process.kill()


@pytest.mark.parametrize(("renewed_s", "taken"), [(-1, True), (20, False)])
def test_a_process_that_lives_and_follows_no_more_loses_its_runs(
    shop: Shop, other: str, renewed_s: int, taken: bool
) -> None:
    until = timezone.now() + timedelta(seconds=renewed_s)
    shop.variant(state=RunState.RUNNING)
    Run.objects.update(lease_owner=other, lease_until=until, fence=7)
    run = Run.objects.get()
    assert lease_take(run) is taken
    assert (run.lease_owner == process_name(), run.fence) == (taken, 7 + taken)


@pytest.mark.django_db(transaction=True)
def test_the_lease_of_a_run_that_is_being_started_is_renewed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.variant(state=RunState.PREPARING)
    now = timezone.now()
    Run.objects.update(host=paths.host_id(), lease_owner=process_name(), lease_until=now)
    monkeypatch.setattr(following, "RENEW_EVERY_S", 0.05)
    follower = following.Follower()
    follower.start()
    try:
        soon = now + timedelta(seconds=20)
        wait_for(lambda: Run.objects.filter(lease_until__gt=soon).exists(), "a renewed lease")
    finally:
        follower.stop(timeout_s=60)


@pytest.mark.django_db(transaction=True)
def test_a_denial_by_the_clock_is_written_down(shop: Shop) -> None:
    variant = shop.variant(state=RunState.WAITING)
    run = Run.objects.select_related("variant__task__project", "variant__agent").get()
    bundle = Bundle.create(paths.bundles_dir(), BundleSpec(id=run.id.hex, steps=(STEP,)))
    Permission.objects.create(
        run=run,
        request="r1",
        tool="Bash",
        title="rm -r build",
        payload={"request": "r1"},
        asked_at=timezone.now() - timedelta(seconds=variant.agent.answer_timeout_s + 1),
    )
    with ThreadPoolExecutor(1) as pool:
        follower = RunFollower(run=run, bundle=bundle, pool=pool)
        permissions_deliver(follower)
        permissions_deliver(follower)
    assert Permission.objects.get().state == PermissionState.DENIED
    told = Activity.objects.get(verb="permission.denied")
    assert (told.variant, told.actor) == (variant, None)
    assert told.text == "rm -r build (Nobody answered in time.)"
