"""A press is not lost where its part of the page is replaced before it ends, and the newest state comes after it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Locator, Page, expect

from orchestrator.models import Run, Task
from orchestrator.states import Resolution, RunState
from review.models import Comment
from tests.review.compare.commenting import say
from tests.review.compare.conftest import World, changed
from tests.review.compare.keys.room import run_make
from tests.support.routes import next_held

pytestmark = pytest.mark.browser

AREA = "app/area.py"


@pytest.fixture
def page(page: Page) -> Page:
    """It tells which answers its modules have had: those of htmx, and those that were read as a text."""
    page.add_init_script("""
        window.answered = [];
        const { send } = XMLHttpRequest.prototype;
        XMLHttpRequest.prototype.send = function (...body) {
            this.addEventListener("loadend", () => answered.push(this.responseURL));
            send.apply(this, body);
        };
        for (const name of ["text", "arrayBuffer"]) {
            const read = Response.prototype[name];
            Response.prototype[name] = async function () {
                const all = await read.call(this);
                setTimeout(() => answered.push(this.url)); // whoever waits for it goes on before
                return all;
            };
        }
    """)
    return page


def answered(page: Page, part: str, act: Callable[[], object]) -> None:
    """Does something, and waits until an answer from an address with ``part`` has come after it."""
    page.evaluate("answered.length = 0")
    act()
    page.wait_for_function("part => answered.some((url) => url.includes(part))", arg=part)


def pressed(page: Page, button: Locator) -> None:
    button.hover()
    page.mouse.down()


def variant(world: World, page: Page) -> Run:
    run = run_make(world.task.variants.get(letter="A"), RunState.RUNNING)
    page.goto(world.url("variants/A"))
    expect(page.locator("#live-diff .live-body")).to_be_visible()
    return run


def says(world: World, page: Page, line: int) -> None:
    """Something that the head of a variant counts."""
    say(world, f"On line {line}", line=line)
    answered(page, "/head", lambda: changed(page, world))


def test_a_press_is_one_although_an_answer_comes_before_it_ends(world: World, page: Page) -> None:
    asked = next_held(page, "**/variants/A/stop", method="POST")
    variant(world, page)
    pressed(page, page.get_by_role("button", name="Stop A"))
    says(world, page, 82)
    say(world, "A newer one", line=83)
    changed(page, world)
    page.mouse.up()
    asked().abort()
    expect(page.locator("#variant-head .num")).to_have_text("2")


def test_a_message_is_sent_although_its_words_change_while_one_presses(
    page: Page, world: World
) -> None:
    """The button is the same one from press to release, and gone while nothing is taken."""
    asked = next_held(page, "**/variants/A/message*", method="POST")
    run = run_make(world.task.variants.get(letter="A"), RunState.SUCCEEDED)
    page.goto(world.url("variants/A"))
    words, send = page.locator("#send-row"), page.locator("#send")
    expect(words).to_contain_text("It goes on in a new run")
    page.get_by_role("textbox", name="Message to A").fill("Go on")
    pressed(page, send)
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING)
    answered(page, "/send", lambda: changed(page, world))
    page.mouse.up()
    held = asked()
    assert "Go%20on" in (held.request.post_data or "")
    held.abort()
    expect(words).to_contain_text("Sent now, or after its turn")
    for resolution, shown in ((Resolution.CLOSED, False), (Resolution.OPEN, True)):
        Task.objects.filter(pk=world.task.pk).update(resolution=resolution)
        changed(page, world)
        expect(send).to_be_visible(visible=shown)


def test_a_key_is_a_press_too(world: World, page: Page) -> None:
    asked = next_held(page, "**/variants/A/stop", method="POST")
    variant(world, page)
    page.get_by_role("button", name="Stop A").focus()
    page.keyboard.down(" ")
    says(world, page, 82)
    page.keyboard.up(" ")
    asked().abort()
    expect(page.locator("#variant-head .num")).to_have_text("1")


def test_only_what_is_pressed_waits(world: World, page: Page) -> None:
    run = variant(world, page)
    pressed(page, page.get_by_role("button", name="Stop A"))
    Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED)
    answered(page, "/head", lambda: changed(page, world))
    expect(page.locator("#variant-pane .statebox")).to_contain_text("No change")
    expect(page.get_by_role("button", name="Stop A")).to_be_visible()
    page.mouse.move(0, 0)
    page.mouse.up()
    expect(page.get_by_role("button", name="Stop A")).to_have_count(0)


def test_a_press_that_becomes_a_drag_is_waited_for_no_more(world: World, page: Page) -> None:
    variant(world, page)
    link = page.locator("#variant-head a[data-comments]")
    pressed(page, link)
    says(world, page, 82)
    expect(page.locator("#variant-head .num")).to_have_count(0)
    page.mouse.move(300, 500, steps=5)
    expect(page.locator("#variant-head .num")).to_have_text("1")
    page.mouse.up()


def test_a_window_that_is_left_waits_for_no_press(world: World, page: Page) -> None:
    variant(world, page)
    pressed(page, page.get_by_role("button", name="Stop A"))
    says(world, page, 82)
    expect(page.locator("#variant-head .num")).to_have_count(0)
    page.evaluate("dispatchEvent(new Event('blur'))")
    expect(page.locator("#variant-head .num")).to_have_text("1")


def test_a_button_that_is_gone_holds_nothing_up(world: World, page: Page) -> None:
    variant(world, page)
    pressed(page, page.get_by_role("button", name="Stop A"))
    page.locator("#stop-one").evaluate("button => button.remove()")
    says(world, page, 82)
    expect(page.locator("#variant-head .num")).to_have_text("1")


def test_what_an_answer_brings_along_waits_too(world: World, page: Page) -> None:
    """The sheet of a task is replaced by an answer that is for what stands above it."""
    page.goto(world.url().rstrip("/"))
    expect(page.locator("task-board .board")).to_be_visible()
    head = page.locator("#overview-sheet a[data-columns]").first
    pressed(page, head)
    for_head = page.locator("#overview-sheet").evaluate_handle("sheet => sheet.firstElementChild")
    run_make(world.task.variants.get(letter="A"), RunState.RUNNING)
    answered(page, f"/tasks/{world.task.pk}", lambda: changed(page, world))
    assert for_head.evaluate("part => part.isConnected")
    page.mouse.up()
    page.wait_for_url(re.compile("columns="))
    expect(page.locator("#column-order")).not_to_have_attribute("data-name", "")


def test_a_cell_of_the_board_is_opened_while_its_numbers_change(world: World, page: Page) -> None:
    page.goto(world.url("board"))
    expect(page.locator("task-board .board-in:not([data-pending])")).to_have_count(1)
    pressed(page, page.locator(f'[data-row="{AREA}"] a[data-l=A] .p'))
    world.commit("A", lambda files: files.update({AREA: files[AREA] + "more = 1\n"}))
    answered(page, "/board", lambda: changed(page, world))
    page.mouse.up()
    page.wait_for_url(re.compile("/compare"))


def test_a_file_of_the_tree_is_opened_while_the_page_follows(world: World, page: Page) -> None:
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    expect(page.locator(".hunkbar .vm")).to_have_count(1)
    pressed(page, page.locator("file-tree nav a", has_text="new.py").first)
    world.commit("A", lambda files: files.update({"app/more.py": "more = 1\n"}))
    answered(page, "/compare?", lambda: changed(page, world))
    page.mouse.up()
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")
    expect(page.locator("file-tree nav a", has_text="more.py")).to_have_count(1)


def test_a_place_is_taken_while_the_list_follows(world: World, page: Page) -> None:
    page.goto(world.url("consensus"))
    place = page.locator(".place", has_text="side * side * 20").first
    take = place.locator("form[data-take] button[data-letters=A]")
    expect(page.locator("#tray[aria-label]")).to_be_attached()
    pressed(page, take)
    world.commit("B", lambda files: files.update({AREA: files[AREA].replace("20 * s", "21 * s")}))
    answered(page, "/consensus", lambda: changed(page, world))
    page.mouse.up()
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(page.locator("place-list")).to_contain_text("21 * side")


def test_a_comment_is_gone_to_from_the_list_while_another_comes(world: World, page: Page) -> None:
    say(world, "First")
    page.goto(world.url("comments"))
    pressed(page, page.locator(".clist-head a[data-jump]").first)
    say(world, "Second", line=83)
    answered(page, "/comments", lambda: changed(page, world))
    page.mouse.up()
    page.wait_for_url(re.compile("compare"))
    assert Comment.objects.count() == 2


def test_of_two_files_asked_for_while_something_is_pressed_the_newest_comes(
    world: World, page: Page
) -> None:
    """The answer that waits is dropped with its request, which the next one breaks off."""
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    expect(page.locator(".hunkbar .vm")).to_have_count(1)
    pressed(page, page.locator("#file .filebar").get_by_role("link", name="Whole file"))
    for name in ("new.py", "package-lock.json"):
        link = page.locator("file-tree nav a", has_text=name)
        answered(page, "/compare/file", partial(link.evaluate, "link => link.click()"))
    expect(page.locator("#file")).to_have_attribute("aria-label", AREA)
    page.evaluate("dispatchEvent(new Event('blur'))")
    expect(page.locator("#file")).to_have_attribute("aria-label", "package-lock.json")
