"""The compare page while agents work: it follows, and what the reader looks at stays where it is."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from tests.review.compare.conftest import World, changed, settled
from tests.support.routes import next_held, route_first

AREA = "app/area.py"


def test_what_changed_since_the_page_was_made(world: World, reader: Client) -> None:
    def now(right: str) -> dict[str, object]:
        query = {"left": "base", "right": "A", "seen_left": world.base, "seen_right": right}
        found: dict[str, object] = json.loads(reader.get(world.url("compare/now"), query).content)
        return found

    old = world.heads["A"]
    assert now(old) == {"left": world.base, "right": old, "paths": []}
    head = world.commit("A", lambda files: files.update({"README.md": "# New\n"}))
    assert now(old) == {"left": world.base, "right": head, "paths": ["README.md"]}
    # A commit that was never there, and what is none: the page has nothing to compare with.
    assert now("f" * 40)["paths"] == now("--output=x")["paths"] == []


@pytest.mark.browser
def test_the_page_follows_without_moving_what_is_read(world: World, page: Page) -> None:
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split&context=all"))
    expect(page.locator(".hunkbar")).to_have_count(1)
    line = page.locator("#R120")
    line.scroll_into_view_if_needed()
    page.evaluate("window.scrollBy(0, 300)")
    settled(page)
    before = line.bounding_box()
    assert before

    def above(files: dict[str, str]) -> None:
        files[AREA] = "# one\n# two\n# three\n" + files[AREA]
        files["README.md"] = "# Changed\n"

    world.commit("A", above)
    changed(page, world)
    moved = page.locator("#R123")
    expect(moved).to_have_text("")
    expect(page.locator(".hunkbar")).to_have_count(2)
    page.wait_for_function(
        "(y) => Math.abs(document.getElementById('R123').getBoundingClientRect().top - y) < 3",
        arg=before["y"],
    )
    fresh = page.locator("file-tree a.fresh")
    expect(fresh).to_have_count(2)
    assert {link.get_attribute("title") for link in fresh.all()} == {AREA, "README.md"}

    # Nothing is taken away from under what is selected.
    page.evaluate("getSelection().selectAllChildren(document.getElementById('R123'))")
    page.evaluate("getSelection().selectAllChildren(document.getElementById('R124'))")
    world.commit("A", lambda files: files.update({AREA: files[AREA] + "# last\n"}))
    changed(page, world)
    expect(page.locator(".moved")).to_be_visible()
    expect(page.locator(".hunkbar")).to_have_count(2)
    page.evaluate("getSelection().removeAllRanges()")
    expect(page.locator(".moved")).to_have_count(0)
    expect(page.locator(".rows").get_by_text("# last")).to_have_count(1)


@pytest.mark.browser
@pytest.mark.parametrize("part", ["now", "viewed"])
def test_what_could_not_be_followed_is_told(world: World, page: Page, part: str) -> None:
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    route_first(page, f"**/compare/{part}?*", lambda route: route.fulfill(status=500))
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}"))
    changed(page, world)
    expect(page.get_by_role("alert")).to_contain_text("could not be read. The server answered 500.")
    assert not broken


@pytest.mark.browser
def test_a_change_does_not_put_off_the_file_that_is_on_its_way(world: World, page: Page) -> None:
    asked = next_held(page, "**/compare/file?*")
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}"))
    page.keyboard.press("n")
    held = asked()
    expect(page.locator("#file.htmx-request")).to_have_count(1)
    world.commit("A", lambda files: files.update({AREA: files[AREA] + "# last\n"}))
    changed(page, world)
    expect(page.locator("file-tree a.fresh")).to_have_count(1)
    held.continue_()
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")


@pytest.mark.browser
def test_a_key_is_not_lost_while_the_changes_are_being_read(world: World, page: Page) -> None:
    asked = next_held(page, "**/compare/reading?**")
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    held = asked()
    page.keyboard.press("j")
    page.keyboard.press("v")
    expect(page.locator("[data-now]")).to_have_attribute("data-change", "1")
    held.continue_()
    expect(page.locator('.hunkbar.seen[data-change="1"]')).to_have_count(1)


@pytest.mark.browser
def test_one_stays_at_the_same_change_and_no_other_is_marked(world: World, page: Page) -> None:
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    expect(page.locator(".hunkbar")).to_have_count(1)
    page.keyboard.press("x")
    expect(page.locator(".fold")).to_have_count(0)
    page.keyboard.press("j")
    expect(page.locator("[data-now]")).to_have_attribute("data-change", "1")

    def above(files: dict[str, str]) -> None:
        files[AREA] = "# new first line\n" + files[AREA]

    world.commit("A", above)
    changed(page, world)
    expect(page.locator("[data-now]")).to_have_attribute("data-change", "2")
    expect(page.locator(".fold")).to_have_count(0)
    page.keyboard.press("v")
    expect(page.locator(".hunkbar.seen")).to_have_count(1)
    expect(page.locator('.hunkbar.seen[data-change="2"]')).to_have_count(1)
    expect(page.locator("file-tree [aria-current]")).to_have_attribute("data-seen", "partly")


def two_changes(world: World, *more: tuple[str, str]) -> None:
    def change(files: dict[str, str]) -> None:
        for old, new in (("side * 35", "35 - side"), *more):
            files[AREA] = files[AREA].replace(old, new)

    world.commit("A", change)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("key", "seen"), [("v", ".hunkbar.seen"), ("V", "file-tree a[data-seen=viewed]")]
)
def test_marks_that_are_set_quicker_than_they_are_saved_are_set_one_after_the_other(
    world: World, page: Page, key: str, seen: str
) -> None:
    two_changes(world)
    asked = next_held(page, "**/compare/viewed?*", method="POST")
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    expect(page.locator(".hunkbar")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press(key)
    page.keyboard.press(key)
    asked().continue_()
    expect(page.locator(seen)).to_have_count(2)


def numbers(page: Page, selector: str) -> list[str | None]:
    return [place.get_attribute("data-change") for place in page.locator(selector).all()]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("keys", "seen", "now"),
    [
        ("j v j v", ["1", "2"], "3"),
        ("j v v", ["1", "2"], "3"),
        ("j j v v k", ["2", "3"], "1"),
        ("j v j", ["1"], "2"),
        ("j j v k", ["2"], "1"),
    ],
)
def test_a_mark_is_set_where_its_key_was_pressed(
    world: World, page: Page, keys: str, seen: list[str], now: str
) -> None:
    two_changes(world, ("side * 5\n", "5 - side\n"))
    asked = next_held(page, "**/compare/viewed?*", method="POST")
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    expect(page.locator(".hunkbar .vm")).to_have_count(3)
    for key in keys.split():
        page.keyboard.press(key)
    asked().continue_()
    expect(page.locator(".hunkbar.seen")).to_have_count(len(seen))
    assert numbers(page, ".hunkbar.seen") == seen
    expect(page.locator("[data-now]")).to_have_attribute("data-change", now)


@pytest.mark.browser
def test_what_waits_to_be_marked_is_marked_after_one_has_gone_on(world: World, page: Page) -> None:
    two_changes(world)
    asked = next_held(page, "**/compare/viewed?*", method="POST")
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    expect(page.locator(".hunkbar")).to_have_count(2)
    for key in "jvjvl":
        page.keyboard.press(key)
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")
    asked().continue_()
    expect(page.locator("file-tree a[data-seen=viewed]")).to_have_attribute("title", AREA)
    expect(page.locator("[data-now]")).to_have_count(0)


@pytest.mark.browser
def test_a_file_that_is_chosen_is_not_put_off_by_keys_pressed_before(
    world: World, page: Page
) -> None:
    asked = next_held(page, "**/compare/file?*")
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}"))
    page.keyboard.press("l")
    asked()
    page.keyboard.press("l")
    last = page.locator("file-tree nav a[title]").last
    name = last.get_attribute("title")
    assert name
    last.click()
    expect(page.locator("#file")).to_have_attribute("aria-label", name)


@pytest.mark.browser
def test_a_mark_is_not_taken_back_by_what_was_asked_before_it(world: World, page: Page) -> None:
    asked = next_held(page, "**/compare/viewed?*", method="GET")
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    expect(page.locator(".hunkbar")).to_have_count(1)
    route = asked()
    answer = route.fetch()
    page.keyboard.press("j")
    page.keyboard.press("v")
    mark = page.locator("file-tree [aria-current]")
    expect(mark).to_have_attribute("data-seen", "viewed")
    with page.expect_request("**/compare/viewed?*"):
        route.fulfill(response=answer)
    expect(mark).to_have_attribute("data-seen", "viewed")


@pytest.mark.browser
def test_who_has_gone_on_while_a_mark_is_saved_is_left_there(world: World, page: Page) -> None:
    two_changes(world)
    asked = next_held(page, "**/compare/viewed?*", method="POST")
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    expect(page.locator(".hunkbar")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("v")
    held = asked()
    page.keyboard.press("l")
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")
    expect(page.locator(".hunkbar")).to_have_count(1)
    held.continue_()
    expect(page.locator("file-tree a[data-seen=partly]")).to_have_count(1)
    expect(page.locator(".hunkbar.seen, [data-now]")).to_have_count(0)


@pytest.mark.browser
def test_who_comes_back_finds_what_was_marked_and_taken(world: World, page: Page) -> None:
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    expect(page.locator(".hunkbar .take.main")).to_have_count(1)
    page.keyboard.press("p")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("v")
    expect(page.locator("file-tree [aria-current]")).to_have_attribute("data-seen", "viewed")
    page.goto(world.url("comments"))
    page.go_back()
    expect(page.locator(".hunkbar.seen")).to_have_count(1)
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(page.locator("file-tree [aria-current]")).to_have_attribute("data-seen", "viewed")
