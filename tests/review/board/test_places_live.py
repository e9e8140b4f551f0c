"""The list of places while agents work: it follows, and what the reader looks at stays where it is."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from review.selectors.agreement import agreement_get
from review.selectors.consensus import ground_get
from review.selectors.consensus_page import PER_PAGE
from tests.review.compare.conftest import World, changed
from tests.support.pages import HTMX
from tests.support.routes import next_held

AREA = "app/area.py"
OWN = 60  # enough for two pages


def many(files: dict[str, str]) -> None:
    files.update({f"own/{n:02}.txt": f"{n}\n" for n in range(OWN)})


def earlier(files: dict[str, str]) -> None:
    """Two more contradictions and a place of its own, before most of what is there."""
    for old, new in (("side * 3", "side - 3"), ("side * 5", "5 - side"), ("side * 7", "7 - side")):
        files[AREA] = files[AREA].replace(f"{old}\n", f"{new}\n")


@pytest.fixture
def world(world: World) -> World:
    def later(files: dict[str, str]) -> None:
        many(files)
        files[AREA] = files[AREA].replace("side * 3\n", "3 + side\n").replace("side * 5\n", "5 + side\n")  # fmt: skip

    world.commit("A", later)
    return world


def known(world: World) -> None:
    agreement_get(ground_get(user=world.user, task_id=world.task.pk))


def opened(world: World, page: Page, query: str = "") -> None:
    known(world)
    page.goto(world.url(f"consensus{query}"))
    page.wait_for_selector("#tray[aria-label]", state="attached")


def clashes(page: Page) -> Locator:
    return page.locator(".k-contradictory .place")


def of_file(page: Page, path: str) -> Locator:
    return page.locator(f'.placefile[data-path="{path}"] .place')


def top(place: Locator) -> float:
    """Once all that is near has been laid out: what is out of sight has an estimated height until then."""
    found: float = place.evaluate(
        """async place => {
            const at = () => place.getBoundingClientRect().top;
            for (let quiet = 0, last = at(); quiet < 5; last = at()) {
                await new Promise(requestAnimationFrame);
                quiet = at() === last ? quiet + 1 : 0;
            }
            return at();
        }"""
    )
    return found


def stays(page: Page, path: str, before: float) -> None:
    assert abs(top(of_file(page, path)) - before) < 3


def test_nothing_is_sent_while_nothing_has_changed(world: World, reader: Client) -> None:
    known(world)
    html = reader.get(world.url("consensus")).content.decode()
    seen = re.findall(r'data-version="([^"]+)"', html)[0]
    url = world.url("consensus")
    assert reader.get(url, {"seen": seen}, headers=HTMX).status_code == 204
    assert reader.get(url, {"seen": seen}).status_code == 200, "a page is a page"
    world.commit("B", earlier)
    known(world)
    assert reader.get(url, {"seen": seen}, headers=HTMX).status_code == 200
    stranger = Client(headers={"host": "localhost:8000"})
    answer = stranger.get(url, {"seen": seen}, headers=HTMX)
    assert answer.status_code in (204, 302, 401, 403)
    assert b"place" not in answer.content


def test_the_page_of_the_place_one_is_at_is_sent(world: World, reader: Client) -> None:
    known(world)
    html = reader.get(world.url("consensus"), {"page": 2}).content.decode()
    key = re.findall(r'data-path="(own/..\.txt)".*?data-key="([^"]+)"', html, re.DOTALL)[-1]
    at = f"{key[1]} {key[0]}"
    there = reader.get(world.url("consensus"), {"at": at}, headers=HTMX).content.decode()
    assert f'data-path="{key[0]}"' in there
    assert "page=2" in re.findall(r'data-here="([^"]+)"', there)[0]
    for bad in ("x", "x no/such", f"lines:0-0 {AREA}", " " + AREA, "x\0 y"):
        there = reader.get(world.url("consensus"), {"at": bad}, headers=HTMX).content.decode()
        assert there.count('class="place"') == PER_PAGE, bad


@pytest.mark.browser
@pytest.mark.parametrize("wide", [1280, 390])
def test_places_follow_without_moving_what_is_read(world: World, page: Page, wide: int) -> None:
    page.set_viewport_size({"width": wide, "height": 800})
    opened(world, page)
    place = of_file(page, "own/20.txt")
    place.scroll_into_view_if_needed()
    place.evaluate("place => { place.mine = true; }")
    before = top(of_file(page, "own/20.txt"))
    world.commit("B", earlier)
    known(world)
    changed(page, world)
    expect(clashes(page)).to_have_count(3)
    stays(page, "own/20.txt", before)
    assert place.evaluate("place => place.mine"), "what is the same stays the same"
    expect(clashes(page).first).to_have_class(re.compile("fresh"))
    expect(place).not_to_have_class(re.compile("fresh"))
    expect(page.locator("#places-says")).to_contain_text("new or changed")


@pytest.mark.browser
def test_the_place_one_is_at_is_not_lost(world: World, page: Page) -> None:
    opened(world, page)
    for _ in range(PER_PAGE):
        page.keyboard.press("j")
    place = page.locator(".place[data-now]")
    path = str(page.locator(".placefile:has(> .place[data-now])").get_attribute("data-path"))
    expect(place).to_be_focused()
    before = top(place)
    world.commit("B", earlier)  # so the last place of this page is on the next one
    known(world)
    changed(page, world)
    expect(page).to_have_url(re.compile("page=2"))
    expect(of_file(page, path)).to_be_focused()
    expect(of_file(page, path)).to_have_attribute("data-now", "")
    page.keyboard.press("j")
    expect(place).to_be_focused()
    expect(of_file(page, path)).not_to_be_focused()
    assert before > 0


@pytest.mark.browser
def test_where_it_is_gone_one_is_at_the_next(world: World, page: Page) -> None:
    opened(world, page, "?kind=unique")
    place = of_file(page, "own/05.txt")
    place.get_by_role("button").first.focus()  # that of the base is hidden
    below = top(of_file(page, "own/06.txt"))

    def less(files: dict[str, str]) -> None:
        many(files)
        del files["own/05.txt"]

    world.commit("A", less)
    known(world)
    changed(page, world)
    expect(place).to_have_count(0)
    expect(of_file(page, "own/06.txt")).to_be_focused()
    stays(page, "own/06.txt", below)


@pytest.mark.browser
def test_a_button_keeps_the_focus_and_what_was_taken_stays(world: World, page: Page) -> None:
    opened(world, page)
    take = clashes(page).last.locator("[data-letters=A]")
    take.click()
    expect(take).to_have_attribute("aria-pressed", "true")
    world.commit("B", earlier)
    known(world)
    changed(page, world)
    expect(clashes(page)).to_have_count(3)
    expect(take).to_be_focused()
    expect(take).to_have_attribute("aria-pressed", "true")


@pytest.mark.browser
def test_nothing_is_empty_while_the_new_state_is_compared(world: World, page: Page) -> None:
    asked = next_held(page, "**/consensus?*seen=*")
    opened(world, page)
    shown = page.locator(".place")
    count = shown.count()
    world.commit("B", earlier)
    changed(page, world)
    held = asked()
    expect(shown).to_have_count(count)
    page.evaluate(
        """() => {
            window.least = Infinity;
            const count = () => document.querySelectorAll(".place").length;
            new MutationObserver(() => { window.least = Math.min(window.least, count()); })
                .observe(document.querySelector("place-list"), { childList: true, subtree: true });
        }"""
    )
    held.fulfill(
        status=200,
        content_type="text/html",
        body=f'<div class="places-in" data-here="{world.url("consensus")}" data-version="">'
        '<div class="card"><div class="empty" data-again="x"><h3>Comparing the variants…</h3></div></div></div>',
    )
    expect(page.locator("#places-says")).to_have_text(re.compile("Comparing|new or changed"))
    expect(clashes(page)).to_have_count(3)
    assert page.evaluate("window.least") > 1


@pytest.mark.browser
def test_what_is_selected_or_typed_waits(world: World, page: Page) -> None:
    opened(world, page)
    field = page.locator("#places-filter")
    field.press_sequentially("area")
    world.commit("B", earlier)
    known(world)
    changed(page, world)
    expect(page.locator("#places-says")).to_contain_text("once you are done")
    expect(field).to_be_focused()
    expect(clashes(page)).to_have_count(1)
    field.fill("")
    field.blur()
    expect(clashes(page)).to_have_count(3)
