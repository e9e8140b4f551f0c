"""Taking one place after the other of a file that the base, or one of two variants, does not have."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.review.compare.composing import compare, content
from tests.review.compare.conftest import World

pytestmark = pytest.mark.browser


NEW = """class Limiter:
    size = 1

    def hit(self):
        return 'A'

    def miss(self):
        return 1
"""


def news(world: World) -> tuple[str, str]:
    """Two files of one name that the base lacks: they differ in three places."""
    other = (
        NEW.replace("size = 1", "size = 2").replace("'A'", "'B'").replace("return 1", "return 2")
    )
    world.commit("A", lambda files: files.update({"app/new.py": NEW}))
    world.commit("B", lambda files: files.update({"app/new.py": other}))
    return NEW, other


def test_a_file_that_the_base_lacks_is_put_together_place_by_place(
    page: Page, world: World
) -> None:
    ours, theirs = news(world)
    compare(page, world, "A", "B", "app/new.py")
    takes = page.locator(".hunkbar .take:not([aria-expanded])")
    expect(takes).to_have_count(6)
    page.keyboard.press("T")  # the file of B
    chips = page.locator(".pickchip")
    expect(chips).to_have_text(re.compile("B.*new.py", re.DOTALL))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("P")  # but the second place from A
    expect(chips.last).to_have_text(re.compile("A.*new.py, line 5 into B", re.DOTALL))
    expect(page.locator("#tray")).to_contain_text("fits together")
    for at, pressed in enumerate(("false", "true", "true", "false", "false", "true")):
        expect(takes.nth(at)).to_have_attribute("aria-pressed", pressed)
    page.keyboard.press("p")  # from B again
    expect(chips).to_have_count(1)
    page.keyboard.press("P")
    expect(chips).to_have_count(2)
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    assert content(world, "D", "app/new.py") == theirs.replace("'B'", "'A'")
    assert ours != theirs


def test_a_place_of_a_new_file_with_no_file_taken_stands_in_the_other_ones(
    page: Page, world: World
) -> None:
    _, theirs = news(world)
    compare(page, world, "B", "A", "app/new.py")
    page.get_by_role("button", name="Take A", exact=True).first.click()
    chips = page.locator(".pickchip")
    expect(chips).to_have_text(re.compile("A.*new.py, line 2 into B", re.DOTALL))
    page.get_by_role("button", name="Take B", exact=True).first.click()  # all of it from B
    expect(chips).to_have_text(re.compile("B.*new.py$", re.DOTALL))
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    assert content(world, "D", "app/new.py") == theirs


def test_a_file_that_one_side_lacks_is_offered_whole_at_its_changes(
    page: Page, world: World
) -> None:
    def gone(files: dict[str, str]) -> None:
        del files["app/new.py"]

    world.commit("B", gone)
    compare(page, world, "B", "A", "app/new.py")
    page.wait_for_selector(".hunkbar .take")
    expect(page.get_by_role("button", name="Lines", exact=True)).to_have_count(0)
    page.keyboard.press("j")
    for key, letter in (("P", "B"), ("p", "A")):
        page.keyboard.press(key)
        expect(page.locator(".hunkbar .take:focus")).to_have_text(f"Take file from {letter}")
        expect(page.locator(".pickchip")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator(".pickchip")).to_have_text(re.compile("A.*new.py", re.DOTALL))
    expect(page.locator("#tray")).to_contain_text("fits together")
    page.goto(world.url("compare?left=base&right=A&path=package-lock.json"))
    page.keyboard.press("p")
    expect(page.locator(".takes button:focus")).to_have_attribute("data-key", "T")
