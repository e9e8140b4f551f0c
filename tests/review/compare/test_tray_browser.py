"""The tray in the browser: what is picked, undone and written there stays the person's."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from orchestrator.lib.paths import hub_dir
from orchestrator.models import Variant
from review.models import Composition, Tray
from tests.review.compare.composing import compare, second_pick
from tests.review.compare.conftest import World
from tests.support.pages import HTMX
from tests.support.repositories import plain_git
from tests.support.routes import each_held, next_held

pytestmark = pytest.mark.browser


def test_the_title_says_what_was_taken_until_somebody_writes_another(
    page: Page, world: World
) -> None:
    compare(page, world, "base", "A", "app/new.py")
    page.get_by_role("button", name="Take file from A").click()
    page.get_by_role("link", name="New variant").click()
    title = page.get_by_label("Title of its commit")
    expect(title).to_have_value(f"{world.task.title}: A (1 file)")
    compare(page, world, "base", "B")
    page.get_by_role("button", name="Take B", exact=True).click()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.locator("#tray summary", has_text="Title and why").click()
    expect(title).to_have_value(f"{world.task.title}: A (1 file) and B (1 hunk)")
    title.fill("Areas as they should be")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove B area.py, line 82").click()
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(title).to_have_value("Areas as they should be")
    page.get_by_label("Why these together").evaluate("it => it.closest('details').open = true")
    page.get_by_label("Why these together").fill("As they were")
    page.reload()
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(title).to_have_value("Areas as they should be")
    expect(page.get_by_label("Why these together")).to_have_value("As they were")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    head = Variant.objects.get(letter="D").head_commit
    hub = hub_dir(world.task.project_id)
    assert plain_git(hub, "log", "-1", "--format=%s", head) == "Areas as they should be"
    compare(page, world, "base", "B")
    page.get_by_role("button", name="Take B", exact=True).click()
    expect(title).to_have_value(f"{world.task.title}: B (1 hunk)")  # for the next one, anew


def test_a_pick_is_undone_and_the_focus_stays_in_the_tray(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    page.get_by_role("button", name="Take all of A").click()
    page.get_by_role("button", name="Take A", exact=True).click()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.get_by_role("button", name="Remove A all 7 files").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(page.get_by_role("button", name="Remove A area.py, line 82")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".pickchip")).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.get_by_role("button", name="Clear").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#tray")).to_contain_text("nothing is picked: 1 pick taken out")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.reload()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".pickchip")).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Forget what was picked").click()
    expect(page.locator("#tray")).to_be_hidden()


def test_a_pick_that_gave_way_is_brought_back(page: Page, world: World) -> None:
    compare(page, world, "A", "B")
    page.wait_for_selector(".hunkbar .take")
    chips = page.locator(".pickchip")
    page.keyboard.press("j")
    for key in "pPz":  # at once: each waits for the one before
        page.keyboard.press(key)
    expect(chips).to_have_text(re.compile("B.*area.py, line 82", re.DOTALL))
    page.keyboard.press("T")
    expect(chips).to_have_text(re.compile("B.*area.py$", re.DOTALL))
    expect(page.locator("#tray")).to_contain_text("replaced 1 pick")
    page.keyboard.press("z")
    expect(chips).to_have_text(re.compile("B.*area.py, line 82", re.DOTALL))
    expect(page.locator("#tray")).not_to_contain_text("replaced")
    page.keyboard.press("A")
    expect(chips).to_have_count(2)
    compare(page, world, "B", "A")
    page.keyboard.press("A")
    expect(chips.last).to_have_text(re.compile("A.*all 7 files", re.DOTALL))
    page.keyboard.press("z")
    expect(chips.last).to_have_text(re.compile("B.*all", re.DOTALL))


def test_of_two_windows_neither_undoes_what_it_has_not_seen(page: Page, world: World) -> None:
    compare(page, world, "A", "B")
    page.keyboard.press("T")
    expect(page.locator(".pickchip")).to_have_count(1)
    other = page.context.new_page()
    compare(other, world, "A", "B")
    other.keyboard.press("A")
    expect(other.locator(".pickchip")).to_have_count(2)
    page.keyboard.press("z")
    expect(page.get_by_text("What was in the tray has changed")).to_be_visible()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.keyboard.press("z")
    expect(page.locator(".pickchip")).to_have_count(1)


def test_a_preview_says_when_it_is_of_other_picks(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    page.wait_for_selector(".hunkbar .take")
    for key, count in (("T", 1), ("l", 1), ("T", 2)):
        page.keyboard.press(key)
        expect(page.locator(".pickchip")).to_have_count(count)
    page.get_by_role("button", name="Preview the diff").click()
    expect(page.locator("h1")).to_contain_text("would be")
    note = page.get_by_text("Other things are picked by now")
    expect(page.locator("#tray .pickchip")).to_have_count(2)
    expect(note).to_be_hidden()
    page.keyboard.press("z")
    expect(note).to_be_visible()
    page.keyboard.press("Z")
    expect(note).to_be_hidden()
    page.keyboard.press("z")
    page.get_by_role("button", name="Preview again").click()
    expect(page.locator(".whole-of li")).to_have_count(1)
    expect(note).to_be_hidden()


def test_what_another_window_picked_is_not_composed_unseen(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("T")
    expect(page.locator(".pickchip")).to_have_count(1)
    other = page.context.new_page()
    compare(other, world, "base", "B")
    expect(other.locator(".pickchip")).to_have_count(1)
    other.get_by_role("button", name="Take all of B").click()
    expect(other.locator(".pickchip")).to_have_count(2)
    page.get_by_role("button", name="Compose D").click()
    expect(page.get_by_text("has changed since this page showed it")).to_be_visible()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()


def test_compose_waits_for_what_was_picked_before_it(page: Page, world: World) -> None:
    second = second_pick(page, world, each_held(page, "**/tray", method="POST"))
    page.get_by_role("button", name="Compose D").click()
    second.continue_()
    expect(page.locator(".origin")).to_be_visible()
    assert len(Composition.objects.get().picks) == 2


def test_what_is_typed_as_title_is_no_command(page: Page, world: World, reader: Client) -> None:
    compare(page, world, "A", "B")
    page.keyboard.press("T")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("O")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("Best of A and B")
    title = page.get_by_label("Title of its commit")
    expect(title).to_have_value("Best of A and B")
    # Another window picks, so the tray is put anew while one types.
    reader.post(world.url("tray"), {"variant": "A"}, headers=HTMX)
    page.evaluate(
        """htmx.ajax("GET", tray.dataset.url, { source: "#tray", target: "#tray", swap: "outerHTML" })"""
    )
    page.keyboard.type(", no more", delay=20)
    expect(title).to_have_value("Best of A and B, no more")
    expect(title).to_be_focused()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("#tray summary", has_text="Title and why")).to_be_focused()


def test_title_and_why_are_forgotten_with_the_picks(page: Page, world: World) -> None:
    compare(page, world, "base", "B")
    title = page.get_by_label("Title of its commit")
    why = page.get_by_label("Why these together")
    chips = page.locator(".pickchip")
    own = f"{world.task.title}: B (1 file)"

    def write() -> None:
        page.locator("#tray summary", has_text="Title and why").click()
        title.fill("My own")
        why.fill("My reasons")
        page.keyboard.press("Escape")

    for emptied in ("z", "Clear"):
        page.keyboard.press("T")
        expect(chips).to_have_count(1)
        expect(title).to_have_value(own)
        expect(why).to_have_value("")
        write()
        if emptied == "z":
            page.keyboard.press("z")
        else:
            page.get_by_role("button", name=emptied).click()
        expect(chips).to_have_count(0)
        expect(title).to_have_count(0)
    page.keyboard.press("z")  # Clear is undone: so is the forgetting
    expect(title).to_have_value("My own")
    expect(why).to_have_value("My reasons")
    # Emptied and picked anew in another window, of which this one sees only what comes out.
    other = page.context.new_page()
    compare(other, world, "base", "B")
    other.keyboard.press("T")
    expect(other.locator(".pickchip")).to_have_count(0)
    other.keyboard.press("A")
    expect(other.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("p")
    expect(chips).to_have_count(2)
    expect(why).to_have_value("")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    head = Variant.objects.get(letter="D").head_commit
    assert "My" not in plain_git(hub_dir(world.task.project_id), "log", "-1", "--format=%B", head)


def test_no_pick_waits_for_a_file_or_is_dropped_for_another(page: Page, world: World) -> None:
    asked = next_held(page, "**/compare/file?*")
    compare(page, world, "base", "A")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("n")
    held = asked()
    page.get_by_role("button", name="Take A", exact=True).click()
    page.get_by_role("button", name="Take all of A").click()
    expect(page.locator(".pickchip")).to_have_count(2)
    held.continue_()
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")


def test_a_press_is_not_lost_while_agents_go_on(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    page.keyboard.press("T")
    expect(page.locator(".takes [data-key=T]")).to_have_attribute("aria-pressed", "true")
    box = page.get_by_role("button", name="Clear").bounding_box()
    assert box
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    page.evaluate(
        """topic => new Promise((done) => {
            document.addEventListener("htmx:afterRequest", ({ detail }) => {
                if (detail.target.id === "tray") setTimeout(done);
            });
            document.dispatchEvent(new CustomEvent(topic));
        })""",
        f"live:task:{world.task.pk}",
    )
    page.mouse.up()
    expect(page.locator(".pickchip")).to_have_count(0)


def test_the_tray_is_looked_at_while_agents_never_rest(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    with page.expect_request("**/tray"):
        page.evaluate(
            "topic => setInterval(() => document.dispatchEvent(new CustomEvent(topic)), 50)",
            f"live:task:{world.task.pk}",
        )


def test_of_many_picks_the_newest_is_in_view(page: Page, world: World) -> None:
    many = {f"some/file_with_a_longer_name_{n}.py": "x\n" for n in range(12)}
    world.commit("A", lambda files: files.update(many))
    compare(page, world, "base", "A", "some/file_with_a_longer_name_0.py")
    page.wait_for_selector(".hunkbar .take")
    Tray.objects.create(
        user=world.user,
        task=world.task,
        picks=[{"variant": "A", "path": path} for path in [*many][1:]],
    )
    page.keyboard.press("T")
    expect(page.locator(".pickchip")).to_have_count(12)
    expect(page.locator(".pickchip").last).to_contain_text("name_0.py")
    page.wait_for_function(
        """() => {
          const chips = document.querySelector(".tray-chips");
          const box = chips.getBoundingClientRect();
          const newest = chips.lastElementChild.getBoundingClientRect();
          return chips.scrollHeight > chips.clientHeight && newest.top >= box.top && newest.bottom <= box.bottom;
        }"""
    )
