"""One file of several variants in columns: the page, its addresses, and the keys."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from tests.review.compare.conftest import BASE, A, World, move_to_the_end
from tests.support.live import eventually

AREA = "compare/columns?path=app/area.py"


def column(html: str, index: int, of: int) -> list[str]:
    """The text of one column, line by line."""
    cells = re.findall(
        r'<div(?: class="[^"]*")?(?: id="[^"]*")?(?: data-n="\d+")?(?: data-change="")?>(.*?)</div>',
        html,
    )
    plain = [re.sub(r'<b class="who".*?</b>|<[^>]+>', "", cell) for cell in cells]
    return plain[index::of]


def rows(html: str) -> str:
    return html.split('<div class="crows"', 1)[1].split("</diff-columns>")[0].split(">", 1)[1]


def get(reader: Client, url: str, status: int = 200) -> str:
    response = reader.get(url)
    assert response.status_code == status
    return response.content.decode()


def test_base_and_variants_stand_side_by_side(world: World, reader: Client) -> None:
    html = get(reader, world.url(f"{AREA}&of=base,A,B"))
    assert "The same file in 2 of 3 variants" in html
    assert "lines the same in all" in html
    base, a, b = (column(rows(html), n, 3) for n in range(3))
    assert "    return side * 20" in base
    assert "    return side * side * 20" in a
    assert "    return 20 * side" in b
    assert base.index("    return side * 20") == a.index("    return side * side * 20")
    assert 'title="Written by A"' in html


def test_without_being_told_it_shows_those_who_changed_the_file(
    world: World, reader: Client
) -> None:
    html = get(reader, world.url(AREA))
    chosen = re.findall(r'aria-current="true" data-toggle="(\w+)"', html)
    assert chosen == ["base", "A", "B"]
    assert "left this file as it was" in html


def folds(html: str) -> list[str]:
    found = re.findall(r'<div class="fold".*?<span>(.*?)</div>', html)
    return [re.sub(r"<(code|button).*?</\1>|<[^>]+>", " ", fold).strip() for fold in found]


def test_what_is_not_shown_is_never_said_to_be_the_same(world: World, reader: Client) -> None:
    html = get(reader, world.url(f"{AREA}&of=base,C"))
    assert "The same file in 1 of 3 variants" in html
    assert " ".join(folds(html)[0].split()) == (
        "160 lines the same in base and C A and B differ here: show A and B"
    )
    link = re.findall(r'class="apart" href="([^"]*)"', html)[0]
    assert link.endswith("of=base%2CA%2CB%2CC#A-82")
    assert "0 columns" not in html
    every = get(reader, world.url(f"{AREA}&of=base,A,B,C"))
    assert "The same file in all three variants" in every
    assert 'id="every"' not in every
    assert [fold.split("  ")[0] for fold in folds(every)] == [
        "78 lines the same in all",
        "75 lines the same in all",
    ]
    # One that has no such file has not the same lines either.
    world.commit("B", lambda files: files.__delitem__("app/area.py"))
    html = get(reader, world.url(f"{AREA}&of=base,A"))
    assert "B deleted it." in html
    assert all("the same in base and A" in fold for fold in folds(html))


def test_letters_in_the_gutter_say_all_only_of_all(world: World, reader: Client) -> None:
    world.commit("B", lambda files: files.update({"app/area.py": A["app/area.py"]}))
    html = get(reader, world.url(f"{AREA}&of=base,A,B"))  # C has it as it was
    assert 'title="Written by A, B"' in html
    assert "Written by all" not in html


def test_what_stays_of_a_fold_says_again_who_differs(world: World, reader: Client) -> None:
    url = world.url("compare/columns/rows?path=app/area.py&of=base,C")
    html = get(reader, f"{url}&start=100&end=120&above=0")
    assert "100 lines the same in base and C" in html
    assert "A and B differ here" in html
    html = get(reader, f"{url}&start=20&end=40&above=0")
    assert "20 lines the same in all" in html
    get(reader, f"{url}&start=20&end=40&above=x", 400)


@pytest.mark.browser
def test_a_fold_leads_to_what_a_hidden_variant_has_there(world: World, page: Page) -> None:
    page.goto(world.url(f"{AREA}&of=base,C"))
    page.get_by_role("button", name="Show 20 more lines").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#C-141")).to_have_count(1)
    expect(page.locator(".fold span")).to_have_text("140 lines the same in base and C")
    expect(page.locator("[data-expand=up]")).to_be_focused()
    page.get_by_role("link", name="A and B differ here").press("Enter")
    page.wait_for_url("**#A-82")
    expect(page.locator("#A-82")).to_be_focused()
    expect(page.locator("h1")).to_have_text("The same file in all three variants")


@pytest.mark.browser
@pytest.mark.parametrize("wide", [1280, 390])
def test_what_a_hidden_variant_has_beside_a_line_in_view_is_told(
    world: World, page: Page, wide: int
) -> None:
    page.set_viewport_size({"width": wide, "height": 800})
    page.goto(world.url(f"{AREA}&of=base,A"))
    told = page.locator(".beside")
    expect(told).to_have_text(["B differs here: show B"])
    page.keyboard.press("j")
    expect(page.locator("#base-82")).to_be_focused()
    for key, line in (("ArrowUp", "base-81"), ("ArrowDown", "base-82"), ("ArrowRight", "A-82")):
        page.keyboard.press(key)
        expect(page.locator(f"#{line}")).to_be_focused()
    assert told.evaluate("part => part.nextElementSibling.id") == "base-82"
    told.get_by_role("link").press("Enter")
    page.wait_for_url("**#B-82")
    expect(page.locator("#B-82")).to_be_focused()
    expect(told).to_have_count(0)


@pytest.mark.browser
def test_one_key_shows_all_and_the_words_of_a_fold_stay_in_sight(world: World, page: Page) -> None:
    page.set_viewport_size({"width": 700, "height": 800})
    page.goto(world.url(f"{AREA}&of=base,A"))
    page.keyboard.press("0")
    page.wait_for_url("**of=base%2CA%2CB%2CC")
    expect(page.locator(".chead .L")).to_have_text(["A", "B", "C"])
    view = page.locator("diff-columns")
    view.evaluate("view => view.scrollBy(1000, 0)")
    eventually(lambda: view.evaluate("view => view.scrollLeft > 100"))
    inside = """words => {
        const [box, frame] = [words, words.closest("diff-columns")].map((one) => one.getBoundingClientRect());
        return box.left >= frame.left && box.right <= frame.right;
    }"""
    assert page.locator(".fold span").first.evaluate(inside)


def test_a_new_file_is_aligned_among_the_variants(world: World, reader: Client) -> None:
    world.commit("B", lambda files: files.update({"app/new.py": "import os\nprint(1)\n"}))
    world.commit("A", lambda files: files.update({"app/new.py": "print(1)\nprint(2)\n"}))
    html = get(reader, world.url("compare/columns?path=app/new.py&of=base,A,B,C"))
    assert "aligned with each other" in html
    assert "C does not have this file." in html
    assert column(rows(html), 0, 2) == ["", "print(1)", "print(2)"]
    assert column(rows(html), 1, 2) == ["import os", "print(1)", ""]


def test_renamed_and_deleted_files_say_so(world: World, reader: Client) -> None:
    def delete(files: dict[str, str]) -> None:
        del files["new name.txt"]

    world.commit("B", delete)
    html = get(reader, world.url("compare/columns?path=new%20name.txt&of=base,A,B"))
    assert "A renamed it to new name.txt." in html
    assert "B deleted it." in html


def test_what_a_fold_hides_can_be_asked_for(world: World, reader: Client) -> None:
    url = world.url("compare/columns/rows?path=app/area.py&of=base,A,B")
    html = get(reader, f"{url}&start=0&end=4")
    assert re.findall(r'data-n="(\d+)"', html) == [str(n) for n in range(1, 5) for _ in range(3)]
    for bad in ("start=x&end=2", "start=-1&end=2", "start=1"):
        get(reader, f"{url}&{bad}", 400)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("path=no/such&of=A", 404),
        ("path=../../etc/passwd&of=A", 404),
        ("path=%00&of=A", 404),
        ("path=app/area.py&of=,", 400),
        ("path=app/area.py&of=A,Z", 404),
        ("path=app/area.py&of=-x", 400),
        ("path=app/area.py&of=" + ",".join(f"A@snapshot{n}" for n in range(40)), 400),
    ],
)
def test_bad_addresses_are_refused(world: World, reader: Client, query: str, status: int) -> None:
    get(reader, world.url(f"compare/columns?{query}"), status)
    get(reader, world.url(f"compare/columns/rows?{query}&start=0&end=1"), status)


def test_text_of_files_is_never_markup_and_strangers_see_nothing(
    world: World, reader: Client
) -> None:
    html = get(reader, world.url("compare/columns?path=app/new.py"))
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html
    stranger = Client(headers={"host": "localhost:8000"})
    for rest in (AREA, "compare/columns/rows?path=app/area.py&of=A&start=0&end=1"):
        assert stranger.get(world.url(rest)).status_code in (302, 401, 403)


@pytest.mark.browser
def test_by_keyboard_alone(world: World, page: Page) -> None:
    page.goto(world.url("compare?left=base&right=A&path=app/area.py&view=split"))
    page.get_by_role("link", name="Columns").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare/columns**")
    page.keyboard.press("j")
    now = page.locator("[data-now]")
    expect(now).to_be_in_viewport()
    expect(now).to_have_attribute("data-n", "82")
    page.keyboard.press("x")
    expect(page.locator(".fold")).to_have_count(0)
    assert page.locator(".crows > :nth-child(3n+1)").count() == 160
    page.keyboard.press("b")
    page.wait_for_url("**of=A%2CB**")
    expect(page.locator(".chead .plain")).to_have_count(0)
    page.keyboard.press("3")
    page.wait_for_url("**of=A%2CB%2CC**")
    expect(page.locator(".chead .v")).to_have_count(3)
    page.keyboard.press("l")
    page.wait_for_url("**path=app%2Fnew.py**")
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")
    page.keyboard.press("[")
    page.wait_for_url("**path=app%2Farea.py**")
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/area.py")
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function("innerWidth === 390 && document.documentElement.scrollWidth <= 390")


@pytest.mark.browser
def test_an_address_leads_to_a_line_of_a_column(world: World, page: Page) -> None:
    url = world.url("compare/columns?path=app/area.py&of=base,A")
    page.goto(f"{url}#A-150")
    line = page.locator("#A-150")
    expect(line).to_be_in_viewport()
    expect(line).to_have_attribute("aria-current", "true")
    expect(page.locator("#base-5")).to_have_count(0)
    page.evaluate("location.hash = '#base-5'")
    expect(page.locator("#base-5")).to_be_in_viewport()
    expect(page.locator("diff-columns [aria-current]")).to_have_count(1)
    page.locator("#A-82").click(position={"x": 60, "y": 8})
    expect(page).to_have_url(re.compile(r"#A-82$"))
    page.evaluate("location.hash = '#A-99999'")  # none: nothing is lost
    expect(page.locator("#A-82")).to_have_attribute("aria-current", "true")


@pytest.mark.browser
def test_a_range_of_one_column_is_chosen_and_opens_again_by_its_address(
    world: World, page: Page
) -> None:
    url = world.url("compare/columns?path=app/area.py&of=base,A,B")

    def number_click(name: str, *, shift: bool = False) -> None:
        page.locator(f"#{name}").click(
            position={"x": 60, "y": 8}, modifiers=["Shift"] if shift else []
        )

    page.goto(url)
    number_click("A-80")
    expect(page).to_have_url(re.compile(r"#A-80$"))
    number_click("A-84", shift=True)
    expect(page).to_have_url(re.compile(r"#A-80-84$"))
    assert chosen(page) == [f"A-{n}" for n in range(80, 85)]
    number_click("A-79", shift=True)  # the other way round, from where it began
    expect(page).to_have_url(re.compile(r"#A-79-80$"))
    assert not page.evaluate("String(getSelection())"), "the text between is not selected"
    number_click("B-82", shift=True)  # another column: a range of its own
    expect(page).to_have_url(re.compile(r"#B-82$"))
    page.goto("about:blank")
    page.goto(f"{url}#B-3-5")  # inside a fold
    expect(page.locator("#B-4")).to_be_in_viewport()
    assert chosen(page) == ["B-3", "B-4", "B-5"]
    page.evaluate("location.hash = '#%E0%A4%A'")  # none of lines: nothing happens
    assert chosen(page) == ["B-3", "B-4", "B-5"]


@pytest.mark.browser
def test_lines_and_columns_are_gone_through_by_keyboard(world: World, page: Page) -> None:
    page.goto(world.url("compare/columns?path=app/area.py&of=base,A,B"))
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(r"#base-82$"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"#B-82$"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Shift+ArrowUp")
    expect(page).to_have_url(re.compile(r"#B-81-83$"))
    assert chosen(page) == ["B-81", "B-82", "B-83"]
    expect(page.locator("#B-81")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#A-81")).to_be_focused()


def chosen(page: Page) -> list[str]:
    found: list[str] = page.locator(".crows > [aria-current]").evaluate_all(
        "cells => cells.map((cell) => cell.id)"
    )
    return found


def spaces(world: World) -> None:
    world.commit(
        "A",
        lambda files: files.update(
            {"app/area.py": BASE["app/area.py"].replace("side * 20", "side  *  20  ")}
        ),
    )


def test_white_space_is_counted_or_not(world: World, reader: Client) -> None:
    spaces(world)
    url = world.url("compare/columns?path=app/area.py&of=base,A,B")
    html = get(reader, url)
    assert 'data-space="none" aria-current="true"' in html
    assert html.count("data-change") == 1
    assert 'title="Written by A"' in html
    for mode in ("change", "all"):
        html = get(reader, f"{url}&w={mode}")
        assert f'data-space="{mode}" aria-current="true"' in html
        assert "A changed only white space." in html
        assert 'title="Written by A"' not in html
        assert 'title="Written by B"' in html
        # Each column still has the characters of its own file.
        base, a, _ = (column(rows(html), n, 3) for n in range(3))
        at = base.index("    return side * 20")
        assert a[at] == "    return side  *  20  "
        # No link of the page forgets it.
        for link in ("data-toggle", 'id="two"', 'id="file-next"'):
            before = html[: html.index(link)]
            tag = before[before.rindex("<a ") :] + html[len(before) :].split(">")[0]
            assert f"w={mode}" in tag, link
        assert f"w={mode}" in re.findall(r'data-rows="([^"]*)"', html)[0]
    assert "A changed only white space." not in get(reader, f"{url}&w=eol")
    only_a = get(reader, world.url("compare/columns?path=app/area.py&of=base,A&w=all"))
    assert "data-change" not in only_a
    get(reader, f"{url}&w=some", 400)
    assert "&amp;w=all" in get(
        reader, world.url("compare?left=base&right=B&path=app/area.py&w=all")
    )


@pytest.mark.browser
def test_white_space_by_key_and_what_folds_hide_under_it(world: World, page: Page) -> None:
    spaces(world)
    page.goto(world.url("compare/columns?path=app/area.py&of=base,A"))
    page.keyboard.press("i")
    page.wait_for_url("**w=all**")
    expect(page.locator(".space-menu summary")).to_contain_text("White space ignored")
    expect(page.locator("[data-change]")).to_have_count(0)
    page.keyboard.press("x")
    expect(page.locator(".fold")).to_have_count(0)
    assert page.locator("#A-82").text_content() == "    return side  *  20  "
    page.keyboard.press("i")
    page.wait_for_url(lambda url: "w=" not in url)
    expect(page.locator("[data-change]")).to_have_count(1)


@pytest.mark.browser
def test_with_white_space_ignored_one_is_still_at_the_same_line(world: World, page: Page) -> None:
    page.goto(world.url(f"{AREA}&of=base,A,B"))
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#A-82")).to_be_focused()
    for address in (re.compile("w=all"), re.compile("^(?!.*w=all)")):
        page.keyboard.press("i")
        page.wait_for_url(address)
        assert page.url.endswith("#A-82")
        expect(page.locator("#A-82")).to_be_focused()


@pytest.mark.browser
@pytest.mark.parametrize("length", [300, 90_000])
def test_long_lines_are_wrapped_or_moved_sideways_to_their_end(
    world: World, page: Page, length: int
) -> None:
    long = "    return side * 20  # " + "y" * length + " end"
    world.commit(
        "A",
        lambda files: files.update(
            {"app/area.py": files["app/area.py"].replace("    return side * side * 20", long)}
        ),
    )
    page.goto(world.url("compare/columns?path=app/area.py&of=base,A,B"))
    line = page.locator("#A-82")
    high = "cell => cell.getBoundingClientRect().height"
    assert line.evaluate(high) > 40
    page.keyboard.press("w")
    expect(page.get_by_role("button", name="Wrap")).to_have_attribute("aria-pressed", "false")
    assert line.evaluate(high) < 25
    expect(page.locator("#B-82")).to_be_in_viewport()  # a long line pushes nobody away
    move_to_the_end(page, line)
    page.reload()
    expect(page.locator("diff-columns.nowrap")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- Where one is ----------------------------------------------------------------------------------


@pytest.fixture
def more(world: World) -> World:
    """A has a second change, and a file without lines after that one."""
    world.commit(
        "A",
        lambda files: files.update(
            {
                "app/area.py": files["app/area.py"].replace("side * 35", "35 * side"),
                "app/b.bin": "\0",
            }
        ),
    )
    return world


def now(page: Page, line: str) -> None:
    expect(page.locator(f"#{line}")).to_be_focused()
    expect(page.locator("[data-now]")).to_have_id(f"base-{line.rpartition('-')[2]}")


@pytest.mark.browser
def test_another_file_has_the_focus_also_without_lines(more: World, page: Page) -> None:
    page.goto(more.url(f"{AREA}&of=base,A"))
    page.keyboard.press("l")
    page.wait_for_url("**b.bin**")
    expect(page.locator("#file")).to_be_focused()
    page.keyboard.press("h")
    page.wait_for_url("**area.py**")
    expect(page.locator("diff-columns")).to_be_focused()
    page.keyboard.press("j")
    now(page, "base-82")


@pytest.mark.browser
def test_changes_are_counted_from_the_line_one_is_at(more: World, page: Page) -> None:
    page.goto(more.url(f"{AREA}&of=base,A&context=all#A-100"))
    expect(page.locator("#A-100")).to_be_focused()
    said = page.get_by_role("status")
    for key, line in (("k", "base-82"), ("j", "base-142"), ("j", "base-142")):
        page.keyboard.press(key)
        now(page, line)
    expect(said.filter(has_text="last change of the file")).to_have_count(1)
    page.locator("#A-82").click(position={"x": 60, "y": 8})
    now(page, "A-82")
    page.keyboard.press("k")
    now(page, "base-82")
    expect(said.filter(has_text="first change of the file")).to_have_count(1)


@pytest.mark.browser
def test_who_has_commented_goes_on_from_there(more: World, page: Page) -> None:
    page.goto(more.url(f"{AREA}&of=base,A"))
    page.locator("#file [data-comment-file]:not([hidden])").first.wait_for()
    page.keyboard.press("c")  # on the change that comes next
    page.keyboard.type("One")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".thread-msgs")).to_have_count(1)
    expect(page.locator("#A-82")).to_be_focused()
    page.keyboard.press("j")
    now(page, "base-142")
    page.keyboard.press("ArrowRight")
    now(page, "A-142")
    for keys in (["Escape"], ["x", "Control+Enter"]):
        page.keyboard.press("d")
        expect(page.locator(".newform-where")).to_have_text("On the whole file in A")
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator(".newform")).to_have_count(0)
        expect(page.locator("#A-142")).to_be_focused()
        expect(page.locator("#A-142")).to_be_in_viewport()
    expect(page.locator(".thread-msgs")).to_have_count(2)
    expect(page.locator("#A-142")).to_be_focused()
    page.keyboard.press("k")
    now(page, "base-82")


@pytest.mark.browser
def test_who_pressed_the_button_of_the_file_is_at_it_again(world: World, page: Page) -> None:
    page.goto(world.url("compare?left=base&right=A&path=app/area.py"))
    button = page.locator("#file [data-comment-file]:not([hidden])").first
    button.click()
    expect(page.locator(".newform textarea").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
