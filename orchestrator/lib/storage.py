"""Telling a full disk from a fault of ours, whoever met it: the database, Redis, or a file."""

from __future__ import annotations

import redis
from django.conf import settings
from django.db import OperationalError

from orchestrator.lib.disk import FULL, room_bytes, says_full
from orchestrator.lib.errors import Unavailable

_NO_ROOM_BYTES = 256 * 1024  # SQLite and Valkey stop before the very last byte


def disk_full_error(exc: BaseException) -> Unavailable | None:
    """What a person is told if `exc` comes of a full disk; None if it comes of anything else."""
    seen: BaseException | None = exc
    while seen is not None:
        if says_full(seen) or _refused(seen):
            return Unavailable("disk.full", FULL, http_status=507)
        seen = seen.__cause__
    return None


def _refused(exc: BaseException) -> bool:
    text = str(exc)
    if isinstance(exc, redis.ResponseError):
        return "MISCONF" in text or "No space left on device" in text
    if not isinstance(exc, OperationalError):
        return False
    # SQLite cannot even be opened while there is no room for the files beside it; PostgreSQL says
    # the same as the system does.
    return (
        "disk is full" in text
        or "No space left on device" in text
        or room_bytes(settings.BAKEOFF_DATA_DIR) < _NO_ROOM_BYTES
    )
