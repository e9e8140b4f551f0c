"""Claude's stream-json, line by line, into events.

Known from runs of the real CLI: an assistant line holds one content block; `usage` of assistant lines
is partial; a `result` ends a turn, its `usage` is that turn's, while `total_cost_usd` and `modelUsage`
grow over the whole process; `subtype` is "success" for failed API calls too; `init` comes again with
every turn; key order is not stable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agents import events as ev
from agents.adapters import claude_tools, fields
from agents.adapters.fields import get_dict, get_dicts, get_int, get_str
from agents.journal import JournalLine

AUTH_TEXT = re.compile(
    r"please run /login|invalid api key|invalid x-api-key|not logged in|authentication[_ ](error|failed)"
    r"|oauth (token|account).{0,40}(expired|revoked|not)|credit balance is too low",
    re.IGNORECASE,
)
EXIT_CODE = re.compile(r"\AExit code (\d{1,3})(?:\n|\Z)")
QUIET_SYSTEM = (
    "thinking_tokens",
    "hook_started",
    "hook_progress",
    "hook_response",
    "files_persisted",
)
TOKEN_FIELDS = (
    # our name, in `usage`, in `modelUsage`
    ("input_tokens", "input_tokens", "inputTokens"),
    ("output_tokens", "output_tokens", "outputTokens"),
    ("cache_read_tokens", "cache_read_input_tokens", "cacheReadInputTokens"),
    ("cache_write_tokens", "cache_creation_input_tokens", "cacheCreationInputTokens"),
)


@dataclass(frozen=True, slots=True)
class _Call:
    tool: str
    category: str
    is_plan: bool


class ClaudeDecoder:
    def __init__(self) -> None:
        self._session = ""
        self._cwd = ""
        self._calls: dict[str, _Call] = {}
        self._turn_texts: set[str] = set()
        self._held_error: tuple[float, str, str] | None = None  # time, code, text
        self._turn_tokens: dict[str, int] = {}  # summed over turns
        self._tasks: dict[str, ev.PlanEntry] = {}  # TaskCreate / TaskUpdate
        self._task_calls: dict[str, str] = {}  # call -> subject
        # Prompts sent and taken up, to know when the agent has nothing left to do.
        self._unread: set[str] = set()
        self._prompts = 0
        self._results = 0
        self._idle = False

    @property
    def session(self) -> str:
        return self._session

    @property
    def turn_done(self) -> bool:
        """The agent waits for another prompt or for the end of its input.

        A prompt sent into a running turn either joins it (it is replayed, and one result answers
        both) or gets a turn of its own; both end here.
        """
        return self._idle and (not self._unread or self._results >= self._prompts)

    def feed(self, line: JournalLine) -> list[ev.Event]:
        text = line.d if isinstance(line.d, str) else ""
        if line.s == "in":
            self._sent(text)
            return []
        if not text.strip():
            return []
        if line.s == "err":
            return [ev.Message(time=line.t, text=text, stream="err")]
        data = fields.parse_object(text)
        if data is None:
            return [ev.Raw(time=line.t, text=text)]
        found = self._decode(data, line.t)
        return [ev.Raw(time=line.t, text=text)] if found is None else found

    def finish(self) -> list[ev.Event]:
        return self._release_error(fatal=True)

    # What was written to the agent

    def _sent(self, text: str) -> None:
        data = fields.parse_object(text)
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
            status = get_int(data, "error_status")
            reason = get_str(data, "error") or "error"
            tries = f"attempt {data.get('attempt')} of {data.get('max_retries')}"
            message = f"The model API answered {status or reason} ({reason}), trying again: {tries}."
            code = error_code(status, reason)
            return [ev.Error(time=time, code=code, message=message, fatal=False)]
        if subtype == "compact_boundary":
            return [
                ev.State(
                    time=time, state="compacted", text="The conversation was compacted."
                )
            ]
        if subtype == "status":
            if get_str(data, "status") == "compacting":
                return [
                    ev.State(
                        time=time,
                        state="compacting",
                        text="Compacting the conversation.",
                    )
                ]
            return []
        if subtype in (
            "task_started",
            "task_progress",
            "task_updated",
            "task_notification",
        ):
            text = get_str(data, "summary") or get_str(data, "description") or subtype
            keys = ("task_id", "tool_use_id", "status")
            kept: dict[str, Any] = {key: data[key] for key in keys if key in data}
            return [
                ev.State(
                    time=time, state=subtype, text=fields.one_line(text), data=kept
                )
            ]
        return [] if subtype in QUIET_SYSTEM else None

    def _init(self, data: dict[str, Any], time: float) -> list[ev.Event]:
        self._cwd = get_str(data, "cwd") or self._cwd
        self._idle = False
        session = get_str(data, "session_id")
        if not session or session == self._session:
            return []
        self._session = session
        about = {
            "session": session,
            "model": get_str(data, "model"),
            "version": get_str(data, "claude_code_version"),
            "permission_mode": get_str(data, "permissionMode"),
            "login": get_str(data, "apiKeySource"),
        }
        return [ev.State(time=time, state="session", text=about["model"], data=about)]

    def _assistant(self, data: dict[str, Any], time: float) -> list[ev.Event] | None:
        message = get_dict(data, "message")
        parent = get_str(data, "parent_tool_use_id")
        found: list[ev.Event] = []
        for block in get_dicts(message, "content"):
            match get_str(block, "type"):
                case "text":
                    found += self._text(data, get_str(block, "text"), parent, time)
                case "thinking":
                    if text := get_str(block, "thinking"):
                        found.append(ev.Thought(time=time, text=text, parent=parent))
                case "redacted_thinking":
                    pass
                case "tool_use" | "server_tool_use" | "mcp_tool_use":
                    found += self._tool_use(block, parent, time)
                case _:
                    return None
        self._idle = self._idle and bool(parent)
        return found

    def _text(
        self, data: dict[str, Any], text: str, parent: str, time: float
    ) -> list[ev.Event]:
        if not text.strip():
            return []
        reason = get_str(data, "error")
        if reason and not parent:
            # The result that follows says the same; one Error is made of both.
            found = self._release_error(fatal=False)
            self._held_error = (time, error_code(None, f"{reason} {text}"), text)
            return found
        if not parent:
            self._turn_texts.add(text.strip())
        return [ev.Message(time=time, text=text, parent=parent)]

    def _tool_use(
        self, block: dict[str, Any], parent: str, time: float
    ) -> list[ev.Event]:
        call, tool, data = (
            get_str(block, "id"),
            get_str(block, "name"),
            get_dict(block, "input"),
        )
        category = claude_tools.tool_category(tool)
        is_plan = tool in (
            "TodoWrite",
            "TaskCreate",
            "TaskUpdate",
            "TaskList",
            "TaskGet",
        )
        self._calls[call] = _Call(tool, category, is_plan)
        if tool == "TodoWrite":
            return [ev.Plan(time=time, entries=claude_tools.todo_entries(data))]
        if tool == "TaskCreate":
            self._task_calls[call] = fields.one_line(get_str(data, "subject"))
            return []
        if tool == "TaskUpdate":
            return self._task_update(data, time)
        if is_plan:
            return []
        return [
            ev.ToolCall(
                time=time,
                call=call,
                tool=tool,
                category=category,
                title=claude_tools.tool_title(tool, data, self._cwd),
                input=claude_tools.tool_input(tool, data),
                edits=claude_tools.tool_edits(tool, data, self._cwd),
                parent=parent,
            )
        ]

    def _task_update(self, data: dict[str, Any], time: float) -> list[ev.Event]:
        task = str(data.get("taskId", ""))
        if get_str(data, "status") == "deleted":
            self._tasks.pop(task, None)
        else:
            known = self._tasks.get(task)
            text = fields.one_line(get_str(data, "subject")) or (
                known.text if known else task
            )
            status = claude_tools.plan_status(data) if "status" in data else None
            kept = known.status if known else "pending"
            self._tasks[task] = ev.PlanEntry(text=text, status=status or kept)
        return [ev.Plan(time=time, entries=tuple(self._tasks.values()))]

    def _user(self, data: dict[str, Any], time: float) -> list[ev.Event] | None:
        if data.get("isReplay") is True:
            self._unread.discard(get_str(data, "uuid"))
            self._idle = False
            return []
        content = get_dict(data, "message").get("content")
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        if not isinstance(content, list):
            return None
        found: list[ev.Event] = []
        for block in content:
            kind = get_str(block, "type") if isinstance(block, dict) else ""
            if kind == "tool_result":
                found += self._tool_result(block, data.get("tool_use_result"), time)
            elif kind == "text" and not get_str(data, "parent_tool_use_id"):
                text = get_str(block, "text")
                found.append(ev.State(time=time, state="agent-note", text=text))
            elif kind not in ("text", "image", "document"):
                return None
        return found

    def _tool_result(
        self, block: dict[str, Any], details: Any, time: float
    ) -> list[ev.Event]:
        call = get_str(block, "tool_use_id")
        known = self._calls.get(call)
        output = result_text(block.get("content"))
        failed = block.get("is_error") is True
        if known and known.is_plan and not failed:
            return (
                self._task_created(call, output, time)
                if known.tool == "TaskCreate"
                else []
            )
        return [
            ev.ToolUpdate(
                time=time,
                call=call,
                status="failed" if failed else "completed",
                output=output,
                exit_code=bash_exit_code(
                    known.tool if known else "", output, failed, details
                ),
                category=known.category if known else "other",
            )
        ]

    def _task_created(self, call: str, output: str, time: float) -> list[ev.Event]:
        number = re.search(r"#(\w+)", output)
        if number is None or call not in self._task_calls:
            return []
        entry = ev.PlanEntry(text=self._task_calls[call], status="pending")
        self._tasks[number.group(1)] = entry
        return [ev.Plan(time=time, entries=tuple(self._tasks.values()))]

    def _result(self, data: dict[str, Any], time: float) -> list[ev.Event]:
        self._results += 1
        self._idle = True
        if not self._session:
            self._session = get_str(data, "session_id")
        found = self._result_text(data, time)
        found.append(self._usage(data, time))
        denials = [
            fields.one_line(
                f"{get_str(item, 'tool_name')}: {claude_tools.tool_title('', get_dict(item, 'tool_input'), self._cwd)}"
            )
            for item in get_dicts(data, "permission_denials")
        ]
        about = {
            "ok": data.get("is_error") is False,
            "subtype": get_str(data, "subtype"),
            "model_turns": get_int(data, "num_turns"),
            "duration_ms": get_int(data, "duration_ms"),
            "denied": denials,
        }
        if interrupted(data):
            found.append(
                ev.State(
                    time=time, state="interrupted", text="The agent was interrupted."
                )
            )
        found.append(ev.State(time=time, state="turn", data=about))
        self._turn_texts.clear()
        return found

    def _result_text(self, data: dict[str, Any], time: float) -> list[ev.Event]:
        """Normally the last message once more; else the only place where it is said."""
        text = get_str(data, "result")
        if data.get("is_error") is not False:
            if interrupted(data):
                return self._release_error(fatal=False)
            held, self._held_error = self._held_error, None
            said = text or "; ".join(str(item) for item in _list(data, "errors"))
            said = (
                said
                or (held[2] if held else "")
                or result_phrase(get_str(data, "subtype"))
            )
            code = error_code(get_int(data, "api_error_status"), said)
            if code == "agent.failed" and held:
                code = held[1]
            return [ev.Error(time=time, code=code, message=said, fatal=True)]
        found = self._release_error(fatal=False)
        if text.strip() and text.strip() not in self._turn_texts:
            found.append(ev.Message(time=time, text=text))
        return found

    def _usage(self, data: dict[str, Any], time: float) -> ev.Usage:
        """`modelUsage` counts sub-agents too and is what the cost is made of; else the turns' sum."""
        turn = get_dict(data, "usage")
        for name, key, _ in TOKEN_FIELDS:
            count = get_int(turn, key)
            if count is not None:
                self._turn_tokens[name] = self._turn_tokens.get(name, 0) + count
        models = [
            item
            for item in get_dict(data, "modelUsage").values()
            if isinstance(item, dict)
        ]
        totals: dict[str, int | None] = {}
        for name, _, key in TOKEN_FIELDS:
            counts = [get_int(model, key) for model in models]
            known = [count for count in counts if count is not None]
            complete = bool(models) and len(known) == len(models)
            totals[name] = sum(known) if complete else self._turn_tokens.get(name)
        cost = fields.get_amount(data, "total_cost_usd")
        source = "" if cost is None else "agent"
        return ev.Usage(time=time, **totals, cost_usd=cost, cost_source=source)

    def _control_request(
        self, data: dict[str, Any], time: float
    ) -> list[ev.Event] | None:
        request = get_dict(data, "request")
        if get_str(request, "subtype") != "can_use_tool" or not get_str(
            data, "request_id"
        ):
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

    def _control_cancel(
        self, data: dict[str, Any], time: float
    ) -> list[ev.Event] | None:
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
        return [ev.Error(time=held[0], code=held[1], message=held[2], fatal=fatal)]


def error_code(status: int | None, text: str) -> str:
    if status in (401, 403) or AUTH_TEXT.search(text):
        return "agent.auth"
    if status is not None or re.search(r"\bAPI Error\b", text):
        return "agent.api"
    return "agent.failed"


def interrupted(result: dict[str, Any]) -> bool:
    return get_str(result, "terminal_reason").startswith("aborted")


def result_phrase(subtype: str) -> str:
    phrases = {
        "error_max_turns": "The agent reached its limit of turns.",
        "error_max_budget_usd": "The agent reached its cost limit.",
    }
    return phrases.get(subtype, "The agent ended its turn with an error.")


def result_text(content: Any) -> str:
    """A tool result's content is a string or a list of blocks."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = []
    for block in content:
        if isinstance(block, dict):
            kind = get_str(block, "type")
            texts.append(
                get_str(block, "text") if kind == "text" else f"[{kind or 'unknown'}]"
            )
    return "\n".join(texts)


def bash_exit_code(tool: str, output: str, failed: bool, details: Any) -> int | None:
    if tool != "Bash":
        return None
    if failed:
        match = EXIT_CODE.match(output)
        return int(match.group(1)) if match else None
    done = isinstance(details, dict) and "stdout" in details
    return (
        0
        if done
        and not details.get("interrupted")
        and not details.get("backgroundTaskId")
        else None
    )


def _list(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []


def _rate_limit(data: dict[str, Any], time: float) -> list[ev.Event]:
    status = get_str(get_dict(data, "rate_limit_info"), "status")
    if status in ("", "allowed"):
        return []
    text = (
        "The account's rate limit is near."
        if "warning" in status
        else "The account's rate limit is reached."
    )
    return [ev.State(time=time, state="rate-limit", text=text, data={"status": status})]
