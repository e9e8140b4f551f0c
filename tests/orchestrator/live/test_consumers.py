from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from orchestrator import consumers, feed, live_reader
from orchestrator.lib.live import publish
from orchestrator.live_reader import LiveReader, Tail
from orchestrator.models import ApiToken, Run
from tests.support.live import Web, end, entry, eventually, run_make
from tests.support.valkey import Valkey

pytestmark = pytest.mark.django_db(transaction=True)


class Page:
    """A client that keeps what it was sent."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.events: list[dict[str, Any]] = []
        self.changed: list[str] = []
        self.ready: list[dict[str, Any]] = []

    def send(self, frame: object) -> None:
        self.connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    def subscribe(self, runs: dict[str, int] | None = None, *topics: str, **more: object) -> None:
        self.send({"type": "subscribe", "runs": runs or {}, "topics": list(topics), **more})
        count = len(self.ready)
        self.until(lambda: len(self.ready) > count)

    def take(self, timeout_s: float) -> bool:
        try:
            frame = json.loads(self.connection.recv(timeout=timeout_s))
        except TimeoutError:
            return False
        match frame["type"]:
            case "events":
                self.events += frame["events"]
            case "changed":
                self.changed.append(frame["topic"])
            case "ready":
                self.ready.append(frame)
            case other:
                raise AssertionError(other)
        return True

    def until(self, condition: Callable[[], bool], *, within_s: float = 60) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, (len(self.events), self.changed, self.ready)
            self.take(0.2)

    def until_seq(self, seq: int) -> None:
        self.until(lambda: bool(self.events) and self.events[-1]["seq"] >= seq)

    @property
    def seqs(self) -> list[int]:
        return [event["seq"] for event in self.events]

    def closed_with(self) -> int:
        try:
            while True:
                self.connection.recv(timeout=60)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


@contextmanager
def page_open(web: Web, **headers: str) -> Iterator[Page]:
    headers = headers or {"Authorization": f"Bearer {web.token}"}
    with connect(web.url, additional_headers=headers, max_size=None, open_timeout=60) as connection:
        yield Page(connection)


def refused_with(web: Web, url: str = "", **headers: str) -> int:
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(url or web.url, additional_headers=headers),
    ):
        pass
    return refused.value.response.status_code


def cookie_of(user: User, settings: Settings) -> str:
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


# --- who gets in ----------------------------------------------------------------------------------


def test_strangers_and_foreign_pages_are_refused(web: Web, user: User, settings: Settings) -> None:
    cookie = cookie_of(user, settings)
    token = f"Bearer {web.token}"
    origin = web.origin

    assert refused_with(web) == 403
    assert refused_with(web, Origin=origin) == 403
    assert refused_with(web, Cookie=cookie) == 403  # a browser always says its origin
    assert refused_with(web, Cookie=cookie, Origin="null") == 403
    assert refused_with(web, Cookie=cookie, Origin=f"{origin}1") == 403
    assert refused_with(web, Cookie=cookie, Origin=origin.replace("http:", "https:")) == 403
    assert refused_with(web, Cookie=cookie, Origin=origin.replace("localhost", "127.0.0.1")) == 403
    assert refused_with(web, Cookie=cookie[:-1] + "!", Origin=origin) == 403
    assert refused_with(web, Authorization="Bearer bko_wrong") == 403
    assert refused_with(web, Authorization=f"Basic {web.token}") == 403
    assert refused_with(web, Authorization=token, Origin="http://evil.example") == 403
    assert refused_with(web, Authorization="Bearer bko_wrong", Cookie=cookie, Origin=origin) == 403
    assert refused_with(web, web.url + "/other", Authorization=token) == 403


def test_own_pages_and_programs_get_in(web: Web, user: User, settings: Settings, run: Run) -> None:
    feed.append(run.id.hex, [entry(1)])
    cookie = cookie_of(user, settings)
    for headers in (
        {"Cookie": cookie, "Origin": web.origin},
        {"Authorization": f"Bearer {web.token}"},
        {"Authorization": f"Bearer {web.token}", "Origin": web.origin},
    ):
        with page_open(web, **headers) as page:
            page.subscribe({run.id.hex: 0})
            page.until_seq(1)


def test_somebody_who_was_signed_out_is_cut_off(
    web: Web, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RECHECK_S", 0.1)
    with page_open(web) as page:
        page.subscribe({run.id.hex: 0})
        ApiToken.objects.all().delete()
        assert page.closed_with() == consumers.SIGNED_OUT


def test_what_one_may_not_see_is_refused(web: Web, run: Run, user: User) -> None:
    hidden = run_make(user)
    type(hidden.variant.task.project).objects.filter(pk=hidden.variant.task.project_id).update(
        archived_at="2026-01-01T00:00Z"
    )
    feed.append(hidden.id.hex, [entry(1)])
    feed.append(run.id.hex, [entry(1)])
    unknown = "00" * 16
    topics = [f"task:{hidden.variant.task_id}", "task:-1", "other", "home:1", "task:1e9", "home"]
    with page_open(web) as page:
        page.subscribe({hidden.id.hex: 0, unknown: 0, "../x\x00": 0, run.id.hex: 0}, *topics)
        page.until_seq(1)
        assert page.ready[0]["runs"] == {run.id.hex: 0}
        assert page.ready[0]["topics"] == ["home"]
        assert sorted(page.ready[0]["refused"]) == sorted(
            [hidden.id.hex, unknown, "../x\x00", *topics[:-1]]
        )
        # What is told of a topic at first and a notice just after it may come as one.
        page.until(lambda: page.changed == ["home"])
        publish(f"task:{hidden.variant.task_id}")
        publish("home")
        page.until(lambda: len(page.changed) > 1)
        assert page.changed == ["home", "home"]
        assert len(page.events) == 1


# --- what they get --------------------------------------------------------------------------------


def test_events_come_after_the_number_asked_for(
    web: Web, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_reader, "BLOCK_MS", 25_000)  # a new subscription must not wait for it
    feed.append(run.id.hex, [entry(seq) for seq in range(1, 11)])
    with page_open(web) as page:
        page.subscribe({run.id.hex: 7})
        page.until_seq(10)
        feed.append(run.id.hex, [entry(11), entry(12)])
        page.until_seq(12)
    assert page.seqs == [8, 9, 10, 11, 12]


def test_many_runs_and_clients_lose_and_double_nothing(web: Web, run: Run, user: User) -> None:
    runs = [run.id.hex, *(run_make(user).id.hex for _ in range(3))]
    for run_id in runs:
        feed.append(run_id, [entry(seq) for seq in range(1, 1501)])
    with page_open(web) as early, page_open(web) as late:
        early.subscribe(dict.fromkeys(runs, 0))
        for seq in range(1501, 1701):
            for run_id in runs:
                feed.append(run_id, [entry(seq, run=run_id)])
            if seq == 1600:
                late.subscribe(dict.fromkeys(runs, 1400))
        early.until(lambda: len(early.events) >= 1700 * 4)
        late.until(lambda: len(late.events) >= 300 * 4)
        assert not early.take(0.3)
        assert not late.take(0.1)
    for run_id in runs:
        assert [e["seq"] for e in early.events if e.get("run") == run_id] == list(range(1501, 1701))
    assert sorted(early.seqs) == sorted([*range(1, 1701)] * 4)
    assert sorted(late.seqs) == sorted([*range(1401, 1701)] * 4)


def test_a_run_that_is_sealed_while_it_is_watched_is_complete(
    web: Web, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_reader, "COALESCE_S", 0.5)  # the reader comes too late for the stream
    run_id = run.id.hex
    with page_open(web) as page, page_open(web) as later:
        page.subscribe({run_id: 0})
        for seq in (1, 2):  # the second comes by the reader, which then waits a little
            feed.append(run_id, [entry(seq)])
            page.until_seq(seq)
        feed.append(run_id, [entry(seq) for seq in range(3, 3000)])
        feed.append(run_id, [end(3000)])
        feed.seal(run_id)
        page.until_seq(3000)
        later.subscribe({run_id: 500})
        later.until_seq(3000)
        assert not page.take(0.2)
    assert page.seqs == list(range(1, 3001))
    assert later.seqs == list(range(501, 3001))


def test_a_subscription_can_be_moved_and_ended(web: Web, run: Run) -> None:
    feed.append(run.id.hex, [entry(1), entry(2)])
    with page_open(web) as page:
        page.subscribe({run.id.hex: 0}, "home")
        page.until_seq(2)
        page.subscribe({run.id.hex: 1})
        page.until(lambda: page.seqs == [1, 2, 2])
        page.send({"type": "unsubscribe", "runs": [run.id.hex], "topics": ["home"]})
        topic = f"run:{run.id.hex}"
        page.subscribe({}, topic)
        page.until(lambda: topic in page.changed)
        page.changed.clear()
        feed.append(run.id.hex, [entry(3)])
        publish("home")
        publish(topic)
        page.until(lambda: bool(page.changed))
        assert not page.take(0.3)
        assert page.changed == [topic]
        assert page.seqs == [1, 2, 2]


def test_a_page_hears_what_changed_since_it_was_rendered(web: Web, run: Run) -> None:
    quiet, busy = f"task:{run.variant.task_id}", f"project:{run.variant.task.project_id}"
    with page_open(web) as page:
        page.subscribe({}, quiet)  # no time said: everything counts as changed
        page.until(lambda: page.changed == [quiet])
    publish("home")
    rendered = time.time() + live_reader.SINCE_SLACK_S
    eventually(lambda: time.time() > rendered - live_reader.SINCE_SLACK_S + 0.01)
    publish(busy)
    with page_open(web) as page:
        page.subscribe({}, quiet, busy, since=rendered)
        page.until(lambda: bool(page.changed))
        assert not page.take(0.2)
        assert page.changed == [busy]


# --- what may go wrong ----------------------------------------------------------------------------


def test_a_killed_redis_loses_nothing(web: Web, run: Run, valkey: Valkey) -> None:
    run_id, topic = run.id.hex, f"task:{run.variant.task_id}"
    with page_open(web) as page:
        page.subscribe({run_id: 0}, topic)
        feed.append(run_id, [entry(seq) for seq in range(1, 6)])
        page.until_seq(5)
        page.until(lambda: page.changed == [topic])
        page.changed.clear()
        valkey.kill()
        valkey.start()
        feed.append(run_id, [entry(6)])
        page.until_seq(6)
        page.until(lambda: page.changed == [topic])  # a notice may have been lost meanwhile
    assert page.seqs == list(range(1, 7))


def test_a_redis_that_restarts_between_two_reads_is_noticed(
    web: Web, run: Run, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = f"task:{run.variant.task_id}"
    restarted = threading.Event()
    published = threading.Event()
    take_notices = LiveReader._take_notices

    def restart_first(reader: LiveReader, entries: Any) -> None:
        if restarted.is_set():
            take_notices(reader, entries)
        else:
            assert published.wait(60)  # else the publisher would say it again
            restarted.set()
            valkey.kill()
            valkey.start()

    monkeypatch.setattr(LiveReader, "_take_notices", restart_first)
    with page_open(web) as page:
        page.subscribe({}, topic)
        page.until(lambda: page.changed == [topic])
        page.changed.clear()
        publish(topic)
        published.set()
        page.until(lambda: page.changed == [topic])
    assert restarted.is_set()


def test_a_redis_that_forgot_everything_doubles_nothing(web: Web, run: Run, valkey: Valkey) -> None:
    run_id = run.id.hex
    with page_open(web) as page, page_open(web) as second:
        page.subscribe({run_id: 0})
        feed.append(run_id, [entry(seq) for seq in range(1, 6)])
        page.until_seq(5)
        valkey.kill()
        second.send({"type": "subscribe", "runs": {run_id: 3}, "topics": []})
        valkey.forget()
        valkey.start()
        feed.append(run_id, [entry(1), entry(2)])  # the follower goes through the journal again
        feed.append(run_id, [entry(seq) for seq in range(3, 9)])
        page.until_seq(8)
        second.until_seq(8)
        assert not page.take(0.2)
    assert page.seqs == list(range(1, 9))
    assert second.seqs == list(range(4, 9))


def test_a_client_that_does_not_read_holds_up_nobody_and_is_closed(
    web: Web, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "SEND_TIMEOUT_S", 1.0)
    run_id = run.id.hex
    slow = socket.create_connection(("127.0.0.1", web.port))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    lines = [
        "GET /ws/live HTTP/1.1",
        f"Host: localhost:{web.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        f"Authorization: Bearer {web.token}",
    ]
    slow.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert b"101" in slow.recv(4096)
    frame = json.dumps({"type": "subscribe", "runs": {run_id: 0}, "topics": []}).encode()
    slow.sendall(bytes([0x81, 0x80 | len(frame)]) + bytes(4) + frame)
    sockets = live_sockets(monkeypatch)
    with page_open(web) as page:
        page.subscribe({run_id: 0})
        for start in range(1, 601, 20):  # 36 MB: more than any buffer on the way takes
            feed.append(run_id, [entry(seq, text="x" * 60_000) for seq in range(start, start + 20)])
            page.until_seq(start + 19)  # this one does read, all the time
        assert page.seqs == list(range(1, 601))
        eventually(lambda: sockets == [consumers.TOO_SLOW])
    slow.close()


def live_sockets(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The codes with which the server ends sockets from now on."""
    codes: list[int] = []
    end_socket = consumers.LiveConsumer._end

    async def noted(self: consumers.LiveConsumer, code: int, reason: str) -> None:
        codes.append(code)
        await end_socket(self, code, reason)

    monkeypatch.setattr(consumers.LiveConsumer, "_end", noted)
    return codes


MANY = [f"task:{number}" for number in range(3000)]


BAD_FRAMES: list[tuple[object, int]] = [
    ("", 1007),
    ("{", 1007),
    ("[" * 60_000, 1007),
    ("[]", 1007),
    ("null", 1007),
    ('"subscribe"', 1007),
    ("{}", 1007),
    ({"type": "publish"}, 1007),
    ({"type": ["subscribe"]}, 1007),
    ({"type": "subscribe", "runs": []}, 1007),
    ({"type": "subscribe", "runs": {"x": "1"}}, 1007),
    ({"type": "subscribe", "runs": {"x": -1}}, 1007),
    ({"type": "subscribe", "runs": {"x": True}}, 1007),
    ({"type": "subscribe", "runs": {"x": 2**70}}, 1007),
    ('{"type":"subscribe","runs":{"x":' + "9" * 5000 + "}}", 1007),
    ('{"type":"subscribe","runs":{"x":NaN}}', 1007),
    ({"type": "subscribe", "topics": "home"}, 1007),
    ({"type": "subscribe", "topics": [1]}, 1007),
    ({"type": "subscribe", "topics": {}}, 1007),
    ({"type": "subscribe", "since": "x"}, 1007),
    ('{"type":"subscribe","since":Infinity}', 1007),
    ({"type": "subscribe", "topics": MANY}, 1008),
    ({"type": "subscribe", "runs": dict.fromkeys(MANY, 0)}, 1008),
    ({"type": "subscribe", "topics": ["x" * 10_000]}, 1008),
    ({"type": "unsubscribe", "runs": {"x": 0}}, 1007),
    ("x" * 70_000, 1009),
    (b"{}", 1003),
    (b"", 1003),
]


def test_a_frame_that_makes_no_sense_ends_the_socket(
    web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    for frame, code in BAD_FRAMES:
        with page_open(web) as page:
            page.send(frame)
            assert page.closed_with() == code, str(frame)[:80]
    assert not [record for record in caplog.records if record.exc_info]


def test_too_many_frames_and_subscriptions_end_the_socket(web: Web, run: Run) -> None:
    with page_open(web) as page:
        for _ in range(consumers.RATE_FRAMES + 1):
            page.send({"type": "unsubscribe"})
        assert page.closed_with() == 1008
    with page_open(web) as page:
        for start in (0, 200):
            names = [f"home{number}" for number in range(start, start + 200)]
            page.send({"type": "subscribe", "runs": dict.fromkeys(names, 0)})
        page.until(lambda: len(page.ready) == 2)  # refused ones are not kept


def test_the_tail_of_a_run_is_bounded_and_has_no_gap() -> None:
    tail = Tail()
    for seq in range(5, 3000):
        tail.append(seq, b"%d" % seq)
    assert tail.after(2995) == [b"2996", b"2997", b"2998", b"2999"]
    assert (tail.after(2999), tail.after(5000), tail.after(100)) == ([], [], None)
    tail.append(3001, b"3001")
    assert (tail.after(3000), tail.after(2999)) == ([b"3001"], None)
    for seq in range(3002, 3010):
        tail.append(seq, b"x" * 400_000)
    assert (tail.after(3008), tail.after(3007)) == ([b"x" * 400_000], None)
