"""A comparison of which something is taken, and what a variant has that was composed."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from orchestrator.git.hub import blob_read
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Variant
from tests.review.compare.conftest import World

AREA = "app/area.py"


def compare(page: Page, world: World, left: str, right: str, path: str = AREA) -> None:
    page.goto(world.url(f"compare?left={left}&right={right}&path={path}"))
    page.wait_for_selector("#tray[aria-label]", state="attached")


def second_pick(page: Page, world: World, asked: Callable[[], Route]) -> Route:
    """One file is in the tray; the request that takes the next one is held."""
    compare(page, world, "base", "A")
    page.wait_for_selector(".hunkbar .take")
    page.keyboard.press("T")
    asked().continue_()
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("l")
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")
    page.keyboard.press("T")
    return asked()


def content(world: World, letter: str, path: str) -> str | None:
    head = Variant.objects.get(letter=letter).head_commit
    hub = hub_dir(world.task.project_id)
    data = blob_read(hub=hub, commit=head, path=path, limit_bytes=10**6)
    return None if data is None else data.decode()
