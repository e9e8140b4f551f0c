"""The demo agent as a real process: its wire, its directives, and the apps it writes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest

from agents import events as ev
from agents.adapters.base import SESSION_LOST, LaunchSpec
from agents.adapters.demo import DemoAdapter
from agents.demo.apps import APPS
from agents.demo.steps import Step, directive_steps
from agents.demo.story import app_choose, app_steps
from tests.support.agent_process import DEADLINE_S, AgentProcess
from tests.support.ports import port_block

DEMO = DemoAdapter()


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    return {"HOME": str(home), "BAKEOFF_DEMO_PACE": "0"}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "workspace"
    path.mkdir()
    return path


def test_directives_are_really_done(workspace: Path, env: dict[str, str]) -> None:
    prompt = (
        "[[think hm]][[say starting]][[plan look*;write>;test]][[write a/b.txt|one\\ntwo\\n]]"
        "[[edit a/b.txt|two|2]][[read a/b.txt]][[bash cat a/b.txt; exit 3]][[final that was it]]"
    )
    with AgentProcess(DEMO, prompt=prompt, cwd=workspace, env=env) as agent:
        outcome = agent.finish()
    assert outcome.state == "succeeded"
    assert (workspace / "a/b.txt").read_text() == "one\n2\n"
    assert agent.of(ev.Thought)[0].text == "hm"
    assert [message.text for message in agent.of(ev.Message)] == ["starting", "that was it"]
    plan = agent.of(ev.Plan)[0].entries
    assert [entry.status for entry in plan] == ["completed", "in_progress", "pending"]
    calls = agent.of(ev.ToolCall)
    assert [call.category for call in calls] == ["edit", "edit", "read", "execute"]
    assert calls[1].edits == (ev.Edit(path="a/b.txt", old="two", new="2"),)
    bash = agent.of(ev.ToolUpdate)[-1]
    assert (bash.status, bash.exit_code) == ("failed", 3)
    assert "one\n2" in bash.output


def test_usage_has_tokens_and_no_invented_cost(workspace: Path, env: dict[str, str]) -> None:
    with AgentProcess(DEMO, prompt="[[say hello]]", cwd=workspace, env=env) as agent:
        agent.finish()
    usage = agent.of(ev.Usage)[-1]
    assert usage.output_tokens
    assert usage.input_tokens is not None
    assert (usage.cost_usd, usage.cost_source, usage.cache_read_tokens) == (None, "", None)


@pytest.mark.parametrize(
    ("directive", "code"),
    [
        ("[[fail the model is on fire]]", "agent.failed"),
        ("[[auth]]", "agent.auth"),
        ("[[crash 7]]", "agent.crashed"),
        ("[[crash kill]]", "agent.crashed"),
    ],
)
def test_failures_have_their_codes(
    workspace: Path, env: dict[str, str], directive: str, code: str
) -> None:
    with AgentProcess(DEMO, prompt=f"[[say hi]]{directive}", cwd=workspace, env=env) as agent:
        outcome = agent.finish()
    assert (outcome.state, outcome.code) == ("failed", code)
    assert outcome.message


def is_request(event: ev.Event) -> bool:
    return isinstance(event, ev.PermissionRequest)


def test_permissions_are_asked_and_obeyed(workspace: Path, env: dict[str, str]) -> None:
    prompt = "[[ask touch allowed]][[ask touch denied]]"
    with AgentProcess(DEMO, prompt=prompt, cwd=workspace, env=env) as agent:
        first = agent.wait_for(is_request)
        assert isinstance(first, ev.PermissionRequest)
        assert (first.tool, first.title) == ("Bash", "touch allowed")
        assert not (workspace / "allowed").exists()
        agent.answer(first, allow=True)
        second = agent.wait_for(is_request)
        assert isinstance(second, ev.PermissionRequest)
        agent.answer(second, allow=False, message="not today")
        assert agent.finish().state == "succeeded"
    assert (workspace / "allowed").exists()
    assert not (workspace / "denied").exists()
    assert agent.of(ev.ToolUpdate)[-1].output == "not today"
    assert agent.of(ev.State)[-1].data["denied"] == ["Bash: touch denied"]


def test_allowed_for_the_run_is_asked_once(workspace: Path, env: dict[str, str]) -> None:
    prompt = "[[ask touch one]][[ask touch two]]"
    with AgentProcess(DEMO, prompt=prompt, cwd=workspace, env=env) as agent:
        request = agent.wait_for(is_request)
        assert isinstance(request, ev.PermissionRequest)
        agent.answer(request, allow=True, scope="run")
        agent.finish()
    assert len(agent.of(ev.PermissionRequest)) == 1
    assert (workspace / "two").exists()


@pytest.mark.parametrize(("mode", "asks"), [("ask", 2), ("accept_edits", 0), ("everything", 0)])
def test_permission_modes(workspace: Path, env: dict[str, str], mode: str, asks: int) -> None:
    prompt = "[[write f|x]][[bash touch g]]"
    with AgentProcess(DEMO, prompt=prompt, cwd=workspace, env=env, permission_mode=mode) as agent:
        for _ in range(asks):
            request = agent.wait_for(is_request)
            assert isinstance(request, ev.PermissionRequest)
            agent.answer(request, allow=True)
        agent.finish()
    assert len(agent.of(ev.PermissionRequest)) == asks
    assert {"f", "g"} <= {path.name for path in workspace.iterdir()}


def test_steering_joins_the_turn(workspace: Path, env: dict[str, str]) -> None:
    prompt = "[[say begun]][[sleep 0.3]][[write one|1]]"
    with AgentProcess(DEMO, prompt=prompt, cwd=workspace, env=env) as agent:
        agent.wait_for(lambda event: isinstance(event, ev.Message))
        agent.send(DEMO.message("[[write two|2]]"))
        assert not agent.decoder.turn_done
        assert agent.finish().state == "succeeded"
    assert {"one", "two"} <= {path.name for path in workspace.iterdir()}


def test_a_prompt_after_the_result_is_a_turn_of_its_own(
    workspace: Path, env: dict[str, str]
) -> None:
    with AgentProcess(DEMO, prompt="[[fail first]]", cwd=workspace, env=env) as agent:
        agent.wait_for(lambda event: isinstance(event, ev.State) and event.state == "turn")
        agent.send(DEMO.message("[[write two|2]]"))
        assert agent.finish().state == "succeeded"
    states = [event.state for event in agent.of(ev.State)]
    assert states.count("turn") == 2
    first, second = agent.of(ev.Usage)
    assert first.output_tokens is not None
    assert second.output_tokens is not None
    assert second.output_tokens > first.output_tokens


def test_an_interrupt_ends_the_turn_and_the_command(workspace: Path, env: dict[str, str]) -> None:
    prompt = "[[bash echo $$ > pid; exec sleep 300]][[write never|x]]"
    with AgentProcess(DEMO, prompt=prompt, cwd=workspace, env=env) as agent:
        agent.wait_for(lambda event: isinstance(event, ev.ToolCall))
        deadline = time.monotonic() + DEADLINE_S
        while not (workspace / "pid").exists() or not (workspace / "pid").read_text().strip():
            assert time.monotonic() < deadline
        agent.send(agent.launch.interrupt)
        assert agent.finish().state == "stopped"
    (turn,) = (state for state in agent.of(ev.State) if state.state == "turn")
    assert turn.data["interrupted"] is True
    assert not (workspace / "never").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int((workspace / "pid").read_text()), 0)


def test_an_interrupt_withdraws_a_question(workspace: Path, env: dict[str, str]) -> None:
    with AgentProcess(DEMO, prompt="[[ask touch x]]", cwd=workspace, env=env) as agent:
        request = agent.wait_for(is_request)
        agent.send(agent.launch.interrupt)
        agent.finish()
    answer = agent.of(ev.PermissionAnswer)[0]
    assert isinstance(request, ev.PermissionRequest)
    assert (answer.request, answer.by) == (request.request, "agent")


def test_a_resumed_session_remembers(workspace: Path, env: dict[str, str]) -> None:
    session = str(uuid.uuid4())
    spec: dict[str, Any] = {"cwd": workspace, "env": env}
    with AgentProcess(DEMO, prompt="[[say blue]]", new_session=session, **spec) as agent:
        agent.finish()
        assert agent.session == session
    with AgentProcess(DEMO, prompt="[[recall]]", resume_session=session, **spec) as agent:
        assert agent.finish().state == "succeeded"
        assert agent.session == session
    assert "[[say blue]]" in agent.of(ev.Message)[0].text


def test_an_unknown_session_fails_in_words(workspace: Path, env: dict[str, str]) -> None:
    session = str(uuid.uuid4())
    with AgentProcess(DEMO, prompt="hi", cwd=workspace, env=env, resume_session=session) as agent:
        outcome = agent.finish()
    assert outcome.code == SESSION_LOST
    assert session in outcome.message


def test_many_lines_come_whole_and_in_order(workspace: Path, env: dict[str, str]) -> None:
    with AgentProcess(DEMO, prompt="[[lines 200 5000]]", cwd=workspace, env=env) as agent:
        agent.finish()
    texts = [message.text for message in agent.of(ev.Message)][:200]
    assert texts == [f"line {n} of 200" for n in range(1, 201)]


def test_directives_are_read_as_written() -> None:
    assert directive_steps("no [[script]] here") == []
    assert directive_steps("[[write a|b|c\\n]] then [[recall]]") == [
        Step("write", ("a", "b|c\n")),
        Step("recall", ("",)),
    ]


@pytest.mark.parametrize(
    ("prompt", "letter", "key"),
    [
        ("a hello world app", "A", "stdlib"),
        ("use Flask", "B", "flask"),
        ("2 variations using Flask and FastAPI", "A", "flask"),
        ("2 variations using Flask and FastAPI", "B", "fastapi"),
        ("2 variations using Flask and FastAPI\n\n## Strategy\n\nUse FastAPI", "A", "fastapi"),
        ("Flask or FastAPI\n\n## Strategy\n\nStandard library only\n", "B", "stdlib"),
        ("Flask, FastAPI\n\n# Strategy\nFastAPI\n\n## Strategy\n\nFlask", "B", "flask"),
        ("use Flask\n\n## Strategy\n\nBe brief", "C", "flask"),
    ],
)
def test_the_words_choose_the_framework(prompt: str, letter: str, key: str) -> None:
    assert app_choose(prompt, letter).key == key


def test_the_story_takes_about_ten_seconds() -> None:
    for app in APPS.values():
        pauses = [float(step.args[0]) for step in app_steps(app) if step.kind == "pause"]
        assert 8 <= sum(pauses) <= 12


@pytest.mark.parametrize("key", ["flask", "fastapi", "stdlib"])
def test_the_written_app_is_sound(key: str, workspace: Path, env: dict[str, str]) -> None:
    prompt = {"stdlib": "a hello world app"}.get(key, f"a hello world app on {key}")
    with AgentProcess(DEMO, prompt=prompt, cwd=workspace, env=env) as agent:
        assert agent.finish().state == "succeeded"
    assert "no model" in agent.of(ev.Message)[0].text
    assert {update.status for update in agent.of(ev.ToolUpdate)} == {"completed"}
    assert 'os.environ.get("PORT", "5000")' in (workspace / "app.py").read_text()
    pins = (workspace / "requirements.txt").read_text().splitlines()
    assert all("==" in pin or pin.startswith("#") for pin in pins)
    for path in workspace.glob("*.py"):
        compile(path.read_text(), path.name, "exec")


def test_the_standard_library_app_runs(workspace: Path, env: dict[str, str]) -> None:
    with AgentProcess(DEMO, prompt="a hello world app", cwd=workspace, env=env) as agent:
        agent.finish()
    tests = subprocess.run(
        [sys.executable, "-m", "unittest", "discover", "tests"], cwd=workspace, check=False
    )
    assert tests.returncode == 0
    port = port_block()
    app = subprocess.Popen(
        [sys.executable, "app.py"], cwd=workspace, env={**env, "PORT": str(port)}
    )
    try:
        page, server = fetch(f"http://127.0.0.1:{port}/")
        assert "Hello, world" in page
        assert "http.server" in page
        assert "Python" in server
        assert '"ok"' in fetch(f"http://127.0.0.1:{port}/health")[0]
    finally:
        app.kill()
        app.wait()


def fetch(url: str) -> tuple[str, str]:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310
                return response.read().decode(), response.headers["Server"]
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_readme_that_is_there_is_kept(workspace: Path, env: dict[str, str]) -> None:
    (workspace / "README.md").write_text("# Mine\n\nMy words.\n")
    with AgentProcess(DEMO, prompt="use Flask", cwd=workspace, env=env) as agent:
        agent.finish()
    text = (workspace / "README.md").read_text()
    assert text.startswith("# Mine\n\nMy words.\n\n## Hello\n")
    assert "Flask" in text


def test_a_follow_up_changes_the_greeting(workspace: Path, env: dict[str, str]) -> None:
    session = str(uuid.uuid4())
    spec: dict[str, Any] = {"cwd": workspace, "env": env}
    with AgentProcess(DEMO, prompt="use Flask", new_session=session, **spec) as agent:
        agent.finish()
    ask = 'Make it say "Guten <b> Tag\\" )"'
    with AgentProcess(DEMO, prompt=ask, resume_session=session, **spec) as agent:
        assert agent.finish().state == "succeeded"
    shown = subprocess.run(
        [sys.executable, "-c", "import page; print(page.GREETING)"],
        cwd=workspace,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "Guten <b> Tag\\"
    vague = "Make it nicer"
    with AgentProcess(DEMO, prompt=vague, resume_session=session, **spec) as agent:
        agent.finish()
    assert "cannot understand free text" in agent.of(ev.Message)[-1].text


def test_the_prompt_is_not_in_argv(workspace: Path) -> None:
    spec = LaunchSpec(prompt="a secret plan")
    launch = DEMO.launch(spec)
    assert "secret" not in " ".join(launch.argv)
    assert "secret" in launch.stdin
