"""The words of a merge commit. Pure."""

from __future__ import annotations

from agents.clean import UNSTORABLE
from orchestrator.lib.errors import Invalid

MESSAGE_LIMIT_BYTES = 64 * 1024


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
    text = text_check(message, field="message").replace("\r\n", "\n").strip()
    if not text:
        raise Invalid("merge.message", "Write a message for the commit.")
    return text + "\n"


def text_check(text: str, *, field: str) -> str:
    if UNSTORABLE.search(text):
        raise Invalid(f"merge.{field}", "The text holds a character that cannot be stored.")
    if len(text.encode()) > MESSAGE_LIMIT_BYTES:
        raise Invalid(f"merge.{field}", "The text is over 64 KB.")
    return text
