"""One reader per web process follows, for all its sockets, the feeds and the notices in Redis.

It keeps the newest events of each followed Run for a moment and marks what each subscriber has to
look at. It sends nothing and holds nothing for a subscriber: every socket keeps its own place and
takes what it is behind, from the tail here or from the feed, as fast as its client can read.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast
from weakref import WeakKeyDictionary

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from orchestrator.feed import StreamEntry, entry_seq, stream_key
from orchestrator.lib.live import CHANGED_KEY
from orchestrator.lib.redis import redis_async

log = logging.getLogger(__name__)

Entries: TypeAlias = list[StreamEntry]

COALESCE_S = 0.03
BLOCK_MS = 5_000
READ_COUNT = 64  # entries of one stream in one answer
TAIL_EVENTS = 1_000
TAIL_BYTES = 512 * 1024
RECONNECT_FIRST_S, RECONNECT_MAX_S = 0.1, 2.0
CONNECT_WAIT_S = 3.0
SINCE_SLACK_S = 5  # a page is rendered a little after its data was read
WAKE_EXPIRY_S = 60


@dataclass(eq=False, slots=True)
class Subscriber:
    """What one socket must look at. The sets are bounded by what it subscribed to."""

    behind: set[str] = field(default_factory=set)  # runs that may have events for it
    changed: set[str] = field(default_factory=set)  # topics to tell it about
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def mark_run(self, run_id: str) -> None:
        self.behind.add(run_id)
        self.ready.set()

    def mark_topic(self, topic: str) -> None:
        self.changed.add(topic)
        self.ready.set()


class Tail:
    """The newest events of one Run, without a gap."""

    def __init__(self) -> None:
        self._events: deque[bytes] = deque()
        self._bytes = 0
        self.last_seq = 0

    def append(self, seq: int, event: bytes) -> None:
        if seq != self.last_seq + 1:
            self._events.clear()
            self._bytes = 0
        self._events.append(event)
        self._bytes += len(event)
        self.last_seq = seq
        while len(self._events) > TAIL_EVENTS or self._bytes > TAIL_BYTES:
            if len(self._events) == 1:
                break
            self._bytes -= len(self._events.popleft())

    def after(self, seq: int) -> list[bytes] | None:
        """All events after `seq`; None if the tail does not reach back that far."""
        missing = self.last_seq - seq
        if missing <= 0:
            return []
        if missing > len(self._events):
            return None
        return [self._events[at] for at in range(len(self._events) - missing, len(self._events))]


class LiveReader:
    """Use from one event loop only. It works while somebody is attached."""

    def __init__(self) -> None:
        self._attached = 0
        self._task: asyncio.Task[None] | None = None
        self._client: redis.asyncio.Redis | None = None
        self._connected = asyncio.Event()
        self._wake_key = f"live:wake:{uuid.uuid4().hex}"
        self._runs: defaultdict[str, set[Subscriber]] = defaultdict(set)
        self._topics: defaultdict[str, set[Subscriber]] = defaultdict(set)
        self._tails: dict[str, Tail] = {}

    def attach(self) -> None:
        self._attached += 1
        if self._task is None:
            self._task = asyncio.create_task(self._read_always(), name="live-reader")

    def detach(self) -> None:
        self._attached -= 1
        if not self._attached and self._task is not None:
            self._task.cancel()
            self._task = None

    async def connected(self) -> None:
        """Wait until notices are read. Without Redis go on: all is marked when it is back."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._connected.wait(), CONNECT_WAIT_S)

    async def follow(
        self, subscriber: Subscriber, runs: Iterable[str], topics: Iterable[str]
    ) -> None:
        for topic in topics:
            self._topics[topic].add(subscriber)
        new = False
        for run_id in runs:
            new = new or run_id not in self._runs
            self._runs[run_id].add(subscriber)
            subscriber.mark_run(run_id)
        if new:
            await self._wake()

    def unfollow(self, subscriber: Subscriber, runs: Iterable[str], topics: Iterable[str]) -> None:
        for table, keys in ((self._runs, runs), (self._topics, topics)):
            for key in keys:
                if key in table:
                    table[key].discard(subscriber)
                    if not table[key]:
                        del table[key]

    def tail(self, run_id: str) -> Tail | None:
        return self._tails.get(run_id)

    async def changed_since(self, moment_s: float | None, topics: set[str]) -> set[str]:
        """Which of `topics` may have changed since then; all of them if that is not known."""
        if moment_s is None or self._client is None or not topics:
            return topics
        start = int((moment_s - SINCE_SLACK_S) * 1000)
        try:
            oldest = cast(Entries, await self._client.xrange(CHANGED_KEY, count=1))
            if not oldest or entry_seq(oldest[0][0]) > start:
                return topics
            notices = cast(Entries, await self._client.xrange(CHANGED_KEY, min=max(start, 0)))
        except RedisError:
            return topics
        return topics & {_text(fields.get(b"topic", b"")) for _, fields in notices}

    async def _wake(self) -> None:
        """End the blocked read: it does not see what is subscribed to meanwhile."""
        client = self._client
        if client is None:
            return  # not reading: what is subscribed is looked up when reading begins
        with suppress(RedisError):  # then the read breaks, too, and begins anew
            async with client.pipeline(transaction=False) as pipe:
                pipe.xadd(self._wake_key, {"w": ""}, maxlen=1, approximate=False)
                pipe.expire(self._wake_key, WAKE_EXPIRY_S)
                await pipe.execute()

    def _is_current(self) -> bool:
        """Asked again and again: what a task waits for may hide that it was cancelled."""
        return self._task is asyncio.current_task()

    async def _read_always(self) -> None:
        delay_s = RECONNECT_FIRST_S
        while self._is_current():
            began = time.monotonic()
            try:
                await self._read()
            except RedisError as exc:
                log.warning("the live feed is interrupted: %s", exc)
            except Exception:
                log.exception("the live reader failed; it begins anew")
            if time.monotonic() - began > RECONNECT_MAX_S:
                delay_s = RECONNECT_FIRST_S
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, RECONNECT_MAX_S)

    async def _read(self) -> None:
        client = redis_async()
        # A broken connection must be noticed, not mended: what was missed has to be read anew.
        client.set_retry(Retry(NoBackoff(), 0))
        try:
            # Of its own: one from the pool that broke between two reads would be renewed unseen.
            async with client.client() as connection:
                newest = cast(Entries, await connection.xrevrange(CHANGED_KEY, count=1))
                fixed = {CHANGED_KEY.encode(): newest[0][0] if newest else b"0-0"}
                fixed[self._wake_key.encode()] = b"0-0"
                if not self._is_current():
                    return
                self._client = client
                self._tails.clear()
                self._connected.set()
                self._mark_everything()
                await self._follow_streams(connection, fixed)
        finally:
            if self._client is client:  # else another has begun while this one ended
                self._connected.clear()
                self._client = None
                self._tails.clear()
            await client.aclose()

    def _mark_everything(self) -> None:
        for run_id, subscribers in self._runs.items():
            for subscriber in subscribers:
                subscriber.mark_run(run_id)
        for topic, subscribers in self._topics.items():
            for subscriber in subscribers:
                subscriber.mark_topic(topic)

    async def _follow_streams(self, client: redis.asyncio.Redis, fixed: dict[bytes, bytes]) -> None:
        positions: dict[str, bytes] = {}
        while self._is_current():
            for run_id in positions.keys() - self._runs.keys():
                del positions[run_id]
                self._tails.pop(run_id, None)
            if new := self._runs.keys() - positions.keys():
                await self._begin(client, list(new), positions)
            runs = {stream_key(run_id).encode(): run_id for run_id in positions}
            streams: dict[Any, Any] = {
                **fixed,
                **{key: positions[run_id] for key, run_id in runs.items()},
            }
            full = False
            answer = await client.xread(streams, count=READ_COUNT, block=BLOCK_MS)
            for key, entries in cast(Iterable[tuple[bytes, Entries]], answer or ()):
                full = full or len(entries) >= READ_COUNT
                if run_id := runs.get(key, ""):
                    positions[run_id] = entries[-1][0]
                    self._take_events(run_id, entries)
                else:
                    fixed[key] = entries[-1][0]
                    if key == CHANGED_KEY.encode():
                        self._take_notices(entries)
            if not full:
                await asyncio.sleep(COALESCE_S)

    async def _begin(
        self, client: redis.asyncio.Redis, new: list[str], positions: dict[str, bytes]
    ) -> None:
        """Follow more Runs from their present end. What was before it, their subscribers fetch."""
        async with client.pipeline(transaction=False) as pipe:
            for run_id in new:
                pipe.xrevrange(stream_key(run_id), count=1)
            tops = cast(list[Entries], await pipe.execute())
        for run_id, top in zip(new, tops, strict=True):
            positions[run_id] = top[0][0] if top else b"0-0"
            for subscriber in self._runs.get(run_id, ()):
                subscriber.mark_run(run_id)

    def _take_events(self, run_id: str, entries: Entries) -> None:
        tail = self._tails.setdefault(run_id, Tail())
        for entry_id, fields in entries:
            tail.append(entry_seq(entry_id), fields[b"p"])
        for subscriber in self._runs.get(run_id, ()):
            subscriber.mark_run(run_id)

    def _take_notices(self, entries: Entries) -> None:
        for _, fields in entries:
            if topic := _text(fields.get(b"topic", b"")):
                for subscriber in self._topics.get(topic, ()):
                    subscriber.mark_topic(topic)
            if run_id := _text(fields.get(b"sealed", b"")):
                self._tails.pop(run_id, None)  # it may lack the last events: they are in storage
                for subscriber in self._runs.get(run_id, ()):
                    subscriber.mark_run(run_id)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, LiveReader] = WeakKeyDictionary()


def live_reader() -> LiveReader:
    """The reader of the running event loop: one per web process."""
    loop = asyncio.get_running_loop()
    if loop not in _readers:
        _readers[loop] = LiveReader()
    return _readers[loop]
