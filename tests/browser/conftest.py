from __future__ import annotations

import re
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from tests.support.installation import Installation, eventually, shop_make
from tests.support.servers import needed

WAIT_MS = 60_000
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("browser") / "data")
    made.up()
    yield made
    made.down()


@pytest.fixture(scope="session")
def session_cookie(installation: Installation) -> tuple[str, str]:
    """Name and value of what the printed login link sets: it works once, and several modules need it."""
    log = installation.log_path  # it is told just after the API answers
    link = eventually(lambda: re.findall(r"http://\S+/login\?\S+", log.read_text()))[-1]
    jar = CookieJar()
    build_opener(HTTPCookieProcessor(jar)).open(link).close()
    found = next(cookie for cookie in jar if "session" in cookie.name)
    return found.name, str(found.value)


# For a module only: while it lives, an event loop runs in this process.
@pytest.fixture(scope="module")
def context(
    installation: Installation, session_cookie: tuple[str, str]
) -> Iterator[BrowserContext]:
    """A browser that is signed in."""
    chromium = next((p for p in map(Path, PATHS) if p.exists()), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(needed(chromium, "chromium")), args=QUIET
        )
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        name, value = session_cookie
        context.add_cookies([{"name": name, "value": value, "url": installation.url}])
        yield context
        browser.close()


PATHS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which nothing may go wrong unseen: script errors and blocked content fail the test."""
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda message: (
            wrong.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )
    yield page
    page.close()
    assert wrong == []


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    return shop_make(tmp_path / "shop")
