"""The page of a variant: its messages, its state, its place in or out of the archive."""

from __future__ import annotations

from django.test import Client
from django.utils import timezone

from orchestrator.models import FollowUp, Run, Task
from orchestrator.states import (
    MessageState,
    Resolution,
    RunState,
)
from tests.support.pages import HTMX, World, tree


def test_a_text_that_a_stop_has_held_back_is_shown_as_such(client: Client, world: World) -> None:
    task = world.task(RunState.STOPPED)
    variant = task.variants.get()
    FollowUp.objects.create(variant=variant, text="Go on.", state=MessageState.HELD)
    shown = tree(client.get(variant.get_absolute_url())).text
    assert "Go on." in shown
    assert "held back by the stop" in shown
    assert "starts the next run" not in shown


def test_a_merged_task_takes_no_more_messages(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED)
    task.resolution = Resolution.MERGED
    task.merged_variant = task.variants.get()
    task.save()
    page = tree(client.get(f"{task.get_absolute_url()}/variants/A"))
    assert [field for field in page.tags("textarea") if field.attrs["name"] == "text"] == []
    assert "its agents take no more work" in page.text


def test_where_a_message_goes_is_said_as_it_stands_now(client: Client, world: World) -> None:
    task = world.task(RunState.RUNNING)
    page = tree(client.get(f"{task.get_absolute_url()}/variants/A"))
    (row,) = page.all(lambda e: e.attrs.get("id") == "send-row")
    assert "Sent now, or after its turn" in row.text
    assert f"live:task:{task.pk} from:document" in row.attrs["hx-trigger"]
    Run.objects.filter(variant__task=task).update(state=RunState.SUCCEEDED)
    part = tree(client.get(row.attrs["hx-get"], headers=HTMX))
    assert "It goes on in a new run" in part.text
    assert [button.attrs["id"] for button in part.tags("button")] == ["send"]
    Task.objects.filter(pk=task.pk).update(resolution=Resolution.CLOSED)
    part = tree(client.get(row.attrs["hx-get"], headers=HTMX))
    assert "This task is closed; its agents take no more work." in part.text
    assert part.tags("button") == []


def test_a_refused_message_comes_back_as_it_was_typed(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED)
    url = f"{task.get_absolute_url()}/variants/A/message"
    typed = "do this\0 and that"
    response = client.post(url, {"text": typed}, headers=HTMX)
    page = tree(response)
    assert page.tags("textarea")[0].attrs["aria-invalid"] == "true"
    assert "cannot be stored" in page.id("message-error").text
    assert client.post(url, {"text": ""}).status_code == 400
    sent = client.post(url, {"text": "go on"}, headers=HTMX)
    assert tree(sent).tags("textarea")[0].text == ""
    assert Run.objects.filter(variant__task=task, number=2).exists()
    page = tree(client.get(f"{task.get_absolute_url()}/variants/A"))
    asked = [e.text for e in page.tags("div") if e.attrs.get("class") == "said runasked"]
    assert asked == ["you go on"]


def test_a_variant_is_archived_and_taken_back_on_its_page(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED, RunState.SUCCEEDED, title="Webhooks")
    variant = task.variants.get(letter="B")
    url = variant.get_absolute_url()

    def button(name: str) -> list[str]:
        page = tree(client.get(url))
        return [
            b.attrs["data-confirm"] or "" for b in page.tags("button") if b.attrs.get("id") == name
        ]

    (question,) = button("archive-one")
    assert question.startswith("Archive B? Its workspace is removed")
    for kept in ("snapshots", f"its branch {variant.branch}", "diff", "transcript"):
        assert kept in question
    assert client.post(f"{url}/archive").status_code == 302
    assert button("archive-one") == []
    page = tree(client.get(url))
    assert "Take B out of the archive" in page.text
    assert "Merge B" not in page.text
    assert "B is archived. Its commits and its transcript are kept" in page.text
    assert all(element.attrs.get("id") != "message" for element in page.tags("textarea"))

    for path in ("/", task.get_absolute_url()):
        text = tree(client.get(path)).text
        assert "A is ready" in text
        assert "A and B" not in text
    assert client.post(f"{url}/unarchive").status_code == 302
    assert len(button("archive-one")) == 1
    assert "A and B" in tree(client.get("/")).text


def test_an_agent_that_was_told_to_stop_is_stopping(client: Client, world: World) -> None:
    variant = world.task(RunState.RUNNING).variants.get()
    url = variant.get_absolute_url()
    assert "Working" in tree(client.get(url)).id("variant-pane").text
    Run.objects.update(stop_requested_at=timezone.now())
    page = tree(client.get(url))
    assert "Stopping" in page.id("variant-pane").text
    assert "Stopping" in page.id("tab-a").text
    assert "Stop A" not in page.text
    Run.objects.update(state=RunState.STOPPED)
    assert "Stopped" in tree(client.get(url)).id("tab-a").text
