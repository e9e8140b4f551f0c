"""Viewed marks: by content, per person, carried over, reset only where something changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect

from tests.review.compare.conftest import BASE, World

AREA = "app/area.py"


def get(client: Client, world: World, right: str, part: str = "viewed", path: str = AREA) -> Any:
    query = {"left": "base", "right": right, "path": path}
    return json.loads(client.get(world.url(f"compare/{part}"), query).content)


def mark(
    client: Client,
    world: World,
    right: str,
    *,
    hunks: tuple[str, ...] = (),
    on: bool = True,
    path: str = AREA,
) -> Any:
    response = client.post(
        world.url(f"compare/viewed?left=base&right={right}&path={path}"),
        {"viewed": "1" if on else "", "hunk": list(hunks)},
    )
    return response.status_code, json.loads(response.content) if response.status_code == 200 else {}


def test_a_file_is_viewed_and_unviewed(world: World, reader: Client) -> None:
    before = get(reader, world, "A")
    assert (before["viewed"], before["files"]) == (0, {})
    status, sums = mark(reader, world, "A")
    assert (status, sums["viewed"], sums["files"]) == (200, 1, {AREA: "viewed"})
    assert get(reader, world, "A", "reading")["changes"][0]["viewed"] is True
    assert mark(reader, world, "A", on=False)[1]["files"] == {}


def test_marks_are_of_one_person(world: World, reader: Client) -> None:
    mark(reader, world, "A")
    other = Client(headers={"host": "localhost:8000"})
    other.force_login(User.objects.create_user("bo"))
    assert get(other, world, "A")["viewed"] == 0
    assert (
        Client(headers={"host": "localhost:8000"}).get(world.url("compare/viewed")).status_code
        != 200
    )


def test_a_mark_holds_after_a_rebase_and_in_other_variants_but_not_for_changed_content(
    world: World, reader: Client
) -> None:
    """A gets a second change, and lines above its first: only the new one is unviewed."""
    mark(reader, world, "A")

    def change(files: dict[str, str]) -> None:
        files[AREA] = "# moved down\n" + files[AREA].replace("side * 30", "side + 30")

    world.commit("A", change)
    assert get(reader, world, "A")["files"][AREA] == "changed"
    changes = get(reader, world, "A", "reading")["changes"]
    assert [c["viewed"] for c in changes] == [False, True, False]

    def same(files: dict[str, str]) -> None:
        files[AREA] = BASE[AREA].replace("side * 20", "side * side * 20")

    world.commit("B", same)
    assert get(reader, world, "B")["files"][AREA] == "viewed"


def test_what_nobody_looked_at_has_not_changed_since(world: World, reader: Client) -> None:
    """B changes the same line in another way: that A's version was viewed says nothing of it."""
    mark(reader, world, "A")
    assert get(reader, world, "B")["files"] == {}
    mark(reader, world, "B")

    def change(files: dict[str, str]) -> None:
        files[AREA] = files[AREA].replace("side * 30", "side + 30")

    world.commit("B", change)
    assert get(reader, world, "B")["files"] == {AREA: "changed"}
    assert get(reader, world, "A")["files"] == {AREA: "viewed"}


def test_the_last_hunk_makes_the_file_viewed(world: World, reader: Client) -> None:
    def change(files: dict[str, str]) -> None:
        files[AREA] = files[AREA].replace("side * 30", "side + 30")

    world.commit("A", change)
    first, second = (c["key"] for c in get(reader, world, "A", "reading")["changes"])
    assert mark(reader, world, "A", hunks=(first,))[1]["files"] == {AREA: "partly"}
    assert mark(reader, world, "A", hunks=(second,))[1]["files"] == {AREA: "viewed"}
    assert mark(reader, world, "A", hunks=(second,), on=False)[1]["files"] == {AREA: "partly"}


def test_what_is_not_there_cannot_be_marked(world: World, reader: Client) -> None:
    assert mark(reader, world, "A", hunks=("0" * 20,))[0] == 400
    assert mark(reader, world, "A", path="nowhere.py")[0] == 404


@pytest.mark.browser
def test_the_page_says_how_changes_stand_and_what_was_viewed(world: World, page: Page) -> None:
    page.goto(world.url(f"compare?left=base&right=A&path={AREA}&view=split"))
    bar = page.locator(".hunkbar")
    expect(bar).to_have_count(1)
    expect(bar).to_contain_text("Contradiction")
    expect(page.locator(".vprog")).to_contain_text("0 of 7 viewed")
    page.keyboard.press("j")
    page.keyboard.press("v")
    expect(page.locator(".vprog")).to_contain_text("1 of 7 viewed")
    expect(page.locator("[data-viewed-file] input")).to_be_checked()
    expect(page.locator("file-tree [aria-current]")).to_have_attribute("data-seen", "viewed")
    page.keyboard.press("n")
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/new.py")
    expect(page.locator(".hunkbar")).to_contain_text("The same in both")
    page.keyboard.press("V")
    expect(page.locator(".vprog")).to_contain_text("2 of 7 viewed")
    page.get_by_role("button", name="Unviewed").click()
    expect(page.locator("file-tree nav a:visible")).to_have_count(5)
    page.reload()
    expect(page.locator(".vprog")).to_contain_text("2 of 7 viewed")
