"""What the server can tell a running shim, and what becomes of what it told too late."""

from __future__ import annotations

import os

from agents.bundle import shim_launch
from tests.support.bundles import Bench, wait_for

ECHO = "while read line; do echo got $line; done"


def test_a_repeated_control_is_done_once(bench: Bench) -> None:
    bundle = bench.start(bench.sh(ECHO, stdin_open=True))
    for _ in range(3):
        bundle.control("stdin", id="same", text="a\n")
        bundle.control("note", id="note", d={"ev": "x", "deep": [1, {"ü": None}]})
    bundle.control("stdin", id="other", text="b\n")
    bundle.control("eof", id="eof")
    bench.ended(bundle)
    assert bench.printed(bundle) == ["got a", "got b"]
    assert bench.printed(bundle, "in") == ["a", "b"]
    assert bench.sys(bundle, "x") == [{"ev": "x", "deep": [1, {"ü": None}]}]
    assert bundle.control_pending() == []
    ids = [line.id for line in bench.lines(bundle) if line.id]
    assert ids == ["same", "note", "other", "eof"]


def test_texts_of_several_lines_are_journalled_line_by_line(bench: Bench) -> None:
    bundle = bench.start(bench.sh("cat", stdin_open=True))
    bundle.control("stdin", id="1", text="a\n\nb" + "x" * 100_000 + "\n")
    bundle.control("stdin", id="2", text="no newline")
    bundle.control("eof", id="3")
    bench.ended(bundle)
    told = ["a", "", "b" + "x" * 100_000, "no newline"]
    assert bench.printed(bundle, "in") == told
    assert bench.printed(bundle) == told


def test_what_is_said_during_setup_reaches_the_agent(bench: Bench) -> None:
    os.mkfifo(bench.root / "go")
    bundle = bench.start(
        bench.sh("cat go", name="setup"), bench.sh(ECHO, stdin="first\n", stdin_open=True)
    )
    bundle.control("stdin", id="1", text="second\n")
    bundle.control("eof", id="2")
    bundle.control("note", id="3", d={"ev": "seen"})
    wait_for(lambda: bench.sys(bundle, "seen"), "control heard in setup")
    (bench.root / "go").write_text("go\n")
    assert bench.ended(bundle).code == 0
    assert bench.printed(bundle) == ["got first", "got second"]


def test_what_an_agent_could_not_hear_is_known(bench: Bench) -> None:
    bundle = bench.start(bench.sh("read x; echo closed; read y < go", stdin="x\n"))
    os.mkfifo(bench.root / "unused")
    bundle.control("stdin", id="late", text="too late\n")
    bench.ended(bundle)
    assert bench.sys(bundle, "stdin-refused") == [{"ev": "stdin-refused", "id": "late"}]
    bundle.control("stdin", id="later", text="later\n")
    bundle.control("note", id="note", d={"ev": "lost"})
    assert [entry["id"] for entry in bundle.control_pending()] == ["late", "later", "note"]
    assert bundle.append_missing([], t=1.0) == 1
    assert [entry["id"] for entry in bundle.control_pending()] == ["late", "later"]
    assert bench.lines(bundle)[-1].d == {"ev": "lost"}


def test_a_torn_or_foreign_control_line_is_left_out(bench: Bench) -> None:
    bundle = bench.create(bench.sh(ECHO, stdin_open=True))
    bundle.control_path.write_bytes(
        b'[1]\n{"id":"x","op":"dance"}\n{"id":7,"op":"stop"}\n{"id":"t","op":"st'
    )
    bundle.control("stdin", id="1", text="fine\n")
    bundle.control("eof", id="2")
    shim_launch(bundle)
    assert bench.ended(bundle).reason == "exited"
    assert bench.printed(bundle) == ["got fine"]
    assert len(bench.sys(bundle, "warning")) == 4
