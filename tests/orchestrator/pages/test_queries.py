"""Pages ask the database as often for many as for one."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orchestrator.states import (
    VARIANTS_MAX,
    RunState,
)
from tests.support.pages import World


@pytest.mark.parametrize("path", ["/", "/tasks", "/projects", "/activity", "/tasks/new"])
def test_a_page_asks_the_database_as_often_for_many_tasks_as_for_one(
    path: str, client: Client, world: World
) -> None:
    def ask() -> int:
        client.get(path)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    states = (RunState.WAITING, RunState.SUCCEEDED, RunState.FAILED, RunState.QUEUED)
    world.ask(world.task(*states).variants.get(letter="A"))
    first = ask()
    for _ in range(6):
        world.ask(world.task(*states).variants.get(letter="A"))
    assert ask() == first
    assert first <= 20


def test_a_task_page_asks_as_often_for_sixteen_variants_as_for_two(
    client: Client, world: World
) -> None:
    few = world.task(*[RunState.SUCCEEDED] * 2)
    many = world.task(*[RunState.SUCCEEDED] * VARIANTS_MAX)
    counts = []
    for task in (few, many):
        for path in (task.get_absolute_url(), f"{task.get_absolute_url()}/variants/A"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(path).status_code == 200
            counts.append(len(queries))
    assert counts[:2] == counts[2:]
