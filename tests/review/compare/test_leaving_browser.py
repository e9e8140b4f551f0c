"""Keys that are pressed while the next page is on its way are meant for that one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route

from tests.review.compare.conftest import World
from tests.review.compare.picking import picks, picks_gone
from tests.support.live import eventually
from tests.support.routes import route_first

pytestmark = pytest.mark.browser

AREA = "compare?left=base&right=A&path=app/area.py&view=split"
OF_B = "**/compare?left=base&right=B**"


def left_by(page: Page, world: World, key: str) -> Route:
    """The request of the next page, kept on its way: of the page that is left Playwright can ask nothing any more."""
    held: list[Route] = []
    route_first(page, OF_B, held.append)
    page.goto(world.url(AREA))
    page.wait_for_selector(".hunkbar .take")
    with page.expect_request(OF_B):
        page.keyboard.press(key)

    def is_held() -> bool:
        page.wait_for_timeout(1)  # routes are told meanwhile
        return bool(held)

    eventually(is_held)
    return held[0]


def test_nothing_is_taken_of_the_side_that_is_left(world: World, page: Page) -> None:
    route = left_by(page, world, "2")
    for key in ("p", "A", "T"):
        page.keyboard.press(key)
    route.continue_()
    page.wait_for_url(OF_B)
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("T")
    eventually(lambda: not picks_gone(world))
    assert [pick["variant"] for pick in picks(world)] == ["B"]


def test_who_stays_has_the_keys_again(world: World, page: Page) -> None:
    route = left_by(page, world, "2")
    route.abort("aborted")
    page.keyboard.press("Escape")
    page.keyboard.press("T")
    eventually(lambda: not picks_gone(world))
    assert [pick["variant"] for pick in picks(world)] == ["A"]
