"""What was picked at a place of the list by other means gives way to what is taken there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.review.compare.composing import AREA, compare, content
from tests.review.compare.conftest import BASE, World

pytestmark = pytest.mark.browser

LINES = BASE[AREA].splitlines(keepends=True)


def text(**lines: str) -> str:
    """The base with other lines: `l82="x\\n"`."""
    new = [*LINES]
    for name, line in lines.items():
        new[int(name[1:]) - 1] = line
    return "".join(new)


def files(world: World, **texts: str) -> None:
    """What each variant has of the file, and nothing else."""
    for letter, said in texts.items():

        def change(known: dict[str, str], said: str = said) -> None:
            known.clear()
            known.update({**BASE, AREA: said})

        world.commit(letter, change)


def listed(page: Page, world: World) -> Locator:
    page.goto(world.url(f"consensus?path={AREA}"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    return page.locator(".place")


def option(place: Locator, letter: str) -> Locator:
    return place.locator(f"[data-letters={letter}]")


def pressed(button: Locator, state: str) -> None:
    expect(button).to_have_attribute("aria-pressed", state)


def overlapping(world: World) -> tuple[str, str]:
    one, two = text(l82="one\n", l83="one\n"), text(l83="two\n", l84="two\n")
    files(world, A=one, B=two)
    return one, two


def test_the_base_of_a_comparison_gives_way_in_the_list(page: Page, world: World) -> None:
    _, two = overlapping(world)
    compare(page, world, "base", "A")
    page.get_by_role("button", name="Revert").click()
    chips = page.locator(".pickchip")
    expect(chips).to_have_count(2)
    place = listed(page, world)
    option(place, "B").click()
    pressed(option(place, "B"), "true")
    expect(chips).to_have_text([re.compile("A.*one file", re.DOTALL), re.compile("lines 83 to 84")])
    expect(page.locator(".tray-fit")).to_contain_text("fits together")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == two


def test_the_base_of_the_list_gives_way_in_a_comparison(page: Page, world: World) -> None:
    overlapping(world)
    compare(page, world, "base", "A")
    page.keyboard.press("A")
    chips = page.locator(".pickchip")
    expect(chips).to_have_count(1)
    listed(page, world).get_by_role("button", name="Take from the base", exact=True).click()
    expect(chips).to_have_count(2)
    compare(page, world, "A", "B")
    take = page.get_by_role("button", name="Take B", exact=True)
    take.click()
    pressed(take, "true")
    expect(chips).to_have_text([re.compile("A.*one file", re.DOTALL), re.compile("lines 83 to 84")])
    expect(page.locator(".tray-fit")).to_contain_text("fits together")


def test_the_base_goes_into_a_file_that_is_taken(page: Page, world: World) -> None:
    more = "# added\n"
    one = "# top\n" + text(l82="one\n", l122="one\n") + more
    files(world, A=one, B=text(l82="two\n"))
    compare(page, world, "base", "A")
    page.keyboard.press("T")
    chips = page.locator(".pickchip")
    expect(chips).to_have_count(1)
    places = listed(page, world)
    expect(places).to_have_count(4)
    where = ("line 82", "line 122", "before line 1", "after line 160")
    there = [places.filter(has_text=re.compile(said)) for said in where]
    for number, place in enumerate(there[:3], 2):
        name = "As in the base" if number == 4 else "Take from the base"
        back = place.get_by_role("button", name=name, exact=True)
        back.click()
        pressed(back, "true")
        expect(chips).to_have_count(number)
        expect(chips.last).to_contain_text("into A")
        expect(option(place, "A")).not_to_have_attribute("data-came", "")
        expect(option(there[3], "A")).to_have_attribute("data-came", "")
    expect(page.locator(".tray-fit")).to_have_text("fits together")
    there[0].focus()
    page.keyboard.press("1")  # A's there again
    expect(option(there[0], "A")).to_have_attribute("data-came", "")
    expect(chips).to_have_count(3)
    expect(page.locator(".tray-fit")).to_contain_text("fits together")
    page.keyboard.press("2")
    pressed(option(there[0], "B"), "true")
    page.keyboard.press("2")
    pressed(option(there[0], "B"), "false")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == text(l82="one\n") + more


def test_a_change_of_a_file_that_is_taken_goes_back(page: Page, world: World) -> None:
    files(world, A=text(l82="one\n", l122="one\n"), B=BASE[AREA])
    compare(page, world, "base", "A")
    page.keyboard.press("T")
    chips = page.locator(".pickchip")
    expect(chips).to_have_count(1)
    page.get_by_role("button", name="Revert").first.click()
    expect(chips).to_have_text([re.compile("the one file"), re.compile("line 82")])
    expect(page.locator(".tray-fit")).to_contain_text("fits together")


def test_a_place_of_which_single_lines_were_taken_says_so(page: Page, world: World) -> None:
    one = text(l82="a = 1\n", l83="a = 2\n", l122="a = 3\n")
    two = text(l82="b = 1\n", l83="b = 2\n", l122="b = 3\n")
    files(world, A=one, B=two)
    compare(page, world, "A", "B")
    take = page.get_by_role("button", name="Take B", exact=True).first
    take.click()
    pressed(take, "true")
    page.get_by_role("button", name="Lines", exact=True).first.click()
    page.get_by_role("checkbox", name="Take line 83 of A").check()
    page.get_by_role("checkbox", name="Keep line 83 of B").uncheck()
    chips = page.locator(".pickchip")
    expect(chips.last).to_contain_text("2 lines into B")
    places = listed(page, world)
    expect(places).to_have_count(2)
    lines, other = places.nth(0), places.nth(1)
    for letter, said in (("B", "but for single lines"), ("A", "Single lines of it are taken")):
        pressed(option(lines, letter), "mixed")
        expect(option(lines, letter)).to_have_accessible_description(re.compile(said))
        pressed(option(other, letter), "false")
    option(lines, "A").click()  # all of it: the lines give way
    pressed(option(lines, "A"), "true")
    pressed(option(lines, "B"), "false")
    expect(chips).to_have_count(1)


def test_a_place_of_a_new_file_says_of_single_lines_too(page: Page, world: World) -> None:
    path = "app/fresh.py"
    one = "".join(f"def made_{n}():\n    return {n}\n\n\n" for n in range(6))
    two = one.replace("return 1\n", "return 10\n").replace("return 4\n", "return 40\n")
    world.commit("A", lambda known: known.update({path: one}))
    world.commit("B", lambda known: known.update({path: two}))
    compare(page, world, "A", "B", path)
    page.keyboard.press("T")
    chips = page.locator(".pickchip")
    expect(chips).to_have_count(1)
    page.get_by_role("button", name="Lines", exact=True).first.click()
    page.get_by_role("checkbox", name="Take line 6 of A").check()
    expect(chips.last).to_contain_text("1 line into B")
    page.goto(world.url(f"consensus?path={path}&kind=contradictory"))
    places = page.locator(".place")
    expect(places).to_have_count(2)
    pressed(option(places.nth(0), "B"), "mixed")
    pressed(option(places.nth(0), "A"), "mixed")
    pressed(option(places.nth(1), "B"), "true")
    pressed(option(places.nth(1), "A"), "false")
