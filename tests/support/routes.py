"""Requests of a page that are kept on their way."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Route

from tests.support.live import eventually


def route_first(page: Page, pattern: str, handler: Callable[[Route], object], **how: int) -> None:
    """Before the page is opened: what an open page asks for at once may still pass by a new route, unseen."""
    assert page.url == "about:blank", "a route comes before the page"
    page.route(pattern, lambda route: handler(route), **how)


def next_held(page: Page, pattern: str) -> Callable[[], Route]:
    """Keeps the next request like `pattern`; what is returned waits until it has been made."""
    held: list[Route] = []
    route_first(page, pattern, held.append, times=1)

    def asked() -> Route:
        # Only while something is asked of the page does it tell of its requests.
        eventually(lambda: page.evaluate("true") and bool(held))
        return held[0]

    return asked
