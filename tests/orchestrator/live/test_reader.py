"""The one reader of a web process, when sockets come and go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis.asyncio

from orchestrator.live_reader import LiveReader
from tests.support.valkey import Valkey

SOON_S = 60


def test_a_reader_that_ends_late_takes_nothing_from_the_next(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last socket went, and another came before the connection of the first was closed."""

    async def go() -> None:
        reader, closing, close = LiveReader(), asyncio.Event(), asyncio.Event()
        leave: Any = redis.asyncio.Redis.__aexit__

        async def leave_late(client: redis.asyncio.Redis, *exc: Any) -> None:
            if not closing.is_set():
                closing.set()
                await close.wait()
            await leave(client, *exc)

        monkeypatch.setattr(redis.asyncio.Redis, "__aexit__", leave_late)
        reader.attach()
        await reader._connected.wait()
        first, task = reader._client, reader._task
        assert task
        reader.detach()
        await closing.wait()
        reader.attach()
        while reader._client in (first, None):
            await asyncio.sleep(0)
        second = reader._client
        close.set()
        await asyncio.wait([task])
        assert reader._client is second
        assert reader._connected.is_set()

    asyncio.run(asyncio.wait_for(go(), SOON_S))


def test_a_reader_ends_also_where_what_it_waits_for_hides_that_it_is_to(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        reader, reading, hidden = LiveReader(), asyncio.Event(), asyncio.Event()
        read = redis.asyncio.Redis.xread

        async def hide_first(client: redis.asyncio.Redis, *args: Any, **how: Any) -> Any:
            reading.set()
            try:
                return await read(client, *args, **how)
            except asyncio.CancelledError:
                if hidden.is_set():
                    raise
                hidden.set()
                return []

        monkeypatch.setattr(redis.asyncio.Redis, "xread", hide_first)
        reader.attach()
        await reading.wait()
        task = reader._task
        assert task
        reader.detach()
        await asyncio.wait([task])
        assert reader._client is None

    asyncio.run(asyncio.wait_for(go(), SOON_S))
