"""Agents' output made safe to store and send: any JSON encoder and any database takes the result.

NUL and lone surrogates become U+FFFD. ANSI and other control characters stay: they are data, and it
is the renderer that shows them as such.
"""

from __future__ import annotations

import math
import re
from typing import Any

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
DEPTH_LIMIT = 40


def clean_text(text: str) -> str:
    return UNSTORABLE.sub("\ufffd", text)


def clean_json(value: Any, *, depth: int = 0) -> Any:
    """Parsed JSON with its strings cleaned, endless numbers as null, and a bound on its depth."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list | tuple | dict) and depth >= DEPTH_LIMIT:
        return "[nested too deep to show]"
    if isinstance(value, list | tuple):
        return [clean_json(item, depth=depth + 1) for item in value]
    if isinstance(value, dict):
        return {
            clean_text(str(key)): clean_json(item, depth=depth + 1) for key, item in value.items()
        }
    return value
