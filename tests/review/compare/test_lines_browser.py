"""Choosing lines, permalinks to them, the enclosing function, long lines: in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.review.compare.conftest import World
from tests.support.live import eventually

pytestmark = pytest.mark.browser

AREA = "compare?left=base&right=A&path=app/area.py&view=split"


def chosen(page: Page) -> list[str]:
    found: list[str] = page.locator(".rows > [aria-current]").evaluate_all(
        "cells => cells.map((cell) => cell.id)"
    )
    return found


def number_click(page: Page, name: str, *, shift: bool = False) -> None:
    page.locator(f"#{name}").click(position={"x": 20, "y": 8}, modifiers=["Shift"] if shift else [])


def test_a_range_is_chosen_with_the_mouse_and_opens_again_by_its_address(
    world: World, page: Page
) -> None:
    page.goto(world.url(AREA))
    number_click(page, "R80")
    expect(page).to_have_url(re.compile(r"#R80$"))
    number_click(page, "R84", shift=True)
    expect(page).to_have_url(re.compile(r"#R80-R84$"))
    assert chosen(page) == ["R80", "R81", "R82", "R83", "R84"]
    number_click(page, "R79", shift=True)  # the other way round, from where it began
    expect(page).to_have_url(re.compile(r"#R79-R80$"))
    page.goto("about:blank")
    page.goto(world.url(f"{AREA}#R3-R5"))  # inside a fold
    expect(page.locator("#R4")).to_be_in_viewport()
    assert chosen(page) == ["R3", "R4", "R5"]


def test_a_range_is_chosen_by_keyboard(world: World, page: Page) -> None:
    page.goto(world.url(AREA))
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile(r"#L83$"))
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(page).to_have_url(re.compile(r"#L83-L85$"))
    assert chosen(page) == ["L83", "L84", "L85"]
    expect(page.locator("#L85")).to_be_focused()


def test_a_link_into_a_deferred_file_shows_it(world: World, page: Page) -> None:
    page.goto(world.url("compare?left=base&right=A&path=package-lock.json&view=split#R1"))
    expect(page.locator("#R1")).to_have_attribute("aria-current", "true")


def test_a_fold_opens_up_to_the_enclosing_function(world: World, page: Page) -> None:
    def change(files: dict[str, str]) -> None:
        body = "".join(f"    line_{n} = {n}\n" for n in range(60))
        files["app/long.py"] = f"def before():\n    pass\n\n\ndef long():\n{body}"

    def edit(files: dict[str, str]) -> None:
        change(files)
        files["app/long.py"] = files["app/long.py"].replace("line_50 = 50", "line_50 = 51")

    first = world.commit("A", change)
    second = world.commit("A", edit)
    page.goto(world.url(f"compare?left={first}&right={second}&path=app/long.py&view=split"))
    page.get_by_role("button", name="def long():").click()
    expect(page.locator("#L5")).to_have_text("def long():")
    expect(page.locator("#L4")).to_have_count(0)
    expect(page.locator(".fold").first).to_contain_text("4 unchanged lines")


def test_long_lines_are_wrapped_or_moved_sideways_and_that_is_remembered(
    world: World, page: Page
) -> None:
    long = "x = '" + "y" * 300 + " end'"

    def grow(files: dict[str, str]) -> None:
        files["app/new.py"] = f"short = 1\n\tif_tab\n{long}\n"

    world.commit("A", grow)
    page.goto(world.url("compare?left=base&right=A&path=app/new.py&view=split"))
    line = page.locator("#R3")
    high = "cell => cell.getBoundingClientRect().height"
    assert line.evaluate(high) > 40
    page.keyboard.press("w")
    assert line.evaluate(high) < 25
    bar = page.get_by_role("scrollbar", name="Move the lines sideways")
    bar.evaluate("bar => { bar.scrollLeft = bar.scrollWidth; }")
    moved = "parseFloat(document.querySelector('diff-view').style.getPropertyValue('--x'))"
    eventually(lambda: page.evaluate(moved) > 200)
    right_end = """cell => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return range.getBoundingClientRect().right <= cell.getBoundingClientRect().right;
    }"""
    assert line.evaluate(right_end), "the end of the longest line is in sight"
    page.reload()
    expect(page.locator("diff-view.nowrap")).to_be_visible()
    expect(page.get_by_role("button", name="Wrap")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("w")
    expect(page.locator("diff-view.nowrap")).to_have_count(0)


def test_the_head_of_the_file_stays_in_sight_and_its_path_can_be_copied(
    world: World, page: Page
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(world.url(f"{AREA}&context=all#R150"))
    expect(page.locator("#R150")).to_be_in_viewport()
    expect(page.locator(".filebar")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Copy the path").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "app/area.py"
