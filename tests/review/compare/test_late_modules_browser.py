"""A module that comes late still hears what the others were told meanwhile."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Response, Route, WebSocket, expect

from tests.review.compare.conftest import World
from tests.support.live import eventually
from tests.support.routes import next_held

pytestmark = pytest.mark.browser


def opened_without(page: Page, world: World, module: str, *, told: str) -> Route:
    """The page without one of its modules, when the others have what they asked `told` for."""
    come: list[Response] = []
    page.on("response", lambda one: come.append(one) if f"/compare/{told}?" in one.url else None)
    late = next_held(page, f"**/js/{module}.js")
    page.goto(
        world.url("compare?left=base&right=A&path=app/area.py&view=split"), wait_until="commit"
    )
    route = late()
    eventually(lambda: page.evaluate("true") and bool(come))
    come[0].finished()
    page.evaluate("() => new Promise((done) => setTimeout(done))")  # what waited for it has run
    return route


def test_changes_can_be_taken_where_how_they_stand_is_known_first(world: World, page: Page) -> None:
    route = opened_without(page, world, "compose", told="reading")
    route.continue_()
    expect(page.locator(".hunkbar .take.main")).to_have_count(1)


def test_how_far_one_is_is_told_where_the_list_comes_last(world: World, page: Page) -> None:
    route = opened_without(page, world, "viewed", told="viewed")
    route.continue_()
    expect(page.locator("file-tree .vprog")).to_contain_text("0 of 7 viewed")


def test_nothing_live_is_told_before_all_can_hear_it(world: World, page: Page) -> None:
    sockets: list[WebSocket] = []
    page.on("websocket", lambda one: sockets.append(one))
    route = opened_without(page, world, "compare-live", told="reading")
    assert not sockets
    route.continue_()
    eventually(lambda: page.evaluate("true") and bool(sockets))


def test_a_script_that_never_comes_holds_up_nothing_for_good(world: World, page: Page) -> None:
    sockets: list[WebSocket] = []
    page.on("websocket", lambda one: sockets.append(one))
    page.clock.install()
    opened_without(page, world, "comments", told="reading")
    assert not sockets
    page.clock.fast_forward(60_000)
    eventually(lambda: page.evaluate("true") and bool(sockets))
    expect(page.locator(".hunkbar .vm")).to_have_count(1)
