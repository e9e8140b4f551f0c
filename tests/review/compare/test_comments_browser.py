"""Comments in a real browser: from a line to a thread, beside what one reads and types."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from orchestrator.models import Run, Snapshot
from review.models import Comment
from review.services.comments import Target, comment_create, reply_create, thread_resolve
from tests.review.compare.conftest import A, World
from tests.support.routes import next_held

pytestmark = pytest.mark.browser

NEW = "    return side * side * 20"  # line 82 of app/area.py in A


def area(world: World, extra: str = "") -> str:
    return world.url(f"compare?left=base&right=A&path=app/area.py&view=split{extra}")


def say(
    world: World, body: str, *, line: int = 82, user: User | None = None, on: str = "A"
) -> Comment:
    return comment_create(
        user=user or world.user,
        task=world.task,
        target=Target(about="lines", on=on, against="base", path="app/area.py", start=line),
        body=body,
    )


def form(page: Page) -> Locator:
    return page.locator(".newform")


def threads(page: Page) -> Locator:
    return page.locator("comment-row > .thread[data-thread]")


def changed(page: Page, world: World) -> None:
    """What the socket tells the page when something of the task has changed."""
    page.evaluate(f"document.dispatchEvent(new CustomEvent('live:task:{world.task.pk}'))")


def test_the_buttons_of_a_new_comment_stand_in_one_row_beside_a_split_diff(
    page: Page, world: World
) -> None:
    page.goto(world.url("compare?left=A&right=B&path=app/area.py&view=split"))
    page.keyboard.press("j")
    page.keyboard.press("c")
    # At one moment: lines above may still move it.
    middles = form(page).evaluate(
        """form => [...form.querySelectorAll("button")].filter(one => one.checkVisibility()).map(one => {
          const { top, bottom } = one.getBoundingClientRect();
          return Math.round((top + bottom) / 2);
        })"""
    )
    assert len(middles) == 5
    assert len(set(middles)) == 1


def test_the_key_comments_on_a_file_that_has_no_lines(page: Page, world: World) -> None:
    world.commit("A", lambda files: files.update({"app/area.py": "\0binary"}))
    page.goto(world.url("compare?left=base&right=A&path=app/area.py"))
    expect(page.locator("#file .dplain")).to_be_visible()
    page.keyboard.press("c")
    expect(form(page)).to_contain_text("On the whole file in A")
    expect(form(page).locator("[name=body]")).to_be_focused()
    page.goto(world.url("compare?left=base&right=C"))
    page.keyboard.press("c")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert "/compare" in page.url


def test_a_comment_with_the_keyboard_only(world: World, page: Page) -> None:
    page.goto(area(world))
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(form(page).get_by_role("textbox")).to_be_focused()
    assert "task" not in page.url.rpartition("/")[2], "c is not for a new task here"
    page.keyboard.type("Is **this** meant?")
    page.keyboard.press("Control+Enter")
    expect(threads(page).locator("strong")).to_have_text("this")
    expect(form(page)).to_have_count(0)
    made = Comment.objects.get()
    assert (made.state, made.path, made.start, made.end) == ("published", "app/area.py", 82, 82)
    assert (made.lines, made.commit) == ([NEW], world.heads["A"])
    expect(page.locator("file-tree [aria-current]")).to_have_attribute("data-comments", "1")
    # Below its line, on its side; at one moment, for lines above may still move both.
    below, left = threads(page).evaluate(
        """thread => {
          const [at, line] = [thread, document.getElementById("R82")].map(one => one.getBoundingClientRect());
          return [at.top - line.bottom, at.left - line.left];
        }"""
    )
    assert below >= 0
    assert left >= 0
    page.keyboard.press("c")
    page.keyboard.press("Escape")
    expect(form(page)).to_have_count(0)
    expect(page.locator("#R82")).to_be_focused()


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


def test_a_range_by_dragging_from_the_plus(world: World, page: Page) -> None:
    page.goto(area(world))
    page.locator(".hunkbar .vm").first.wait_for()  # the bars are there: no more to push lines down
    page.locator("#R82").hover()
    plus = page.get_by_role("button", name="Comment on this line").bounding_box()
    last = page.locator("#R85").bounding_box()
    assert plus
    assert last
    page.mouse.move(plus["x"] + 4, plus["y"] + 4)
    page.mouse.down()
    page.mouse.move(last["x"] + 90, last["y"] + 4, steps=4)
    page.mouse.up()
    expect(page.locator("[data-picked]")).to_have_count(4)
    form(page).get_by_role("button", name="Suggest a change").click()
    expect(form(page).locator("[name=suggestion]")).to_have_value(f"{NEW}\n\n\ndef area_21(side):")
    form(page).locator("[name=suggestion]").fill("    return 0")
    form(page).get_by_role("button", name="Comment", exact=True).click()
    expect(threads(page).locator(".sugg ins")).to_have_text("    return 0\n")
    made = Comment.objects.get()
    assert (made.start, made.end, made.suggestion) == (82, 85, "    return 0\n")
    assert "#" not in page.url, "pressing the plus is not choosing a line"


def test_a_suggestion_begins_with_all_lines_as_the_file_has_them(world: World, page: Page) -> None:
    page.goto(area(world))
    page.keyboard.press("j")
    page.keyboard.press("c")
    first, last = form(page).get_by_label("First line"), form(page).get_by_label("Last line")
    suggestion = form(page).locator("[name=suggestion]")
    lines = A["app/area.py"].split("\n")
    first.fill("19")
    last.fill("125")
    last.press("Tab")
    expect(page.locator(".fold")).to_have_count(2)
    form(page).get_by_role("button", name="Suggest a change").click()
    expect(suggestion).to_have_value("\n".join(lines[18:125]))
    # As long as nothing was written there, it goes with the range; an empty last line counts.
    last.fill("20")
    last.press("Tab")
    expect(suggestion).to_have_value(f"{lines[18]}\n\n")
    suggestion.fill("mine")
    last.fill("125")
    last.press("Tab")
    other = form(page).get_by_role("status")
    expect(other).to_contain_text("Begun in place of lines 19–20, and would now replace lines 19–1")
    expect(suggestion).to_have_value("mine")
    last.fill("20")
    last.press("Tab")
    expect(other).to_have_count(0)
    last.fill("82")
    last.press("Tab")
    other.get_by_role("button").click()
    expect(suggestion).to_have_value("\n".join(lines[18:82]))
    form(page).get_by_role("button", name="Comment", exact=True).click()
    expect(threads(page)).to_have_count(1)
    assert Comment.objects.get().suggestion == "\n".join(lines[18:82]) + "\n"


def test_a_suggestion_keeps_what_is_invisible(world: World, page: Page) -> None:
    odd = "\ufeffone\x0c\u200b\x1b[0m two"
    world.commit("A", lambda files: files.update({"odd.txt": f"{odd}\r\nlast\r\n"}))
    page.goto(world.url("compare?left=base&right=A&path=odd.txt"))
    page.keyboard.press("j")
    page.keyboard.press("c")
    form(page).get_by_role("button", name="Suggest a change").click()
    expect(form(page).locator("[name=suggestion]")).to_have_value(f"{odd}\nlast")
    form(page).get_by_role("button", name="Comment", exact=True).click()
    expect(threads(page)).to_have_count(1)
    assert Comment.objects.get().suggestion == f"{odd}\nlast\n"


def test_what_a_text_field_cannot_keep_is_not_suggested_anew(world: World, page: Page) -> None:
    world.commit("A", lambda files: files.update({"bare.txt": "a\rb\n"}))
    page.goto(world.url("compare?left=base&right=A&path=bare.txt"))
    page.keyboard.press("j")
    page.keyboard.press("c")
    form(page).get_by_role("button", name="Suggest a change").click()
    expect(form(page).locator(".err")).to_contain_text("carriage returns")
    expect(form(page).locator("[name=suggestion]")).to_be_hidden()
    form(page).locator("[name=body]").fill("Why?")
    form(page).get_by_role("button", name="Comment", exact=True).click()
    expect(threads(page)).to_have_count(1)
    assert Comment.objects.get().suggestion is None


def test_lines_that_were_chosen_are_what_c_is_about(world: World, page: Page) -> None:
    page.goto(area(world, "#R80-R83"))
    expect(page.locator("#R80")).to_have_attribute("aria-current", "true")
    page.keyboard.press("c")
    expect(form(page).get_by_label("First line")).to_have_value("80")
    expect(form(page).get_by_label("Last line")).to_have_value("83")
    form(page).get_by_label("First line").fill("82")
    form(page).get_by_role("textbox", name="Comment").fill("Here")
    form(page).get_by_role("button", name="Comment", exact=True).click()
    expect(threads(page)).to_have_count(1)
    made = Comment.objects.get()
    assert (made.start, made.end) == (82, 83)


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


def test_what_is_typed_survives_another_file_and_a_newer_diff(world: World, page: Page) -> None:
    page.goto(world.url("variants/A"))
    page.locator("[data-path='app/area.py']").first.click()
    expect(page.locator("live-diff")).to_have_attribute("data-path", "app/area.py")
    page.locator("#R82").hover()
    page.get_by_role("button", name="Comment on this line").click()
    page.keyboard.type("Kept")
    head = world.commit(
        "A", lambda files: files.update({"app/area.py": "# first\n" + files["app/area.py"]})
    )
    changed(page, world)
    expect(page.locator("live-diff")).to_have_attribute("data-seen", head)
    expect(form(page).locator("[name=body]")).to_have_value("Kept")
    page.locator("[data-path='app/new.py']").first.click()
    expect(page.locator("live-diff")).to_have_attribute("data-path", "app/new.py")
    expect(form(page)).to_have_count(0)
    page.locator("[data-path='app/area.py']").first.click()
    expect(form(page).locator("[name=body]")).to_have_value("Kept")
    Snapshot.objects.create(
        variant=world.task.variants.get(letter="A"),
        run=Run.objects.create(variant=world.task.variants.get(letter="A"), number=1, prompt="x"),
        commit=world.heads["A"],
        tree="0" * 40,
        parent="0" * 40,
    )
    form(page).locator("[name=body]").press("Control+Enter")
    expect(threads(page)).to_contain_text("Kept")
    made = Comment.objects.get()
    assert (made.commit, made.lines) == (world.heads["A"], [NEW]), "it is on what was looked at"
    expect(page.locator("#R83 + comment-row")).to_have_count(1)  # and shown where that is now


def test_what_is_typed_outlasts_the_page(world: World, page: Page) -> None:
    thread = say(world, "On the old line", on="base")
    page.goto(area(world))
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.type("Half a sen")
    form(page).get_by_role("button", name="Suggest a change").click()
    suggestion = form(page).locator("[name=suggestion]")
    expect(suggestion).to_have_value(NEW)
    suggestion.fill("    return 0")
    threads(page).get_by_role("textbox", name="Reply").fill("Half an answer")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("u")
    page.wait_for_url("**view=unified**")
    body = form(page).locator("[name=body]")
    for _ in range(2):
        expect(body).to_have_value("Half a sen")
        expect(suggestion).to_have_value("    return 0")
        reply = threads(page).get_by_role("textbox", name="Reply")
        expect(reply).to_have_value("Half an answer")
        # Another file, another page, and back.
        page.goto(world.url("compare?left=base&right=A&path=app/new.py"))
        page.wait_for_selector("file-comments", state="attached")
        expect(form(page)).to_have_count(0)
        page.goto(world.url())
        # What was on the right is on the left there.
        page.goto(world.url("compare?left=A&right=base&path=app/area.py&view=split"))
    expect(page.locator("#L82 + * + comment-row, #L82 + comment-row")).to_have_count(1)
    form(page).get_by_role("button", name="Comment", exact=True).click()
    expect(threads(page)).to_have_count(2)
    made = Comment.objects.exclude(pk=thread.pk).get()
    assert (made.variant, made.start, made.body) == (
        world.task.variants.get(letter="A"),
        82,
        "Half a sen",
    )
    assert (made.suggestion, made.lines) == ("    return 0\n", [NEW])
    page.reload()
    expect(threads(page)).to_have_count(2)
    expect(form(page)).to_have_count(0)


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


def test_files_and_variants_as_a_whole(world: World, page: Page) -> None:
    page.goto(area(world))
    page.get_by_role("button", name="Comment on this file").click()
    page.keyboard.type("Split it up")
    page.keyboard.press("Control+Enter")
    expect(page.locator("file-comments .thread")).to_contain_text("Split it up")
    page.get_by_role("link", name="Comments").click()
    drawer = page.locator(".drawer")
    drawer.get_by_text("Comment on a variant as a whole").click()
    drawer.get_by_label("About").select_option("comparison:base:A")
    drawer.get_by_role("textbox", name="Comment").fill("Neither")
    drawer.get_by_role("button", name="Comment", exact=True).click()
    expect(drawer.locator(".clist-threads > li")).to_have_count(2)
    assert set(Comment.objects.values_list("about", flat=True)) == {"file", "comparison"}


def test_a_refusal_is_said_in_the_form_and_keeps_the_text(world: World, page: Page) -> None:
    page.goto(area(world))
    page.keyboard.press("c")
    form(page).locator("[name=body]").fill("x" * 70_000)
    form(page).get_by_role("button", name="Comment", exact=True).click()
    expect(form(page).locator(".err")).to_contain_text("at most 65,536 characters")
    expect(form(page).locator("[name=body]")).to_have_value("x" * 70_000)


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
