"""The real claude CLI as an agent of a real installation, against a scripted model on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.claude import claude_path
from tests.support.installation import Installation, eventually
from tests.support.scripted_model import ScriptedModel

pytestmark = [pytest.mark.system, pytest.mark.external]


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as model:
        yield model


def claude_agent(installation: Installation, model: ScriptedModel, name: str, home: Path) -> str:
    home.mkdir()
    return installation.agent(
        name,
        adapter="claude",
        command=[claude_path()],
        env={"ANTHROPIC_BASE_URL": model.url, "HOME": str(home)},
        secrets={"ANTHROPIC_API_KEY": model.key},
        login="stored",
    )


def test_two_claudes_write_ask_remember_and_cost(
    installation: Installation, origin: Path, model: ScriptedModel, tmp_path: Path
) -> None:
    agent = claude_agent(installation, model, "claude-asks", tmp_path / "home")
    # claude itself allows `touch` and the like inside the workspace
    spec = '[[write hello.txt|hello]] [[bash python3 -c \'open("ran.txt", "w")\']] [[final Done]]'
    project = installation.project(origin, "claude-main")
    task = installation.task(project, spec, agent, agent)
    runs = [run["id"] for run in installation.runs(task["id"])]
    for run, decision in zip(runs, ("allow", "deny"), strict=True):
        asked = eventually(partial(questions, installation, run), what="the question")
        answer = {"decision": decision} | ({"message": "No."} if decision == "deny" else {})
        installation.post(f"runs/{run}/permissions/{asked[0]}", answer)
    first, second = installation.wait_ended(task["id"])["variants"]
    assert (first["state"], second["state"]) == ("ready", "ready"), (first, second)
    assert (first["files_changed"], second["files_changed"]) == (2, 1)
    for variant in (first, second):
        assert variant["usage"]["input_tokens"] > 0
        assert variant["usage"]["cost_usd"] > 0
        assert variant["usage"]["cost_source"]
    assert model.key not in str(installation.events(runs[0]))

    installation.post(
        f"variants/{first['id']}/messages", {"text": "[[write later.txt|two]] [[final Again]]"}
    )
    eventually(lambda: len(installation.get(f"variants/{first['id']}")["runs"]) == 2)
    installation.wait_ended(task["id"])
    after = installation.get(f"variants/{first['id']}")
    assert after["state"] == "ready", after
    assert after["files_changed"] == 3


def test_a_running_claude_is_stopped(
    installation: Installation, origin: Path, model: ScriptedModel, tmp_path: Path
) -> None:
    agent = claude_agent(installation, model, "claude-stopped", tmp_path / "home")
    spec = "[[write kept.txt|kept]] [[sleep 120]] [[write never.txt|x]]"
    task = installation.task(installation.project(origin, "claude-stop"), spec, agent)
    variant = task["variants"][0]
    eventually(
        lambda: installation.get(f"variants/{variant['id']}")["files_changed"] == 1,
        what="the first file",
    )
    installation.post(f"variants/{variant['id']}/stop", {})
    done = installation.wait_ended(task["id"])["variants"][0]
    assert (done["state"], done["files_changed"]) == ("stopped", 1)


def test_a_refused_login_says_so(
    installation: Installation, origin: Path, model: ScriptedModel, tmp_path: Path
) -> None:
    agent = claude_agent(installation, model, "claude-refused", tmp_path / "home")
    task = installation.task(installation.project(origin, "claude-login"), "[[http 401]]", agent)
    done = installation.wait_ended(task["id"], timeout_s=90)["variants"][0]
    assert done["state"] == "failed"
    assert done["runs"][0]["failure"]["code"] == "agent.auth", done


def questions(installation: Installation, run: str) -> list[str]:
    events = installation.events(run)
    return [str(e["request"]) for e in events if e["kind"] == "permission_request"]
