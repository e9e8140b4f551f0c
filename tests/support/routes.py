"""Requests of a page that are kept on their way."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Route

from tests.support.live import eventually


def route_first(page: Page, pattern: str, handler: Callable[[Route], object]) -> None:
    """Before the page is opened: what an open page asks for at once may still pass by a new route, unseen."""
    assert page.url == "about:blank", "a route comes before the page"
    page.route(pattern, lambda route: handler(route))


def next_held(page: Page, pattern: str, *, method: str = "") -> Callable[[], Route]:
    """Keeps the next request like `pattern`; what is returned waits until it has been made."""
    held: list[Route] = []

    # No route that ends by itself: with the last of them Playwright lets everything go that is still held.
    def hold(route: Route) -> None:
        if held or (method and route.request.method != method):
            route.fallback()
        else:
            held.append(route)

    route_first(page, pattern, hold)

    def asked() -> Route:
        _eventually_asked(page, held)
        return held[0]

    return asked


def each_held(page: Page, pattern: str, *, method: str) -> Callable[[], Route]:
    """Keeps requests that a page makes one after the other; what is returned waits for the next one, each time."""
    held: list[Route] = []
    route_first(
        page,
        pattern,
        lambda route: held.append(route) if route.request.method == method else route.fallback(),
    )

    def asked() -> Route:
        _eventually_asked(page, held)
        [route] = held
        held.clear()
        return route

    return asked


def _eventually_asked(page: Page, held: list[Route]) -> None:
    # Only while something is asked of the page does it tell of its requests.
    eventually(lambda: page.evaluate("true") and bool(held))
