"""How much room there is where everything is kept."""

from __future__ import annotations

import errno
import os
from pathlib import Path

# With less than that no new Run begins: it could not even make its workspace.
ROOM_MIN_BYTES = 32 * 1024 * 1024
FULL = "The disk that holds Bakeoff's data is full. Make room; what runs waits and then goes on."


def room_bytes(path: Path) -> int:
    """What may still be written below `path`; without a disk to ask, nothing."""
    try:
        about = os.statvfs(path)
    except OSError:
        return 0
    return about.f_bavail * about.f_frsize


def says_full(exc: BaseException) -> bool:
    return isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT)
