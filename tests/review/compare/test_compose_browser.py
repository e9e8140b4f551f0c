"""Composing in the browser: from the comparison to the merge, with the mouse and without."""

from __future__ import annotations

import re
from threading import Event
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from review.models import Composition, Tray
from review.services.composing import variant_compose
from tests.review.compare.composing import AREA, compare, content, second_pick
from tests.review.compare.conftest import BASE, A, B, World
from tests.support.live import eventually
from tests.support.repositories import plain_git
from tests.support.routes import each_held, next_held, route_first
from tests.support.says import said_stays

pytestmark = pytest.mark.browser


def test_a_file_of_one_and_a_hunk_of_another_are_composed_and_merged(
    page: Page, world: World
) -> None:
    compare(page, world, "base", "A", "app/new.py")
    page.get_by_role("button", name="Take file from A").click()
    expect(page.locator(".pickchip")).to_have_text(re.compile("new.py"))
    expect(page.get_by_role("button", name="Take file from A")).to_have_attribute(
        "aria-pressed", "true"
    )
    compare(page, world, "base", "B")
    page.get_by_role("button", name="Take B", exact=True).click()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.reload()
    expect(page.locator(".pickchip")).to_have_count(2)
    expect(page.locator("#tray")).to_contain_text("fits together")

    page.get_by_role("button", name="Preview the diff").click()
    expect(page.locator("file-tree nav a")).to_have_count(2)
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    expect(page.locator(".origin")).to_contain_text("(1 file)")
    assert content(world, "D", AREA) == B[AREA]
    assert content(world, "D", "app/new.py") == A["app/new.py"]
    assert content(world, "D", "gone.txt") == BASE["gone.txt"]

    page.locator("#merge-one").click()
    page.get_by_role("button", name="Merge D now").click()
    expect(page.get_by_role("heading", name="D is merged into main")).to_be_visible()
    assert plain_git(world.origin, "show", f"main:{AREA}") + "\n" == B[AREA].rstrip("\n") + "\n"


def test_both_sides_of_a_renamed_file_can_be_taken(page: Page, world: World) -> None:
    old, new = "old name.txt", "new name.txt"

    def keep(files: dict[str, str]) -> None:
        del files[new]
        files[old] = BASE[old].replace("three", "drei")

    world.commit("A", keep)
    world.commit("B", lambda files: files.update({new: BASE[old].replace("three", "tres")}))
    compare(page, world, "A", "B", new)
    page.get_by_role("button", name="Take A", exact=True).click()
    expect(page.locator("#tray")).to_contain_text("fits together")
    page.get_by_role("button", name="Take B", exact=True).click()
    expect(page.locator(".pickchip")).to_have_text(re.compile("new name.txt, line 3"))
    expect(page.locator("#tray")).to_contain_text("fits together")
    page.get_by_role("button", name="Take A", exact=True).click()
    expect(page.locator(".pickchip")).to_have_text(re.compile("old name.txt, line 3"))
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    assert content(world, "D", old) == BASE[old].replace("three", "drei")


def test_with_keys_only(page: Page, world: World) -> None:
    compare(page, world, "A", "B")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("j")
    page.keyboard.press("p")
    expect(page.locator(".pickchip")).to_have_text(re.compile("B.*area.py, line 82", re.DOTALL))
    page.keyboard.press("P")  # the other side in its place
    expect(page.locator(".pickchip")).to_have_text(re.compile("A.*area.py, line 82", re.DOTALL))
    expect(page.get_by_role("button", name="Take A", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("P")
    expect(page.locator(".pickchip")).to_have_count(0)
    page.keyboard.press("p")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("z")
    expect(page.locator(".pickchip")).to_have_count(0)
    page.keyboard.press("p")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("o")
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "tray-compose":
            break
    page.keyboard.press("Enter")
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    assert content(world, "D", AREA) == B[AREA]


def test_from_a_file_and_a_ground_to_the_merge_without_a_walk(page: Page, world: World) -> None:
    compare(page, world, "base", "A", "app/new.py")
    chips = page.locator(".pickchip")
    page.keyboard.press("T")
    expect(chips).to_have_text(re.compile("new.py"))
    page.keyboard.press("T")
    expect(chips).to_have_count(0)
    page.keyboard.press("A")
    expect(chips).to_contain_text("all 7 files")
    compare(page, world, "A", "B")
    page.keyboard.press("T")
    expect(chips.last).to_have_text(re.compile("B.*area.py", re.DOTALL))
    page.keyboard.press("O")
    expect(page.locator("#tray-compose")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/variants/D")
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    assert content(world, "D", AREA) == B[AREA]
    page.keyboard.press("M")
    expect(page.get_by_role("button", name="Merge D now")).to_be_visible()
    page.goto(world.url("compare?left=base&right=D"))
    page.keyboard.press("M")
    expect(page.get_by_role("button", name="Merge D now")).to_be_visible()


def test_from_the_overview_to_the_places_and_to_the_only_merge(page: Page, world: World) -> None:
    world.task.variants.filter(letter__in="AB").update(files_changed=7)
    page.goto(world.url().rstrip("/"))
    expect(page.get_by_role("link", name="See where")).to_be_visible()
    page.keyboard.press("M")  # of two that can be merged none is the one
    page.keyboard.press("w")
    page.wait_for_url("**/consensus")
    world.task.variants.filter(letter="B").update(archived_at=timezone.now())
    page.goto(world.url().rstrip("/"))
    page.keyboard.press("M")
    expect(page.get_by_role("button", name="Merge A now")).to_be_visible()


def test_a_hunk_is_reverted(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    page.get_by_role("button", name="Revert").click()
    expect(page.locator(".pickchip")).to_have_count(2)
    expect(page.locator(".pickchip").first).to_contain_text("all 7 files")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == BASE[AREA]
    assert content(world, "D", "app/new.py") == A["app/new.py"]


def test_the_board_gives_the_ground_and_columns_give_files(page: Page, world: World) -> None:
    page.goto(world.url("board"))
    page.get_by_role("button", name="Take all of A").click()
    expect(page.locator(".pickchip")).to_contain_text("all 7 files")
    expect(page.get_by_role("button", name="Take all of A")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.goto(world.url(f"compare/columns?path={AREA}&of=A,B"))
    page.get_by_role("button", name="Take from B").click()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == B[AREA]
    assert content(world, "D", "app/new.py") == A["app/new.py"]


@pytest.mark.parametrize("keys", ["T", "p", "Tl", "pl", "jp", "plj"])
def test_a_key_means_the_file_that_is_on_its_way(page: Page, world: World, keys: str) -> None:
    asked = next_held(page, "**/compare/file?*")
    compare(page, world, "base", "A")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("l")
    held = asked()
    expect(page.locator("#file.htmx-request")).to_have_count(1)
    for key in keys:
        page.keyboard.press(key)
    held.continue_()
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(page.locator(".pickchip")).to_contain_text("new.py")
    expect(page.locator("#file")).to_have_attribute(
        "aria-label", "bytes-\\xff.txt" if "l" in keys else "app/new.py"
    )


def test_the_file_that_the_last_step_leads_to_is_viewed(page: Page, world: World) -> None:
    marked: list[str] = []

    def note(route: Route) -> None:
        if route.request.method == "POST":
            marked.append(route.request.url)
        route.continue_()

    route_first(page, "**/compare/viewed?*", note)
    asked = next_held(page, "**/compare/file?*")
    compare(page, world, "base", "A")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("l")
    held = asked()
    for key in "lV":
        page.keyboard.press(key)
    held.continue_()
    eventually(lambda: page.evaluate("true") and bool(marked))
    assert "bytes-" in marked[0]


def test_a_key_that_answers_a_question_does_not_wait(page: Page, world: World) -> None:
    asked = next_held(page, "**/compare/file?*")
    compare(page, world, "base", "A")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("l")
    asked()
    for key in "gp":
        page.keyboard.press(key)
    page.wait_for_url("**/projects")
    assert not Tray.objects.exists()


def test_what_is_written_before_its_field_is_there_is_no_key(page: Page, world: World) -> None:
    asked = next_held(page, "**/compare/file?*")
    compare(page, world, "base", "A")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("l")
    held = asked()
    for key in "dThlp":
        page.keyboard.press(key)
    held.continue_()
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")
    expect(page.locator("#file textarea:focus")).to_have_count(1)
    assert not Tray.objects.exists()


def test_nothing_is_composed_without_a_pick_that_was_refused(page: Page, world: World) -> None:
    said_stays(page)
    asked = each_held(page, "**/tray", method="POST")
    second = second_pick(page, world, asked)
    page.get_by_role("button", name="Compose D").click()
    second.fulfill(status=500)
    expect(page.locator(".keysays")).to_contain_text("Nothing was done")
    assert not Composition.objects.exists()
    page.keyboard.press("T")
    third = asked()
    page.get_by_role("button", name="Preview the diff").click()
    third.continue_()
    expect(page.locator(".whole-of li")).to_have_count(2)


def test_a_key_for_a_file_that_gave_way_to_another_is_dropped(page: Page, world: World) -> None:
    asked = next_held(page, "**/compare/file?*path=app%2Fnew.py*")
    compare(page, world, "base", "A")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("l")
    asked()
    page.keyboard.press("T")
    page.locator("file-tree").get_by_role("link", name="gone.txt").click()
    expect(page.locator("#file")).to_have_attribute("aria-label", "gone.txt")
    page.keyboard.press("j")
    page.keyboard.press("T")
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(page.locator(".pickchip")).to_contain_text("gone.txt")


def test_in_a_narrow_column_taking_all_leaves_the_agent_its_name(page: Page, world: World) -> None:
    page.goto(world.url("board"))
    button, head = (
        page.get_by_role("button", name="Take all of A"),
        page.locator(".colheads > .v-a"),
    )
    expect(button).to_be_visible()
    assert button.evaluate("it => it.clientWidth") > 60, "there is place for its words"
    page.set_viewport_size({"width": 390, "height": 800})
    expect(button).to_have_css("width", "24px")
    name = head.locator(".cut")
    assert name.evaluate("it => it.scrollWidth <= it.clientWidth")
    button.click()
    expect(page.locator(".pickchip")).to_contain_text("all 7 files")


def test_who_presses_twice_is_led_to_what_was_made(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    page.keyboard.press("T")
    stopped = page.get_by_role("button", name="Compose D").evaluate(
        """button => {
            const stopped = [];
            addEventListener("submit", (event) => stopped.push(event.defaultPrevented));
            button.click();
            button.click();
            return stopped;
        }"""
    )
    assert stopped == [False, True]
    page.wait_for_url("**/variants/D")
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    assert world.task.variants.count() == 4


def test_who_stops_composing_can_press_again(
    page: Page, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    came, stopped = Event(), Event()

    def lost_first(**asked: Any) -> Any:
        if came.is_set():
            return variant_compose(**asked)
        came.set()
        assert stopped.wait(60)
        return world.task.variants.get(letter="A")  # nobody waits for this answer

    monkeypatch.setattr("review.views.composing.variant_compose", lost_first)
    other = page.context.new_page()  # a page that goes elsewhere cannot be told anything
    other.goto(world.url("comments"))
    compare(page, world, "base", "A")
    page.keyboard.press("T")
    button = page.get_by_role("button", name="Compose D")
    sent = button.evaluate(
        """button => {
            addEventListener("storage", ({ key }) => key === "test-stop" && window.stop());
            button.click();
            return "sent" in button.form.dataset;
        }"""
    )
    assert sent is True
    eventually(came.is_set)
    other.evaluate("localStorage.setItem('test-stop', '1')")
    expect(page.locator("#tray [data-sent]")).to_have_count(0)
    stopped.set()
    button.click()
    page.wait_for_url("**/variants/D")


def test_on_a_phone_a_change_is_reverted_too_and_it_is_said_why(page: Page, world: World) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    compare(page, world, "base", "A")
    expect(page.get_by_role("button", name="Revert")).to_be_hidden()
    page.get_by_role("button", name="More to do with this change").click()
    expect(page.get_by_role("button", name="Lines", exact=True)).to_be_visible()
    page.get_by_role("button", name="Revert").click()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.get_by_role("button", name="What was picked, and what to do with it").click()
    page.locator("#tray summary", has_text="Why").click()
    page.get_by_label("Why these together").fill("The area was right as it was")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Another pick replaces the tray; what was typed stays.
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove A all 7 files").click()
    expect(page.locator(".pickchip")).to_have_count(1)
    page.get_by_role("button", name="Take A", exact=True).click()
    expect(page.locator(".pickchip").first).to_contain_text("area.py")
    expect(page.get_by_label("Why these together")).to_have_value("The area was right as it was")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_contain_text("The area was right as it was")


def test_where_there_is_no_change_to_take_its_keys_do_nothing(page: Page, world: World) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for at in ("", "board", "consensus"):
        page.goto(world.url(at).rstrip("/"))
        page.wait_for_selector("#tray[aria-label]", state="attached")
        page.keyboard.press("p")
        page.keyboard.press("P")
    assert page.locator("#tray").is_hidden()
    assert not errors
