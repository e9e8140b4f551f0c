"""Composing in the browser: from the comparison to the merge, with the mouse and without."""

from __future__ import annotations

import re
from threading import Event
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from orchestrator.git.hub import blob_read
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Variant
from review.models import Tray
from review.services.composing import variant_compose
from tests.review.compare.conftest import BASE, A, B, World
from tests.support.live import eventually
from tests.support.pages import HTMX
from tests.support.repositories import plain_git
from tests.support.routes import next_held, route_first

pytestmark = pytest.mark.browser

AREA = "app/area.py"


def compare(page: Page, world: World, left: str, right: str, path: str = AREA) -> None:
    page.goto(world.url(f"compare?left={left}&right={right}&path={path}"))
    page.wait_for_selector("#tray[aria-label]", state="attached")


def content(world: World, letter: str, path: str) -> str | None:
    head = Variant.objects.get(letter=letter).head_commit
    hub = hub_dir(world.task.project_id)
    data = blob_read(hub=hub, commit=head, path=path, limit_bytes=10**6)
    return None if data is None else data.decode()


def test_a_file_of_one_and_a_hunk_of_another_are_composed_and_merged(
    page: Page, world: World
) -> None:
    compare(page, world, "base", "A", "app/new.py")
    page.get_by_role("button", name="Take file from A").click()
    expect(page.locator(".pickchip")).to_have_text(re.compile("new.py"))
    expect(page.get_by_role("button", name="Take file from A")).to_have_attribute(
        "aria-pressed", "true"
    )
    compare(page, world, "base", "B")
    page.get_by_role("button", name="Take B", exact=True).click()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.reload()
    expect(page.locator(".pickchip")).to_have_count(2)
    expect(page.locator("#tray")).to_contain_text("fits together")

    page.get_by_role("button", name="Preview the diff").click()
    expect(page.locator("file-tree nav a")).to_have_count(2)
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    expect(page.locator(".origin")).to_contain_text("(1 file)")
    assert content(world, "D", AREA) == B[AREA]
    assert content(world, "D", "app/new.py") == A["app/new.py"]
    assert content(world, "D", "gone.txt") == BASE["gone.txt"]

    page.locator("#merge-one").click()
    page.get_by_role("button", name="Merge D now").click()
    expect(page.get_by_role("heading", name="D is merged into main")).to_be_visible()
    assert plain_git(world.origin, "show", f"main:{AREA}") + "\n" == B[AREA].rstrip("\n") + "\n"


def test_both_sides_of_a_renamed_file_can_be_taken(page: Page, world: World) -> None:
    old, new = "old name.txt", "new name.txt"

    def keep(files: dict[str, str]) -> None:
        del files[new]
        files[old] = BASE[old].replace("three", "drei")

    world.commit("A", keep)
    world.commit("B", lambda files: files.update({new: BASE[old].replace("three", "tres")}))
    compare(page, world, "A", "B", new)
    page.get_by_role("button", name="Take A", exact=True).click()
    expect(page.locator("#tray")).to_contain_text("fits together")
    page.get_by_role("button", name="Take B", exact=True).click()
    expect(page.locator(".pickchip")).to_have_text(re.compile("new name.txt, line 3"))
    expect(page.locator("#tray")).to_contain_text("fits together")
    page.get_by_role("button", name="Take A", exact=True).click()
    expect(page.locator(".pickchip")).to_have_text(re.compile("old name.txt, line 3"))
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    assert content(world, "D", old) == BASE[old].replace("three", "drei")


def test_with_keys_only(page: Page, world: World) -> None:
    compare(page, world, "A", "B")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("j")
    page.keyboard.press("p")
    expect(page.locator(".pickchip")).to_have_text(re.compile("B.*area.py, line 82", re.DOTALL))
    page.keyboard.press("P")  # the other side in its place
    expect(page.locator(".pickchip")).to_have_text(re.compile("A.*area.py, line 82", re.DOTALL))
    expect(page.get_by_role("button", name="Take A", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("P")
    expect(page.locator(".pickchip")).to_have_count(0)
    page.keyboard.press("p")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("z")
    expect(page.locator(".pickchip")).to_have_count(0)
    page.keyboard.press("p")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("o")
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "tray-compose":
            break
    page.keyboard.press("Enter")
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    assert content(world, "D", AREA) == B[AREA]


def test_from_a_file_and_a_ground_to_the_merge_without_a_walk(page: Page, world: World) -> None:
    compare(page, world, "base", "A", "app/new.py")
    chips = page.locator(".pickchip")
    page.keyboard.press("T")
    expect(chips).to_have_text(re.compile("new.py"))
    page.keyboard.press("T")
    expect(chips).to_have_count(0)
    page.keyboard.press("A")
    expect(chips).to_contain_text("all 7 files")
    compare(page, world, "A", "B")
    page.keyboard.press("T")
    expect(chips.last).to_have_text(re.compile("B.*area.py", re.DOTALL))
    page.keyboard.press("O")
    expect(page.locator("#tray-compose")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/variants/D")
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    assert content(world, "D", AREA) == B[AREA]
    page.keyboard.press("M")
    expect(page.get_by_role("button", name="Merge D now")).to_be_visible()
    page.goto(world.url("compare?left=base&right=D"))
    page.keyboard.press("M")
    expect(page.get_by_role("button", name="Merge D now")).to_be_visible()


def test_from_the_overview_to_the_places_and_to_the_only_merge(page: Page, world: World) -> None:
    world.task.variants.filter(letter__in="AB").update(files_changed=7)
    page.goto(world.url().rstrip("/"))
    expect(page.get_by_role("link", name="See where")).to_be_visible()
    page.keyboard.press("M")  # of two that can be merged none is the one
    page.keyboard.press("w")
    page.wait_for_url("**/consensus")
    world.task.variants.filter(letter="B").update(archived_at=timezone.now())
    page.goto(world.url().rstrip("/"))
    page.keyboard.press("M")
    expect(page.get_by_role("button", name="Merge A now")).to_be_visible()


NEW = """class Limiter:
    size = 1

    def hit(self):
        return 'A'

    def miss(self):
        return 1
"""


def news(world: World) -> tuple[str, str]:
    """Two files of one name that the base lacks: they differ in three places."""
    other = (
        NEW.replace("size = 1", "size = 2").replace("'A'", "'B'").replace("return 1", "return 2")
    )
    world.commit("A", lambda files: files.update({"app/new.py": NEW}))
    world.commit("B", lambda files: files.update({"app/new.py": other}))
    return NEW, other


def test_a_file_that_the_base_lacks_is_put_together_place_by_place(
    page: Page, world: World
) -> None:
    ours, theirs = news(world)
    compare(page, world, "A", "B", "app/new.py")
    takes = page.locator(".hunkbar .take:not([aria-expanded])")
    expect(takes).to_have_count(6)
    page.keyboard.press("T")  # the file of B
    chips = page.locator(".pickchip")
    expect(chips).to_have_text(re.compile("B.*new.py", re.DOTALL))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("P")  # but the second place from A
    expect(chips.last).to_have_text(re.compile("A.*new.py, line 5 into B", re.DOTALL))
    expect(page.locator("#tray")).to_contain_text("fits together")
    for at, pressed in enumerate(("false", "true", "true", "false", "false", "true")):
        expect(takes.nth(at)).to_have_attribute("aria-pressed", pressed)
    page.keyboard.press("p")  # from B again
    expect(chips).to_have_count(1)
    page.keyboard.press("P")
    expect(chips).to_have_count(2)
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    assert content(world, "D", "app/new.py") == theirs.replace("'B'", "'A'")
    assert ours != theirs


def test_a_place_of_a_new_file_with_no_file_taken_stands_in_the_other_ones(
    page: Page, world: World
) -> None:
    _, theirs = news(world)
    compare(page, world, "B", "A", "app/new.py")
    page.get_by_role("button", name="Take A", exact=True).first.click()
    chips = page.locator(".pickchip")
    expect(chips).to_have_text(re.compile("A.*new.py, line 2 into B", re.DOTALL))
    page.get_by_role("button", name="Take B", exact=True).first.click()  # all of it from B
    expect(chips).to_have_text(re.compile("B.*new.py$", re.DOTALL))
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    assert content(world, "D", "app/new.py") == theirs


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
    out = page.get_by_role("checkbox", name=f"Take out line {line} of B")
    page.keyboard.press("ArrowDown")
    expect(out).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".pickchip").last).to_contain_text("area.py, 2 lines into B")
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
    expect(page.get_by_role("checkbox", name="Take out line 82 of A")).not_to_be_checked()
    expect(two).to_be_checked()
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    both = BASE[AREA].replace(
        "    return side * 20\n", "    return side * 20\n    return 20 * side\n"
    )
    assert content(world, "D", AREA) == both + "two = 2\n"


def test_lines_ticked_on_both_sides_at_once_are_all_there(page: Page, world: World) -> None:
    """The second was ticked before anybody knew that its side is the host, which has it."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    route_first(page, "**/tray", hold)
    compare(page, world, "A", "B")
    lines = page.get_by_role("button", name="Lines", exact=True)
    lines.click()
    page.get_by_role("checkbox", name="Take line 82 of A").click()
    page.get_by_role("checkbox", name="Take line 82 of B").click()
    for _ in range(2):
        eventually(lambda: page.evaluate("true") and bool(held))
        held.pop().continue_()
    expect(page.locator(".pickchip")).to_contain_text("area.py, 1 line into B")
    expect(page.get_by_role("checkbox", name="Take out line 82 of B")).not_to_be_checked()
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    theirs, ours = "    return 20 * side\n", "    return side * side * 20\n"
    assert content(world, "D", AREA) in (
        BASE[AREA].replace("    return side * 20\n", ours + theirs),
        BASE[AREA].replace("    return side * 20\n", theirs + ours),
    )


def test_a_file_that_one_side_lacks_is_offered_whole_at_its_changes(
    page: Page, world: World
) -> None:
    def gone(files: dict[str, str]) -> None:
        del files["app/new.py"]

    world.commit("B", gone)
    compare(page, world, "B", "A", "app/new.py")
    page.wait_for_selector(".hunkbar .take")
    expect(page.get_by_role("button", name="Lines", exact=True)).to_have_count(0)
    page.keyboard.press("j")
    for key, letter in (("P", "B"), ("p", "A")):
        page.keyboard.press(key)
        expect(page.locator(".hunkbar .take:focus")).to_have_text(f"Take file from {letter}")
        expect(page.locator(".pickchip")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator(".pickchip")).to_have_text(re.compile("A.*new.py", re.DOTALL))
    expect(page.locator("#tray")).to_contain_text("fits together")
    page.goto(world.url("compare?left=base&right=A&path=package-lock.json"))
    page.keyboard.press("p")
    expect(page.locator(".takes button:focus")).to_have_attribute("data-key", "T")


def test_the_title_says_what_was_taken_until_somebody_writes_another(
    page: Page, world: World
) -> None:
    compare(page, world, "base", "A", "app/new.py")
    page.get_by_role("button", name="Take file from A").click()
    page.get_by_role("link", name="New variant").click()
    title = page.get_by_label("Title of its commit")
    expect(title).to_have_value(f"{world.task.title}: A (1 file)")
    compare(page, world, "base", "B")
    page.get_by_role("button", name="Take B", exact=True).click()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.locator("#tray summary", has_text="Title and why").click()
    expect(title).to_have_value(f"{world.task.title}: A (1 file) and B (1 file)")
    title.fill("Areas as they should be")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove B area.py, line 82").click()
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(title).to_have_value("Areas as they should be")
    page.get_by_label("Why these together").evaluate("it => it.closest('details').open = true")
    page.get_by_label("Why these together").fill("As they were")
    page.reload()
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(title).to_have_value("Areas as they should be")
    expect(page.get_by_label("Why these together")).to_have_value("As they were")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    head = Variant.objects.get(letter="D").head_commit
    hub = hub_dir(world.task.project_id)
    assert plain_git(hub, "log", "-1", "--format=%s", head) == "Areas as they should be"
    compare(page, world, "base", "B")
    page.get_by_role("button", name="Take B", exact=True).click()
    expect(title).to_have_value(f"{world.task.title}: B (1 file)")  # for the next one, anew


def test_a_hunk_is_reverted(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    page.get_by_role("button", name="Revert").click()
    expect(page.locator(".pickchip")).to_have_count(2)
    expect(page.locator(".pickchip").first).to_contain_text("all 7 files")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == BASE[AREA]
    assert content(world, "D", "app/new.py") == A["app/new.py"]


def test_single_lines_are_ticked_in_the_gutter(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    page.get_by_role("button", name="Lines", exact=True).click()
    line = 4 * 20 + 2
    page.get_by_role("checkbox", name=f"Take line {line} of A").check()
    expect(page.locator(".pickchip")).to_contain_text("area.py, 1 line")
    page.reload()
    page.get_by_role("button", name="Lines", exact=True).click()
    expect(page.get_by_role("checkbox", name=f"Take line {line} of A")).to_be_checked()
    page.get_by_role("checkbox", name=f"Take out line {line} of the base").check()
    expect(page.locator(".pickchip")).to_contain_text("area.py, 2 lines")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == A[AREA]


def test_a_pick_is_undone_and_the_focus_stays_in_the_tray(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    page.get_by_role("button", name="Take all of A").click()
    page.get_by_role("button", name="Take A", exact=True).click()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.get_by_role("button", name="Remove A all 7 files").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(page.get_by_role("button", name="Remove A area.py, line 82")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".pickchip")).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.get_by_role("button", name="Clear").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#tray")).to_contain_text("nothing is picked: 1 pick taken out")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.reload()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".pickchip")).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Forget what was picked").click()
    expect(page.locator("#tray")).to_be_hidden()


def test_a_pick_that_gave_way_is_brought_back(page: Page, world: World) -> None:
    compare(page, world, "A", "B")
    page.wait_for_selector(".hunkbar .take")
    chips = page.locator(".pickchip")
    page.keyboard.press("j")
    for key in "pPz":  # at once: each waits for the one before
        page.keyboard.press(key)
    expect(chips).to_have_text(re.compile("B.*area.py, line 82", re.DOTALL))
    page.keyboard.press("T")
    expect(chips).to_have_text(re.compile("B.*area.py$", re.DOTALL))
    expect(page.locator("#tray")).to_contain_text("replaced 1 pick")
    page.keyboard.press("z")
    expect(chips).to_have_text(re.compile("B.*area.py, line 82", re.DOTALL))
    expect(page.locator("#tray")).not_to_contain_text("replaced")
    page.keyboard.press("A")
    expect(chips).to_have_count(2)
    compare(page, world, "B", "A")
    page.keyboard.press("A")
    expect(chips.last).to_have_text(re.compile("A.*all 7 files", re.DOTALL))
    page.keyboard.press("z")
    expect(chips.last).to_have_text(re.compile("B.*all", re.DOTALL))


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


def test_of_two_windows_neither_undoes_what_it_has_not_seen(page: Page, world: World) -> None:
    compare(page, world, "A", "B")
    page.keyboard.press("T")
    expect(page.locator(".pickchip")).to_have_count(1)
    other = page.context.new_page()
    compare(other, world, "A", "B")
    other.keyboard.press("A")
    expect(other.locator(".pickchip")).to_have_count(2)
    page.keyboard.press("z")
    expect(page.get_by_text("What was in the tray has changed")).to_be_visible()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.keyboard.press("z")
    expect(page.locator(".pickchip")).to_have_count(1)


def test_what_is_typed_as_title_is_no_command(page: Page, world: World, reader: Client) -> None:
    compare(page, world, "A", "B")
    page.keyboard.press("T")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("O")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("Best of A and B")
    title = page.get_by_label("Title of its commit")
    expect(title).to_have_value("Best of A and B")
    # Another window picks, so the tray is put anew while one types.
    reader.post(world.url("tray"), {"variant": "A"}, headers=HTMX)
    page.evaluate(
        """htmx.ajax("GET", tray.dataset.url, { source: "#tray", target: "#tray", swap: "outerHTML" })"""
    )
    page.keyboard.type(", no more", delay=20)
    expect(title).to_have_value("Best of A and B, no more")
    expect(title).to_be_focused()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("#tray summary", has_text="Title and why")).to_be_focused()


def test_title_and_why_are_forgotten_with_the_picks(page: Page, world: World) -> None:
    compare(page, world, "base", "B")
    title = page.get_by_label("Title of its commit")
    why = page.get_by_label("Why these together")
    chips = page.locator(".pickchip")
    own = f"{world.task.title}: B (1 file)"

    def write() -> None:
        page.locator("#tray summary", has_text="Title and why").click()
        title.fill("My own")
        why.fill("My reasons")
        page.keyboard.press("Escape")

    for emptied in ("z", "Clear"):
        page.keyboard.press("T")
        expect(chips).to_have_count(1)
        expect(title).to_have_value(own)
        expect(why).to_have_value("")
        write()
        if emptied == "z":
            page.keyboard.press("z")
        else:
            page.get_by_role("button", name=emptied).click()
        expect(chips).to_have_count(0)
        expect(title).to_have_count(0)
    page.keyboard.press("z")  # Clear is undone: so is the forgetting
    expect(title).to_have_value("My own")
    expect(why).to_have_value("My reasons")
    # Emptied and picked anew in another window, of which this one sees only what comes out.
    other = page.context.new_page()
    compare(other, world, "base", "B")
    other.keyboard.press("T")
    expect(other.locator(".pickchip")).to_have_count(0)
    other.keyboard.press("A")
    expect(other.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("p")
    expect(chips).to_have_count(2)
    expect(why).to_have_value("")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    head = Variant.objects.get(letter="D").head_commit
    assert "My" not in plain_git(hub_dir(world.task.project_id), "log", "-1", "--format=%B", head)


def test_no_pick_waits_for_a_file_or_is_dropped_for_another(page: Page, world: World) -> None:
    asked = next_held(page, "**/compare/file?*")
    compare(page, world, "base", "A")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("n")
    held = asked()
    page.get_by_role("button", name="Take A", exact=True).click()
    page.get_by_role("button", name="Take all of A").click()
    expect(page.locator(".pickchip")).to_have_count(2)
    held.continue_()
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")


def test_the_board_gives_the_ground_and_columns_give_files(page: Page, world: World) -> None:
    page.goto(world.url("board"))
    page.get_by_role("button", name="Take all of A").click()
    expect(page.locator(".pickchip")).to_contain_text("all 7 files")
    expect(page.get_by_role("button", name="Take all of A")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.goto(world.url(f"compare/columns?path={AREA}&of=A,B"))
    page.get_by_role("button", name="Take from B").click()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_be_visible()
    assert content(world, "D", AREA) == B[AREA]
    assert content(world, "D", "app/new.py") == A["app/new.py"]


def test_in_a_narrow_column_taking_all_leaves_the_agent_its_name(page: Page, world: World) -> None:
    page.goto(world.url("board"))
    button, head = (
        page.get_by_role("button", name="Take all of A"),
        page.locator(".colheads > .v-a"),
    )
    expect(button).to_be_visible()
    assert button.evaluate("it => it.clientWidth") > 60, "there is place for its words"
    page.set_viewport_size({"width": 390, "height": 800})
    expect(button).to_have_css("width", "24px")
    name = head.locator(".cut")
    assert name.evaluate("it => it.scrollWidth <= it.clientWidth")
    button.click()
    expect(page.locator(".pickchip")).to_contain_text("all 7 files")


def test_a_press_is_not_lost_while_agents_go_on(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    page.keyboard.press("T")
    expect(page.locator(".takes [data-key=T]")).to_have_attribute("aria-pressed", "true")
    box = page.get_by_role("button", name="Clear").bounding_box()
    assert box
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    page.evaluate(
        """topic => new Promise((done) => {
            document.addEventListener("htmx:afterRequest", ({ detail }) => {
                if (detail.target.id === "tray") setTimeout(done);
            });
            document.dispatchEvent(new CustomEvent(topic));
        })""",
        f"live:task:{world.task.pk}",
    )
    page.mouse.up()
    expect(page.locator(".pickchip")).to_have_count(0)


def test_who_presses_twice_is_led_to_what_was_made(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    page.keyboard.press("T")
    stopped = page.get_by_role("button", name="Compose D").evaluate(
        """button => {
            const stopped = [];
            addEventListener("submit", (event) => stopped.push(event.defaultPrevented));
            button.click();
            button.click();
            return stopped;
        }"""
    )
    assert stopped == [False, True]
    page.wait_for_url("**/variants/D")
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    assert world.task.variants.count() == 4


def test_who_stops_composing_can_press_again(
    page: Page, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    came, stopped = Event(), Event()

    def lost_first(**asked: Any) -> Any:
        if came.is_set():
            return variant_compose(**asked)
        came.set()
        assert stopped.wait(60)
        return world.task.variants.get(letter="A")  # nobody waits for this answer

    monkeypatch.setattr("review.views.composing.variant_compose", lost_first)
    other = page.context.new_page()  # a page that goes elsewhere cannot be told anything
    other.goto(world.url("comments"))
    compare(page, world, "base", "A")
    page.keyboard.press("T")
    button = page.get_by_role("button", name="Compose D")
    sent = button.evaluate(
        """button => {
            addEventListener("storage", ({ key }) => key === "test-stop" && window.stop());
            button.click();
            return "sent" in button.form.dataset;
        }"""
    )
    assert sent is True
    eventually(came.is_set)
    other.evaluate("localStorage.setItem('test-stop', '1')")
    expect(page.locator("#tray [data-sent]")).to_have_count(0)
    stopped.set()
    button.click()
    page.wait_for_url("**/variants/D")


def test_the_tray_is_looked_at_while_agents_never_rest(page: Page, world: World) -> None:
    compare(page, world, "base", "A")
    with page.expect_request("**/tray"):
        page.evaluate(
            "topic => setInterval(() => document.dispatchEvent(new CustomEvent(topic)), 50)",
            f"live:task:{world.task.pk}",
        )


def test_a_box_stays_ticked_until_it_is_taken(page: Page, world: World) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    def answer(count: int) -> None:
        eventually(lambda: page.evaluate("true") and len(held) == count)
        settled = page.evaluate_handle(
            """() => ({ done: new Promise((done) =>
                document.addEventListener("htmx:afterSettle", () => setTimeout(done), { once: true })) })"""
        )
        held[-1].continue_()
        settled.evaluate("({ done }) => done")

    route_first(page, "**/tray", hold)
    compare(page, world, "base", "A")
    page.get_by_role("button", name="Lines", exact=True).click()
    boxes = page.locator(".lp")
    expect(boxes).to_have_count(2)
    for at in (0, 1):
        boxes.nth(at).click()
    answer(1)
    for at in (0, 1):
        assert boxes.nth(at).is_checked()
    answer(2)
    expect(page.locator(".pickchip")).to_contain_text("area.py, 2 lines")
    for at in (0, 1):
        expect(boxes.nth(at)).to_be_checked()


def test_of_many_picks_the_newest_is_in_view(page: Page, world: World) -> None:
    many = {f"some/file_with_a_longer_name_{n}.py": "x\n" for n in range(12)}
    world.commit("A", lambda files: files.update(many))
    compare(page, world, "base", "A", "some/file_with_a_longer_name_0.py")
    page.wait_for_selector(".hunkbar .take")
    Tray.objects.create(
        user=world.user,
        task=world.task,
        picks=[{"variant": "A", "path": path} for path in [*many][1:]],
    )
    page.keyboard.press("T")
    expect(page.locator(".pickchip")).to_have_count(12)
    expect(page.locator(".pickchip").last).to_contain_text("name_0.py")
    page.wait_for_function(
        """() => {
          const chips = document.querySelector(".tray-chips");
          const box = chips.getBoundingClientRect();
          const newest = chips.lastElementChild.getBoundingClientRect();
          return chips.scrollHeight > chips.clientHeight && newest.top >= box.top && newest.bottom <= box.bottom;
        }"""
    )


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


def test_on_a_phone_a_change_is_reverted_too_and_it_is_said_why(page: Page, world: World) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    compare(page, world, "base", "A")
    expect(page.get_by_role("button", name="Revert")).to_be_hidden()
    page.get_by_role("button", name="More to do with this change").click()
    expect(page.get_by_role("button", name="Lines", exact=True)).to_be_visible()
    page.get_by_role("button", name="Revert").click()
    expect(page.locator(".pickchip")).to_have_count(2)
    page.get_by_role("button", name="What was picked, and what to do with it").click()
    page.locator("#tray summary", has_text="Why").click()
    page.get_by_label("Why these together").fill("The area was right as it was")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Another pick replaces the tray; what was typed stays.
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove A all 7 files").click()
    expect(page.locator(".pickchip")).to_have_count(1)
    page.get_by_role("button", name="Take A", exact=True).click()
    expect(page.locator(".pickchip").first).to_contain_text("area.py")
    expect(page.get_by_label("Why these together")).to_have_value("The area was right as it was")
    page.get_by_role("button", name="Compose D").click()
    expect(page.locator(".origin")).to_contain_text("The area was right as it was")


def test_where_there_is_no_change_to_take_its_keys_do_nothing(page: Page, world: World) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for at in ("", "board", "consensus"):
        page.goto(world.url(at).rstrip("/"))
        page.wait_for_selector("#tray[aria-label]", state="attached")
        page.keyboard.press("p")
        page.keyboard.press("P")
    assert page.locator("#tray").is_hidden()
    assert not errors
