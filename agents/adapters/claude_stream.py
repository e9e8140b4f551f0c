"""Claude's stream-json, line by line, into events.

Known from runs of the real CLI: an assistant line holds one content block; `usage` of assistant
lines is partial; a `result` ends a turn, and its `subtype` is "success" for failed API calls too;
`init` comes again with every turn; a prompt is said back (`isReplay`) when it is taken up; keys come
in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agents import events as ev
from agents.adapters import claude_result, claude_tools
from agents.adapters.fields import get_dict, get_dicts, get_int, get_str, one_line, parse_object
from agents.journal import JournalLine

REFUSALS_LIMIT = 3  # the CLI itself tries ten times, for three minutes
QUIET_SYSTEM = (
    "thinking_tokens",
    "hook_started",
    "hook_progress",
    "hook_response",
    "files_persisted",
)
TASK_SYSTEM = ("task_started", "task_progress", "task_updated", "task_notification")
TOOL_BLOCKS = ("tool_use", "server_tool_use", "mcp_tool_use")


@dataclass(frozen=True, slots=True)
class _HeldError:
    time: float
    code: str
    text: str


class ClaudeDecoder:
    def __init__(self) -> None:
        self._session = ""
        self._cwd = ""
        self._calls: dict[str, str] = {}  # call -> tool
        self._plan = claude_tools.PlanBook()
        self._meter = claude_result.UsageMeter()
        self._turn_texts: set[str] = set()
        self._held_error: _HeldError | None = None
        self._refusals = 0  # of the login, one after the other
        # Prompts sent and taken up, to know when the agent has nothing left to do.
        self._unread: set[str] = set()
        self._prompts = 0
        self._results = 0
        self._idle = False
        self._in_turn = False

    @property
    def turn_done(self) -> bool:
        """The agent waits for another prompt or for the end of its input.

        A prompt sent into a running turn either joins it (it is replayed, and one result answers
        both) or gets a turn of its own; both end here.
        """
        return self._idle and (not self._unread or self._results >= self._prompts)

    @property
    def give_up(self) -> bool:
        return self._refusals >= REFUSALS_LIMIT and not self._idle

    def feed(self, line: JournalLine) -> list[ev.Event]:
        text = line.d if isinstance(line.d, str) else ""
        if line.s == "in":
            self._sent(text)
            return []
        if not text.strip():
            return []
        if line.s == "err":
            return [ev.Message(time=line.t, text=text, stream="err")]
        data = parse_object(text)
        if data is None:
            return [ev.Raw(time=line.t, text=text)]
        found = self._decode(data, line.t)
        return [ev.Raw(time=line.t, text=text)] if found is None else found

    def finish(self) -> list[ev.Event]:
        return self._release_error(fatal=True)

    # What was written to the agent

    def _sent(self, text: str) -> None:
        data = parse_object(text)
        if data is not None and data.get("type") == "user":
            self._prompts += 1
            self._idle = False
            if uuid := get_str(data, "uuid"):
                self._unread.add(uuid)

    # What it wrote

    def _decode(self, data: dict[str, Any], time: float) -> list[ev.Event] | None:
        match get_str(data, "type"):
            case "system":
                return self._system(data, time)
            case "assistant":
                return self._assistant(data, time)
            case "user":
                return self._user(data, time)
            case "result":
                return self._result(data, time)
            case "control_request":
                return self._control_request(data, time)
            case "control_cancel_request":
                return self._control_cancel(data, time)
            case "control_response" | "keep_alive" | "stream_event":
                return []
            case "rate_limit_event":
                return _rate_limit(data, time)
        return None

    def _system(self, data: dict[str, Any], time: float) -> list[ev.Event] | None:
        subtype = get_str(data, "subtype")
        if subtype == "init":
            return self._init(data, time)
        if subtype == "api_retry":
            return self._api_retry(data, time)
        if subtype == "compact_boundary":
            return [ev.State(time=time, state="compacted", text="The conversation was compacted.")]
        if subtype == "status":
            compacting = get_str(data, "status") == "compacting"
            text = "Compacting the conversation."
            return [ev.State(time=time, state="compacting", text=text)] if compacting else []
        if subtype in TASK_SYSTEM:
            text = get_str(data, "summary") or get_str(data, "description") or subtype
            keys = ("task_id", "tool_use_id", "status")
            kept: dict[str, Any] = {key: data[key] for key in keys if key in data}
            return [ev.State(time=time, state=subtype, text=one_line(text), data=kept)]
        return [] if subtype in QUIET_SYSTEM else None

    def _api_retry(self, data: dict[str, Any], time: float) -> list[ev.Event]:
        status = get_int(data, "error_status")
        reason = get_str(data, "error") or "error"
        code = claude_result.error_code(status, reason)
        self._refusals = self._refusals + 1 if code == "agent.auth" else 0
        tries = f"attempt {data.get('attempt')} of {data.get('max_retries')}"
        message = f"The model API answered {status or 'with an error'} ({reason}); {tries}."
        fatal = self._refusals == REFUSALS_LIMIT
        if fatal:
            message = f"The model API refused the login {REFUSALS_LIMIT} times ({reason})."
        return [ev.Error(time=time, code=code, message=message, fatal=fatal)]

    def _init(self, data: dict[str, Any], time: float) -> list[ev.Event]:
        self._cwd = get_str(data, "cwd") or self._cwd
        found = self._at_work(time)
        session = get_str(data, "session_id")
        if not session or session == self._session:
            return found
        self._session = session
        about = {
            "session": session,
            "model": get_str(data, "model"),
            "version": get_str(data, "claude_code_version"),
            "permission_mode": get_str(data, "permissionMode"),
            "login": get_str(data, "apiKeySource"),
        }
        return [*found, ev.State(time=time, state="session", text=about["model"], data=about)]

    def _at_work(self, time: float) -> list[ev.Event]:
        """The agent is in a turn. After an earlier turn that is news: its result was not the last."""
        begins, self._in_turn, self._idle = not self._in_turn, True, False
        again = begins and self._results > 0
        return [ev.State(time=time, state="working")] if again else []

    def _assistant(self, data: dict[str, Any], time: float) -> list[ev.Event] | None:
        content = content_blocks(get_dict(data, "message"))
        if content is None:
            return None
        parent = get_str(data, "parent_tool_use_id")
        found: list[ev.Event] = [] if parent else self._at_work(time)
        for block in content:
            kind = get_str(block, "type")
            if kind == "text":
                found += self._text(data, get_str(block, "text"), parent, time)
            elif kind == "thinking":
                if text := get_str(block, "thinking"):
                    found.append(ev.Thought(time=time, text=text, parent=parent))
            elif kind in TOOL_BLOCKS:
                found += self._tool_use(block, parent, time)
            elif kind != "redacted_thinking":
                return None
        if not parent:
            self._refusals = 0
        return found

    def _text(self, data: dict[str, Any], text: str, parent: str, time: float) -> list[ev.Event]:
        if not text.strip():
            return []
        reason = get_str(data, "error")
        if reason and not parent:
            # The result that follows says the same; one Error is made of both.
            found = self._release_error(fatal=False)
            code = claude_result.error_code(None, f"{reason} {text}")
            self._held_error = _HeldError(time, code, text)
            return found
        if not parent:
            self._turn_texts.add(text.strip())
        return [ev.Message(time=time, text=text, parent=parent)]

    def _tool_use(self, block: dict[str, Any], parent: str, time: float) -> list[ev.Event]:
        call, tool, data = get_str(block, "id"), get_str(block, "name"), get_dict(block, "input")
        self._calls[call] = tool
        if tool in claude_tools.PLAN_TOOLS:
            return _plan(self._plan.call(call, tool, data), time)
        return [
            ev.ToolCall(
                time=time,
                call=call,
                tool=tool,
                category=claude_tools.tool_category(tool),
                title=claude_tools.tool_title(tool, data, self._cwd),
                input=claude_tools.tool_input(tool, data),
                edits=claude_tools.tool_edits(tool, data, self._cwd),
                parent=parent,
            )
        ]

    def _user(self, data: dict[str, Any], time: float) -> list[ev.Event] | None:
        if data.get("isReplay") is True:
            self._unread.discard(get_str(data, "uuid"))
            return self._at_work(time)
        content = content_blocks(get_dict(data, "message"))
        if content is None:
            return None
        found: list[ev.Event] = []
        for block in content:
            kind = get_str(block, "type")
            if kind == "tool_result":
                found += self._tool_result(block, data.get("tool_use_result"), time)
            elif kind == "text" and not get_str(data, "parent_tool_use_id"):
                text = get_str(block, "text")
                if not text.startswith("[Request interrupted"):  # its result says it, too
                    found.append(ev.State(time=time, state="agent-note", text=text))
            elif kind not in ("text", "image", "document"):
                return None
        return found

    def _tool_result(self, block: dict[str, Any], details: Any, time: float) -> list[ev.Event]:
        call = get_str(block, "tool_use_id")
        tool = self._calls.get(call, "")
        output = claude_tools.result_text(block.get("content"))
        failed = block.get("is_error") is True
        if tool in claude_tools.PLAN_TOOLS and not failed:
            return _plan(self._plan.created(call, output), time)
        return [
            ev.ToolUpdate(
                time=time,
                call=call,
                status="failed" if failed else "completed",
                output=output,
                exit_code=claude_tools.bash_exit_code(tool, output, failed, details),
                category=claude_tools.tool_category(tool),
            )
        ]

    def _result(self, data: dict[str, Any], time: float) -> list[ev.Event]:
        self._results += 1
        self._idle, self._in_turn = True, False
        if not self._session:
            self._session = get_str(data, "session_id")
        found = self._result_text(data, time)
        found.append(self._meter.read(data, time))
        denials = [
            f"{get_str(item, 'tool_name')}: "
            + claude_tools.tool_title("", get_dict(item, "tool_input"), self._cwd)
            for item in get_dicts(data, "permission_denials")
        ]
        about = {
            "ok": data.get("is_error") is False,
            "interrupted": claude_result.interrupted(data),
            "subtype": get_str(data, "subtype"),
            "model_turns": get_int(data, "num_turns"),
            "duration_ms": get_int(data, "duration_ms"),
            "denied": denials,
        }
        if claude_result.interrupted(data):
            text = "The agent was interrupted."
            found.append(ev.State(time=time, state="interrupted", text=text))
        found.append(ev.State(time=time, state="turn", data=about))
        self._turn_texts.clear()
        return found

    def _result_text(self, data: dict[str, Any], time: float) -> list[ev.Event]:
        """Normally the last message once more; else the only place where it is said."""
        if data.get("is_error") is not False:
            if claude_result.interrupted(data):
                return self._release_error(fatal=False)
            held, self._held_error = self._held_error, None
            said = claude_result.error_text(data) or (held.text if held else "")
            code = claude_result.error_code(get_int(data, "api_error_status"), said)
            if code == "agent.failed" and held:
                code = held.code
            said = said or "The agent ended its turn with an error."
            return [ev.Error(time=time, code=code, message=said)]
        text = get_str(data, "result")
        found = self._release_error(fatal=False)
        if text.strip() and text.strip() not in self._turn_texts:
            found.append(ev.Message(time=time, text=text))
        return found

    def _control_request(self, data: dict[str, Any], time: float) -> list[ev.Event] | None:
        request = get_dict(data, "request")
        if get_str(request, "subtype") != "can_use_tool" or not get_str(data, "request_id"):
            return None
        tool, asked = get_str(request, "tool_name"), get_dict(request, "input")
        return [
            ev.PermissionRequest(
                time=time,
                request=get_str(data, "request_id"),
                tool=tool,
                title=claude_tools.tool_title(tool, asked, self._cwd),
                input=claude_tools.tool_input(tool, asked),
                category=claude_tools.tool_category(tool),
                call=get_str(request, "tool_use_id"),
                edits=claude_tools.tool_edits(tool, asked, self._cwd),
                context={"suggestions": get_dicts(request, "permission_suggestions")},
            )
        ]

    def _control_cancel(self, data: dict[str, Any], time: float) -> list[ev.Event] | None:
        request = get_str(data, "request_id")
        if not request:
            return None
        message = "The agent no longer needs an answer."
        return [
            ev.PermissionAnswer(
                time=time, request=request, decision="deny", message=message, by="agent"
            )
        ]

    def _release_error(self, *, fatal: bool) -> list[ev.Event]:
        held, self._held_error = self._held_error, None
        if held is None:
            return []
        return [ev.Error(time=held.time, code=held.code, message=held.text, fatal=fatal)]


def content_blocks(message: dict[str, Any]) -> list[dict[str, Any]] | None:
    """A message's content is a text or a list of blocks; None for anything else."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        return None
    return content


def _plan(entries: tuple[ev.PlanEntry, ...] | None, time: float) -> list[ev.Event]:
    return [] if entries is None else [ev.Plan(time=time, entries=entries)]


def _rate_limit(data: dict[str, Any], time: float) -> list[ev.Event]:
    status = get_str(get_dict(data, "rate_limit_info"), "status")
    if status in ("", "allowed"):
        return []
    how = "near" if "warning" in status else "reached"
    text = f"The account's rate limit is {how}."
    return [ev.State(time=time, state="rate-limit", text=text, data={"status": status})]
