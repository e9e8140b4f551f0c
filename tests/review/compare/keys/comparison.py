"""Keys of a comparison."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.review.compare.keys.everywhere import taken
from tests.review.compare.keys.room import AREA, Check, Room


def changes(room: Room) -> None:
    now = room.page.locator("[data-now]")
    for key, number in (("j", "1"), ("j", "2"), ("k", "1")):
        room.press(key)
        expect(now).to_have_attribute("data-change", number)
        expect(now).to_be_in_viewport()


def files(room: Room) -> None:
    for key, name in (("l", "app/new.py"), ("h", AREA), ("]", "app/new.py"), ("[", AREA)):
        room.press(key)
        room.goes_to(f"path={name.replace('/', '(/|%2F)')}")
        room.file(name)


def take_sides(room: Room) -> None:
    room.press("p")  # before any j: the first change in sight
    room.sees(".pickchip")
    expect(room.page.locator("[data-now]")).to_have_attribute("data-change", "1")
    room.pressed(".hunkbar[data-change='1'] .take.main")
    room.press("P")
    expect(room.page.get_by_role("button", name="Revert").first).to_have_attribute("aria-pressed", "true")  # fmt: skip


def take_lines(room: Room) -> None:
    room.press("L")
    expect(room.page.locator("input.lp[data-part=right]").first).to_be_focused()
    room.press("Space")
    room.sees(".pickchip")


def undo(room: Room) -> None:
    room.press("T")
    room.sees(".pickchip")
    room.press("z")
    room.sees(".pickchip", 0)


def redo(room: Room) -> None:
    undo(room)
    room.press("Shift+Z")
    room.sees(".pickchip")


def undo_redo(room: Room) -> None:
    """On a page where something was taken elsewhere."""
    room.open(f"compare?left=base&right=A&path={AREA}")
    room.page.wait_for_selector("#tray[aria-label]", state="attached")
    room.press("T")
    room.sees(".pickchip")
    room.open()
    room.sees(".pickchip")
    for key, count in (("z", 0), ("Shift+Z", 1)):
        room.press(key)
        room.sees(".pickchip", count)


def take_file(room: Room) -> None:
    room.press("T")
    room.pressed("[data-key='T']")


def take_all(room: Room) -> None:
    room.press("A")
    room.pressed("[data-key='A']")


def viewed(room: Room) -> None:
    room.press("j", "v")
    room.sees(".hunkbar.seen")
    expect(room.page.locator("[data-now]")).to_have_attribute("data-change", "2")


def viewed_file(room: Room) -> None:
    room.press("V")
    room.file("app/new.py")
    room.sees("file-tree a[data-seen='viewed']")


def layouts(room: Room) -> None:
    split, unified = ("s", "split", "two"), ("u", "unified", "uni")
    there, back = (unified, split) if "view=split" in room.at else (split, unified)
    for key, view, name in (there, back, there):
        room.press(key)
        room.goes_to(f"view={view}")
        room.sees(f"diff-view.{name}")


def wraps(room: Room) -> None:
    room.sees("#file :is(diff-view, diff-columns).nowrap", 0)
    room.press("w")
    room.sees("#file :is(diff-view, diff-columns).nowrap")
    room.press("w")
    room.sees("#file :is(diff-view, diff-columns).nowrap", 0)


def spaces(room: Room) -> None:
    room.press("i")
    room.goes_to("w=all")
    room.press("i")
    room.page.wait_for_url(lambda url: "w=all" not in url)


def rendered(room: Room) -> None:
    room.open("compare?left=base&right=A&path=README.md")
    room.press("r")
    room.sees("#file .rendered")
    room.press("r")
    room.sees("#file diff-view")


def unfolds(room: Room) -> None:
    assert room.page.locator(".fold").count()
    room.press("x")
    room.sees(".fold", 0)


def function(room: Room) -> None:
    def long(text: str) -> str:
        body = "".join(f"    line_{n} = {n}\n" for n in range(60)).replace("line_50 = 50", text)
        return room.world.commit("A", lambda f: f.update({"app/long.py": f"def long():\n{body}"}))

    first, last = ".rows > :is(#L1, #R1)", ".rows > :is(#L61, #R61)"
    left, right = long("line_50 = 50"), long("line_50 = 51")
    room.open(f"compare?left={left}&right={right}&path=app/long.py")
    room.sees(first, 0)
    room.press("j", "f")
    expect(room.page.locator(first).first).to_have_text("def long():")
    room.sees(last, 0)
    room.press("F")
    expect(room.page.locator(last).first).to_have_text("    line_59 = 59")


def file_filter(room: Room) -> None:
    room.press("t")
    room.focused("file-tree input")


def find(room: Room) -> None:
    room.press("/")
    room.focused("find-box input[type=search]")


def lines(room: Room) -> None:
    chosen = room.page.locator("#file [aria-current]")
    room.press("j", "ArrowDown")
    expect(chosen).to_have_count(1)
    here = "location.hash"  # as the page has it: the browser hears of it later
    before = room.page.evaluate(here)
    room.press("ArrowUp")
    assert room.page.evaluate(here) != before
    room.press("Shift+ArrowDown", "Shift+ArrowDown")
    expect(chosen).to_have_count(3)
    if "view=split" in room.at:
        room.press("ArrowRight")
        room.goes_to(r"#R\d+$")
        room.press("ArrowLeft")
        room.goes_to(r"#L\d+$")


def comment(room: Room) -> None:
    room.page.wait_for_selector("file-comments", state="attached")
    room.press("c")
    room.focused(".newform textarea")


def comment_file(room: Room) -> None:
    room.page.wait_for_selector("#file [data-comment-file]:not([hidden])", state="attached")
    room.press("d")
    room.focused(".newform textarea")
    expect(room.page.locator(".newform-where")).to_contain_text("On the whole file in")


def comments(room: Room) -> None:
    room.press("C")
    room.sees("#comments-drawer[open]")


def sides(room: Room) -> None:
    room.press("2")
    room.goes_to("left=base&right=B")
    room.press("Shift+Digit1")
    room.goes_to("left=A&right=B")
    room.press("0")
    room.goes_to("left=A&right=base")


def far_sides(room: Room) -> None:
    room.press(".", "j")
    room.goes_to("left=base&right=J")
    room.press(".", "Shift+K")
    room.goes_to("left=K&right=J")
    room.press(".", "z")
    expect(room.page.get_by_text("There is no variant Z here.")).to_be_visible()


def base_left(room: Room) -> None:
    room.open(f"compare?left=B&right=A&path={AREA}")
    room.press("b")
    room.goes_to("left=base&right=A")


def swaps(room: Room) -> None:
    room.press("S")
    room.goes_to("left=A&right=base.*path=app(/|%2F)area.py")


def merges(key: str) -> Check:
    def check(room: Room) -> None:
        room.press(key)
        room.sees(".mergedialog[open]")
        expect(room.page.locator("#merge-title")).to_contain_text("A")
        expect(room.page.locator(".mergedialog :focus")).to_have_count(1)
        expect(room.page.locator(".mergedialog [data-close]:focus")).to_have_count(0)

    return check


def merge_twice(room: Room) -> None:
    merges("m")(room)
    room.open()
    merges("M")(room)


COMPARE: dict[str, Check] = {
    "j k": changes,
    "l h": files,
    "p P": take_sides,
    "L": take_lines,
    "T": take_file,
    "z": undo,
    "Z": redo,
    "A": take_all,
    "o O": taken,
    "v": viewed,
    "V": viewed_file,
    "u s": layouts,
    "w": wraps,
    "i": spaces,
    "r": rendered,
    "x": unfolds,
    "f F": function,
    "t": file_filter,
    "/": find,
    "↓ ↑ → ←": lines,
    "c": comment,
    "d": comment_file,
    "C": comments,
    "0 … 9": sides,
    ". J": far_sides,
    "b": base_left,
    "S": swaps,
    "m or M": merge_twice,
}
