"""Taking by keys from the board and from the list of places; a key that takes nothing says why."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from review.models import Tray
from tests.review.compare.conftest import World
from tests.support.says import said_stays

AREA = "app/area.py"
TRAY = "#tray[aria-label]"


def without_new(files: dict[str, str]) -> None:
    del files["app/new.py"]


def says(page: Page, key: str, text: str) -> None:
    page.keyboard.press(key)
    expect(page.locator(".keysays")).to_have_text(text)


@pytest.mark.browser
@pytest.mark.parametrize("path", ["new name.txt", "gone.txt"])
def test_the_file_of_any_cell_is_taken_as_its_variant_has_it(
    world: World, page: Page, path: str
) -> None:
    page.goto(world.url("board"))
    page.wait_for_selector(".board .mk", state="attached")
    page.locator(f".board [data-row='{path}'] > [data-l=B]").focus()
    page.keyboard.press("T")
    expect(page.locator(".tray-fit")).to_contain_text("fits together")
    assert Tray.objects.get().picks == [{"variant": "B", "path": path}]
    page.reload()
    expect(page.locator(".board [data-taken]")).to_have_count(1)


@pytest.mark.browser
def test_a_cell_says_how_much_of_it_is_taken(world: World, page: Page) -> None:
    hunk = {"base_start": 82, "base_lines": 1}
    Tray.objects.create(
        user=world.user,
        task=world.task,
        picks=[
            {"variant": "A"},
            {"variant": "B", "path": "new name.txt"},
            {"variant": "B", "path": AREA, "hunks": [hunk]},
        ],
    )
    page.goto(world.url("board"))
    page.wait_for_selector(".board .mk", state="attached")
    page.wait_for_selector(TRAY, state="attached")

    def cell(letter: str, path: str) -> Locator:
        return page.locator(f".board [data-row='{path}'] > [data-l={letter}]")

    for letter, path, taken in (
        ("A", AREA, "all"), ("B", AREA, "part"), ("B", "new name.txt", "all"), ("A", "app/new.py", "all"),
    ):  # fmt: skip
        expect(cell(letter, path)).to_have_attribute("data-taken", taken)
    for letter, path in (("A", "new name.txt"), ("B", "app/new.py")):
        expect(cell(letter, path)).not_to_have_attribute("data-taken", re.compile(""))
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".board [data-taken]")).to_have_count(0)


@pytest.mark.browser
def test_on_the_board_a_key_that_takes_nothing_says_why(world: World, page: Page) -> None:
    said_stays(page)
    world.commit("B", without_new)
    page.goto(world.url("board"))
    page.wait_for_selector(".board .mk", state="attached")
    page.wait_for_selector(TRAY, state="attached")
    says(page, "T", "Whose file? Go to a cell of a variant first: j, then l.")
    page.locator(".board .dir .path").first.focus()
    says(page, "T", "A folder is not taken at once: go to one of its files with j.")
    page.locator(".board [data-row='app/new.py'] > [data-l=A]").focus()
    page.keyboard.press("l")
    says(page, "T", "B did not touch app/new.py: there is nothing to take.")
    says(page, "o", "Nothing is taken yet.")
    says(page, "O", "Nothing is taken yet.")
    says(page, "z", "There is nothing to undo.")
    says(page, "Z", "There is nothing to make again.")
    assert not Tray.objects.exists()


@pytest.mark.browser
def test_in_the_list_of_places_a_digit_that_takes_nothing_says_why(
    world: World, page: Page
) -> None:
    def changed(files: dict[str, str]) -> None:
        del files["app/new.py"]
        files["same.txt"] = "other\n"

    said_stays(page)
    world.commit("B", changed)
    page.goto(world.url("consensus"))
    page.wait_for_selector(TRAY, state="attached")
    says(page, "1", "Which place? Go to one first: j.")
    page.locator("[data-path='same.txt'] .place").focus()
    says(page, "1", "A left the base here as it is: there is nothing to take.")
    says(page, "9", "There is no variant I here.")
    page.locator("[data-path='app/new.py'] .place").focus()
    says(page, "2", "B does not have this: there is nothing to take.")
    page.keyboard.press(".")
    says(page, "b", "B does not have this: there is nothing to take.")
    assert not Tray.objects.exists()


def test_who_lacks_a_new_file_is_not_said_to_have_left_it_as_it_was(
    world: World, reader: Client
) -> None:
    world.commit("B", without_new)
    html = reader.get(world.url("consensus?path=app/new.py")).content.decode()
    assert "as it was in" not in html
    assert '<span class="label">not in <span class="v v-b' in html
    html = reader.get(world.url("consensus?path=same.txt")).content.decode()
    assert "not in <span" not in html
