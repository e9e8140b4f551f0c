"""Reading fields of JSON that somebody else wrote: the wanted type, or a harmless default."""

from __future__ import annotations

import json
import math
from typing import Any

from agents.clean import clean_json

TITLE_LIMIT = 200


def parse_object(text: str) -> dict[str, Any] | None:
    """The JSON object in a line, cleaned; None for anything else."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return clean_json(value) if isinstance(value, dict) else None


def get_str(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def get_dict(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def get_dicts(data: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = data.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def get_int(data: dict[str, Any], key: str) -> int | None:
    """A count: a whole number that fits any database's big integer."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        return None
    return value


def get_amount(data: dict[str, Any], key: str) -> float | None:
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value < 1e6 else None


def one_line(text: str) -> str:
    line = " ".join(text[: TITLE_LIMIT * 8].split())
    return line if len(line) <= TITLE_LIMIT else line[: TITLE_LIMIT - 1] + "…"
