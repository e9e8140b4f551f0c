"""The words of a merge commit. Pure."""

from __future__ import annotations

from agents.clean import UNSTORABLE
from orchestrator.lib.errors import Invalid

MESSAGE_LIMIT_BYTES = 64 * 1024
WHY_LIMIT_BYTES = MESSAGE_LIMIT_BYTES - 4 * 1024  # what else a message says fits beside it


def message_default(
    *,
    title: str,
    task_id: int,
    letter: str,
    agent: str,
    model: str,
    variants: int,
    composed_from: str = "",
    why: str = "",
) -> str:
    """The title, why if that was written, who made it, and trailers that lead back to the task."""
    who = f"{agent} ({model})" if model else agent
    made = f"Composed from {composed_from}" if composed_from else f"Made by {who}"
    why = why.encode()[:WHY_LIMIT_BYTES].decode(errors="ignore")
    among = f", one of {variants}" if variants > 1 else ""
    return (
        f"{title}\n\n"
        + (f"{why}\n\n" if why else "")
        + f"{made} as variant {letter} of task {task_id}{among}.\n\n"
        f"Bakeoff-Task: {task_id}\n"
        f"Bakeoff-Variant: {letter}\n"
    )


def message_check(message: str) -> str:
    """A message as git keeps it: Unix line ends, no blank lines around it."""
    text = lines_unix(text_check(message, field="message")).strip()
    if not text:
        raise Invalid("merge.message", "Write a message for the commit.")
    return text + "\n"


def lines_unix(text: str) -> str:
    """A browser sends what is typed with the line ends of Windows."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_check(text: str, *, field: str) -> str:
    if UNSTORABLE.search(text):
        raise Invalid(f"merge.{field}", "The text holds a character that cannot be stored.")
    if len(text.encode()) > MESSAGE_LIMIT_BYTES:
        raise Invalid(f"merge.{field}", "The text is over 64 KB.")
    return text
