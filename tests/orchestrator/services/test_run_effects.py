"""Effects of events: done once, or again with the same result, wherever the follower was killed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agents.bundle import Bundle, BundleSpec, Step
from agents.events import PermissionRequest, State, Usage
from orchestrator.lib import paths
from orchestrator.lib.errors import Conflict
from orchestrator.lib.project_settings import ProjectSettings
from orchestrator.models import (
    Activity,
    Environment,
    FollowUp,
    Permission,
    Project,
    Run,
    Task,
    Variant,
)
from orchestrator.services.budgets import budget_is_used
from orchestrator.services.environments import environment_ensure
from orchestrator.services.follow_ups import follow_up_send
from orchestrator.services.run_effects import RunEffects
from orchestrator.services.runs import follow_ups_sweep
from orchestrator.services.scheduling import schedule_tick
from orchestrator.services.setups import setup_due
from orchestrator.states import PermissionState, RunState
from tests.support.merging import Shop

ASK = PermissionRequest(time=1.0, request="r" * 300, tool="Bash", title="rm -r /", input={})
STEP = Step(name="agent", argv=("true",), cwd="/", env={})


def effects_of(run: Run) -> RunEffects:
    bundle = Bundle.create(paths.bundles_dir(), BundleSpec(id=run.id.hex, steps=(STEP,)))
    return RunEffects(run=run, fence=run.fence, bundle=bundle)


@pytest.fixture
def run(shop: Shop) -> Run:
    return shop.variant(state=RunState.RUNNING).runs.get()


def test_a_question_whose_follower_was_killed_waits_once_it_is_read_again(run: Run) -> None:
    effects = effects_of(run)
    effects.apply(1, ASK)
    Run.objects.update(state=RunState.RUNNING)  # killed before it came to that
    run.refresh_from_db()
    effects_of(run).apply(1, ASK)
    assert Run.objects.get(pk=run.pk).state == RunState.WAITING
    assert effects.bundle.told(f"hold-{ASK.request}")


def test_a_question_that_was_answered_meanwhile_does_not_wait_again(run: Run) -> None:
    effects_of(run).apply(1, ASK)
    Permission.objects.update(state=PermissionState.ALLOWED)
    Run.objects.update(state=RunState.RUNNING)
    run.refresh_from_db()
    effects_of(run).apply(1, ASK)
    assert Run.objects.get(pk=run.pk).state == RunState.RUNNING


def test_names_longer_than_any_column_are_cut_and_stay_one_question(run: Run) -> None:
    for _ in range(2):
        effects_of(run).apply(1, ASK)
    permission = Permission.objects.get(run=run)
    assert permission.request == "r" * 200
    assert permission.payload["request"] == ASK.request  # what the agent is answered with


@pytest.mark.parametrize("ran", [True, False])
def test_only_a_run_that_ran_the_setup_says_that_it_is_done(
    shop: Shop, run: Run, ran: bool
) -> None:
    """A preview may be at its own setup meanwhile; and a follow-up runs it as a first Run does."""
    environment = environment_ensure(run.variant)
    settings = ProjectSettings(setup=("make deps",))
    key = setup_due(environment, settings)
    assert key
    Run.objects.filter(pk=run.pk).update(number=2, setup_key=key if ran else "")
    run.refresh_from_db()
    effects_of(run).apply(2, State(time=2.0, state="agent"))
    environment = Environment.objects.get(pk=environment.pk)
    assert (setup_due(environment, settings) == "") is ran


@pytest.mark.parametrize(("cost", "used"), [(None, False), ("0.99", False), ("1.00", True)])
def test_the_budget_is_that_of_all_runs_of_the_task(
    shop: Shop, run: Run, cost: str | None, used: bool
) -> None:
    Task.objects.update(budget_usd=Decimal("2.00"))
    other = shop.variant().runs.get()
    Run.objects.filter(pk=other.pk).update(cost_usd=Decimal("1.00"))
    Run.objects.filter(pk=run.pk).update(cost_usd=cost and Decimal(cost))
    assert budget_is_used(Task.objects.get()) is used


def test_a_budget_that_is_used_up_stops_the_whole_task_and_takes_no_more_work(
    shop: Shop, run: Run
) -> None:
    Task.objects.update(budget_usd=Decimal("1.00"))
    Project.objects.update(host=paths.host_id())
    working, queued = (shop.variant(state=state) for state in (RunState.WAITING, RunState.QUEUED))
    done = shop.variant()
    FollowUp.objects.create(variant=working, text="And then this.")
    run = Run.objects.get(pk=run.pk)
    effects_of(run).apply(1, Usage(time=1.0, cost_usd=1.25, cost_source="agent"))

    stopped = Run.objects.filter(stop_requested_at__isnull=False)
    assert set(stopped) == {run, working.runs.get(), queued.runs.get()}
    assert queued.runs.get().state == RunState.STOPPED
    assert schedule_tick() == []
    told = Activity.objects.filter(verb="run.stop")
    assert [row.text for row in told] == ["The task's budget is used up."] * 3
    effects_of(run).apply(2, Usage(time=2.0, cost_usd=1.5, cost_source="agent"))
    assert told.count() == 3

    Run.objects.update(state=RunState.STOPPED)
    assert follow_ups_sweep() == 0
    with pytest.raises(Conflict, match="budget is used up"):
        follow_up_send(user=None, variant=Variant.objects.get(pk=done.pk), text="Go on.")
    assert not Run.objects.filter(number=2).exists()
