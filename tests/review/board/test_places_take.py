"""Taking what a variant made of a place, from the list of places."""

from __future__ import annotations

import json
from html import unescape

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from orchestrator.git.hub import blob_read
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Variant
from tests.review.compare.conftest import BASE, A, B, World
from tests.support.pages import HTMX, Element, tree

AREA = "app/area.py"


def takes(reader: Client, world: World) -> list[Element]:
    page = tree(reader.get(world.url("consensus")))
    return [form for form in page.tags("form") if "data-take" in form.attrs]


def add_of(form: Element) -> str:
    return next(e.attrs["value"] for e in form.tags("input") if e.attrs.get("name") == "add")


def test_every_option_of_every_place_can_be_had(world: World, reader: Client) -> None:
    forms = takes(reader, world)
    paths = {json.loads(add_of(form))["path"] for form in forms}
    assert len(paths) == len({*A, *BASE} - {"README.md", "same.txt"}) - 1, "a renamed one is one"
    for form in forms:
        reader.post(world.url("tray"), {"clear": "1"}, headers=HTMX)
        said = reader.post(world.url("tray"), {"add": add_of(form)}, headers=HTMX)
        tray = unescape(said.content.decode())
        assert tray.count('class="pickchip') == 1
        assert "fits together" in tray, add_of(form)


def test_without_a_script_a_button_takes_it_too(world: World, reader: Client) -> None:
    form = takes(reader, world)[0]
    fields = {e.attrs["name"]: e.attrs["value"] for e in form.tags("input")}
    answer = reader.post(form.attrs["action"], fields)
    assert (answer.status_code, answer["Location"]) == (302, world.url("consensus"))
    assert "area.py, hunk 1" in reader.get(world.url("tray")).content.decode()


@pytest.mark.browser
def test_a_contradiction_is_decided_and_composed_by_keys(world: World, page: Page) -> None:
    page.goto(world.url("consensus"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    pressed = page.locator(".place").first.locator("[aria-pressed=true]")
    page.keyboard.press("j")
    page.keyboard.press("1")
    expect(pressed).to_have_attribute("data-letters", "A")
    page.keyboard.press("2")
    expect(pressed).to_have_attribute("data-letters", "B")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("2")
    expect(page.locator(".pickchip")).to_have_count(0)
    page.keyboard.press("1")
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(page.locator(".place").first).to_be_focused()
    page.keyboard.press("O")
    page.keyboard.press("Enter")
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    head = Variant.objects.get(letter="D").head_commit
    hub = hub_dir(world.task.project_id)
    made = blob_read(hub=hub, commit=head, path=AREA, limit_bytes=10**6)
    assert made is not None
    assert made.decode() == A[AREA] != B[AREA]


@pytest.mark.browser
def test_what_both_have_is_taken_wherever_it_was_picked(world: World, page: Page) -> None:
    page.goto(world.url("compare?left=base&right=B&path=gone.txt"))
    page.get_by_role("button", name="Take file from B").click()
    expect(page.locator(".pickchip")).to_have_count(1)
    page.goto(world.url("consensus?path=gone.txt"))
    button = page.locator(".place [data-letters=AB]")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(page.locator(".pickchip")).to_have_count(0)
    expect(button).to_have_attribute("aria-pressed", "false")
