"""Keys of a task: its tabs, its board, its list of places."""

from __future__ import annotations

import re

from django.utils import timezone
from playwright.sync_api import expect

from tests.review.compare.keys.comparison import merges, undo_redo
from tests.review.compare.keys.everywhere import leads, taken
from tests.review.compare.keys.room import AREA, Check, Room


def overview(room: Room) -> None:
    if not room.at.startswith("variants/"):
        room.press("1")
        room.goes_to("/variants/A$")
    room.press("0")
    room.goes_to(r"/tasks/\d+$")


def tabs(room: Room) -> None:
    start = room.page.url
    room.press("]")
    room.goes_to("/variants/B$" if start.endswith("/variants/A") else "/variants/A$")
    room.press("[")
    room.goes_to(f"{re.escape(start)}$")


def only_one(room: Room) -> None:
    others = room.world.task.variants.exclude(letter="A")
    others.update(archived_at=timezone.now())
    room.page.reload()
    merges("M")(room)
    others.update(archived_at=None)


TABS: dict[str, Check] = {
    "0": overview,
    "1 … 9": leads("2", to="/variants/B$"),
    ". J": leads(".", "j", to="/variants/J$"),
    "[ ]": tabs,
    "=": leads("=", to=r"/compare\?left="),
}


def cells(room: Room) -> None:
    at = "[...document.querySelectorAll('.board [data-row] > *')].indexOf(document.activeElement)"
    seen = []
    for key in ("j", "j", "l", "k", "h"):
        room.press(key)
        seen.append(room.page.evaluate(at))
    first, below, right, up, back = seen
    assert first >= 0
    assert below > first
    assert right == below + 1
    assert up == first + 1
    assert back == first


def cell_opens(room: Room) -> None:
    room.press("j", "l", "Enter")
    room.goes_to(r"/compare\?")


def cells_picked(room: Room) -> None:
    room.page.locator(f".board [data-row='{AREA}'] > [data-l=A]").focus()
    room.press("x")
    room.sees(".board [aria-selected=true]")
    room.press("l", "x")
    room.goes_to(r"/compare\?left=A&right=B")


def cell_taken(room: Room) -> None:
    room.page.locator(f".board [data-row='{AREA}'] > [data-l=A]").focus()
    room.press("T")
    room.sees(".board [data-l=A][data-taken]")
    room.sees(".pickchip")
    room.press("T")
    room.sees(".pickchip", 0)
    room.sees(".board [data-taken]", 0)


def board_filter(room: Room) -> None:
    room.press("/")
    room.focused("#board-filter")


BOARD: dict[str, Check] = {
    "h j k l": cells,
    "Enter": cell_opens,
    "x": cells_picked,
    "T": cell_taken,
    "z Z": undo_redo,
    "/": board_filter,
    "o O": taken,
}


def places(room: Room) -> None:
    now = room.page.locator(".place[data-now]")
    number = []
    for key in ("j", "j", "k"):
        room.press(key)
        number.append(now.get_attribute("data-place"))
    assert number[0] == number[2] != number[1]
    expect(now).to_be_focused()


def kinds(room: Room) -> None:
    for key, kind in (("]", "contradictory"), ("]", "unique"), ("[", "contradictory")):
        room.press(key)
        room.goes_to(f"kind={kind}")
        room.focused(f"#kind-{kind}[aria-current]")
    room.press("j")
    room.focused(".place[data-now]")


def place_taken(room: Room) -> None:
    room.press("j")
    letters = room.page.locator(".place[data-now] [data-letters]").first.get_attribute(
        "data-letters"
    )
    assert letters
    room.press(str(ord(letters[0]) - 64))
    room.pressed(f".place[data-now] [data-letters={letters}]")
    room.press(".", letters[-1].lower())
    expect(room.page.locator(f".place[data-now] [data-letters={letters}]")).to_have_attribute(
        "aria-pressed", "false"
    )


def places_filter(room: Room) -> None:
    room.press("/")
    room.focused("#places-filter")


PLACES: dict[str, Check] = {
    "j k": places,
    "[ ]": kinds,
    "1 … 9": place_taken,
    "z Z": undo_redo,
    "Enter": leads("j", "Enter", to=r"/compare\?"),
    "/": places_filter,
    "o O": taken,
}
