"""The live feed of a Run: its events, numbered 1, 2, 3 …, to be read after a number.

While the Run goes on they are in a Redis stream with the ids `<seq>-0`; when it has ended the feed
is sealed: moved to Django's default storage. The journal is the truth, so what Redis loses is
appended again by the follower; nothing can be appended twice or out of order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from orchestrator import feed_sealed
from orchestrator.lib.cut import payload_cut
from orchestrator.lib.live import CHANGED_KEPT, CHANGED_KEY
from orchestrator.lib.redis import redis_client

TEXT_LIMIT_BYTES = 64 * 1024
EVENT_LIMIT_BYTES = 128 * 1024
PAGE_LIMIT_BYTES = 2 * 1024 * 1024
_APPEND_COUNT = 200  # events in one atomic step
_READ_COUNT = 100

# One atomic step: the stream's own top decides, so a late follower can neither double nor skip.
# Answers {top, refused}; top -1: there is no stream and `fresh` was not given.
_APPEND = """
local top = 0
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if last[1] then
  top = tonumber(string.match(last[1][1], '^%d+'))
elseif ARGV[1] == '0' then
  return {-1, 0}
end
for at = 2, #ARGV, 4 do
  local seq = tonumber(ARGV[at])
  if seq == top + 1 then
    redis.call('XADD', KEYS[1], ARGV[at] .. '-0', 'n', ARGV[at+1], 'i', ARGV[at+2], 'p', ARGV[at+3])
    top = seq
  elseif seq > top then
    return {top, seq}
  end
end
return {top, 0}
"""

StreamEntry: TypeAlias = tuple[bytes, dict[bytes, bytes]]


class FeedGap(Exception):
    """The feed ends before the entry that was to be appended: go on from `last_seq` instead."""

    def __init__(self, run_id: str, last_seq: int) -> None:
        super().__init__(f"the feed of run {run_id} ends at {last_seq}")
        self.last_seq = last_seq


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One event, and where it comes from: journal line `n`, the `i`-th event of that line."""

    seq: int
    n: int
    i: int
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FeedPosition:
    seq: int
    n: int
    i: int


@dataclass(frozen=True, slots=True)
class RawPage:
    """Events as JSON text, in order and without a gap after the number asked for."""

    events: list[bytes] = field(default_factory=list)
    last_seq: int = 0  # of the page; what to ask for next
    ended: bool = False  # nothing will ever come after `last_seq`


@dataclass(frozen=True, slots=True)
class FeedPage:
    events: list[dict[str, Any]]
    last_seq: int
    ended: bool


def stream_key(run_id: str) -> str:
    return f"feed:{run_id}"


def entry_seq(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])


def append(run_id: str, entries: Sequence[FeedEntry]) -> int:
    """Append what is not there yet; the number of the feed's last event.

    Raises FeedGap if the first new entry is not the next one (Redis has lost some): nothing of what
    comes after the gap is written.
    """
    top = 0
    for start in range(0, len(entries), _APPEND_COUNT):
        batch = entries[start : start + _APPEND_COUNT]
        args: list[Any] = []
        for entry in batch:
            args += (entry.seq, entry.n, entry.i, _payload_json(run_id, entry))
        top, refused = _append_run(run_id, "0", args)
        if top == -1:
            if feed_sealed.exists(run_id):
                return feed_sealed.last_seq(run_id)  # all of it was there, and still is
            top, refused = _append_run(run_id, "1", args)
        if refused:
            raise FeedGap(run_id, top)
    return top


def _append_run(run_id: str, fresh: str, args: list[Any]) -> tuple[int, int]:
    script = redis_client().register_script(_APPEND)
    top, refused = script(keys=[stream_key(run_id)], args=[fresh, *args])
    return int(top), int(refused)


def _payload_json(run_id: str, entry: FeedEntry) -> str:
    payload = {**entry.payload, "seq": entry.seq}
    text = json.dumps(payload)
    if len(text) <= TEXT_LIMIT_BYTES:
        return text
    short, cut = payload_cut(
        payload, text_limit_bytes=TEXT_LIMIT_BYTES, limit_bytes=EVENT_LIMIT_BYTES
    )
    if not cut:
        return text
    feed_sealed.event_write(run_id, entry.seq, payload)
    return json.dumps({**short, "truncated": True})


def position(run_id: str) -> FeedPosition | None:
    """The last entry in the stream; None if there is no stream (nothing yet, lost, or sealed)."""
    last = cast(list[StreamEntry], redis_client().xrevrange(stream_key(run_id), count=1))
    if not last:
        return None
    entry_id, fields = last[0]
    return FeedPosition(seq=entry_seq(entry_id), n=int(fields[b"n"]), i=int(fields[b"i"]))


def read(run_id: str, *, after: int, limit: int = 500) -> FeedPage:
    """Events after `after`, at most `limit` of them and less if they are long."""
    page = read_raw(run_id, after=after, limit=limit)
    return FeedPage([json.loads(event) for event in page.events], page.last_seq, page.ended)


def read_raw(
    run_id: str, *, after: int, limit: int = 500, limit_bytes: int = PAGE_LIMIT_BYTES
) -> RawPage:
    after, limit = max(after, 0), max(limit, 1)
    if page := _read_stream(run_id, after, limit, limit_bytes):
        return page
    # Sealing stores first and drops the stream then: who finds no stream finds the sealed feed.
    try:
        events, last_seq = feed_sealed.read(
            run_id, after=after, limit=limit, limit_bytes=limit_bytes
        )
    except FileNotFoundError:
        return RawPage(last_seq=after)
    reached = after + len(events)
    return RawPage(events, reached, reached >= last_seq)


def _read_stream(run_id: str, after: int, limit: int, limit_bytes: int) -> RawPage | None:
    """A page from the stream; None if there is no stream."""
    key = stream_key(run_id)
    events: list[bytes] = []
    size = 0
    reached = after
    while True:
        count = min(limit - len(events), _READ_COUNT)
        with redis_client().pipeline(transaction=True) as pipe:
            pipe.xrange(key, min=f"{reached + 1}-0", count=count)
            pipe.xrevrange(key, count=1)
            found, last = cast(tuple[list[StreamEntry], list[StreamEntry]], pipe.execute())
        if not last:
            return RawPage(events, reached) if events else None
        for entry_id, fields in found:
            events.append(fields[b"p"])
            size += len(fields[b"p"])
            reached = entry_seq(entry_id)
        last_seq = entry_seq(last[0][0])
        if reached >= last_seq:
            return RawPage(events, reached, _is_end(last[0][1][b"p"]))
        if len(events) >= limit or size >= limit_bytes:
            return RawPage(events, reached)


def _is_end(event: bytes) -> bool:
    return b'"end"' in event and json.loads(event).get("kind") == "end"


def read_one(run_id: str, seq: int) -> dict[str, Any] | None:
    """One event, whole."""
    if seq < 1:
        return None
    page = read_raw(run_id, after=seq - 1, limit=1)
    if not page.events:
        return None
    event: dict[str, Any] = json.loads(page.events[0])
    if event.get("seq") != seq:
        return None
    if event.get("truncated"):
        return feed_sealed.event_read(run_id, seq) or event
    return event


def sealed(run_id: str) -> bool:
    return feed_sealed.exists(run_id)


def seal(run_id: str) -> bool:
    """Move the feed of an ended Run to storage; False if that was done before.

    May be killed anywhere and called again. Raises FeedGap if the stream is not a whole feed with
    an `end` event last: append what is missing first.
    """
    fresh = not feed_sealed.exists(run_id)
    if fresh:
        last = cast(list[StreamEntry], redis_client().xrevrange(stream_key(run_id), count=1))
        if not last or not _is_end(last[0][1][b"p"]):
            raise FeedGap(run_id, entry_seq(last[0][0]) if last else 0)
        feed_sealed.write(run_id, _all_events(run_id, entry_seq(last[0][0])))
    with redis_client().pipeline(transaction=True) as pipe:
        pipe.delete(stream_key(run_id))
        # Who waits on the stream is not told that it is gone; what was not read yet is in storage.
        pipe.xadd(CHANGED_KEY, {"sealed": run_id}, maxlen=CHANGED_KEPT, approximate=True)
        pipe.execute()
    return fresh


def _all_events(run_id: str, last_seq: int) -> Iterator[bytes]:
    reached = 0
    while reached < last_seq:
        found = cast(
            list[StreamEntry],
            redis_client().xrange(stream_key(run_id), min=f"{reached + 1}-0", count=_READ_COUNT),
        )
        for entry_id, fields in found:
            if entry_seq(entry_id) != reached + 1:
                raise FeedGap(run_id, reached)
            reached += 1
            yield fields[b"p"]
        if not found:
            raise FeedGap(run_id, reached)
