"""The demo agent's tools: they really write, read, edit and run."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any, NamedTuple

OUTPUT_LIMIT = 30_000


class Interrupted(Exception):
    """A person interrupted the turn."""


class ToolResult(NamedTuple):
    output: str
    details: Any = None
    is_error: bool = False


def tool_use(tool: str, data: dict[str, Any], interrupt: threading.Event) -> ToolResult:
    try:
        match tool:
            case "Bash":
                return bash(data["command"], interrupt)
            case "Read":
                return read(Path(data["file_path"]))
            case "Write":
                return write(Path(data["file_path"]), data["content"])
        return edit(Path(data["file_path"]), data["old_string"], data["new_string"])
    except (OSError, ValueError) as exc:  # a name with NUL, a text that is not UTF-8, a directory
        return ToolResult(f"<tool_use_error>{exc}</tool_use_error>", f"Error: {exc}", True)


def read(path: Path) -> ToolResult:
    lines = path.read_text("utf-8", "replace").split("\n")
    shown = "\n".join(f"{number:>6}\t{line}" for number, line in enumerate(lines, 1))
    return ToolResult(shown[:OUTPUT_LIMIT], {"type": "text"})


def write(path: Path, content: str) -> ToolResult:
    kind, done = ("update", "updated") if path.exists() else ("create", "created")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")
    return ToolResult(f"File {done} successfully at: {path}", {"type": kind})


def edit(path: Path, old: str, new: str) -> ToolResult:
    text = path.read_text("utf-8")
    if text.count(old) != 1:
        raise ValueError("String to replace must be found exactly once in file.")
    path.write_text(text.replace(old, new), "utf-8")
    return ToolResult(f"The file {path} has been updated successfully.", {"type": "update"})


def bash(command: str, interrupt: threading.Event) -> ToolResult:
    """In a session of its own, as with claude: ending the agent alone does not end the command.

    The output goes to a file, so that a child left in the background holds nothing up.
    """
    with tempfile.TemporaryFile() as file:
        process = subprocess.Popen(
            ["/bin/bash", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        while process.poll() is None:
            if interrupt.wait(0.02):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise Interrupted
        file.seek(0)
        output = file.read(OUTPUT_LIMIT).decode("utf-8", "replace").rstrip("\n")
    if process.returncode:
        return ToolResult(f"Exit code {process.returncode}\n{output}", f"Error: {output}", True)
    return ToolResult(output, {"stdout": output, "stderr": "", "interrupted": False})
