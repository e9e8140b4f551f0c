"""A request that is never answered: it is given up and told, and what was asked after it is done."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Request, Route, expect

from review.models import Comment
from review.services.comments import reply_create
from tests.review.compare.commenting import area, form, say, threads
from tests.review.compare.conftest import Halves, World, changed
from tests.support.live import eventually
from tests.support.routes import next_held, route_first

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
        window.begun = [];
        for (const name of ["text", "json", "arrayBuffer"]) {
            const read = Response.prototype[name];
            Response.prototype[name] = function () {
                begun.push(new URL(this.url).pathname);
                return read.call(this);
            };
        }
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


def answer_lost(page: Page, pattern: str) -> Callable[[], None]:
    """The next answer to what is posted there is lost, and what was to be done is done. What is returned waits for
    that, and ends the patience."""
    lost: list[Route] = []

    def lose(route: Route) -> None:
        if lost or route.request.method != "POST":
            route.fallback()
            return
        route.fetch()
        lost.append(route)

    route_first(page, pattern, lose)

    def given_up() -> None:
        eventually(lambda: page.evaluate("true") and bool(lost))
        page.evaluate("patienceEnd()")

    return given_up


AGAIN = "The server does not answer. Send it again: nothing is saved twice."


def test_a_comment_whose_answer_is_lost_is_saved_once(world: World, page: Page) -> None:
    """Also from the page that is opened next, when it is not the last word there any more."""
    given_up = answer_lost(page, "**/comments")
    page.goto(area(world))
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.type("Why?")
    page.keyboard.press("Control+Enter")
    given_up()
    expect(form(page).get_by_role("alert")).to_have_text(AGAIN)
    thread = Comment.objects.get()
    other = User.objects.create_user("bob")
    reply_create(user=other, thread=thread, body="Because.")
    page.goto(area(world, "&space=all"))
    expect(threads(page)).to_contain_text("Because.")
    form(page).get_by_role("textbox", name="Comment on A").press("Control+Enter")
    expect(form(page)).to_have_count(0)
    assert set(Comment.objects.filter(thread=None)) == {thread}
    page.keyboard.press("c")
    page.keyboard.type("Why?")
    page.keyboard.press("Control+Enter")
    expect(threads(page)).to_have_count(2)  # of another form it is another one


def test_a_reply_whose_answer_is_lost_is_saved_once(world: World, page: Page) -> None:
    thread = say(world, "Why?")
    given_up = answer_lost(page, "**/reply")
    page.goto(area(world))
    field = threads(page).get_by_role("textbox", name="Reply")
    field.fill("Because.")
    field.press("Control+Enter")
    given_up()
    expect(threads(page).get_by_role("alert")).to_have_text(AGAIN)
    other = User.objects.create_user("bob")
    reply_create(user=other, thread=thread, body="No.")
    page.goto(area(world, "&space=all"))
    expect(threads(page)).to_contain_text("No.")
    expect(field).to_have_value("Because.")
    field.press("Control+Enter")
    expect(field).to_have_value("")
    assert thread.replies.filter(author=world.user).count() == 1
    field.fill("Because.")
    field.press("Control+Enter")
    expect(threads(page).locator(".msg")).to_have_count(4)


def half_came(page: Page, halves: Halves, act: Callable[[], object]) -> None:
    """Does something whose answer comes by half, and ends the patience with it."""
    page.evaluate("begun.length = 0")
    act()
    page.wait_for_function("end => begun.some((path) => path.endsWith(end))", arg=halves.of)
    page.evaluate("patienceEnd()")
    halves.of = ""


def test_places_of_which_half_comes_follow_what_changes_later(
    world: World, page: Page, halves: Halves
) -> None:
    page.goto(world.url("consensus"))
    places = page.locator("place-list")
    expect(places).to_contain_text("side * side * 20")
    world.commit("A", lambda files: files.update({AREA: files[AREA].replace("e * 20", "e * 21")}))
    halves.of = "/consensus"
    half_came(page, halves, lambda: changed(page, world))
    expect(places).not_to_contain_text("side * side * 21")
    changed(page, world)
    expect(places).to_contain_text("side * side * 21")


def test_lines_of_which_half_comes_say_why(world: World, page: Page, halves: Halves) -> None:
    opened(world, page)
    fold = page.locator("diff-view .fold").first
    halves.of = "/compare/lines"
    half_came(page, halves, fold.locator("[data-expand]").first.click)
    expect(fold).to_contain_text("could not be loaded. The server does not answer.")
    lines = page.locator("diff-view .rows > [data-n]")
    shown = lines.count()
    fold.locator("[data-expand]").first.click()
    eventually(lambda: lines.count() > shown)


def test_comments_of_which_half_come_say_why(world: World, page: Page, halves: Halves) -> None:
    opened(world, page)
    halves.of = "/comments"
    half_came(page, halves, page.get_by_role("link", name="Comments", exact=True).click)
    said = page.locator("#comments-drawer").get_by_role("alert")
    expect(said).to_have_text("The comments could not be read. The server does not answer.")


def test_a_part_that_is_never_answered_asks_again(world: World, page: Page) -> None:
    held = next_held(page, "**/slots")
    opened(world, page)
    change = "document.dispatchEvent(new CustomEvent('live:slots'))"
    page.evaluate(change)
    held()
    given_up(page)
    with page.expect_response("**/slots") as answered:
        page.evaluate(change)
    assert answered.value.ok
