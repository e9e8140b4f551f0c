"""Columns while agents work: they follow, and what the reader looks at stays where it is."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from tests.review.compare.conftest import World, changed, settled

AREA = "app/area.py"
URL = f"compare/columns?path={AREA}"


def above(files: dict[str, str]) -> None:
    files[AREA] = "# one\n# two\n# three\n" + files[AREA]
    files["README.md"] = "# Changed\n"


def test_nothing_is_sent_while_nothing_has_changed(world: World, reader: Client) -> None:
    html = reader.get(world.url(URL)).content.decode()
    seen = re.findall(r'data-version="([^"]*)"', html)[0]
    assert reader.get(world.url(URL), {"path": AREA, "seen": seen}).status_code == 204
    world.commit("B", above)
    answer = reader.get(world.url(URL), {"path": AREA, "seen": seen, "kept": "base,A"})
    assert answer.status_code == 200
    said = answer.content.decode()
    assert 'data-columns="base,A"' in said
    assert "README.md&quot;, &quot;app/area.py&quot;" in said
    for bad in ("A--output=x", "Af" * 60, ",,,"):
        assert reader.get(world.url(URL), {"path": AREA, "seen": bad}).status_code == 200
    strange = {"path": AREA, "kept": ",".join(f"A@snapshot{n}" for n in range(40))}
    assert reader.get(world.url(URL), strange).status_code == 400
    outside = Client(headers={"host": "localhost:8000"})
    assert outside.get(world.url(URL), {"path": AREA, "seen": seen}).status_code in (302, 401, 403)


@pytest.mark.browser
def test_columns_follow_without_moving_what_is_read(world: World, page: Page) -> None:
    page.goto(world.url(f"{URL}&context=all"))
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    line = page.locator("#B-83")
    expect(line).to_be_focused()
    page.keyboard.press("ArrowUp")
    settled(page)
    before = page.locator("#B-82").bounding_box()
    assert before
    world.commit("B", above)
    changed(page, world)
    moved = page.locator("#B-85")
    expect(moved).to_have_text(re.compile("20 \\* side"))
    expect(moved).to_be_focused()
    expect(moved).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile(r"#B-85$"))
    page.wait_for_function(
        "(y) => Math.abs(document.getElementById('B-85').getBoundingClientRect().top - y) < 3",
        arg=before["y"],
    )
    titles = page.locator("file-tree a.fresh").evaluate_all("all => all.map((a) => a.title)")
    assert set(titles) == {AREA, "README.md"}
    expect(page.locator(".chead .v").nth(1)).to_contain_text("+4")
    # What a fold hides is still asked for, and comments are still offered.
    page.get_by_role("button", name="Comment on this file in B").click()
    expect(page.locator(".newform [name=body]")).to_be_focused()


@pytest.mark.browser
def test_what_is_being_written_is_not_taken_away(world: World, page: Page) -> None:
    page.goto(world.url(URL))
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.type("Half a thou")
    world.commit("B", above)
    changed(page, world)
    expect(page.locator("#file .moved")).to_have_text(re.compile("This file has changed"))
    page.keyboard.type("ght")
    expect(page.locator(".newform [name=body]")).to_have_value("Half a thought")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".thread-msgs")).to_contain_text("Half a thought")
    expect(page.locator("#B-85")).to_have_text(re.compile("20 \\* side"))
    expect(page.locator("#file .moved")).to_have_count(0)
