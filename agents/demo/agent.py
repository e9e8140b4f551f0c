"""The scripted agent: does what the prompt's directives say, or builds a small web app.

No model is behind it and it says so. It speaks claude's bidirectional stream-json on stdin and stdout
(prompts, permissions, interrupt, steering, resume), writes real files and runs real commands.
Run as `python -I agent.py`, stdlib only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agents.demo.steps import Step, directive_steps
from agents.demo.story import story_steps

MODEL = "scripted (no model)"
VERSION = "demo-1"
OUTPUT_LIMIT = 30_000
FILE_TOOLS = ("Write", "Edit")
INTERRUPTED = "[Request interrupted by user]"
LOGIN_TEXT = "Invalid API key · Please run /login"


class Interrupted(Exception):
    """A person interrupted the turn."""


class TurnFailed(Exception):
    """The turn ends with an error result."""

    def __init__(self, text: str, error: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.error = error


class Memory:
    """What a session remembers: its prompts, in a file that a later process reads."""

    def __init__(self, session: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", session):
            raise SystemExit(f"Error: invalid session ID {session[:80]!r}")
        self.session = session
        base = (
            os.environ.get("BAKEOFF_DEMO_STATE")
            or Path.home() / ".local/state/bakeoff-demo"
        )
        self._path = Path(base) / f"{session}.json"
        self.prompts: list[str] = []

    def load(self) -> bool:
        try:
            self.prompts = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return False
        return True

    def remember(self, prompt: str) -> None:
        self.prompts.append(prompt)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(self.prompts), "utf-8")
        part.replace(self._path)


class Wire:
    """stdin and stdout. A thread reads, so that an interrupt is seen in the middle of a step."""

    def __init__(self) -> None:
        self.prompts: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.interrupt = threading.Event()
        self._write_lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, data: dict[str, Any]) -> None:
        line = json.dumps(data) + "\n"
        with self._write_lock:
            sys.stdout.write(line)
            sys.stdout.flush()

    def _read(self) -> None:
        for line in sys.stdin:
            try:
                data = json.loads(line)
            except ValueError:
                print(
                    f"Error parsing streaming input line: {line[:200]}", file=sys.stderr
                )
                os._exit(1)
            kind = data.get("type")
            if kind == "user":
                self.prompts.put(data)
            elif kind == "control_response":
                self.answers.put(data.get("response", {}))
            elif kind == "control_request":
                if data.get("request", {}).get("subtype") == "interrupt":
                    self.interrupt.set()
                response = {"subtype": "success", "request_id": data.get("request_id")}
                self.send({"type": "control_response", "response": response})
        self.answers.put(None)
        self.prompts.put(None)


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
            self._send_user([{"type": "text", "text": INTERRUPTED}])
        except TurnFailed as failed:
            error = failed
            model = "<synthetic>"
            self._send_block(
                {"type": "text", "text": failed.text}, model=model, error=failed.error
            )
        self.failed = aborted or error is not None
        if not self.failed:
            self._say(self.final or "Done. (Scripted agent: no model was used.)")
        self._send_result(error, aborted)

    def unknown_session(self) -> None:
        text = f"No conversation found with session ID: {self.memory.session}"
        self._line(
            "result", subtype="error_during_execution", is_error=True, errors=[text]
        )

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
                self._send_block(
                    {"type": "thinking", "thinking": args[0], "signature": ""}
                )
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
                self._pause(
                    number(args[0]) * number(os.environ.get("BAKEOFF_DEMO_PACE") or "1")
                )
            case "lines":
                self._lines(args[0])
            case "recall":
                self._say(
                    "\n".join(f"- {prompt}" for prompt in self.memory.prompts[:-1])
                )
            case "final":
                self.final = args[0]
            case "fail":
                raise TurnFailed(args[0] or "The scripted agent was told to fail.")
            case "auth":
                raise TurnFailed(LOGIN_TEXT, error="authentication_failed")
            case "crash":
                crash(args[0])

    def _pause(self, seconds: float) -> None:
        if (
            self.wire.interrupt.wait(seconds)
            if seconds > 0
            else self.wire.interrupt.is_set()
        ):
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
                self._send_tool_result(
                    call, refusal, f"Error: {refusal}", is_error=True
                )
                return
        try:
            output, details, is_error = self._use(tool, data)
        except (OSError, ValueError) as exc:
            output, details, is_error = (
                f"<tool_use_error>{exc}</tool_use_error>",
                str(exc),
                True,
            )
        self._send_tool_result(call, output, details, is_error=is_error)

    def _use(self, tool: str, data: dict[str, Any]) -> tuple[str, Any, bool]:
        if tool == "Bash":
            return self._bash(data["command"])
        path = Path(data["file_path"])
        if tool == "Read":
            text = path.read_text("utf-8", "replace")
            lines = text.split("\n")
            shown = "\n".join(f"{n:>6}\t{line}" for n, line in enumerate(lines, 1))
            return shown[:OUTPUT_LIMIT], {"type": "text"}, False
        if tool == "Write":
            kind = "update" if path.exists() else "create"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(data["content"], "utf-8")
            said = "updated" if kind == "update" else "created"
            return f"File {said} successfully at: {path}", {"type": kind}, False
        text = path.read_text("utf-8")
        if text.count(data["old_string"]) != 1:
            raise ValueError("String to replace must be found exactly once in file.")
        path.write_text(text.replace(data["old_string"], data["new_string"]), "utf-8")
        return (
            f"The file {path} has been updated successfully.",
            {"type": "update"},
            False,
        )

    def _bash(self, command: str) -> tuple[str, Any, bool]:
        process = subprocess.Popen(
            ["/bin/bash", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        done = threading.Event()
        chunks: list[bytes] = []

        def drain() -> None:
            assert process.stdout is not None
            chunks.append(process.stdout.read())
            process.wait()
            done.set()

        threading.Thread(target=drain, daemon=True).start()
        while not done.wait(0.05):
            if self.wire.interrupt.is_set():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise Interrupted
        output = b"".join(chunks).decode("utf-8", "replace").rstrip("\n")[:OUTPUT_LIMIT]
        if process.returncode:
            return f"Exit code {process.returncode}\n{output}", f"Error: {output}", True
        return output, {"stdout": output, "stderr": "", "interrupted": False}, False

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
                    "permission_suggestions": [
                        {**suggestion, "destination": "localSettings"}
                    ],
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

    def _send_block(
        self, block: dict[str, Any], model: str = MODEL, error: str = ""
    ) -> None:
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
        self, call: str, output: str, details: Any, *, is_error: bool = False
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
    return "\n".join(
        block.get("text", "") for block in content if block.get("type") == "text"
    )


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
    memory = Memory(options.resume or options.session_id or str(uuid.uuid4()))
    known = memory.load()
    if options.session_id and known and not options.resume:
        print(f"Error: Session ID {memory.session} is already in use.", file=sys.stderr)
        return 1
    agent = Agent(Wire(), memory, options.mode)
    if options.resume and not known:
        agent.unknown_session()
        return 1
    return agent.run()


if __name__ == "__main__":
    sys.exit(main())
