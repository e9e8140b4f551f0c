"""Keys of every page, and checks that several pages share."""

from __future__ import annotations

import re

from tests.review.compare.keys.room import AREA, Check, Room


def jump(key: str) -> Check:
    def check(room: Room) -> None:
        room.press(key)
        room.sees("#jump[open]")
        room.press("Escape")
        room.sees("#jump[open]", 0)

    return check


def help_(room: Room) -> None:
    room.press("?")
    room.sees("#keys[open]")
    room.press("Escape")
    room.sees("#keys[open]", 0)


def leads(*keys: str, to: str) -> Check:
    def check(room: Room) -> None:
        room.press(*keys)
        room.goes_to(to)

    return check


def taken(room: Room) -> None:
    """Something is in the tray."""
    room.open(f"compare?left=base&right=A&path={AREA}")
    room.page.wait_for_selector("#tray[aria-label]", state="attached")
    room.press("T")
    room.sees(".pickchip")
    room.open()
    room.sees(".pickchip")
    room.press("o")
    room.focused("#tray")
    room.press("O")
    room.focused("#tray-compose")


def task_page(key: str, to: str) -> Check:
    """Also where it is the page that one is at."""

    def check(room: Room) -> None:
        with room.page.expect_navigation(url=re.compile(rf"/tasks/\d+{to}$")):
            room.press("g", key)

    return check


EVERYWHERE: dict[str, Check] = {
    "Ctrl K": jump("Control+k"),
    "/": jump("/"),
    "?": help_,
    "g h": leads("g", "h", to=r"//[^/]+/$"),
    "g t": leads("g", "t", to="/tasks$"),
    "g p": leads("g", "p", to="/projects$"),
    "g a": leads("g", "a", to="/agents$"),
    "g o": task_page("o", ""),
    "g b": task_page("b", "/board"),
    "g w": task_page("w", "/consensus"),
    "c": leads("c", to="/tasks/new"),
    "Esc": help_,
}
