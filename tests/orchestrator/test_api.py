"""The API of projects, agents, tasks, variants and runs, on real repositories and a real feed."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from agents.models import AgentProfile
from orchestrator import feed
from orchestrator.models import Permission, Preview, Run, Variant
from orchestrator.services.run_ending import run_seal_unfollowed
from orchestrator.states import PreviewState, RunState
from tests.support.api import Api
from tests.support.live import end, entry
from tests.support.repositories import plain_git, write


@pytest.fixture
def api(db: None, settings: Settings, tmp_path: Path) -> Api:
    settings.BAKEOFF_DATA_DIR = tmp_path / "data"
    settings.MEDIA_ROOT = tmp_path / "media"
    return Api(User.objects.create_user("pat"))


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    origin = tmp_path / "shop"
    write(origin / "README.md")
    plain_git(origin, "init", "-q", "-b", "main")
    for name, value in (("name", "Pat"), ("email", "pat@example.org")):
        plain_git(origin, "config", f"user.{name}", value)
    plain_git(origin, "add", "-A")
    plain_git(origin, "commit", "-q", "-m", "First")
    plain_git(origin, "branch", "other")
    return origin


@pytest.fixture
def project(api: Api, origin: Path) -> int:
    made: int = api.post("projects", {"name": "shop", "source": str(origin)}, 201)["id"]
    return made


@pytest.fixture
def agent(api: Api) -> str:
    api.post("agents", {"name": "cat", "adapter": "command", "command": ["cat"]}, 201)
    return "cat"


@pytest.fixture
def task(api: Api, project: int, agent: str) -> dict[str, Any]:
    rows = [{"agent": agent, "count": 2}, {"agent": agent, "model": "big", "strategy": "Slowly."}]
    body = {"project": project, "title": "A task", "spec": "Do it.\n", "variants": rows}
    made: dict[str, Any] = api.post("tasks", body, 201)
    return made


def run_of(task: dict[str, Any], index: int = 0) -> Run:
    return Run.objects.get(pk=task["variants"][index]["runs"][0]["id"])


# --- Projects and agents --------------------------------------------------------------------------
def test_a_local_project_is_usable_at_once(api: Api, origin: Path) -> None:
    made = api.post("projects", {"name": "shop", "source": str(origin)}, 201)
    assert made["state"] == "ready"
    assert made["default_branch"] == "main"
    assert api.get(f"projects/{made['id']}") == made
    assert api.get("projects") == [made]
    assert api.post("projects", {"name": "shop", "source": str(origin)}, 409)["code"]


def test_a_project_is_changed(api: Api, project: int) -> None:
    changed = api.patch(
        f"projects/{project}", {"default_branch": "other", "settings": {"setup": "true"}}
    )
    assert (changed["default_branch"], changed["settings"]) == ("other", {"setup": "true"})
    assert changed["name"] == "shop"
    assert api.patch(f"projects/{project}", {"default_branch": "nope"}, 404)["code"]
    assert api.patch(f"projects/{project}", {"default_branch": "--all"}, 400)["code"]
    assert api.patch(f"projects/{project}", {"settings": {"tpyo": 1}}, 400)["code"]
    assert api.patch(f"projects/{project}", {"name": None}, 422)["code"] == "request.invalid"


@pytest.mark.parametrize(
    "source",
    ["/etc/passwd", "/nowhere", "ext::sh -c true", "--upload-pack=touch", "", "../..", "x"],
)
def test_a_project_that_cannot_be_is_refused_and_leaves_nothing(api: Api, source: str) -> None:
    reply = api.call("POST", "projects", {"name": "bad", "source": source})
    assert 400 <= reply.status < 500
    assert api.get("projects") == []


def test_secrets_go_in_and_never_come_out(api: Api) -> None:
    body = {
        "name": "claude-work",
        "adapter": "claude",
        "model": "opus",
        "args": ["--max-turns", "9"],
        "env": {"LEVEL": "3"},
        "secrets": {"ANTHROPIC_API_KEY": "sk-very-secret"},
        "login": "stored",
        "permission_mode": "ask",
    }
    made = api.post("agents", body, 201)
    assert made["secret_names"] == ["ANTHROPIC_API_KEY"]
    assert (made["env"], made["args"]) == ({"LEVEL": "3"}, ["--max-turns", "9"])
    changed = api.patch(f"agents/{made['id']}", {"model": "sonnet", "secrets": {"OTHER": "s2"}})
    assert changed["model"] == "sonnet"
    assert changed["secret_names"] == ["ANTHROPIC_API_KEY", "OTHER"]
    assert changed["permission_mode"] == "ask"
    removed = api.patch(f"agents/{made['id']}", {"secrets": {"OTHER": None}})
    assert removed["secret_names"] == ["ANTHROPIC_API_KEY"]
    everything = json.dumps([made, changed, api.get("agents"), api.get(f"agents/{made['id']}")])
    assert "sk-very-secret" not in everything


def test_an_agent_is_tried_and_removed(redis_empty: None, api: Api, agent: str) -> None:
    profile = api.get(f"agents/{agent}")
    tried = api.post(f"agents/{profile['id']}/try")
    assert tried["installed"] is True
    assert tried["path"].endswith("cat")
    assert tried["trial"]["state"] == "running"
    assert api.post(f"agents/{profile['id']}/try", None, 409)["code"] == "agent.being-tried"
    assert api.get(f"agents/{profile['id']}/try")["trial"]["state"] == "running"
    assert api.call("DELETE", f"agents/{profile['id']}").status == 204
    assert agent not in [found["name"] for found in api.get("agents")]
    api.get(f"agents/{profile['id']}", 404)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"adapter": "nope"}, "agent.invalid"),
        ({"name": "cat"}, "agent.exists"),
        ({"name": "../x"}, "agent.invalid"),
        ({"command": "cat"}, "request.invalid"),
        ({"command": []}, "agent.invalid"),
        ({"command": [""]}, "agent.invalid"),
        ({"command": [" ", "x"]}, "agent.invalid"),
        ({"env": {"A=B": "1"}}, "agent.invalid"),
        ({"secrets": {"A": 1}}, "request.invalid"),
        ({"permission_mode": "yolo"}, "agent.invalid"),
        ({"timeout_s": -1}, "request.invalid"),
        ({"timeout_s": 10**30}, "request.invalid"),
    ],
)
def test_a_wrong_agent_is_refused(api: Api, agent: str, change: dict[str, Any], code: str) -> None:
    body = {"name": "dog", "adapter": "command", "command": ["cat"], **change}
    reply = api.call("POST", "agents", body)
    assert 400 <= reply.status < 500
    assert reply.body["code"] == code
    assert AgentProfile.objects.count() == 1


# --- Tasks ----------------------------------------------------------------------------------------
def test_a_task_is_made_with_its_variants_in_order(
    api: Api, project: int, task: dict[str, Any], origin: Path
) -> None:
    assert task["state"] == "queued"
    assert task["base_commit"] == plain_git(origin, "rev-parse", "main")
    assert task["url"] == f"http://localhost:8000/tasks/{task['id']}"
    assert [v["letter"] for v in task["variants"]] == ["A", "B", "C"]
    assert len({v["color"] for v in task["variants"]}) == 3
    last = task["variants"][2]
    assert (last["model"], last["strategy"]) == ("big", "Slowly.")
    assert (last["state"], last["head_commit"], last["isolation"]) == ("queued", None, "worktree")
    assert last["branch"] == f"bakeoff/{task['id']}/C"
    assert last["preview"] == {"state": "stopped", "url": None, "port": None, "failure": None}
    assert [run["state"] for run in last["runs"]] == ["queued"]
    assert set(last["usage"]) == {
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "cost_usd",
        "cost_source",
    }
    assert all(value is None for value in last["usage"].values())
    assert api.get(f"tasks/{task['id']}") == task
    run = api.get(f"runs/{last['runs'][0]['id']}")
    assert "Slowly." in run["prompt"]
    assert run["prompt"].startswith("Do it.\n")
    assert (run["letter"], run["task"], run["permissions"]) == ("C", task["id"], [])


def test_what_is_known_of_usage_is_summed_and_the_rest_stays_unknown(
    api: Api, task: dict[str, Any]
) -> None:
    Run.objects.filter(pk=run_of(task).pk).update(
        input_tokens=10, output_tokens=0, cost_usd=Decimal("0.125"), cost_source="agent"
    )
    usage = api.get(f"variants/{task['variants'][0]['id']}")["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (10, 0)
    assert usage["cache_read_tokens"] is None
    assert (usage["cost_usd"], usage["cost_source"]) == (0.125, "agent")
    assert api.get(f"tasks/{task['id']}")["usage"]["input_tokens"] == 10


def test_a_failed_run_says_why(api: Api, task: dict[str, Any]) -> None:
    run = run_of(task)
    Run.objects.filter(pk=run.pk).update(
        state=RunState.FAILED,
        failure_code="agent.crashed",
        failure_message="The agent ended with 3.",
        failure_lines=["Traceback", "boom"],
        exit_code=3,
    )
    found = api.get(f"runs/{run.pk.hex}")
    assert found["failure"] == {
        "code": "agent.crashed",
        "message": "The agent ended with 3.",
        "last_lines": ["Traceback", "boom"],
    }
    assert api.get(f"variants/{task['variants'][0]['id']}")["state"] == "failed"
    assert api.get(f"runs/{run_of(task, 1).pk.hex}")["failure"] is None


def test_the_list_is_paged_and_costs_the_same_however_long(
    api: Api, project: int, agent: str
) -> None:
    def submit(title: str) -> int:
        row = {"agent": agent, "count": 2}
        body = {"project": project, "title": title, "spec": "x", "variants": [row]}
        made: int = api.post("tasks", body, 201)["id"]
        return made

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert api.get("tasks")
        return len(captured)

    ids = [submit("one")]
    few = queries()
    ids += [submit(f"task {n}") for n in range(4)]
    assert queries() == few

    newest = [row["id"] for row in api.get("tasks?limit=2")]
    assert newest == ids[:-3:-1]
    older = [row["id"] for row in api.get(f"tasks?limit=2&before={newest[-1]}")]
    assert older == ids[2:0:-1]
    assert [v["letter"] for v in api.get("tasks?limit=1")[0]["variants"]] == ["A", "B"]
    assert len(api.get(f"tasks?project={project}")) == 5
    api.get("tasks?project=99", 404)


def test_a_spec_of_a_megabyte_is_kept_word_for_word(api: Api, project: int, agent: str) -> None:
    spec = "<script>ü\u2028\x1b[31m" * 60_000
    assert len(spec.encode()) > 1_000_000
    body = {"project": project, "title": "Big", "spec": spec, "variants": [{"agent": agent}]}
    made = api.post("tasks", body, 201)
    assert made["spec"] == spec
    assert api.get(f"runs/{made['variants'][0]['runs'][0]['id']}")["prompt"] == spec


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"title": "x" * 300},
        {"title": None},
        {"spec": ""},
        {"spec": " \n"},
        {"spec": 5},
        {"spec": "a\0b"},
        {"spec": "x" * 3_000_000},
        {"base": "--all"},
        {"base": "-upload-pack=x"},
        {"base": "nope"},
        {"base": "main@{1}"},
        {"base": "main~0"},
        {"base": "main^{commit}"},
        {"variants": []},
        {"variants": "all"},
        {"variants": [{}]},
        {"variants": [{"agent": "nobody"}]},
        {"variants": [{"agent": "cat", "count": 0}]},
        {"variants": [{"agent": "cat", "count": 17}]},
        {"variants": [{"agent": "cat", "count": 9}, {"agent": "cat", "count": 9}]},
        {"variants": [{"agent": "cat", "count": 1.5}]},
        {"variants": [{"agent": "cat", "isolation": "moon"}]},
        {"variants": [{"agent": "cat", "model": "x" * 500}]},
        {"variants": [{"agent": "cat"}] * 40},
        {"budget_usd": -1},
        {"budget_usd": "NaN"},
        {"budget_usd": 10**40},
        {"timeout_s": 0},
        {"timeout_s": 10**40},
        {"timeout_s": "soon"},
        {"project": 99},
        {"project": "x"},
        {"project": None},
        {"project": 10**40},
    ],
)
def test_a_wrong_task_is_refused_and_leaves_nothing(
    api: Api, project: int, agent: str, change: dict[str, Any]
) -> None:
    body = {
        "project": project,
        "title": "T",
        "spec": "x",
        "variants": [{"agent": agent}],
        **change,
    }
    assert 400 <= api.call("POST", "tasks", body).status < 500
    assert api.get("tasks") == []


# --- Variants -------------------------------------------------------------------------------------
def test_a_queued_variant_is_stopped(api: Api, task: dict[str, Any]) -> None:
    variant = task["variants"][0]
    stopped = api.post(f"variants/{variant['id']}/stop")
    assert (stopped["state"], stopped["runs"][0]["state"]) == ("stopped", "stopped")
    run = Run.objects.get(pk=variant["runs"][0]["id"])
    run_seal_unfollowed(run)  # as the follower of this host does
    page = api.get(f"runs/{run.id.hex}/events")
    assert [event["kind"] for event in page["events"]] == ["end"]
    assert (page["last_seq"], page["ended"]) == (1, True)
    rest = api.post(f"tasks/{task['id']}/stop")
    assert {v["state"] for v in rest["variants"]} == {"stopped"}
    assert rest["state"] == "ready"


def test_a_message_becomes_a_run_when_nobody_works(api: Api, task: dict[str, Any]) -> None:
    variant = task["variants"][0]
    Run.objects.filter(pk=run_of(task).pk).update(state=RunState.SUCCEEDED)
    sent = api.post(f"variants/{variant['id']}/messages", {"text": "Now the tests."}, 201)
    runs = api.get(f"variants/{variant['id']}")["runs"]
    assert (sent["state"], sent["run"]) == ("run", runs[-1]["id"])
    assert [run["number"] for run in runs] == [1, 2]
    api.post(f"variants/{variant['id']}/messages", {"text": " "}, 400)
    api.post(f"variants/{variant['id']}/messages", {}, 422)


def test_an_archived_variant_takes_no_more_work(api: Api, task: dict[str, Any]) -> None:
    variant = task["variants"][0]
    assert api.delete(f"variants/{variant['id']}")["state"] == "archived"
    message = {"text": "Go on."}
    refused = api.post(f"variants/{variant['id']}/messages", message, 409)
    assert refused["code"] == "variant.archived"
    assert api.get(f"tasks/{task['id']}")["variants"][0]["state"] == "archived"
    back = api.post(f"variants/{variant['id']}/unarchive")
    assert back["state"] == "stopped"


def test_a_preview_has_its_link_while_it_answers(api: Api, task: dict[str, Any]) -> None:
    variant = Variant.objects.get(pk=task["variants"][0]["id"])
    preview = Preview.objects.create(variant=variant, state=PreviewState.STARTING, port=21_000)
    assert api.get(f"variants/{variant.pk}")["preview"]["url"] is None
    Preview.objects.filter(pk=preview.pk).update(state=PreviewState.READY)
    assert api.get(f"variants/{variant.pk}")["preview"] == {
        "state": "ready",
        "url": "http://127.0.0.1:21000/",
        "port": 21_000,
        "failure": None,
    }
    api.post(f"variants/{variant.pk}/preview", {"action": "explode"}, 422)
    other = task["variants"][1]["id"]
    assert api.post(f"variants/{other}/preview", {"action": "start"}, 409)["code"]


# --- Runs -----------------------------------------------------------------------------------------
def test_events_are_read_after_a_number_and_end(api: Api, task: dict[str, Any]) -> None:
    run = run_of(task).pk.hex
    assert api.get(f"runs/{run}/events") == {"events": [], "last_seq": 0, "ended": False}
    feed.append(run, [entry(1), entry(2), entry(3)])

    page = api.get(f"runs/{run}/events?after=1&limit=1")
    assert [event["seq"] for event in page["events"]] == [2]
    assert page["events"][0]["kind"] == "message"
    assert (page["last_seq"], page["ended"]) == (2, False)

    feed.append(run, [end(4)])
    page = api.get(f"runs/{run}/events?after=2")
    assert [event["seq"] for event in page["events"]] == [3, 4]
    assert page["ended"] is True
    feed.seal(run)
    assert api.get(f"runs/{run}/events?after=2") == page
    assert api.get(f"runs/{run}/events?after=4") == {"events": [], "last_seq": 4, "ended": True}


def test_a_long_text_is_cut_in_the_list_and_whole_alone(api: Api, task: dict[str, Any]) -> None:
    run = run_of(task).pk.hex
    text = "ü\x1b[0m</script>" * 20_000
    feed.append(run, [entry(1, text=text)])
    listed = api.get(f"runs/{run}/events")["events"][0]
    assert listed["truncated"] is True
    assert len(json.dumps(listed)) < 400_000
    assert api.get(f"runs/{run}/events/1")["text"] == text
    for seq in ("2", "0", "-1", "x", "9" * 30, "1.5"):
        api.get(f"runs/{run}/events/{seq}", 404)


@pytest.mark.parametrize(
    "query",
    ["after=-1", "after=x", "after=1e3", f"after={10**30}", "limit=0", "limit=100000", "limit="],
)
def test_a_wrong_page_of_events_is_refused(api: Api, task: dict[str, Any], query: str) -> None:
    api.get(f"runs/{run_of(task).pk.hex}/events?{query}", 422)


def test_a_permission_is_answered_once(api: Api, task: dict[str, Any]) -> None:
    run = run_of(task)
    Run.objects.filter(pk=run.pk).update(state=RunState.WAITING)
    for request in ("req/1", "req-2"):
        Permission.objects.create(
            run=run, request=request, tool="Bash", title="ls", asked_at=timezone.now()
        )
    assert api.get(f"variants/{task['variants'][0]['id']}")["state"] == "waiting"
    assert api.get(f"tasks/{task['id']}")["state"] == "needs_you"

    path = f"runs/{run.pk.hex}/permissions"
    api.post(f"{path}/req-2", {"decision": "maybe"}, 422)
    denied = api.post(f"{path}/req-2", {"decision": "deny", "message": "Not now."})
    assert (denied["state"], denied["message"], denied["decided_by"]) == (
        "denied",
        "Not now.",
        "pat",
    )
    assert api.post(f"{path}/req-2", {"decision": "allow"}, 409)["code"] == "permission.decided"
    allowed = api.post(f"{path}/req%2F1", {"decision": "allow", "scope": "run"})
    assert (allowed["state"], allowed["scope"]) == ("allowed", "run")
    api.post(f"{path}/nope", {"decision": "allow"}, 404)
    assert [p["state"] for p in api.get(f"runs/{run.pk.hex}")["permissions"]] == [
        "allowed",
        "denied",
    ]


def test_times_are_told_with_their_zone(api: Api, task: dict[str, Any]) -> None:
    made = dt.datetime.fromisoformat(task["created_at"])
    assert abs(timezone.now() - made) < dt.timedelta(minutes=5)
