"""Every page of the product, and what opens in it, under axe-core: light and dark, wide and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import WAIT_MS
from tests.support.axe import COLOURS, axe_add, axe_source, violations
from tests.support.gallery import Gallery, gallery_make
from tests.support.installation import Installation

pytestmark = [pytest.mark.system, pytest.mark.browser]

WIDE = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)
LIMITS = "path=atlas/limits.py"

# Name -> address, and what is there once the page is whole.
PAGES = {
    "home": ("/", ".live"),
    "tasks": ("/tasks", "table"),
    "new task": ("/tasks/new", "#start"),
    "a task again": ("/tasks/new?again={gallery.main}", "#start"),
    "projects": ("/projects", "table"),
    "project": ("/projects/{gallery.project}", "main form"),
    "new project": ("/projects/new", "main form"),
    "agents": ("/agents", "main a"),
    "agent": ("/agents/1", "main form"),
    "new agent": ("/agents/new", "main form"),
    "trying an agent": ("/agents/1/try", "main form"),
    "activity": ("/activity", "main li, main tr"),
    "jump": ("/jump", "main"),
    "keys": ("/keys", "main .keys"),
    "no such page": ("/tasks/999999", "main h1"),
    "overview": ("{task}", "task-board [data-row] .mk-contradictory"),
    "overview of one that failed": ("/tasks/{gallery.alone}", "#overview-sheet"),
    "charts": ("{task}/charts", "svg"),
    "board": ("{task}/board", "task-board [data-row] .mk-contradictory"),
    "nothing on the board": ("{task}/board?q=nosuch", "task-board"),
    "variant": ("{task}/variants/A", "run-transcript, #log"),
    "variant that asks": ("{task}/variants/E", ".ask"),
    "variant that is composed": ("{task}/variants/F", ".origin"),
    "split": (
        "{task}/compare?left=base&right=A&{limits}&view=split",
        "comment-row .thread:visible",
    ),
    "unified": (
        "{task}/compare?left=base&right=A&{limits}&view=unified",
        "comment-row .thread:visible",
    ),
    "between variants": ("{task}/compare?left=A&right=B&{limits}&view=split", ".hunkbar"),
    "all lines": ("{task}/compare?left=base&right=A&{limits}&view=split&context=all", "diff-view"),
    "renamed": ("{task}/compare?left=base&right=B&path=atlas/tool.sh", ".tag"),
    "deferred": ("{task}/compare?left=base&right=B&path=package-lock.json", "[data-show]"),
    "images": ("{task}/compare?left=base&right=B&path=img/logo.png", "image-compare img"),
    "Markdown": ("{task}/compare?left=base&right=A&path=docs/guide.md&rendered=1", ".rendered"),
    "notebook": ("{task}/compare?left=base&right=A&path=docs/counts.ipynb&rendered=1", ".rendered"),
    "no such file": ("{task}/compare?left=base&right=A&path=none.txt", "#file"),
    "both sides the same": ("{task}/compare?left=A&right=A", ".empty"),
    "found": ("{task}/compare/find?left=base&right=A&q=limit", ".hits a"),
    "columns": ("{task}/compare/columns?{limits}", "diff-columns"),
    "columns of a new file": ("{task}/compare/columns?path=atlas/limiter.py", "diff-columns"),
    "whole file": ("{task}/compare/whole?at=A&{limits}", "diff-view"),
    "consensus": ("{task}/consensus", ".place"),
    "comments": ("{task}/comments?show=all", ".thread"),
    "comments that are outdated": ("{task}/comments?show=outdated", ".thread"),
    "empty tray": ("/tasks/{gallery.alone}/tray", "main .empty"),  # nothing is ever picked there
    "merge": ("{task}/merge/A", ".dlg"),
    "log of an app": ("{task}/variants/A/preview/log", "main"),
}


def _split(page: Page, gallery: Gallery) -> None:
    page.goto(gallery.url(f"/compare?left=base&right=A&{LIMITS}&view=split"))
    expect(page.locator("comment-row .thread:visible").first).to_be_visible()


def keys_open(page: Page, gallery: Gallery) -> None:
    page.goto(gallery.origin)
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()


def jump_open(page: Page, gallery: Gallery) -> None:
    page.goto(gallery.origin)
    page.keyboard.press("/")
    expect(page.get_by_role("option", selected=True)).to_be_visible()


def menu_open(page: Page, gallery: Gallery) -> None:
    page.goto(gallery.origin)
    page.locator(".top .menu summary").click()
    expect(page.locator(".top .menu-list")).to_be_visible()


def comment_begun(page: Page, gallery: Gallery) -> None:
    _split(page, gallery)
    page.keyboard.press("j")
    page.keyboard.press("c")
    form = page.locator(".newform")
    form.get_by_role("button", name="Suggest a change").click()
    expect(form.get_by_label("Suggested lines")).to_be_visible()


def comments_drawer(page: Page, gallery: Gallery) -> None:
    _split(page, gallery)
    page.keyboard.press("C")
    expect(page.locator("#comments-drawer .thread").first).to_be_visible()


def find_open(page: Page, gallery: Gallery) -> None:
    _split(page, gallery)
    page.keyboard.press("/")
    page.keyboard.type("limit_")
    expect(page.locator(".hits a").first).to_be_visible()


def sides_open(page: Page, gallery: Gallery) -> None:
    _split(page, gallery)
    page.locator(".cmp-bar details.menu summary").first.click()
    expect(page.locator(".cmp-bar details.menu[open]").first).to_be_visible()


def tray_conflict(page: Page, gallery: Gallery) -> None:
    """Two variants' ways of one place: the tray says so, opened."""
    page.goto(gallery.url(f"/compare?left=A&right=B&{LIMITS}&view=split"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    tray = page.locator("#tray")
    if not tray.locator(".pickchip").count():
        page.locator(".hunkbar").first.wait_for()
        page.keyboard.press("j")
        page.keyboard.press("p")
        expect(tray.locator(".pickchip")).to_have_count(1)
        page.goto(gallery.url(f"/compare?left=A&right=C&{LIMITS}&view=split"))
        page.locator(".hunkbar").first.wait_for()
        page.keyboard.press("j")
        page.keyboard.press("p")
        expect(tray.locator(".pickchip")).to_have_count(2)
    tray.locator(".tray-fit summary").click()
    expect(tray.locator(".clashes").first).to_be_visible()


def swiped(page: Page, gallery: Gallery) -> None:
    page.goto(gallery.url("/compare?left=base&right=B&path=img/logo.png"))
    page.get_by_role("button", name="Swipe").click()
    expect(page.get_by_role("slider")).to_be_visible()


def merge_open(page: Page, gallery: Gallery) -> None:
    page.goto(gallery.url())
    page.locator("#overview-sheet").get_by_role("link", name="Merge A…").click()
    expect(page.locator("dialog .dlg")).to_be_visible()


def two_cells(page: Page, gallery: Gallery) -> None:
    page.goto(gallery.url())
    expect(page.locator("task-board [data-row] .mk-contradictory").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("l")
    page.keyboard.press("x")
    expect(page.locator(".pickbar")).to_be_visible()


STATES: tuple[Callable[[Page, Gallery], None], ...] = (
    keys_open,
    jump_open,
    menu_open,
    comment_begun,
    comments_drawer,
    find_open,
    sides_open,
    tray_conflict,
    swiped,
    merge_open,
    two_cells,
)


@pytest.fixture(scope="module")
def gallery(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    axe_source()  # before anything is made for nothing
    return gallery_make(installation, tmp_path_factory.mktemp("gallery"))


def _broken(page: Page) -> list[str]:
    """In light all rules, at both widths; in dark those about colours."""
    axe_add(page)
    found = []
    for name, size in (("wide", WIDE), ("phone", PHONE)):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        found += [f"{name}, light: {one}" for one in violations(page)]
        page.emulate_media(color_scheme="dark")
        found += [f"{name}, dark: {one}" for one in violations(page, rules=COLOURS)]
    return found


@pytest.mark.parametrize("name", PAGES)
def test_a_page(installation: Installation, page: Page, gallery: Gallery, name: str) -> None:
    address, ready = PAGES[name]
    fields = {"gallery": gallery, "task": gallery.url(), "limits": LIMITS}
    page.goto(urljoin(installation.url, address.format(**fields)))
    page.locator(ready).first.wait_for()
    assert _broken(page) == []


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_what_opens_in_a_page(
    installation: Installation,
    page: Page,
    gallery: Gallery,
    state: Callable[[Page, Gallery], None],
) -> None:
    state(page, gallery)
    assert _broken(page) == []


def test_login(installation: Installation, page: Page) -> None:
    browser = page.context.browser
    assert browser
    stranger = browser.new_context()
    stranger.set_default_timeout(WAIT_MS)
    login = stranger.new_page()
    login.goto(f"{installation.url}/login")
    assert _broken(login) == []
    stranger.close()
