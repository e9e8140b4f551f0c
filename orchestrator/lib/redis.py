"""The one place that connects to Redis."""

from __future__ import annotations

from functools import cache

import redis
import redis.asyncio
from django.conf import settings
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

CONNECT_TIMEOUT_S = 3
ANSWER_TIMEOUT_S = 15  # longer than any blocking read asks for
_RETRIES = 3
_RETRY_CAP_S = 0.5


@cache
def redis_client() -> redis.Redis:
    """The process's client: thread-safe, pooled, tries again for about a second before it raises."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_timeout=ANSWER_TIMEOUT_S,
        retry=Retry(ExponentialBackoff(cap=_RETRY_CAP_S, base=0.05), _RETRIES),
    )


def redis_async() -> redis.asyncio.Redis:
    """A new client for the running event loop; whoever asks for it closes it with `aclose()`.

    It does not retry: a broken connection must be seen by the live reader, which then reads anew.
    """
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_timeout=ANSWER_TIMEOUT_S,
        retry=None,
    )
