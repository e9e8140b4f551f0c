"""Board and consensus over real git, by the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from orchestrator.models import Spec, Variant
from tests.support.api import Api
from tests.support.merging import Shop
from tests.support.repositories import plain_git


@pytest.fixture
def api(pat: User) -> Api:
    return Api(pat)


@pytest.fixture
def board(api: Api, shop: Shop) -> dict[str, Any]:
    base = shop.task.spec.base_commit
    shop.variant(
        {"src/app.py": "one\n2\nthree\n", "new.py": "import os\n\nx = 1\n", "logo.bin": "a\0b"}
    )
    shop.variant(
        {"src/app.py": "one\n2\nthree\n", "new.py": "import os\n\nx = 2\n", "logo.bin": "a\0c"}
    )
    shop.variant({"src/app.py": "one\nzwei\nthree\n", "only.txt": "c\n", "README.md": None})
    found: dict[str, Any] = api.get(f"tasks/{shop.task.pk}/board")
    assert found["base_commit"] == base
    return found


def marks(board: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        row["path"]: {letter: cell["mark"] for letter, cell in row["cells"].items()}
        for row in board["files"]
    }


def test_the_board_has_a_cell_for_each_variant_that_touched_a_file(board: dict[str, Any]) -> None:
    assert marks(board) == {
        "src/app.py": dict.fromkeys("ABC", "contradictory"),
        "new.py": dict.fromkeys("AB", "contradictory"),
        "logo.bin": dict.fromkeys("AB", "contradictory"),
        "only.txt": {"C": "unique"},
        "README.md": {"C": "unique"},
    }
    cells = {row["path"]: row["cells"] for row in board["files"]}
    assert (cells["src/app.py"]["A"]["insertions"], cells["src/app.py"]["A"]["deletions"]) == (1, 1)
    assert cells["README.md"]["C"]["status"] == "D"
    assert cells["logo.bin"]["A"]["insertions"] is None
    assert [v["letter"] for v in board["variants"]] == ["A", "B", "C"]
    assert {"state", "files_changed", "insertions", "deletions", "usage"} <= set(
        board["variants"][0]
    )


def test_an_archived_variant_weighs_in_nothing(api: Api, shop: Shop, board: dict[str, Any]) -> None:
    Variant.objects.filter(letter="C").update(archived_at=timezone.now())
    left = api.get(f"tasks/{shop.task.pk}/board")
    assert marks(left)["src/app.py"] == dict.fromkeys("AB", "shared")
    assert "only.txt" not in marks(left)
    assert [v["state"] for v in left["variants"]] == ["ready", "ready", "archived"]
    found = api.get(f"tasks/{shop.task.pk}/compare?left=base&right=C")
    assert {file["path"] for file in found["files"]} == {"src/app.py", "only.txt", "README.md"}


def test_consensus_leads_from_contradictions_to_what_is_shared(
    api: Api, shop: Shop, board: dict[str, Any]
) -> None:
    found = api.get(f"tasks/{shop.task.pk}/consensus")
    order = [group["kind"] for group in found["groups"]]
    assert order == sorted(order, key=["contradictory", "unique", "near", "shared"].index)
    assert "shared" in order  # the import that both new files begin with
    by_path = {(g["path"], g["kind"]): g for g in found["groups"]}
    change = by_path["src/app.py", "contradictory"]
    assert (change["base_start"], change["base_lines"]) == (2, 1)
    assert [(o["letters"], o["text"]) for o in change["options"]] == [
        (["A", "B"], ["2"]),
        (["C"], ["zwei"]),
    ]
    shared = by_path["new.py", "shared"]
    assert [(o["letters"], o["text"]) for o in shared["options"]] == [
        (["A", "B"], ["import os", ""])
    ]
    clash = by_path["new.py", "contradictory"]
    assert {tuple(o["letters"]): o["text"] for o in clash["options"]} == {
        ("A",): ["x = 1"],
        ("B",): ["x = 2"],
    }
    gone = by_path["README.md", "unique"]
    assert [o["text"] for o in gone["options"]] == [[]]


def test_the_whole_is_what_its_files_are(api: Api, shop: Shop, board: dict[str, Any]) -> None:
    address = f"tasks/{shop.task.pk}/consensus"
    whole = api.get(address)
    order = ["contradictory", "unique", "near", "shared"]
    one_by_one = [
        group
        for path in sorted({group["path"] for group in whole["groups"]})
        for group in api.get(f"{address}?path={path}")["groups"]
    ]
    one_by_one.sort(key=lambda group: order.index(group["kind"]))
    assert whole["groups"] == one_by_one
    assert whole["total"] == len(one_by_one) > 5


def test_consensus_of_one_file(api: Api, shop: Shop, board: dict[str, Any]) -> None:
    found = api.get(f"tasks/{shop.task.pk}/consensus?path=only.txt")
    assert [(g["path"], g["kind"]) for g in found["groups"]] == [("only.txt", "unique")]
    assert api.get(f"tasks/{shop.task.pk}/consensus?path=../../etc/passwd")["groups"] == []


def test_a_renamed_file_meets_the_changes_of_its_old_name(api: Api, shop: Shop) -> None:
    shop.variant({"src/app.py": None, "src/main.py": "one\ntwo\nthree\n"})
    shop.variant({"src/app.py": "one\ntwo\nTHREE\n"})
    shop.variant({"src/app.py": None, "src/main.py": "one\ntwo\nthree\n"})
    found = marks(api.get(f"tasks/{shop.task.pk}/board"))
    assert found["src/main.py"] == {"A": "partly", "C": "partly"}
    assert found["src/app.py"] == {"B": "unique"}
    groups = api.get(f"tasks/{shop.task.pk}/consensus?path=src/app.py")["groups"]
    assert {g["about"]: [o["text"] for o in g["options"]] for g in groups} == {
        "lines": [["THREE"]],
        "facts": [["renamed to src/main.py"]],
    }


def test_a_file_is_the_same_under_its_name_in_any_variant(api: Api, shop: Shop) -> None:
    """A keeps the name, B and C rename the file, each to another one: one place, whoever asks how."""
    text = "".join(f"line {n}\n" for n in range(1, 13))
    base = shop.advance({"old name.txt": text})
    Spec.objects.update(base_commit=base)
    plain_git(shop.hub, "fetch", "-q", "origin")
    shop.task.refresh_from_db()
    shop.variant({"old name.txt": text.replace("line 3", "of A")})
    for name in ("new name.txt", "other.txt"):
        shop.variant({"old name.txt": None, name: text.replace("line 3", f"of {name}")})
    told = {}
    for name in ("old name.txt", "new name.txt", "other.txt"):
        groups = api.get(f"tasks/{shop.task.pk}/consensus?path={name}")["groups"]
        told[name] = [
            (g["kind"], g["about"], [(o["letters"], o["text"]) for o in g["options"]])
            for g in groups
        ]
    assert told["old name.txt"] == told["new name.txt"] == told["other.txt"]
    assert told["old name.txt"][1] == (
        "contradictory",
        "lines",
        [(["A"], ["of A"]), (["B"], ["of new name.txt"]), (["C"], ["of other.txt"])],
    )


def told(api: Api, shop: Shop, path: str) -> list[tuple[str, str, list[Any]]]:
    groups = api.get(f"tasks/{shop.task.pk}/consensus?path={path}")["groups"]
    return [
        (g["kind"], g["about"], [(o["letters"], o["text"]) for o in g["options"]]) for g in groups
    ]


def test_to_delete_a_file_is_not_to_empty_it(api: Api, shop: Shop) -> None:
    shop.variant({"README.md": None, "src/app.py": None})
    shop.variant({"README.md": "", "src/app.py": None})
    found = marks(api.get(f"tasks/{shop.task.pk}/board"))
    assert found["README.md"] == {"A": "partly", "B": "shared"}
    assert found["src/app.py"] == {"A": "shared", "B": "shared"}
    assert told(api, shop, "README.md") == [
        ("unique", "facts", [(["A"], ["deleted"])]),
        ("shared", "lines", [(["A", "B"], [])]),
    ]
    assert told(api, shop, "src/app.py") == [("shared", "lines", [(["A", "B"], [])])]


def test_an_empty_new_file_is_a_part_of_one_with_lines(api: Api, shop: Shop) -> None:
    shop.variant({"new.py": "", "alone.py": ""})
    shop.variant({"new.py": "x = 1\n"})
    found = marks(api.get(f"tasks/{shop.task.pk}/board"))
    assert found["new.py"] == {"A": "shared", "B": "partly"}
    assert found["alone.py"] == {"A": "unique"}
    assert told(api, shop, "new.py") == [
        ("unique", "lines", [(["B"], ["x = 1"])]),
        ("shared", "facts", [(["A", "B"], ["a new file"])]),
    ]


def test_a_task_without_an_answer_has_an_empty_board(api: Api, shop: Shop) -> None:
    assert api.get(f"tasks/{shop.task.pk}/board")["files"] == []
    assert api.get(f"tasks/{shop.task.pk}/consensus")["groups"] == []


def test_strangers_see_no_board(shop: Shop, board: dict[str, Any]) -> None:
    for part in ("board", "consensus"):
        assert Client().get(f"/api/v1/tasks/{shop.task.pk}/{part}").status_code == 401
