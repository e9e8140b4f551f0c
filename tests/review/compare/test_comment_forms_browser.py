"""The forms in threads and lists: they come when they are wanted, and what is written in them is kept."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from review.models import Comment
from review.services.comments import reply_create
from review.services.trays import tray_change
from tests.review.compare.commenting import NEW, area, say, threads
from tests.review.compare.conftest import World, changed, settled
from tests.support.live import eventually
from tests.support.routes import next_held, route_first

pytestmark = pytest.mark.browser


def reply(thread: Locator) -> Locator:
    return thread.get_by_role("textbox", name="Reply")


def test_a_reply_suggests_other_lines(world: World, page: Page) -> None:
    thread = say(world, "Too clever")
    page.goto(area(world))
    threads(page).get_by_role("button", name="Suggest a change").click()
    lines = page.locator(".reply").get_by_role("textbox", name="Suggested lines")
    expect(lines).to_have_value(NEW)
    page.reload()
    expect(reply(threads(page))).to_be_visible()
    expect(lines).to_have_count(0)  # begun, but nothing written
    threads(page).get_by_role("button", name="Suggest a change").click()
    expect(lines).to_have_value(NEW)
    lines.fill("    return 20 * side**2")
    page.reload()
    expect(lines).to_have_value("    return 20 * side**2")
    threads(page).get_by_role("button", name="Reply", exact=True).click()
    expect(threads(page).locator(".sugg ins")).to_have_text("    return 20 * side**2\n")
    expect(lines).to_be_hidden()
    made = thread.replies.get()
    assert (made.body, made.suggestion) == ("", "    return 20 * side**2\n")
    # Begun again it is that of the thread's own lines, wherever they are now; nothing is sent with it closed.
    world.commit("A", lambda files: files.update({"app/area.py": "#\n" + files["app/area.py"]}))
    page.goto(world.url("comments"))
    button = page.get_by_role("button", name="Suggest a change")
    button.click()
    expect(lines).to_have_value(NEW)
    button.click()
    expect(lines).to_be_hidden()
    reply(page.locator(".thread")).fill("Or not")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".msg")).to_have_count(3)
    assert Comment.objects.get(body="Or not").suggestion is None
    # What is about no lines has nothing to suggest.
    Comment.objects.all().delete()
    say(world, "Of old", on="base")
    page.goto(world.url("comments"))
    expect(reply(page.locator(".thread"))).to_be_visible()
    expect(page.get_by_role("button", name="Suggest a change")).to_have_count(0)


def test_a_suggestion_that_is_begun_is_not_taken_away_by_a_newer_list(
    world: World, page: Page
) -> None:
    thread = say(world, "Too clever")
    raws: list[Route] = []
    newer: list[Route] = []
    route_first(page, "**/compare/raw?*", raws.append)
    route_first(page, "**/comments?*forms=*", newer.append)
    page.goto(world.url("comments"))
    reply_create(user=world.user, thread=thread, body="By another")
    changed(page, world)
    eventually(lambda: page.evaluate("true") and bool(newer))
    page.get_by_role("button", name="Suggest a change").click()
    eventually(lambda: page.evaluate("true") and bool(raws))
    with page.expect_response("**/comments?*forms=*"):
        newer[0].continue_()
    changed(page, world)
    settled(page)
    raws[0].continue_()
    lines = page.locator(".reply").get_by_role("textbox", name="Suggested lines")
    expect(lines).to_have_value(NEW)
    expect(lines).to_be_focused()
    assert len(newer) == 1, "none is asked for while one writes"


def test_a_long_list_fetches_forms_where_one_is(world: World, page: Page) -> None:
    made = [say(world, f"Remark {n}", line=5 * n + 1) for n in range(30)]
    page.goto(world.url("comments"))
    last = page.locator(f"#comment-{made[29].pk}")
    expect(last).to_contain_text("Remark 29")
    expect(last.locator("form")).to_have_count(0)
    # By keyboard: the link in place of the forms brings them, and the focus.
    link = last.get_by_role("link", name="Answer or resolve")
    link.focus()
    expect(reply(last)).to_be_focused()
    page.keyboard.type("Half an answer")
    reply_create(user=world.user, thread=made[28], body="By another")
    page.evaluate("document.activeElement.blur()")
    changed(page, world)
    expect(page.locator(f"#comment-{made[28].pk}")).to_contain_text("By another")
    expect(reply(last)).to_have_value("Half an answer")
    # Near the window they come by themselves.
    page.reload()
    middle = page.locator(f"#comment-{made[15].pk}")
    middle.scroll_into_view_if_needed()
    expect(reply(middle)).to_be_visible()
    # What is written in one far away is there without going to it.
    expect(reply(last)).to_have_value("Half an answer")
    middle.get_by_role("button", name="Resolve").click()
    expect(middle).to_have_count(0)


def test_without_scripts_the_link_leads_to_the_forms(world: World, page: Page) -> None:
    made = [say(world, f"Remark {n}", line=5 * n + 1) for n in range(12)]
    page.route("**/*.js", lambda route: route.abort())
    page.goto(world.url("comments"))
    last = page.locator(f"#comment-{made[11].pk}")
    last.get_by_role("link", name="Answer or resolve").click()
    reply(last).fill("Without")
    last.get_by_role("button", name="Reply", exact=True).click()
    expect(page.locator(f"#comment-{made[11].pk}")).to_contain_text("Without")


def test_edits_and_words_on_the_whole_outlast_the_tab(world: World, page: Page) -> None:
    made = say(world, "First words")
    page.goto(area(world))
    threads(page).get_by_text("Edit", exact=True).click()
    threads(page).get_by_role("textbox", name="Comment").fill("Better wor")
    reply(threads(page)).fill("Half an answer")
    page.goto(world.url("comments"))
    page.get_by_text("Comment on a variant as a whole").click()
    page.get_by_label("About").select_option("variant:B")
    page.locator(".newwhole textarea").fill("No te")
    context = page.context
    page.close()
    page = context.new_page()
    page.goto(world.url("comments"))
    edit = page.locator(".msg-edit").get_by_role("textbox", name="Comment")
    expect(edit).to_have_value("Better wor")
    expect(edit).to_be_visible()
    expect(page.locator(".newwhole textarea")).to_have_value("No te")
    expect(page.get_by_label("About")).to_have_value("variant:B")
    expect(reply(page.locator(".thread"))).to_have_value("Half an answer")

    # Not for another person in the same browser.
    mine = become(context, User.objects.create_user("kim"))
    page.goto(world.url("comments"))
    expect(page.locator(".thread")).to_contain_text("First words")
    expect(reply(page.locator(".thread"))).to_have_value("")
    expect(page.locator(".newwhole textarea")).to_have_value("")
    context.add_cookies([mine])

    # Sent or taken back, it is gone.
    page.goto(world.url("comments"))
    expect(edit).to_have_value("Better wor")
    page.locator(".msg-edit").get_by_role("button", name="Save").click()
    expect(page.locator(".thread")).to_contain_text("Better wor")
    page.locator(".newwhole").get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".newwhole textarea")).to_be_hidden()
    thread = page.locator(f"#comment-{made.pk}")
    reply(thread).fill("")
    page.goto(world.url("comments"))
    expect(page.locator(".clist-threads > li")).to_have_count(2)
    expect(reply(thread)).to_have_value("")
    expect(page.locator(".newwhole")).not_to_have_attribute("open", "")
    expect(page.locator(".msg-edit[open]")).to_have_count(0)
    thread.get_by_text("Edit", exact=True).click()
    thread.get_by_role("textbox", name="Comment").fill("Never mind")
    thread.get_by_role("button", name="Cancel").click()
    page.reload()
    expect(page.locator(".msg-edit[open]")).to_have_count(0)
    made.refresh_from_db()
    assert made.body == "Better wor"
    assert Comment.objects.get(about="variant").variant == world.task.variants.get(letter="B")
    page.close()


NO_STORAGE = {
    "off": """for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(window, name, { get() { throw new DOMException("", "SecurityError"); } });
    }""",
    "full": """Storage.prototype.setItem = () => { throw new DOMException("", "QuotaExceededError"); };""",
}


@pytest.mark.parametrize("why", NO_STORAGE)
def test_where_nothing_can_be_stored_it_is_kept_as_long_as_the_page(
    world: World, page: Page, why: str
) -> None:
    thread = say(world, "Too clever")
    page.add_init_script(NO_STORAGE[why])
    page.goto(area(world))
    here = page.url
    reply(threads(page)).fill("Half a sen")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Shift+C")
    drawer = page.locator(".drawer .thread")
    expect(reply(drawer)).to_have_value("Half a sen")
    reply(drawer).fill("A sentence")
    page.keyboard.press("Control+Enter")
    expect(drawer).to_contain_text("A sentence")
    assert page.url.partition("#")[0] == here.partition("#")[0]
    assert thread.replies.get().body == "A sentence"
    page.goto(world.url("board"))
    expect(page.locator("task-board .board .mk").first).to_be_visible()
    page.go_back()
    expect(threads(page)).to_contain_text("A sentence")


@pytest.mark.parametrize("how", ["storage is full", "another tab writes too", "another tab sends"])
def test_a_list_that_is_renewed_has_the_words_that_were_written_in_it(
    world: World, page: Page, how: str
) -> None:
    made = say(world, "Remark")
    page.goto(world.url("comments"))
    thread = page.locator(f"#comment-{made.pk}")
    reply(thread).fill("Mine")
    if how == "storage is full":
        page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
        reply(thread).fill("Mine, and more")
    page.evaluate("document.activeElement.blur()")
    if how != "storage is full":
        other = page.context.new_page()
        other.goto(world.url("comments"))
        expect(reply(other.locator(".thread"))).to_have_value("Mine")
        reply(other.locator(".thread")).fill("Theirs")
        if how == "another tab sends":
            other.keyboard.press("Control+Enter")
            expect(other.locator(".thread")).to_contain_text("Theirs")
        other.close()
    said = reply(thread).input_value()
    reply_create(user=world.user, thread=made, body="By another")
    changed(page, world)
    expect(thread).to_contain_text("By another")
    expect(reply(thread)).to_have_value(said)


def test_what_is_sent_while_the_list_is_renewed_is_not_there_to_be_sent_again(
    world: World, page: Page
) -> None:
    made = say(world, "Remark")
    asked = next_held(page, "**/reply")
    page.goto(world.url("comments"))
    thread = page.locator(f"#comment-{made.pk}")
    reply(thread).fill("Mine")
    page.keyboard.press("Control+Enter")
    held = asked()
    page.evaluate("document.activeElement.blur()")
    reply_create(user=world.user, thread=made, body="By another")
    changed(page, world)
    expect(thread).to_contain_text("By another")
    expect(reply(thread)).to_have_value("Mine")
    held.continue_()
    expect(thread.locator(".msg").filter(has_text="Mine")).to_have_count(1)
    expect(reply(thread)).to_have_value("")
    page.reload()
    expect(thread).to_contain_text("By another")
    expect(reply(thread)).to_have_value("")


def test_the_words_of_the_tray_are_kept_until_it_is_composed(world: World, page: Page) -> None:
    context = page.context
    pick_one(world, page)
    why = page.get_by_label("Why these together")
    why.fill("A is the clear")
    page.goto(world.url("compare?left=base&right=B&path=app/new.py"))
    page.locator("#tray .why summary").click()
    expect(why).to_have_value("A is the clear")
    why.fill("A is the clearest")
    page.get_by_label("Title of its commit").fill("The clearest")

    # Not for another person in the same tab.
    mine = become(context, User.objects.create_user("kim"))
    pick_one(world, page)
    expect(why).to_have_value("")
    expect(page.get_by_label("Title of its commit")).to_have_value(re.compile(r": A \("))
    context.add_cookies([mine])

    # What is refused was not sent.
    page.goto(world.url("tray"))
    expect(page.locator("#tray[aria-label]")).to_have_count(1)  # it has been asked how it is
    expect(why).to_have_value("A is the clearest")
    expect(page.get_by_label("Title of its commit")).to_have_value("The clearest")
    theirs = {"variant": "B", "path": "app/area.py", "hunks": [1]}
    tray_change(user=world.user, task=world.task, add=[theirs])
    page.locator("#tray-compose").click()
    expect(page.locator("#flash")).not_to_be_empty()
    expect(page.locator(".pickchip")).to_have_count(2)
    expect(why).to_have_value("A is the clearest")
    page.get_by_role("button", name="Remove B area.py, line 82").click()
    expect(page.locator(".pickchip")).to_have_count(1)
    page.locator("#tray-compose").click()
    expect(page.locator(".origin")).to_be_visible()
    page.wait_for_function("!Object.keys(localStorage).some((key) => key.includes(' words '))")


def pick_one(world: World, page: Page) -> None:
    page.goto(world.url("compare?left=base&right=A&path=app/area.py&view=split"))
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("j")
    page.keyboard.press("p")
    page.locator("#tray .why summary").click()


def become(context: BrowserContext, user: User) -> Any:
    """Somebody else goes on in this browser; the cookie of who was there before."""
    client = Client(headers={"host": "localhost:8000"})
    client.force_login(user)
    [(session, cookie)] = client.cookies.items()
    [mine] = [c for c in context.cookies() if c["name"] == session]
    theirs: Any = {**mine, "value": cookie.value}
    context.add_cookies([theirs])
    return mine
