"""The overview of a task: how each variant stands, and what can be done with it."""

from __future__ import annotations

from django.test import Client
from django.utils import timezone

from orchestrator.models import Run, Task
from orchestrator.states import (
    Resolution,
    RunState,
)
from tests.support.pages import HTMX, Element, World, tree


def test_the_overview_says_how_each_variant_stands(client: Client, world: World) -> None:
    task = world.task(
        RunState.WAITING, RunState.SUCCEEDED, RunState.SUCCEEDED, RunState.FAILED, RunState.QUEUED
    )
    world.ask(task.variants.get(letter="A"))
    page = tree(client.get(task.get_absolute_url()))
    said = next(e.text for e in page.tags("p") if "waits for your answer" in e.text)
    assert said == "A waits for your answer. B and C are ready. E waits for a slot. D has failed."
    following = page.tags("aside")[0].text
    assert "Answer A" in following
    assert "Decide between B and C" in following
    assert "Scripted demo agent: no model was used." in page.text


def _variant_tabs(client: Client, url: str) -> list[Element]:
    tabs = tree(client.get(url)).all(lambda e: "tab" in e.attrs.get("class", "").split())
    return [tab for tab in tabs if tab.attrs["id"] != "tab-all"]


def test_what_was_not_merged_does_not_look_ready(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED, RunState.SUCCEEDED)
    task.variants.update(head_commit="b" * 40, files_changed=2)
    url = task.get_absolute_url()
    assert [tab.text.count("Ready") for tab in _variant_tabs(client, url)] == [1, 1]
    task.resolution, task.merged_variant = Resolution.MERGED, task.variants.get(letter="A")
    task.save()
    merged, other = _variant_tabs(client, url)
    assert "Merged" in merged.text
    assert "Ready" not in other.text
    (state,) = other.all(lambda e: e.attrs.get("class", "").split()[:1] == ["st"])
    assert state.text == "Not merged"
    assert "ok" not in state.attrs["class"].split()
    assert "Not merged" in tree(client.get(f"{url}/variants/B/pane", headers=HTMX)).text
    task.resolution, task.merged_variant = Resolution.OPEN, None
    task.save()
    assert [tab.text.count("Ready") for tab in _variant_tabs(client, url)] == [1, 1]


def merge_links(client: Client, path: str) -> list[str]:
    links = [link.attrs.get("href", "") for link in tree(client.get(path)).tags("a")]
    return [link for link in links if "/merge/" in link]


def test_only_what_can_be_merged_is_offered_for_it(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED)
    url = task.get_absolute_url()
    assert merge_links(client, f"{url}/variants/A")
    assert merge_links(client, url)
    task.variants.update(archived_at=timezone.now())
    assert merge_links(client, f"{url}/variants/A") == []
    assert merge_links(client, url) == []
    task.variants.update(archived_at=None)
    Task.objects.update(resolution=Resolution.CLOSED)
    assert merge_links(client, f"{url}/variants/A") == []


def test_a_tab_shows_tokens_and_cost(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED)
    Run.objects.update(input_tokens=1200, output_tokens=300, cost_usd="0.25")
    tab = tree(client.get(task.get_absolute_url())).id("tab-a").text
    assert "1,500 tok" in tab
    assert "$0.25" in tab


def test_every_variant_there_is_to_decide_on_is_shown(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED, RunState.SUCCEEDED, RunState.FAILED)
    for path in ("/", task.get_absolute_url()):
        (chips,) = tree(client.get(path)).all(lambda e: e.attrs.get("class") == "chips")
        assert chips.text == "A B"
