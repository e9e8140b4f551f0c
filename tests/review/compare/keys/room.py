"""A page of the review room whose keys are pressed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone
from playwright.sync_api import Page, expect

from orchestrator.models import Run, Variant
from orchestrator.states import RunState
from tests.review.compare.conftest import World

AREA = "app/area.py"


@dataclass
class Room:
    """A page of the review room, opened anew for every key."""

    world: World
    page: Page
    at: str = ""
    ready: str = ""  # what is there once the page has all that keys are about
    before: str = ""  # the address at which keys were pressed last

    def open(self, at: str | None = None) -> None:
        self.page.goto("about:blank")
        self.page.goto(self.world.url(self.at if at is None else at))
        if at is None and self.ready:
            self.page.wait_for_selector(self.ready, state="attached")

    def press(self, *keys: str) -> None:
        self.before = self.page.url
        for key in keys:
            self.page.keyboard.press(key)

    def goes_to(self, part: str) -> None:
        """Wait until the keys have led to an address with ``part``, a regular expression."""
        assert not re.search(part, self.before), "nothing to wait for: it was there before"
        self.page.wait_for_url(re.compile(part))

    def sees(self, selector: str, count: int = 1) -> None:
        expect(self.page.locator(selector)).to_have_count(count)

    def focused(self, selector: str) -> None:
        expect(self.page.locator(selector).first).to_be_focused()

    def pressed(self, selector: str) -> None:
        expect(self.page.locator(selector).first).to_have_attribute("aria-pressed", "true")

    def file(self, name: str) -> None:
        expect(self.page.locator("#file")).to_have_attribute("aria-label", name)


Check = Callable[[Room], None]


def run_make(variant: Variant, state: RunState) -> Run:
    now = timezone.now()
    ended = now if state == RunState.SUCCEEDED else None
    return Run.objects.create(
        variant=variant, number=1, prompt="x", state=state, prepared_at=now, started_at=now,
        ended_at=ended,
    )  # fmt: skip
