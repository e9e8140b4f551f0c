"""The board and the list of places in a real browser: keys, filter, two cells, and updates that move nothing."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from orchestrator.models import Run
from orchestrator.states import RunState
from tests.review.compare.conftest import World, changed
from tests.support.live import eventually

pytestmark = pytest.mark.browser


@pytest.fixture
def board(world: World, page: Page) -> Page:
    """The Overview, once the marks are there."""
    page.goto(f"/tasks/{world.task.pk}")
    expect(page.locator(".board .mk-contradictory").first).to_be_visible()  # not the legend's
    return page


def cell(page: Page, path: str, letter: str) -> str:
    return f'task-board [data-row="{path}"] [data-l="{letter}"]'


def focused(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "[document.activeElement.closest('[data-row]')?.dataset.row ?? '',"
        " document.activeElement.dataset.l ?? '']"
    )
    return found


def test_numbers_come_first_and_marks_fill_in(world: World, page: Page) -> None:
    for variant in world.task.variants.filter(letter__in="AB"):
        Run.objects.create(variant=variant, number=1, prompt="x", state=RunState.SUCCEEDED)
    world.task.variants.update(files_changed=1)
    page.goto(f"/tasks/{world.task.pk}")
    expect(page.locator(cell(page, "app/area.py", "A"))).to_contain_text("+1")
    expect(page.locator(cell(page, "app/area.py", "A") + " .mk-contradictory")).to_be_visible()
    expect(page.locator("#board-progress")).to_have_text("")
    expect(page.locator("#next-places")).to_contain_text("1 place contradicts")


def test_an_address_with_a_place_leads_there_although_the_board_comes_later(
    world: World, page: Page
) -> None:
    def late(route: Route) -> None:
        page.wait_for_load_state("load")
        route.continue_()

    page.set_viewport_size({"width": 1280, "height": 300})
    page.route("**/board", late)
    page.goto(f"/tasks/{world.task.pk}#charts")
    expect(page.locator("task-board .mk-contradictory").first).to_be_attached()
    expect(page.locator("#charts-title")).to_be_in_viewport()
    expect(page.locator("task-board .board")).not_to_be_in_viewport()


def test_the_board_by_keys(board: Page, world: World) -> None:
    page = board
    page.keyboard.press("j")
    expect(page.locator('task-board [data-row="app/area.py"] .path')).to_be_focused()
    page.keyboard.press("l")
    assert focused(page) == ["app/area.py", "A"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert focused(page)[1] == "B"
    page.keyboard.press("k")
    page.keyboard.press("h")
    assert focused(page) == ["app/area.py", "A"]
    page.keyboard.press("Enter")
    page.wait_for_url("**left=base&right=A&path=app/area.py")


def test_two_cells_of_a_row_open_what_differs_between_them(board: Page, world: World) -> None:
    page = board
    page.locator(cell(page, "app/area.py", "B")).focus()
    page.keyboard.press("x")
    expect(page.locator(cell(page, "app/area.py", "B"))).to_have_attribute("aria-selected", "true")
    expect(page.locator(".pickbar")).to_contain_text("area.py with")
    page.keyboard.press("Escape")
    expect(page.locator(".pickbar")).to_have_count(0)
    page.keyboard.press("x")
    page.keyboard.press("h")
    page.keyboard.press(" ")
    page.wait_for_url("**/compare?left=B&right=A&path=app%2Farea.py")
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/area.py")


def test_two_cells_by_mouse(board: Page, world: World) -> None:
    page = board
    page.get_by_role("button", name="Compare two cells").click()
    page.locator(cell(page, "app/area.py", "A")).click()
    page.locator(cell(page, "app/new.py", "B")).click()
    expect(page.locator("[aria-selected]")).to_have_count(1)
    page.get_by_role("link", name="Compare B and C").click()
    page.wait_for_url("**/compare?left=B&right=C&path=app%2Fnew.py")


def test_the_filter_is_typed_and_everything_else_stays(board: Page, world: World) -> None:
    page = board
    page.keyboard.press("/")
    page.keyboard.type("area")
    expect(page.locator("task-board .file")).to_have_count(1)
    expect(page.locator("#board-filter")).to_be_focused()
    page.keyboard.type("x")
    expect(page.locator("task-board .file")).to_have_count(0)
    assert page.locator("#board-filter").input_value() == "areax"
    expect(page.locator("task-board")).to_contain_text("No file matches")
    page.get_by_role("link", name="Show all files").click()
    expect(page.locator("task-board .file")).not_to_have_count(0)
    page.locator("#show-contradictory").click()
    expect(page.locator("task-board .file")).to_have_count(1)
    page.locator(cell(page, "app/area.py", "A")).click()
    page.wait_for_url("**/compare**")
    page.go_back()
    expect(page.locator("#show-contradictory")).to_have_attribute("aria-current", "true")
    expect(page.locator("task-board .file")).to_have_count(1)


def test_an_update_moves_nothing_and_marks_what_changed(board: Page, world: World) -> None:
    page = board
    folder = page.locator('task-board .path[title="app/"]')
    key = folder.get_attribute("id")
    many = {f"many/{n:02}.txt": f"{n}\n" for n in range(60)}
    world.commit("A", lambda files: files.update(many))
    changed(page, world)
    row = page.locator('task-board [data-row="many/40.txt"]')
    expect(row.locator(".mk-unique")).to_have_count(1)
    row.locator('[data-l="A"]').focus()
    row.scroll_into_view_if_needed()
    before = row.bounding_box()
    assert before
    more = {f"early/{n:02}.txt": f"{n}\n" for n in range(30)} | {"many/40.txt": "40\n41\n"}
    world.commit("A", lambda files: files.update(many | more))
    page.evaluate("window.emptied = false; new MutationObserver(() => {"
                  " window.emptied ||= !document.querySelector('task-board .file') })"
                  ".observe(document.querySelector('task-board'), {childList: true, subtree: true})")  # fmt: skip
    changed(page, world)
    expect(row.locator('[data-l="A"]')).to_contain_text("+2")
    expect(row.locator('[data-l="A"]')).to_have_class("v-a cell fresh")
    expect(page.locator('task-board [data-row="early/00.txt"]')).to_have_count(1)
    expect(page.locator("#board-progress")).to_have_text("")
    assert focused(page) == ["many/40.txt", "A"]
    after = row.bounding_box()
    assert after
    assert abs(after["y"] - before["y"]) <= 2
    assert page.evaluate("window.emptied") is False, "never a flash of nothing"
    assert page.locator(f"#{key}").get_attribute("aria-expanded") == "true"


@pytest.mark.parametrize("at", ["board", "consensus"])
def test_agents_that_never_pause_do_not_put_off_what_they_changed(
    page: Page, world: World, at: str
) -> None:
    page.goto(world.url(at))
    expect(page.locator(".mk-contradictory, .k-contradictory .place").first).to_be_visible()
    page.evaluate(
        "name => setInterval(() => document.dispatchEvent(new CustomEvent(name)), 100)",
        f"live:task:{world.task.pk}",
    )
    world.commit("A", lambda files: files.update({"more.py": "x\n"}))
    expect(page.locator('[data-row="more.py"], [data-path="more.py"]')).to_have_count(1)


def test_a_closed_folder_stays_closed(board: Page, world: World) -> None:
    page = board
    page.locator('task-board .path[title="app/"]').click()
    expect(page.locator('task-board [data-row="app/area.py"]')).to_have_count(0)
    expect(page.locator('task-board .path[title="app/"]')).to_be_focused()
    world.commit("A", lambda files: files.update({"app/more.py": "x\n"}))
    changed(page, world)
    expect(page.locator('task-board .path[title="app/"] .num')).to_have_text("3")
    expect(page.locator('task-board .path[title="app/"]')).to_have_attribute(
        "aria-expanded", "false"
    )
    page.keyboard.press("Enter")
    expect(page.locator('task-board [data-row="app/more.py"]')).to_have_count(1)


def test_the_overview_refreshes_around_the_board(board: Page, world: World) -> None:
    page = board
    page.evaluate("document.querySelector('task-board').kept = true")
    page.locator(cell(page, "app/area.py", "A")).focus()
    with page.expect_response(f"**/tasks/{world.task.pk}"):
        changed(page, world)
    expect(page.locator("#overview-sheet .sheet")).to_be_visible()
    assert page.evaluate("document.querySelector('task-board').kept")
    assert focused(page) == ["app/area.py", "A"]


def test_places_by_keys(world: World, page: Page) -> None:
    page.goto(world.url("consensus"))
    page.wait_for_selector(".place")
    page.keyboard.press("j")
    expect(page.locator(".place").first).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(".place").nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare?left=A&right=B&path=app%2Farea.py#R82")
    expect(page.locator("#R82")).to_be_in_viewport()


def test_heads_of_columns_stay_in_sight_also_where_the_board_scrolls_sideways(
    world: World, page: Page
) -> None:
    many = {f"many/{n:02}.txt": f"{n}\n" for n in range(60)}
    world.commit("A", lambda files: files.update(many))
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 700})
        page.goto(world.url("board"))
        page.locator('[data-row="many/50.txt"]').scroll_into_view_if_needed()
        page.mouse.wheel(0, 300)
        head = page.locator(".colheads [role=columnheader]").first
        expect(head).to_be_in_viewport()
        at = "e => e.getBoundingClientRect().top"
        eventually(lambda: 40 <= head.evaluate(at) <= 60)  # noqa: B023


def test_an_opened_table_of_a_chart_stays_open(world: World, page: Page) -> None:
    run = Run.objects.create(
        variant=world.task.variants.get(letter="A"), number=1, prompt="x", state=RunState.RUNNING
    )
    Run.objects.filter(pk=run.pk).update(prepared_at=run.queued_at, started_at=run.queued_at)
    page.goto(world.url("charts"))
    page.locator("#table-time summary").click()
    with page.expect_response("**/charts"):
        changed(page, world)
    expect(page.locator("#chart-time .lane")).not_to_have_count(0)
    expect(page.locator("#table-time table")).to_be_visible()


def shown_letters(page: Page) -> list[str]:
    """Of the tabs, the sheet, the agreement and the files, from left to right."""
    found: list[str] = page.evaluate(
        """() => {
          const letter = (e) => /v-(.)/.exec(e.className)[1].toUpperCase();
          const of = (css, say = letter) => [...document.querySelectorAll(css)].map(say).join("");
          return [
            of(".tabs .tab.v .L", (e) => e.textContent.trim()),
            of("#overview-sheet .decide .cell"),
            of(".crit .cell"),
            of(".board .colheads .ch", (e) => e.textContent),
            of(".board .rails .v"),
            of('.board [data-row="app/area.py"] [data-l]', (e) => e.dataset.l),
          ];
        }"""
    )
    return found


def test_the_head_of_a_criterion_orders_the_columns_by_keys(board: Page, world: World) -> None:
    page = board
    for letter, files in (("A", 3), ("B", 2)):
        world.task.variants.filter(letter=letter).update(files_changed=files)
    page.locator("#by-files").focus()
    for letters, query, sort in (
        ("BAC", "?columns=files", "ascending"),
        ("ABC", "?columns=-files", "descending"),
    ):
        page.keyboard.press("Enter")
        expect(page.locator("#columns-say")).to_contain_text(", ".join(letters))
        expect(page.locator(".board .colheads .ch").first).to_have_text(letters[0])
        assert shown_letters(page) == [letters] * 6
        assert page.url.endswith(query)
        expect(page.locator("[aria-sort]").and_(page.get_by_role("rowheader"))).to_have_attribute(
            "aria-sort", sort
        )
        expect(page.locator("#by-files")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#columns-say")).to_have_text("Variants by letter")
    assert page.url.endswith(f"/tasks/{world.task.pk}")
    page.goto(f"/tasks/{world.task.pk}?columns=files")
    expect(page.locator(cell(page, "app/area.py", "A"))).to_be_visible()
    assert shown_letters(page) == ["BAC"] * 6


def test_columns_stay_while_agents_work(board: Page, world: World) -> None:
    page = board
    world.task.variants.filter(letter="A").update(files_changed=3)
    world.task.variants.filter(letter="B").update(files_changed=2)
    page.locator("#by-files").click()
    expect(page.locator(".board .colheads .ch").first).to_have_text("B")
    world.task.variants.filter(letter="B").update(files_changed=9)
    world.commit("B", lambda files: files.update({"app/late.py": "late\n"}))
    changed(page, world)
    expect(page.locator(cell(page, "app/late.py", "B"))).to_be_visible()
    expect(page.locator("#by-anew")).to_be_visible()
    assert shown_letters(page) == ["BAC"] * 6
    page.locator("#by-anew").click()
    expect(page.locator(".board .colheads .ch").first).to_have_text("A")
    expect(page.locator("#by-anew")).to_have_count(0)
    assert shown_letters(page) == ["ABC"] * 6


def test_what_a_screen_reader_finds_in_a_cell(board: Page, world: World) -> None:
    page = board
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    nodes = {node["nodeId"]: node for node in tree}

    def said(node: dict[str, Any]) -> tuple[str, str]:
        return node["role"]["value"], node.get("name", {}).get("value", "")

    def inside(node: dict[str, Any]) -> list[tuple[str, str]]:
        children = [nodes[child] for child in node["childIds"]]
        return [
            s
            for child in children
            for s in ([said(child)] if not child["ignored"] else inside(child))
        ]

    (grid,) = [node for node in tree if said(node) == ("grid", "Files by variant")]
    lines = [nodes[child] for child in grid["childIds"] if nodes[child]["role"]["value"] == "row"]
    heads = [name for role, name in inside(lines[0]) if role == "columnheader"]
    assert [head[:2] for head in heads[1:-1]] == ["A,", "B,", "C,"]
    (area,) = [line for line in lines if ("rowheader", "app/area.py") in inside(line)]
    cells = [name for role, name in inside(area) if role == "gridcell"]
    assert cells[0] == "+1 −1 contradicts another"
    assert cells[2] == "not touched"
    (folder,) = [
        name
        for line in lines
        for role, name in inside(line)
        if role == "rowheader" and name.startswith("app/,")
    ]
    assert folder == "app/, 2 files"


@pytest.mark.parametrize("at", ["", "/board"])
def test_who_comes_back_is_at_the_cell_that_was_left(world: World, page: Page, at: str) -> None:
    page.goto(f"/tasks/{world.task.pk}{at}")
    expect(page.locator(".board .mk-contradictory").first).to_be_visible()
    page.locator(cell(page, "app/area.py", "B")).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare?**")
    page.wait_for_selector("#file")
    page.go_back()
    expect(page.locator(cell(page, "app/area.py", "B"))).to_be_focused()
    page.keyboard.press("h")
    expect(page.locator(cell(page, "app/area.py", "A"))).to_be_focused()
