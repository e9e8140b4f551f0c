"""A key pressed right after Back means what Back leads to."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.review.compare.conftest import World
from tests.support.routes import each_held

pytestmark = pytest.mark.browser

AREA = "app/area.py"


def test_a_key_after_back_goes_on_from_the_line_of_the_address(world: World, page: Page) -> None:
    lines = each_held(page, "**/compare/lines?*", method="GET")
    files = each_held(page, "**/compare/file?*", method="GET")
    page.goto(world.url(f"compare?left=base&right=A&path={quote(AREA, safe='')}&view=split#R5"))
    lines().continue_()
    line = page.locator("#R5")
    expect(line).to_be_focused()
    page.keyboard.press("l")
    files().continue_()
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")
    page.go_back()
    back = files()
    page.keyboard.press("j")
    back.continue_()
    lines().continue_()
    expect(line).to_be_visible()
    expect(page.locator("#L82")).to_be_focused()
    assert page.url.endswith("#L82")
