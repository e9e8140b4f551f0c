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


def test_code_comes_before_the_first_screen_ends(world: World, page: Page) -> None:
    world.crowd("P")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(world.url(f"compare?left=base&right=P&path={AREA}"))
    expect(page.locator("diff-view .add").first).to_be_in_viewport()
    first, second = page.locator(".cmp-bar .pick").all()
    for pick, name in ((first, "Base"), (second, "P")):
        chosen = pick.locator("[aria-current]")
        assert chosen.inner_text().strip() == name
        inner, outer = chosen.bounding_box(), pick.locator(".seg").bounding_box()
        assert inner
        assert outer
        assert (
            outer["x"] <= inner["x"] <= inner["x"] + inner["width"] <= outer["x"] + outer["width"]
        )
    tops = {pick.evaluate("e => e.getBoundingClientRect().top") for pick in (first, second)}
    assert len(tops) == 1, "both sides stand in one line"


def test_the_list_of_files_is_one_line_that_opens(world: World, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}"))
    tree, more = page.locator("file-tree"), page.locator(".tree-more")
    link = tree.locator("nav a:not([aria-current])").first
    expect(more).to_have_attribute("aria-expanded", "false")
    expect(link).to_be_hidden()
    box = tree.bounding_box()
    assert box
    assert box["height"] < 60
    more.click()
    expect(more).to_have_attribute("aria-expanded", "true")
    box = tree.bounding_box()
    assert box
    assert box["height"] > 300, "room for more than one file"
    name = link.locator(".cut").inner_text()
    link.click()
    expect(page.locator("#file .filebar b")).to_have_text(name)
    expect(more).to_have_attribute("aria-expanded", "false")
    expect(link).to_be_hidden()
    page.keyboard.press("t")
    expect(tree.get_by_label("Filter files")).to_be_focused()
    more.click()
    expect(more).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("/")
    expect(tree.get_by_label("Find in all changed files")).to_be_focused()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(more).to_be_hidden()
    expect(link).to_be_visible()


@pytest.mark.parametrize("rest", ["consensus", "board"])
def test_no_keys_are_told_where_there_is_no_room(world: World, page: Page, rest: str) -> None:
    page.goto(world.url(rest))
    hint = page.locator(".keys-hint")
    expect(hint).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    expect(hint).to_be_hidden()


@pytest.mark.parametrize("width", [1280, 390])
def test_what_takes_a_place_stands_above_its_code(world: World, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(world.url("consensus"))
    option = page.locator(".option.v").first
    expect(option.locator(".takeform .btn")).to_be_visible()
    button, code = (
        option.locator(".takeform .btn").bounding_box(),
        option.locator("pre").bounding_box(),
    )
    assert button
    assert code
    assert button["y"] + button["height"] <= code["y"] + 1


def test_all_columns_leave_the_name_of_the_file(world: World, page: Page) -> None:
    world.crowd("P")
    letters = ",".join("ABCDEFGHIJKLMNOP")
    page.goto(world.url(f"compare/columns?path={AREA}&of=base,{letters}"))
    expect(page.locator(".filebar .takes form")).to_have_count(16)
    name = page.locator(".filebar > .cut").first
    assert name.evaluate("e => e.scrollWidth <= e.clientWidth")
    agent = page.locator(".chead .ag").nth(1)
    assert agent.evaluate("e => e.scrollHeight <= e.clientHeight")
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function("innerWidth === 390")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    last = page.locator(".filebar .takes form").last
    last.scroll_into_view_if_needed()
    box = last.bounding_box()
    assert box
    assert box["x"] + box["width"] <= 390


def test_what_a_key_says_stands_above_an_open_tray(world: World, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    page.keyboard.press("T")
    page.locator("#tray-more").click()
    expect(page.locator("#tray-compose")).to_be_visible()
    page.keyboard.press("g")
    said, tray = page.locator(".keysays"), page.locator("#tray")
    expect(said).to_be_visible()
    upper, lower = said.bounding_box(), tray.bounding_box()
    assert upper
    assert lower
    assert lower["height"] > 100
    assert upper["width"] > 300, "as wide as there is room"
    assert upper["y"] + upper["height"] <= lower["y"]


@pytest.mark.parametrize("width", [390, 1280])
def test_picks_are_counted_where_not_all_are_in_sight(world: World, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    page.keyboard.press("T")
    expect(page.locator("#tray .tray-count")).to_have_text("1 pick")
    expect(page.locator("#tray .tray-count")).to_be_visible()


@pytest.mark.parametrize("menu", [".cmp-bar > .menu", ".cmp-bar .pick:nth-of-type(2) .menu"])
def test_a_menu_opens_inside_the_window(world: World, page: Page, menu: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}"))
    page.locator(f"{menu} > summary").click()
    shown = page.locator(f"{menu} > .menu-list")
    expect(shown).to_be_visible()
    box = shown.bounding_box()
    assert box
    assert 0 <= box["x"] <= box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
