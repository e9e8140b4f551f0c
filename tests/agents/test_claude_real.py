"""The real claude CLI against a scripted model on loopback: no account, no network.

It is looked for in BAKEOFF_TEST_CLAUDE, in `.cache/npm` (`npm install --prefix .cache/npm --no-save
@anthropic-ai/claude-code@2.1.197`) and on PATH. In CI its absence is a failure.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from agents import events as ev
from agents.adapters.base import Outcome
from agents.adapters.claude import ClaudeAdapter
from tests.support.agent_process import DEADLINE_S, AgentProcess
from tests.support.scripted_model import (
    CACHE_READ_TOKENS,
    CACHE_WRITE_TOKENS,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    ScriptedModel,
)

pytestmark = pytest.mark.external

CLAUDE = ClaudeAdapter()
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def claude() -> str:
    own = ROOT / ".cache/npm/node_modules/.bin/claude"
    found = os.environ.get("BAKEOFF_TEST_CLAUDE") or (str(own) if own.exists() else None)
    found = found or shutil.which("claude")
    if found is None:
        reason = "the claude CLI is not installed (npm install --prefix .cache/npm, see above)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as model:
        yield model


class Desk:
    """One private home and one workspace; `start` starts claude there."""

    def __init__(self, path: Path, claude: str, model: ScriptedModel) -> None:
        self.home, self.workspace = path / "home", path / "workspace"
        self.home.mkdir(parents=True)
        self.workspace.mkdir()
        self.env = {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "ANTHROPIC_BASE_URL": model.url,
            "ANTHROPIC_API_KEY": model.key,
        }
        self._claude = claude

    def start(self, prompt: str, env: dict[str, str] | None = None, **spec: Any) -> AgentProcess:
        return AgentProcess(
            CLAUDE,
            prompt=prompt,
            cwd=self.workspace,
            env=self.env | (env or {}),
            command=(self._claude,),
            **spec,
        )

    def run(self, prompt: str, **more: Any) -> tuple[AgentProcess, Outcome]:
        with self.start(prompt, **more) as agent:
            return agent, agent.finish()


@pytest.fixture
def desk(tmp_path: Path, claude: str, model: ScriptedModel) -> Desk:
    return Desk(tmp_path, claude, model)


def is_request(event: ev.Event) -> bool:
    return isinstance(event, ev.PermissionRequest)


def request_of(agent: AgentProcess) -> ev.PermissionRequest:
    event = agent.wait_for(is_request)
    assert isinstance(event, ev.PermissionRequest)
    return event


def test_two_at_once_write_files_and_say_what_they_used(
    tmp_path: Path, claude: str, model: ScriptedModel
) -> None:
    desks = [Desk(tmp_path / name, claude, model) for name in ("a", "b")]

    def work(desk: Desk) -> tuple[AgentProcess, Outcome]:
        name = desk.workspace.parent.name
        prompt = (
            f"[[think about {name}]][[say writing]][[write src/{name}.py|x = 1\\n]]"
            f"[[read src/{name}.py]][[edit src/{name}.py|x = 1|x = 2]][[final {name} is done]]"
        )
        return desk.run(prompt)

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(work, desks))
    for desk, (agent, outcome) in zip(desks, results, strict=True):
        name = desk.workspace.parent.name
        assert outcome.state == "succeeded"
        assert (desk.workspace / f"src/{name}.py").read_text() == "x = 2\n"
        assert agent.of(ev.Thought)[0].text == f"about {name}"
        assert [message.text for message in agent.of(ev.Message)] == ["writing", f"{name} is done"]
        write, read, edit = agent.of(ev.ToolCall)
        assert write.edits == (ev.Edit(path=f"src/{name}.py", old=None, new="x = 1\n"),)
        assert (read.category, read.title) == ("read", f"src/{name}.py")
        assert edit.edits == (ev.Edit(path=f"src/{name}.py", old="x = 1", new="x = 2"),)
        assert {update.status for update in agent.of(ev.ToolUpdate)} == {"completed"}
        usage = agent.of(ev.Usage)[-1]
        assert (usage.input_tokens, usage.output_tokens) == (4 * INPUT_TOKENS, 4 * OUTPUT_TOKENS)
        assert usage.cache_read_tokens == 4 * CACHE_READ_TOKENS
        assert usage.cache_write_tokens == 4 * CACHE_WRITE_TOKENS
        assert usage.cost_usd is not None
        assert usage.cost_usd > 0
        assert usage.cost_source == "agent"
        assert agent.of(ev.Raw) == []


def test_a_permission_allowed_and_one_denied(desk: Desk) -> None:
    prompt = "[[write yes.txt|long text\\n]][[bash touch no.txt]][[final ok]]"
    with desk.start(prompt, permission_mode="ask") as agent:
        first = request_of(agent)
        assert (first.tool, first.category, first.title) == ("Write", "edit", "yes.txt")
        assert first.edits == (ev.Edit(path="yes.txt", old=None, new="long text\n"),)
        assert not (desk.workspace / "yes.txt").exists()
        agent.answer(first, allow=True)
        second = request_of(agent)
        assert (second.tool, second.title) == ("Bash", "touch no.txt")
        agent.answer(second, allow=False, message="not this one")
        outcome = agent.finish()
    assert outcome.state == "succeeded"
    assert (desk.workspace / "yes.txt").read_text() == "long text\n"
    assert not (desk.workspace / "no.txt").exists()
    denied = agent.of(ev.ToolUpdate)[-1]
    assert (denied.status, denied.output) == ("failed", "not this one")


def test_allowed_for_the_run_is_not_asked_again_and_not_stored(desk: Desk) -> None:
    prompt = "[[write one|1]][[write two|2]][[final ok]]"
    with desk.start(prompt, permission_mode="ask") as agent:
        agent.answer(request_of(agent), allow=True, scope="run")
        assert agent.finish().state == "succeeded"
    assert len(agent.of(ev.PermissionRequest)) == 1
    assert sorted(path.name for path in desk.workspace.iterdir()) == ["one", "two"]


def test_a_command_allowed_for_the_run_allows_no_more_than_that(desk: Desk) -> None:
    command = "[[bash touch one]]"
    with desk.start(f"{command}{command}[[write two|2]]", permission_mode="ask") as agent:
        agent.answer(request_of(agent), allow=True, scope="run")
        second = request_of(agent)
        agent.answer(second, allow=False)
        agent.finish()
    assert second.tool == "Write"
    assert [path.name for path in desk.workspace.iterdir()] == ["one"]  # no settings stored


def test_everything_asks_nothing(desk: Desk) -> None:
    agent, outcome = desk.run("[[bash echo hi > f]][[final ok]]", permission_mode="everything")
    assert outcome.state == "succeeded"
    assert (desk.workspace / "f").read_text() == "hi\n"
    assert agent.of(ev.PermissionRequest) == []


def test_a_follow_up_remembers(desk: Desk, model: ScriptedModel) -> None:
    session = str(uuid.uuid4())
    first, outcome = desk.run("[[write colour.txt|blue]][[final noted]]", new_session=session)
    assert outcome.state == "succeeded"
    assert first.session == session
    second, outcome = desk.run("[[recall]]", resume_session=session)
    assert outcome.state == "succeeded"
    assert second.session == session
    assert "[[write colour.txt|blue]]" in second.of(ev.Message)[-1].text
    usage = second.of(ev.Usage)[-1]  # of this process alone
    assert usage.input_tokens == INPUT_TOKENS


def test_a_prompt_while_it_works_is_taken_up(desk: Desk) -> None:
    works = "[[bash while [ ! -e go ]; do sleep 0.1; done]][[bash echo a]]"
    with desk.start(works, permission_mode="everything") as agent:
        agent.wait_for(lambda event: isinstance(event, ev.ToolCall))
        agent.send(CLAUDE.message("[[final steered]]"))
        (desk.workspace / "go").touch()
        assert not agent.decoder.turn_done
        assert agent.finish().state == "succeeded"
    assert agent.decoder.turn_done


def test_a_second_turn_adds_up(desk: Desk) -> None:
    with desk.start("[[final one]]") as agent:
        agent.wait_for(lambda event: getattr(event, "state", "") == "turn")
        agent.send(CLAUDE.message("[[write two.txt|2]][[final two]]"))
        assert agent.finish().state == "succeeded"
    first, last = agent.of(ev.Usage)
    assert (first.input_tokens, last.input_tokens) == (INPUT_TOKENS, 3 * INPUT_TOKENS)
    assert first.cost_usd is not None
    assert last.cost_usd is not None
    assert last.cost_usd == pytest.approx(3 * first.cost_usd)


def test_an_interrupt_ends_the_turn_and_its_command(desk: Desk) -> None:
    prompt = "[[bash echo $$ > pid; sleep 300]][[write never|x]]"
    with desk.start(prompt, permission_mode="everything") as agent:
        pid = desk.workspace / "pid"
        deadline = time.monotonic() + DEADLINE_S
        while not pid.exists() or not pid.read_text().strip():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        agent.send(agent.launch.interrupt)
        outcome = agent.finish()
    assert outcome.state == "stopped"
    assert not (desk.workspace / "never").exists()
    while Path(f"/proc/{pid.read_text().strip()}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_no_login_is_said_at_once(desk: Desk) -> None:
    agent, outcome = desk.run("hello", env={"ANTHROPIC_API_KEY": ""})
    assert (outcome.state, outcome.code) == ("failed", "agent.auth")
    assert "/login" in outcome.message
    assert agent.of(ev.Message) == []  # said once, as the error


def test_a_refused_key_is_given_up_soon(desk: Desk) -> None:
    with desk.start("hello", env={"ANTHROPIC_API_KEY": "sk-ant-wrong-0123456789"}) as agent:
        agent.wait_for(lambda event: isinstance(event, ev.Error) and event.fatal)
        assert agent.decoder.give_up
        agent.send(agent.launch.interrupt)
        outcome = agent.finish()
    assert (outcome.state, outcome.code) == ("failed", "agent.auth")


def test_a_failing_api_is_named(desk: Desk) -> None:
    agent, outcome = desk.run("[[http 529]]", env={"CLAUDE_CODE_MAX_RETRIES": "1"})
    assert (outcome.state, outcome.code) == ("failed", "agent.api")
    assert "529" in outcome.message
    assert [error.fatal for error in agent.of(ev.Error)] == [False, True]


def test_a_lost_session_fails_in_words(desk: Desk) -> None:
    session = str(uuid.uuid4())
    _, outcome = desk.run("hello", resume_session=session)
    assert (outcome.state, outcome.code) == ("failed", "agent.session-lost")
    assert session in outcome.message


@pytest.mark.parametrize("prompt", ["/clear the desk [[final read]]", " /nosuch [[final read]]"])
def test_a_prompt_is_never_a_command_of_the_cli(desk: Desk, prompt: str) -> None:
    agent, outcome = desk.run(prompt)
    assert outcome.state == "succeeded"
    assert [message.text for message in agent.of(ev.Message)] == ["read"]


def test_its_task_list_becomes_the_plan(desk: Desk) -> None:
    create = '[[tool TaskCreate|{"subject":"%s","description":"d"}]]'
    update = '[[tool TaskUpdate|{"taskId":"1","status":"completed"}]]'
    agent, _ = desk.run(f"{create % 'Build'}{create % 'Test'}{update}[[final ok]]")
    assert agent.of(ev.Plan)[-1].entries == (
        ev.PlanEntry(text="Build", status="completed"),
        ev.PlanEntry(text="Test", status="pending"),
    )
    assert agent.of(ev.ToolCall) == []


def test_a_question_is_answered_with_the_message(desk: Desk) -> None:
    options = '[{"label":"red","description":"r"},{"label":"blue","description":"b"}]'
    question = f'"question":"Which?","header":"Colour","multiSelect":false,"options":{options}'
    prompt = '[[tool AskUserQuestion|{"questions":[{' + question + "} ]}]][[final ok]]"
    with desk.start(prompt) as agent:
        request = request_of(agent)
        assert (request.title, request.category) == ("Which?", "question")
        agent.answer(request, allow=True, message="blue")
        agent.finish()
    assert "blue" in agent.of(ev.ToolUpdate)[0].output


def test_it_is_found_with_its_version_and_login(desk: Desk, claude: str) -> None:
    env = {"PATH": os.environ["PATH"]}
    found = CLAUDE.available(command=(claude,), env=env, home=str(desk.home))
    assert found.installed
    assert found.version.count(".") == 2
    assert found.login == "missing"
    env["ANTHROPIC_API_KEY"] = "sk-x"
    found = CLAUDE.available(command=(claude,), env=env, home=str(desk.home))
    assert (found.login, found.login_source) == ("found", "ANTHROPIC_API_KEY")
    assert list(desk.home.iterdir()) == []  # looking leaves nothing behind
