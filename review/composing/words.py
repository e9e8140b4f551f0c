"""The words of a composition: its commit, and what an agent is asked that reconciles it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.lib.words import words_join

TEXT_LINES_MAX = 200
CONFLICTS_MAX = 100
TITLE_CHARS = 72  # as much of a commit's title as git's tools show


def title_default(*, task_title: str, summary: str, letters: Sequence[str]) -> str:
    """The task's title and what was taken from whom; in short, where that is too long for a title."""
    if not summary:
        return task_title
    names = ["the base" if letter == "base" else letter for letter in letters]
    short = f"from {words_join(names)}"
    for said in (summary, short):
        if len(task_title) + len(said) + 2 <= TITLE_CHARS:
            return f"{task_title}: {said}"
    room = max(TITLE_CHARS - len(short) - 3, TITLE_CHARS // 3)
    cut = task_title if len(task_title) <= room else task_title[:room].rstrip() + "…"
    return f"{cut}: {short}"


def commit_message(
    *, title: str, why: str, who: str, summary: str, task_id: int, origins: Sequence[str]
) -> str:
    """`origins` are one line a source: its letter, its commit, how much is from it."""
    parts = [title, why.strip(), f"Composed by {who} from {summary}." if summary else ""]
    trailers = [f"Bakeoff-Task: {task_id}", *(f"Composed-From: {line}" for line in origins)]
    return "\n\n".join([*filter(None, parts), "\n".join(trailers)]) + "\n"


def reconcile_prompt(
    *, conflicts: Sequence[Mapping[str, Any]], places: Sequence[str], note: str
) -> str:
    """`places` say where each conflict is. What fits is in the directory already."""
    parts = [
        "The parts that fit together are in this directory already. At the following places the "
        "answers contradict each other, and the code is still as it was before any of them. Decide "
        "for each place, make the whole consistent, and run the tests that touch it."
    ]
    for number, (conflict, place) in enumerate(zip(conflicts, places, strict=True), 1):
        if number > CONFLICTS_MAX:
            parts.append(f"And {len(conflicts) - CONFLICTS_MAX} more places.")
            break
        parts.append(f"### {number}. {place}")
        parts += [_option(option) for option in conflict["options"]]
    if note.strip():
        parts.append(note.strip())
    return "\n\n".join(parts)


def _option(option: Mapping[str, Any]) -> str:
    who = words_join(["the base" if name == "base" else name for name in option["letters"]])
    lines: Sequence[str] | None = option["text"]
    if lines is None:
        return f"One of the sides: {who}."
    if not lines:
        return f"{who}: nothing, the lines are taken out."
    shown = list(lines[:TEXT_LINES_MAX])
    if len(lines) > TEXT_LINES_MAX:
        shown.append(f"… {len(lines) - TEXT_LINES_MAX} more lines")
    # A fence that none of the lines can end.
    longest = max((len(line) - len(line.lstrip("`")) for line in shown), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{who}:", fence, *shown, fence])
