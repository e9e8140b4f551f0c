"""The words an agent is given. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def prompt_first(*, spec: str, strategy: str) -> str:
    """The spec word for word, then the variant's own strategy hint."""
    return f"{spec}\n\n## Strategy\n\n{strategy}\n" if strategy.strip() else spec


def prompt_follow_up(
    *,
    texts: Sequence[str],
    earlier: Sequence[str],
    spec: str,
    strategy: str,
    resumes: bool,
    composed: bool = False,
) -> str:
    """People's further texts; with all that was asked before for an agent that cannot go on with its session."""
    asked = "\n\n".join(texts)
    if resumes:
        return asked
    first = prompt_first(spec=spec, strategy=strategy)
    if earlier:
        before = "\n\n".join(earlier)
        first = f"{first}\n\n## Earlier follow-ups\n\nThey were asked before, in this order.\n\n{before}"
    here = (
        "This directory has an answer that a person put together from those of several agents."
        if composed
        else "Your earlier work is in this directory."
    )
    return f"{first}\n\n## Follow-up\n\n{here}\n\n{asked}\n"
