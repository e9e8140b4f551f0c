from __future__ import annotations

import gzip
import json
import threading
from pathlib import Path

import pytest

from orchestrator import feed, feed_sealed
from orchestrator.lib.redis import redis_client
from tests.support.live import end, entry
from tests.support.valkey import Valkey

HOSTILE = "\x1b[31m</script>\x00 \ud800 \u2028 é 🙂"


def all_events(run_id: str, *, limit: int = 500) -> list[dict[str, object]]:
    events: list[dict[str, object]] = []
    page = feed.read(run_id, after=0, limit=limit)
    while page.events:
        events += page.events
        if page.ended:
            break
        page = feed.read(run_id, after=page.last_seq, limit=limit)
    return events


def seqs(run_id: str, *, limit: int = 500) -> list[object]:
    return [event["seq"] for event in all_events(run_id, limit=limit)]


def test_a_feed_is_read_after_a_number(run_id: str) -> None:
    assert feed.read(run_id, after=0) == feed.FeedPage([], 0, False)
    assert feed.append(run_id, [entry(1), entry(2), entry(3)]) == 3

    page = feed.read(run_id, after=1, limit=1)

    assert (page.events[0]["seq"], page.events[0]["text"]) == (2, "line 2")
    assert (page.last_seq, page.ended) == (2, False)
    assert feed.position(run_id) == feed.FeedPosition(seq=3, n=30, i=0)
    assert feed.read(run_id, after=3).events == []
    assert feed.read_one(run_id, 4) is None


def test_what_is_there_is_not_appended_again(run_id: str) -> None:
    feed.append(run_id, [entry(1), entry(2)])

    assert feed.append(run_id, [entry(1, text="other"), entry(2), entry(3)]) == 3

    assert seqs(run_id) == [1, 2, 3]
    assert feed.read(run_id, after=0).events[0]["text"] == "line 1"


def test_two_followers_at_once_write_one_feed(run_id: str) -> None:
    entries = [entry(seq) for seq in range(1, 2001)]

    def follow(step: int) -> None:
        for start in range(0, len(entries), step):
            feed.append(run_id, entries[start : start + step])

    threads = [threading.Thread(target=follow, args=(step,)) for step in (7, 11, 400)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seqs(run_id) == list(range(1, 2001))


def test_a_gap_is_refused_and_says_where_to_go_on(run_id: str) -> None:
    feed.append(run_id, [entry(1)])

    with pytest.raises(feed.FeedGap) as gap:
        feed.append(run_id, [entry(2), entry(4)])

    assert gap.value.last_seq == 2
    assert seqs(run_id) == [1, 2]
    with pytest.raises(feed.FeedGap) as gap:
        feed.append("00" * 16, [entry(2)])
    assert gap.value.last_seq == 0


def test_what_a_killed_redis_forgot_is_appended_again(run_id: str, valkey: Valkey) -> None:
    feed.append(run_id, [entry(seq) for seq in range(1, 11)])
    valkey.kill()
    valkey.forget()
    valkey.start()

    with pytest.raises(feed.FeedGap) as gap:
        feed.append(run_id, [entry(11)])
    assert gap.value.last_seq == 0
    feed.append(run_id, [entry(seq) for seq in range(1, 12)])

    assert seqs(run_id) == list(range(1, 12))


def test_a_killed_redis_keeps_what_it_acknowledged(run_id: str, valkey: Valkey) -> None:
    feed.append(run_id, [entry(1), entry(2)])
    valkey.kill()
    valkey.start()

    assert feed.append(run_id, [entry(1), entry(2), entry(3)]) == 3
    assert seqs(run_id) == [1, 2, 3]


def test_long_texts_are_cut_and_kept_whole_beside(run_id: str) -> None:
    long = "ä" * 5_000_000
    edits = [{"path": "a", "old": "o" * 70_000, "new": "n" * 70_000}] * 10
    exact = "x" * feed.TEXT_LIMIT_BYTES
    feed.append(
        run_id,
        [
            entry(1, text=long, edits=edits, input={"k" * 90_000: ["v" * 90_000]}),
            entry(2, text=exact),
            entry(3, text=exact + "y"),
        ],
    )

    first, second, third = feed.read(run_id, after=0).events

    assert first["truncated"] is True
    assert first["text"] == "ä" * (feed.TEXT_LIMIT_BYTES // 2)
    assert len(json.dumps(first, ensure_ascii=False).encode()) < feed.EVENT_LIMIT_BYTES * 1.1
    assert (second["text"], "truncated" in second) == (exact, False)
    assert (third["text"], third["truncated"]) == (exact, True)
    whole = feed.read_one(run_id, 1)
    assert whole is not None
    assert (whole["text"], whole["edits"], "truncated" in whole) == (long, edits, False)
    feed.append(run_id, [end(4)])
    feed.seal(run_id)
    assert feed.read(run_id, after=0).events[0] == first
    assert feed.read_one(run_id, 1) == whole


def test_hostile_text_comes_back_as_it_was(run_id: str) -> None:
    deep: object = HOSTILE
    for _ in range(100):
        deep = [deep]
    feed.append(run_id, [entry(1, text=HOSTILE, input={HOSTILE: deep}), end(2)])
    before = all_events(run_id)

    feed.seal(run_id)

    assert before[0]["text"] == HOSTILE
    assert all_events(run_id) == before


def test_sealing_moves_the_feed_to_storage(run_id: str, media: Path) -> None:
    entries = [entry(seq, text="z" * 300) for seq in range(1, 5000)]
    feed.append(run_id, [*entries, end(5000)])
    before = all_events(run_id)

    assert feed.seal(run_id) is True

    assert feed.sealed(run_id)
    assert not redis_client().exists(feed.stream_key(run_id))
    assert all_events(run_id) == before
    assert seqs(run_id, limit=7) == list(range(1, 5001))
    page = feed.read(run_id, after=4321, limit=2)
    assert [event["seq"] for event in page.events] == [4322, 4323]
    assert feed.read(run_id, after=5000) == feed.FeedPage([], 5000, True)
    with gzip.open(media / feed_sealed.feed_name(run_id)) as lines:
        assert [json.loads(line) for line in lines] == before
    # A late follower changes nothing, and sealing again is no error.
    assert feed.append(run_id, [entry(1), entry(2)]) == 5000
    assert feed.seal(run_id) is False
    assert feed.position(run_id) is None


def test_only_a_whole_feed_is_sealed(run_id: str) -> None:
    with pytest.raises(feed.FeedGap):
        feed.seal(run_id)
    feed.append(run_id, [entry(1), entry(2)])
    with pytest.raises(feed.FeedGap) as gap:
        feed.seal(run_id)
    assert gap.value.last_seq == 2
    feed.append(run_id, [entry(3), end(4)])
    redis_client().xdel(feed.stream_key(run_id), "2-0")
    with pytest.raises(feed.FeedGap):
        feed.seal(run_id)
    assert not feed.sealed(run_id)


def test_a_seal_that_was_killed_half_way_is_done_again(
    run_id: str, monkeypatch: pytest.MonkeyPatch, media: Path
) -> None:
    feed.append(run_id, [entry(1), end(2)])

    def killed(name: str, content: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        feed.seal(run_id)
    monkeypatch.undo()
    assert not feed.sealed(run_id)
    assert seqs(run_id) == [1, 2]

    # Killed between storage and stream: stored, but the stream is still there.
    feed_sealed.write(run_id, feed._all_events(run_id, 2))
    assert seqs(run_id) == [1, 2]
    assert feed.seal(run_id) is False
    assert seqs(run_id) == [1, 2]
    assert [path.name for path in (media / "feeds").iterdir()] == [f"{run_id}.jsonl.gz"]


def test_reading_while_sealing_has_no_gap(run_id: str) -> None:
    feed.append(run_id, [*(entry(seq) for seq in range(1, 3000)), end(3000)])
    found: list[list[object]] = []
    stop = threading.Event()

    def read_again_and_again() -> None:
        while not stop.is_set():
            found.append(seqs(run_id, limit=250))

    reader = threading.Thread(target=read_again_and_again)
    reader.start()
    feed.seal(run_id)
    before = len(found)
    while len(found) < before + 2 and reader.is_alive():
        stop.wait(0.01)
    stop.set()
    reader.join()

    assert all(one == list(range(1, 3001)) for one in found)


def test_a_page_is_bounded_in_bytes(run_id: str) -> None:
    feed.append(run_id, [entry(seq, text="x" * 60_000) for seq in range(1, 101)])

    page = feed.read_raw(run_id, after=0, limit=500, limit_bytes=100_000)

    assert 0 < len(page.events) <= 100
    assert not page.ended
    assert seqs(run_id) == list(range(1, 101))
