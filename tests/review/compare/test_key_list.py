"""Every key that `?` lists on a page of the review room does there what it says."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from orchestrator.models import Task
from orchestrator.states import Resolution, RunState
from review.models import Tray
from tests.review.compare.conftest import World
from tests.review.compare.keys.columns import COLUMNS, WHOLE
from tests.review.compare.keys.comparison import COMPARE, undo_redo
from tests.review.compare.keys.everywhere import EVERYWHERE, leads, taken
from tests.review.compare.keys.room import AREA, Check, Room, run_make
from tests.review.compare.keys.task import BOARD, PLACES, TABS, only_one
from tests.review.compare.keys.variant import VARIANT

pytestmark = pytest.mark.browser


@pytest.fixture
def room(world: World, page: Page) -> Room:
    """Eleven variants, A to K; A has two changes in the file in view; the runs of A and B went well."""
    world.commit(
        "A", lambda f: f.update({AREA: f[AREA].replace("side * 35", "35 - side"), "README.md": "# New\n"})
    )  # fmt: skip
    world.crowd("K")
    world.task.variants.exclude(letter="C").update(files_changed=3)
    for variant in world.task.variants.filter(letter__in="AB"):
        run_make(variant, RunState.SUCCEEDED)
    return Room(world, page)


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


def test_merge_says_which_one_is_to_be_chosen(room: Room) -> None:
    room.world.task.variants.exclude(letter__in="AB").update(archived_at=timezone.now())
    room.at = f"../{room.world.task.pk}"
    room.open()
    said = room.page.locator(".keysays")
    room.press("M")
    expect(said).to_have_text(
        "A and B can be merged: go to one first, with its number, or with . and its letter; then M."
    )
    room.world.task.variants.update(files_changed=0, head_commit="")
    room.open()
    room.press("M")
    expect(said).to_have_text("There is nothing to merge yet.")
    room.sees(".mergedialog", 0)


@pytest.mark.parametrize(
    ("at", "keys"),
    [("", "M"), ("variants/A", "M"), (f"compare?left=base&right=A&path={AREA}", "Mm")],
)
def test_merge_says_why_nothing_can_be_merged(room: Room, at: str, keys: str) -> None:
    room.at = at or f"../{room.world.task.pk}"
    said = room.page.locator(".keysays")
    for resolution, words in (
        (Resolution.MERGED, "This task is merged already."),
        (Resolution.MERGING, "This task is being merged at this moment."),
        (Resolution.CLOSED, "This task is closed."),
    ):
        Task.objects.update(resolution=resolution)
        room.open()
        for key in keys:
            room.press(key)
            expect(said).to_have_text(words)
            room.press("Shift+Escape")
            expect(said).to_have_count(0)
        room.sees(".mergedialog", 0)


def test_merge_says_that_a_side_is_no_variant(room: Room) -> None:
    room.at = f"compare?left=A&right=base&path={AREA}"
    room.open()
    room.press("M")
    expect(room.page.locator(".keysays")).to_contain_text("The right side of this comparison is no")


def test_a_key_that_asks_for_a_second_one_waits_for_it(world: World, page: Page) -> None:
    page.clock.install()
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}"))
    for first, second, to in ((".", "b", "**right=B**"), ("g", "p", "**/projects")):
        page.wait_for_selector(".hunkbar .take")  # nothing is asked any more: a minute goes by
        page.keyboard.press(first)
        question = page.locator(".keysays")
        expect(question).to_have_text(re.compile("Which variant|Where to"))
        page.keyboard.press("Shift")
        # Longer than anything else stays that is said; not so long that what is on its way is given up.
        page.clock.fast_forward(20_000)
        expect(question).to_be_visible()
        page.keyboard.press(second)
        page.wait_for_url(to)
