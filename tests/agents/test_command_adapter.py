"""Any program as an agent, started for real."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from agents import events as ev
from agents.adapters.base import Exit, LaunchError, LaunchSpec
from agents.adapters.command import CommandAdapter
from tests.support.agent_process import AgentProcess

COMMAND = CommandAdapter()


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def start(workspace: Path, prompt: str, command: tuple[str, ...], **spec: Any) -> AgentProcess:
    env = {"HOME": str(workspace)}
    return AgentProcess(COMMAND, prompt=prompt, cwd=workspace, env=env, command=command, **spec)


def test_the_prompt_comes_on_stdin_and_ends(tmp_path: Path) -> None:
    prompt = "naïve\n🦊 $(touch x) `y`\n" * 2000
    code = "import sys; open('got', 'wb').write(sys.stdin.buffer.read())"
    with start(tmp_path, prompt, python(code)) as agent:
        assert agent.finish().state == "succeeded"
    assert (tmp_path / "got").read_bytes() == prompt.encode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["got"]


def test_every_printed_line_is_one_message(tmp_path: Path) -> None:
    code = (
        "import sys; sys.stdout.buffer.write(b'one\\n\\n\\x1b[31mred\\x1b[0m\\r\\n\\xff\\xfe\\0\\nend')"
        "; sys.stderr.write('oh\\n')"
    )
    with start(tmp_path, "", python(code)) as agent:
        agent.finish()
    out = [event.text for event in agent.of(ev.Message) if event.stream == "out"]
    assert out == ["one", "", "\x1b[31mred\x1b[0m\r", "\ufffd\ufffd\ufffd", "end"]
    assert [event.text for event in agent.of(ev.Message) if event.stream == "err"] == ["oh"]


def test_json_of_another_agent_is_only_text(tmp_path: Path) -> None:
    line = '{"type":"result","is_error":false}'
    with start(tmp_path, "", python(f"print('{line}')")) as agent:
        agent.finish()
    assert [event.kind for event in agent.events] == ["message"]


@pytest.mark.parametrize(
    ("code", "state", "failure"),
    [
        ("pass", "succeeded", ""),
        ("raise SystemExit(3)", "failed", "agent.failed"),
        ("import os; os.kill(os.getpid(), 9)", "failed", "agent.crashed"),
    ],
)
def test_the_exit_decides(tmp_path: Path, code: str, state: str, failure: str) -> None:
    with start(tmp_path, "", python(code)) as agent:
        outcome = agent.finish()
    assert (outcome.state, outcome.code) == (state, failure)


def test_a_stop_is_no_failure() -> None:
    stopped = Exit(code=1, signal=None, reason="stopped", step="agent")
    assert COMMAND.outcome(stopped, []).state == "stopped"


SAVE = "import sys; open('got', 'w').write(repr(sys.argv[1:]))"


@pytest.mark.parametrize(
    ("extra", "wanted"),
    [
        ((), ["fix it"]),
        (("--message={prompt}", "-v"), ["--message=fix it", "-v"]),
    ],
)
def test_the_prompt_as_an_argument(
    tmp_path: Path, extra: tuple[str, ...], wanted: list[str]
) -> None:
    command = (*python(SAVE), *extra)
    with start(tmp_path, "fix it", command, prompt_via="arg") as agent:
        agent.finish()
    assert (tmp_path / "got").read_text() == repr(wanted)


def test_a_prompt_never_becomes_an_option(tmp_path: Path) -> None:
    with start(tmp_path, "--help me", python(SAVE), prompt_via="arg") as agent:
        agent.finish()
    assert (tmp_path / "got").read_text() == repr([" --help me"])


def launch(prompt: str, **more: Any) -> Any:
    given = {"command": ("cat",)} | more
    return COMMAND.launch(LaunchSpec(prompt=prompt, **given))


def test_what_cannot_be_an_argument_is_said_before_the_start() -> None:
    with pytest.raises(LaunchError, match="too long"):
        launch("x" * (128 * 1024), prompt_via="arg")
    with pytest.raises(LaunchError, match="NUL"):
        launch("a\0b", prompt_via="arg")
    assert launch("x" * (128 * 1024)).stdin  # by stdin it is fine
    with pytest.raises(LaunchError, match="no command"):
        launch("x", command=())


def test_the_prompt_as_a_file(tmp_path: Path) -> None:
    for command, argv in (
        (("cat",), ["{file}"]),
        (("cat", "--file={prompt_file}", "-n"), ["--file={file}", "-n"]),
    ):
        start = launch("do it", command=command, prompt_via="file", files_dir=str(tmp_path))
        ((name, text),) = start.files.items()
        assert Path(name).parent == tmp_path
        assert text == "do it"
        assert list(start.argv[1:]) == [word.replace("{file}", name) for word in argv]
        assert start.stdin == ""
    with pytest.raises(LaunchError):
        launch("do it", prompt_via="file")


def test_it_is_found_on_the_path_it_will_have(tmp_path: Path) -> None:
    program = tmp_path / "my-agent"
    program.write_text("#!/bin/sh\n")
    env = {"PATH": str(tmp_path)}
    assert not COMMAND.available(command=("my-agent",), env=env, home="/").installed
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    found = COMMAND.available(command=("my-agent",), env=env, home="/")
    assert (found.installed, found.path, found.login) == (True, str(program), "unknown")
    assert launch("x", command=("my-agent",), path=str(tmp_path)).argv[0] == str(program)
    assert not COMMAND.available(command=(), env=env, home="/").installed
