"""The follower's loop: what one Run does to it, the others must not feel."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from agents.bundle import Bundle, BundleSpec, Step, shim_launch
from agents.models import AgentProfile
from agents.secrets import secrets_encrypt
from orchestrator import feed
from orchestrator.git.errors import DiskFullError, GitBusyError
from orchestrator.lib import paths
from orchestrator.models import Permission, Preview, Project, Run, Snapshot, Spec, Task, Variant
from orchestrator.services import following, launching, scheduling
from orchestrator.services.environments import environment_ensure
from orchestrator.services.follow_run import FINAL_TRIES
from orchestrator.services.following import Follower
from orchestrator.services.previews import previews_stop_all
from orchestrator.services.runs import stop_all, variant_stop
from orchestrator.services.snapshots import NOT_STORED, last_state_store, snapshot_take
from orchestrator.states import PreviewState, RunState
from tests.support.bundles import PATH, bundle_delete, wait_for
from tests.support.merging import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def started(variant: Variant, *, script: str = "echo hello", **fields: object) -> Run:
    """The Variant's Run, as `run_start` leaves it."""
    environment = environment_ensure(variant)
    run = variant.runs.get()
    step = Step(name="agent", argv=("sh", "-c", script), cwd=environment.path, env={"PATH": PATH})
    bundle = Bundle.create(paths.bundles_dir(), BundleSpec(id=run.id.hex, steps=(step,)))
    Run.objects.filter(pk=run.pk).update(host=paths.host_id(), **fields)
    shim_launch(bundle)
    return run


@pytest.fixture
def follower(shop: Shop) -> Iterator[Follower]:
    """When the test is over nothing of it writes any more: not into what the next one looks at."""
    follower = Follower()
    yield follower
    if follower.is_alive():
        follower.stop(timeout_s=60)
    follower._pool.shutdown()


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


def test_a_question_can_be_answered_by_whoever_sees_it(
    shop: Shop, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": "touch x"}}
    line = json.dumps({"type": "control_request", "request_id": "r1", "request": request})
    AgentProfile.objects.update(adapter="demo")
    run = started(shop.variant(state=RunState.PREPARING), script=f"echo '{line}'")
    append, known = feed.append, []

    def watched(run_id: str, entries: Sequence[feed.FeedEntry]) -> int:
        if any(entry.payload["kind"] == "permission_request" for entry in entries):
            known.append(Permission.objects.filter(run=run, request="r1").exists())
        return append(run_id, entries)

    monkeypatch.setattr(feed, "append", watched)
    follower.start()
    try:
        wait_for(lambda: Run.objects.filter(pk=run.pk, sealed_at__isnull=False).exists(), "the end")
    finally:
        follower.stop()
    assert known == [True]


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


def test_a_run_does_not_end_before_its_last_snapshot_has_room(
    shop: Shop, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(shop.variant(state=RunState.PREPARING), script="echo done > done.txt")
    bundle = Bundle(paths.bundle_dir(run.id.hex))
    refused: list[int] = []

    def full(run: Run, *, journal_n: int) -> Snapshot | None:
        if bundle.exit() is not None and len(refused) < 2:
            refused.append(journal_n)
            raise DiskFullError("git.disk-full", "The disk is full: free some space.")
        return snapshot_take(run, journal_n=journal_n)

    monkeypatch.setattr("orchestrator.services.follow_run.snapshot_take", full)
    monkeypatch.setattr(following, "REST_S", 0.1)
    wait_for(lambda: bundle.exit() is not None, "the agent's end")
    follower.start()
    try:
        wait_for(lambda: Run.objects.filter(pk=run.pk, sealed_at__isnull=False).exists(), "the end")
    finally:
        follower.stop()
    assert len(refused) == 2
    assert Variant.objects.get(pk=run.variant_id).files_changed == 1


@pytest.mark.parametrize(("failures", "tries", "stored"), [(2, 3, True), (99, FINAL_TRIES, False)])
def test_a_last_snapshot_that_fails_is_tried_again_and_then_told(
    shop: Shop,
    follower: Follower,
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
    tries: int,
    stored: bool,
) -> None:
    run = started(shop.variant(state=RunState.PREPARING), script="echo done > done.txt")
    bundle = Bundle(paths.bundle_dir(run.id.hex))
    seen: list[int] = []

    def busy(run: Run, *, journal_n: int) -> Snapshot | None:
        seen.append(journal_n)
        if len(seen) <= failures:
            raise GitBusyError("git.busy", "The repository is busy.")
        return snapshot_take(run, journal_n=journal_n)

    monkeypatch.setattr("orchestrator.services.follow_run.snapshot_take", busy)
    monkeypatch.setattr("orchestrator.services.follow_run.SNAPSHOT_BY_TIMER_S", 0.05)
    monkeypatch.setattr("orchestrator.services.follow_run.SNAPSHOT_EVERY_S", 0.05)
    wait_for(lambda: bundle.exit() is not None, "the agent's end")
    follower.start()
    try:
        wait_for(lambda: Run.objects.filter(pk=run.pk, sealed_at__isnull=False).exists(), "the end")
    finally:
        follower.stop()
    run.refresh_from_db()
    assert len(seen) == tries
    assert (run.failure_code != NOT_STORED) is stored
    assert ("The repository is busy." not in run.failure_message) is stored
    assert Variant.objects.get(pk=run.variant_id).files_changed == int(stored)


def test_no_secret_stays_of_a_run_that_was_stopped_before_its_shim(
    shop: Shop, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.agent.adapter, shop.agent.command = "command", ["true"]
    shop.agent.secrets_encrypted = secrets_encrypt({"TOKEN": "s3cretvalue"})
    shop.agent.save()
    variant = shop.variant(state=RunState.PREPARING)
    run = variant.runs.get()
    Run.objects.update(host=paths.host_id())

    def killed(_: Bundle) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(launching, "shim_launch", killed)
    with pytest.raises(KeyboardInterrupt):
        launching.run_start(run_id=run.id.hex)
    monkeypatch.undo()
    spec = Bundle(paths.bundle_dir(run.id.hex)).spec_path
    assert "s3cretvalue" in spec.read_text()

    variant_stop(user=None, variant=variant)
    launching.run_start(run_id=run.id.hex)
    follower._look()
    run.refresh_from_db()
    assert (run.state, run.sealed_at is not None) == (RunState.STOPPED, True)
    assert "s3cretvalue" not in spec.read_text()


@pytest.mark.parametrize("again", [False, True])
def test_a_run_whose_bundle_is_gone_is_lost_and_its_agent_ended(
    shop: Shop, follower: Follower, again: bool
) -> None:
    variant = shop.variant(state=RunState.PREPARING)
    run = started(variant, script="echo done > done.txt; echo hello; exec sleep 300")
    bundle = Bundle(paths.bundle_dir(run.id.hex))

    def state() -> str:
        follower._look()
        follower._round()
        run.refresh_from_db()
        return run.state

    def hello() -> bool:
        events = feed.read(run.id.hex, after=0).events
        return any(event.get("text") == "hello" for event in events)

    wait_for(lambda: state() == RunState.RUNNING and hello(), "the agent at work")
    bundle_delete(bundle)
    if again:  # in a worker that was started since
        follower._followed.clear()
    wait_for(lambda: state() == RunState.LOST and run.sealed_at, "the end")
    assert run.failure_code == "run.lost"
    assert bundle.processes() == []
    events = feed.read(run.id.hex, after=0).events
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["kind"] for event in events].count("end") == 1
    assert run.last_seq == len(events) > 2
    taken = last_state_store(variant)  # as a merge does first
    assert taken is not None
    assert taken.files_changed == 1


def test_a_long_sealing_keeps_nobody_waiting(
    shop: Shop, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = started(shop.variant(state=RunState.PREPARING))
    other = threading.Event()
    seal = feed.seal

    def slow(run_id: str) -> bool:
        if run_id == first.id.hex:
            assert other.wait(60), "the other Run waits for this one"
        return seal(run_id)

    monkeypatch.setattr(feed, "seal", slow)
    sealed = Run.objects.filter(sealed_at__isnull=False)
    follower.start()
    try:
        wait_for(lambda: Run.objects.get(pk=first.pk).ended_at, "the first one's end")
        second = started(shop.variant(state=RunState.PREPARING))
        wait_for(lambda: sealed.filter(pk=second.pk).exists(), "the other one's end")
        assert not sealed.filter(pk=first.pk).exists()
        other.set()
        wait_for(lambda: sealed.filter(pk=first.pk).exists(), "the end of the sealing")
    finally:
        other.set()
        follower.stop()


def test_a_stop_waits_for_no_slow_snapshot(shop: Shop, follower: Follower) -> None:
    variant = shop.variant(state=RunState.PREPARING)
    run = started(variant, script="while :; do echo busy; sleep 0.01; done")
    bundle = Bundle(paths.bundle_dir(run.id.hex))
    release = threading.Event()
    for _ in range(2):  # Snapshots of other Runs, on a slow disk
        follower._pool.submit(release.wait, 60)
    follower.start()
    try:
        wait_for(lambda: Run.objects.get(pk=run.pk).state == RunState.RUNNING, "the agent at work")
        variant_stop(user=None, variant=variant)
        wait_for(bundle.exit, "the agent's end")
        release.set()
        wait_for(lambda: Run.objects.get(pk=run.pk).sealed_at, "the end")
    finally:
        release.set()
        follower.stop()
    assert Run.objects.get(pk=run.pk).state == RunState.STOPPED


def test_a_look_reads_no_long_text(shop: Shop, follower: Follower) -> None:
    started(shop.variant(state=RunState.PREPARING), script="sleep 60")
    follower._look()
    with CaptureQueriesContext(connection) as queries:
        follower._look()
        follower._round()
    for column in ('"prompt"', '"strategy"', '"rubric"', '"orchestrator_spec"."text"'):
        assert not [query for query in queries if column in query["sql"]]


def test_a_stop_of_all_is_one_of_this_host(shop: Shop, data_dir: Path) -> None:
    here, there = (shop.variant(state=RunState.QUEUED) for _ in range(2))
    for variant in (here, there):
        Preview.objects.create(variant=variant, state=PreviewState.READY, host=paths.host_id())
    other = Project.objects.create(name="other", source="/o", host="elsewhere")
    Project.objects.filter(pk=shop.project.pk).update(host=paths.host_id())
    spec = Spec.objects.create(text="x", sha256="x", base_branch="main", base_commit="a" * 40)
    task = Task.objects.create(project=other, spec=spec, title="Elsewhere")
    Variant.objects.filter(pk=there.pk).update(task=task)
    Preview.objects.filter(variant=there).update(host="elsewhere")
    assert (stop_all(), previews_stop_all()) == (1, 1)
    assert there.runs.get().state == RunState.QUEUED
    assert Preview.objects.get(variant=there).state == PreviewState.READY


def test_with_too_little_room_runs_wait(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.project.host = paths.host_id()
    shop.project.save()
    run = shop.variant(state=RunState.QUEUED).runs.get()
    monkeypatch.setattr("orchestrator.lib.disk.ROOM_MIN_BYTES", 1 << 60)
    assert scheduling.schedule_tick() == []
    monkeypatch.undo()
    assert scheduling.schedule_tick() == [run.id.hex]


def test_a_database_that_fails_does_not_fail_the_run_that_was_to_start(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = shop.variant(state=RunState.PREPARING).runs.get()
    Run.objects.filter(pk=run.pk).update(host=paths.host_id())

    def full(*_: object) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(launching, "bundle_spec", full)
    with pytest.raises(OperationalError):
        launching.run_start(run_id=run.id.hex)
    assert Run.objects.get(pk=run.pk).state == RunState.PREPARING

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(launching, "bundle_spec", no_room)
    assert launching.run_start(run_id=run.id.hex) is False
    assert Run.objects.get(pk=run.pk).failure_code == "disk.full"


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
