"""The socket of a page, `/ws/live`: events of Runs and notices that topics have changed.

From the client:
    {"type": "subscribe", "runs": {"<run>": <last seq>}, "topics": ["task:12"], "since": <epoch s>}
        adds to what was subscribed before; `since` (optional): when the page was rendered
    {"type": "unsubscribe", "runs": ["<run>"], "topics": ["task:12"]}
From the server:
    {"type": "ready", "runs": {"<run>": <last seq>}, "topics": […], "refused": […]}
    {"type": "events", "run": "<run>", "events": […]}
    {"type": "changed", "topic": "task:12"}
Closed with 1003, 1007, 1008 or 1009 for frames that make no sense, are too many or too large; with
4401 when the person is no longer signed in, with 4408 when the client does not read.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User

from orchestrator import feed
from orchestrator.feed import RawPage
from orchestrator.lib.errors import NotFound
from orchestrator.live_reader import Subscriber, live_reader
from orchestrator.selectors.access import run_get_for, topic_allowed
from orchestrator.services.sockets import socket_user

log = logging.getLogger(__name__)

FRAME_LIMIT_CHARS = 64 * 1024
SUBSCRIBED_MAX = 256  # runs, and topics, of one socket
WORD_LIMIT_CHARS = 200
SEQ_MAX = 2**53
RATE_FRAMES, RATE_S = 120, 10.0
PIECE_EVENTS = 500
PIECE_BYTES = 512 * 1024
SEND_TIMEOUT_S = 30.0
RECHECK_S = 60.0
RETRY_S = 1.0

NOT_TEXT, NOT_UNDERSTOOD, NOT_ALLOWED, TOO_LARGE = 1003, 1007, 1008, 1009
SIGNED_OUT, TOO_SLOW = 4401, 4408


class BadFrame(Exception):
    """A frame that ends the socket; `reason` is shown to whoever sent it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class SocketGone(Exception):
    """The socket was closed, or its client stopped reading, while something was sent."""


@dataclass(frozen=True, slots=True)
class Subscription:
    runs: dict[str, int]
    topics: frozenset[str]
    since: float | None = None


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    async def connect(self) -> None:
        user = await database_sync_to_async(socket_user)(self.scope)
        if user is None:
            await self.close()  # before it is accepted: the handshake is answered with 403
            return
        self.user = user
        self.reader = live_reader()
        self.subscriber = Subscriber()
        self.sent: dict[str, int] = {}  # run -> the last event sent: this client's place
        self.topics: set[str] = set()
        self.answers: list[str] = []
        self.frames = 0
        self.frames_since = monotonic()
        await self.accept()
        self.reader.attach()
        self.sender: asyncio.Task[None] | None = asyncio.create_task(self._send_always())

    async def disconnect(self, code: int) -> None:
        sender = getattr(self, "sender", None)
        if sender is None:
            return  # it was never accepted
        self.sender = None
        self.reader.unfollow(self.subscriber, list(self.sent), list(self.topics))
        self.reader.detach()
        sender.cancel()
        await asyncio.wait([sender])

    # --- from the client --------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if getattr(self, "sender", None) is None:
            return
        try:
            self._count_frame()
            if text_data is None:
                raise BadFrame(NOT_TEXT, "text frames only")
            kind, subscription = frame_parse(text_data)
            if kind == "subscribe":
                await self._subscribe(subscription)
            else:
                self._unsubscribe(subscription)
        except BadFrame as exc:
            await self._end(exc.code, exc.reason)

    def _count_frame(self) -> None:
        if monotonic() - self.frames_since > RATE_S:
            self.frames, self.frames_since = 0, monotonic()
        self.frames += 1
        if self.frames > RATE_FRAMES:
            raise BadFrame(NOT_ALLOWED, "too many frames")

    async def _subscribe(self, wanted: Subscription) -> None:
        if (
            len(self.sent.keys() | wanted.runs.keys()) > SUBSCRIBED_MAX
            or len(self.topics | wanted.topics) > SUBSCRIBED_MAX
        ):
            raise BadFrame(NOT_ALLOWED, "too many subscriptions")
        allowed, refused = await database_sync_to_async(_allowed)(self.user, wanted)
        if len(self.sent.keys() | allowed.runs.keys()) > SUBSCRIBED_MAX:
            raise BadFrame(NOT_ALLOWED, "too many subscriptions")
        await self.reader.connected()  # what changes from here on is marked
        if self.sender is None:
            return
        self.sent.update(allowed.runs)
        self.topics |= allowed.topics
        self.answers.append(
            json.dumps(
                {
                    "type": "ready",
                    "runs": allowed.runs,
                    "topics": sorted(allowed.topics),
                    "refused": sorted(refused),
                }
            )
        )
        self.subscriber.ready.set()
        await self.reader.follow(self.subscriber, allowed.runs, allowed.topics)
        for topic in await self.reader.changed_since(wanted.since, allowed.topics):
            self.subscriber.mark_topic(topic)

    def _unsubscribe(self, unwanted: Subscription) -> None:
        self.reader.unfollow(self.subscriber, unwanted.runs, unwanted.topics)
        for run_id in unwanted.runs:
            self.sent.pop(run_id, None)
        self.topics -= unwanted.topics

    # --- to the client ----------------------------------------------------------------------------

    async def _send_always(self) -> None:
        """The only one who sends, and only what the client takes: nothing piles up here."""
        try:
            checked = monotonic()
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.subscriber.ready.wait(), RECHECK_S)
                if monotonic() - checked >= RECHECK_S:
                    checked = monotonic()
                    if not await self._still_signed_in():
                        await self._end(SIGNED_OUT, "signed out")
                        return
                self.subscriber.ready.clear()
                await self._send_marked()
        except SocketGone:
            log.debug("a socket went away while it was sent to")
        except Exception:
            log.exception("a socket's sender failed; the client connects anew")
            await self._end(1011, "internal error")

    async def _send_marked(self) -> None:
        answers, self.answers = self.answers, []
        for answer in answers:
            await self._send_text(answer)
        while self.subscriber.changed:
            topic = self.subscriber.changed.pop()
            if topic in self.topics:
                await self._send_text(json.dumps({"type": "changed", "topic": topic}))
        # One piece of each run in turn, so that a long catch-up does not hold up the others.
        for run_id in list(self.subscriber.behind):
            self.subscriber.behind.discard(run_id)
            await self._send_piece(run_id)

    async def _send_piece(self, run_id: str) -> None:
        after = self.sent.get(run_id)
        if after is None:
            return  # no longer subscribed
        try:
            page = await self._page(run_id, after)
        except Exception:
            # Redis or the storage is away for now; the client keeps its place.
            log.warning("the events of run %s cannot be read now", run_id, exc_info=True)
            self.subscriber.mark_run(run_id)
            await asyncio.sleep(RETRY_S)
            return
        if not page.events or self.sent.get(run_id) != after:
            return  # or subscribed anew from another place, and marked again
        self.subscriber.mark_run(run_id)  # look again when this is sent
        self.sent[run_id] = page.last_seq
        events = b",".join(page.events).decode()
        await self._send_text(f'{{"type":"events","run":"{run_id}","events":[{events}]}}')

    async def _page(self, run_id: str, after: int) -> RawPage:
        tail = self.reader.tail(run_id)
        recent = tail.after(after) if tail else None
        if recent is None:
            return await asyncio.to_thread(
                feed.read_raw, run_id, after=after, limit=PIECE_EVENTS, limit_bytes=PIECE_BYTES
            )
        piece = recent[:PIECE_EVENTS]
        return RawPage(piece, after + len(piece))

    async def _still_signed_in(self) -> bool:
        return await database_sync_to_async(socket_user)(self.scope) is not None

    async def _send_text(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self.send(text_data=text)
        except TimeoutError:
            await self._end(TOO_SLOW, "the client does not read")
            raise SocketGone from None
        except (OSError, RuntimeError) as exc:
            raise SocketGone from exc  # the server says so in its own ways when the client is gone

    async def _end(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S / 10):
                await self.close(code=code, reason=reason)
        except (TimeoutError, OSError, RuntimeError):
            log.debug("a socket was closed before it was told why: %s", reason)


class NoSuchSocket(AsyncWebsocketConsumer):  # type: ignore[misc]
    async def connect(self) -> None:
        await self.close()


def frame_parse(text: str) -> tuple[str, Subscription]:
    """A client's frame; raises BadFrame for all that is not one."""
    if len(text) > FRAME_LIMIT_CHARS:
        raise BadFrame(TOO_LARGE, "frame too large")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame(NOT_UNDERSTOOD, "not JSON") from None
    if not isinstance(frame, dict):
        raise BadFrame(NOT_UNDERSTOOD, "not an object")
    kind, runs, topics = frame.get("type"), frame.get("runs"), frame.get("topics")
    if kind == "subscribe":
        after = _places({} if runs is None else runs)
    elif kind == "unsubscribe":
        after = dict.fromkeys(_words([] if runs is None else runs), 0)
    else:
        raise BadFrame(NOT_UNDERSTOOD, "unknown type")
    since = frame.get("since")
    if not (since is None or _is_number(since)):
        raise BadFrame(NOT_UNDERSTOOD, "since is a time in seconds")
    return kind, Subscription(after, frozenset(_words([] if topics is None else topics)), since)


def _places(runs: Any) -> dict[str, int]:
    if not isinstance(runs, dict):
        raise BadFrame(NOT_UNDERSTOOD, "runs is an object of last numbers")
    _words(list(runs))
    for seq in runs.values():
        if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq <= SEQ_MAX:
            raise BadFrame(NOT_UNDERSTOOD, "a last number is 0 or more")
    return runs


def _words(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise BadFrame(NOT_UNDERSTOOD, "a list of words was expected")
    if len(value) > SUBSCRIBED_MAX or any(len(word) > WORD_LIMIT_CHARS for word in value):
        raise BadFrame(NOT_ALLOWED, "too many subscriptions")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**40


def _allowed(user: User, wanted: Subscription) -> tuple[Subscription, list[str]]:
    """What of `wanted` the person may see (runs by their plain ids), and the rest of it."""
    runs: dict[str, int] = {}
    refused: list[str] = []
    for ref, after in wanted.runs.items():
        try:
            runs[run_get_for(user, ref).id.hex] = after
        except NotFound:
            refused.append(ref)
    topics = frozenset(topic for topic in wanted.topics if topic_allowed(user, topic))
    return Subscription(runs, topics, wanted.since), [*refused, *(wanted.topics - topics)]
