"""What a key says on a page."""

from __future__ import annotations

from playwright.sync_api import Page


def said_stays(page: Page) -> None:
    """Until the next key, not for six seconds: who looks at it may be stopped for longer."""
    page.add_init_script(
        """{
            const later = window.setTimeout;
            window.setTimeout = (act, ms, ...rest) => (ms === 6_000 ? 0 : later(act, ms, ...rest));
        }"""
    )
