"""Which lines are the same but for white space and, where all are imports, for their order. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from review.imports import SPACE, imports_key, is_import


def near_key(lines: Iterable[bytes]) -> bytes:
    """Equal for lines that are near each other."""
    kept = [line for line in lines if line.strip(SPACE)]
    found = imports_key(kept) if kept and is_import(kept[0]) else None
    return b"".join(line.translate(None, SPACE) for line in kept) if found is None else found
