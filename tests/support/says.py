"""What a key says on a page."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page

MODULE = Path(__file__).parents[2] / "static/js/key-says.js"


def said_stays(page: Page) -> None:
    """Until the next key, not for a while: who looks at it may be stopped for longer."""
    [shown_ms] = re.findall(r"SHOWN_MS = ([\d_]+);", MODULE.read_text())
    page.add_init_script(
        """{
            const later = window.setTimeout;
            window.setTimeout = (act, ms, ...rest) => (ms === SHOWN_MS ? 0 : later(act, ms, ...rest));
        }""".replace("SHOWN_MS", shown_ms)
    )
