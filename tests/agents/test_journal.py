"""Reading a journal that grows, tears, or was meddled with."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.journal import JournalError, JournalLine, JournalReader, join_parts, journal_append


def line(n: int, d: str | dict[str, Any] = "x", **fields: Any) -> bytes:
    entry = {"n": n, "t": 1.5, "step": "agent", "s": "out", "d": d, **fields}
    return json.dumps(entry).encode() + b"\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_a_missing_file_is_an_empty_journal(path: Path) -> None:
    assert JournalReader(path).read() == []


def test_a_torn_tail_is_left_until_it_is_whole(path: Path) -> None:
    first, second = line(1), line(2, "\udcff")
    reader = JournalReader(path)
    seen: list[tuple[int, int]] = []
    for size in range(len(first + second) + 1):
        path.write_bytes((first + second)[:size])
        seen += [(size, entry.n) for entry in reader.read()]
    assert seen == [(len(first), 1), (len(first + second), 2)]
    assert reader.offset == len(first + second)


def test_a_reader_goes_on_from_an_offset(path: Path) -> None:
    path.write_bytes(b"".join(line(n) for n in range(1, 101)))
    reader = JournalReader(path)
    seen = []
    while lines := reader.read(max_bytes=256):
        seen += [entry.n for entry in lines]
        reader = JournalReader(path, reader.offset)  # as after a kill
    assert seen == list(range(1, 101))


def test_a_line_longer_than_the_read_is_given_whole(path: Path) -> None:
    path.write_bytes(line(1, "y" * 100_000) + line(2))
    reader = JournalReader(path)
    lines = reader.read(max_bytes=1000) + reader.read(max_bytes=1000)
    assert [(entry.n, len(str(entry.d))) for entry in lines] == [(1, 100_000), (2, 1)]


@pytest.mark.parametrize("bad", [b"\0\0\n", b"[]\n", b"{}\n", b"1\n", b"\n", b'{"n":1}\n'])
def test_a_foreign_line_is_an_error_and_what_is_before_it_is_read(path: Path, bad: bytes) -> None:
    path.write_bytes(line(1) + bad)
    reader = JournalReader(path)
    assert [entry.n for entry in reader.read()] == [1]
    with pytest.raises(JournalError):
        reader.read()


def part(d: str) -> JournalLine:
    return JournalLine(n=1, t=0.0, step="agent", s="out", d=d, more=True)


@given(raw=st.binary(max_size=60), cuts=st.lists(st.integers(0, 60), max_size=5))
def test_parts_cut_anywhere_join_to_the_same_text(raw: bytes, cuts: list[int]) -> None:
    borders = sorted({0, len(raw), *(min(cut, len(raw)) for cut in cuts)})
    pieces = [raw[i:j] for i, j in itertools.pairwise(borders)]
    parts = [part(piece.decode("utf-8", "surrogateescape")) for piece in pieces]
    assert join_parts(parts) == raw.decode("utf-8", "replace")


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=20))
def test_any_text_joins_to_text_without_surrogates(text: str) -> None:
    join_parts([part(text)]).encode("utf-8")


@pytest.mark.parametrize("torn", [b"", b'{"n":3', b"z" * 200_000])
def test_appending_goes_on_after_the_last_whole_line(path: Path, torn: bytes) -> None:
    path.write_bytes(line(1) + line(2, "y" * 300_000) + torn)
    fd = os.open(path, os.O_RDWR | os.O_APPEND)
    try:
        assert journal_append(fd, {"ev": "end"}, t=2.0, id="e") == 3
        assert journal_append(fd, {"ev": "more"}, t=2.0) == 4
    finally:
        os.close(fd)
    lines = JournalReader(path).read(max_bytes=1 << 30)
    assert [entry.n for entry in lines] == [1, 2, 3, 4]
    assert (lines[2].d, lines[2].id, lines[2].s, lines[2].step) == (
        {"ev": "end"},
        "e",
        "sys",
        "agent",
    )


@pytest.mark.parametrize("torn", [b"", b'{"n":1'])
def test_appending_to_an_empty_journal_begins_with_one(path: Path, torn: bytes) -> None:
    path.write_bytes(torn)
    fd = os.open(path, os.O_RDWR | os.O_APPEND)
    try:
        assert journal_append(fd, {"ev": "end"}, t=2.0) == 1
    finally:
        os.close(fd)
    assert [entry.n for entry in JournalReader(path).read()] == [1]
