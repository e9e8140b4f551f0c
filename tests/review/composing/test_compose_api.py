"""Composing through the API: real commits in a real hub."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from orchestrator.git import locks
from orchestrator.git.hub import blob_read
from orchestrator.git.refs import is_commit_id
from orchestrator.models import Activity, Run, Snapshot, Variant
from orchestrator.states import VARIANTS_MAX, Resolution, RunState
from review.models import Composition
from review.selectors import composing
from review.selectors.hunks import PairHunks, pair_hunks
from review.selectors.trays import tray_page
from review.services.trays import tray_change
from tests.support.api import Api
from tests.support.merging import Shop
from tests.support.repositories import plain_git

pytestmark = pytest.mark.django_db

APP = "one\ntwo\nthree\n"
LONG = "".join(f"line {n}\n" for n in range(1, 21))


@pytest.fixture
def api(pat: User) -> Api:
    return Api(pat)


def changed(**lines: str) -> str:
    out = LONG
    for name, text in lines.items():
        out = out.replace(f"line {name[1:]}\n", text + "\n")
    return out


def three(shop: Shop) -> None:
    """`src/app.py` is one\\ntwo\\nthree in the base; A and B add a file each of one name."""
    shop.variant({"src/app.py": "1\ntwo\nthree\n", "doc.md": "by A\n", "a.txt": "A\n"})
    shop.variant({"src/app.py": "one\ntwo\n3\n", "doc.md": "by B\n"})
    shop.variant({"src/app.py": "ONE\ntwo\nthree\n", "README.md": None})


def content(shop: Shop, variant: dict[str, Any], path: str) -> str | None:
    head = variant["head_commit"]
    data = blob_read(hub=shop.hub, commit=head, path=path, limit_bytes=10**6)
    return None if data is None else data.decode()


def test_files_and_hunks_of_three_variants_become_a_fourth(shop: Shop, api: Api, pat: User) -> None:
    three(shop)
    picks = [
        {"variant": "A", "path": "a.txt"},
        {"variant": "B", "path": "src/app.py", "hunks": [1]},
        {"variant": "A", "path": "src/app.py", "hunks": [1]},
        {"variant": "C", "path": "README.md"},
    ]
    made = api.post(f"tasks/{shop.task.pk}/compose", {"picks": picks, "why": "Best of three."})
    assert (made["letter"], made["state"], made["composed"]) == ("D", "ready", True)
    assert made["branch"] == f"bakeoff/{shop.task.pk}/D"
    assert made["runs"] == []
    assert content(shop, made, "src/app.py") == "1\ntwo\n3\n"
    assert content(shop, made, "a.txt") == "A\n"
    assert content(shop, made, "README.md") is None
    assert content(shop, made, "doc.md") is None
    assert (made["files_changed"], made["insertions"]) == (3, 3)
    assert plain_git(shop.hub, "rev-parse", made["branch"]) == made["head_commit"]
    assert plain_git(shop.hub, "rev-parse", made["branch"] + "^") == shop.task.spec.base_commit

    said = plain_git(shop.hub, "log", "-1", "--format=%an <%ae>%n%B", made["head_commit"])
    title = "Better <shop>: A (1 file and 1 hunk), B (1 hunk) and C (1 file)"
    assert said.startswith(f"Pat O <pat@example.org>\n{title}\n\nBest of three.\n")
    assert "Composed-From: A" in said

    told = made["composition"]
    assert told["summary"] == "A (1 file and 1 hunk), B (1 hunk) and C (1 file)"
    assert told["why"] == "Best of three."
    by_path = {file["path"]: file for file in told["files"]}
    assert by_path["a.txt"]["whole"] == ["A"]
    assert by_path["README.md"]["deleted"] is True
    parts = [
        (p["letters"], p["base_start"], p["base_lines"], p["changes"])
        for p in by_path["src/app.py"]["parts"]
    ]
    assert parts == [(["A"], 1, 1, {"A": 1}), (["B"], 3, 1, {"B": 1})]
    assert api.get(f"variants/{made['id']}")["letter"] == "D"
    assert api.get(f"variants/{made['id']}/composition")["files"] == told["files"]
    row = Activity.objects.get(verb="variant.composed")
    assert (row.actor, row.variant_id) == (pat, made["id"])


def test_the_new_variant_is_read_like_any_other(shop: Shop, api: Api) -> None:
    three(shop)
    made = api.post(
        f"tasks/{shop.task.pk}/compose", {"picks": [{"variant": "A", "path": "doc.md"}]}
    )
    task = api.get(f"tasks/{shop.task.pk}")
    assert [v["letter"] for v in task["variants"]] == ["A", "B", "C", "D"]
    compared = api.get(f"tasks/{shop.task.pk}/compare?left=base&right=D")
    assert [file["path"] for file in compared["files"]] == ["doc.md"]
    board = api.get(f"tasks/{shop.task.pk}/board")
    assert {f["path"]: sorted(f["cells"]) for f in board["files"]}["doc.md"] == ["A", "B", "D"]
    assert api.get(f"tasks/{shop.task.pk}/compare?left=A&right=D")["files_changed"] == 2
    assert api.get(f"variants/{made['id']}")["usage"]["cost_usd"] is None
    first = api.get(f"tasks/{shop.task.pk}/compare?left=base&right=D@snapshot1")
    assert first["right"]["commit"] == made["head_commit"]


def test_hunks_and_lines_between_two_variants(shop: Shop, api: Api) -> None:
    shop.variant({"n.txt": "one\ntwo\nthree\n", "src/app.py": "1\ntwo\n3\n", "bin": "\0a"})
    shop.variant(
        {"n.txt": "I\ntwo\nIII\n", "src/app.py": "I\ntwo\nIII\n", "bin": "\0b", "b.txt": "B\n"}
    )
    url = f"tasks/{shop.task.pk}/compose"

    def pick(path: str = "n.txt", **fields: Any) -> dict[str, Any]:
        return {"variant": "B", "against": "A", "path": path, **fields}

    made = api.post(url, {"picks": [{"variant": "A"}, pick(hunks=[2])]})
    assert content(shop, made, "n.txt") == "one\ntwo\nIII\n"
    assert content(shop, made, "src/app.py") == "1\ntwo\n3\n"
    (file,) = [f for f in made["composition"]["files"] if f["path"] == "n.txt"]
    assert [part["letters"] for part in file["parts"]] == [["A", "B"]]
    assert made["composition"]["picks"][1] == pick(hunks=[2])
    made = api.post(url, {"picks": [pick("src/app.py", lines={"left": [1], "right": [1]})]})
    assert content(shop, made, "src/app.py") == "I\ntwo\nthree\n"
    assert content(shop, made, "n.txt") is None

    back = {"variant": "A", "against": "B", "path": "n.txt", "lines": {"left": [1], "right": [1]}}
    made = api.post(url, {"picks": [{"variant": "B", "path": "n.txt"}, back]})
    assert content(shop, made, "n.txt") == "one\ntwo\nIII\n"

    for wrong, says in (
        (pick("README.md", hunks=[1]), "have the same"),
        (pick("b.txt", hunks=[1]), "A has no file"),
        (pick("bin", hunks=[1]), "no lines to take"),
        (pick(hunks=[3]), "has 2 changes against A"),
        (pick(lines=[2]), "Line 2 of B is not among"),
        (pick(), "taken against nothing"),
        (pick(hunks=[1]) | {"against": "B"}, "another variant"),
        (pick(hunks=[1]) | {"against": "base"}, "another variant"),
    ):
        assert says in api.post(url, {"picks": [wrong]}, status=400)["message"]
    api.post(url, {"picks": [pick(hunks=[1]) | {"against": "Z"}]}, status=404)


def test_a_pair_of_variants_is_read_once_for_all_picks_between_them(
    shop: Shop, pat: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for word in ("a", "b"):
        shop.variant({"src/long.py": LONG.replace("line", word).replace("\n", "\nsame\n")})
    picks: list[dict[str, Any]] = [{"variant": "A"}]
    picks += [
        {"variant": "B", "against": "A", "path": "src/long.py", "hunks": [n]} for n in range(1, 21)
    ]
    tray_change(user=pat, task=shop.task, add=picks)
    read: Counter[tuple[str, str]] = Counter()

    def counted(*, hub: Path, left: str, right: str) -> PairHunks:
        read[left, right] += 1
        return pair_hunks(hub=hub, left=left, right=right)

    monkeypatch.setattr(composing, "pair_hunks", counted)
    page = tray_page(user=pat, task=shop.task)
    assert [chip.text for chip in page.chips[1:3]] == [f"long.py, line {n} into A" for n in (1, 3)]
    assert len(read) == 4  # base to A, base to B, A to B, B to A
    assert set(read.values()) == {1}


def test_the_place_of_a_contradiction_in_a_variants_file_is_told_as_that(
    shop: Shop, api: Api
) -> None:
    for text in ("one\ntwo\nthree\n", "I\ntwo\nthree\n", "1\ntwo\nthree\n"):
        shop.variant({"n.txt": text})
    picks: list[dict[str, Any]] = [{"variant": "A", "path": "n.txt"}]
    picks += [{"variant": x, "against": "A", "path": "n.txt", "hunks": [1]} for x in "BC"]
    refused = api.post(f"tasks/{shop.task.pk}/compose", {"picks": picks}, status=409)
    assert "n.txt, line 1 of A: B and C put different lines there." in refused["message"]
    (conflict,) = refused["details"]["conflicts"]
    assert (conflict["against"], conflict["base_start"], conflict["base_lines"]) == ("A", 1, 1)


def test_hunks_by_key_and_by_place(shop: Shop, api: Api) -> None:
    shop.advance({"src/long.py": LONG})
    shop.task.spec.base_commit = shop.tip()
    shop.task.spec.save()
    plain_git(shop.hub, "fetch", "-q", "origin")
    shop.variant({"src/long.py": changed(l2="two", l9="nine", l15="fifteen")})
    url = f"tasks/{shop.task.pk}/diff?left=base&right=A&path=src/long.py"
    chunks = [chunk for chunk in api.get(url)["chunks"] if chunk["kind"] != "equal"]
    assert [chunk["change"] for chunk in chunks] == [1, 2, 3]
    for hunk in (chunks[1]["key"], {"base_start": 9, "base_lines": 1}, 2):
        pick = {"variant": "A", "path": "src/long.py", "hunks": [hunk]}
        made = api.post(f"tasks/{shop.task.pk}/compose", {"picks": [pick]})
        assert content(shop, made, "src/long.py") == changed(l9="nine")
    # All but one: the whole variant, and the base where its second hunk is.
    picks = [
        {"variant": "A"},
        {"variant": "base", "path": "src/long.py", "hunks": [chunks[1]["key"]]},
    ]
    made = api.post(f"tasks/{shop.task.pk}/compose", {"picks": picks})
    assert content(shop, made, "src/long.py") == changed(l2="two", l15="fifteen")
    # One line of a hunk: what was there stays unless it is taken out.
    lines = {"variant": "A", "path": "src/long.py", "lines": {"left": [2], "right": [2]}}
    made = api.post(f"tasks/{shop.task.pk}/compose", {"picks": [lines]})
    assert content(shop, made, "src/long.py") == changed(l2="two")


def test_a_file_can_be_named_as_another_variant_has_renamed_it(shop: Shop, api: Api) -> None:
    shop.advance({"old.py": LONG, "other.py": LONG.upper()})
    shop.task.spec.base_commit = shop.tip()
    shop.task.spec.save()
    plain_git(shop.hub, "fetch", "-q", "origin")
    shop.variant({"old.py": changed(l2="two")})
    shop.variant({"old.py": None, "new.py": changed(l9="nine")})
    shop.variant({"a.txt": "c\n"})
    url = f"tasks/{shop.task.pk}/compose"
    for name in ("old.py", "new.py"):
        made = api.post(url, {"picks": [{"variant": "A", "path": name}]})
        assert content(shop, made, "old.py") == changed(l2="two")
        picks = [{"variant": "B", "path": name}, {"variant": "A", "path": name, "hunks": [1]}]
        made = api.post(url, {"picks": picks})
        assert content(shop, made, "new.py") == changed(l2="two", l9="nine")
        assert content(shop, made, "old.py") is None
        picks = [{"variant": "B"}, {"variant": "base", "path": name}]
        said = api.post(url, {"picks": picks}, status=400)
        assert said["code"] == "compose.empty"
        # C has it as the base does, and that can be taken as well.
        said = api.post(url, {"picks": [{"variant": "C", "path": name}]}, status=400)
        assert said["code"] == "compose.empty"
    # Another file got that name, too: now it says too little.
    shop.variant({"other.py": None, "new.py": LONG.upper()})
    said = api.post(url, {"picks": [{"variant": "A", "path": "new.py"}]}, status=404)
    assert said["code"] == "compose.no-file"
    assert "Several files have become 'new.py'" in said["message"]
    made = api.post(url, {"picks": [{"variant": "B", "path": "new.py"}]})
    assert content(shop, made, "new.py") == changed(l9="nine")
    assert content(shop, made, "old.py") is None


def test_contradicting_picks_make_nothing(shop: Shop, api: Api) -> None:
    three(shop)
    picks = [{"variant": "A", "path": "src/app.py"}, {"variant": "C", "path": "src/app.py"}]
    said = api.post(f"tasks/{shop.task.pk}/compose", {"picks": picks}, status=409)
    assert said["code"] == "compose.conflict"
    (conflict,) = said["details"]["conflicts"]
    assert conflict["path"] == "src/app.py"
    assert (conflict["base_start"], conflict["base_lines"]) == (1, 1)
    assert conflict["letters"] == ["A", "C"]
    assert [option["text"] for option in conflict["options"]] == [["1"], ["ONE"]]
    assert Variant.objects.count() == 3
    assert not plain_git(shop.hub, "for-each-ref", f"refs/heads/bakeoff/{shop.task.pk}/D")


def test_a_contradiction_in_a_file_that_the_base_lacks_is_before_its_first_line(
    shop: Shop, api: Api
) -> None:
    three(shop)
    picks = [{"variant": letter, "path": "doc.md"} for letter in "AB"]
    said = api.post(f"tasks/{shop.task.pk}/compose", {"picks": picks}, status=409)
    assert "doc.md, before line 1: " in said["message"]


@pytest.mark.parametrize(
    ("picks", "status", "code"),
    [
        ([], 400, "compose.empty"),
        ([{"variant": "Z", "path": "src/app.py"}], 404, "variant.not-found"),
        ([{"variant": "A", "path": "nowhere"}], 404, "compose.no-file"),
        ([{"variant": "A", "path": "src/app.py", "hunks": [2]}], 400, "compose.no-hunk"),
        ([{"variant": "A", "path": "src/app.py", "hunks": [0]}], 400, "compose.no-hunk"),
        ([{"variant": "A", "path": "src/app.py", "hunks": []}], 400, "compose.pick"),
        ([{"variant": "A", "hunks": [1]}], 400, "compose.pick"),
        ([{"variant": "A", "path": "src/app.py", "lines": [3]}], 400, "compose.no-line"),
        ([{"variant": "C", "path": "src/app.py", "hunks": ["\ud800"]}], 400, None),
        ([{"variant": "C", "path": "a\0b"}], 400, None),
        ([{"variant": "base"}], 400, "compose.pick"),
        ([{"variant": "base", "path": "src/app.py"}], 400, "compose.empty"),
        ([{"variant": 10**20, "path": "src/app.py"}], 404, "variant.not-found"),
        ([{"variant": "A", "path": "src/app.py", "lines": "x"}], 422, "request.invalid"),
        ([{"variant": "A", "path": "src/app.py", "lines": False}], 422, "request.invalid"),
        ("A", 422, None),
    ],
)
def test_bad_picks_are_refused(
    shop: Shop, api: Api, picks: object, status: int, code: str | None
) -> None:
    three(shop)
    reply = api.call("POST", f"tasks/{shop.task.pk}/compose", {"picks": picks})
    assert 400 <= reply.status < 500
    if code:
        assert (reply.status, reply.body["code"]) == (status, code)
    assert Variant.objects.count() == 3


def test_strangers_and_other_tasks(shop: Shop, api: Api, client: Any) -> None:
    three(shop)
    path = f"/api/v1/tasks/{shop.task.pk}/compose"
    assert client.post(path, "{}", content_type="application/json").status_code == 401
    api.post("tasks/999/compose", {"picks": [{"variant": "A"}]}, status=404)
    variant = api.get(f"tasks/{shop.task.pk}")["variants"][0]["id"]
    made = api.post(f"tasks/{shop.task.pk}/compose", {"picks": [{"variant": variant}]})
    assert made["composition"]["picks"] == [{"variant": "A"}]


def test_a_task_that_is_resolved_or_full_takes_no_more(shop: Shop, api: Api) -> None:
    three(shop)
    picks = {"picks": [{"variant": "A"}]}
    for _ in range(VARIANTS_MAX - 3):
        last = api.post(f"tasks/{shop.task.pk}/compose", picks)
    assert last["letter"] == "P"
    said = api.post(f"tasks/{shop.task.pk}/compose", picks, status=409)
    assert said["code"] == "task.variants-full"
    assert "16" in said["message"]
    shop.task.resolution = Resolution.CLOSED
    shop.task.save()
    said = api.post(f"tasks/{shop.task.pk}/compose", picks, status=409)
    assert said["code"] == "task.resolved"


def test_an_agent_is_asked_to_reconcile(shop: Shop, api: Api) -> None:
    three(shop)
    picks = [
        {"variant": "A", "path": "src/app.py"},
        {"variant": "C", "path": "src/app.py"},
        {"variant": "B", "path": "src/app.py"},
        {"variant": "A", "path": "a.txt"},
    ]
    body = {"picks": picks, "reconcile": {"agent": "scripted", "note": "Prefer short names."}}
    made = api.post(f"tasks/{shop.task.pk}/compose", body)
    assert content(shop, made, "src/app.py") == "one\ntwo\n3\n"
    assert content(shop, made, "a.txt") == "A\n"
    (run,) = Run.objects.filter(variant=made["id"])
    assert run.state == RunState.QUEUED
    for part in (
        "src/app.py, line 1",
        "A:\n```\n1\n```",
        "C:\n```\nONE\n```",
        "Prefer short names.",
    ):
        assert part in run.prompt
    assert "Make the shop better." in run.prompt
    api.post(
        f"tasks/{shop.task.pk}/compose", {**body, "reconcile": {"agent": "nobody"}}, status=404
    )


@pytest.mark.parametrize(
    ("reconcile", "status"),
    [(False, 409), (None, 409), (0, 409), ("", 422), ("no", 422), ([], 422), (True, 422)],
)
def test_no_agent_is_asked_unless_an_object_asks(
    shop: Shop, api: Api, reconcile: object, status: int
) -> None:
    three(shop)
    picks = [{"variant": letter, "path": "src/app.py"} for letter in "AC"]
    body = {"picks": picks, "reconcile": reconcile}
    api.post(f"tasks/{shop.task.pk}/compose", body, status)
    assert not Run.objects.filter(state=RunState.QUEUED).exists()
    assert Variant.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_no_transaction_waits_for_the_hub(
    shop: Shop, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub may be packed for minutes; who waits for that must not hold the database's write lock."""
    three(shop)
    waits = []
    acquire = locks._acquire

    def acquired(path: Path, timeout_s: float) -> int:
        if path.name.startswith(shop.hub.name):
            waits.append(connection.in_atomic_block)
        return acquire(path, timeout_s)

    monkeypatch.setattr(locks, "_acquire", acquired)
    api.post(f"tasks/{shop.task.pk}/compose", {"picks": [{"variant": "A", "path": "a.txt"}]})
    assert waits
    assert not any(waits)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_get_letters_of_their_own(shop: Shop, api: Api) -> None:
    three(shop)
    made: list[dict[str, Any]] = []

    def compose(letter: str) -> None:
        try:
            made.append(api.post(f"tasks/{shop.task.pk}/compose", {"picks": [{"variant": letter}]}))
        finally:
            connection.close()

    threads = [threading.Thread(target=compose, args=(letter,)) for letter in "ABC"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(v["letter"] for v in made) == ["D", "E", "F"]
    for variant in made:
        assert plain_git(shop.hub, "rev-parse", variant["branch"]) == variant["head_commit"]


def test_one_that_dies_before_the_row_leaves_nothing_to_see(
    shop: Shop, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last write of the transaction fails: no Variant, no Snapshot, no audit row; then it works."""
    three(shop)
    picks = {"picks": [{"variant": "A"}]}
    create = Composition.objects.create
    monkeypatch.setattr(
        Composition.objects, "create", lambda **_: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        api.post(f"tasks/{shop.task.pk}/compose", picks)
    assert Variant.objects.count() == 3
    assert not Snapshot.objects.exists()
    assert not Activity.objects.filter(verb="variant.composed").exists()
    monkeypatch.setattr(Composition.objects, "create", create)
    made = api.post(f"tasks/{shop.task.pk}/compose", {"picks": [{"variant": "B"}]})
    assert made["letter"] == "D"
    assert plain_git(shop.hub, "rev-parse", made["branch"]) == made["head_commit"]
    assert is_commit_id(made["head_commit"])


def test_it_merges_like_any_other(shop: Shop, api: Api) -> None:
    three(shop)
    picks = [{"variant": "A", "path": "a.txt"}, {"variant": "B", "path": "src/app.py"}]
    made = api.post(f"tasks/{shop.task.pk}/compose", {"picks": picks})
    merged = api.post(f"tasks/{shop.task.pk}/merge", {"variant": made["letter"]})
    assert merged["state"] == "merged"
    assert plain_git(shop.origin, "show", "main:src/app.py") == "one\ntwo\n3"
    assert plain_git(shop.origin, "show", "main:a.txt") == "A"
    assert "Composed from A (1 file) and B (1 file) as variant D" in shop.log("%B")
