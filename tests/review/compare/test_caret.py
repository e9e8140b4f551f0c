"""The caret of a comparison: always on a line that is there, and at the change that keys act on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.review.compare.conftest import BASE, World, changed, settled

pytestmark = pytest.mark.browser

AREA = "app/area.py"
SPLIT = f"compare?left=base&right=A&path={AREA}&view=split"

# Three changes: lines that come, a line that is another one, lines that come.
CHANGED = (
    BASE[AREA]
    .replace("def area_5(", "# five\n# and more\n# of it\ndef area_5(")
    .replace("side * 20", "side * side * 20")
    .replace("def area_30(", "# thirty\n# and more\ndef area_30(")
)
FIVE, TWENTY, THIRTY = "R21", "L82", "R124"


@pytest.fixture(params=[1280, 390])
def wide(request: pytest.FixtureRequest, page: Page) -> int:
    page.set_viewport_size({"width": request.param, "height": 800})
    return int(request.param)


@pytest.fixture(autouse=True)
def area_changed(world: World) -> None:
    world.commit("A", lambda files: files.update({AREA: CHANGED}))


def is_at(page: Page, line: str, change: int | None = None) -> None:
    cell = page.locator(f"#{line}")
    expect(cell).to_be_focused()
    expect(cell).to_be_visible()
    expect(cell).to_have_css("outline-style", "solid")
    if change:
        expect(page.locator("[data-now]")).to_have_count(1)
        expect(page.locator("[data-now]")).to_have_attribute("data-change", str(change))


def opened(world: World, page: Page, lines: str = "", at: str = SPLIT) -> None:
    page.goto(world.url(at + lines))
    expect(page.locator(".hunkbar")).to_have_count(3)


def chosen(page: Page) -> list[str]:
    found: list[str] = page.locator(".rows > [aria-current]").evaluate_all(
        "cells => cells.map((cell) => cell.id)"
    )
    return found


def live(world: World, page: Page, text: str) -> None:
    page.locator("diff-view").evaluate("view => { view.dataset.old = ''; }")
    world.commit("A", lambda files: files.update({AREA: text}))
    changed(page, world)
    expect(page.locator("diff-view:not([data-old])")).to_have_count(1)


def test_changes_that_begin_with_a_gap_have_the_caret_on_their_line(
    world: World, page: Page, wide: int
) -> None:
    opened(world, page)
    for key, line, change in (
        ("j", FIVE, 1),
        ("j", TWENTY, 2),
        ("j", THIRTY, 3),
        ("k", TWENTY, 2),
        ("k", FIVE, 1),
    ):
        page.keyboard.press(key)
        is_at(page, line, change)
        expect(page.locator(f"#{line}")).to_be_in_viewport()
        expect(page).to_have_url(re.compile(f"#{line}$"))
    page.keyboard.press("p")
    expect(page.locator(".pickchip")).to_have_count(1)
    pressed = page.locator(".hunkbar .take.main[aria-pressed=true]")
    expect(pressed).to_have_count(1)
    assert pressed.evaluate("button => button.closest('.hunkbar').dataset.change") == "1"


def test_the_first_and_the_last_change_say_so(world: World, page: Page) -> None:
    opened(world, page)
    said = page.get_by_role("status").filter(has_text="change of the file")
    for _ in range(3):
        page.keyboard.press("j")
        expect(said).to_have_count(0)
    page.keyboard.press("j")
    expect(said).to_contain_text("last change")
    is_at(page, THIRTY, 3)
    for _ in range(2):
        page.keyboard.press("k")
        expect(said).to_have_count(0)
    page.keyboard.press("k")
    expect(said).to_contain_text("first change")
    is_at(page, FIVE, 1)


def test_arrows_go_along_the_rows_and_across(world: World, page: Page) -> None:
    opened(world, page)
    page.keyboard.press("j")
    for key, line in (
        ("ArrowLeft", FIVE),  # there is no line on that side
        ("ArrowDown", "R22"),
        ("ArrowDown", "R23"),
        ("ArrowDown", "R24"),
        ("ArrowLeft", "L21"),
        ("ArrowUp", "R23"),  # a gap on the left
        ("ArrowDown", "R24"),
        ("ArrowLeft", "L21"),
        ("ArrowDown", "L22"),
        ("ArrowRight", "R25"),
    ):
        page.keyboard.press(key)
        is_at(page, line)
    assert chosen(page) == ["R25"]
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    is_at(page, "R85", 2)
    page.keyboard.press("Shift+ArrowDown")
    assert chosen(page) == ["R85", "R86"]


def test_shift_and_arrows_choose_from_the_line_one_is_at(
    world: World, page: Page, wide: int
) -> None:
    opened(world, page)
    page.keyboard.press("j")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    is_at(page, "R23", 1)
    assert chosen(page) == ["R21", "R22", "R23"]
    expect(page).to_have_url(re.compile("#R21-R23$"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+ArrowDown")
    assert chosen(page) == ["R124", "R125"]


def test_in_a_narrow_window_arrows_go_over_the_lines_that_are_shown(
    world: World, page: Page
) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    opened(world, page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    is_at(page, TWENTY, 2)
    for key, line in (
        ("ArrowDown", "R85"),
        ("ArrowDown", "R86"),
        ("ArrowUp", "R85"),
        ("ArrowUp", "L82"),
        ("ArrowUp", "R84"),
    ):
        page.keyboard.press(key)
        is_at(page, line)


def test_keys_act_on_the_change_that_arrows_came_to(world: World, page: Page) -> None:
    opened(world, page, "&context=all")
    page.keyboard.press("j")
    page.keyboard.press("j")
    for _ in range(40):
        page.keyboard.press("ArrowDown")
    is_at(page, "R125", 3)
    page.keyboard.press("v")
    expect(page.locator(".hunkbar.seen")).to_have_attribute("data-change", "3")


def test_who_arrives_at_a_line_is_at_its_change(world: World, page: Page, wide: int) -> None:
    opened(world, page, "#R22")
    is_at(page, "R22", 1)
    page.keyboard.press("j")
    is_at(page, TWENTY, 2)
    page.goto("about:blank")
    opened(world, page, "#R124")
    is_at(page, THIRTY, 3)
    page.keyboard.press("j")
    expect(page.get_by_role("status").filter(has_text="last change")).to_have_count(1)
    is_at(page, THIRTY, 3)


def test_what_comes_while_one_reads_leaves_caret_change_and_place(
    world: World, page: Page, wide: int
) -> None:
    opened(world, page)
    expect(page.locator(".hunkbar .vm").first).to_be_attached()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    settled(page)
    line = page.locator(".rows > :focus")
    was = str(line.get_attribute("id"))
    number, text, before = int(was[1:]), line.inner_text(), line.bounding_box()
    assert before
    here = "cell => cell.getBoundingClientRect().top"
    top = line.evaluate(here)

    for many in (3, 6):
        # Above, in sight: a line of its own change is not theirs to keep.
        new = CHANGED.replace("def area_19(", "# new\n" * many + "def area_19(")
        live(world, page, new)
        now = f"{was[0]}{number + (many if was[0] == 'R' else 0)}"
        expect(page.locator(".hunkbar")).to_have_count(4)
        is_at(page, now, 3)
        assert page.locator(f"#{now}").inner_text() == text
        assert len(chosen(page)) == 2
        page.wait_for_function(
            "([name, top]) => Math.abs(document.getElementById(name).getBoundingClientRect().top - top) < 3",
            arg=[now, top],
        )
    page.keyboard.press("j")
    expect(page.locator("[data-now]")).to_have_attribute("data-change", "4")


def test_another_layout_leaves_the_focus_in_the_file(world: World, page: Page) -> None:
    opened(world, page)
    page.keyboard.press("u")
    page.wait_for_url("**view=unified**")
    expect(page.locator("#file")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("s")
    page.wait_for_url("**view=split**")
    is_at(page, FIVE, 1)
    page.goto(world.url(f"compare/columns?path={AREA}&of=base,A,B"))
    page.keyboard.press("l")
    page.wait_for_url("**new.py**")
    expect(page.locator("diff-columns")).to_be_focused()
