"""Where the focus goes, so that keys go on working."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from orchestrator.models import Run, Task
from orchestrator.states import Resolution, RunState
from tests.review.compare.conftest import World, changed
from tests.review.compare.keys.room import run_make
from tests.support.routes import next_held

pytestmark = pytest.mark.browser
AREA = "app/area.py"


def test_the_jump_box_closes_at_once_and_gives_the_focus_back(world: World, page: Page) -> None:
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}"))
    page.wait_for_selector(".hunkbar-acts .take")
    page.keyboard.press("j")
    line = page.locator("#file [data-change]:focus")
    expect(line).to_have_count(1)
    name = line.get_attribute("id")
    for typed in ("", "area"):
        page.keyboard.press("Control+k")
        expect(page.locator(".jump-in")).to_be_focused()
        if typed:
            page.keyboard.type(typed)
            row = page.locator(".jump-row").first
            expect(row).to_contain_text("Areas of <all> kinds")
            expect(row).to_contain_text("areas · task")  # which project it is of
        page.keyboard.press("Escape")
        expect(page.locator("#jump[open]")).to_have_count(0)
        expect(page.locator(f"[id='{name}']")).to_be_focused()


def test_who_tells_a_stopped_agent_to_go_on_can_write_at_once(world: World, page: Page) -> None:
    run_make(world.task.variants.get(letter="A"), RunState.STOPPED)
    page.goto(f"/tasks/{world.task.pk}")
    page.get_by_role("link", name="Tell A to go on").click()
    expect(page.locator("#message")).to_be_focused()


def test_page_down_goes_on_in_the_columns_of_a_whole_file(world: World, page: Page) -> None:
    page.goto(world.url(f"compare/columns?path={AREA}&of=base,A&context=all"))
    page.get_by_role("link", name="Only changes").wait_for()
    view = page.locator("diff-columns")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("PageDown")
    expect(view).to_be_focused()
    page.wait_for_function(
        "document.querySelector('diff-columns').getBoundingClientRect().bottom <= innerHeight + 1"
    )
    for _ in range(2):
        before = view.evaluate("view => view.scrollTop")
        page.keyboard.press("PageDown")
        page.wait_for_function(
            "before => document.querySelector('diff-columns').scrollTop > before", arg=before
        )


def test_a_message_is_sent_although_its_words_change_while_one_presses(
    page: Page, world: World
) -> None:
    """The button is the same one from press to release, and gone while nothing is taken."""
    run = run_make(world.task.variants.get(letter="A"), RunState.SUCCEEDED)
    asked = next_held(page, "**/variants/A/message*", method="POST")
    page.goto(world.url("variants/A"))
    words, send = page.locator("#send-row"), page.locator("#send")
    expect(words).to_contain_text("It goes on in a new run")
    page.get_by_role("textbox", name="Message to A").fill("Go on")
    send.hover()
    page.mouse.down()
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING)
    changed(page, world)
    expect(words).to_contain_text("Sent now, or after its turn")
    page.mouse.up()
    held = asked()
    assert "Go%20on" in (held.request.post_data or "")
    held.abort()
    for resolution, shown in ((Resolution.CLOSED, False), (Resolution.OPEN, True)):
        Task.objects.filter(pk=world.task.pk).update(resolution=resolution)
        changed(page, world)
        expect(send).to_be_visible(visible=shown)
