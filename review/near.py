"""Which lines are the same but for white space and, where all are imports, for their order. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

_IMPORT = re.compile(
    rb"\s*(?:import\b|from\s+\S+\s+import\b|use\s|using\s|#\s*include\b|require\b"
    rb"|(?:const|let|var)\s.*=\s*require\()"
)
_SPACE = b" \t\r\n\f\v"


def near_key(lines: Iterable[bytes]) -> bytes:
    """Equal for lines that are near each other."""
    kept = [line for line in lines if line.strip(_SPACE)]
    bare = [line.translate(None, _SPACE) for line in kept]
    if all(map(is_import, kept)):
        bare.sort()
    return b"".join(bare)


def is_import(line: bytes) -> bool:
    return _IMPORT.match(line) is not None
