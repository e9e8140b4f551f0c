"""A comparison in a narrow window: what is shown is what is said, and the tray leaves room to read."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.review.compare.conftest import World

pytestmark = pytest.mark.browser
AREA = "app/area.py"


def test_the_tray_is_one_line_that_opens(world: World, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    page.keyboard.press("T")
    tray, more = page.locator("#tray"), page.locator("#tray-more")
    expect(more).to_be_visible()
    expect(tray).to_contain_text("1 pick")
    expect(tray.locator(".tray-fit")).to_contain_text("fits together")
    for hidden in (".tray-chips", "#tray-compose", "#tray-clear"):
        expect(tray.locator(hidden)).to_be_hidden()
    box = tray.bounding_box()
    assert box
    assert box["height"] < 60
    more.click()
    expect(more).to_have_attribute("aria-expanded", "true")
    for shown in (".tray-chips", "#tray-compose", "#tray-clear"):
        expect(tray.locator(shown)).to_be_visible()
    page.keyboard.press("A")  # another tray: it stays open
    expect(tray.locator(".pickchip")).to_have_count(2)
    expect(more).to_have_attribute("aria-expanded", "true")
    expect(tray.locator("#tray-compose")).to_be_visible()
    more.click()
    expect(tray.locator("#tray-compose")).to_be_hidden()
    page.keyboard.press("Shift+O")
    expect(tray.locator("#tray-compose")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_in_one_column_split_says_so(world: World, page: Page) -> None:
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    split = page.locator("[data-view=split][aria-current]")
    assert split.inner_text() == "Split"
    page.set_viewport_size({"width": 390, "height": 800})
    expect(split.locator(".narrow-word")).to_be_visible()
    assert " ".join(split.inner_text().split()) == "Split in one column"
