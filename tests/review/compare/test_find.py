"""Finding a text in all changed files; the tree's folders; the strip of changes."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from review.selectors import find as find_selector
from review.selectors.compare import comparison_get
from review.selectors.compare_address import Address
from review.selectors.find import Found, find_in_files
from tests.review.compare.conftest import BASE, World
from tests.support.live import eventually

AREA = "compare?left=base&right=A&path=app/area.py&view=split"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a search takes says something about the machine only."""
    monkeypatch.setattr(find_selector, "TIME_S", 300.0)


def find(world: World, query: str) -> Found:
    comparison = comparison_get(user=world.user, task_id=world.task.pk, left="base", right="A")
    return find_in_files(comparison, Address(world.task.pk, "base", "A"), query)


def lines(found: Found) -> list[tuple[str, str, int, bool]]:
    return [(file.name, hit.side, hit.n, hit.changed) for file in found.files for hit in file.hits]


def test_folded_lines_are_found_once_and_changed_ones_on_both_sides(world: World) -> None:
    found = find(world, "side * 2")
    assert ("area.py", "R", 10, False) in lines(found), "an equal line, far from the change"
    assert ("area.py", "L", 10, False) not in lines(found)
    assert ("area.py", "L", 82, True) in lines(found), "a line that the right side lost"
    assert ("area.py", "R", 82, True) in lines(found)
    assert (found.rest, found.next) == (0, "")


def test_deleted_and_new_files_count_and_unchanged_ones_do_not(world: World) -> None:
    assert lines(find(world, "bye")) == [("gone.txt", "L", 1, True)]
    assert lines(find(world, "onerror")) == [("new.py", "R", 1, True)]
    assert find(world, "same").files == (), "same.txt did not change"


def test_case_counts_only_if_the_query_has_both(world: World) -> None:
    assert find(world, "AREA_1(").files == ()
    assert len(lines(find(world, "area_1("))) == 1
    world.commit("A", lambda files: files.update({"x.txt": "Größe\nÄrger\n"}))
    assert lines(find(world, "größe")) == [("x.txt", "R", 1, True)]
    assert lines(find(world, "ärger")) == [("x.txt", "R", 2, True)]


@pytest.mark.parametrize(
    ("query", "cut"),
    [
        ("stanbul", ("İİ İ", "stanbul", " İx")),
        ("istanbul", None),
        ("i\u0307stan", ("İİ ", "İstan", "bul İx")),
        ("bul i", ("İİ İstan", "bul İ", "x")),
        ("\u0307x", ("İİ İstanbul ", "İx", "")),
        ("İs", ("İİ ", "İs", "tanbul İx")),
    ],
)
def test_letters_that_are_two_in_lower_case_move_nothing(
    world: World, query: str, cut: tuple[str, str, str] | None
) -> None:
    world.commit("A", lambda files: files.update({"x.txt": "İİ İstanbul İx\n"}))
    found = [(h.before, h.found, h.after) for file in find(world, query).files for h in file.hits]
    assert found == ([cut] if cut else [])


@pytest.mark.browser
def test_what_was_found_is_marked_behind_such_letters(world: World, page: Page) -> None:
    world.commit("A", lambda files: files.update({"x.txt": "İİ İstanbul\n"}))
    page.goto(world.url("compare?left=base&right=A&path=app/new.py"))
    page.keyboard.press("/")
    page.keyboard.insert_text("stanbul")  # at once: nothing is found of the beginning of it
    page.locator("find-box .hits a").first.click()
    marked = "[...(CSS.highlights.get('found') ?? [])].map(String).join()"
    eventually(lambda: page.evaluate(marked) == "stanbul")


def many(world: World) -> None:
    def grow(files: dict[str, str]) -> None:
        for n in range(20):
            files[f"many/{n:02}.txt"] = "needle\n" * 50
        files["large.txt"] = "needle " * 400_000
        files["larger.txt"] = "needle " * 1_200_000

    world.commit("A", grow)


def test_what_was_not_listed_can_be_gone_on_with(world: World, reader: Client) -> None:
    many(world)
    found = find(world, "needle")
    assert [file.more for file in found.files] == [20] * 17
    assert (found.searched, found.rest, found.one) == (20, 9, False)
    html = reader.get(found.next, headers={"HX-Request": "true"}).content.decode()
    names = [file.name for file in found.files] + re.findall(r"</span>([\w-]+\.txt)</h2>", html)
    assert names == [*(f"{n:02}.txt" for n in range(20)), "large.txt"]
    assert "Search the other" not in html
    more = reader.get(found.files[0].next, headers={"HX-Request": "true"}).content.decode()
    assert re.findall(r'num quiet">(\d+)<', more) == [str(n) for n in range(31, 51)]
    assert "more line" not in more


def test_the_search_goes_on_behind_a_file_that_has_gone(world: World, reader: Client) -> None:
    many(world)
    url = find(world, "needle").next
    world.commit("A", lambda files: files.update({"many/17.txt": "needle\n", "x": "needle\n"}))
    html = reader.get(url, headers={"HX-Request": "true"}).content.decode()
    assert re.findall(r"</span>([\w.-]+)</h2>", html) == ["17.txt", "x"]


def test_a_file_too_large_to_compare_is_named(world: World, reader: Client) -> None:
    many(world)
    found = find(world, "no such text")
    assert [left.name for left in found.left_out] == ["larger.txt"]
    url = world.url("compare/find?left=base&right=A&q=no+such+text")
    html = reader.get(url, headers={"HX-Request": "true"}).content.decode()
    assert f'href="{escape(found.left_out[0].href)}"' in html


def test_nothing_is_made_of_lines_that_are_not_listed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    real = find_selector.Hit

    def make(*said: Any) -> Any:
        made.append(said)
        return real(*said)

    monkeypatch.setattr(find_selector, "Hit", make)
    world.commit("A", lambda files: files.update({"x.txt": "many\n" * 5_000, "app/area.py": ""}))
    assert find(world, "many").lines == 5_000
    assert len(made) == 30
    comparison = comparison_get(user=world.user, task_id=world.task.pk, left="base", right="A")
    one = Address(world.task.pk, "base", "A", path="x.txt")
    (file,) = find_in_files(comparison, one, "many", skip=4_990).files
    assert ([hit.n for hit in file.hits], file.more) == ([*range(4_991, 5_001)], 0)
    del made[:]
    found = find(world, "return")
    assert (found.lines, len(made)) == (40, 30), "lines that the right side lost"


def test_in_a_copy_what_its_source_has_is_not_changed(world: World) -> None:
    copy = BASE["app/area.py"].replace("area_3(", "circle_3(")
    world.commit(
        "A", lambda files: files.update({"app/copy.py": copy, "app/area.py": BASE["app/area.py"]})
    )
    assert lines(find(world, "area_4(")) == [("copy.py", "R", 17, False)]
    assert lines(find(world, "le_3(")) == [("copy.py", "R", 13, True)]
    assert lines(find(world, "area_3(")) == [("copy.py", "L", 13, True)]


@pytest.mark.browser
def test_the_box_goes_on_with_the_other_files_by_keys(world: World, page: Page) -> None:
    many(world)
    page.goto(world.url("compare?left=base&right=A&path=app/new.py"))
    page.keyboard.press("/")
    page.keyboard.insert_text("needle")
    more = page.get_by_role("link", name="Search the other 9 files")
    more.focus()
    page.keyboard.press("Enter")
    expect(page.locator("find-box h2", has_text="19.txt")).to_be_visible()
    expect(more).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('section').textContent.includes('17.txt')")
    rest = page.get_by_role("link", name="20 more lines of this file").first
    words = rest.evaluate(
        "e => { const all = new Range(); all.selectNodeContents(e);"
        " return new Set([...all.getClientRects()].map(({ top }) => top)).size; }"
    )
    assert words == 1  # a line of its own, not the column of a number
    rest.click()
    expect(page.locator("find-box a .num", has_text="50")).to_have_count(1)
    expect(page.locator("find-box .hits")).to_be_visible()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("q=x", 400),
        ("q=", 400),
        ("q=" + "x" * 201, 400),
        ("q=zz", 200),
        ("q=zz&skip=-1", 400),
        ("q=zz&skip=5&path=no/such", 200),
        ("q=zz&after=~", 200),
    ],
)
def test_the_door(world: World, reader: Client, query: str, status: int) -> None:
    url = world.url(f"compare/find?left=base&right=A&{query}")
    assert reader.get(url).status_code == status
    stranger = Client(headers={"host": "localhost:8000"})
    assert stranger.get(url).status_code in (302, 401, 403)


def test_what_is_found_is_text(world: World, reader: Client) -> None:
    url = world.url("compare/find?left=base&right=A&q=onerror")
    for headers in ({}, {"HX-Request": "true"}):
        html = reader.get(url, headers=headers).content.decode()
        assert "<img src=x" not in html
        assert "<mark>onerror</mark>" in html
        assert html.startswith("<!doctype html>") != bool(headers)


@pytest.mark.browser
def test_from_the_box_to_a_folded_line_of_another_file(world: World, page: Page) -> None:
    page.goto(world.url("compare?left=base&right=A&path=app/new.py&view=split"))
    page.keyboard.press("/")
    page.keyboard.type("area_3(")
    expect(page.get_by_text("1 line in 1 file")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/area.py")
    expect(page.locator("#R13")).to_have_attribute("aria-current", "true")
    expect(page.locator("#R13")).to_be_in_viewport()
    expect(page.locator(".hits")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"#R13$"))
    eventually(lambda: page.evaluate("CSS.highlights.get('found')?.size") == 1)
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator("find-box input[type=search]")).not_to_be_focused()


@pytest.mark.browser
def test_enter_goes_to_the_first_hit_also_before_the_answer(world: World, page: Page) -> None:
    page.goto(world.url("compare?left=base&right=A&path=app/new.py&view=split"))
    for text, line in (("area_3(", "#R13"), ("area_5(", "#R21")):
        page.keyboard.press("/")
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        expect(page.locator("#file")).to_have_attribute("aria-label", "app/area.py")
        expect(page.locator(line)).to_have_attribute("aria-current", "true")
        expect(page.locator(".hits")).to_be_hidden()
        expect(page.locator("find-box input[type=search]")).not_to_be_focused()


@pytest.mark.browser
def test_folders_collapse_and_the_filter_opens_them(world: World, page: Page) -> None:
    page.goto(world.url(AREA))
    shown = page.locator("file-tree nav a:visible")
    expect(shown).to_have_count(7)
    page.get_by_role("button", name="Collapse all folders").click()
    expect(shown).to_have_count(0)
    page.keyboard.press("t")
    page.keyboard.type("new.py")
    expect(shown).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")
    folder = page.locator("file-tree summary:visible")
    folder.focus()
    page.keyboard.press("Enter")
    expect(shown).to_have_count(0)


@pytest.mark.browser
def test_the_strip_jumps_to_where_it_is_clicked(world: World, page: Page) -> None:
    def grow(files: dict[str, str]) -> None:
        rows = [f"line {n}\n" for n in range(3_000)]
        files["app/new.py"] = "".join(rows)

    world.commit("A", grow)
    page.goto(world.url("compare?left=base&right=A&path=app/new.py&view=split&show=1"))
    strip = page.locator("diff-minimap")
    expect(strip).to_be_visible()
    painted = """canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"""
    eventually(lambda: strip.locator("canvas").evaluate(painted))
    box = strip.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 8, box["y"] + box["height"] * 0.25)
    expect(page.locator("#R750")).to_be_in_viewport()
    eventually(lambda: 20 < strip.locator("i").evaluate("p => parseFloat(p.style.top)") < 30)
    page.set_viewport_size({"width": 390, "height": 800})
    expect(strip).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
