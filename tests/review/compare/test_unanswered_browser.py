"""A request that is never answered: it is given up and told, and what was asked after it is done."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Request, expect

from review.models import Comment
from tests.review.compare.commenting import area, form, threads
from tests.review.compare.conftest import World, changed
from tests.support.live import eventually
from tests.support.routes import next_held

pytestmark = pytest.mark.browser

AREA = "app/area.py"


@pytest.fixture
def page(page: Page) -> Page:
    """Its patience ends when a test says so."""
    page.add_init_script("""
        const patience = [];
        AbortSignal.timeout = () => {
            const control = new AbortController();
            patience.push(() => control.abort(new DOMException("signal timed out", "TimeoutError")));
            return control.signal;
        };
        window.patienceEnd = () => patience.splice(0).forEach((end) => end());
    """)
    return page


def opened(world: World, page: Page) -> None:
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    expect(page.locator(".hunkbar .vm")).to_have_count(1)


def given_up(page: Page) -> None:
    page.evaluate("patienceEnd()")
    expect(page.locator("#flash").get_by_role("alert")).to_contain_text("does not answer")


def test_a_file_that_does_not_come_leaves_the_keys_that_go_on(world: World, page: Page) -> None:
    asked = next_held(page, "**/compare/file?*")
    opened(world, page)
    tree = page.locator("file-tree nav a").evaluate_all("all => all.map((a) => a.title)")
    page.keyboard.press("n")
    asked()
    page.keyboard.press("n")
    given_up(page)
    expect(page.locator("#file")).to_have_attribute("aria-label", tree[tree.index(AREA) + 1])


def test_a_mark_that_is_not_answered_leaves_the_next_ones(world: World, page: Page) -> None:
    asked = next_held(page, "**/compare/viewed?*", method="POST")
    opened(world, page)
    page.keyboard.press("j")
    page.keyboard.press("v")
    asked()
    page.keyboard.press("v")
    given_up(page)
    expect(page.locator(".hunkbar.seen")).to_have_count(1)


def test_how_changes_stand_that_is_not_answered_leaves_the_next_file(
    world: World, page: Page
) -> None:
    """What was to be marked there is not marked in the file that one has gone on to."""
    marked: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            marked.extend(parse_qs(urlsplit(request.url).query)["path"])

    page.on("request", note)
    asked = next_held(page, "**/compare/reading?*")
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    asked()
    page.keyboard.press("V")
    shown = page.locator("#file")
    for path in ("app/new.py", "bytes-\\xff.txt"):
        page.keyboard.press("n")
        expect(shown).to_have_attribute("aria-label", path)
        expect(page.locator(".hunkbar .vm")).to_have_count(1)
    page.keyboard.press("V")
    given_up(page)
    expect(shown).not_to_have_attribute("aria-label", path)
    following = shown.get_attribute("aria-label")
    page.keyboard.press("V")
    eventually(lambda: page.evaluate("true") and len(marked) > 1)
    assert marked == [path, following]


def test_a_pick_that_is_not_answered_leaves_the_next_ones(world: World, page: Page) -> None:
    asked = next_held(page, "**/tray", method="POST")
    opened(world, page)
    page.get_by_role("button", name="Take A", exact=True).click()
    asked()
    page.get_by_role("button", name="Take file from A").click()
    given_up(page)
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(page.locator(".pickchip")).not_to_contain_text("line")


def test_a_board_that_does_not_come_follows_what_changes_later(world: World, page: Page) -> None:
    asked = next_held(page, "**/tasks/*/board")
    page.goto(world.url().rstrip("/"))
    asked()
    page.evaluate("patienceEnd()")
    expect(page.locator("task-board")).to_have_text(
        "The board could not be read. It is tried again with the next change."
    )
    changed(page, world)
    expect(page.locator('task-board .board [data-row="app/area.py"]').first).to_be_visible()


def test_a_comment_that_is_not_answered_may_have_been_saved(world: World, page: Page) -> None:
    asked = next_held(page, "**/comments", method="POST")
    page.goto(area(world))
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.type("Why?")
    page.keyboard.press("Control+Enter")
    asked()
    page.evaluate("patienceEnd()")
    expect(form(page).get_by_role("alert")).to_have_text(
        "The server does not answer. It may have been saved: look before you send it again."
    )
    assert not Comment.objects.exists()
    page.keyboard.press("Control+Enter")
    expect(threads(page)).to_contain_text("Why?")
    expect(form(page)).to_have_count(0)
