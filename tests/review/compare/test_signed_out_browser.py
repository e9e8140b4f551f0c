"""A page that is still open when its person is signed out: it stays, and says so."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.review.compare.conftest import World

pytestmark = pytest.mark.browser

AREA = "app/area.py"


@pytest.mark.parametrize("act", ["n", "p", "v"])
def test_nothing_of_the_page_is_replaced_by_a_login(world: World, page: Page, act: str) -> None:
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    expect(page.locator(".hunkbar .vm")).to_have_count(1)
    page.keyboard.press("j")
    page.context.clear_cookies(name=re.compile("session"))
    page.keyboard.press(act)
    told = page.locator("#flash").get_by_role("alert")
    expect(told).to_contain_text("You are not signed in any more. Load the page anew to sign in.")
    expect(page.locator("#file")).to_have_attribute("aria-label", AREA)
    expect(page.locator("#tray")).to_have_count(1)
    expect(page.locator("[name=password]")).to_have_count(0)
