"""An agent that is done and changed nothing is not shown as one with an answer."""

from __future__ import annotations

from django.test import Client

from orchestrator.models import Run, Variant
from orchestrator.states import RunState
from tests.support.pages import Element, World, tree


def test_who_is_done_without_a_change_is_not_called_ready(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED, RunState.SUCCEEDED, RunState.STOPPED)
    Variant.objects.filter(task=task, letter__in="BC").update(
        files_changed=0, insertions=0, deletions=0, head_commit=""
    )
    stopped = task.variants.get(letter="C").runs.get()
    Run.objects.create(variant=stopped.variant, number=2, prompt="go on", state=RunState.SUCCEEDED)
    page = tree(client.get(task.get_absolute_url()))
    assert "A is ready. B and C changed nothing." in [e.text for e in page.tags("p")]
    for letter, word in (("a", "Ready"), ("b", "No change"), ("c", "No change")):
        assert word in page.id(f"tab-{letter}").text
    assert "Ready" not in page.id("tab-b").text
    for letter, icon in (("a", "check"), ("b", "minus")):
        uses = page.id(f"tab-{letter}").tags("use")
        assert uses[0].attrs["href"].endswith(f"#{icon}")
    assert "none yet" not in page.text
    variant = tree(client.get(f"{task.get_absolute_url()}/variants/B"))
    assert "B changed nothing: its app is that of the base" in variant.text
    api = client.get(f"/api/v1/tasks/{task.pk}").json()
    assert [v["state"] for v in api["variants"]] == ["ready"] * 3, "the states are the contract's"


def test_who_is_still_at_work_has_no_change_yet(client: Client, world: World) -> None:
    task = world.task(RunState.RUNNING)
    Variant.objects.update(files_changed=0, insertions=0, deletions=0, head_commit="")
    page = tree(client.get(task.get_absolute_url()))
    assert "none yet" in page.text
    assert "changed nothing" not in page.text


def test_the_list_of_tasks_is_not_glad_of_nothing(client: Client, world: World) -> None:
    def state() -> Element:
        (cell,) = tree(client.get("/tasks")).all(lambda e: e.attrs.get("class") == "c-state")
        (shown,) = cell.tags("span")
        return shown

    task = world.task(RunState.FAILED, RunState.SUCCEEDED)
    task.variants.update(files_changed=0, insertions=0, deletions=0, head_commit="")
    assert state().text == "1 without change, 1 failed"
    assert state().attrs["class"] == "tag bad"
    Run.objects.filter(variant__task=task).update(state=RunState.SUCCEEDED)
    assert state().text == "2 without change"
    assert state().attrs["class"].strip() == "tag"
    task.variants.filter(letter="A").update(head_commit="b" * 40, files_changed=2)
    assert state().text == "1 ready, 1 without change"
    assert state().attrs["class"] == "tag ok"
