"""The head of every page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.installation import Installation, shop_make

pytestmark = [pytest.mark.system, pytest.mark.browser]


def test_the_gauge_of_slots_follows_the_agents_on_any_page(
    installation: Installation, page: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = installation.project(shop_make(tmp_path_factory.mktemp("head") / "shop"), "head")
    page.goto(f"{installation.url}/agents")
    gauge = page.locator("#slots")
    expect(gauge).to_contain_text(" of 8 slots")
    before = int(gauge.inner_text().split()[0])  # an agent of another test may be waiting here
    task = installation.task(project, "[[ask echo waits]] [[final Done]]", "demo")
    expect(gauge).to_contain_text(f"{before + 1} of")
    installation.post(f"variants/{task['variants'][0]['id']}/stop", {})
    expect(gauge).to_contain_text(f"{before} of")
