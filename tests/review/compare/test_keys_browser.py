"""The compare page by keyboard alone: every way to go on, and the focus is always seen and never lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from orchestrator.models import Variant
from orchestrator.states import RunState
from review.models import Merge
from tests.review.compare.conftest import World
from tests.review.compare.keys.room import run_make

pytestmark = pytest.mark.browser

AREA = "compare?left=base&right=A&path=app/area.py&view=split"


def test_files_sides_and_layouts(world: World, page: Page) -> None:
    page.goto(world.url(AREA))
    shown = page.locator("#file")
    for key, name in (
        ("l", "app/new.py"),
        ("h", "app/area.py"),
        ("]", "app/new.py"),
        ("[", "app/area.py"),
    ):
        page.keyboard.press(key)
        expect(shown).to_have_attribute("aria-label", name)
    page.keyboard.press("Shift+Digit2")
    page.wait_for_url("**left=B&right=A**")
    page.keyboard.press("b")
    page.wait_for_url("**left=base&right=A**")
    page.keyboard.press("2")
    page.wait_for_url("**left=base&right=B**")
    page.keyboard.press("i")
    page.wait_for_url("**w=all**")
    expect(page.locator(".space-menu summary")).to_contain_text("White space ignored")
    page.keyboard.press("i")
    page.wait_for_url(lambda url: "&w=" not in url)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("to the end of the enclosing function")
    page.keyboard.press("Escape")


def test_letters_that_are_typed_are_no_keys(world: World, page: Page) -> None:
    page.goto(world.url(AREA))
    page.keyboard.press("t")
    page.keyboard.type("blue")
    expect(page.locator("file-tree input").first).to_have_value("blue")
    assert "path=app/area.py" in page.url


def test_a_box_that_has_the_focus_leaves_letters_to_the_page(world: World, page: Page) -> None:
    """Some were keys of the page there and others nothing: a word for the filter opened the merge."""
    page.goto(world.url(AREA))
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("L")
    box = page.locator("input.lp[data-part=right]").first
    expect(box).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("t")
    page.keyboard.type("new name")
    expect(page.locator("file-tree input").first).to_have_value("new name")
    box.focus()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Find in all changed files")).to_be_focused()
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_enter_on_a_choice_of_the_merge_leads_to_its_button(world: World, page: Page) -> None:
    variant = world.task.variants.get(letter="A")
    run_make(variant, RunState.SUCCEEDED)
    Variant.objects.filter(pk=variant.pk).update(files_changed=3)
    page.goto(world.url(AREA))
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("T")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("m")
    dialog = page.locator(".mergedialog")
    expect(dialog.locator("[value=merge]")).to_be_focused()
    expect(dialog).to_contain_text("1 pick of yours for a new variant")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Merge A now")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert not Merge.objects.exists()


def test_the_filter_is_left_for_the_file_that_enter_opens(world: World, page: Page) -> None:
    page.goto(world.url(AREA))
    field = page.locator("file-tree input").first
    page.keyboard.press("t")
    page.keyboard.type("new.py")
    page.keyboard.press("Enter")
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")
    expect(page.locator("#file")).to_be_focused()
    page.keyboard.press("j")
    expect(field).to_have_value("new.py")
    expect(page.locator("#file [data-now]")).to_have_count(1)


def test_escape_in_the_filter_shows_all_files_again(world: World, page: Page) -> None:
    page.goto(world.url(AREA))
    field, shown = page.locator("file-tree input").first, page.locator("file-tree nav a:visible")
    expect(shown).to_have_count(7)
    page.keyboard.press("t")
    page.keyboard.type("nothing like it")
    expect(page.get_by_text("No file matches.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(field).to_have_value("")
    expect(shown).to_have_count(7)
    expect(page.get_by_text("No file matches.")).to_be_hidden()
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).not_to_be_focused()


def test_what_is_typed_into_a_filter_takes_the_place_of_what_stood_there(
    world: World, page: Page
) -> None:
    for at, key, field in (
        (AREA, "t", "file-tree input"),
        ("consensus", "/", "#places-filter"),
        ("board", "/", "#board-filter"),
    ):
        page.goto(world.url(at))
        page.locator(field).first.fill("area")
        page.locator(field).first.blur()
        page.keyboard.press(key)
        page.keyboard.type("new")
        expect(page.locator(field).first).to_have_value("new")


def test_a_file_that_waits_is_shown_by_a_key(world: World, page: Page) -> None:
    page.goto(world.url("compare?left=base&right=A&path=package-lock.json"))
    page.keyboard.press("j")
    expect(page.get_by_text("The lines of this file wait: x shows them.")).to_be_visible()
    page.keyboard.press("x")
    expect(page.locator("#file diff-view")).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator("#file [data-now]")).to_have_count(1)


def test_the_fold_above_a_change_opens_to_its_function(world: World, page: Page) -> None:
    def change(text: str) -> None:
        def edit(files: dict[str, str]) -> None:
            body = "".join(f"    line_{n} = {n}\n" for n in range(60))
            files["app/long.py"] = f"def long():\n{body}".replace("line_50 = 50", text)

        commits.append(world.commit("A", edit))

    commits: list[str] = []
    change("line_50 = 50")
    change("line_50 = 51")
    left, right = commits
    page.goto(world.url(f"compare?left={left}&right={right}&path=app/long.py&view=split"))
    page.keyboard.press("j")
    page.keyboard.press("f")
    expect(page.locator("#L1")).to_have_text("def long():")


def test_the_focus_is_not_lost_when_another_file_comes_and_tab_goes_on_from_there(
    world: World, page: Page
) -> None:
    page.goto(world.url(AREA))
    page.get_by_role("link", name="Next file").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")
    expect(page.locator("#file")).to_be_focused()
    page.keyboard.press("Tab")
    inside = "document.getElementById('file').contains(document.activeElement)"
    assert page.evaluate(inside)


def test_enter_in_the_jump_box_waits_for_what_was_typed(world: World, page: Page) -> None:
    page.goto("/tasks")
    page.keyboard.press("/")
    expect(page.locator("#jump [data-jump]").first).to_be_visible()
    first = page.locator("#jump [data-jump]").first.get_attribute("href")
    assert first != "/activity"
    page.keyboard.type("activity")
    page.keyboard.press("Enter")
    page.wait_for_url("**/activity")


def test_tab_goes_from_a_change_to_what_can_be_done_with_it(world: World, page: Page) -> None:
    page.goto(world.url("compare?left=base&right=A&path=app/new.py&view=split"))
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("j")
    expect(page.locator("#R1")).to_be_focused()
    for name in ("Revert", "Take A", "Lines"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=name, exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".hunkbar").get_by_role("checkbox", name="Viewed")).to_be_focused()


def test_every_control_has_a_name_and_a_visible_focus(world: World, page: Page) -> None:
    page.goto(world.url(AREA))
    for late in (".hunkbar .take", ".vprog button"):
        page.wait_for_selector(late)
    seen: set[str] = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        name = page.evaluate(
            """() => {
                const e = document.activeElement;
                if (!e || e === document.body || !e.closest('main')) return null;
                const style = getComputedStyle(e);
                const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
                const name = e.ariaLabel || e.title || e.textContent.trim() || e.labels?.[0]?.textContent;
                return `${ring ? '' : 'NO RING '}${name ? '' : 'NO NAME '}${e.outerHTML.slice(0, 90)}`;
            }"""
        )
        if name is None:
            if seen:
                break
            continue
        seen.add(name)
    assert len(seen) > 25
    assert not [name for name in seen if name.startswith("NO ")]
