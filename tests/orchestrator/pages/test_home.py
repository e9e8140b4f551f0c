"""Home: what waits for a person, and what is at work."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from orchestrator.states import (
    RunState,
)
from tests.support.pages import World, tree


def test_home_says_what_needs_a_person_first(client: Client, world: World) -> None:
    asking = world.task(RunState.WAITING, RunState.RUNNING, title="Limits")
    world.ask(asking.variants.get(letter="A"), "pip install limits")
    world.task(RunState.SUCCEEDED, RunState.SUCCEEDED, title="Webhooks")
    world.task(RunState.FAILED, title="Search")
    page = tree(client.get("/"))
    assert page.tags("h1")[0].text == "Three things wait for you"
    needs = [element.text for element in page.tags("ul")[0].tags("li")]
    assert needs[0].startswith("A A asks to run pip install limits")
    assert "A and B are ready: choose one" in needs[1]
    assert "The agent is not signed in." in needs[2]
    assert "One agent is at work on one task. One waits for your answer." in page.text


@pytest.mark.parametrize(("ready", "chips"), [(4, "A B C D"), (5, "A B C +2")])
def test_home_shows_so_many_letters_and_how_many_more(
    client: Client, world: World, ready: int, chips: str
) -> None:
    world.task(*[RunState.SUCCEEDED] * ready)
    [need] = tree(client.get("/")).tags("ul")[0].tags("li")
    assert need.text.startswith(f"{chips} ")


@pytest.mark.parametrize(
    ("ready", "said"), [(3, "A, B and C"), (6, "A, B, C, D, E and F"), (7, "7 variants")]
)
def test_many_variants_are_told_by_their_number(
    client: Client, world: World, ready: int, said: str
) -> None:
    task = world.task(*[RunState.SUCCEEDED] * ready)
    assert f"{said} are ready: choose one" in tree(client.get("/")).text
    assert f"Decide between {said}" in tree(client.get(task.get_absolute_url())).text


def test_what_a_stopped_agent_has_changed_can_be_looked_at_and_merged(
    client: Client, world: World
) -> None:
    task = world.task(RunState.STOPPED, RunState.STOPPED)
    task.variants.filter(letter="A").update(head_commit="b" * 40, files_changed=2, insertions=5)
    url = task.get_absolute_url()
    (step,) = tree(client.get(url)).all(lambda e: e.attrs.get("class", "").startswith("step v"))
    assert "A was stopped" in step.text
    assert "2 files" in step.text
    links = [link.attrs["href"] for link in step.tags("a")]
    assert links == [f"{url}/compare?left=base&right=A", f"{url}/merge/A"]
    task.variants.update(head_commit="", files_changed=0, insertions=0)
    assert "Nothing to merge" in tree(client.get(url)).text


def test_one_task_is_not_counted_as_many(client: Client, world: World) -> None:
    world.task(RunState.SUCCEEDED)
    assert "All tasks" in tree(client.get("/")).text
    said = tree(client.get("/projects")).text
    assert "1 open of 1 task" in said
    assert "1 tasks" not in said
    world.task(RunState.SUCCEEDED)
    assert "All 2 tasks" in tree(client.get("/")).text
    assert "2 open of 2 tasks" in tree(client.get("/projects")).text


def test_an_empty_home_says_what_to_do_next(client: Client, data_dir: Path) -> None:
    page = tree(client.get("/"))
    assert any(e.attrs.get("href") == "/projects/new" for e in page.tags("a"))
