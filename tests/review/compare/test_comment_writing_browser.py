"""A new comment in the browser: on lines, on files, with other lines suggested."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from orchestrator.models import Run, Snapshot
from review.models import Comment
from tests.review.compare.commenting import NEW, area, drag, form, say, threads
from tests.review.compare.conftest import A, World, changed

pytestmark = pytest.mark.browser


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


def test_a_range_by_dragging_from_the_plus(world: World, page: Page) -> None:
    page.goto(area(world))
    page.locator(".hunkbar .vm").first.wait_for()  # the bars are there: no more to push lines down
    drag(page, "#R82", "#R85")
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
