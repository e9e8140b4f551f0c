"""Connections to Redis: one pool per process, one client per event loop."""

from __future__ import annotations

import os
from functools import lru_cache

import redis
import redis.asyncio
from django.conf import settings
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

_CONNECT_TIMEOUT_S = 5
_ANSWER_TIMEOUT_S = 30  # longer than any blocking read


@lru_cache(maxsize=2)
def _client(pid: int, url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=_CONNECT_TIMEOUT_S,
        socket_timeout=_ANSWER_TIMEOUT_S,
        health_check_interval=30,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), retries=3),
    )


def redis_client() -> redis.Redis:
    """The client of this process. Connections are never shared over a fork."""
    return _client(os.getpid(), settings.REDIS_URL)


def redis_async() -> redis.asyncio.Redis:
    """A new client with a pool of its own; whoever asks closes it in the same event loop."""
    client: redis.asyncio.Redis = redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=_CONNECT_TIMEOUT_S,
        socket_timeout=_ANSWER_TIMEOUT_S,
        health_check_interval=30,
    )
    return client
