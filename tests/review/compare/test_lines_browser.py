"""Choosing lines, permalinks to them, the enclosing function, long lines: in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.review.compare.conftest import World, move_to_the_end
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


def test_a_fold_opens_down_to_the_end_of_the_function(world: World, page: Page) -> None:
    """More lines of it than go into one section."""

    def change(files: dict[str, str]) -> None:
        body = "".join(f"        line_{n} = {n}\n" for n in range(300))
        method = f"class All:\n    def long(self):\n{body}\n    def after(self):\n        pass\n"
        files["app/long.py"] = method + "\n\n\n" + "top = 1\n" * 30

    def edit(files: dict[str, str]) -> None:
        change(files)
        files["app/long.py"] = files["app/long.py"].replace("line_20 = 20\n", "line_20 = 21\n")

    first = world.commit("A", change)
    second = world.commit("A", edit)
    for view in ("split", "unified"):
        page.goto(world.url(f"compare?left={first}&right={second}&path=app/long.py&view={view}"))
        page.keyboard.press("j")
        page.keyboard.press("Shift+F")
        side = "L" if view == "split" else "R"
        expect(page.locator(f"#{side}302")).to_contain_text("line_299 = 299")
        expect(page.locator(f"#{side}303")).to_have_count(0)
        numbers = page.locator(f".rows > [id^={side}]").evaluate_all(
            "cells => cells.map((cell) => Number(cell.id.slice(1)))"
        )
        assert numbers == sorted(numbers)
        assert numbers[-1] == 302
        fold = page.locator(".fold").last
        expect(fold).to_contain_text("36 unchanged lines")
        expect(fold.get_by_role("button", name="end of function")).to_have_count(0)
        page.keyboard.press("f")
        expect(page.locator(f"#{side}2")).to_contain_text("def long(self)")
        expect(page.locator(f"#{side}1")).to_have_count(0)


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
    move_to_the_end(page, line)
    # The gauge of slots is swapped whenever an agent begins or ends: that moves nothing.
    page.evaluate(
        """() => new Promise((done) => {
            window.addEventListener("htmx:afterSettle", () => done(), { once: true });
            document.dispatchEvent(new Event("live:slots"));
        })"""
    )
    moved = "view => parseFloat(view.style.getPropertyValue('--x'))"
    assert page.locator("diff-view").evaluate(moved) > 200
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


def test_a_very_long_line_begins_at_its_difference_and_opens_whole(
    world: World, page: Page
) -> None:
    def line(files: dict[str, str], word: str) -> None:
        files["app/long.txt"] = "a = 1; " * 6_000 + word + " a = 1;" * 6_000 + " end\nnext\n"

    first = world.commit("A", lambda files: line(files, "old"))
    second = world.commit("A", lambda files: line(files, "new"))
    address = f"compare?left={first}&right={second}&path=app/long.txt&view=split&show=1"
    page.goto(world.url(address))
    for name, word in (("L1", "old"), ("R1", "new")):
        mark = page.locator(f"#{name} mark")
        expect(mark).to_have_text(word)
        expect(mark).to_be_in_viewport()
    box = page.locator("#R1").bounding_box()
    assert box is not None
    assert box["height"] < 300
    page.locator("#R1").get_by_role("button", name="Whole line").press("Enter")
    expect(page.locator("#L1").get_by_role("button", name="A part of the line")).to_have_count(1)
    box = page.locator("#R1").bounding_box()
    assert box is not None
    assert box["height"] > 10_000
    page.keyboard.press("w")
    expect(page.locator("#R1 mark")).not_to_be_in_viewport()
    page.keyboard.press("j")
    for name in ("L1", "R1"):
        expect(page.locator(f"#{name} mark")).to_be_in_viewport()
    page.locator(".hbar").evaluate("bar => { bar.scrollLeft = bar.scrollWidth; }")
    last = """cell => { const range = new Range();
        const node = [...cell.childNodes].findLast((one) => one.nodeType === 3);
        range.setStart(node, node.length - 3); range.setEnd(node, node.length);
        const [word, box] = [range.getBoundingClientRect(), cell.getBoundingClientRect()];
        return String(range) === 'end' && word.left > box.left && word.right < box.right; }"""
    eventually(lambda: page.locator("#R1").evaluate(last))
