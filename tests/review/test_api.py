"""The API of comparing and merging, as a program uses it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from orchestrator.models import Variant
from orchestrator.states import RunState
from tests.support.api import Api
from tests.support.merging import Shop

EDIT = {"src/app.py": "one\nTWO\nthree\n", "src/new.py": "a\nb\n", "README.md": None}


@pytest.fixture
def api(pat: User) -> Api:
    return Api(pat)


@pytest.fixture
def variant(shop: Shop) -> Variant:
    return shop.variant(EDIT)


def test_compare_lists_what_two_sides_differ_in(api: Api, shop: Shop, variant: Variant) -> None:
    shop.variant({"src/app.py": "one\n2\nthree\n"})
    path = f"tasks/{shop.task.pk}/compare"

    found = api.get(f"{path}?left=base&right=A")
    assert {file["path"]: file["status"][0] for file in found["files"]} == {
        "README.md": "D",
        "src/app.py": "M",
        "src/new.py": "A",
    }
    assert found["right"]["commit"] == variant.head_commit
    assert found["left"]["commit"] == shop.task.spec.base_commit
    assert api.get(path)["right"] == found["right"]

    between = api.get(f"{path}?left=A&right=B")
    assert {file["path"] for file in between["files"]} == {"README.md", "src/app.py", "src/new.py"}
    by_commit = api.get(f"{path}?left={variant.head_commit}&right=B")
    assert by_commit["files"] == between["files"]


def test_diff_gives_the_changed_lines(api: Api, shop: Shop, variant: Variant) -> None:
    path = f"tasks/{shop.task.pk}/diff?left=base&right=A&path="
    chunks = api.get(f"{path}src/app.py")["chunks"]
    changed = [chunk for chunk in chunks if chunk["kind"] != "equal"]
    assert [chunk["kind"] for chunk in changed] == ["replace"]
    assert [(line["n"], line["text"]) for line in changed[0]["left"]] == [(2, "two")]
    assert [(line["n"], line["text"]) for line in changed[0]["right"]] == [(2, "TWO")]

    new = api.get(f"{path}src/new.py")["chunks"]
    assert [chunk["kind"] for chunk in new] == ["insert"]
    assert (new[0]["left"], len(new[0]["right"])) == ([], 2)

    tight = api.get(f"{path}src/app.py&context=0")["chunks"]
    assert [chunk["kind"] for chunk in tight] == ["replace"]


@pytest.mark.parametrize(
    "query",
    [
        "compare?left=-x",
        "compare?left=--all&right=A",
        "compare?left=base&right=Z",
        "compare?right=" + "f" * 40,
        "compare?right=HEAD",
        "compare?right=" + "x" * 5000,
        "compare?left=%00",
        "diff",
        "diff?path=",
        "diff?path=nope.txt&right=A",
        "diff?path=../../etc/passwd&right=A",
        "diff?path=src/app.py&left=-1&right=A",
        "diff?path=src/app.py&right=A&context=-1",
        "diff?path=src/app.py&right=A&context=x",
        "diff?path=src/app.py&right=A&context=9999999999999",
        "diff?path=src/app.py&right=A&whitespace=some",
        "diff?path=a%00b&right=A",
    ],
)
def test_wrong_sides_and_paths_are_refused(
    api: Api, shop: Shop, variant: Variant, query: str
) -> None:
    reply = api.call("GET", f"tasks/{shop.task.pk}/{query}")
    assert reply.status in (400, 404, 422), reply


def test_a_merge_is_told_and_never_made_twice(api: Api, shop: Shop, variant: Variant) -> None:
    path = f"tasks/{shop.task.pk}"
    seen = shop.tip()
    body = {
        "variant": "A",
        "strategy": "merge",
        "message": "Shop: better",
        "why": "Shortest.",
        "expected_target": seen,
    }
    merged = api.post(f"{path}/merge", body)
    assert merged["state"] == "merged"
    assert merged["commit"] == shop.tip()
    assert (merged["target_branch"], merged["target_commit"]) == ("main", seen)
    assert (merged["conflicts"], merged["reason"], merged["letter"]) == ([], "", "A")
    assert (merged["decided_by"], merged["why"]) == ("Pat O", "Shortest.")

    again = api.post(f"{path}/merge", body, 409)
    assert again["code"] == "task.merged"
    task = api.get(path)
    assert (task["state"], task["merged_variant"]) == ("merged", "A")
    assert task["variants"][0]["state"] == "merged"
    assert api.get(f"{path}/merges") == [merged]


def test_a_conflict_is_an_answer_not_an_error(api: Api, shop: Shop, variant: Variant) -> None:
    shop.advance({"src/app.py": "one\nzwei\nthree\n"})
    told = api.post(f"tasks/{shop.task.pk}/merge", {"variant": variant.pk, "strategy": "squash"})
    assert (told["state"], told["commit"]) == ("conflict", None)
    assert [conflict["path"] for conflict in told["conflicts"]] == ["src/app.py"]
    assert api.get(f"tasks/{shop.task.pk}")["state"] == "ready"


def test_a_target_that_moved_is_409(api: Api, shop: Shop, variant: Variant) -> None:
    seen = shop.tip()
    moved = shop.advance({"other.txt": "x\n"})
    body = {"variant": "A", "strategy": "merge", "expected_target": seen}
    told = api.post(f"tasks/{shop.task.pk}/merge", body, 409)
    assert (told["code"], told["details"]) == ("merge.target-moved", {"target": moved})


def test_a_variant_at_work_is_409(api: Api, shop: Shop) -> None:
    shop.variant(EDIT, state=RunState.RUNNING)
    body = {"variant": "A", "strategy": "merge"}
    assert api.post(f"tasks/{shop.task.pk}/merge", body, 409)["code"] == "variant.working"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"variant": "Z"}, 404),
        ({"variant": 10**30}, 404),
        ({"variant": -1}, 404),
        ({"variant": ""}, 404),
        ({"variant": "ß"}, 404),
        ({"variant": None}, 422),
        ({"strategy": "rebase"}, 422),
        ({"strategy": "--force"}, 422),
        ({"message": "a\0"}, 400),
        ({"message": 7}, 422),
        ({"expected_target": "-x"}, 400),
        ({"expected_target": "main"}, 400),
        ({"expected_target": 1}, 422),
    ],
)
def test_a_wrong_merge_is_refused(
    api: Api, shop: Shop, variant: Variant, change: dict[str, object], status: int
) -> None:
    before = shop.tip()
    body = {"variant": "A", "strategy": "merge", **change}
    api.post(f"tasks/{shop.task.pk}/merge", body, status)
    assert shop.tip() == before
    assert api.get(f"tasks/{shop.task.pk}")["state"] == "ready"


def test_a_variant_of_another_task_is_not_merged_here(
    api: Api, shop: Shop, variant: Variant
) -> None:
    api.get("tasks/99/merges", 404)
    api.post("tasks/99/merge", {"variant": variant.pk, "strategy": "merge"}, 404)
    api.post("tasks/99/merge", {"variant": "A", "strategy": "merge"}, 404)
