"""Django's cache for what never changes once computed: keys are made of object ids and versions."""

from __future__ import annotations

import hashlib
import pickle
import zlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.core.cache import cache
from redis.exceptions import RedisError

Value = TypeVar("Value")

KEPT_S = 7 * 24 * 3600
# A value larger than that (compressed) is computed anew each time rather than fill the cache.
LIMIT_BYTES = 4_000_000


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


def cache_claim(key: str, *, claim_s: int) -> bool:
    """Whether this caller is the one to compute it; the others may look again in a moment."""
    try:
        return bool(cache.add(_name(f"{key}:claim"), 1, timeout=claim_s))
    except RedisError:
        return True


def cache_unclaim(key: str) -> None:
    try:
        cache.delete(_name(f"{key}:claim"))
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
