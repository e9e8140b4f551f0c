"""A Run's journal into events: every kind of line, any cut into parts, any garbage."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from agents import events as ev
from agents.adapters.registry import ADAPTERS, UnknownAdapterError, adapter_get
from agents.decode import RunDecoder
from agents.journal import JournalLine, JournalReader

TRANSCRIPTS = sorted((Path(__file__).parents[1] / "data/transcripts").glob("*.jsonl"))
FUZZ_LINES = 6000
ODD: list[Any] = [
    None,
    True,
    -1,
    2**70,
    1e308,
    "",
    "\ud800",
    [],
    [None],
    [[]],
    {},
    [{}],
    {"type": 1},
]


def lines_of(path: Path) -> list[JournalLine]:
    return JournalReader(path).read()


def line(
    d: str | dict[str, Any],
    *,
    s: str = "out",
    step: str = "agent",
    n: int = 1,
    more: bool = False,
) -> JournalLine:
    return JournalLine(n=n, t=float(n), step=step, s=s, d=d, more=more)


def decode(lines: Iterable[JournalLine], adapter: str = "claude") -> list[ev.Event]:
    decoder = RunDecoder(adapter_get(adapter))
    found = [event for entry in lines for event in decoder.feed(entry)]
    return found + decoder.finish()


def storable(events: Iterable[ev.Event]) -> str:
    """As the feed keeps them: strict JSON that any database takes."""
    text = json.dumps([ev.event_payload(event) for event in events], allow_nan=False)
    assert "\\u0000" not in text.replace("\\\\", "")
    json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")
    return text


def test_the_worker_s_notes_become_events() -> None:
    notes: list[dict[str, Any]] = [
        {"ev": "step-start", "step": "setup", "argv": ["sh", "-c", "make deps"], "pid": 5},
        {"ev": "step-end", "step": "setup", "code": 0, "signal": None},
        {"ev": "step-start", "step": "agent", "argv": ["claude", "--print"], "pid": 6},
        {
            "ev": "user-message",
            "text": "and tests",
            "by": "ada",
            "links": [["app.py:3", "/comments/1"], ["odd"], 5],
        },
        {"ev": "snapshot", "commit": "c1", "files_changed": 2, "insertions": 3, "deletions": 1},
        {"ev": "permission-answer", "request": "r1", "decision": "allow", "scope": "run"},
        {"ev": "warning", "text": "disk is low"},
        {"ev": "stop", "by": "idle_timeout"},
        {"ev": "end", "state": "failed", "code": "agent.auth", "message": "no", "exit_code": 1},
        {"ev": "something new", "x": 1},
    ]
    found = decode(line(note, s="sys", n=n) for n, note in enumerate(notes, 1))
    setup, ended, agent, said, snapshot, answer, warning, stopping, end, raw = found
    assert isinstance(setup, ev.State)
    assert (setup.state, setup.text, setup.time) == ("setup", "make deps", 1.0)
    assert isinstance(ended, ev.State)
    assert ended.data == {"step": "setup", "code": 0, "signal": None}
    assert isinstance(agent, ev.State)
    assert agent.state == "agent"
    assert said == ev.Asked(
        time=4.0, text="and tests", role="user", by="ada", links=(("app.py:3", "/comments/1"),)
    )
    assert isinstance(snapshot, ev.SnapshotTaken)
    assert (snapshot.commit, snapshot.files_changed, snapshot.insertions) == ("c1", 2, 3)
    assert isinstance(answer, ev.PermissionAnswer)
    assert (answer.request, answer.decision, answer.scope) == ("r1", "allow", "run")
    assert isinstance(warning, ev.State)
    assert warning.text == "disk is low"
    assert isinstance(stopping, ev.State)
    assert stopping.data == {"by": "idle_timeout"}
    assert end == ev.End(time=9.0, state="failed", code="agent.auth", message="no", exit_code=1)
    assert isinstance(raw, ev.Raw)
    assert "something new" in raw.text


def test_an_agent_that_could_not_be_started_is_not_said_to_have() -> None:
    start = {"ev": "step-start", "step": "agent", "argv": ["./plain"], "pid": None}
    assert decode([line(start, s="sys")]) == []
    assert decode([line({**start, "pid": 7}, s="sys")]) != []


def test_a_failed_setup_is_an_error_with_its_output_before_it() -> None:
    found = decode(
        [
            line("installing", step="setup", n=1),
            line("no such package", s="err", step="setup", n=2),
            line({"ev": "step-end", "step": "setup", "code": 1}, s="sys", step="setup", n=3),
        ]
    )
    assert found[0] == ev.Message(time=1.0, text="installing", stream="out")
    assert found[1] == ev.Message(time=2.0, text="no such package", stream="err")
    assert isinstance(found[-1], ev.Error)
    assert (found[-1].code, found[-1].fatal) == ("setup.failed", True)


@pytest.mark.parametrize(
    ("reason", "failed"), [("exited", True), ("stopped", False), ("timeout", False)]
)
def test_a_setup_that_is_stopped_has_not_failed(reason: str, failed: bool) -> None:
    end = {"ev": "step-end", "step": "setup", "code": None, "signal": 15, "reason": reason}
    found = decode([line(end, s="sys", step="setup")])
    assert any(isinstance(event, ev.Error) for event in found) == failed


def test_a_line_in_parts_is_one_event_and_its_characters_are_whole() -> None:
    raw = '{"type":"odd","text":"naïve 🦊"}'.encode()
    cut = raw.index("🦊".encode()) + 2
    parts = [raw[:9], raw[9:cut], raw[cut:]]
    texts = [part.decode("utf-8", "surrogateescape") for part in parts]
    entries = [line(text, n=n, more=n < 3) for n, text in enumerate(texts, 1)]
    # A line of the other stream in between belongs to itself.
    entries.insert(1, line("warning", s="err", n=9))
    found = decode(entries)
    assert found == [
        ev.Message(time=9.0, text="warning", stream="err"),
        ev.Raw(time=3.0, text=raw.decode()),
    ]


def test_a_torn_last_line_is_kept() -> None:
    assert decode([line("half a li", more=True)], "command") == [
        ev.Message(time=1.0, text="half a li", stream="out")
    ]
    ended = line({"ev": "step-end", "step": "agent", "code": 0}, s="sys", n=2)
    kinds = [event.kind for event in decode([line("half", more=True), ended], "command")]
    assert kinds == ["message", "state"]  # before the step's end, not after it


def test_unstorable_characters_become_replacement_characters() -> None:
    found = decode([line("a\x00b\udcffc\x1b[31mred\r")], "command")
    assert found == [ev.Message(time=1.0, text="a\ufffdb\ufffdc\x1b[31mred\r", stream="out")]
    hostile = (
        '{"type":"assistant","message":{"content":[{"type":"text","text":"\\u0000\\ud800x"}]}}'
    )
    message = decode([line(hostile)])[0]
    assert isinstance(message, ev.Message)
    assert message.text == "\ufffd\ufffdx"


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[1, 2]",
        "{",
        '{"type": NaN}',
        '{"type": "brand-new", "x": 1}',
        '{"type": "system", "subtype": "brand-new"}',
        '{"type": "assistant", "message": {"content": [{"type": "hologram"}]}}',
        '{"type": "assistant", "message": {"content": 5}}',
        '{"type": "user", "message": {"content": [5]}}',
        '{"type": "control_request", "request_id": "r", "request": {"subtype": "hook_callback"}}',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"n": ' + "9" * 5000 + "}",
    ],
)
def test_what_no_decoder_knows_is_kept_as_it_came(text: str) -> None:
    assert decode([line(text)]) == [ev.Raw(time=1.0, text=text)]
    storable(decode([line(text)]))


def test_a_line_of_ten_megabytes_is_one_event() -> None:
    size = 64 * 1024
    parts = [line("x" * size, n=n, more=n < 160) for n in range(1, 161)]
    (message,) = decode(parts, "command")
    assert isinstance(message, ev.Message)
    assert len(message.text) == 160 * size


@pytest.mark.parametrize("adapter", ["claude", "command"])
def test_a_line_without_an_end_is_cut_and_the_next_one_is_whole(
    adapter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.decode.LINE_LIMIT", 1000)
    decoder = RunDecoder(adapter_get(adapter))
    endless = [line("x" * 100, n=n, more=True) for n in range(1, 500)]
    found = [event for entry in endless for event in decoder.feed(entry)]
    kinds = [event.kind for event in found]
    assert (len(kinds), kinds[-1]) == (2, "state")
    assert "cut" in getattr(found[-1], "text", "")
    assert getattr(found[0], "text", "") == "x" * 1000
    held = [part for parts in decoder._parts.values() for part in parts]
    assert held == []

    assert decoder.feed(line("the rest", n=500)) == []
    (whole,) = decoder.feed(line("hello", n=501))
    assert getattr(whole, "text", "") == "hello"
    # A line of exactly the limit is no longer than it.
    exact = [line("y" * 500, n=502, more=True), line("y" * 500, n=503)]
    (whole,) = [event for entry in exact for event in decoder.feed(entry)]
    assert getattr(whole, "text", "") == "y" * 1000


def test_deep_input_of_a_tool_is_cut_not_fatal() -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = {"a": deep}
    block = {"type": "tool_use", "id": "t", "name": "Odd", "input": deep}
    found = decode([line(json.dumps({"type": "assistant", "message": {"content": [block]}}))])
    assert isinstance(found[0], ev.ToolCall)
    assert "nested too deep" in storable(found)


def test_the_same_journal_gives_the_same_events() -> None:
    assert TRANSCRIPTS
    for path in TRANSCRIPTS:
        lines = lines_of(path)
        assert storable(decode(lines)) == storable(decode(lines))


def test_cutting_lines_into_parts_changes_nothing() -> None:
    rng = random.Random(7)
    for path in TRANSCRIPTS:
        cut: list[JournalLine] = []
        for entry in lines_of(path):
            raw = str(entry.d).encode()
            marks = sorted(rng.randrange(len(raw) + 1) for _ in range(rng.randrange(4)))
            pieces = [raw[a:b] for a, b in zip([0, *marks], [*marks, len(raw)], strict=True)]
            for index, piece in enumerate(pieces):
                text = piece.decode("utf-8", "surrogateescape")
                more = index < len(pieces) - 1
                cut.append(JournalLine(entry.n, entry.t, entry.step, entry.s, text, more))
        assert decode(cut) == decode(lines_of(path))


def mutate(rng: random.Random, text: str) -> str:
    """One of the ways in which a line can be wrong."""
    match rng.randrange(7):
        case 0:  # torn
            return text[: rng.randrange(len(text) + 1)]
        case 1:  # a character replaced
            at = rng.randrange(max(1, len(text)))
            return text[:at] + rng.choice('\x00\ud800"{}[],:\\0n€') + text[at + 1 :]
        case 2:  # a piece lost
            at = rng.randrange(len(text) + 1)
            return text[:at] + text[at + rng.randrange(40) :]
        case 3:  # a piece twice
            a, b = sorted(rng.randrange(len(text) + 1) for _ in range(2))
            return text[:b] + text[a:b] + text[b:]
        case _:  # valid JSON whose values have changed their type
            try:
                data = json.loads(text)
            except ValueError:
                return text[::-1]
            return json.dumps(swap(rng, data))


def swap(rng: random.Random, value: Any) -> Any:
    if rng.random() < 0.08:
        return rng.choice(ODD)
    if isinstance(value, dict):
        return {key: swap(rng, item) for key, item in value.items() if rng.random() > 0.03}
    if isinstance(value, list):
        return [swap(rng, item) for item in value]
    return value


def test_mutated_lines_never_break_the_decoder() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  (shown by pytest when the test fails)
    rng = random.Random(seed)
    pool = [entry for path in TRANSCRIPTS for entry in lines_of(path)]
    decoder = RunDecoder(adapter_get("claude"))
    for n in range(FUZZ_LINES):
        entry = rng.choice(pool)
        text = mutate(rng, str(entry.d))
        stream = rng.choice(["out", "out", "out", entry.s, "err"])
        changed = JournalLine(n, float(n), "agent", stream, text, rng.random() < 0.05)
        found = decoder.feed(changed)
        storable(found)
        assert isinstance(decoder.turn_done, bool)
        if n % 500 == 0:
            decoder = RunDecoder(adapter_get("claude"))
    storable(decoder.finish())


def test_mutated_notes_never_break_the_decoder() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201
    rng = random.Random(seed)
    kinds = "step-start step-end stop snapshot permission-answer user-message state end odd"
    keys = "step argv code signal by commit files_changed excluded request decision text state"
    for n in range(3000):
        note = {key: rng.choice([*ODD, "setup", 0, 1]) for key in keys.split()}
        storable(decode([line({**note, "ev": rng.choice([*ODD, *kinds.split()])}, s="sys", n=n)]))


def test_the_registry_names_what_it_knows() -> None:
    assert set(ADAPTERS) == {"claude", "command", "demo"}
    with pytest.raises(UnknownAdapterError, match="claude, command, demo"):
        adapter_get("nope")


def test_what_the_shim_did_to_the_agent_is_said_in_words() -> None:
    decoder = RunDecoder(adapter_get("command"))
    notes: list[dict[str, Any]] = [
        {"ev": "stdin-refused", "id": "message-1"},
        {"ev": "leftover", "names": ["sleep", "<b>"]},
        {"ev": "clock", "request": "r"},
        {"ev": "eof"},
    ]
    said = [
        event
        for n, data in enumerate(notes, 1)
        for event in decoder.feed(JournalLine(n=n, t=1.0, step="agent", s="sys", d=data))
    ]
    assert [event.kind for event in said] == ["state"] * 2
    assert [getattr(event, "state", "") for event in said] == ["warning", "leftover"]
