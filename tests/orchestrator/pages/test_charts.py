"""Charts: what is drawn is what the database says, no more."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from orchestrator.models import Permission, Run, Snapshot, Task, Variant
from orchestrator.selectors.charts import Charts, task_charts
from orchestrator.selectors.pages.task import task_page
from orchestrator.states import RunState
from tests.support.pages import HTMX, World, tree


@pytest.fixture
def begun() -> datetime:
    return timezone.now() - timedelta(seconds=1000)


def at(
    task: Task, letter: str, begun: datetime, start: int, end: int | None, **fields: object
) -> Run:
    """The variant's Run: queued at 0, started and ended so many seconds later."""
    runs = Run.objects.filter(variant__task=task, variant__letter=letter)
    runs.update(
        queued_at=begun,
        prepared_at=begun + timedelta(seconds=start),
        started_at=begun + timedelta(seconds=start),
        ended_at=begun + timedelta(seconds=end) if end is not None else None,
        **fields,
    )
    return runs.get()


def snapshot(run: Run, begun: datetime, second: int, plus: int, minus: int) -> None:
    made = Snapshot.objects.create(
        variant=run.variant, run=run, commit="c" * 40, tree="d" * 40, parent="e" * 40,
        insertions=plus, deletions=minus,
    )  # fmt: skip
    Snapshot.objects.filter(pk=made.pk).update(taken_at=begun + timedelta(seconds=second))


@pytest.fixture
def done(world: World, begun: datetime) -> Task:
    """A worked from 100 to 1000 and waited from 300 to 500; B from 0 to 500."""
    task = world.task(RunState.SUCCEEDED, RunState.SUCCEEDED)
    a = at(
        task, "A", begun, 100, 1000, cost_usd=Decimal("2.5"), input_tokens=900, output_tokens=100
    )
    b = at(task, "B", begun, 0, 500)
    Permission.objects.create(
        run=a, request="r", tool="Bash", title="ls",
        asked_at=begun + timedelta(seconds=300), decided_at=begun + timedelta(seconds=500),
    )  # fmt: skip
    for second, plus, minus in ((200, 10, 0), (600, 100, 20)):
        snapshot(a, begun, second, plus, minus)
    snapshot(b, begun, 400, 60, 0)
    return task


def charts_of(task: Task) -> Charts:
    found = task_charts(task)
    assert found is not None
    return found


def test_the_timeline_shows_when_each_worked_and_waited(done: Task) -> None:
    charts = charts_of(done)
    assert (charts.span_s, charts.running) == (1000, False)
    a, b = charts.lanes
    assert {bar.kind: (bar.left, bar.width) for bar in a.bars} == {
        "queued": (0, 10),
        "working": (10, 90),
        "waiting": (30, 20),
    }
    assert [(bar.kind, bar.left, bar.width) for bar in b.bars] == [("working", 0, 50)]
    assert (a.working_s, a.waiting_s, a.ended_s, b.ended_s) == (900, 200, 1000, 500)


def test_growth_holds_until_the_next_snapshot(done: Task) -> None:
    graph = charts_of(done).growth
    assert graph is not None
    a, b = graph.lines
    assert [a.last, b.last] == [120, 60]
    assert list(graph.marks[-1]) == [0, 150]
    # From nothing at its start (x 100) to 10 lines at 200 and 120 lines at 600, in steps.
    assert a.points == "100.0,100.0 200.0,100.0 200.0,93.3 600.0,93.3 600.0,20.0"
    assert dict(graph.table)["A"][-1] == 120


def test_only_what_was_reported_is_drawn(done: Task) -> None:
    charts = charts_of(done)
    cost, tokens = charts.cost, charts.tokens
    assert cost is not None
    assert [(line.letter, line.last) for line in cost.lines] == [("A", 2.5)]
    assert tokens is not None
    assert tokens.lines[0].last == 1000
    Run.objects.update(cost_usd=None, input_tokens=None, output_tokens=None)
    silent = charts_of(done)
    assert silent.cost is None
    assert silent.tokens is None


def test_while_one_works_the_chart_ends_now(world: World, begun: datetime) -> None:
    task = world.task(RunState.RUNNING, RunState.QUEUED)
    at(task, "A", begun, 0, None)
    Run.objects.filter(variant__letter="B").update(queued_at=begun)
    charts = charts_of(task)
    assert charts.running
    assert charts.span_s >= 1000
    assert [bar.kind for bar in charts.lanes[1].bars] == ["queued"]
    assert charts.lanes[0].ended_s is None


def test_letters_beside_lines_do_not_cover_each_other(world: World, begun: datetime) -> None:
    task = world.task(*[RunState.SUCCEEDED] * 16)
    for variant in Variant.objects.filter(task=task):
        run = at(task, variant.letter, begun, 0, 1000)
        snapshot(run, begun, 500, 50, variant.position % 2)
    graph = charts_of(task).growth
    assert graph is not None
    places = sorted(line.label_at for line in graph.lines)
    assert len(places) == 16
    assert all(b - a >= 6 for a, b in itertools.pairwise(places))
    assert 0 <= places[0] <= places[-1] <= 100


def test_the_page_and_its_tables(client: Client, world: World, done: Task) -> None:
    page = tree(client.get(f"/tasks/{done.pk}/charts"))
    assert page.id("chart-time").tags("rect")
    said = page.id("chart-time").all(lambda e: e.attrs.get("role") == "img")[0].attrs["aria-label"]
    assert "A worked 15 min, 3 min of it waiting for an answer" in said
    assert [row.text for row in page.id("table-growth").tags("tr")[1:]] == [
        "A 10 120 120 120",
        "B 0 60 60 60",
    ]
    assert "No agent has reported" not in page.id("chart-cost").text
    fragment = client.get(f"/tasks/{done.pk}/charts", headers=HTMX)
    assert b"<html" not in fragment.content


def test_what_was_put_together_and_has_no_run_does_not_go_on(
    client: Client, world: World, done: Task
) -> None:
    b = Variant.objects.get(task=done, letter="B")
    Run.objects.filter(variant=b).delete()
    Variant.objects.filter(pk=b.pk).update(start_commit="c" * 40)
    page = tree(client.get(f"/tasks/{done.pk}/charts"))
    row = page.id("table-time").tags("tr")[2]
    assert row.text == "B composed 0 – – – –"
    said = page.id("chart-time").all(lambda e: e.attrs.get("role") == "img")[0].attrs["aria-label"]
    assert "B was put together by a person" in said
    sheet = tree(client.get(f"/tasks/{done.pk}")).text
    assert "not started" not in sheet.split("Time")[1].split("Tokens")[0]


def test_a_follow_up_of_what_was_put_together_is_no_race(client: Client, world: World) -> None:
    task = world.task(*[RunState.SUCCEEDED] * 3)
    begun = timezone.now() - timedelta(seconds=1000)
    for letter, end in (("A", 900), ("B", 500), ("C", 100)):
        at(task, letter, begun, 0, end)
    assert task_page(world.user, task).fastest == {"C"}
    Variant.objects.filter(task=task, letter="C").update(start_commit="c" * 40)
    assert task_page(world.user, task).fastest == {"B"}


def test_who_changed_nothing_wins_no_race(client: Client, world: World) -> None:
    task = world.task(*[RunState.SUCCEEDED] * 3)
    begun = timezone.now() - timedelta(seconds=1000)
    for letter, end in (("A", 900), ("B", 500), ("C", 100)):
        at(task, letter, begun, 0, end)
    Variant.objects.filter(task=task, letter="C").update(files_changed=0)
    assert task_page(world.user, task).fastest == {"B"}


def test_before_anything_has_run(client: Client, world: World) -> None:
    task = world.task(RunState.QUEUED)
    assert task_charts(task) is None
    assert "Nothing has run yet" in tree(client.get(f"/tasks/{task.pk}/charts")).text


def test_a_fixed_number_of_queries_whatever_their_number(
    world: World, begun: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    task = world.task(*[RunState.SUCCEEDED] * 8)
    for variant in Variant.objects.filter(task=task):
        run = at(task, variant.letter, begun, 0, 1000)
        for second in range(100, 1000, 2):
            snapshot(run, begun, second, second, 0)
    with django_assert_max_num_queries(4):
        graph = charts_of(task).growth
    assert graph is not None
    assert all(len(line.points.split()) <= 400 for line in graph.lines)
