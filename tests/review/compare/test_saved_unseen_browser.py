"""A comment that was saved while what shows it could not be loaded: no fault of its form."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from review.models import Comment
from tests.review.compare.commenting import area, form, say, threads
from tests.review.compare.conftest import World
from tests.support.routes import route_first

pytestmark = pytest.mark.browser

SAID = "It was saved. What is shown here is older"


def failing(page: Page, pattern: str, how: str) -> list[bool]:
    """Once something is in the list, nothing can be read by such a request."""
    fails: list[bool] = []

    def handle(route: Route) -> None:
        if not fails or route.request.method != "GET":
            route.fallback()
        elif how == "refused":
            route.fulfill(status=503, body="")
        else:
            route.abort()

    route_first(page, pattern, handle)
    return fails


@pytest.mark.parametrize("how", ["refused", "cut"])
def test_a_list_that_is_not_renewed_is_old(world: World, page: Page, how: str) -> None:
    say(world, "First")
    fails = failing(page, "**/tasks/*/comments?**", how)
    page.goto(area(world))
    expect(threads(page)).to_contain_text("First")
    page.get_by_role("link", name="Comments").click()
    drawer = page.locator(".drawer")
    expect(drawer.locator(".clist-threads > li")).to_have_count(1)
    fails.append(True)
    drawer.get_by_text("Comment on a variant as a whole").click()
    drawer.get_by_role("textbox", name="Comment").last.fill("Second")
    drawer.get_by_role("button", name="Comment", exact=True).click()
    expect(drawer.locator(".clist > .err")).to_contain_text(SAID)
    assert Comment.objects.count() == 2
    assert drawer.locator("form .err:visible").count() == 0
    expect(drawer.locator(".clist-threads > li")).to_have_count(1)


@pytest.mark.parametrize("how", ["refused", "cut"])
def test_lines_whose_threads_are_not_read_are_old(world: World, page: Page, how: str) -> None:
    fails = failing(page, "**/comments/threads?**", how)
    page.goto(area(world))
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.type("Why?")
    fails.append(True)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#flash").get_by_role("alert")).to_contain_text(SAID)
    assert Comment.objects.count() == 1
    expect(form(page)).to_have_count(0)
