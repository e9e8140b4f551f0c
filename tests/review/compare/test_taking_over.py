"""Once a task is over nothing is offered to be taken, and every page says why."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from orchestrator.models import Task
from orchestrator.states import Resolution
from review.models import Tray
from tests.review.compare.conftest import World, changed
from tests.support.pages import HTMX
from tests.support.says import said_stays

AREA = "app/area.py"
MERGED = "The task is merged: nothing more can be taken."
PAGES = {
    "compare": f"compare?left=A&right=B&path={AREA}",
    "a file without lines": "compare?left=base&right=A&path=new name.txt",
    "columns": f"compare/columns?path={AREA}",
    "places": "consensus",
    "board": "board",
}
OFFERS = (
    "form[data-take] button:visible, [data-take-all]:visible, .hunkbar-acts .take:visible,"
    " .hunkbar-acts .more:visible, .lp:visible"
)


def over(world: World, resolution: str = Resolution.MERGED) -> None:
    Task.objects.filter(pk=world.task.pk).update(resolution=resolution)


def taken(world: World, *picks: dict[str, object]) -> None:
    Tray.objects.create(user=world.user, task=world.task, picks=list(picks), began="x")


@pytest.mark.parametrize(
    ("resolution", "why"),
    [
        (Resolution.MERGED, MERGED),
        (Resolution.CLOSED, "The task is closed: nothing can be taken until it is opened again."),
        (Resolution.MERGING, "The task is being merged: nothing can be taken meanwhile."),
    ],
)
def test_the_tray_of_a_task_that_is_over_is_kept_for_reading(
    world: World, reader: Client, resolution: str, why: str
) -> None:
    taken(world, {"variant": "A", "path": "app/new.py"})
    over(world, resolution)
    html = reader.get(world.url("tray"), headers=HTMX).content.decode()
    assert f'data-shut="{why}"' in html
    assert f"{resolution}: kept for reading" in html
    own = reader.get(world.url("tray")).content.decode()
    assert f"{why} What was picked is kept for reading." in own
    assert "fits together" not in html
    for name in ('name="remove"', 'id="tray-compose"', 'id="tray-undo"', "Title and why"):
        assert name not in html
    assert "app/new.py" in html
    assert 'name="clear"' in html
    refused = reader.post(world.url("tray"), {"add": json.dumps({"variant": "A"})}, headers=HTMX)
    assert (refused.status_code, why in refused.content.decode()) == (409, True)
    composed = reader.post(
        f"/api/v1/tasks/{world.task.pk}/compose",
        content_type="application/json",
        data={"picks": [{"variant": "A"}]},
    )
    assert (composed.status_code, composed.json()["code"]) == (409, "task.resolved")


@pytest.mark.parametrize("step", ["undo", "redo"])
def test_a_page_from_before_the_merge_steps_neither_back_nor_forth(
    world: World, reader: Client, step: str
) -> None:
    reader.post(world.url("tray"), {"add": json.dumps({"variant": "A"})}, headers=HTMX)
    tray = Tray.objects.get()
    name = tray.past[-1]["id"]
    if step == "redo":
        reader.post(world.url("tray"), {"undo": name}, headers=HTMX)
        tray.refresh_from_db()
    over(world)
    refused = reader.post(world.url("tray"), {step: name}, headers=HTMX)
    assert (refused.status_code, MERGED in refused.content.decode()) == (409, True)
    assert Tray.objects.get().picks == tray.picks


def test_a_tray_with_nothing_in_it_is_gone_once_the_task_is_over(
    world: World, reader: Client
) -> None:
    reader.post(world.url("tray"), {"variant": "A"}, headers=HTMX)
    reader.post(world.url("tray"), {"clear": "1"}, headers=HTMX)
    assert "Undo" in reader.get(world.url("tray"), headers=HTMX).content.decode()
    over(world)
    html = reader.get(world.url("tray"), headers=HTMX).content.decode()
    assert "Undo" not in html
    assert " hidden" in html.split(">")[0]
    assert MERGED in reader.get(world.url("tray")).content.decode()


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_no_page_of_a_merged_task_offers_to_take(world: World, page: Page, name: str) -> None:
    ready = {"places": ".place", "board": ".board .mk", "compare": ".hunkbar-acts"}.get(
        name, "#file"
    )
    page.goto(world.url(PAGES[name]))
    page.wait_for_selector(ready, state="attached")
    expect(page.locator(OFFERS).first).to_be_visible()
    expect(page.locator(".taking-why")).to_be_hidden()
    over(world)
    page.goto(world.url(PAGES[name]))
    page.wait_for_selector(ready, state="attached")
    page.wait_for_selector("#tray[aria-label]", state="attached")
    expect(page.locator(OFFERS)).to_have_count(0)
    expect(page.locator(".taking-why")).to_have_text(MERGED)
    expect(page.locator("#tray")).to_be_hidden()


@pytest.mark.browser
def test_keys_of_a_merged_task_say_why_they_take_nothing(world: World, page: Page) -> None:
    over(world)
    said_stays(page)
    says = page.locator(".keysays")
    for at, first, keys in (
        (f"compare?left=A&right=B&path={AREA}", "j", ("p", "P", "L", "T", "A", "o", "z")),
        (f"compare/columns?path={AREA}", "j", ("T",)),
        ("consensus", "j", ("1", "2")),
        ("board", "j", ("T",)),
    ):
        page.goto(world.url(at))
        page.wait_for_selector("#tray[aria-label]", state="attached")
        page.wait_for_selector(
            ".board .mk" if at == "board" else "#file .rows, .crows, .place", state="attached"
        )
        page.keyboard.press(first)
        for key in keys:
            page.keyboard.press("Escape")  # what was said is gone
            expect(says).to_have_count(0)
            page.keyboard.press(key)
            expect(says).to_have_text(MERGED)
    assert not Tray.objects.exists()


@pytest.mark.browser
def test_a_page_that_is_open_while_its_task_is_merged_stops_offering(
    world: World, page: Page
) -> None:
    taken(world, {"variant": "A", "path": "app/new.py"})
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}"))
    page.locator(".hunkbar-acts .take").first.wait_for()
    expect(page.locator(".tray-fit")).to_contain_text("fits together")
    over(world)
    changed(page, world)
    expect(page.locator(OFFERS)).to_have_count(0)
    expect(page.locator(".taking-why")).to_have_text(MERGED)
    expect(page.locator(".tray-fit")).to_have_text("merged: kept for reading")
    over(world, Resolution.OPEN)
    changed(page, world)
    expect(page.locator(".hunkbar-acts .take").first).to_be_visible()
    expect(page.locator(".taking-why")).to_be_hidden()
