"""Changes of a tray that are undone, and made again."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from review.models import Tray
from tests.review.compare.conftest import World
from tests.review.compare.picking import (
    AREA,
    change,
    key,
    lines_to,
    pick,
    picks,
    picks_gone,
    step_seen,
    undo,
)


def test_each_change_is_undone_whatever_it_was(world: World, reader: Client) -> None:
    hunk = {"add": pick(variant="B", path=AREA, hunks=[key(world, "B")])}
    lines = [
        {"add": pick(variant="A", path="app/new.py", lines={"left": [], "right": [*range(1, n)]})}
        for n in (2, 3)
    ]
    changes: list[dict[str, Any]] = [
        {"variant": "B"},
        hunk,
        {"variant": "A"},  # another ground
        {"add": [pick(variant="C"), pick(variant="A", path=AREA)]},  # in place of both, in one go
        *lines,
        {"clear": "1"},
        {"variant": "A"},
    ]
    states: list[list[dict[str, Any]]] = [[]]
    for fields in changes:
        change(reader, world, **fields)
        states.append(picks(world))
    change(reader, world, variant="A")  # there already: no step
    for before in reversed(states[:-1]):
        html = undo(reader, world)
        assert picks(world) == before
    assert "data-undo" not in html
    assert "hidden" in html


def test_it_says_what_gave_way_and_that_it_can_be_had_again(world: World, reader: Client) -> None:
    first = change(reader, world, variant="A")
    assert "replaced" not in first
    assert "replaced" not in change(reader, world, variant="B", path=AREA)
    html = change(reader, world, add=[pick(variant="C"), pick(variant="A", path=AREA)])
    assert "replaced 2 picks" in html
    assert ">Undo</button>" in html
    html = change(reader, world, clear="1")
    assert "nothing is picked: 2 picks taken out" in html
    assert " hidden" not in html
    assert "fits together" in undo(reader, world)
    change(reader, world, clear="1")
    assert " hidden" in change(reader, world, forget="1")
    assert picks_gone(world)


def test_only_what_was_seen_is_undone(world: World, reader: Client) -> None:
    """Of two windows one has changed the tray since the other looked at it."""
    seen = step_seen(change(reader, world, variant="A"))
    change(reader, world, variant="B", path=AREA)
    was = picks(world)
    for told in (seen, "", "other"):
        refused = reader.post(world.url("tray"), {"undo": told}, headers={"hx-request": "true"})
        assert refused.status_code == 409
    assert picks(world) == was
    change(reader, world, forget="1")
    assert picks(world) == was, "only an empty tray is forgotten"
    undo(reader, world)
    assert picks(world) == was[:1]


def test_no_more_than_thirty_changes_are_kept(world: World, reader: Client) -> None:
    for n in range(20):
        change(reader, world, variant="A" if n % 2 else "B")
        change(reader, world, clear="1")
    assert len(Tray.objects.get(user=world.user, task=world.task).past) == 30


def test_what_was_there_before_is_kept_as_far_as_there_is_room(
    world: World, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review.composing.steps.STEPS_BYTES_MAX", 20_000)
    for n in range(1_000, 1_010):
        change(reader, world, add=lines_to(n))
    past = Tray.objects.get(user=world.user, task=world.task).past
    assert 3 <= len(past) <= 5, "each takes some 5,000 bytes"
    for step in reversed(past):
        change(reader, world, undo=step["id"])
    assert [p["lines"]["right"][-1] for p in picks(world)] == [1_009 - len(past) - 1]
    monkeypatch.setattr("review.composing.steps.STEPS_BYTES_MAX", 1)
    change(reader, world, add=lines_to(1_000))
    before = picks(world)
    change(reader, world, clear="1")
    undo(reader, world)
    assert picks(world) == before, "the newest change can always be undone"


@pytest.mark.django_db(transaction=True)
def test_two_who_undo_at_once_undo_one_change(world: World, reader: Client) -> None:
    change(reader, world, variant="A")
    seen = step_seen(change(reader, world, variant="B", path=AREA))
    codes = []

    def press() -> None:
        client = Client(headers={"host": "localhost:8000"})
        client.force_login(world.user)
        try:
            told = client.post(world.url("tray"), {"undo": seen}, headers={"hx-request": "true"})
            codes.append(told.status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200, 409, 409]
    assert picks(world) == [{"variant": "A"}]


def test_what_was_undone_is_made_again(world: World, reader: Client) -> None:
    change(reader, world, variant="A")
    change(reader, world, add=pick(variant="B", path=AREA))
    change(reader, world, clear="1")
    states = [picks(world)]
    for _ in range(3):
        change(reader, world, undo=Tray.objects.get().past[-1]["id"])
        states.append(picks(world))
    assert [len(state) for state in states] == [0, 2, 1, 0]
    for state in reversed(states[:-1]):
        html = change(reader, world, redo=Tray.objects.get().undone[-1]["id"])
        assert picks(world) == state
        assert ("tray-redo" in html) == bool(Tray.objects.get().undone)
    for state in states[1:]:
        change(reader, world, undo=Tray.objects.get().past[-1]["id"])
        assert picks(world) == state
    assert "tray-redo" in reader.get(world.url("tray")).content.decode()


def test_another_change_ends_what_could_be_made_again(world: World, reader: Client) -> None:
    change(reader, world, variant="A")
    change(reader, world, undo=Tray.objects.get().past[-1]["id"])
    seen = Tray.objects.get().undone[-1]["id"]
    assert "tray-redo" not in change(reader, world, variant="B")
    assert Tray.objects.get().undone == []
    for step in (seen, "", "x\0"):
        answer = reader.post(world.url("tray"), {"redo": step}, headers={"hx-request": "true"})
        assert answer.status_code == 409
    assert [p["variant"] for p in picks(world)] == ["B"]
