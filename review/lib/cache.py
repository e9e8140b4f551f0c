"""Django's cache for what never changes once computed: keys are made of object ids and versions."""

from __future__ import annotations

import hashlib
import pickle
import secrets
import zlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.core.cache import cache
from redis.exceptions import RedisError

from orchestrator.lib.redis import redis_client

Value = TypeVar("Value")

KEPT_S = 7 * 24 * 3600
# A value larger than that (compressed) is computed anew each time rather than fill the cache.
LIMIT_BYTES = 4_000_000

_UNCLAIM = """
if redis.call('get', KEYS[1]) == ARGV[1] then
    return redis.call('del', KEYS[1])
end
return 0
"""


def cached(key: str, make: Callable[[], Value], *, limit_bytes: int = LIMIT_BYTES) -> Value:
    """The cached value, or the one that `make` gives, which is cached unless it is None."""
    found: Value | None = cache_get(key)
    if found is not None:
        return found
    value = make()
    if value is not None:
        cache_put(key, value, limit_bytes=limit_bytes)
    return value


def cache_key(*parts: object) -> str:
    """A short key of parts that may hold anything, file names included."""
    return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:40]


def cache_get(key: str) -> Any:
    """The cached value; None if there is none."""
    try:
        packed: bytes | None = cache.get(_name(key))
    except RedisError:
        return None  # a page is slower without its cache, not broken
    if packed is None:
        return None
    return pickle.loads(zlib.decompress(packed))  # noqa: S301 - our own, from our own Redis


def cache_has(key: str) -> bool:
    try:
        return bool(cache.has_key(_name(key)))
    except RedisError:
        return False


def cache_claim(key: str, *, claim_s: int) -> int:
    """A token if this caller is the one to compute it; 0: the others may look again in a moment."""
    token = secrets.randbelow(2**62) + 1
    try:
        return token if cache.add(_name(f"{key}:claim"), token, timeout=claim_s) else 0
    except RedisError:
        return token


def cache_unclaim(key: str, token: int) -> None:
    """Give it back. What took longer than the claim may be somebody else's by now: that stays."""
    try:
        release = redis_client().register_script(_UNCLAIM)
        release(keys=[cache.make_key(_name(f"{key}:claim"))], args=[token])
    except RedisError:
        return


def cache_put(key: str, value: object, *, limit_bytes: int = LIMIT_BYTES) -> None:
    cache_put_many({key: value}, limit_bytes=limit_bytes)


def cache_put_many(values: Mapping[str, object], *, limit_bytes: int = LIMIT_BYTES) -> None:
    """All of them in one go, but for those that are too large."""
    packed = {
        _name(key): zlib.compress(pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL), 1)
        for key, value in values.items()
    }
    kept = {name: data for name, data in packed.items() if len(data) <= limit_bytes}
    if not kept:
        return
    try:
        cache.set_many(kept, timeout=KEPT_S)
    except RedisError:
        return


def _name(key: str) -> str:
    return f"review:{key}"
