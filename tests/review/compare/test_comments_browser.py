"""Comments in the browser: threads beside what one reads, answered, resolved and come upon."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from review.models import Comment
from review.services.comments import reply_create, thread_resolve
from tests.review.compare.commenting import NEW, area, form, say, threads
from tests.review.compare.conftest import World, changed
from tests.support.routes import next_held

pytestmark = pytest.mark.browser


def test_draft_publish_reply_resolve(world: World, page: Page) -> None:
    page.goto(area(world))
    page.locator("#R82").hover()
    page.get_by_role("button", name="Comment on this line").click()
    form(page).get_by_role("textbox").fill("First thought")
    form(page).get_by_role("button", name="Draft").click()
    expect(threads(page)).to_contain_text("Draft, only you see it")
    assert Comment.objects.get().state == "draft"
    page.keyboard.press("Shift+C")
    page.locator(".drawer").get_by_role("button", name="Publish 1 draft").click()
    expect(page.locator(".drawer").get_by_role("button", name=re.compile("Publish"))).to_have_count(
        0
    )
    page.keyboard.press("Escape")
    expect(threads(page)).not_to_contain_text("only you see it")
    threads(page).get_by_role("textbox", name="Reply").fill("Second thought")
    page.keyboard.press("Control+Enter")
    expect(threads(page).locator(".msg")).to_have_count(2)
    threads(page).locator(".msg").last.get_by_role("button", name="Delete").click()
    page.locator("dialog.confirm").get_by_role("button", name="Delete").click()
    expect(threads(page).locator(".msg")).to_have_count(1)
    threads(page).get_by_text("Edit").click()
    page.keyboard.press("Tab")
    page.keyboard.type("Better: ")
    page.keyboard.press("Control+Enter")
    expect(threads(page)).to_contain_text("Better: First thought")
    expect(threads(page)).to_contain_text("edited")
    threads(page).get_by_role("button", name="Resolve").click()
    expect(threads(page).locator("summary").first).to_contain_text("Resolved by you")
    expect(threads(page).locator(".msg").first).to_be_hidden()
    assert Comment.objects.filter(thread=None).get().state == "resolved"
    expect(page.locator("file-tree [data-comments]")).to_have_count(0)


def test_the_focus_stays_at_the_thread_that_one_wrote_in(world: World, page: Page) -> None:
    """Also in the list, and after what others did since, though both are replaced as a whole."""
    comment = say(world, "First thought")
    for address in (area(world), world.url("comments?show=all")):
        page.goto(address)
        thread = page.locator(f".thread[data-thread='{comment.pk}']")
        thread.get_by_role("textbox", name="Reply").fill(f"Second thought at {address}")
        page.keyboard.press("Control+Enter")
        expect(thread).to_contain_text(f"Second thought at {address}")
        expect(thread).to_be_focused()
        reply_create(user=world.user, thread=comment, body=f"From elsewhere to {address}")
        changed(page, world)
        expect(thread).to_contain_text(f"From elsewhere to {address}")
        expect(thread).to_be_focused()
        for name, said in (("Resolve", "Resolved by you"), ("Open again", "Resolve")):
            if name == "Open again":
                thread.locator("summary").first.click()
            thread.get_by_role("button", name=name).focus()
            page.keyboard.press("Enter")
            expect(thread).to_contain_text(said)
            expect(thread.get_by_role("button", name=name)).to_have_count(0)
            expect(thread).to_be_focused()


def test_the_focus_goes_on_to_the_next_thread_where_one_leaves_the_list(
    world: World, page: Page
) -> None:
    say(world, "First")
    then = say(world, "Second")
    page.goto(world.url("comments"))
    for left in (1, 0):
        page.get_by_role("button", name="Resolve").first.focus()
        page.keyboard.press("Enter")
        expect(page.locator(".thread")).to_have_count(left)
        expect(page.locator(f"#comment-{then.pk}" if left else ".clist")).to_be_focused()


def test_a_list_that_is_renewed_leaves_the_focus_at_its_buttons(world: World, page: Page) -> None:
    first, then = say(world, "First"), say(world, "Second")
    page.goto(world.url("comments"))
    thread = page.locator(f"#comment-{then.pk}")
    button = thread.get_by_role("button", name="Resolve")
    button.focus()
    reply_create(user=world.user, thread=first, body="By another")
    changed(page, world)
    expect(page.locator(f"#comment-{first.pk}")).to_contain_text("By another")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(thread).to_have_count(0)


def test_both_sides_both_views_and_folds(world: World, page: Page) -> None:
    say(world, "On the new line")
    say(world, "On the old line", on="base")
    say(world, "In the fold", line=5)
    say(world, "On an equal line of the base", line=80, on="base")
    for view in ("split", "unified"):
        page.goto(area(world).replace("split", view))
        expect(threads(page)).to_have_count(4)
        for text, before in (
            ("the new line", "R82"),
            ("the old line", "L82"),
            ("an equal line", "L80"),
        ):
            row = page.locator("comment-row", has_text=text)
            cells = page.evaluate(
                """([row]) => {
                  let at = row.previousElementSibling;
                  while (at.localName === 'comment-row') at = at.previousElementSibling;
                  return [at.id, at.previousElementSibling.id, at.dataset.l ? `L${at.dataset.l}` : ''];
                }""",
                [row.element_handle()],
            )
            assert before in cells, (view, text, cells)
        fold = page.locator(".fold + comment-row")
        expect(fold).to_contain_text("In the fold")
    page.locator(".fold").first.get_by_text("Show all").click()
    expect(page.locator("#R5 + comment-row")).to_contain_text("In the fold")


def test_a_comment_of_somebody_else_comes_without_moving_or_losing_anything(
    world: World, page: Page
) -> None:
    kim = User.objects.create_user("kim")
    page.goto(area(world))
    page.locator(".hunkbar .vm").first.wait_for()
    page.keyboard.press("x")
    expect(page.locator(".fold")).to_have_count(0)
    page.locator("#R100").scroll_into_view_if_needed()
    page.locator("#R100").hover()
    page.get_by_role("button", name="Comment on this line").click()
    page.keyboard.type("Half a sen")
    top = form(page).bounding_box()
    first = say(world, "From above", line=20, user=kim)
    say(world, "Just here", line=100, user=kim)
    changed(page, world)
    expect(threads(page)).to_have_count(2)
    expect(threads(page).first).to_contain_text("kim")
    after = form(page).bounding_box()
    assert top
    assert after
    assert abs(after["y"] - top["y"]) <= 2
    page.keyboard.type("tence")
    field = form(page).locator("[name=body]")
    expect(field).to_have_value("Half a sentence")
    expect(field).to_be_focused()
    # A reply comes to a thread in which one is writing.
    mine = threads(page).filter(has_text="From above").get_by_role("textbox", name="Reply")
    mine.fill("I am wri")
    reply_create(user=kim, thread=first, body="Nobody answers")
    changed(page, world)
    expect(threads(page).filter(has_text="Nobody answers")).to_have_count(1)
    expect(mine).to_have_value("I am wri")
    thread_resolve(user=kim, thread=first, resolved=True)
    changed(page, world)
    expect(threads(page).first.locator("summary").first).to_contain_text("Resolved by kim")


def test_outdated_ones_are_kept_with_their_code(world: World, page: Page) -> None:
    made = say(world, "Too clever")
    world.commit("A", lambda files: files.update({"app/area.py": "simple = 1\n"}))
    page.goto(area(world, "&show=1"))
    lost = page.locator("file-comments .lost")
    lost.get_by_text("1 outdated comment").click()
    expect(lost).to_contain_text("Too clever")
    expect(lost.locator(".excerpt b")).to_have_text(NEW + "\n")
    page.goto(f"/comments/{made.pk}")
    assert "show=outdated" in page.url
    expect(page.locator(f"#comment-{made.pk}")).to_contain_text("Too clever")


def test_the_address_of_a_comment_shows_it(world: World, page: Page) -> None:
    made = say(world, "Far up", line=5)
    page.goto(f"/comments/{made.pk}")
    expect(threads(page)).to_be_in_viewport()
    expect(page.locator("#R5 + comment-row")).to_contain_text("Far up")


def test_a_change_elsewhere_does_not_put_off_the_comment_of_an_address(
    world: World, page: Page
) -> None:
    made = say(world, "Far up", line=5)
    asked = next_held(page, "**/comments/threads?*")
    page.goto(f"/comments/{made.pk}")
    held = asked()
    for _ in range(3):
        changed(page, world)
    held.continue_()
    expect(page.locator("#R5 + comment-row")).to_contain_text("Far up")
    expect(threads(page)).to_be_in_viewport()


def test_markup_in_comments_does_nothing(world: World, page: Page) -> None:
    say(world, "<img src=x onerror=alert(1)><script>alert(2)</script> [x](javascript:alert(3))")
    page.goto(area(world))
    expect(threads(page)).to_contain_text("<img src=x onerror=alert(1)>")
    assert threads(page).locator("img, script, a[href^=javascript]").count() == 0


def test_of_many_threads_those_far_away_have_no_forms_until_one_goes_there(
    world: World, page: Page
) -> None:
    made = [say(world, f"Remark {n}", line=5 * n + 1) for n in range(30)]
    page.goto(area(world))
    expect(threads(page)).to_have_count(30)
    expect(page.get_by_text("Remark 29")).to_have_count(1)
    first, last = threads(page).first, page.locator(f"#comment-{made[29].pk}")
    expect(first.get_by_role("textbox", name="Reply")).to_be_attached()
    expect(last.locator("form")).to_have_count(0)
    expect(last.locator(".msg-acts, .thread-foot")).to_have_count(2)

    # A change from elsewhere takes no form from where one is, and gives none to those far away.
    first.get_by_role("textbox", name="Reply").fill("Not sent yet")
    reply_create(user=world.user, thread=made[29], body="An answer")
    changed(page, world)
    expect(last).to_contain_text("An answer")
    expect(last.locator("form")).to_have_count(0)
    expect(first.get_by_role("textbox", name="Reply")).to_have_value("Not sent yet")

    # Gone to by keyboard: the forms are there before the next Tab.
    last.locator("summary").first.focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if last.get_by_role("textbox", name="Reply").evaluate(
            "it => it === document.activeElement"
        ):
            break
    page.keyboard.type("Answered by keyboard")
    page.keyboard.press("Control+Enter")
    expect(last.locator(".msg")).to_have_count(3)
    expect(last).to_contain_text("Answered by keyboard")

    # By an address too.
    page.evaluate(f"location.hash = '#comment-{made[15].pk}'")
    middle = page.locator(f"#comment-{made[15].pk}")
    middle.get_by_role("button", name="Resolve").click()
    expect(middle).not_to_have_attribute("open", "")
