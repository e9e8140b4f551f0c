"""Keys of a file in columns, and of one whole file."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.review.compare.keys.comparison import (
    comment,
    comment_file,
    comments,
    file_filter,
    files,
    spaces,
    undo_redo,
    unfolds,
    wraps,
)
from tests.review.compare.keys.everywhere import leads, taken
from tests.review.compare.keys.room import Check, Room


def column_changes(room: Room) -> None:
    now = room.page.locator("[data-now]")
    for key, number in (("j", "82"), ("j", "142"), ("k", "82")):
        room.press(key)
        expect(now).to_have_attribute("data-n", number)
        expect(now).to_be_in_viewport()


def column_lines(room: Room) -> None:
    room.press("j", "ArrowRight", "ArrowDown", "Shift+ArrowDown")
    room.goes_to("#A-83-84")
    room.press("ArrowLeft")
    room.goes_to("#base-84")
    room.press("ArrowUp")
    room.goes_to("#base-83")


def column_toggles(room: Room) -> None:
    shown = room.page.locator(".chead .L")
    expect(shown).to_have_text(["A", "B"])
    room.press("2")
    room.goes_to("of=base%2CA(&|$)")
    expect(shown).to_have_text(["A"])
    room.press(".", "j")
    expect(shown).to_have_text(["A", "J"])


def column_every(room: Room) -> None:
    shown = room.page.locator(".chead .L")
    expect(shown).to_have_text(["A", "B"])
    room.press("0")
    room.goes_to("of=base%2CA%2CB%2C")
    assert shown.count() == room.world.task.variants.count() > 2


def column_base(room: Room) -> None:
    room.press("b")
    room.sees(".chead .plain", 0)


def column_comment(room: Room) -> None:
    comment_file(room)
    room.press("Escape", "j", "ArrowRight", "ArrowRight", "d")
    expect(room.page.locator(".newform-where")).to_have_text("On the whole file in B")


def column_take(room: Room) -> None:
    room.page.wait_for_selector("#tray[aria-label]", state="attached")
    room.press("j", "T")  # in the base's column
    expect(room.page.get_by_role("status").filter(has_text="Whose file?")).to_have_count(1)
    room.sees(".pickchip", 0)
    room.press("ArrowRight", "ArrowRight", "T")
    room.sees(".pickchip.v-b")
    room.pressed(".takes form:has([value=B]) button")


COLUMNS: dict[str, Check] = {
    "j k": column_changes,
    "l h": files,
    "↓ ↑ → ←": column_lines,
    "1 … 9": column_toggles,
    "0": column_every,
    "b": column_base,
    "w": wraps,
    "i": spaces,
    "x": unfolds,
    "t": file_filter,
    "s": leads("s", to=r"/compare\?left=base&right=A"),
    "c": comment,
    "d": column_comment,
    "T": column_take,
    "z Z": undo_redo,
    "C": comments,
    "o O": taken,
}


def whole_lines(room: Room) -> None:
    room.page.locator("#R3").click(position={"x": 20, "y": 8})
    room.press("ArrowDown")
    room.goes_to("#R4$")
    room.press("ArrowUp", "Shift+ArrowDown")
    room.goes_to("#R3-R4$")


def elsewhere(room: Room) -> None:
    room.press("2")
    room.goes_to("at=B")
    room.press("0")
    room.goes_to("at=base")
    room.press(".", "j")
    room.goes_to("at=J")


WHOLE: dict[str, Check] = {
    "↓ ↑": whole_lines,
    "0 … 9": elsewhere,
    "b": leads("b", to="at=base"),
    "w": wraps,
    "s": leads("s", to=r"/compare\?"),
    "c": comment,
    "d": comment_file,
    "C": comments,
}
