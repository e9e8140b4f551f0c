"""The claude CLI over its bidirectional stdio protocol: permissions, interrupt, several prompts.

Permission modes: `ask` is claude's `default`, `accept_edits` its `acceptEdits`; in both it asks
over stdio for whatever its own rules leave open. `everything` is `bypassPermissions`: nothing is
asked. Root may use that only with IS_SANDBOX=1, which the CLI takes as "the surroundings are
disposable"; the person who chose `everything` has said so, so it is set then and only then.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from agents import events as ev
from agents.adapters.base import (
    Availability,
    Capabilities,
    Exit,
    Launch,
    LaunchSpec,
    Outcome,
    exit_outcome,
    exit_phrase,
)
from agents.adapters.claude_result import AUTH_TEXT
from agents.adapters.claude_stream import ClaudeDecoder
from agents.adapters.claude_tools import tool_category
from agents.adapters.fields import get_dict, get_dicts, get_str, parse_object

MODES = {
    "ask": "default",
    "accept_edits": "acceptEdits",
    "everything": "bypassPermissions",
}
QUIET_ENV = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
}
LOGIN_VARIABLES = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
)
VERSION_TIMEOUT_S = 15
INTERRUPT_ID = "bakeoff-interrupt"


def to_line(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")) + "\n"


class ClaudeProtocol:
    """What claude and the scripted demo agent have in common: the words on stdin and stdout."""

    def decoder(self) -> ClaudeDecoder:
        return ClaudeDecoder()

    def message(self, text: str) -> str:
        """The id comes back when the agent takes the prompt up; see ClaudeDecoder.turn_done.

        A prompt is text: with a line break in front, `/clear the desk` is no command of the CLI's.
        """
        if text.lstrip(" \t").startswith("/"):
            text = f"\n{text}"
        return to_line(
            {
                "type": "user",
                "uuid": str(uuid.uuid4()),
                "message": {
                    "role": "user",
                    "content": [{"type": "text", "text": text}],
                },
                "parent_tool_use_id": None,
                "session_id": "",
            }
        )

    def interrupt(self) -> str:
        request = {"subtype": "interrupt"}
        return to_line({"type": "control_request", "request_id": INTERRUPT_ID, "request": request})

    def answer(self, request: Mapping[str, Any], *, allow: bool, scope: str, message: str) -> str:
        """An empty `updatedInput` stands for the input as asked; ours may be redacted or cut.

        Questions of the agent's are answered with the message of an allowing answer, a line for each.
        """
        data = dict(request)
        if not allow:
            said = message or "The person watching this run said no."
            return _control_response(data, {"behavior": "deny", "message": said})
        response: dict[str, Any] = {"behavior": "allow", "updatedInput": {}}
        questions = get_dicts(get_dict(data, "input"), "questions")
        if tool_category(get_str(data, "tool")) == "question" and questions and message:
            answers = question_answers([get_str(q, "question") for q in questions], message)
            response["updatedInput"] = {"questions": questions, "answers": answers}
        elif scope == "run":
            response["updatedPermissions"] = run_permissions(data)
        return _control_response(data, response)

    def outcome(self, exit: Exit, events: Iterable[ev.Event]) -> Outcome:
        turn: ev.State | None = None  # the last one, if nothing came after it
        errors: list[ev.Error] = []
        complaints = ""
        was_interrupted = False
        for event in events:
            if isinstance(event, ev.State) and event.state == "turn":
                turn = event
            elif isinstance(event, ev.State) and event.state == "interrupted":
                was_interrupted = True
            elif isinstance(event, ev.Error):
                errors.append(event)
            elif isinstance(event, ev.Message) and event.stream == "err":
                complaints = f"{complaints}\n{event.text}"[-4000:]
            elif isinstance(event, ev.State) and event.state == "working":
                turn = None
        fatal = [error for error in errors if error.fatal]
        done = turn is not None and turn.data.get("ok") is True
        if not done and fatal and fatal[-1].code == "agent.auth":
            # Whoever ended the process then did so because of this.
            return not_signed_in(fatal[-1].message)
        seen = exit_outcome(exit)
        if seen is not None:
            return seen
        if done:
            if exit.code == 0:
                return Outcome(state="succeeded")
            message = f"The agent gave its result, but its process {exit_phrase(exit)}."
            return Outcome(state="failed", code="agent.crashed", message=message)
        if fatal:
            return Outcome(state="failed", code=fatal[-1].code, message=fatal[-1].message)
        if any(error.code == "agent.auth" for error in errors):
            return not_signed_in("the model API refused its login")
        if match := AUTH_TEXT.search(complaints):
            return not_signed_in(match[0])
        if was_interrupted:
            return Outcome(state="stopped")
        if exit.code == 0:
            message = "The agent ended without giving a result."
            return Outcome(state="failed", code="agent.no-result", message=message)
        message = f"The agent's process {exit_phrase(exit)} before it gave a result."
        return Outcome(state="failed", code="agent.crashed", message=message)


class ClaudeAdapter(ClaudeProtocol):
    name = "claude"
    capabilities = Capabilities(permissions=True, steering=True)

    def available(
        self, *, command: tuple[str, ...], env: Mapping[str, str], home: str
    ) -> Availability:
        program = command[0] if command else "claude"
        path = shutil.which(program, path=env.get("PATH"))
        if path is None:
            detail = (
                f"{program} was not found on PATH: install it with npm (@anthropic-ai/claude-code)."
            )
            return Availability(installed=False, detail=detail)
        version = cli_version((path, *command[1:]), env)
        source = login_source(env, home)
        detail = f"Signed in by {source}."
        if not source:
            detail = "Not signed in: run claude once and type /login, or set ANTHROPIC_API_KEY."
        return Availability(
            installed=True,
            path=path,
            version=version,
            login="found" if source else "missing",
            login_source=source,
            detail=detail,
        )

    def launch(self, spec: LaunchSpec) -> Launch:
        program, *rest = spec.command or ("claude",)
        mode = MODES[spec.permission_mode]
        argv = [
            shutil.which(program, path=spec.path or None) or program,
            *rest,
            "--print",
            "--input-format=stream-json",
            "--output-format=stream-json",
            "--verbose",
            "--replay-user-messages",
            "--permission-prompt-tool=stdio",
            f"--permission-mode={mode}",
        ]
        if spec.model:
            argv.append(f"--model={spec.model}")
        if spec.resume_session:
            argv.append(f"--resume={spec.resume_session}")
        elif spec.new_session:
            argv.append(f"--session-id={spec.new_session}")
        argv += spec.args
        env = dict(QUIET_ENV)
        if mode == "bypassPermissions" and os.geteuid() == 0:
            env["IS_SANDBOX"] = "1"
        return Launch(
            argv=tuple(argv),
            env=env,
            stdin=self.message(spec.prompt),
            stdin_open=True,
            interrupt=self.interrupt(),
        )


def question_answers(questions: list[str], message: str) -> dict[str, str]:
    """A line for each question; a message of another shape is the answer to each."""
    lines = message.splitlines()
    said = lines if len(lines) == len(questions) else [message] * len(questions)
    return dict(zip(questions, said, strict=True))


def not_signed_in(reason: str) -> Outcome:
    message = f"The agent is not signed in: {reason.rstrip('.')}."
    return Outcome(state="failed", code="agent.auth", message=message)


def _control_response(request: dict[str, Any], response: dict[str, Any]) -> str:
    body = {
        "subtype": "success",
        "request_id": get_str(request, "request"),
        "response": response,
    }
    return to_line({"type": "control_response", "response": body})


def run_permissions(request: dict[str, Any]) -> list[dict[str, Any]]:
    """ "Allow in this run" as rules of this process, as narrow as the CLI's suggestions let them be.

    Its own would be stored in the workspace's or the person's settings. For an edit it suggests to
    accept edits; that it also does so beside a rule for a command is more than was meant.
    """
    suggested = get_dicts(get_dict(request, "context"), "suggestions")
    allowed = [
        item
        for item in suggested
        if get_str(item, "type") == "addRules" and get_str(item, "behavior") == "allow"
    ]
    if not allowed and tool_category(get_str(request, "tool")) == "edit":
        allowed = [item for item in suggested if get_str(item, "mode") == "acceptEdits"]
    if not allowed:
        rule = {"toolName": get_str(request, "tool")}
        allowed = [{"type": "addRules", "rules": [rule], "behavior": "allow"}]
    return [{**item, "destination": "session"} for item in allowed]


def cli_version(command: tuple[str, ...], env: Mapping[str, str]) -> str:
    """What `--version` prints, or empty. Run with an empty home: even that call writes into one."""
    with tempfile.TemporaryDirectory(prefix="bakeoff-version-") as home:
        small = {"PATH": env.get("PATH", os.defpath), "HOME": home, "LANG": "C.UTF-8"}
        try:
            done = subprocess.run(
                [*command, "--version"],
                env={**small, **QUIET_ENV},
                cwd=home,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=VERSION_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
    words = done.stdout.decode("utf-8", "replace").split()
    return words[0] if done.returncode == 0 and words else ""


def login_source(env: Mapping[str, str], home: str) -> str:
    """Where a login of the CLI is found, in a person's words; empty if nowhere. Nothing is run."""
    for name in LOGIN_VARIABLES:
        if env.get(name):
            return name
    config = Path(env.get("CLAUDE_CONFIG_DIR") or Path(home) / ".claude")
    oauth = get_dict(read_object(config / ".credentials.json"), "claudeAiOauth")
    if get_str(oauth, "accessToken") or get_str(oauth, "refreshToken"):
        return f"{config.name}/.credentials.json"
    settings = read_object(config / "settings.json")
    if get_str(settings, "apiKeyHelper"):
        return "apiKeyHelper in settings.json"
    state = config if env.get("CLAUDE_CONFIG_DIR") else Path(home)
    about = read_object(state / ".claude.json")
    if get_str(about, "primaryApiKey") or get_dict(about, "oauthAccount"):
        return ".claude.json"
    return ""


def read_object(path: Path) -> dict[str, Any]:
    try:
        return parse_object(path.read_text("utf-8", "replace")) or {}
    except OSError:
        return {}
