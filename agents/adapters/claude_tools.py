"""What claude's tools are, in our words: category, one-line title, edits, plan."""

from __future__ import annotations

import os.path
import re
from typing import Any

from agents.adapters.fields import get_dicts, get_str, one_line
from agents.events import Edit, PlanEntry

CATEGORIES = {
    "Write": "edit",
    "Edit": "edit",
    "MultiEdit": "edit",
    "NotebookEdit": "edit",
    "Read": "read",
    "NotebookRead": "read",
    "LS": "read",
    "Bash": "execute",
    "BashOutput": "execute",
    "KillShell": "execute",
    "KillBash": "execute",
    "Glob": "search",
    "Grep": "search",
    "ToolSearch": "search",
    "WebFetch": "fetch",
    "WebSearch": "fetch",
    "AskUserQuestion": "question",
}
# The first of these that the input has makes the title.
TITLE_KEYS = (
    "command",
    "file_path",
    "notebook_path",
    "path",
    "pattern",
    "url",
    "query",
    "description",
    "subject",
    "skill",
    "prompt",
    "plan",
)
EDIT_TEXTS = ("content", "old_string", "new_string", "new_source", "edits")
PLAN_STATES = ("pending", "in_progress", "completed")
PLAN_TOOLS = ("TodoWrite", "TaskCreate", "TaskUpdate", "TaskList", "TaskGet")
EXIT_CODE = re.compile(r"\AExit code (\d{1,3})(?:\n|\Z)")


def tool_category(tool: str) -> str:
    return CATEGORIES.get(tool, "other")


def tool_title(tool: str, data: dict[str, Any], cwd: str) -> str:
    if tool in ("Grep", "Glob") and get_str(data, "pattern"):
        return one_line(get_str(data, "pattern"))
    questions = get_dicts(data, "questions")
    if questions:
        return one_line(get_str(questions[0], "question")) or tool
    for key in TITLE_KEYS:
        if text := get_str(data, key):
            return one_line(short_path(text, cwd) if key.endswith("path") else text) or tool
    return tool


def short_path(path: str, cwd: str) -> str:
    """The path as seen from the workspace, where it is inside."""
    prefix = cwd.rstrip("/") + "/"
    if cwd and path.startswith(prefix) and ".." not in path.split("/"):
        return os.path.normpath(path[len(prefix) :])
    return path


def tool_edits(tool: str, data: dict[str, Any], cwd: str) -> tuple[Edit, ...]:
    if tool_category(tool) != "edit":
        return ()
    path = short_path(get_str(data, "file_path") or get_str(data, "notebook_path"), cwd)
    if not path:
        return ()
    if tool == "Write":
        return (Edit(path=path, old=None, new=get_str(data, "content")),)
    if tool == "NotebookEdit":
        return (Edit(path=path, old=None, new=get_str(data, "new_source")),)
    parts = get_dicts(data, "edits") if tool == "MultiEdit" else [data]
    return tuple(
        Edit(path=path, old=get_str(part, "old_string"), new=get_str(part, "new_string"))
        for part in parts
    )


def tool_input(tool: str, data: dict[str, Any]) -> dict[str, Any]:
    """The input without the texts that stand in the edits."""
    if tool_category(tool) != "edit":
        return data
    return {key: value for key, value in data.items() if key not in EDIT_TEXTS}


def result_text(content: Any) -> str:
    """A tool result's content is a string or a list of blocks."""
    if isinstance(content, str):
        return content
    texts = []
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict):
            kind = get_str(block, "type")
            texts.append(get_str(block, "text") if kind == "text" else f"[{kind or 'unknown'}]")
    return "\n".join(texts)


def bash_exit_code(tool: str, output: str, failed: bool, details: Any) -> int | None:
    """Only a failing command's code is in the output; one that was cut short has none."""
    if tool != "Bash":
        return None
    if failed:
        match = EXIT_CODE.match(output)
        return int(match[1]) if match else None
    if not isinstance(details, dict) or "stdout" not in details:
        return None
    return None if details.get("interrupted") or details.get("backgroundTaskId") else 0


class PlanBook:
    """The agent's plan, out of TodoWrite (whole) or TaskCreate and TaskUpdate (bit by bit)."""

    def __init__(self) -> None:
        self._tasks: dict[str, PlanEntry] = {}
        self._creating: dict[str, str] = {}  # call -> text

    def call(self, call: str, tool: str, data: dict[str, Any]) -> tuple[PlanEntry, ...] | None:
        """The plan after this call, None if it does not change (yet)."""
        if tool == "TodoWrite":
            return tuple(
                PlanEntry(text=one_line(get_str(todo, "content")), status=plan_status(todo))
                for todo in get_dicts(data, "todos")
            )
        if tool == "TaskCreate":
            self._creating[call] = one_line(get_str(data, "subject"))
        if tool != "TaskUpdate":
            return None
        task = one_line(str(data.get("taskId", "")))
        known = self._tasks.get(task, PlanEntry(text=task, status="pending"))
        if get_str(data, "status") == "deleted":
            self._tasks.pop(task, None)
        else:
            text = one_line(get_str(data, "subject")) or known.text
            status = plan_status(data) if "status" in data else known.status
            self._tasks[task] = PlanEntry(text=text, status=status)
        return tuple(self._tasks.values())

    def created(self, call: str, output: str) -> tuple[PlanEntry, ...] | None:
        """The answer to TaskCreate names the task's number."""
        number = re.search(r"#(\w+)", output)
        if number is None or call not in self._creating:
            return None
        self._tasks[number[1]] = PlanEntry(text=self._creating.pop(call), status="pending")
        return tuple(self._tasks.values())


def plan_status(data: dict[str, Any]) -> str:
    status = get_str(data, "status")
    return status if status in PLAN_STATES else "pending"
