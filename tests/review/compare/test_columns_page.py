"""One file of several variants in columns: the page, its addresses, and the keys."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from tests.review.compare.conftest import World

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
    assert "three columns" in html
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
    expect(page.locator(".chead .plain")).to_have_count(0)
    page.keyboard.press("3")
    expect(page.locator(".chead .v")).to_have_count(3)
    page.keyboard.press("l")
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")
    page.keyboard.press("[")
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/area.py")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


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
def test_long_lines_are_wrapped_or_not_as_in_a_comparison(world: World, page: Page) -> None:
    long = "    return side * 20  # " + "very " * 60 + "long"
    world.commit(
        "A",
        lambda files: files.update(
            {"app/area.py": files["app/area.py"].replace("    return side * side * 20", long)}
        ),
    )
    page.goto(world.url("compare/columns?path=app/area.py&of=base,A"))
    line, head = page.locator("#A-82"), page.locator(".chead > .v-a")
    tall = line.evaluate("it => it.clientHeight")
    page.keyboard.press("w")
    expect(page.get_by_role("button", name="Wrap")).to_have_attribute("aria-pressed", "false")
    assert line.evaluate("it => it.clientHeight") < tall
    assert line.evaluate("it => it.scrollWidth <= it.clientWidth"), "it can be scrolled to its end"
    assert line.evaluate("it => it.offsetWidth") == head.evaluate("it => it.offsetWidth")
    page.reload()
    expect(page.locator("diff-columns.nowrap")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
