"""What one can see only in the browser: marks on dark buttons, letters in narrow bands."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from orchestrator.states import ProjectState
from review.services.comments import Target, comment_create
from tests.review.compare.conftest import World

pytestmark = pytest.mark.browser

COLOUR = "e => getComputedStyle(e).color"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_mark_of_the_chosen_kind_has_the_colour_of_its_words(
    world: World, page: Page, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(world.url("consensus?kind=contradictory"))
    chosen = page.locator("#kind-contradictory[aria-current]")
    assert chosen.locator(".mk").evaluate(COLOUR) == chosen.evaluate(COLOUR)
    other = page.locator("#kind-shared")
    assert other.evaluate(COLOUR) != chosen.evaluate(COLOUR)


def test_nothing_that_fits_stands_apart_from_the_bar(world: World, page: Page) -> None:
    page.goto(world.url("consensus?q=nowhere"))
    bar, nothing = page.locator(".boardbar").bounding_box(), page.locator(".noplace").bounding_box()
    assert bar
    assert nothing
    assert nothing["y"] - bar["y"] - bar["height"] >= 16


@pytest.mark.parametrize("view", ["split", "unified"])
def test_a_narrow_band_says_whose_the_sides_are(world: World, page: Page, view: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(world.url(f"compare?left=base&right=A&path=app/area.py&view={view}"))
    band = page.locator(".hunkbar[data-kind=contradictory]").first
    letters = band.locator(".whos .ch")
    expect(letters).to_have_text(["A", "B"])
    frame, *boxes = band.evaluate(
        "band => [band, ...band.querySelectorAll('.whos .ch')].map(e => e.getBoundingClientRect().toJSON())"
    )  # at once: what comes above moves all of them
    for box in boxes:
        assert 0 <= box["x"] <= 390 - box["width"]
        assert frame["y"] <= box["y"] <= frame["y"] + frame["height"] - box["height"]


def test_many_letters_do_not_push_away_what_a_change_is(world: World, page: Page) -> None:
    """C has left the base; of the other fifteen every second has the change of A, the rest that of B."""
    world.crowd("P")
    page.goto(world.url("compare?left=base&right=A&path=app/area.py&view=split"))
    band = page.locator(".hunkbar[data-kind=contradictory]").first
    expect(band.locator(".whos")).to_have_text(["AEGIK+2", "BDFHJ+3"])
    expect(band.locator(".whos").last).to_have_attribute("title", re.compile("B, D, .*, N, P$"))
    assert band.locator("b").evaluate("e => e.scrollWidth <= e.clientWidth")


@pytest.mark.parametrize(
    ("at", "key"),
    [
        ("compare?left=base&right=A&path=app/area.py", "Ctrl K"),
        ("consensus", "Ctrl K"),
        ("board", "Ctrl K"),
        ("comments", "/"),
    ],
)
def test_the_box_in_the_head_names_the_key_that_jumps(
    world: World, page: Page, at: str, key: str
) -> None:
    page.goto(world.url(at))
    page.locator("#board-filter" if at == "board" else "main").wait_for()
    expect(page.locator(".top .find kbd:visible")).to_have_text([key])
    page.keyboard.press("Control+k" if key == "Ctrl K" else key)
    expect(page.locator("#jump[open]")).to_have_count(1)


OVER_THE_RAIL = """rail => {
  const { left, right } = rail.getBoundingClientRect();
  const said = document.querySelectorAll(
    ".rows .fold > *, .hunkbar b, .hunkbar .ch, .hunkbar button, .hunkbar label");
  return [...said].filter(part => part.checkVisibility()).filter(part => {
    const box = part.getBoundingClientRect();
    return box.left < right && box.right > left;
  }).map(part => part.textContent);
}"""


@pytest.mark.parametrize("width", [1280, 1060, 800])
def test_what_stands_between_the_changes_keeps_clear_of_the_rail(
    world: World, page: Page, width: int
) -> None:
    def apart(files: dict[str, str]) -> None:
        area = files["app/area.py"]
        for number in (5, 9, 30):
            long = f"side * {number}{'  # and so on, at some length' * 3}"
            area = area.replace(f"side * {number}\n", f"{long}\n")
        files["app/area.py"] = area

    world.commit("A", apart)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(world.url("compare?left=base&right=A&path=app/area.py&view=split"))
    expect(page.locator(".hunkbar .take.main")).to_have_count(4)
    folds = page.locator(".rows .fold")
    assert folds.count() >= 4
    expect(folds.get_by_text("end of function").first).to_be_visible()
    assert page.locator(".two-r").first.evaluate(OVER_THE_RAIL) == []
    for fold in folds.all():
        frame, box = fold.evaluate(
            "fold => [fold, [...fold.querySelectorAll('button')].at(-1)].map(e => e.getBoundingClientRect().toJSON())"
        )
        assert frame["y"] <= box["y"] <= frame["y"] + frame["height"] - box["height"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_chosen_is_quieter_than_what_is_to_be_done(
    world: World, page: Page, scheme: Literal["light", "dark"]
) -> None:
    ground = "e => getComputedStyle(e).backgroundColor"
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(world.url("compare?left=base&right=A&path=app/area.py&view=split"))
    chosen = page.locator(".seg :is([aria-current], [aria-pressed=true]), .btn[aria-pressed=true]")
    page.locator(".hunkbar .take.main").click()
    expect(page.locator(".hunkbar .take.main[aria-pressed=true]")).to_be_visible()
    main = page.locator("#tray .btn.go").evaluate(ground)
    seen = [one for one in chosen.all() if one.is_visible()]
    assert len(seen) >= 4
    for one in seen:
        assert one.evaluate(ground) not in (main, "rgba(0, 0, 0, 0)")


NUMBER = """cell => {
  const style = getComputedStyle(cell, "::before");
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const end = parseFloat(style.left) + parseFloat(style.width);
  const left = cell.getBoundingClientRect().left + cell.clientLeft;
  const letters = cell.querySelector(".who")?.getBoundingClientRect();
  return {
    start: left + end - pen.measureText(cell.dataset.n).width, end: left + end,
    code: left + parseFloat(getComputedStyle(cell).paddingLeft),
    letters: letters ? letters.left + cell.querySelector(".who").scrollWidth : left,
    gutter: parseFloat(getComputedStyle(cell).paddingLeft),
  };
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_letters_number_and_plus_of_a_column_stand_beside_each_other(
    world: World, page: Page, width: int
) -> None:
    world.crowd("F")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(world.url("compare/columns?path=app/area.py&of=base,A,B,D,E"))
    cell = page.locator("#A-82")
    cell.locator(".who").wait_for()
    cell.hover(position={"x": 3, "y": 5})
    plus = cell.locator(".addline")
    expect(plus).to_be_visible()
    at, box = cell.evaluate(NUMBER), plus.bounding_box()
    assert box
    assert box["x"] >= at["end"] or box["x"] + box["width"] <= at["start"]
    assert at["letters"] <= at["start"]
    assert at["end"] <= at["code"]
    if width == 390:
        assert at["gutter"] <= 60
    else:
        assert box["x"] + box["width"] <= at["code"]


def test_a_crowd_of_letters_leaves_room_for_the_name_of_the_file(world: World, page: Page) -> None:
    world.crowd("P")
    page.goto(world.url("compare/columns?path=app/area.py&of=base,A,B"))
    row = page.locator(".tree a[aria-current]")
    expect(row).to_contain_text("ABD\u2013P")  # C left it as it was
    name = row.locator(".cut")
    assert name.evaluate("e => e.scrollWidth <= e.clientWidth")


@pytest.mark.parametrize("view", ["compare?left=base&right=A&view=split&", "compare/columns?"])
def test_a_page_that_comes_with_comments_begins_at_its_head(
    world: World, page: Page, view: str
) -> None:
    for body in ("Two words", "and two more"):
        comment_create(
            user=world.user,
            task=world.task,
            target=Target(about="file", on="A", against="base", path="app/area.py"),
            body=body,
        )
    page.set_viewport_size({"width": 1280, "height": 420})
    page.goto(world.url(f"{view}path=app/area.py"))
    expect(page.locator("comment-row .thread")).to_have_count(2)
    assert page.evaluate("[scrollY, document.querySelector('diff-columns')?.scrollTop ?? 0]") == [
        0,
        0,
    ]


@pytest.mark.parametrize("rest", ["compare?left=base&right=A&", "compare/columns?"])
def test_a_changed_word_is_in_ink_on_its_darker_ground(world: World, page: Page, rest: str) -> None:
    def change(files: dict[str, str]) -> None:
        files["app/area.py"] = files["app/area.py"].replace(
            "return side * 7\n", "return side * 70  # seven\n"
        )

    world.commit("A", change)
    page.goto(world.url(f"{rest}path=app/area.py"))
    word = page.locator("#file mark", has_text="70")
    expect(word.first).to_be_visible()
    ink = page.locator("body").evaluate(COLOUR)
    assert {one.evaluate(COLOUR) for one in page.locator("#file mark, #file mark *").all()} == {ink}
    assert page.locator("#file .k").first.evaluate(COLOUR) != ink


def test_the_bars_of_all_columns_have_one_length(world: World, page: Page) -> None:
    """What the widest of its row fills is the same everywhere, or bars tell nothing across columns."""
    world.task.variants.filter(letter="A").update(insertions=12_345, deletions=6_789)
    world.task.variants.filter(letter="B").update(insertions=1, deletions=0)
    page.goto(world.task.get_absolute_url())
    bars = page.locator(".sheet .cell .bar")
    expect(bars.first).to_be_visible()
    widths = bars.evaluate_all("all => all.map((bar) => Math.round(bar.offsetWidth))")
    assert len(widths) > 1
    assert len(set(widths)) == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_a_long_name_of_a_failed_project_fits(world: World, page: Page, width: int) -> None:
    project = world.task.project
    type(project).objects.filter(pk=project.pk).update(
        name="a-project-with-a-rather-long-name-" * 3,
        state=ProjectState.FAILED,
        failure_message="The address https://localhost:1/" + "a-long-part/" * 20 + " is not there.",
    )
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(project.get_absolute_url())
    expect(page.locator("#remove")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
