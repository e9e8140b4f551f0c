"""Time at work is not time spent waiting for a person."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from orchestrator.models import Permission, Run
from orchestrator.selectors.clocks import Clock, covered, runs_clock
from orchestrator.selectors.pages.task import task_page
from orchestrator.states import PermissionState, RunState
from tests.support.live import run_make

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.get_default_timezone())


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([], 0),
        ([(10, 20)], 10),
        ([(10, 20), (30, 35)], 15),
        ([(10, 30), (20, 25)], 20),
        ([(10, 30), (20, 40)], 30),
        ([(-50, 10)], 10),
        ([(90, 500)], 10),
        ([(200, 300)], 0),
    ],
)
def test_what_spans_cover(spans: list[tuple[float, float]], seconds: float) -> None:
    found = covered([(at(first), at(last)) for first, last in spans], at(0), at(100))
    assert found == timedelta(seconds=seconds)


@pytest.fixture
def run(db: None) -> Run:
    made = run_make(User.objects.create_user("pat"))
    Run.objects.filter(pk=made.pk).update(
        state=RunState.SUCCEEDED, prepared_at=at(0), started_at=at(5), ended_at=at(100)
    )
    made.refresh_from_db()
    return made


def ask(run: Run, first: float, last: float | None, **fields: object) -> None:
    Permission.objects.create(
        run=run,
        request=f"r{Permission.objects.count()}",
        tool="Bash",
        title="x",
        asked_at=at(first),
        decided_at=None if last is None else at(last),
        state=PermissionState.PENDING if last is None else PermissionState.ALLOWED,
        **fields,
    )


def test_waiting_is_taken_out_of_the_time_at_work(run: Run) -> None:
    ask(run, 10, 40, decider="Pat")
    ask(run, 20, 50, decider="Pat")
    ask(run, 60, 60, decider="policy")
    assert runs_clock([run]) == Clock(worked_s=60, waited_s=40)
    assert runs_clock([]) == Clock(worked_s=None, waited_s=0)


def test_the_clock_stands_still_while_a_question_is_open(run: Run) -> None:
    now = timezone.now()
    Run.objects.filter(pk=run.pk).update(
        state=RunState.WAITING, prepared_at=now - timedelta(seconds=90), ended_at=None
    )
    Permission.objects.create(
        run=run, request="r", tool="Bash", title="x", asked_at=now - timedelta(seconds=60)
    )
    row = task_page(User.objects.get(), run.variant.task).rows[0]
    assert row.elapsed_s == pytest.approx(30, abs=0.1)
    assert row.waited_s == pytest.approx(60, abs=5)
    assert row.ticking is False


def test_the_questions_of_many_runs_are_one_query(
    run: Run, django_assert_max_num_queries: object
) -> None:
    for number in range(2, 12):
        other = Run.objects.create(
            variant=run.variant, number=number, prompt="x", prepared_at=at(0), ended_at=at(50)
        )
        ask(other, 10, 20)
    with django_assert_max_num_queries(7):  # type: ignore[operator]
        row = task_page(User.objects.get(), run.variant.task).rows[0]
    assert (row.elapsed_s, row.waited_s) == (100 + 10 * 40, 100)
