"""A model endpoint on loopback that does what the prompt says: a real agent CLI runs offline.

The prompt carries the script; the server keeps no state. For each request it takes the last user
text with directives, counts the assistant's tool calls after it, and answers with that step or the
final text. So resume, follow-ups, parallel runs and retries need nothing from the server.

    [[write PATH|CONTENT]]  [[edit PATH|OLD|NEW]]  [[read PATH]]  [[bash COMMAND]]     the steps
    [[tool NAME|JSON]]      any other tool, as a step
    [[say TEXT]]  [[think TEXT]]  [[sleep SECONDS]]      in front of the next step
    [[final TEXT]]          the last message             [[recall]]   the last message lists the
    [[http STATUS]]         every request fails so                    earlier prompts
"""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

KEY = "sk-ant-scripted-0123456789abcdef0123456789"
DIRECTIVE = re.compile(
    r"\[\[(write|edit|read|bash|tool|say|think|sleep|final|recall|http)(?:\s+(.*?))?\]\]", re.DOTALL
)
STEPS = ("write", "edit", "read", "bash", "tool")
WORKING_DIRECTORY = re.compile(r"(?:Primary working|Working) directory: ([^\n]+)")
PIECE = 24  # characters of a delta
INPUT_TOKENS, CACHE_WRITE_TOKENS, CACHE_READ_TOKENS, OUTPUT_TOKENS = 1000, 200, 300, 50


@dataclass
class Turn:
    """What one request is answered with."""

    think: str = ""
    text: str = ""
    sleep_s: float = 0.0
    tool: str = ""
    tool_input: dict[str, Any] = field(default_factory=dict)


class ScriptedModel:
    """`with ScriptedModel() as model:` serves at `model.url` and takes the key `model.key`."""

    def __init__(self, key: str = KEY) -> None:
        self.key = key
        self.requests: list[dict[str, Any]] = []  # bodies of the Messages requests
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.model = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def user_texts(message: dict[str, Any]) -> list[str]:
    if message.get("role") != "user":
        return []
    content = message.get("content")
    if isinstance(content, str):
        return [content]
    return [block["text"] for block in content or [] if block.get("type") == "text"]


def request_turn(body: dict[str, Any]) -> Turn:
    if not body.get("tools"):
        return Turn(text="ok")  # a side request: a title, a summary
    messages = body["messages"]
    scripts = [
        (index, text)
        for index, message in enumerate(messages)
        for text in user_texts(message)
        if DIRECTIVE.search(text)
    ]
    if not scripts:
        return Turn(text="There is no directive in this prompt.")
    index, script = scripts[-1]
    done = sum(
        block.get("type") == "tool_use"
        for message in messages[index + 1 :]
        if message.get("role") == "assistant" and isinstance(message["content"], list)
        for block in message["content"]
    )
    turn = script_turn(script, done, working_directory(body))
    if not turn.tool and re.search(r"\[\[recall\]\]", script):
        turn.text = "\n".join(text for _, text in scripts[:-1])
    return turn


def script_turn(script: str, done: int, cwd: str) -> Turn:
    """The `done`-th step with what stands before it, or what stands behind the last one."""
    turn, final = Turn(), "done"
    step = 0
    for kind, rest in DIRECTIVE.findall(script):
        if kind == "final":
            final = rest
        elif kind in STEPS:
            if step == done:
                turn.tool, turn.tool_input = tool_call(kind, rest, cwd)
            step += 1
        elif step == done:
            match kind:
                case "say":
                    turn.text = rest
                case "think":
                    turn.think = rest
                case "sleep":
                    turn.sleep_s += float(rest)
    if not turn.tool:
        turn.text = "\n".join(part for part in (turn.text, final) if part)
    return turn


def tool_call(kind: str, rest: str, cwd: str) -> tuple[str, dict[str, Any]]:
    if kind == "bash":
        return "Bash", {"command": rest, "description": "scripted command"}
    if kind == "tool":
        name, _, arguments = rest.partition("|")
        return name, json.loads(arguments)
    path, *texts = (part.replace("\\n", "\n") for part in rest.split("|"))
    path = path if path.startswith("/") else f"{cwd}/{path}"
    if kind == "write":
        return "Write", {"file_path": path, "content": "|".join(texts)}
    if kind == "edit":
        return "Edit", {"file_path": path, "old_string": texts[0], "new_string": texts[1]}
    return "Read", {"file_path": path}


def working_directory(body: dict[str, Any]) -> str:
    system = json.dumps(body.get("system", ""), ensure_ascii=False)
    match = WORKING_DIRECTORY.search(system.replace("\\n", "\n"))
    return match[1].strip() if match else "/nonexistent"


def http_status(body: dict[str, Any]) -> int:
    """The status that the last script asks for, 200 without one."""
    texts = [text for message in body.get("messages", []) for text in user_texts(message)]
    scripts = [text for text in texts if DIRECTIVE.search(text)]
    match = re.search(r"\[\[http (\d+)\]\]", scripts[-1]) if scripts else None
    return int(match[1]) if match else 200


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:24]}"


def stream_events(turn: Turn, model: str) -> Iterator[dict[str, Any]]:
    usage = {
        "input_tokens": INPUT_TOKENS,
        "cache_creation_input_tokens": CACHE_WRITE_TOKENS,
        "cache_read_input_tokens": CACHE_READ_TOKENS,
        "output_tokens": 1,
    }
    head = {"id": new_id("msg"), "type": "message", "role": "assistant", "model": model}
    message: dict[str, Any] = {
        **head,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    yield {"type": "message_start", "message": message}
    until = time.monotonic() + turn.sleep_s
    while (left := until - time.monotonic()) > 0:
        yield {"type": "ping"}
        time.sleep(min(left, 0.5))
    for index, (block, deltas) in enumerate(blocks(turn)):
        yield {"type": "content_block_start", "index": index, "content_block": block}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    reason = "tool_use" if turn.tool else "end_turn"
    delta = {"stop_reason": reason, "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": OUTPUT_TOKENS}}
    yield {"type": "message_stop"}


def blocks(turn: Turn) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    if turn.think:
        deltas = [{"type": "thinking_delta", "thinking": part} for part in pieces(turn.think)]
        deltas.append({"type": "signature_delta", "signature": "c2ln"})
        yield {"type": "thinking", "thinking": "", "signature": ""}, deltas
    if turn.text:
        deltas = [{"type": "text_delta", "text": part} for part in pieces(turn.text)]
        yield {"type": "text", "text": ""}, deltas
    if turn.tool:
        arguments = pieces(json.dumps(turn.tool_input))
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in arguments]
        block = {"type": "tool_use", "id": new_id("toolu"), "name": turn.tool, "input": {}}
        yield block, deltas


def pieces(text: str) -> list[str]:
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def model(self) -> ScriptedModel:
        return self.server.model  # type: ignore[attr-defined,no-any-return]

    def do_HEAD(self) -> None:
        self._json(200, {})

    def do_GET(self) -> None:
        models = [{"id": "scripted-model", "type": "model", "display_name": "Scripted"}]
        self._json(200, {"data": models, "has_more": False})

    def do_POST(self) -> None:
        body = self._body()
        path = self.path.split("?")[0]
        if self.headers.get("x-api-key") != self.model.key:
            self._error(401, "authentication_error", "invalid x-api-key")
        elif path.endswith("/count_tokens"):
            self._json(200, {"input_tokens": INPUT_TOKENS})
        elif not path.endswith("/messages"):
            self._error(404, "not_found_error", "no such route")
        else:
            self.model.requests.append(body)
            status = http_status(body)
            if status != 200:
                kinds = {401: "authentication_error", 529: "overloaded_error"}
                self._error(status, kinds.get(status, "api_error"), f"scripted {status}")
            elif body.get("stream"):
                self._stream(body)
            else:
                self._whole(body)

    def _body(self) -> dict[str, Any]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            raw = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        data: dict[str, Any] = json.loads(raw or b"{}")
        return data

    def _stream(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Connection", "close")
        self.send_header("request-id", new_id("req"))
        self.end_headers()
        self.close_connection = True
        try:
            for event in stream_events(request_turn(body), body["model"]):
                text = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
                self.wfile.write(text.encode())
                self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            return  # the client has cancelled

    def _whole(self, body: dict[str, Any]) -> None:
        turn = request_turn(body)
        content: list[dict[str, Any]] = []
        if turn.text:
            content.append({"type": "text", "text": turn.text})
        if turn.tool:
            use = {"type": "tool_use", "id": new_id("toolu")}
            content.append({**use, "name": turn.tool, "input": turn.tool_input})
        head = {"id": new_id("msg"), "type": "message", "role": "assistant"}
        reason = "tool_use" if turn.tool else "end_turn"
        usage = {"input_tokens": 100, "output_tokens": 20}
        rest = {"stop_reason": reason, "stop_sequence": None, "usage": usage}
        self._json(200, {**head, "model": body.get("model", ""), "content": content, **rest})

    def _error(self, status: int, kind: str, message: str) -> None:
        self._json(status, {"type": "error", "error": {"type": kind, "message": message}})

    def _json(self, status: int, data: dict[str, Any]) -> None:
        raw = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the tests print what they need."""
