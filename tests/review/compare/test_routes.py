"""Requests that tests keep on their way: each until it is let go itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.review.compare.composing import compare
from tests.review.compare.conftest import World
from tests.support.routes import next_held

pytestmark = pytest.mark.browser


def test_of_two_that_are_held_one_is_not_let_go_with_the_other(page: Page, world: World) -> None:
    read, opened = (next_held(page, f"**/compare/{part}?*") for part in ("reading", "file"))
    compare(page, world, "base", "A")
    first = read()
    page.keyboard.press("n")
    opened().continue_()
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")
    with page.expect_response(first.request.url):
        first.continue_()
