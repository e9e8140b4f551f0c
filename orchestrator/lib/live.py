"""Telling open pages that something has changed.

One capped Redis stream carries notices of two kinds: a topic has changed, or a Run's feed was
sealed. A notice is only a hint to look again. One that is lost with Redis is made good by the
readers: after a broken connection they count everything as changed.
"""

from __future__ import annotations

import logging

import redis
from django.db import transaction

from orchestrator.lib.redis import redis_client

log = logging.getLogger(__name__)

CHANGED_KEY = "live:changed"
CHANGED_KEPT = 10_000


def publish(topic: str) -> None:
    """Say, once the transaction is committed, that `topic` (`task:<id>`, `home`, …) has changed."""
    transaction.on_commit(lambda: _publish_now(topic))


def _publish_now(topic: str) -> None:
    try:
        redis_client().xadd(CHANGED_KEY, {"topic": topic}, maxlen=CHANGED_KEPT, approximate=True)
    except redis.RedisError as exc:
        # What was committed stays committed: a page that is not told must not fail the writer.
        log.warning("nobody was told that %s has changed: %s", topic, exc)
