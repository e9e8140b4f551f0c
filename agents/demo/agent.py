"""The scripted agent: does what the prompt's directives say, or builds a small web app.

No model is behind it and it says so. It speaks claude's bidirectional stream-json (prompts,
permissions, interrupt, steering, resume), writes real files and runs real commands.
Run as `python -I agent.py`, stdlib only.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import signal
import sys
import time
import uuid
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agents.demo.memory import Memory
from agents.demo.steps import Step, directive_steps
from agents.demo.story import story_steps
from agents.demo.tools import Interrupted, tool_use
from agents.demo.wire import Wire

MODEL = "scripted (no model)"
VERSION = "demo-1"
FILE_TOOLS = ("Write", "Edit")
INTERRUPTED_TEXT = "[Request interrupted by user]"
LOGIN_TEXT = "Not logged in · Please run /login"


class TurnFailed(Exception):
    """The turn ends with an error result."""

    def __init__(self, text: str, error: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.error = error


class Agent:
    def __init__(self, wire: Wire, memory: Memory, mode: str) -> None:
        self.wire = wire
        self.memory = memory
        self.mode = mode
        self.allowed: set[str] = set()  # tools allowed for the whole run
        self.failed = False
        self._start_turn()

    def _start_turn(self) -> None:
        self.steps: list[Step] = []
        self.final = ""
        self.chars_in = 0
        self.chars_out = 0
        self.messages = 0
        self.denials: list[dict[str, Any]] = []
        self.started = time.monotonic()

    # Turns

    def run(self) -> int:
        while (prompt := self.wire.prompts.get()) is not None:
            self.turn(prompt)
        return 1 if self.failed else 0

    def turn(self, prompt: dict[str, Any]) -> None:
        self._start_turn()
        self.wire.interrupt.clear()
        self._send_init()
        self._take(prompt)
        error: TurnFailed | None = None
        aborted = False
        try:
            while self.steps:
                self._do(self.steps.pop(0))
                self._take_waiting()
        except Interrupted:
            aborted = True
            self._send_user([{"type": "text", "text": INTERRUPTED_TEXT}])
        except TurnFailed as failed:
            error = failed
            model = "<synthetic>"
            self._send_block({"type": "text", "text": failed.text}, model=model, error=failed.error)
        self.failed = aborted or error is not None
        if not self.failed:
            self._say(self.final or "Done. (Scripted agent: no model was used.)")
        self._send_result(error, aborted)

    def unknown_session(self) -> None:
        text = f"No conversation found with session ID: {self.memory.session}"
        self._line("result", subtype="error_during_execution", is_error=True, errors=[text])

    def _take(self, prompt: dict[str, Any]) -> None:
        """A prompt is taken up: said back, remembered, and its steps added to this turn's."""
        self.wire.send({**prompt, "session_id": self.memory.session, "isReplay": True})
        text = prompt_text(prompt)
        self.chars_in += len(text)
        earlier = list(self.memory.prompts)
        self.memory.remember(text)
        steps = directive_steps(text) or story_steps(text, earlier)
        self.steps += steps

    def _take_waiting(self) -> None:
        while True:
            try:
                prompt = self.wire.prompts.get_nowait()
            except queue.Empty:
                return
            if prompt is None:  # the end of input; it is for run() to see
                self.wire.prompts.put(None)
                return
            self._take(prompt)

    # Steps

    def _do(self, step: Step) -> None:
        self._pause(0)
        args = step.args
        match step.kind:
            case "say":
                self._say(args[0])
            case "think":
                self._send_block({"type": "thinking", "thinking": args[0], "signature": ""})
            case "plan":
                self._plan(args[0])
            case "write":
                self._tool("Write", {"file_path": args[0], "content": args[1]})
            case "edit":
                texts = {"old_string": args[1], "new_string": args[2]}
                self._tool("Edit", {"file_path": args[0], **texts})
            case "read":
                self._tool("Read", {"file_path": args[0]})
            case "bash":
                self._tool("Bash", {"command": args[0]})
            case "ask":
                self._tool("Bash", {"command": args[0]}, ask=True)
            case "sleep":
                self._pause(number(args[0]))
            case "pause":
                self._pause(number(args[0]) * number(os.environ.get("BAKEOFF_DEMO_PACE") or "1"))
            case "lines":
                self._lines(args[0])
            case "recall":
                self._say("\n".join(f"- {prompt}" for prompt in self.memory.prompts[:-1]))
            case "final":
                self.final = args[0]
            case "fail":
                raise TurnFailed(args[0] or "The scripted agent was told to fail.")
            case "auth":
                raise TurnFailed(LOGIN_TEXT, error="authentication_failed")
            case "crash":
                crash(args[0])

    def _pause(self, seconds: float) -> None:
        if self.wire.interrupt.wait(seconds) if seconds > 0 else self.wire.interrupt.is_set():
            raise Interrupted

    def _lines(self, text: str) -> None:
        count, rate = [*(number(word) for word in text.split()), 1.0, 1.0][:2]
        start = time.monotonic()
        for index in range(int(count)):
            self._pause(start + index / max(rate, 0.01) - time.monotonic())
            self._say(f"line {index + 1} of {int(count)}")

    def _plan(self, text: str) -> None:
        """Entries end in `*` when done, in `>` when being worked on."""
        states = {"*": "completed", ">": "in_progress"}
        todos = [
            {
                "content": entry.rstrip("*>"),
                "status": states.get(entry[-1], "pending"),
                "activeForm": entry.rstrip("*>"),
            }
            for entry in (part.strip() for part in text.split(";"))
            if entry
        ]
        call = self._send_call("TodoWrite", {"todos": todos})
        self._send_tool_result(call, "Todos have been modified successfully", {})

    # Tools

    def _tool(self, tool: str, data: dict[str, Any], *, ask: bool = False) -> None:
        if "file_path" in data:
            data["file_path"] = str(Path.cwd() / data["file_path"])
        call = self._send_call(tool, data)
        asks = ask or (self.mode == "default" and tool in (*FILE_TOOLS, "Bash"))
        if asks and self.mode != "bypassPermissions" and tool not in self.allowed:
            refusal = self._ask(tool, data, call)
            if refusal:
                denied = {"tool_name": tool, "tool_use_id": call, "tool_input": data}
                self.denials.append(denied)
                self._send_tool_result(call, refusal, f"Error: {refusal}", True)
                return
        result = tool_use(tool, data, self.wire.interrupt)
        self._send_tool_result(call, *result)

    def _ask(self, tool: str, data: dict[str, Any], call: str) -> str:
        """Why the tool may not be used; empty if it may."""
        request_id = str(uuid.uuid4())
        rule = {"toolName": tool}
        suggestion = {"type": "addRules", "rules": [rule], "behavior": "allow"}
        self.wire.send(
            {
                "type": "control_request",
                "request_id": request_id,
                "request": {
                    "subtype": "can_use_tool",
                    "tool_name": tool,
                    "input": data,
                    "permission_suggestions": [{**suggestion, "destination": "localSettings"}],
                    "tool_use_id": call,
                },
            }
        )
        while True:
            try:
                answer = self.wire.answers.get(timeout=0.05)
            except queue.Empty:
                if self.wire.interrupt.is_set():
                    cancel = {
                        "type": "control_cancel_request",
                        "request_id": request_id,
                    }
                    self.wire.send(cancel)
                    raise Interrupted from None
                continue
            if answer is None:
                self.wire.answers.put(None)
                return "Tool permission request failed: the input stream has ended."
            if answer.get("request_id") != request_id:
                continue
            response = answer.get("response", {})
            if response.get("behavior") != "allow":
                return response.get("message") or "Permission denied."
            if response.get("updatedPermissions"):
                self.allowed.add(tool)
            return ""

    # Lines on the wire

    def _line(self, kind: str, **fields: Any) -> None:
        ids = {"session_id": self.memory.session, "uuid": str(uuid.uuid4())}
        self.wire.send({"type": kind, **fields, **ids})

    def _send_init(self) -> None:
        self._line(
            "system",
            subtype="init",
            cwd=str(Path.cwd()),
            tools=["Bash", "Edit", "Read", "TodoWrite", "Write"],
            mcp_servers=[],
            model=MODEL,
            permissionMode=self.mode,
            apiKeySource="none",
            claude_code_version=VERSION,
        )

    def _send_block(self, block: dict[str, Any], model: str = MODEL, error: str = "") -> None:
        self.chars_out += len(json.dumps(block, ensure_ascii=False))
        self.messages += 1
        message = {
            "id": f"msg_{uuid.uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [block],
            "stop_reason": None,
        }
        extra = {"error": error or "unknown"} if model != MODEL else {}
        self._line("assistant", message=message, parent_tool_use_id=None, **extra)

    def _say(self, text: str) -> None:
        if text:
            self._send_block({"type": "text", "text": text})

    def _send_call(self, tool: str, data: dict[str, Any]) -> str:
        call = f"toolu_{uuid.uuid4().hex[:24]}"
        self._send_block({"type": "tool_use", "id": call, "name": tool, "input": data})
        return call

    def _send_user(self, content: list[dict[str, Any]], **extra: Any) -> None:
        message = {"role": "user", "content": content}
        self._line("user", message=message, parent_tool_use_id=None, **extra)

    def _send_tool_result(
        self, call: str, output: str, details: Any, is_error: bool = False
    ) -> None:
        self.chars_in += len(output)
        block: dict[str, Any] = {
            "tool_use_id": call,
            "type": "tool_result",
            "content": output,
        }
        if is_error:
            block["is_error"] = True
        self._send_user([block], tool_use_result=details)

    def _send_result(self, error: TurnFailed | None, aborted: bool) -> None:
        """Tokens are counted from the text, four characters each; there is no cost to know."""
        about: dict[str, Any] = {"subtype": "success", "is_error": error is not None}
        if aborted:
            about = {
                "subtype": "error_during_execution",
                "is_error": True,
                "errors": [],
            }
        else:
            about["result"] = error.text if error else self.final
        self._line(
            "result",
            **about,
            api_error_status=None,
            duration_ms=int((time.monotonic() - self.started) * 1000),
            num_turns=self.messages,
            stop_reason="end_turn",
            total_cost_usd=None,
            usage={
                "input_tokens": self.chars_in // 4,
                "output_tokens": self.chars_out // 4,
            },
            modelUsage={},
            permission_denials=self.denials,
            terminal_reason="aborted_streaming" if aborted else "completed",
        )


def prompt_text(prompt: dict[str, Any]) -> str:
    content = prompt.get("message", {}).get("content", "")
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content if block.get("type") == "text")


def number(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0


def crash(how: str) -> NoReturn:
    if how.strip() == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(int(number(how)) or 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", default="acceptEdits")
    parser.add_argument("--session-id", default="")
    parser.add_argument("--resume", default="")
    options = parser.parse_args()
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        memory = Memory(options.resume or options.session_id or str(uuid.uuid4()))
        known = memory.load()
    except (OSError, ValueError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    if options.session_id and known and not options.resume:
        sys.stderr.write(f"Error: Session ID {memory.session} is already in use.\n")
        return 1
    agent = Agent(Wire(), memory, options.mode)
    if options.resume and not known:
        agent.unknown_session()
        return 1
    return agent.run()


if __name__ == "__main__":
    sys.exit(main())
