"""The tray of a person in a task: what goes in, what it says, who sees it."""

from __future__ import annotations

import json
import threading
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from orchestrator.git.hub import blob_read
from orchestrator.git.trees import tree_entries
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Run, Variant
from orchestrator.states import Resolution
from review.merging.messages import message_check
from review.models import Composition, Tray
from review.selectors.composing import composition_rows
from review.selectors.hunks import pair_hunks
from review.selectors.merges import merge_message_default
from review.selectors.trays import pick_id
from review.services import trays
from tests.review.compare.conftest import BASE, ODD_NAME, World
from tests.support.pages import tree
from tests.support.repositories import plain_git

AREA = "app/area.py"


def change(reader: Client, world: World, **fields: Any) -> str:
    response = reader.post(world.url("tray"), fields, headers={"hx-request": "true"})
    assert response.status_code == 200, response.content
    return response.content.decode()


def pick(**fields: Any) -> str:
    return json.dumps(fields)


def picks(world: World) -> list[dict[str, Any]]:
    return list(Tray.objects.get(user=world.user, task=world.task).picks)


def key(world: World, letter: str) -> str:
    hub = hub_dir(world.task.project_id)
    files = pair_hunks(hub=hub, left=world.base, right=world.heads[letter])
    return files[AREA].hunks[0].key


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


def picks_gone(world: World) -> bool:
    return not Tray.objects.filter(user=world.user, task=world.task).exists()


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


def test_a_title_has_a_limit_also_without_the_page(world: World, reader: Client) -> None:
    change(reader, world, variant="A")
    reader.post(world.url("compose"), {"title": "x" * 201})
    assert world.task.variants.count() == 3
    reader.post(world.url("compose"), {"title": "x" * 200})
    assert world.task.variants.count() == 4


def undo(reader: Client, world: World) -> str:
    html = reader.get(world.url("tray"), headers={"hx-request": "true"}).content.decode()
    return change(reader, world, undo=step(html))


def step(html: str) -> str:
    return html.split('data-undo="')[1].split('"')[0]


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
    seen = step(change(reader, world, variant="A"))
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


def lines_to(n: int) -> str:
    return pick(variant="A", path="app/new.py", lines={"left": [], "right": [*range(1, n)]})


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


@pytest.mark.django_db(transaction=True)
def test_two_who_undo_at_once_undo_one_change(world: World, reader: Client) -> None:
    change(reader, world, variant="A")
    seen = step(change(reader, world, variant="B", path=AREA))
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


def test_what_is_written_belongs_to_the_picks(world: World, reader: Client) -> None:
    """Its name in the browser is another one whenever the tray was empty in between."""

    def name(html: str) -> str:
        return html.split('data-keep="words')[1].split('"')[0]

    first = name(change(reader, world, variant="A"))
    assert name(change(reader, world, variant="B")) == first
    change(reader, world, clear="1")
    assert name(undo(reader, world)) == first
    change(reader, world, clear="1")
    second = name(change(reader, world, variant="A"))
    assert second != first
    undo(reader, world)
    third = name(change(reader, world, variant="A"))
    assert third not in {first, second}
    reader.post(world.url("compose"))
    assert name(change(reader, world, variant="A")) not in {first, second, third}


def test_the_page_and_the_merge_say_title_and_why(world: World, reader: Client) -> None:
    change(reader, world, variant="B", path=AREA)
    reader.post(world.url("compose"), {"title": "Areas as they should be", "why": "My reasons"})
    for at in ("variants/D/composition", "merge/D"):
        html = reader.get(world.url(at)).content.decode()
        assert "Areas as they should be" in html, at
        assert "My reasons" in html, at
    change(reader, world, variant="B", path=AREA)
    reader.post(world.url("compose"), {"title": f"{world.task.title}: B (1 file)"})
    assert not Composition.objects.get(variant__letter="E").title, "it is called so anyway"


def test_a_long_why_of_a_browser_is_merged_with_unix_line_ends(
    world: World, reader: Client
) -> None:
    change(reader, world, variant="B", path=AREA)
    why = "Because\r\nof this\r" + "é" * 32_000
    assert reader.post(world.url("compose"), {"why": why}).status_code == 302
    made = Variant.objects.get(letter="D")
    log = plain_git(hub_dir(world.task.project_id), "log", "-1", "--format=%B", made.head_commit)
    assert "Because\nof this\néé" in log
    assert "\r" not in log
    message = message_check(merge_message_default(made))
    assert "Because\nof this\néé" in message
    assert message.endswith(f"Bakeoff-Task: {world.task.pk}\nBakeoff-Variant: D\n")


def test_a_reconciled_one_says_whose_contradictions_it_settles(
    world: World, reader: Client
) -> None:
    for letter in "AB":
        change(reader, world, add=pick(variant=letter, path=AREA, hunks=[key(world, letter)]))
    reader.post(world.url("compose"), {"reconcile": "1", "agent": "scripted one"})
    html = reader.get(world.url("variants/D/composition")).content.decode()
    assert "scripted one was asked to reconcile" in html
    assert Composition.objects.get().contested == ["A", "B"]


def test_the_lines_that_were_picked_are_named(world: World, reader: Client) -> None:
    lines = {"left": [], "right": [82]}
    change(reader, world, add=pick(variant="A", path=AREA, lines=lines))
    reader.post(world.url("compose"))
    html = reader.get(world.url("variants/D/composition")).content.decode()
    assert html.count("line 82 put in") == 1
    assert "some lines" not in html


def test_of_lines_that_went_into_another_ones_change_both_are_told(
    world: World, reader: Client
) -> None:
    change(reader, world, add=pick(variant="A", path=AREA, hunks=[key(world, "A")]))
    lines = {"left": [], "right": [82]}
    change(reader, world, add=pick(variant="B", against="A", path=AREA, lines=lines))
    reader.post(world.url("compose"))
    [row] = composition_rows(Composition.objects.get())
    assert row.picked == (("B", "line 82 put in"),)
    assert row.parts == ((("A",), "some lines (line 82)"),)


def test_a_place_that_is_all_of_a_change_is_named_as_it_was_picked(
    world: World, reader: Client
) -> None:
    ref = {"key": key(world, "A"), "base_start": 82, "base_lines": 1}
    for told, said in (
        ({"hunks": [ref]}, "line 82 of the base as A has it"),
        ({"hunks": [key(world, "A")]}, "1 place as A has it"),
        ({"lines": {"left": [82], "right": [82]}}, "line 82 put in, line 82 of the base taken out"),
        ({}, "whole file"),
    ):
        change(reader, world, add=pick(variant="A", path=AREA, **told))
        reader.post(world.url("compose"))
        made = Composition.objects.latest("id")
        (file,) = made.files
        assert file["whole"] == ["A"]
        letter = made.variant.letter
        html = reader.get(world.url(f"variants/{letter}/composition")).content.decode()
        assert html.count(said) == 1, said
        assert html.count("whole file") == (said == "whole file")


def test_all_of_a_variant_is_whole_files(world: World, reader: Client) -> None:
    change(reader, world, variant="A")
    reader.post(world.url("compose"))
    html = reader.get(world.url("variants/D/composition")).content.decode()
    assert html.count("whole file") == 7


# --- Going on again after an undo, and what a preview is of ----------------------------------------


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


def test_a_preview_says_what_it_would_be_and_of_which_picks(world: World, reader: Client) -> None:
    change(reader, world, variant="A", path="app/new.py")
    change(reader, world, add=pick(variant="B", path=AREA, hunks=[key(world, "B")]))
    shown = reader.post(world.url("compose/preview"))["Location"]
    page = tree(reader.get(shown))
    (title,) = page.tags("h1")
    assert " ".join(title.text.split()) == "What D would be"
    assert "What D would be" in page.tags("title")[0].text
    made_of = page.all(lambda e: e.attrs.get("class") == "whole-of")[0]
    assert [" ".join(li.text.split()) for li in made_of.tags("li")] == [
        "A new.py",
        "B area.py, line 82",
    ]
    assert "Other things are picked" not in page.text
    change(reader, world, variant="A")
    later = tree(reader.get(shown))
    assert "Other things are picked by now" in later.text
    assert len(later.all(lambda e: e.attrs.get("class") == "whole-of")[0].tags("li")) == 2
    other = User.objects.create_user("eve", password="of the tests", is_superuser=True)
    stranger = Client(headers={"host": "localhost:8000"})
    stranger.force_login(other)
    theirs = stranger.get(shown)
    assert b"whole-of" not in theirs.content, "of whoever picked it only"
    plain = reader.get(world.url(f"compare?left=base&right={world.heads['A']}"))
    assert b"whole-of" not in plain.content
    assert b"would be" not in plain.content


def test_a_preview_is_named_as_one_against_any_other_side(world: World, reader: Client) -> None:
    change(reader, world, add=pick(variant="A", path=AREA))
    seen = reader.post(world.url("compose/preview"))["Location"]
    commit = parse_qs(urlsplit(seen).query)["right"][0]
    for left, right, said in (
        ("base", commit, "What D would be"),
        ("A", commit, "What D would be, compared with A"),
        (commit, "B", "What D would be, compared with B"),
        (commit, "base", "What D would be, compared with the base"),
        (world.base, commit, f"What D would be, compared with {world.base[:7]}"),
    ):
        page = tree(reader.get(world.url(f"compare?left={left}&right={right}")))
        title = next(h for h in page.tags("h1"))
        assert " ".join(title.text.split()) == said
        assert said in page.tags("title")[0].text
