"""Effects of events: done once, or again with the same result, wherever the follower was killed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agents.bundle import Bundle, BundleSpec, Step
from agents.events import PermissionRequest, State
from orchestrator.lib import paths
from orchestrator.lib.project_settings import ProjectSettings
from orchestrator.models import Environment, Permission, Run, Task
from orchestrator.services.environments import environment_ensure
from orchestrator.services.run_effects import RunEffects, budget_is_used
from orchestrator.services.setups import setup_is_done
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


@pytest.mark.parametrize(("ran", "done"), [(True, True), (False, False)])
def test_only_a_run_that_ran_the_setup_says_that_it_is_done(
    shop: Shop, run: Run, ran: bool, done: bool
) -> None:
    """A preview may be at its own setup meanwhile; and a follow-up runs it as a first Run does."""
    environment = environment_ensure(run.variant)
    settings = ProjectSettings(setup=("make deps",))
    assert not setup_is_done(environment, settings)
    Run.objects.filter(pk=run.pk).update(number=2)
    run.refresh_from_db()
    effects = effects_of(run)
    if ran:
        effects.apply(1, State(time=1.0, state="setup", text="make deps"))
    effects.apply(2, State(time=2.0, state="agent"))
    environment = Environment.objects.get(pk=environment.pk)
    assert setup_is_done(environment, settings) is done


@pytest.mark.parametrize(("cost", "used"), [(None, False), ("0.99", False), ("1.00", True)])
def test_the_budget_is_that_of_all_runs_of_the_task(
    shop: Shop, run: Run, cost: str | None, used: bool
) -> None:
    Task.objects.update(budget_usd=Decimal("2.00"))
    other = shop.variant().runs.get()
    Run.objects.filter(pk=other.pk).update(cost_usd=Decimal("1.00"))
    Run.objects.filter(pk=run.pk).update(cost_usd=cost and Decimal(cost))
    assert budget_is_used(Run.objects.get(pk=run.pk)) is used
