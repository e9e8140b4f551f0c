"""What is heard of a comparison and a board, and where the focus is."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.review.compare.conftest import World, changed

pytestmark = pytest.mark.browser

STOPS_MAX = 300


def area(world: World, view: str = "split", left: str = "base", right: str = "A") -> str:
    return world.url(f"compare?left={left}&right={right}&path=app/area.py&view={view}")


def heard(page: Page, selector: str) -> list[str]:
    """The texts and names below an element, in order, as the browser tells them to a screen reader."""
    session = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = session.send("Accessibility.getFullAXTree")["nodes"]
    document = session.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    found = session.send("DOM.querySelector", {"nodeId": document, "selector": selector})
    element = session.send("DOM.describeNode", found)["node"]["backendNodeId"]
    session.detach()
    by_id = {node["nodeId"]: node for node in nodes}
    said: list[str] = []

    def walk(node: dict[str, Any]) -> None:
        role = node.get("role", {}).get("value")
        name = node.get("name", {}).get("value", "")
        if name and not node.get("ignored") and role != "InlineTextBox":
            said.append(name if role == "StaticText" else f"{role} {name}")
        if role != "StaticText":
            for child in node.get("childIds", []):
                if child in by_id:
                    walk(by_id[child])

    walk(next(node for node in nodes if node.get("backendDOMNodeId") == element))
    return said


def focused_name(page: Page) -> str:
    """What is heard when the focus comes to where it is now."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    names = [
        node["name"]["value"]
        for node in nodes
        for name in node.get("properties", [])
        if name["name"] == "focused" and name["value"].get("value") and "name" in node
    ]
    return str(names[-1])


@pytest.mark.parametrize("view", ["split", "unified"])
def test_a_line_says_whose_it_is_and_what_became_of_it_before_its_text(
    world: World, page: Page, view: str
) -> None:
    page.goto(area(world, view))
    expect(page.locator(".hunkbar b").first).to_be_visible()
    said = heard(page, "diff-view")
    gone, come = said.index("base 82 removed: "), said.index("A 82 added: ")
    assert "".join(said[gone + 1 : come]).replace(" ", "").startswith("returnside*20")
    assert "removed" not in said
    assert ("base 81: " in said) == (view == "split")
    assert "A 81: " in said
    assert [name for name in said if name.startswith("group Change")] == ["group Change 1"]


def test_between_variants_neither_side_is_the_old_one(world: World, page: Page) -> None:
    page.goto(area(world, left="A", right="B"))
    said = heard(page, "diff-view")
    assert {"A 82 only: ", "B 82 only: "} <= set(said)
    assert not [name for name in said if "removed" in name or "added" in name]


def test_columns_say_whose_line_it_is(world: World, page: Page) -> None:
    page.goto(world.url("compare/columns?path=app/area.py"))
    said = heard(page, "diff-columns")
    assert {"base-82: ", "A-82: ", "B-82: "} <= set(said)


def test_going_to_a_change_says_which_who_has_it_and_its_line(world: World, page: Page) -> None:
    page.goto(area(world))
    expect(page.locator(".hunkbar")).to_have_count(1)
    page.keyboard.press("j")
    expect(page.locator("[data-now]")).to_be_focused()
    said = focused_name(page)
    assert said.startswith(
        "Change 1 of 1, Contradiction with B, right side as in A, neither in B, "
    )
    assert "base 82 removed: return side * 20" in said
    # Read on from there, the line is no group any more.
    page.keyboard.press("ArrowDown")
    assert focused_name(page).startswith("base 83: ")
    for name in ("role", "aria-label"):
        assert page.locator("[data-now]").get_attribute(name) is None


def test_a_cell_of_the_board_says_file_letter_lines_and_mark(world: World, page: Page) -> None:
    page.goto(f"/tasks/{world.task.pk}")
    expect(page.locator("task-board [data-row] .mk-contradictory").first).to_be_visible()
    said = heard(page, 'task-board [data-row="app/area.py"]')
    assert any(name.startswith("rowheader") and "area.py" in name for name in said)
    cells = [name for name in said if name.startswith("gridcell")]
    assert all("+1" in cell and "contradicts another" in cell for cell in cells[:2])


def test_the_focus_goes_through_the_whole_page_and_is_seen_everywhere(
    world: World, page: Page
) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(area(world))
    expect(page.locator(".hunkbar button").first).to_be_visible()
    unseen = []
    for _ in range(STOPS_MAX):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
              const element = document.activeElement;
              if (element === document.body) return null;
              const { outlineStyle, boxShadow } = getComputedStyle(element);
              const box = element.getBoundingClientRect();
              const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
              const again = element.stopped;
              element.stopped = true;
              return {
                name: element.getAttribute("aria-label") ?? element.textContent.trim(),
                seen: outlineStyle !== "none" || boxShadow !== "none",
                uncovered: Boolean(top) && (element.contains(top) || top.contains(element)),
                again: Boolean(again),
              };
            }"""
        )
        if stop is None:
            break
        assert not stop["again"], f"a trap: {stop}"
        if not (stop["seen"] and stop["uncovered"]):
            unseen.append(stop)
    else:
        pytest.fail("the end of the page is not reached")
    assert unseen == []


def test_the_focus_is_kept_when_a_part_of_the_page_is_swapped(world: World, page: Page) -> None:
    page.goto(f"/tasks/{world.task.pk}")
    link = page.locator("#overview-sheet .decide a").nth(1)  # it has no id
    link.focus()
    link.evaluate("element => { element.dataset.old = ''; }")
    changed(page, world)
    expect(link).not_to_have_attribute("data-old", "")
    expect(link).to_be_focused()


def test_dialogs_give_the_focus_back(world: World, page: Page) -> None:
    page.goto(area(world))
    comments = page.locator("[data-comments]").first
    comments.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#comments-drawer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(comments).to_be_focused()
    menu = page.locator(".top .menu summary")
    menu.focus()
    page.keyboard.press("Enter")
    page.locator(".top .menu-list [data-dialog=keys]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()


def test_the_jump_box_says_which_row_is_chosen(world: World, page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Jump to")
    rows = page.get_by_role("option")
    expect(rows.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", str(rows.nth(1).get_attribute("id")))
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.type("nothing is called that")
    expect(rows).to_have_count(0)
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).not_to_have_attribute("aria-activedescendant", "jump-1")
