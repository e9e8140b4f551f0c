"""Comments where a file is not shown in two sides: in columns, and by itself."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from review.models import Comment
from review.services.comments import reply_create, thread_resolve
from tests.review.compare.commenting import NEW, area, drag, form, say, threads
from tests.review.compare.conftest import World, changed

pytestmark = pytest.mark.browser

COLUMNS = "compare/columns?path=app/area.py&of=base,A,B"
ROWS = """(cols) => [...document.querySelectorAll('.crows')].flatMap((section) => {
  const cells = [...section.querySelectorAll(':scope > :is([data-n], .void)')];
  const rows = [];
  for (let at = 0; at < cells.length; at += cols)
    rows.push(cells.slice(at, at + cols).map((cell) => {
      const { top, left } = cell.getBoundingClientRect();
      return [Math.round(top), Math.round(left)];
    }));
  return rows;
})"""


def aligned(page: Page, columns: int) -> int:
    """How many rows there are, all cells of each on one line and in their columns."""
    rows = page.evaluate(ROWS, columns)
    lefts = {tuple(left for _, left in row) for row in rows}
    assert len(lefts) == 1
    assert all(len({top for top, _ in row}) == 1 for row in rows)
    assert all(above[0][0] < below[0][0] for above, below in pairwise(rows))
    return len(rows)


def test_in_columns_by_keyboard_under_the_line_and_no_row_is_broken(
    world: World, page: Page
) -> None:
    page.goto(world.url(COLUMNS))
    before = aligned(page, 3)
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(form(page)).to_contain_text("On A, lines")
    expect(form(page).get_by_role("textbox", name="Comment on A, line 82")).to_be_focused()
    page.keyboard.type("Squared twice?")
    form(page).get_by_role("button", name="Suggest a change").click()
    expect(form(page).locator("[name=suggestion]")).to_have_value(NEW)
    form(page).locator("[name=suggestion]").fill("    return side**2 * 20")
    form(page).get_by_role("button", name="Comment", exact=True).click()
    expect(threads(page)).to_contain_text("Squared twice?")
    made = Comment.objects.get()
    said = (made.variant, made.against, made.path, made.start, made.end, made.commit)
    a = world.task.variants.get(letter="A")
    assert said == (a, "base", "app/area.py", 82, 82, world.heads["A"])
    assert made.suggestion == "    return side**2 * 20\n"
    assert aligned(page, 3) == before
    line, thread = page.locator("[id=A-82]").bounding_box(), threads(page).bounding_box()
    column = page.locator("[id=B-82]").bounding_box()
    assert line
    assert thread
    assert column
    assert thread["y"] >= line["y"] + line["height"]
    assert line["x"] <= thread["x"] < column["x"]

    # Another column, a range chosen with Shift; what is chosen is what one is at.
    page.locator("[id=B-80]").click(position={"x": 20, "y": 6})
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("c")
    expect(form(page)).to_contain_text("On B, lines")
    page.keyboard.type("Both")
    page.keyboard.press("Control+Enter")
    expect(threads(page)).to_have_count(2)
    two = Comment.objects.get(body="Both")
    assert (two.variant, two.start, two.end) == (world.task.variants.get(letter="B"), 80, 81)
    thread = threads(page).filter(has_text="Both").bounding_box()
    assert thread
    assert thread["x"] + thread["width"] <= page.locator("diff-columns").bounding_box()["x"] + 1280  # type: ignore[index]
    assert aligned(page, 3) == before
    page.keyboard.press("Shift+C")
    expect(page.locator(".drawer .thread")).to_have_count(2)


def test_in_columns_by_mouse_and_folds_and_live(world: World, page: Page) -> None:
    folded = say(world, "In the fold", line=5, on="base")
    page.goto(world.url(COLUMNS))
    expect(page.locator(".fold + comment-row")).to_contain_text("In the fold")
    drag(page, "[id=A-82]", "[id=A-84]")
    expect(page.locator("[data-picked]")).to_have_count(3)
    form(page).get_by_role("textbox", name="Comment").fill("Half a sen")
    reply_create(user=world.user, thread=folded, body="An answer")
    changed(page, world)
    expect(threads(page)).to_contain_text("An answer")
    expect(form(page).get_by_role("textbox", name="Comment")).to_have_value("Half a sen")
    page.locator(".fold").first.get_by_text("Show all").click()
    expect(page.locator("[id=B-5] + comment-row")).to_contain_text("An answer")
    assert aligned(page, 3) > 80
    thread_resolve(user=world.user, thread=folded, resolved=True)
    changed(page, world)
    expect(threads(page).locator("summary").first).to_contain_text("Resolved by you")

    # What is half written goes along to the comparison, where A is on the right.
    page.goto(area(world))
    expect(form(page).locator("[name=body]")).to_have_value("Half a sen")
    form(page).get_by_role("button", name="Comment", exact=True).click()
    expect(threads(page)).to_have_count(2)
    made = Comment.objects.get(body="Half a sen")
    assert (made.start, made.end) == (82, 84)


def test_in_columns_at_its_address_renamed_outdated_and_on_the_file(
    world: World, page: Page
) -> None:
    made = say(world, "Too clever")
    page.goto(world.url(f"{COLUMNS}#comment-{made.pk}"))
    expect(threads(page)).to_be_in_viewport()
    expect(page.locator("file-tree [aria-current]")).to_have_attribute("data-comments", "1")
    page.get_by_role("button", name="Comment on this file in A").click()
    expect(form(page)).to_contain_text("On the whole file in A")
    page.keyboard.type("Split it up")
    page.keyboard.press("Control+Enter")
    expect(page.locator("file-comments .thread")).to_contain_text("Split it up")
    world.commit("A", lambda files: files.update({"app/area.py": "simple = 1\n"}))
    page.goto(world.url(COLUMNS))
    lost = page.locator("file-comments .lost")
    lost.get_by_text("1 outdated comment").click()
    expect(lost.locator(".excerpt b")).to_have_text(NEW + "\n")

    # The column of A has the file under its new name.
    page.goto(world.url("compare/columns?path=old name.txt&of=base,A&context=all"))
    page.locator("[id=A-2]").click(position={"x": 20, "y": 6})
    page.keyboard.press("c")
    page.keyboard.type("Renamed")
    page.keyboard.press("Control+Enter")
    expect(threads(page)).to_contain_text("Renamed")
    assert Comment.objects.get(body="Renamed").path == "new name.txt"


def test_a_page_that_shows_an_older_state_keeps_threads_at_their_lines(
    world: World, page: Page
) -> None:
    made = say(world, "Here")
    a = world.task.variants.get(letter="A")
    run = a.runs.create(number=1, prompt="x")
    a.snapshots.create(run=run, commit=a.head_commit, tree="0" * 40, parent="0" * 40)

    def move(files: dict[str, str]) -> None:
        files["app/area.py"] = f"# {line}\n" + files["app/area.py"]

    for where, line in ((COLUMNS, "A-82"), ("compare/whole?at=A&path=app/area.py", "R82")):
        page.goto(world.url(where))
        expect(threads(page)).to_have_count(1)
        # Columns go on to the newer state only once nothing in them is selected.
        page.locator(f"[id={line}]").evaluate("line => getSelection().selectAllChildren(line)")
        world.commit("A", move)
        reply_create(user=world.user, thread=made, body=f"At {line}")
        changed(page, world)
        expect(threads(page)).to_contain_text(f"At {line}")
        expect(threads(page)).to_have_attribute("data-start", "82")
        world.task.variants.filter(letter="A").update(head_commit=a.head_commit)


def test_on_the_lines_of_a_whole_file(world: World, page: Page) -> None:
    page.goto(world.url("compare/whole?at=A&path=app/area.py#R80-R82"))
    expect(page.locator("#R80")).to_have_attribute("aria-current", "true")
    page.keyboard.press("c")
    expect(form(page)).to_contain_text("On A, lines")
    page.keyboard.type("Why **here**?")
    form(page).get_by_role("button", name="Suggest a change").click()
    suggestion = form(page).locator("[name=suggestion]")
    expect(suggestion).to_have_value(f"\ndef area_20(side):\n{NEW}")
    form(page).get_by_role("button", name="Draft").click()
    expect(threads(page)).to_contain_text("Draft, only you see it")
    expect(page.locator("#R82 + comment-row strong")).to_have_text("here")
    threads(page).get_by_role("button", name="Publish").click()
    expect(threads(page)).not_to_contain_text("only you see it")
    threads(page).get_by_role("button", name="Resolve").click()
    expect(threads(page).locator("summary").first).to_contain_text("Resolved by you")
    page.keyboard.press("Shift+C")
    expect(page.locator(".drawer")).to_be_visible()

    # A file that no variant changed has a page of its own too; the base is one of its sides.
    page.goto(world.url("compare/whole?at=base&path=same.txt"))
    page.locator("#R1").hover()
    page.get_by_role("button", name="Comment on this line").click()
    expect(form(page).get_by_role("button", name="Suggest a change")).to_be_hidden()
    page.keyboard.type("Of old")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#R1 + comment-row")).to_contain_text("Of old")
    old = Comment.objects.get(body="Of old")
    assert (old.variant, old.path, old.start) == (None, "same.txt", 1)
    # In a comparison nothing of it is to be seen, so the thread brings its line.
    page.goto(world.url("compare?left=base&right=A&path=same.txt"))
    expect(page.locator("file-comments .thread .excerpt b")).to_have_text("same\n")


def test_a_whole_file_is_commented_in_the_column_it_is_said_of(world: World, page: Page) -> None:
    page.goto(world.url(COLUMNS))
    for name in ("the base", "A", "B"):
        expect(page.get_by_role("button", name=f"Comment on this file in {name}")).to_be_visible()
    page.get_by_role("button", name="Comment on this file in B").press("Enter")
    expect(form(page)).to_contain_text("On the whole file in B")
    page.keyboard.type("Neither")
    page.keyboard.press("Control+Enter")
    expect(threads(page)).to_contain_text("Neither")
    made = Comment.objects.get()
    assert (made.variant and made.variant.letter, made.start, made.path) == (
        "B",
        None,
        "app/area.py",
    )
