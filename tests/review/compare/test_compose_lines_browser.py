"""Taking single lines of a change: boxes in the gutter."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.review.compare.composing import AREA, compare, content
from tests.review.compare.conftest import BASE, A, World
from tests.support.routes import each_held
from tests.support.says import said_stays

pytestmark = pytest.mark.browser


def test_lines_of_one_variant_go_into_the_file_of_the_other(page: Page, world: World) -> None:
    before = BASE[AREA].split("def area_20", maxsplit=1)[0]
    world.commit("A", lambda files: files.update({AREA: before + "one = 1\ntwo = 2\nthree = 3\n"}))
    world.commit(
        "B", lambda files: files.update({AREA: before + "one = 'I'\ntwo = 2\nthree = 'III'\n"})
    )
    line = before.count("\n") + 1
    compare(page, world, "A", "B")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("A")  # all of B: its lines stay, and those of A go into it
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("L")
    put = page.get_by_role("checkbox", name=f"Take line {line} of A")
    expect(put).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".pickchip").last).to_contain_text("area.py, 1 line into B")
    out = page.get_by_role("checkbox", name=f"Keep line {line} of B")
    page.keyboard.press("ArrowDown")
    expect(out).to_be_focused()
    expect(out).to_be_checked()
    page.keyboard.press("Space")
    expect(page.locator(".pickchip").last).to_contain_text("area.py, 2 lines into B")
    expect(out).not_to_be_checked()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Lines", exact=True).first).to_be_focused()
    expect(page.locator(".lp")).to_have_count(0)
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == before + "one = 1\ntwo = 2\nthree = 'III'\n"


def test_a_line_of_either_side_is_taken_until_one_is_the_host(page: Page, world: World) -> None:
    """To who ticks a line in the left column that line is wanted: it must not be the one that goes."""
    line = BASE[AREA].count("\n") + 1
    world.commit("A", lambda files: files.update({AREA: BASE[AREA] + "one = 1\ntwo = 2\n"}))
    compare(page, world, "A", "B")
    lines = page.get_by_role("button", name="Lines", exact=True)
    expect(lines).to_have_count(2)
    for button in lines.all():
        button.click()
    theirs = page.get_by_role("checkbox", name="Take line 82 of B")
    expect(theirs).to_have_count(1)
    two = page.get_by_role("checkbox", name=f"Take line {line + 1} of A")
    two.focus()
    page.keyboard.press("Space")
    expect(page.locator(".pickchip")).to_contain_text("area.py, 1 line into B")
    expect(two).to_be_checked()
    expect(two).to_be_focused()
    expect(page.get_by_role("checkbox", name=f"Take line {line} of A")).not_to_be_checked()
    expect(theirs).not_to_be_checked()  # another place, which has no host yet
    theirs.check()
    expect(page.locator(".pickchip")).to_have_count(2)
    expect(page.get_by_role("checkbox", name="Keep line 82 of A")).to_be_checked()
    expect(two).to_be_checked()
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    both = BASE[AREA].replace(
        "    return side * 20\n", "    return side * 20\n    return 20 * side\n"
    )
    assert content(world, "D", AREA) == both + "two = 2\n"


def test_lines_ticked_on_both_sides_at_once_are_all_there(page: Page, world: World) -> None:
    """The second was ticked before anybody knew that its side is the host, which has it."""
    asked = each_held(page, "**/tray", method="POST")
    compare(page, world, "A", "B")
    lines = page.get_by_role("button", name="Lines", exact=True)
    lines.click()
    page.get_by_role("checkbox", name="Take line 82 of A").click()
    page.get_by_role("checkbox", name="Take line 82 of B").click()
    for _ in range(2):
        asked().continue_()
    expect(page.locator(".pickchip")).to_contain_text("area.py, 1 line into B")
    expect(page.get_by_role("checkbox", name="Keep line 82 of B")).to_be_checked()
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    theirs, ours = "    return 20 * side\n", "    return side * side * 20\n"
    assert content(world, "D", AREA) in (
        BASE[AREA].replace("    return side * 20\n", ours + theirs),
        BASE[AREA].replace("    return side * 20\n", theirs + ours),
    )


def test_lines_that_are_sent_later_are_those_of_the_file_they_were_ticked_in(
    page: Page, world: World
) -> None:
    asked = each_held(page, "**/tray", method="POST")
    compare(page, world, "base", "A")
    page.get_by_role("button", name="Lines", exact=True).click()
    page.get_by_role("checkbox", name="Take line 82 of A").click()
    page.get_by_role("checkbox", name="Keep line 82 of the base").click()
    first = asked()
    page.keyboard.press("l")
    expect(page.locator("#file")).not_to_have_attribute("aria-label", AREA)
    first.continue_()
    asked().continue_()
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(page.locator(".pickchip")).to_contain_text("area.py, 2 lines")


def test_single_lines_are_ticked_in_the_gutter(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    page.get_by_role("button", name="Lines", exact=True).click()
    line = 4 * 20 + 2
    page.get_by_role("checkbox", name=f"Take line {line} of A").check()
    expect(page.locator(".pickchip")).to_contain_text("area.py, 1 line")
    page.reload()
    page.get_by_role("button", name="Lines", exact=True).click()
    expect(page.get_by_role("checkbox", name=f"Take line {line} of A")).to_be_checked()
    page.get_by_role("checkbox", name=f"Keep line {line} of the base").uncheck()
    expect(page.locator(".pickchip")).to_contain_text("area.py, 2 lines")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == A[AREA]


def test_lines_are_undone_one_by_one_at_their_boxes(page: Page, world: World) -> None:
    added = "".join(f"# note {n}\n" for n in range(3))
    world.commit("A", lambda files: files.update({AREA: added + BASE[AREA]}))
    compare(page, world, "base", "A")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("j")
    page.keyboard.press("L")
    for number in (1, 2):
        page.keyboard.press("Space")
        expect(page.locator(".pickchip")).to_contain_text(f"area.py, {number} line")
        page.keyboard.press("ArrowDown")
    page.keyboard.press("z")
    expect(page.locator(".pickchip")).to_contain_text("area.py, 1 line")
    boxes = [page.get_by_role("checkbox", name=f"Take line {n} of A") for n in (1, 2)]
    expect(boxes[0]).to_be_checked()
    expect(boxes[1]).not_to_be_checked()
    page.keyboard.press("z")
    expect(page.locator(".pickchip")).to_have_count(0)


def test_boxes_of_a_change_that_was_taken_say_so_and_let_lines_go(page: Page, world: World) -> None:
    """Who unticks a line of it wants the rest: the change is no pick any more, its other lines are."""
    world.commit("A", lambda files: files.update({AREA: BASE[AREA] + "one = 1\ntwo = 2\n"}))
    compare(page, world, "base", "A")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("j")
    page.keyboard.press("p")
    expect(page.locator(".pickchip")).to_contain_text("area.py, after line")
    page.keyboard.press("L")
    line = BASE[AREA].count("\n") + 1
    one, two = (page.get_by_role("checkbox", name=f"Take line {n} of A") for n in (line, line + 1))
    expect(one).to_be_focused()
    expect(one).to_be_checked()
    expect(two).to_be_checked()
    page.keyboard.press("Space")
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(page.locator(".pickchip")).to_contain_text("area.py, 1 line")
    expect(one).not_to_be_checked()
    expect(two).to_be_checked()
    take = page.get_by_role("button", name="Take A", exact=True)
    expect(take).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("z")  # one step
    expect(take).to_have_attribute("aria-pressed", "true")
    expect(one).to_be_checked()
    page.keyboard.press("Space")
    expect(one).not_to_be_checked()
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == BASE[AREA] + "two = 2\n"


def test_lines_of_a_file_that_is_taken_whole_stay_in(page: Page, world: World) -> None:
    said_stays(page)
    compare(page, world, "base", "A")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("A")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("L")
    box = page.get_by_role("checkbox", name="Take line 82 of A")
    expect(box).to_be_focused()
    expect(box).to_be_checked()
    expect(page.get_by_role("checkbox", name="Keep line 82 of the base")).not_to_be_checked()
    page.keyboard.press("Space")
    expect(page.locator(".keysays")).to_contain_text("All of this file is taken from A")
    expect(box).to_be_checked()
    expect(page.locator(".pickchip")).to_have_count(1)


def test_a_place_that_went_into_the_others_new_file_is_ticked(page: Page, world: World) -> None:
    """What was taken is in, and what it took the place of is not; unticked, the other lines stay."""
    before = "".join(f"row_{n} = {n}\n" for n in range(9))
    world.commit("A", lambda files: files.update({"app/new.py": before + "mine = 1\nmore = 1\n"}))
    world.commit("B", lambda files: files.update({"app/new.py": before + "your = 2\nless = 2\n"}))
    compare(page, world, "A", "B", "app/new.py")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("j")
    page.keyboard.press("p")
    expect(page.locator(".pickchip")).to_contain_text("into A")
    page.keyboard.press("L")
    keep, take = (
        [page.get_by_role("checkbox", name=f"{verb} line {n} of {letter}") for n in (10, 11)]
        for verb, letter in (("Keep", "A"), ("Take", "B"))
    )
    expect(take[0]).to_be_focused()
    for box in take:
        expect(box).to_be_checked()
    for box in keep:
        expect(box).not_to_be_checked()
    page.keyboard.press("Space")
    expect(page.locator(".pickchip")).to_contain_text("3 lines into A")
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(take[0]).not_to_be_checked()
    expect(take[1]).to_be_checked()
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", "app/new.py") == before + "less = 2\n"


def test_lines_of_the_left_place_in_the_right_ones_new_file_are_thinned(
    page: Page, world: World
) -> None:
    """The lines have other numbers on both sides, and the host stands on the right."""
    common = "".join(f"common = {n}\n" for n in range(9))
    ours = "ours = 1\nours = 2\nours = 3\n"
    theirs = "# one\n# two\n" + common + "theirs = 1\n"
    world.commit("A", lambda files: files.update({"app/new.py": common + ours}))
    world.commit("B", lambda files: files.update({"app/new.py": theirs}))
    compare(page, world, "A", "B", "app/new.py")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("P")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("L")
    box = page.get_by_role("checkbox", name="Take line 10 of A")
    expect(box).to_be_checked()
    box.uncheck()
    expect(page.locator(".pickchip")).to_contain_text("3 lines into B")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    made = content(world, "D", "app/new.py")
    assert made == "# one\n# two\n" + common + "ours = 2\nours = 3\n"


def test_the_side_of_a_change_that_was_taken_is_the_host_of_its_lines(
    page: Page, world: World
) -> None:
    line = BASE[AREA].count("\n") + 1
    end = "{0} = 1\nsame = 0\n{0}_more = 2\n"
    world.commit("A", lambda files: files.update({AREA: BASE[AREA] + end.format("one")}))
    world.commit("B", lambda files: files.update({AREA: BASE[AREA] + end.format("two")}))
    compare(page, world, "A", "B")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("j")
    page.keyboard.press("P")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("L")
    theirs = page.get_by_role("checkbox", name=f"Take line {line} of B")
    ours = page.get_by_role("checkbox", name=f"Keep line {line} of A")
    expect(theirs).to_be_focused()
    expect(ours).to_be_checked()
    page.keyboard.press("ArrowLeft")
    expect(ours).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(theirs).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".pickchip").last).to_contain_text("area.py, 1 line into A")
    expect(page.locator("#tray")).not_to_contain_text("contradict")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == BASE[AREA] + "one = 1\ntwo = 1\nsame = 0\none_more = 2\n"


def test_lines_go_into_a_side_that_was_taken_and_has_what_the_base_has(
    page: Page, world: World
) -> None:
    line = BASE[AREA].count("\n") + 1
    world.commit("B", lambda files: files.update({AREA: BASE[AREA] + "one = 1\ntwo = 2\n"}))
    world.commit("A", lambda files: files.update({AREA: "# note\n" + BASE[AREA]}))
    compare(page, world, "A", "B")
    page.wait_for_selector(".hunkbar .take")
    for key in "jjP":
        page.keyboard.press(key)
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("L")
    two = page.get_by_role("checkbox", name=f"Take line {line + 1} of B")
    two.focus()
    page.keyboard.press("Space")
    expect(page.locator(".pickchip").last).to_contain_text("1 line into A")
    expect(page.locator(".pickchip")).to_have_count(1)  # into what A has, which is what was taken
    expect(two).to_be_checked()
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == BASE[AREA] + "two = 2\n"


def test_a_box_stays_ticked_until_it_is_taken(page: Page, world: World) -> None:
    asked = each_held(page, "**/tray", method="POST")

    def answer() -> None:
        held = asked()
        settled = page.evaluate_handle(
            """() => ({ done: new Promise((done) =>
                document.addEventListener("htmx:afterSettle", () => setTimeout(done), { once: true })) })"""
        )
        held.continue_()
        settled.evaluate("({ done }) => done")

    compare(page, world, "base", "A")
    page.get_by_role("button", name="Lines", exact=True).click()
    line = 4 * 20 + 2
    theirs = page.get_by_role("checkbox", name=f"Take line {line} of A")
    ours = page.get_by_role("checkbox", name=f"Keep line {line} of the base")
    theirs.click()
    ours.click()
    answer()
    assert (theirs.is_checked(), ours.is_checked()) == (True, False)
    answer()
    expect(page.locator(".pickchip")).to_contain_text("area.py, 2 lines")
    expect(theirs).to_be_checked()
    expect(ours).not_to_be_checked()


def test_a_box_that_was_not_heard_is_not_ticked(page: Page, world: World) -> None:
    asked = each_held(page, "**/tray", method="POST")
    compare(page, world, "base", "A")
    page.get_by_role("button", name="Lines", exact=True).click()
    box = page.get_by_role("checkbox", name="Take line 82 of A")
    box.click()
    asked().abort()
    expect(page.get_by_role("alert")).to_contain_text("the server does not answer")
    expect(box).not_to_be_checked()


def test_shift_ticks_a_range_of_lines(page: Page, world: World) -> None:
    added = "".join(f"# note {n}\n" for n in range(6))
    world.commit("A", lambda files: files.update({AREA: added + BASE[AREA]}))
    compare(page, world, "base", "A")
    page.get_by_role("button", name="Lines", exact=True).click()
    line = [page.get_by_role("checkbox", name=f"Take line {n} of A") for n in range(1, 7)]
    line[1].check()
    expect(page.locator(".pickchip")).to_contain_text("area.py, 1 line")
    line[4].click(modifiers=["Shift"])
    expect(page.locator(".pickchip")).to_contain_text("area.py, 4 lines")
    for n, box in enumerate(line):
        expect(box).to_be_checked(checked=1 <= n <= 4)
    # By keyboard, and out again: from the fifth up to the third.
    line[2].focus()
    page.keyboard.press("Shift+Space")
    expect(page.locator(".pickchip")).to_contain_text("area.py, 1 line")
    line[5].focus()
    page.keyboard.press("Space")
    expect(page.locator(".pickchip")).to_contain_text("area.py, 2 lines")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == "# note 1\n# note 5\n" + BASE[AREA]
