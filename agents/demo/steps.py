"""The demo agent's steps, and the directives in a prompt that spell them out.

    [[write PATH|CONTENT]]  [[edit PATH|OLD|NEW]]  [[read PATH]]  [[bash COMMAND]]
    [[ask COMMAND]]   asks for permission first     [[say TEXT]]  [[think TEXT]]
    [[plan a;b;c]]    [[sleep SECONDS]]             [[lines N RATE]]  N messages, RATE a second
    [[recall]]        says the earlier prompts      [[final TEXT]]    the last message
    [[fail TEXT]]     ends with an error            [[auth]]  ends as if not signed in
    [[crash CODE]]    the process ends at once, `kill` for SIGKILL

`\\n` in CONTENT, OLD and NEW is a line break. Stdlib only: the agent runs with `python -I`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

DIRECTIVE = re.compile(
    r"\[\[(write|edit|read|bash|ask|say|think|plan|sleep|lines|recall|final|fail|auth|crash)"
    r"(?:[ \t\n]+(.*?))?\]\]",
    re.DOTALL,
)


class Step(NamedTuple):
    kind: str
    args: tuple[str, ...] = ()


def directive_steps(prompt: str) -> list[Step]:
    """The prompt's directives in order; empty when it has none."""
    return [_step(match[1], match[2] or "") for match in DIRECTIVE.finditer(prompt)]


def _step(kind: str, text: str) -> Step:
    if kind in ("write", "edit"):
        parts = text.split("|", 1 if kind == "write" else 2)
        parts += [""] * ((2 if kind == "write" else 3) - len(parts))
        path, *texts = parts
        return Step(kind, (path.strip(), *(part.replace("\\n", "\n") for part in texts)))
    return Step(kind, (text,))
