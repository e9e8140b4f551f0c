"""Every key that `?` lists on a page of the review room does there what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from orchestrator.models import Permission, Run, Variant
from orchestrator.states import RunState
from review.models import Tray
from tests.review.compare.conftest import World

pytestmark = pytest.mark.browser

AREA = "app/area.py"


@dataclass
class Room:
    """A page of the review room, opened anew for every key."""

    world: World
    page: Page
    at: str = ""
    ready: str = ""  # what is there once the page has all that keys are about

    def open(self, at: str | None = None) -> None:
        self.page.goto("about:blank")
        self.page.goto(self.world.url(self.at if at is None else at))
        if at is None and self.ready:
            self.page.wait_for_selector(self.ready, state="attached")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def goes_to(self, part: str) -> None:
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


@pytest.fixture
def room(world: World, page: Page) -> Room:
    """Eleven variants, A to K; A has two changes in the file in view; the runs of A and B went well."""
    world.commit(
        "A", lambda f: f.update({AREA: f[AREA].replace("side * 35", "35 - side"), "README.md": "# New\n"})
    )  # fmt: skip
    world.crowd("K")
    world.task.variants.exclude(letter="C").update(files_changed=3)
    for variant in world.task.variants.filter(letter__in="AB"):
        _run(variant, RunState.SUCCEEDED)
    return Room(world, page)


def _run(variant: Variant, state: RunState) -> Run:
    now = timezone.now()
    ended = now if state == RunState.SUCCEEDED else None
    return Run.objects.create(
        variant=variant, number=1, prompt="x", state=state, prepared_at=now, started_at=now,
        ended_at=ended,
    )  # fmt: skip


# --- Everywhere ------------------------------------------------------------------------------------


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


EVERYWHERE: dict[str, Check] = {
    "Ctrl K": jump("Control+k"),
    "/": jump("/"),
    "?": help_,
    "g h": leads("g", "h", to=r"//[^/]+/$"),
    "g t": leads("g", "t", to="/tasks$"),
    "g p": leads("g", "p", to="/projects$"),
    "g a": leads("g", "a", to="/agents$"),
    "c": leads("c", to="/tasks/new"),
    "Esc": help_,
}


# --- A comparison ----------------------------------------------------------------------------------


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
    expect(room.page.locator("input.lp").first).to_be_focused()
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
    for key, view, name in (("s", "split", "two"), ("u", "unified", "uni"), ("s", "split", "two")):
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
    before = room.page.url
    room.press("ArrowUp")
    assert room.page.url != before
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


# --- Columns, one whole file -----------------------------------------------------------------------


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


# --- The task, its board, its places ---------------------------------------------------------------


def tabs(room: Room) -> None:
    room.press("]")
    room.goes_to("/variants/[A-C]$")
    room.press("[")
    room.goes_to(r"/tasks/\d+(/variants/A)?$")


def only_one(room: Room) -> None:
    others = room.world.task.variants.exclude(letter="A")
    others.update(archived_at=timezone.now())
    room.page.reload()
    merges("M")(room)
    others.update(archived_at=None)


TABS: dict[str, Check] = {
    "0": leads("1", "0", to=r"/tasks/\d+$"),
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


def board_filter(room: Room) -> None:
    room.press("/")
    room.focused("#board-filter")


BOARD: dict[str, Check] = {
    "h j k l": cells,
    "Enter": cell_opens,
    "x": cells_picked,
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


# --- One variant -----------------------------------------------------------------------------------


def asked(room: Room) -> Permission:
    variant = room.world.task.variants.get(letter="A")
    variant.runs.all().delete()
    run = _run(variant, RunState.WAITING)
    permission = Permission.objects.create(
        run=run, request="r1", tool="Bash", title="ls", asked_at=timezone.now(),
        payload={"input": {"command": "ls"}, "category": "execute"},
    )  # fmt: skip
    room.open()
    return permission


def allows(room: Room) -> None:
    permission = asked(room)
    with room.page.expect_response("**/permissions/**"):
        room.press("y")
    permission.refresh_from_db()
    assert permission.state == "allowed"


def denies(room: Room) -> None:
    permission = asked(room)
    room.press("n")
    room.focused(f"#ask-{permission.pk}-why")
    with room.page.expect_response("**/permissions/**"):
        room.press("Enter")
    permission.refresh_from_db()
    assert permission.state == "denied"


def writes(room: Room) -> None:
    room.press("m")
    room.focused("#message")


def sends(room: Room) -> None:
    writes(room)
    room.page.keyboard.type("Go on.")
    with room.page.expect_response("**/message*") as answer:
        room.press("Control+Enter")
    assert answer.value.ok


VARIANT: dict[str, Check] = {
    **TABS,
    "0": leads("0", to=r"/tasks/\d+$"),
    "M": merges("M"),
    "y": allows,
    "n": denies,
    "m": writes,
    "c": comment,
    "C": comments,
    "Ctrl Enter": sends,
}

BARS = ".hunkbar[data-change='1'] .take"
MATRIX = "task-board .board .mk"

# Where it is, what is there once all has come, its own keys.
PAGES: dict[str, tuple[str, str, dict[str, Check]]] = {
    "overview": (
        "",
        f"main:has({MATRIX}):has(#next-places [data-key])",
        {**TABS, **BOARD, "w": leads("w", to="/consensus"), "M": only_one},
    ),
    "variant": ("variants/A", "live-diff .rows", VARIANT),
    "board": ("board", MATRIX, BOARD),
    "places": ("consensus", ".place", PLACES),
    "compare-split": (f"compare?left=base&right=A&path={AREA}&view=split", BARS, COMPARE),
    "compare-unified": (f"compare?left=base&right=A&path={AREA}&view=unified", BARS, COMPARE),
    "columns": (f"compare/columns?path={AREA}&of=base,A,B", "", COLUMNS),
    "whole": (f"compare/whole?at=A&path={AREA}", "", WHOLE),
    "comments": ("comments", "", {}),
    "tray": ("tray", "#tray[aria-label]", {"o O": taken, "z Z": undo_redo}),
}


@pytest.mark.parametrize("name", PAGES)
def test_every_key_of_the_list_does_what_it_says(room: Room, name: str) -> None:
    at, room.ready, own = PAGES[name]
    room.at = at or f"../{room.world.task.pk}"
    room.open()
    room.press("?")
    listed = room.page.locator("#keys dl > div:visible dt").all_inner_texts()
    listed = [" ".join(text.split()) for text in listed]
    assert len(set(listed)) == len(listed), "no key means two things"
    assert set(own) <= set(listed)
    checks = {**EVERYWHERE, **own}
    assert set(listed) <= set(checks)
    for key in listed:
        Tray.objects.all().delete()
        room.open()
        checks[key](room)
