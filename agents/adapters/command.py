"""Any program as an agent: the prompt goes in, whatever it prints is shown, its exit code decides.

The prompt is written to stdin, or takes the place of `{prompt}` (as an argument) or `{prompt_file}`
(a file that holds it); without such a word it comes as the last argument.
"""

from __future__ import annotations

import os.path
import shutil
from collections.abc import Iterable, Mapping
from typing import Any

from agents import events as ev
from agents.adapters.base import (
    Availability,
    Capabilities,
    Exit,
    Launch,
    LaunchError,
    LaunchSpec,
    Outcome,
    exit_outcome,
    exit_phrase,
)
from agents.journal import JournalLine

ARGUMENT_LIMIT_BYTES = 128 * 1024 - 1  # of Linux, for one argument
PROMPT_FILE = "prompt.md"


class CommandDecoder:
    """One printed line is one Message; its ANSI codes are kept."""

    turn_done = False
    give_up = False

    def feed(self, line: JournalLine) -> list[ev.Event]:
        if line.s == "in" or not isinstance(line.d, str):
            return []
        return [ev.Message(time=line.t, text=line.d, stream=line.s)]

    def finish(self) -> list[ev.Event]:
        return []


class CommandAdapter:
    name = "command"
    capabilities = Capabilities(snapshots_by_timer=True)

    def available(
        self, *, command: tuple[str, ...], env: Mapping[str, str], home: str
    ) -> Availability:
        if not command:
            return Availability(installed=False, detail="No command is set.")
        path = shutil.which(command[0], path=env.get("PATH"))
        if path is None:
            return Availability(installed=False, detail=f"{command[0]} was not found on PATH.")
        detail = "Whether it is signed in, only a run can tell."
        return Availability(installed=True, path=path, detail=detail)

    def launch(self, spec: LaunchSpec) -> Launch:
        if not spec.command:
            raise LaunchError("This agent has no command: set one on the Agents page.")
        argv = [*spec.command, *spec.args]
        argv[0] = shutil.which(argv[0], path=spec.path or None) or argv[0]
        match spec.prompt_via:
            case "arg":
                return Launch(argv=_put(argv, "{prompt}", _argument(spec.prompt)))
            case "file":
                if not spec.files_dir:
                    raise LaunchError("There is no place for the prompt's file.")
                path = os.path.join(spec.files_dir, PROMPT_FILE)
                return Launch(argv=_put(argv, "{prompt_file}", path), files={path: spec.prompt})
        return Launch(argv=tuple(argv), stdin=spec.prompt)

    def decoder(self) -> CommandDecoder:
        return CommandDecoder()

    def message(self, text: str) -> str:
        raise LaunchError("This agent takes no further prompts while it runs.")

    def answer(self, request: Mapping[str, Any], *, allow: bool, scope: str, message: str) -> str:
        raise LaunchError("This agent does not ask for permissions.")

    def outcome(self, exit: Exit, events: Iterable[ev.Event]) -> Outcome:
        seen = exit_outcome(exit)
        if seen is not None:
            return seen
        if exit.code == 0:
            return Outcome(state="succeeded")
        code = "agent.crashed" if exit.signal is not None else "agent.failed"
        return Outcome(state="failed", code=code, message=f"The program {exit_phrase(exit)}.")


def _argument(prompt: str) -> str:
    if "\x00" in prompt:
        raise LaunchError("The prompt holds a NUL character and cannot be given as an argument.")
    if len(prompt.encode("utf-8", "replace")) > ARGUMENT_LIMIT_BYTES:
        raise LaunchError("The prompt is too long for an argument: give it by stdin or by file.")
    # A prompt that looks like an option must not become one.
    return f" {prompt}" if prompt.startswith("-") else prompt


def _put(argv: list[str], word: str, value: str) -> tuple[str, ...]:
    if not any(word in part for part in argv[1:]):
        return (*argv, value)
    return (argv[0], *(part.replace(word, value) for part in argv[1:]))
