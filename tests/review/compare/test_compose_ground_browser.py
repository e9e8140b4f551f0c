"""What is in a new variant without having been picked: a button says so, and that single lines took its place."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.review.compare.composing import AREA, compare, content
from tests.review.compare.conftest import BASE, World

pytestmark = pytest.mark.browser

ANY = re.compile("")


def came(button: Locator, said: str) -> None:
    """It is in, weaker than pressed, and says with what."""
    expect(button).to_have_attribute("data-came", "")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(button).to_have_accessible_description(re.compile(re.escape(said)))


def came_not(button: Locator) -> None:
    expect(button).not_to_have_attribute("data-came", ANY)
    expect(button).not_to_have_accessible_description(re.compile("In already"))


def test_what_came_with_all_of_a_variant_or_file_says_so(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    take = page.get_by_role("button", name="Take A", exact=True)
    file = page.locator("[data-take] [data-key=T]")
    came_not(take)
    page.keyboard.press("A")
    came(take, "In already: all of A is taken.")
    came(file, "In already: all of A is taken.")
    page.keyboard.press("T")
    expect(file).to_have_attribute("aria-pressed", "true")
    came(take, "In already: A’s file is taken.")
    came_not(file)
    page.keyboard.press("T")
    came(take, "In already: all of A is taken.")

    compare(page, world, "A", "B")
    came(take, "In already: all of A is taken.")
    page.get_by_role("button", name="Take B", exact=True).click()
    came_not(take)
    came_not(page.get_by_role("button", name="Take B", exact=True))
    take.click()  # it is picked then as ever
    expect(take).to_have_attribute("aria-pressed", "true")
    came_not(take)
    expect(page.locator(".pickchip")).to_have_text(
        [re.compile("all 7 files"), re.compile(r"area\.py, line 82")]
    )
    take.click()
    came(take, "In already: all of A is taken.")
    page.keyboard.press("T")  # B's file takes the place of the ground
    came_not(take)
    came(
        page.get_by_role("button", name="Take B", exact=True),
        "In already: B’s file is taken.",
    )


def test_the_list_of_places_shows_what_came_with_a_variant(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    page.keyboard.press("A")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.goto(world.url("consensus"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    place = page.locator(f"[data-path='{AREA}'] .place")
    a, b = (place.locator(f"[data-letters={letter}]") for letter in "AB")
    both = page.locator("[data-path='gone.txt'] [data-letters=AB]")
    came(a, "In already: all of A is taken.")
    came(both, "In already: all of A is taken.")
    came_not(b)
    b.click()
    expect(b).to_have_attribute("aria-pressed", "true")
    came_not(a)
    b.click()
    came(a, "In already: all of A is taken.")


def test_a_change_that_single_lines_overruled_is_not_wholly_taken(page: Page, world: World) -> None:
    line = BASE[AREA].count("\n") + 1
    end = "{0} = 1\n{0}_more = 2\n"
    world.commit("A", lambda files: files.update({AREA: BASE[AREA] + end.format("one")}))
    world.commit("B", lambda files: files.update({AREA: BASE[AREA] + end.format("two")}))
    compare(page, world, "A", "B")
    take = page.get_by_role("button", name="Take B", exact=True)
    take.click()
    expect(take).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Lines", exact=True).click()
    page.get_by_role("checkbox", name=f"Take line {line} of A").check()
    expect(take).to_have_attribute("aria-pressed", "mixed")
    expect(take).to_have_accessible_description(re.compile("but for single lines"))
    page.get_by_role("checkbox", name=f"Keep line {line} of B").uncheck()
    expect(page.locator(".pickchip").last).to_contain_text("2 lines into B")
    expect(take).to_have_attribute("aria-pressed", "mixed")
    compare(page, world, "base", "B")  # it is the same change there
    expect(take).to_have_attribute("aria-pressed", "mixed")
    compare(page, world, "A", "B")
    page.get_by_role("button", name="Lines", exact=True).click()
    page.get_by_role("checkbox", name=f"Take line {line} of A").uncheck()
    page.get_by_role("checkbox", name=f"Keep line {line} of B").check()
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(take).to_have_attribute("aria-pressed", "true")
    expect(take).not_to_have_accessible_description(re.compile("but for single lines"))
    assert content(world, "B", AREA) == BASE[AREA] + end.format("two")


def test_a_place_that_came_with_a_variant_goes_back_to_the_base(page: Page, world: World) -> None:
    one, two = "side * 20", "side * 30"
    world.commit("A", lambda files: files.update({AREA: BASE[AREA].replace(one, "20 * side")}))
    more = "# added\n"
    changed = BASE[AREA].replace(one, "20 * side").replace(two, "30 * side") + more
    world.commit("B", lambda files: files.update({AREA: changed, "app/own.py": "x = 1\n"}))
    compare(page, world, "base", "B")
    page.keyboard.press("A")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.goto(world.url("consensus?kind=unique"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    file = page.locator(f"[data-path='{AREA}'] .place")
    expect(file).to_have_count(2)
    changes, adds, creates = (
        file.nth(0),
        file.nth(1),
        page.locator("[data-path='app/own.py'] .place"),
    )
    for number, (place, name) in enumerate(
        ((changes, "Take from the base"), (adds, "As in the base"), (creates, "Leave it out")), 2
    ):
        back, theirs = (
            place.get_by_role("button", name=name, exact=True),
            place.locator("[data-letters=B]"),
        )
        came(theirs, "In already: all of B is taken.")
        expect(back).to_have_attribute("aria-pressed", "false")
        place.focus()
        page.keyboard.press("1")
        expect(back).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".pickchip")).to_have_count(number)
        came_not(theirs)
        page.keyboard.press("1")
        came(theirs, "In already: all of B is taken.")
        page.keyboard.press("1")
        expect(back).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".tray-fit")).to_have_text("fits together")
    compare(page, world, "A", "B")  # what leaves it as it was is pressed there
    expect(page.get_by_role("button", name="Take A", exact=True).first).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == BASE[AREA].replace(one, "20 * side")
    assert content(world, "D", "app/own.py") is None


def test_the_base_is_offered_where_all_of_a_variant_is_taken(page: Page, world: World) -> None:
    world.commit("B", lambda files: files.update({AREA: BASE[AREA]}))
    page.goto(world.url(f"consensus?path={AREA}"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    place = page.locator(".place")
    back, theirs = place.locator("form[data-back]"), place.locator("[data-letters=A]")
    expect(theirs).to_have_attribute("aria-pressed", "false")
    expect(back).to_be_hidden()
    theirs.click()
    expect(theirs).to_have_attribute("aria-pressed", "true")
    expect(back).to_be_hidden()
    chips, ground = page.locator(".pickchip"), page.locator("[data-take] [data-key=A]")
    compare(page, world, "base", "B", "gone.txt")
    page.keyboard.press("A")  # B has the base there
    expect(ground).to_have_attribute("aria-pressed", "true")
    expect(chips).to_have_count(2)
    page.goto(world.url(f"consensus?path={AREA}"))
    expect(theirs).to_have_attribute("aria-pressed", "true")
    expect(back).to_be_hidden()
    compare(page, world, "base", "A", "gone.txt")
    page.keyboard.press("A")
    expect(ground).to_have_attribute("aria-pressed", "true")
    expect(chips).to_have_count(2)
    page.goto(world.url(f"consensus?path={AREA}"))
    back.get_by_role("button").click()
    expect(back.get_by_role("button")).to_have_attribute("aria-pressed", "true")
    expect(theirs).to_have_attribute("aria-pressed", "false")
    expect(chips).to_have_count(2)


def test_a_name_goes_back_to_the_base_and_the_lines_stay(page: Page, world: World) -> None:
    zone = "app/zone.py"
    first = "# first\n"
    text = first + BASE[AREA].replace("side * 20", "20 * side")

    def rename(files: dict[str, str]) -> None:
        del files[AREA]
        files[zone] = text

    world.commit("A", rename)
    world.commit("B", lambda files: files.update({AREA: BASE[AREA]}))
    compare(page, world, "base", "A", "gone.txt")
    page.keyboard.press("A")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.goto(world.url("consensus?kind=unique"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    places = page.locator(f"[data-path='{AREA}'] .place")
    expect(places).to_have_count(3)
    texts = [re.compile(where) for where in (r"^\s*name", "before line 1", "line 82")]
    name, top, line = (places.filter(has_text=where) for where in texts)
    theirs = [place.locator("[data-letters=A]") for place in (name, top, line)]
    for button in theirs:
        came(button, "In already: all of A is taken.")
    back = name.get_by_role("button", name="As in the base", exact=True)
    back.click()
    expect(back).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".pickchip").last).to_contain_text("zone.py, name")
    came_not(theirs[0])
    for button in theirs[1:]:
        came(button, "In already: all of A is taken.")
    expect(page.locator(".tray-fit")).to_have_text("fits together")
    page.reload()
    expect(back).to_have_attribute("aria-pressed", "true")
    back.click()
    came(theirs[0], "In already: all of A is taken.")
    back.click()
    expect(back).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == text
    assert content(world, "D", zone) is None


def test_a_ground_that_single_lines_overruled_is_not_said_to_be_in(
    page: Page, world: World
) -> None:
    compare(page, world, "A", "B")
    a, b = (page.get_by_role("button", name=f"Take {letter}", exact=True) for letter in "AB")
    page.keyboard.press("A")  # all of B
    came(b, "In already: all of B is taken.")
    page.get_by_role("button", name="Lines", exact=True).click()
    page.get_by_role("checkbox", name="Keep line 82 of B").uncheck()
    expect(b).to_have_attribute("aria-pressed", "mixed")
    expect(b).not_to_have_attribute("data-came", ANY)
    page.get_by_role("checkbox", name="Take line 82 of A").check()
    for button in (a, b):
        expect(button).to_have_attribute("aria-pressed", "mixed")
        expect(button).not_to_have_attribute("data-came", ANY)
    expect(a).to_have_accessible_description(re.compile("Single lines of it are taken"))
    expect(b).to_have_accessible_description(re.compile("but for single lines"))


def test_what_is_put_back_is_not_said_to_be_in(page: Page, world: World) -> None:
    """B is as the base there: taking B's is taking the base's."""
    world.commit("B", lambda files: files.update({AREA: BASE[AREA]}))
    compare(page, world, "B", "A")
    a, b = (page.get_by_role("button", name=f"Take {letter}", exact=True) for letter in "AB")
    page.keyboard.press("A")
    came(a, "In already: all of A is taken.")
    b.click()
    expect(b).to_have_attribute("aria-pressed", "true")
    came_not(a)
