"""Comments as an agent is told of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TICKS = re.compile("`+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    by: str
    text: str
    suggestion: str | None = None  # what the lines should be instead; "" for nothing at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A thread. `path` is empty where it is about the work as a whole; without `start` about a whole file.

    `gone` says that these lines, or this file, are not in the agent's work as it is now.
    """

    path: str = ""
    start: int = 0
    end: int = 0
    lines: tuple[str, ...] = ()
    gone: bool = False
    said: tuple[Said, ...] = ()


def remarks_prompt(topics: Sequence[Topic]) -> str:
    """One message for all of them. Line numbers are those of the agent's own files."""
    many = len(topics) > 1
    head = (
        f"{len(topics)} comments on your work, from its review. Work through all of them; line numbers are as the "
        "files are now."
        if many
        else "A comment on your work, from its review."
    )
    parts = [
        _part(topic, f"## {number}. " if many else "## ") for number, topic in enumerate(topics, 1)
    ]
    return "\n\n".join([head, *parts]) + "\n"


def _part(topic: Topic, mark: str) -> str:
    pieces = [mark + _where(topic)]
    if topic.lines:
        pieces.append(_fenced("\n".join(topic.lines)))
    several = len(topic.said) > 1
    for said in topic.said:
        text = said.text.strip()
        if text:
            pieces.append(f"{said.by or 'Reviewer'}: {text}" if several else text)
        if said.suggestion is not None:
            pieces.append(_suggested(said.suggestion))
    return "\n\n".join(pieces)


def _suggested(text: str) -> str:
    if not text:
        return "Suggested: delete these lines."
    return "Suggested in place of these lines:\n\n" + _fenced(text.removesuffix("\n"))


def _where(topic: Topic) -> str:
    if not topic.path:
        return "On the work as a whole"
    if not topic.start:
        return f"{topic.path}" + (" (not in your work as it is now)" if topic.gone else "")
    if topic.gone:
        return f"{topic.path}, about code that is not in your work as it is now"
    lines = (
        f"line {topic.start}" if topic.start == topic.end else f"lines {topic.start}-{topic.end}"
    )
    return f"{topic.path}, {lines}"


def _fenced(text: str) -> str:
    """A fence that the text cannot end."""
    longest = max((len(found) for found in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"
