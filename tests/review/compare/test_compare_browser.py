"""The compare page in a real browser: keys, folds, permalinks, colours, and a diff that updates."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.review.compare.conftest import World, changed, settled
from tests.support.live import eventually
from tests.support.routes import next_held, route_first

pytestmark = pytest.mark.browser


def area(world: World, extra: str = "") -> str:
    return world.url(f"compare?left=base&right=A&path=app/area.py&view=split{extra}")


def test_keys_move_between_changes_and_files(world: World, page: Page) -> None:
    page.goto(area(world))
    page.keyboard.press("j")
    expect(page.locator("[data-now]")).to_have_attribute("data-change", "1")
    expect(page.locator("[data-now]")).to_be_in_viewport()
    expect(page).to_have_url(re.compile(r"#L82$"))
    shown = page.locator("#file")
    expect(shown).to_have_attribute("aria-label", "app/area.py")
    page.keyboard.press("n")
    expect(shown).to_have_attribute("aria-label", "app/new.py")
    expect(page).to_have_url(re.compile("path=app%2Fnew.py"))
    expect(page.locator("file-tree [aria-current]")).to_have_attribute("title", "app/new.py")
    page.keyboard.press("[")
    expect(shown).to_have_attribute("aria-label", "app/area.py")
    page.go_back()
    expect(shown).to_have_attribute("aria-label", "app/new.py")
    page.keyboard.press("u")
    page.wait_for_url("**view=unified**")
    expect(page.locator("diff-view.uni")).to_be_visible()
    expect(shown).to_have_attribute("aria-label", "app/new.py")
    page.keyboard.press("2")
    page.wait_for_url("**right=B**")


def test_the_file_asked_for_last_is_the_one_that_is_shown(world: World, page: Page) -> None:
    asked = next_held(page, "**/compare/file?*")
    page.goto(area(world))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    page.keyboard.press("n")
    held = asked()
    tree = page.locator("file-tree nav")
    tree.get_by_title("new name.txt").click()
    expect(page.locator("#file")).to_have_attribute("aria-label", "new name.txt")
    expect(tree.locator("[aria-current]")).to_have_attribute("title", re.compile("^new name.txt"))
    unified = page.locator("[data-view=unified]")
    expect(unified).to_have_attribute("href", re.compile(r"path=new\+name\.txt"))
    held.abort()
    expect(page.locator("#file")).to_have_attribute("aria-label", "new name.txt")
    expect(page.locator(".notice.error")).to_have_count(0)


def test_files_are_gone_through_quicker_than_they_come(world: World, page: Page) -> None:
    asked = next_held(page, "**/compare/file?*")
    page.goto(area(world))
    tree = page.locator("file-tree nav a").evaluate_all("all => all.map((a) => a.title)")
    at = tree.index("app/area.py")
    for key in "ll[]l":
        page.keyboard.press(key)
    asked().continue_()
    shown = page.locator("#file")
    expect(shown).to_have_attribute("aria-label", tree[at + 3])
    page.keyboard.press("h")
    expect(shown).to_have_attribute("aria-label", tree[at + 2])


def test_back_to_an_address_without_a_file_keeps_links_to_the_one_shown(
    world: World, page: Page
) -> None:
    page.goto(world.url("compare?left=base&right=A&view=split"))
    shown = page.locator("#file")
    first = shown.get_attribute("aria-label")
    page.keyboard.press("n")
    expect(shown).not_to_have_attribute("aria-label", str(first))
    page.go_back()
    expect(shown).to_have_attribute("aria-label", str(first))
    page.keyboard.press("u")
    expect(page.locator("diff-view.uni")).to_be_visible()
    expect(shown).to_have_attribute("aria-label", str(first))


def test_a_side_that_has_not_the_file_in_view_keeps_the_page(world: World, page: Page) -> None:
    page.goto(world.url("compare?left=base&right=A&path=app/new.py&view=split"))
    page.keyboard.press("3")
    page.wait_for_url("**right=C**")
    expect(page.locator("#file")).to_contain_text("The file is on neither side.")
    page.keyboard.press("1")
    page.wait_for_url("**right=A**")
    expect(page.locator("#file diff-view")).to_be_visible()


def test_a_mark_that_was_not_saved_is_told_and_can_be_put_aside(world: World, page: Page) -> None:
    def refuse(route: Route) -> None:
        if route.request.method == "GET":
            route.continue_()
        else:
            route.fulfill(status=500, body="")

    route_first(page, "**/compare/viewed**", refuse)
    page.goto(area(world))
    page.locator("[data-viewed-file] input").check()
    told = page.locator("#flash").get_by_role("alert")
    expect(told).to_contain_text("The mark was not saved")
    told.get_by_role("button", name="Dismiss").click()
    expect(told).to_have_count(0)


def test_a_fold_opens_step_by_step_and_no_line_comes_twice(world: World, page: Page) -> None:
    page.goto(area(world))
    fold = page.locator(".fold").first
    expect(fold).to_contain_text("78 unchanged lines")
    fold.get_by_text("↑ 20").click()
    expect(fold).to_contain_text("58 unchanged lines")
    fold.get_by_text("Show all").click()
    expect(page.locator("#L1")).to_be_visible()
    page.keyboard.press("x")
    expect(page.locator(".fold")).to_have_count(0)
    lines = page.evaluate("[...document.querySelectorAll('.rows > [id^=L]')].map((c) => c.id)")
    assert lines == [f"L{n}" for n in range(1, 161)]


def test_a_permalink_unfolds_its_line(world: World, page: Page) -> None:
    page.goto(area(world, "#R5"))
    expect(page.locator("#R5")).to_have_attribute("aria-current", "true")
    expect(page.locator("#R5")).to_be_in_viewport()
    expect(page.locator("#R5")).to_have_text("def area_1(side):")


def test_the_filter_narrows_the_tree_and_a_deferred_file_is_one_click(
    world: World, page: Page
) -> None:
    page.goto(area(world))
    page.keyboard.press("t")
    page.keyboard.type("lock")
    expect(page.locator("file-tree nav a:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Show diff").click()
    expect(page.locator("diff-view .add")).to_have_count(1)
    for key, view in (("u", "unified"), ("s", "split")):
        page.keyboard.press(key)
        page.wait_for_url(f"**view={view}**")
        expect(page.locator("diff-view .add")).to_have_count(1)


@pytest.mark.parametrize(
    "rest",
    [
        "compare?left=base&right=A&path=app/area.py",
        "compare?left=A&right=B&path=app/area.py",
        "compare?left=base&right=A&path=app/dot.gif",
        "compare/columns?path=app/area.py",
    ],
)
def test_many_variants_fit_on_a_telephone(world: World, page: Page, rest: str) -> None:
    dot = "GIF87a\1\0\1\0\0\0\0;"
    world.commit("A", lambda files: files.update({"app/dot.gif": dot}))
    world.crowd("O")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(world.url(rest))
    expect(page.locator("#file")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for link in page.locator(".cmp-bar .seg a").all():
        link.scroll_into_view_if_needed()  # the sides are one line each, which moves sideways
        box = link.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_a_long_diff_is_whole_light_and_coloured_near_the_viewport(
    world: World, page: Page
) -> None:
    def grow(files: dict[str, str]) -> None:
        rows = (f"def f_{n}(x):  # {n}\n    return 'text'" for n in range(5_000))
        files["app/area.py"] = "\n".join(rows)

    world.commit("A", grow)
    page.goto(area(world, "&show=1"))
    assert page.locator(".rows > .add").count() == 10_000
    assert page.evaluate("document.querySelectorAll('*').length") < 45_000
    count = "CSS.highlights.get('code-k')?.size ?? 0"
    eventually(lambda: page.evaluate(count) > 0, within_s=60)
    painted = page.evaluate(count)
    assert painted < 3_000
    assert page.evaluate("window.find('f_4321(x)')"), "the browser's own find reaches it"


def live(page: Page, script: str) -> Any:
    return page.evaluate(
        f"(() => {{ const body = document.querySelector('.live-body'); {script} }})()"
    )


def test_an_update_of_the_live_diff_leaves_what_is_read_where_it_is(
    world: World, page: Page
) -> None:
    def insert(files: dict[str, str]) -> None:
        changed = files["app/area.py"].replace("return side * ", "return 1 * side * ")
        files["app/area.py"] = changed

    world.commit("A", insert)
    page.goto(world.url("variants/A"))
    page.locator("[data-path='app/area.py']").first.click()
    expect(page.locator("live-diff")).to_have_attribute("data-path", "app/area.py")
    live(page, "body.scrollTop = 1500")
    settled(page)
    seen = live(
        page,
        """const top = body.getBoundingClientRect().top;
        const cell = [...body.querySelectorAll('.rows > [id]')].find((c) => c.getBoundingClientRect().bottom > top);
        return [cell.textContent, Math.round(cell.getBoundingClientRect().top - top)];""",
    )
    before = page.locator("live-diff").get_attribute("data-seen")

    def more(files: dict[str, str]) -> None:
        insert(files)
        files["app/area.py"] = "# new line\n" * 30 + files["app/area.py"]

    head = world.commit("A", more)
    assert head != before
    changed(page, world)
    expect(page.locator("live-diff")).to_have_attribute("data-seen", head)
    settled(page)
    now = live(
        page,
        f"""const top = body.getBoundingClientRect().top;
        const cells = [...body.querySelectorAll('.rows > [id]')].filter((c) => c.textContent === {seen[0]!r});
        return cells.map((c) => Math.round(c.getBoundingClientRect().top - top));""",
    )
    assert any(abs(offset - seen[1]) <= 1 for offset in now), (seen, now)
