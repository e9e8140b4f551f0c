"""claude's wire format: recorded runs of the real CLI, and what it may print besides."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents import events as ev
from agents.adapters import claude as claude_module
from agents.adapters.base import SESSION_LOST, Exit, LaunchSpec, Outcome
from agents.adapters.claude import ClaudeAdapter
from agents.decode import RunDecoder
from agents.journal import JournalLine, JournalReader

CLAUDE = ClaudeAdapter()
DATA = Path(__file__).parents[1] / "data/transcripts"
DONE = Exit(code=0, signal=None, reason="exited", step="agent")


class Reading:
    """A transcript or made-up lines, decoded line by line."""

    def __init__(self, *lines: dict[str, Any] | str) -> None:
        self.decoder = RunDecoder(CLAUDE)
        self.events: list[ev.Event] = []
        self.done: list[bool] = []  # turn_done after each line
        self.n = 0
        for line in lines:
            self.feed(line)

    @classmethod
    def transcript(cls, name: str) -> Reading:
        reading = cls()
        for line in JournalReader(DATA / f"claude-2.1.197-{name}.jsonl").read():
            reading.take(line)
        reading.events += reading.decoder.finish()
        return reading

    def feed(self, line: dict[str, Any] | str, stream: str = "out") -> Reading:
        self.n += 1
        text = line if isinstance(line, str) else json.dumps(line)
        self.take(JournalLine(self.n, float(self.n), "agent", stream, text.rstrip("\n")))
        return self

    def take(self, line: JournalLine) -> None:
        self.events += self.decoder.feed(line)
        self.done.append(self.decoder.turn_done)

    def kinds(self) -> list[str]:
        return [event.state if isinstance(event, ev.State) else event.kind for event in self.events]

    def outcome(self, exit: Exit = DONE) -> Outcome:
        return CLAUDE.outcome(exit, [*self.events, *self.decoder.finish()])


def failed(code: int) -> Exit:
    return Exit(code=code, signal=None, reason="exited", step="agent")


def assistant(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": list(blocks)}
    return {"type": "assistant", "message": message, "parent_tool_use_id": None, **more}


def text_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def result(**more: Any) -> dict[str, Any]:
    return {"type": "result", "subtype": "success", "is_error": False, "result": "", **more}


# Recorded runs


def test_a_run_with_edits() -> None:
    run = Reading.transcript("edits")
    assert run.kinds() == [
        "session",
        "thought",
        "message",
        *["tool_call", "tool_update"] * 4,
        "message",
        "usage",
        "turn",
    ]
    session = run.events[0]
    assert isinstance(session, ev.State)
    assert session.data["version"] == "2.1.197"
    write, edit, bash = (run.events[index] for index in (3, 7, 9))
    assert isinstance(write, ev.ToolCall)
    assert write.edits == (ev.Edit(path="hello.py", old=None, new='print("hi")\n'),)
    assert "content" not in write.input  # it stands in the edit
    assert isinstance(edit, ev.ToolCall)
    assert edit.edits == (ev.Edit(path="hello.py", old="hi", new="hello"),)
    assert isinstance(bash, ev.ToolCall)
    assert (bash.category, bash.title) == ("execute", "python3 hello.py; exit 3")
    output = run.events[10]
    assert isinstance(output, ev.ToolUpdate)
    assert (output.status, output.exit_code, output.call) == ("failed", 3, bash.call)
    usage = run.events[-2]
    assert isinstance(usage, ev.Usage)
    assert (usage.input_tokens, usage.output_tokens) == (5000, 250)
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (1500, 1000)
    assert usage.cost_usd == pytest.approx(0.03825)
    assert run.outcome() == Outcome(state="succeeded")


def test_permissions() -> None:
    run = Reading.transcript("permissions")
    first, second = (e for e in run.events if isinstance(e, ev.PermissionRequest))
    assert (first.tool, first.category, first.title) == ("Write", "edit", "a.txt")
    assert first.edits == (ev.Edit(path="a.txt", old=None, new="a"),)
    calls = [event.call for event in run.events if isinstance(event, ev.ToolCall)]
    assert [first.call, second.call] == calls
    turn = run.events[-1]
    assert isinstance(turn, ev.State)
    assert turn.data["denied"] == ["Bash: touch b.txt"]
    assert run.outcome().state == "succeeded"  # a denied tool is no failure


def test_an_interrupt() -> None:
    run = Reading.transcript("interrupt")
    assert run.kinds()[-3:] == ["usage", "interrupted", "turn"]
    turn = run.events[-1]
    assert isinstance(turn, ev.State)
    assert (turn.data["ok"], turn.data["interrupted"]) == (False, True)
    assert not [event for event in run.events if isinstance(event, ev.Error)]
    assert run.outcome(failed(1)) == Outcome(state="stopped")


def test_a_withdrawn_question_is_no_longer_open() -> None:
    run = Reading.transcript("withdrawn")
    (request,) = (e for e in run.events if isinstance(e, ev.PermissionRequest))
    (answer,) = (e for e in run.events if isinstance(e, ev.PermissionAnswer))
    assert (answer.request, answer.decision, answer.by) == (request.request, "deny", "agent")


def test_turns_are_done_when_every_prompt_has_its_result() -> None:
    run = Reading.transcript("steering")
    assert run.kinds().count("turn") == 2  # two of the three prompts shared one
    assert run.kinds().count("working") == 1
    assert run.done[-1]
    changes = [
        now for before, now in zip([False, *run.done], run.done, strict=False) if now != before
    ]
    assert changes == [True, False, True]


def test_a_result_is_not_the_last_while_a_prompt_is_unread() -> None:
    first, second = CLAUDE.message("one"), CLAUDE.message("two")

    def taken(prompt: str) -> dict[str, Any]:
        return {**json.loads(prompt), "isReplay": True}

    run = Reading().feed(first, "in").feed(taken(first)).feed(second, "in").feed(result())
    run.feed(taken(second)).feed(result())
    # After the first result, an end of input would be the second prompt's end, too.
    assert run.done == [False, False, False, False, False, True]
    mute = Reading().feed(first, "in").feed(result())  # a CLI that says nothing back
    assert mute.done[-1]


def test_a_task_list_is_the_plan() -> None:
    run = Reading.transcript("tasks")
    plan = [event for event in run.events if isinstance(event, ev.Plan)][-1]
    assert [(entry.text, entry.status) for entry in plan.entries] == [
        ("Build", "completed"),
        ("Test", "pending"),
    ]


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("no-login", "agent.auth", "/login"),
        ("refused-key", "agent.auth", "refused the login"),
        ("api-error", "agent.api", "529"),
        ("lost-session", SESSION_LOST, "No conversation found"),
    ],
)
def test_failed_runs(name: str, code: str, words: str) -> None:
    run = Reading.transcript(name)
    outcome = run.outcome(failed(1))
    assert (outcome.state, outcome.code) == ("failed", code)
    assert words in outcome.message
    texts = [e.message for e in run.events if isinstance(e, ev.Error) and e.fatal]
    assert len(texts) == 1  # said once
    assert not [e for e in run.events if isinstance(e, ev.Message) and not e.stream]


# What else it may print


def test_every_recorded_line_is_understood() -> None:
    for path in DATA.glob("claude-*.jsonl"):
        run = Reading.transcript(path.stem.removeprefix("claude-2.1.197-"))
        assert not [event for event in run.events if isinstance(event, ev.Raw)], path.name


def test_usage_adds_up_over_turns_and_cost_does_not() -> None:
    def usage(tokens: int, cost: float) -> ev.Event:
        return run.feed(
            result(usage={"input_tokens": tokens, "output_tokens": 1}, total_cost_usd=cost)
        ).events[-2]

    run = Reading()
    usage(100, 0.5)
    last = usage(30, 0.7)
    assert isinstance(last, ev.Usage)
    assert (last.input_tokens, last.output_tokens, last.cost_usd) == (130, 2, 0.7)
    assert last.cache_read_tokens is None  # unknown, not 0


def test_usage_counts_sub_agents_where_it_is_told() -> None:
    models = {
        "big": {"inputTokens": 10, "outputTokens": 20, "cacheReadInputTokens": 1},
        "small": {"inputTokens": 5, "outputTokens": 6, "cacheReadInputTokens": 2},
    }
    line = result(usage={"input_tokens": 10, "output_tokens": 20}, modelUsage=models)
    usage = Reading(line).events[-2]
    assert isinstance(usage, ev.Usage)
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (15, 26, 3)
    assert (usage.cost_usd, usage.cost_source) == (None, "")


def test_a_result_said_nowhere_else_is_a_message() -> None:
    assert Reading(result(result="only here")).kinds() == ["message", "usage", "turn"]
    said = Reading(assistant(text_block("the end")), result(result="the end\n"))
    assert said.kinds() == ["message", "usage", "turn"]


def test_an_error_that_no_result_follows_is_not_lost() -> None:
    run = Reading(assistant(text_block("API Error: broken pipe"), error="unknown"))
    assert run.events == []
    assert run.outcome(failed(1)).code == "agent.api"


def test_a_sub_agent_is_told_apart() -> None:
    tool = {"type": "tool_use", "id": "t2", "name": "Bash", "input": {"command": "ls"}}
    run = Reading(
        result(),
        assistant(text_block("from below"), tool, parent_tool_use_id="t1"),
        {
            "type": "user",
            "parent_tool_use_id": "t1",
            "message": {"role": "user", "content": [text_block("its prompt")]},
        },
    )
    message, call = run.events[-2:]
    assert isinstance(message, ev.Message)
    assert isinstance(call, ev.ToolCall)
    assert message.parent == call.parent == "t1"
    assert run.outcome().state == "succeeded"  # it works in the background; the turn is over


def test_todos_are_the_plan_and_not_a_tool() -> None:
    todos = [{"content": "a\nb", "status": "in_progress"}, {"content": "c", "status": "weird"}]
    block = {"type": "tool_use", "id": "t", "name": "TodoWrite", "input": {"todos": todos}}
    done = {"type": "tool_result", "tool_use_id": "t", "content": "Todos have been modified"}
    run = Reading(assistant(block), {"type": "user", "message": {"content": [done]}})
    entries = (
        ev.PlanEntry(text="a b", status="in_progress"),
        ev.PlanEntry(text="c", status="pending"),
    )
    assert run.events == [ev.Plan(time=1.0, entries=entries)]


def test_edits_of_all_edit_tools() -> None:
    def edits(name: str, **data: Any) -> tuple[ev.Edit, ...]:
        block = {"type": "tool_use", "id": "t", "name": name, "input": data}
        init = {"type": "system", "subtype": "init", "cwd": "/srv/repo", "session_id": "s"}
        call = Reading(init, assistant(block)).events[-1]
        assert isinstance(call, ev.ToolCall)
        return call.edits

    two = [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": "d"}]
    assert edits("MultiEdit", file_path="/srv/repo/x", edits=two) == (
        ev.Edit(path="x", old="a", new="b"),
        ev.Edit(path="x", old="c", new="d"),
    )
    (outside,) = edits("Write", file_path="/srv/repo/../etc/passwd", content="x")
    assert outside.path == "/srv/repo/../etc/passwd"  # never shown as if it were inside
    (elsewhere,) = edits("Write", file_path="/srv/repository/x", content="x")
    assert elsewhere.path == "/srv/repository/x"
    assert edits("Write", content="x") == ()


def test_partial_messages_are_not_said_twice() -> None:
    delta = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "hel"}}
    run = Reading({"type": "stream_event", "event": delta}, assistant(text_block("hello")))
    assert [event.kind for event in run.events] == ["message"]


def test_stderr_is_shown_and_names_a_missing_login() -> None:
    run = Reading().feed("Invalid API key · Please run /login", "err")
    assert run.events == [
        ev.Message(time=1.0, text="Invalid API key · Please run /login", stream="err")
    ]
    assert run.outcome(failed(1)).code == "agent.auth"


# The verdict


@pytest.mark.parametrize(
    ("exit", "state", "code"),
    [
        (Exit(code=None, signal=15, reason="stopped", step="agent"), "stopped", ""),
        (Exit(code=None, signal=9, reason="killed", step="agent"), "stopped", ""),
        (Exit(code=None, signal=15, reason="timeout", step="agent"), "timed_out", "run.timeout"),
        (
            Exit(code=None, signal=15, reason="idle_timeout", step="agent"),
            "timed_out",
            "run.silent",
        ),
        (Exit(code=2, signal=None, reason="setup_failed", step="setup"), "failed", "setup.failed"),
        (
            Exit(code=None, signal=None, reason="not_found", step="agent"),
            "failed",
            "agent.not-installed",
        ),
        (
            Exit(code=None, signal=None, reason="not_found", step="setup"),
            "failed",
            "setup.failed",
        ),
        (failed(0), "failed", "agent.no-result"),
        (failed(1), "failed", "agent.crashed"),
        (Exit(code=None, signal=9, reason="exited", step="agent"), "failed", "agent.crashed"),
    ],
)
def test_an_exit_without_a_result(exit: Exit, state: str, code: str) -> None:
    outcome = Reading(assistant(text_block("hm"))).outcome(exit)
    assert (outcome.state, outcome.code) == (state, code)
    assert bool(outcome.message) == bool(code)


def test_success_needs_result_and_exit_code_and_no_later_work() -> None:
    assert Reading(result()).outcome(failed(0)).state == "succeeded"
    assert Reading(result()).outcome(failed(3)).code == "agent.crashed"
    assert Reading(result(is_error=None)).outcome(failed(0)).code == "agent.failed"
    later = Reading(result(), assistant(text_block("and another thing")))
    assert later.outcome(failed(0)).code == "agent.no-result"


def test_a_later_turn_makes_good_an_earlier_error() -> None:
    bad = result(is_error=True, api_error_status=500, result="API Error: 500")
    assert Reading(bad, result()).outcome(failed(0)).state == "succeeded"
    assert Reading(result(), bad).outcome(failed(1)).code == "agent.api"


def test_a_refused_login_is_named_even_if_the_run_was_stopped_for_it() -> None:
    retry = {"type": "system", "subtype": "api_retry", "error_status": 401, "error": "x"}
    assert not Reading(retry, retry).decoder.give_up
    run = Reading(retry, retry, retry)
    assert run.decoder.give_up
    stopped = Exit(code=None, signal=15, reason="stopped", step="agent")
    assert run.outcome(stopped).code == "agent.auth"
    recovered = Reading(retry, retry, retry, assistant(text_block("it works after all")))
    assert not recovered.decoder.give_up


# What is written to it


def launch(**more: Any) -> Any:
    return CLAUDE.launch(LaunchSpec(prompt="do it", **more))


def test_the_prompt_goes_by_stdin_only() -> None:
    start = launch(model="opus", args=("--max-turns=3",), new_session="s-1")
    assert "do it" not in " ".join(start.argv)
    assert json.loads(start.stdin)["message"]["content"] == [text_block("do it")]
    assert start.stdin_open
    assert {"--model=opus", "--max-turns=3", "--session-id=s-1"} <= set(start.argv)
    again = launch(new_session="s-2", resume_session="s-1")
    assert "--resume=s-1" in again.argv
    assert not [word for word in again.argv if "--session-id" in word]


def test_a_prompt_that_looks_like_a_command_is_text() -> None:
    for prompt in ("/clear all", "  /clear"):
        (block,) = json.loads(CLAUDE.message(prompt))["message"]["content"]
        assert block["text"] == f"\n{prompt}"


def test_lines_written_are_one_line_each() -> None:
    text = "one\ntwo\u2028three\r\x85\x00\ud800"
    payload = {"request": "r", "tool": "Bash", "input": {"command": "x"}, "context": {}}
    for line in (
        CLAUDE.message(text),
        CLAUDE.interrupt(),
        CLAUDE.answer(payload, allow=False, scope="once", message=text),
    ):
        assert line.endswith("\n")
        assert len(line.splitlines()) == 1
        line.encode("utf-8")
        json.loads(line)


@pytest.mark.parametrize(
    ("mode", "word", "sandbox"),
    [
        ("ask", "default", False),
        ("accept_edits", "acceptEdits", False),
        ("everything", "bypassPermissions", True),
    ],
)
def test_permission_modes(
    mode: str, word: str, sandbox: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    start = launch(permission_mode=mode)
    assert f"--permission-mode={word}" in start.argv
    assert "--permission-prompt-tool=stdio" in start.argv
    assert ("IS_SANDBOX" in start.env) is sandbox
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "IS_SANDBOX" not in launch(permission_mode=mode).env


def answer(payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"allow": True, "scope": "once", "message": ""} | more
    line: dict[str, Any] = json.loads(CLAUDE.answer(payload, **given))
    assert line["response"]["request_id"] == payload["request"]
    response: dict[str, Any] = line["response"]["response"]
    return response


def test_allowing_never_sends_back_what_may_have_been_redacted() -> None:
    payload = {"request": "r", "tool": "Write", "input": {"file_path": "[redacted]"}}
    assert answer(payload) == {"behavior": "allow", "updatedInput": {}}
    assert answer(payload, allow=False, message="no")["message"] == "no"
    assert answer(payload, allow=False)["message"]


def test_allowing_for_the_run_stores_nothing_and_widens_nothing() -> None:
    rule = {"toolName": "Bash", "ruleContent": "make *"}
    add = {"type": "addRules", "rules": [rule], "behavior": "allow", "destination": "localSettings"}
    wide: list[dict[str, Any]] = [
        {"type": "setMode", "mode": "acceptEdits", "destination": "session"},
        {"type": "setMode", "mode": "bypassPermissions", "destination": "session"},
        {"type": "addDirectories", "directories": ["/"], "destination": "userSettings"},
        {**add, "behavior": "deny"},
    ]

    def permissions(tool: str, suggestions: list[dict[str, Any]]) -> Any:
        payload = {"request": "r", "tool": tool, "context": {"suggestions": suggestions}}
        return answer(payload, scope="run")["updatedPermissions"]

    assert permissions("Bash", [add, *wide]) == [{**add, "destination": "session"}]
    assert permissions("Write", wide) == [wide[0]]
    fallback = {**add, "rules": [{"toolName": "Bash"}], "destination": "session"}
    assert permissions("Bash", wide) == [fallback]


@pytest.mark.parametrize(
    ("message", "said"),
    [("blue\nS, M", ["blue", "S, M"]), ("whatever you like", ["whatever you like"] * 2)],
)
def test_questions_are_answered_line_by_line(message: str, said: list[str]) -> None:
    questions = [{"question": "Which colour?"}, {"question": "Which sizes?"}]
    payload = {"request": "r", "tool": "AskUserQuestion", "input": {"questions": questions}}
    answered = answer(payload, message=message)["updatedInput"]
    assert answered["questions"] == questions
    assert answered["answers"] == dict(zip(("Which colour?", "Which sizes?"), said, strict=True))


# What is found on this machine


@pytest.fixture
def fake_cli(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    def make(script: str) -> dict[str, str]:
        path = tmp_path / "bin" / "claude"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return {"PATH": f"{path.parent}:/usr/bin:/bin"}

    return make


def test_a_missing_cli_says_how_to_get_it(tmp_path: Path) -> None:
    found = CLAUDE.available(command=(), env={"PATH": str(tmp_path)}, home=str(tmp_path))
    assert not found.installed
    assert "npm" in found.detail


def test_version_is_asked_in_an_empty_home(
    tmp_path: Path, fake_cli: Callable[[str], dict[str, str]]
) -> None:
    env = fake_cli('touch "$HOME/.claude.json"; echo "$1 $ANTHROPIC_API_KEY 2.1 (x)"')
    env["ANTHROPIC_API_KEY"] = "sk-secret"
    found = CLAUDE.available(command=(), env=env, home=str(tmp_path))
    assert found.version == "--version"  # first word of what it printed: asked for this only
    assert "sk-secret" not in repr(found)
    assert not (tmp_path / ".claude.json").exists()


def test_a_broken_cli_has_no_version(
    tmp_path: Path, fake_cli: Callable[[str], dict[str, str]]
) -> None:
    env = fake_cli("echo oops; exit 1")
    found = CLAUDE.available(command=(), env=env, home=str(tmp_path))
    assert (found.installed, found.version, found.login) == (True, "", "missing")


@pytest.mark.parametrize(
    ("name", "content", "source"),
    [
        (".claude/.credentials.json", {"claudeAiOauth": {"accessToken": "x"}}, ".credentials.json"),
        (".claude/.credentials.json", {"claudeAiOauth": {}}, ""),
        (".claude/settings.json", {"apiKeyHelper": "/bin/key"}, "apiKeyHelper"),
        (".claude.json", {"oauthAccount": {"emailAddress": "a@b.example"}}, ".claude.json"),
        (".claude.json", {"primaryApiKey": "sk"}, ".claude.json"),
        (".claude.json", {"numStartups": 3}, ""),
        (".claude.json", "not json", ""),
    ],
)
def test_logins_are_found_without_running_anything(
    tmp_path: Path, name: str, content: Any, source: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    found = claude_module.login_source({}, str(tmp_path))
    assert source in found
    assert bool(found) == bool(source)


def test_a_login_in_the_environment_is_named_not_shown(tmp_path: Path) -> None:
    for name in ("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"):
        assert claude_module.login_source({name: "sk-secret"}, str(tmp_path)) == name
    assert claude_module.login_source({"ANTHROPIC_API_KEY": ""}, str(tmp_path)) == ""
