"""A composed variant beside those that it was composed from, over real git: API, board, list, comparison."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orchestrator.models import Spec, Variant
from review.selectors.agreement import agreement_get, agreement_key
from review.selectors.board_ask import Ask
from review.selectors.board_page import board_page
from review.selectors.consensus import Ground, ground_get
from tests.support.api import Api
from tests.support.merging import Shop, commit
from tests.support.repositories import plain_git

HTMX = {"hx-request": "true"}
LONG = [f"line {n}\n" for n in range(1, 13)]


def text(**lines: str) -> str:
    return "".join(lines.get(f"n{n}", line) for n, line in enumerate(LONG, 1))


@pytest.fixture
def api(pat: User) -> Api:
    return Api(pat)


@pytest.fixture
def client(pat: User) -> Client:
    client = Client(headers={"host": "localhost:8000"})
    client.force_login(pat)
    return client


@pytest.fixture
def answers(shop: Shop) -> Shop:
    """A and B change lines beside each other, C what A changed; B alone has a file, A and C agree on one."""
    base = shop.advance({"src/app.py": text()})
    Spec.objects.update(base_commit=base)
    plain_git(shop.hub, "fetch", "-q", "origin")
    shop.task.refresh_from_db()
    shop.variant({"src/app.py": text(n3="three\n"), "both.txt": "x\n", "new.py": "a = 1\n"})
    shop.variant({"src/app.py": text(n4="four\n"), "only.txt": "b\n", "new.py": "b = 2\n"})
    shop.variant({"src/app.py": text(n8="eight\n"), "both.txt": "x\n"})
    return shop


PICKS = [
    {"variant": "A", "path": "src/app.py", "hunks": [1]},
    {"variant": "B", "path": "src/app.py", "hunks": [1]},
    {"variant": "B", "path": "only.txt"},
    {"variant": "B", "path": "new.py"},
]


def compose(api: Api, shop: Shop) -> dict[str, Any]:
    made: dict[str, Any] = api.post(f"tasks/{shop.task.pk}/compose", {"picks": PICKS})
    return made


def go_on(shop: Shop, letter: str, files: dict[str, str]) -> None:
    """Somebody commits on top of a variant."""
    head = Variant.objects.get(letter=letter).head_commit
    plain_git(shop.copy, "fetch", "-q", str(shop.hub), f"bakeoff/{shop.task.pk}/{letter}")
    plain_git(shop.copy, "checkout", "-q", "-B", letter, head)
    new = commit(shop.copy, files, "By hand")
    plain_git(shop.copy, "push", "-q", "-f", str(shop.hub), f"{new}:refs/heads/mine")
    Variant.objects.filter(letter=letter).update(head_commit=new)


def marks(api: Api, shop: Shop) -> dict[str, dict[str, str]]:
    board = api.get(f"tasks/{shop.task.pk}/board")
    return {
        row["path"]: {letter: cell["mark"] for letter, cell in row["cells"].items()}
        for row in board["files"]
    }


def told(api: Api, shop: Shop, path: str = "") -> list[tuple[str, list[str], str]]:
    groups = api.get(f"tasks/{shop.task.pk}/consensus?path={path}")["groups"]
    return [
        (g["kind"], ["".join(o["letters"]) for o in g["options"]], "".join(g["voices"]))
        for g in groups
    ]


def test_what_was_taken_changes_no_kind_no_mark_and_no_count(
    api: Api, answers: Shop, pat: User
) -> None:
    def page() -> Any:
        agreement_get(ground_get(user=pat, task_id=answers.task.pk))
        return board_page(user=pat, ask=Ask(answers.task.pk))

    before, groups, was = marks(api, answers), told(api, answers), page()
    assert compose(api, answers)["letter"] == "D"
    after = marks(api, answers)
    assert {
        path: {letter: mark for letter, mark in row.items() if letter != "D"}
        for path, row in after.items()
    } == before
    assert {path: row["D"] for path, row in after.items() if "D" in row} == {
        "src/app.py": "unique",
        "only.txt": "unique",
        "new.py": "contradictory",
    }
    now = told(api, answers)
    assert [(kind, [o.replace("D", "") for o in options], v) for kind, options, v in now] == groups
    assert told(api, answers, "src/app.py") == [
        ("unique", ["AD"], "A"),
        ("unique", ["BD"], "B"),
        ("unique", ["C"], "C"),
    ]
    here = page()
    assert [(c.name, c.count) for c in here.shows] == [(c.name, c.count) for c in was.shows]
    assert here.places == was.places
    assert dict(here.counts) | {"D": ()} == dict(was.counts) | {"D": ()}
    (contradictory, unique) = dict(here.counts)["D"]
    assert (contradictory.count, unique.count) == (1, 3)
    assert unique.title == "3 of D's places are composed of what one other variant alone has"


def test_what_is_its_own_counts_as_anybody_s(api: Api, answers: Shop) -> None:
    compose(api, answers)
    go_on(answers, "D", {"src/app.py": text(n3="three\n", n4="four\n", n8="8\n")})
    assert told(api, answers, "src/app.py") == [
        ("contradictory", ["C", "D"], "CD"),
        ("unique", ["AD"], "A"),
        ("unique", ["BD"], "B"),
    ]
    assert marks(api, answers)["src/app.py"] == {
        "A": "unique",
        "B": "unique",
        "C": "contradictory",
        "D": "contradictory",
    }


def test_what_its_agent_did_since_was_not_taken(api: Api, answers: Shop, client: Client) -> None:
    """D begins with what A and B have in one file, and then does what C did, and what B has in another."""
    picks = [*PICKS[:2], {"variant": "B", "path": "new.py"}]
    api.post(f"tasks/{answers.task.pk}/compose", {"picks": picks})
    all_three = text(n3="three\n", n4="four\n", n8="eight\n")
    go_on(answers, "D", {"src/app.py": all_three, "only.txt": "b\n"})
    assert told(api, answers, "src/app.py") == [
        ("unique", ["AD"], "A"),
        ("unique", ["BD"], "B"),
        ("shared", ["CD"], "CD"),
    ]
    assert told(api, answers, "only.txt") == [("shared", ["BD"], "BD")]
    assert marks(api, answers)["only.txt"] == {"B": "shared", "D": "shared"}
    assert told(api, answers, "new.py") == [("contradictory", ["A", "BD"], "AB")]
    go_on(answers, "D", {"new.py": "a = 1\n"})
    assert told(api, answers, "new.py") == [("contradictory", ["AD", "B"], "ABD")]
    address = f"/tasks/{answers.task.pk}/consensus?path="
    assert "taken by" not in client.get(address + "only.txt").content.decode()
    assert "taken by D" in client.get(address + "src/app.py").content.decode()


def test_what_is_kept_depends_on_who_is_composed(answers: Shop, api: Api, pat: User) -> None:
    compose(api, answers)

    def ground() -> Ground:
        return ground_get(user=pat, task_id=answers.task.pk)

    known = agreement_key(ground())
    agreement = agreement_get(ground())
    Variant.objects.filter(letter="D").update(start_commit="")
    assert agreement_key(ground()) != known
    assert agreement_get(ground()).shared > agreement.shared


def test_the_pages_say_who_only_took(api: Api, answers: Shop, client: Client, pat: User) -> None:
    compose(api, answers)
    agreement_get(ground_get(user=pat, task_id=answers.task.pk))
    listed = client.get(f"/tasks/{answers.task.pk}/consensus?path=only.txt").content.decode()
    assert "taken by D</span>" in listed
    url = f"/tasks/{answers.task.pk}/compare/reading?left=base&right=D&path=only.txt"
    (change,) = client.get(url).json()["changes"]
    assert (change["kind"], change["say"]) == ("unique", "Only in B (D, composed, took it)")
    assert (change["right"], change["silent"]) == (["B", "D"], ["D"])
    # One hunk of D is of A and of B; both can be picked on D's side.
    url = f"/tasks/{answers.task.pk}/compare/reading?left=A&right=D&path=src/app.py"
    (change,) = client.get(url).json()["changes"]
    assert change["say"] == "Only in B (D, composed, took it)"
    assert len(change["right_hunks"]) == 1
    board = client.get(f"/tasks/{answers.task.pk}/board?show=unique", headers=HTMX)
    assert "1<span" in board.content.decode()
    assert "of 3 variants, and composed from them D" in board.content.decode()


def test_what_one_alone_has_is_not_what_is_next(
    redis_empty: None, api: Api, shop: Shop, client: Client, pat: User
) -> None:
    shop.variant({"a.txt": "a\n", "b.txt": "b\n"})
    picks = [{"variant": "A", "path": "a.txt"}]
    api.post(f"tasks/{shop.task.pk}/compose", {"picks": picks})
    agreement_get(ground_get(user=pat, task_id=shop.task.pk))
    address = f"/tasks/{shop.task.pk}/consensus/next"
    assert client.get(address, headers=HTMX).content.strip() == b""
    go_on(shop, "B", {"a.txt": "mine\n"})
    agreement_get(ground_get(user=pat, task_id=shop.task.pk))
    assert b"1 place contradicts" in client.get(address, headers=HTMX).content


def test_imports_in_other_places_of_a_block_are_near(api: Api, shop: Shop) -> None:
    lines = ["import abc\n", "import os\n", "import re\n"]
    base = shop.advance({"a.py": "".join([*lines, "\n", "x = 1\n"])})
    Spec.objects.update(base_commit=base)
    plain_git(shop.hub, "fetch", "-q", "origin")
    shop.task.refresh_from_db()
    for at in (0, 2, 3):
        put = [*lines[:at], "import json\n", *lines[at:], "\n", "x = 1\n"]
        shop.variant({"a.py": "".join(put)})
    assert told(api, shop) == [("near", ["A", "B", "C"], "ABC")]
    assert marks(api, shop)["a.py"] == dict.fromkeys("ABC", "partly")
