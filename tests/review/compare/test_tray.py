"""The tray of a person in a task: what goes in, what it says, who sees it."""

from __future__ import annotations

import json
import threading
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from orchestrator.git.hub import blob_read
from orchestrator.git.trees import tree_entries
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Run, Variant
from orchestrator.states import Resolution
from review.models import Composition
from review.selectors.trays import pick_id
from review.services import trays
from tests.review.compare.conftest import BASE, ODD_NAME, World
from tests.review.compare.picking import (
    AREA,
    change,
    key,
    lines_to,
    pick,
    picks,
    picks_gone,
)


def test_it_is_empty_then_names_what_was_picked(world: World, reader: Client) -> None:
    assert "pickchip" not in reader.get(world.url("tray")).content.decode()
    html = change(reader, world, variant="A")
    assert "all 7 files" in html
    assert "Compose D" in html
    html = change(reader, world, add=pick(variant="B", path=AREA, hunks=[key(world, "B")]))
    assert "area.py, line 82" in html
    assert "fits together" in html
    assert [p["variant"] for p in picks(world)] == ["A", "B"]


def test_a_file_replaces_other_picks_of_it_and_a_ground_another(
    world: World, reader: Client
) -> None:
    change(reader, world, add=pick(variant="A", path=AREA, hunks=[key(world, "A")]))
    change(reader, world, variant="A")
    change(reader, world, variant="B", path=AREA)
    change(reader, world, variant="B")
    assert picks(world) == [{"variant": "B", "path": AREA}, {"variant": "B"}]


def test_contradictions_are_named_with_links_and_nothing_can_be_made(
    world: World, reader: Client
) -> None:
    for letter in "AB":
        html = change(
            reader, world, add=pick(variant=letter, path=AREA, hunks=[key(world, letter)])
        )
    assert "1 contradiction" in html
    assert "A and B put different lines there." in html
    assert "left=A&amp;right=B&amp;path=app%2Farea.py" in html
    assert "disabled" in html.split("tray-compose")[1].split(">")[0]
    refused = reader.post(world.url("compose"))
    assert refused.status_code == 302
    assert Variant.objects.count() == 3
    reader.post(world.url("compose"), {"reconcile": "1", "agent": "scripted one", "note": "Mind."})
    made = Variant.objects.get(letter="D")
    assert "Mind." in Run.objects.get(variant=made).prompt


def test_picks_are_taken_out_one_by_one_or_all(world: World, reader: Client) -> None:
    html = change(reader, world, variant="A", path=AREA)
    change(reader, world, variant="B")
    ids = [entry["id"] for entry in json.loads(_picks_of(html))]
    change(reader, world, remove=ids)
    assert picks(world) == [{"variant": "B"}]
    assert "pickchip" not in change(reader, world, clear="1")


def _picks_of(html: str) -> str:
    return unescape(html.split('data-picks="')[1].split('"')[0])


def test_a_pick_that_is_gone_says_so(world: World, reader: Client) -> None:
    change(reader, world, add=pick(variant="B", path=AREA, hunks=[key(world, "B")]))
    world.commit("B", lambda files: files.update({AREA: "other\n"}))
    html = reader.get(world.url("tray"), headers={"hx-request": "true"}).content.decode()
    assert "1 pick can not be had any more" in html
    assert "none is" in html


def test_picks_that_are_gone_cost_no_further_look_at_the_repository(
    world: World, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(reader, world, add=pick(variant="A", path="app/new.py"))
    for number in range(1, 6):
        hunk = {"base_start": 82, "base_lines": 1, "key": f"gone {number}"}
        change(reader, world, add=pick(variant="B", path=AREA, hunks=[hunk]))
    looks = []

    def look(**asked: Any) -> Any:
        looks.append(asked)
        return tree_entries(**asked)

    monkeypatch.setattr("review.selectors.composing.tree_entries", look)
    html = reader.get(world.url("tray"), headers={"hx-request": "true"}).content.decode()
    assert "5 picks can not be had any more" in html
    assert "Preview the diff" in html, "what can be had is put together"
    assert len(looks) == 1


def test_without_scripts_a_form_leads_back_and_the_tray_is_a_page(
    world: World, reader: Client
) -> None:
    back = world.url("compare?left=base&right=A")
    response = reader.post(world.url("tray"), {"variant": "A", "path": AREA, "next": back})
    assert (response.status_code, response["location"]) == (302, back)
    assert "Take file" in reader.get(back).content.decode()
    html = reader.get(world.url("tray")).content.decode()
    assert "<h1>What you have picked</h1>" in html
    made = reader.post(world.url("compose"))
    assert made["location"] == world.url("variants/D")
    assert picks_gone(world)
    assert (
        "Composed by you from" in reader.get(world.url("variants/D/composition")).content.decode()
    )


def test_everybody_has_a_tray_of_their_own(world: World, reader: Client) -> None:
    change(reader, world, variant="A")
    other = Client(headers={"host": "localhost:8000"})
    assert other.get(world.url("tray")).status_code == 302
    assert other.post(world.url("tray"), {"clear": "1"}).status_code == 302
    other.force_login(User.objects.create_user("bo"))
    assert "pickchip" not in other.get(world.url("tray")).content.decode()
    assert other.post(world.url("compose")).status_code == 302
    assert picks(world) == [{"variant": "A"}]
    assert not Composition.objects.exists()


@pytest.mark.parametrize(
    "add",
    [
        "[",
        "[]",
        "null",
        pick(variant="A", path="a\0b"),
        pick(variant="A", path=7),
        pick(variant=["A"]),
        pick(variant="A", hunks=[1]),
        pick(variant="A", path=AREA, hunks={"a": 1}),
        pick(variant="A", path=AREA, hunks=["\ud800"]),
        pick(variant="A", path=AREA, lines={"left": ["1"]}),
        pick(variant="A", path=AREA, lines={"left": [], "right": []}),
        pick(variant="A", path=AREA, lines=[True]),
        "[" * 3000,
    ],
)
def test_what_is_no_pick_is_refused(world: World, reader: Client, add: str) -> None:
    response = reader.post(world.url("tray"), {"add": add}, headers={"hx-request": "true"})
    assert response.status_code == 400
    assert picks_gone(world) or not picks(world)


def test_markup_in_names_stays_text(world: World, reader: Client) -> None:
    html = change(reader, world, variant="A", path=ODD_NAME)
    assert "<b>" not in html.replace("<b>New variant</b>", "")
    made = reader.post(world.url("compose"))
    assert made.status_code == 302
    html = reader.get(world.url("variants/D/composition")).content.decode()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_a_resolved_task_takes_no_picks(world: World, reader: Client) -> None:
    world.task.resolution = Resolution.CLOSED
    world.task.save()
    response = reader.post(world.url("tray"), {"variant": "A"}, headers={"hx-request": "true"})
    assert response.status_code == 409


@pytest.mark.django_db(transaction=True)
def test_two_clicks_make_one_variant(world: World, reader: Client) -> None:
    change(reader, world, variant="A")
    clients = [Client(headers={"host": "localhost:8000"}) for _ in range(3)]
    for client in clients:
        client.force_login(world.user)

    def click(client: Client) -> None:
        try:
            client.post(world.url("compose"))
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "".join(v.letter for v in world.task.variants.order_by("position")) == "ABCD"


def test_equal_changes_of_one_file_are_not_mistaken_for_each_other(
    world: World, reader: Client
) -> None:
    """B's first insertion is A's second one: it must be taken where it stands."""
    line = "# the same"

    def noted(*numbers: int) -> str:
        text = BASE[AREA]
        for n in numbers:
            text = text.replace(f"def area_{n}(", f"{line}\ndef area_{n}(")
        return text

    other = BASE[AREA].replace("def area_9(", "# other\ndef area_9(")
    head = world.commit("A", lambda files: files.update({AREA: other}))
    world.task.variants.filter(letter="C").update(head_commit=head)
    world.commit("A", lambda files: files.update({AREA: noted(5, 9)}))
    world.commit("B", lambda files: files.update({AREA: noted(9)}))
    told = reader.get(world.url(f"compare/reading?left=C&right=B&path={AREA}")).json()
    (change_of_9,) = told["changes"]
    change(reader, world, add=pick(variant="B", path=AREA, hunks=change_of_9["right_hunks"]))
    reader.post(world.url("compose"))
    made = Variant.objects.get(letter="D")
    hub = hub_dir(world.task.project_id)
    read = blob_read(hub=hub, commit=made.head_commit, path=AREA, limit_bytes=10**6)
    assert (read or b"").decode() == noted(9)
    # A has no such hunk at B's place and key any more once it goes on.
    change(reader, world, add=pick(variant="A", path=AREA, hunks=change_of_9["right_hunks"]))
    html = reader.get(world.url("tray"), headers={"hx-request": "true"}).content.decode()
    assert "can not be had" in html


def test_a_new_file_that_one_has_not_can_be_left_out(world: World, reader: Client) -> None:
    change(reader, world, variant="A")
    world.task.variants.filter(letter="C").update(head_commit=world.base)
    html = change(reader, world, variant="C", path="app/new.py")
    assert "fits together" in html
    reader.post(world.url("compose"))
    made = Variant.objects.get(letter="D")
    assert made.files_changed == 6


def test_a_tray_that_is_full_says_so_and_can_be_emptied(
    world: World, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review.services.trays.PICKS_BYTES_MAX", 10_000)
    change(reader, world, add=lines_to(1_000))
    was = picks(world)
    full = {"add": pick(variant="B", path=AREA, lines={"left": [], "right": [*range(1, 2_000)]})}
    refused = reader.post(world.url("tray"), full, headers={"hx-request": "true"})
    assert refused.status_code == 400
    assert "The tray is full" in refused.content.decode()
    assert picks(world) == was
    monkeypatch.setattr("review.services.trays.PICKS_BYTES_MAX", 10)
    change(reader, world, remove=pick_id(was[0]))
    assert picks(world) == []


def test_a_pick_is_held_against_those_of_its_file_only(
    world: World, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []
    real = trays._replaces

    def look(*two: Any) -> bool:
        looked.append(two)
        return real(*two)

    monkeypatch.setattr(trays, "_replaces", look)
    many = [pick(variant="A", path=f"{n}") for n in range(100)]
    change(reader, world, add=many[:50])
    change(reader, world, add=many)
    assert len(picks(world)) == 100
    assert len(looked) == 50
