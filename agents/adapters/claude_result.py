"""How a turn of claude's ended: what an error means, what was used."""

from __future__ import annotations

import re
from typing import Any

from agents.adapters.base import SESSION_LOST
from agents.adapters.fields import get_amount, get_dict, get_int, get_str
from agents.events import Usage

AUTH_TEXT = re.compile(
    r"please run /login|invalid (x-)?api[ -]key|not logged in|authentication[_ ](error|failed)"
    r"|oauth (token|account).{0,40}(expired|revoked|not)",
    re.IGNORECASE,
)
API_TEXT = re.compile(r"\bAPI Error\b|server_error|rate_limit|overloaded|billing_error")
PHRASES = {
    "error_max_turns": "The agent reached its limit of turns.",
    "error_max_budget_usd": "The agent reached its cost limit.",
}
TOKENS = (
    # our name, in `usage`, in `modelUsage`
    ("input_tokens", "input_tokens", "inputTokens"),
    ("output_tokens", "output_tokens", "outputTokens"),
    ("cache_read_tokens", "cache_read_input_tokens", "cacheReadInputTokens"),
    ("cache_write_tokens", "cache_creation_input_tokens", "cacheCreationInputTokens"),
)


def error_code(status: int | None, text: str) -> str:
    if status in (401, 403) or AUTH_TEXT.search(text):
        return "agent.auth"
    if text.startswith("No conversation found"):
        return SESSION_LOST
    return "agent.api" if status is not None or API_TEXT.search(text) else "agent.failed"


def error_text(result: dict[str, Any]) -> str:
    """What the result of a failed turn says; empty if nothing."""
    errors = result.get("errors")
    said = errors if isinstance(errors, list) else []
    text = get_str(result, "result") or "; ".join(item for item in said if isinstance(item, str))
    return text or PHRASES.get(get_str(result, "subtype"), "")


def interrupted(result: dict[str, Any]) -> bool:
    return get_str(result, "terminal_reason").startswith("aborted")


class UsageMeter:
    """The process's totals. `usage` is one turn's; `modelUsage` and the cost grow over all turns.

    `modelUsage` counts sub-agents too and is what the cost is made of, so it is preferred.
    """

    def __init__(self) -> None:
        self._turns: dict[str, int] = {}

    def read(self, result: dict[str, Any], time: float) -> Usage:
        turn = get_dict(result, "usage")
        for name, key, _ in TOKENS:
            count = get_int(turn, key)
            if count is not None:
                self._turns[name] = self._turns.get(name, 0) + count
        models = [
            item for item in get_dict(result, "modelUsage").values() if isinstance(item, dict)
        ]
        totals: dict[str, int | None] = {}
        for name, _, key in TOKENS:
            known = [count for model in models if (count := get_int(model, key)) is not None]
            complete = models and len(known) == len(models)
            totals[name] = sum(known) if complete else self._turns.get(name)
        cost = get_amount(result, "total_cost_usd")
        source = "" if cost is None else "agent"
        return Usage(time=time, **totals, cost_usd=cost, cost_source=source)
