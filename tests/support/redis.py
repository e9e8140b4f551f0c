"""One Redis-compatible server for a whole test process, emptied between tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from orchestrator.lib.redis import redis_client
from tests.support.valkey import Valkey


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Valkey]:
    with tempfile.TemporaryDirectory(prefix="vk") as short:  # a socket's path must be short
        server = Valkey(Path(short))
        server.start()
        yield server
        server.kill()


@pytest.fixture
def redis_here(redis_server: Valkey, settings: Settings) -> Iterator[Valkey]:
    settings.REDIS_URL = redis_server.url
    cache = settings.CACHES["default"] | {"LOCATION": redis_server.url}
    settings.CACHES = {"default": cache}
    redis_client().flushall()
    yield redis_server
    redis_client().close()
