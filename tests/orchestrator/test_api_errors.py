"""Who may call the API, and how it says no: always `{"code", "message", "details"}`, whatever was sent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from orchestrator.lib.api import JsonRenderer
from tests.support.api import Api, refusal_check


@pytest.fixture
def api(db: None, settings: Settings, tmp_path: Path) -> Api:
    settings.BAKEOFF_DATA_DIR = tmp_path / "data"
    return Api(User.objects.create_user("pat"))


def refusal(response: Any, status: int, code: str = "") -> None:
    assert response.status_code == status, response.content
    body = json.loads(response.content)
    refusal_check(body)
    assert not code or body["code"] == code


# --- Who ------------------------------------------------------------------------------------------
PATHS = ["projects", "tasks", "agents", "tasks/1", "runs/x/events", "openapi.json", "nonsense", ""]


@pytest.mark.parametrize("path", PATHS)
def test_strangers_see_nothing(api: Api, path: str) -> None:
    response = Client().get(f"/api/v1/{path}")
    refusal(response, 401, "auth.required")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["", "x", "bko_x", "ü", "a b c", "x" * 5000])
def test_a_wrong_token_is_refused_even_beside_a_good_session(api: Api, token: str) -> None:
    client = Client()
    client.force_login(api.user)
    headers = {"Authorization": f"Bearer {token}"}
    refusal(client.get("/api/v1/tasks", headers=headers), 401, "auth.token")


def test_the_token_of_somebody_who_left_is_refused(api: Api) -> None:
    User.objects.filter(pk=api.user.pk).update(is_active=False)
    assert api.call("GET", "tasks").status == 401


def test_the_session_reads_and_needs_the_csrf_token_to_write(api: Api) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(api.user)
    assert client.get("/api/v1/tasks").status_code == 200
    assert client.get("/api/v1/openapi.json").status_code == 200

    body = json.dumps({"name": "cat", "adapter": "command", "command": ["cat"]})

    def post(**headers: str) -> Any:
        path = "/api/v1/agents"
        return client.post(path, body, content_type="application/json", headers=headers)

    refusal(post(), 403, "auth.csrf")
    refusal(client.delete("/api/v1/agents/1"), 403, "auth.csrf")

    token = "t" * 32
    client.cookies[django_settings.CSRF_COOKIE_NAME] = token
    assert post(**{"X-CSRFToken": token}).status_code == 201


def test_a_token_needs_no_csrf_token(api: Api) -> None:
    api.client = Client(enforce_csrf_checks=True)
    api.post("agents", {"name": "cat", "adapter": "command", "command": ["cat"]}, 201)


# --- What is not there ----------------------------------------------------------------------------
@pytest.mark.parametrize("ref", ["0", "-1", "x", "1.5", "9" * 40, "%00", "%2e%2e", "1%0a", "'"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "projects/{}"),
        ("GET", "agents/{}"),
        ("GET", "tasks/{}"),
        ("GET", "variants/{}"),
        ("GET", "runs/{}"),
        ("GET", "runs/{}/events"),
        ("GET", "runs/{}/events/1"),
        ("GET", "tasks/{}/compare"),
        ("GET", "tasks/{}/diff?path=x"),
        ("GET", "tasks/{}/merges"),
        ("DELETE", "agents/{}"),
        ("DELETE", "variants/{}"),
        ("POST", "tasks/{}/stop"),
        ("POST", "variants/{}/stop"),
        ("POST", "agents/{}/try"),
    ],
)
def test_unknown_things_are_not_found(api: Api, method: str, path: str, ref: str) -> None:
    reply = api.call(method, path.format(ref))
    assert reply.status == 404, reply
    assert re.fullmatch(r"[a-z]+\.not-found", reply.body["code"])


def test_unknown_addresses_and_methods_are_told_in_json(api: Api) -> None:
    assert api.call("GET", "nonsense/1").body["code"] == "api.not-found"
    assert api.call("GET", "").body["code"] == "api.not-found"
    assert api.call("GET", "tasks/1/judge").status == 404
    reply = api.call("PUT", "tasks")
    assert (reply.status, reply.body["code"]) == (405, "api.method")
    assert "POST" in reply.headers["Allow"]


# --- What cannot be understood --------------------------------------------------------------------
@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"\xff\xfe",
        b'{"name": "x", "adapter": NaN}',
        b'{"name": "x", "timeout_s": 1e999}',
        b'{"name": "x\\u0000", "adapter": "demo"}',
        b'{"name": "x", "adapter": "demo", "model": "\\ud800"}',
        b'{"name": "x", "adapter": "demo", "env": {"\\udfff": "1"}}',
        b'{"name": "x", "adapter": "demo", "args": ["\\u0000"]}',
        b"[" * 100_000,
        b'{"env":' * 50 + b"{}" + b"}" * 50,
        b'{"timeout_s": ' + b"9" * 5000 + b"}",
        b"name=x&adapter=demo",
        b'{"name": "x", "adapter": "demo"} trailing',
    ],
)
def test_a_body_that_is_not_what_was_asked_for(api: Api, raw: bytes) -> None:
    reply = api.call("POST", "agents", raw=raw)
    assert reply.status in (400, 422), reply
    assert reply.body["code"] in ("request.json", "request.text", "request.invalid")
    assert api.get("agents") == []


def test_a_good_surrogate_pair_is_a_character(api: Api) -> None:
    raw = b'{"name": "x", "adapter": "demo", "env": {"A": "\\ud83d\\ude00"}}'
    assert api.call("POST", "agents", raw=raw).body["env"] == {"A": "😀"}


def test_a_body_too_large_is_said_to_be_so(api: Api, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    reply = api.call("POST", "agents", {"name": "x" * 2000, "adapter": "demo"})
    assert (reply.status, reply.body["code"]) == (413, "request.too-large")


def test_the_field_at_fault_is_named(api: Api) -> None:
    body = {"project": 1, "title": "T", "spec": "x", "variants": [{"agent": "a", "count": "all"}]}
    refused = api.post("tasks", body, 422)
    assert list(refused["details"]["fields"]) == ["variants.0.count"]
    assert refused["message"].startswith("variants.0.count: ")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=1e9", f"before={10**40}", "before="]
)
def test_a_wrong_query_value_is_refused(api: Api, query: str) -> None:
    api.get(f"tasks?{query}", 422)


def test_a_nul_in_a_query_is_refused(api: Api) -> None:
    assert api.get("tasks?project=%00", 400)["code"] == "request.text"


def test_a_failure_of_ours_is_json_too_and_tells_no_secrets(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("orchestrator.selectors.access.tasks_for", broken)
    reply = api.call("GET", "tasks")
    assert (reply.status, reply.body["code"]) == (500, "internal")
    assert "hunter2" not in json.dumps(reply.body)
    assert "hunter2" in caplog.text


# --- What is answered -----------------------------------------------------------------------------
def test_the_schema_describes_every_operation(api: Api) -> None:
    schema = api.get("openapi.json")
    paths = schema["paths"]
    assert schema["openapi"].startswith("3.")
    for path in ("tasks", "tasks/{task_id}/merge", "runs/{run_id}/events"):
        assert f"/api/v1/{path}" in paths
    unfinished = ("judge", "verdicts", "undo")
    assert not [path for path in paths if path.endswith(unfinished)]
    merge = paths["/api/v1/tasks/{task_id}/merge"]["post"]
    assert set(merge["responses"]) >= {"200", "404", "409"}
    assert {"type": "http", "scheme": "bearer"} in schema["components"]["securitySchemes"].values()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\ud800b", "a\ufffdb"),
        (float("nan"), None),
        (float("inf"), None),
        ("</script>\u2028😀", "</script>\u2028😀"),
    ],
)
def test_whatever_an_agent_printed_the_answer_is_json(value: object, shown: object) -> None:
    rendered = JsonRenderer().render(None, {"events": [{"input": value}]}, response_status=200)  # type: ignore[arg-type]

    def no_constants(name: str) -> None:
        raise AssertionError(name)

    assert json.loads(rendered.decode(), parse_constant=no_constants) == {
        "events": [{"input": shown}]
    }
