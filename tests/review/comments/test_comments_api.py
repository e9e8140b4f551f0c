"""The JSON API of comments."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orchestrator.models import FollowUp
from review.services.comments import reply_create
from tests.review.comments.conftest import A_AREA, Room
from tests.support.api import Api


@pytest.fixture
def path(room: Room) -> str:
    return f"tasks/{room.shop.task.pk}/comments"


def on_line(**more: Any) -> dict[str, Any]:
    return {"side": "A", "path": "area.py", "start_line": 5, "body": "Why?"} | more


def test_from_a_draft_to_a_resolved_thread(room: Room, api: Api, other_api: Api, path: str) -> None:
    draft = api.post(path, on_line(state="draft", suggestion="    return 1"), 201)
    assert draft["state"] == "draft"
    assert draft["place"] == {"path": "area.py", "start_line": 5, "end_line": 5}
    assert draft["lines"] == ["    return side**2"]
    assert other_api.get(path) == []
    other_api.patch(f"comments/{draft['id']}", {"body": "x"}, 404)
    assert api.post(f"{path}/publish", {}) == {"published": 1}
    reply = other_api.post(path, {"thread": draft["id"], "body": "Because"}, 201)
    assert (reply["thread"], reply["author"], reply["lines"]) == (draft["id"], "kim", [])
    other_api.patch(f"comments/{draft['id']}", {"body": "Mine now"}, 403)
    other_api.delete(f"comments/{draft['id']}", 403)
    assert api.patch(f"comments/{draft['id']}", {"body": "Why so?"})["body"] == "Why so?"
    assert other_api.patch(f"comments/{reply['id']}", {"state": "resolved"})["outdated"] is False
    assert api.get(path)[0]["state"] == "resolved"
    assert api.patch(f"comments/{draft['id']}", {"state": "published"})["state"] == "published"
    room.newer(room.a, {"area.py": A_AREA.replace("side**2", "0")})
    found = api.get(path)[0]
    assert (found["outdated"], found["place"], found["start_line"]) == (True, None, 5)
    api.delete(f"comments/{draft['id']}", 204)
    assert [c["deleted"] for c in api.get(path)] == [True, False]


def test_sending(room: Room, api: Api, other_api: Api, path: str) -> None:
    one, two = (api.post(path, on_line(body=body), 201)["id"] for body in ("One", "Two"))
    sent = api.post(f"{path}/send", {"comments": [one, two], "variants": ["a"]})
    assert [(s["variant"], s["state"]) for s in sent] == [("A", "run")]
    assert api.get(path)[0]["sent"] == [{"letter": "A", "run": 2}]
    assert len(api.post(f"{path}/send", {"comments": [one], "variants": "all"})) == 2
    assert FollowUp.objects.count() == 2  # A has been told
    again = {"comments": [one], "variants": ["A"], "again": True}
    api.post(f"{path}/send", again)
    assert FollowUp.objects.count() == 3
    secret = other_api.post(path, on_line(state="draft"), 201)["id"]
    for body, status in (
        ({"comments": [secret]}, 404),
        ({"comments": []}, 422),
        ({"comments": [one], "variants": ["Q"]}, 409),
        ({"comments": [one], "variants": []}, 422),
        ({"comments": [2**70]}, 422),
        ({"comments": [-1]}, 422),
        ({"comments": "all"}, 422),
        ({}, 422),
    ):
        api.post(f"{path}/send", body, status)
    assert FollowUp.objects.count() == 3


def test_publishing_what_cannot_be(room: Room, api: Api, path: str) -> None:
    draft = api.post(path, on_line(state="draft"), 201)["id"]
    for number in (10**30, -1, 0):
        api.post(f"{path}/publish", {"comments": [number]}, 422)
    assert api.post(f"{path}/publish", {"comments": [draft + 1]}) == {"published": 0}
    assert api.post(f"{path}/publish", {"comments": [draft]}) == {"published": 1}


def test_the_list_takes_as_many_queries_for_ten_replies_as_for_one(
    room: Room, api: Api, path: str
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            api.get(path)
        return len(captured)

    thread = room.say()
    reply_create(user=room.kim, thread=thread, body="Because")
    queries()
    one = queries()
    for number in range(9):
        reply_create(user=room.kim, thread=thread, body=f"Because {number}")
    assert queries() == one


@pytest.mark.parametrize(
    "body",
    [
        {"body": "a\0b"},
        {"body": "\ud800"},
        {"body": "x" * 1_000_000},
        {"body": ""},
        {"body": 5},
        {"path": "../area.py"},
        {"path": "a\0b"},
        {"start_line": 0, "about": "lines"},
        {"start_line": 2**70},
        {"start_line": -1},
        {"end_line": 3},
        {"side": "--help"},
        {"about": "variant", "side": "base"},
        {"commit": "--all"},
        {"thread": 999},
        {"thread": 2**70},
        {"about": "nothing"},
        {"state": "resolved"},
    ],
)
def test_bad_input_is_refused(room: Room, api: Api, path: str, body: dict[str, Any]) -> None:
    assert 400 <= api.call("POST", path, on_line(**body)).status < 500
    assert api.get(path) == []


@pytest.mark.parametrize("sent", [5, "x", False, [], [{}], None])
def test_what_is_no_object_publishes_and_writes_nothing(
    room: Room, api: Api, path: str, sent: object
) -> None:
    draft = api.post(path, on_line(state="draft"), 201)["id"]
    for method, where in (
        ("POST", f"{path}/publish"),
        ("POST", path),
        ("PATCH", f"comments/{draft}"),
    ):
        reply = api.call(method, where, raw=json.dumps(sent).encode())
        assert (reply.status, reply.body["code"]) == (422, "request.invalid")
    assert [comment["state"] for comment in api.get(path)] == ["draft"]


def test_markup_is_text(room: Room, api: Api, path: str) -> None:
    made = api.post(path, on_line(body="<img src=x onerror=alert(1)>"), 201)
    assert made["body"] == "<img src=x onerror=alert(1)>"


def test_strangers_and_unknown_ids(room: Room, api: Api, path: str) -> None:
    made = api.post(path, on_line(), 201)["id"]
    for method, where in (
        ("GET", path),
        ("POST", path),
        ("PATCH", f"comments/{made}"),
        ("DELETE", f"comments/{made}"),
        ("POST", f"{path}/send"),
        ("POST", f"{path}/publish"),
        ("POST", f"comments/{made}/apply"),
    ):
        answer = api.client.generic(
            method, f"/api/v1/{where}", b"{}", content_type="application/json"
        )
        assert answer.status_code == 401, (method, where)
    for ref in ("0", "-1", "abc", "9" * 30, "²"):
        api.patch(f"comments/{ref}", {"body": "x"}, 404)
    api.get("tasks/999/comments", 404)
    api.post(f"comments/{made}/apply", {}, 400)
