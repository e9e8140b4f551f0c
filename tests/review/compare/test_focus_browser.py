"""Where the focus goes, so that keys go on working."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from orchestrator.states import RunState
from tests.review.compare.conftest import World
from tests.review.compare.keys.room import run_make

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
