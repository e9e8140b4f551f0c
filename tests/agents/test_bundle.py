"""Bundles on disk, without a shim; `tests/agents/shim` has the rest."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.bundle import (
    MAKING_S,
    Bundle,
    BundleError,
    BundleSpec,
    Limits,
    ShimError,
    Step,
    bundles_clean,
    shim_launch,
)
from agents.journal import JournalLine, JournalReader
from tests.support.bundles import PATH, Bench, wait_for

HOSTILE = "a b\n'\"`$(touch x)`;<i>\\ ü \udcff"


def spec(id: str = "", **fields: object) -> BundleSpec:
    step = Step(name="agent", argv=("true",), cwd="/", env={})
    return BundleSpec(id=id or uuid.uuid4().hex, steps=(step,), limits=Limits())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def test_a_bundle_is_made_private_and_once(tmp_path: Path) -> None:
    first = spec()
    bundle = Bundle.create(tmp_path / "bundles", first)
    assert stat.S_IMODE(bundle.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in bundle.path.iterdir()} == {0o600}
    bundle.control("stop", id="1")
    again = Bundle.create(tmp_path / "bundles", first)
    assert again.path == bundle.path
    assert again.control_path.read_bytes()
    assert os.listdir(tmp_path / "bundles") == [first.id]


def test_what_a_killed_maker_left_is_removed_once_it_can_have_no_maker(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; import agents.bundle as b\n"
        "b.os.mkfifo = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "step = b.Step(name='agent', argv=('true',), cwd='/', env={'TOKEN': 's3cret'})\n"
        "b.Bundle.create(Path(sys.argv[1]), b.BundleSpec(id='one', steps=(step,)))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    assert "s3cret" in (left / "spec.json").read_text()
    whole = Bundle.create(tmp_path, spec())
    assert bundles_clean(tmp_path) == 0
    past = left.stat().st_mtime - 2 * MAKING_S
    for path in (left, whole.path):
        os.utime(path, (past, past))
    assert bundles_clean(tmp_path) == 1
    assert list(tmp_path.iterdir()) == [whole.path]


def test_many_makers_make_one_bundle(tmp_path: Path) -> None:
    one = spec()
    barrier = threading.Barrier(8)
    failed: list[BaseException] = []

    def make() -> None:
        barrier.wait()
        try:
            Bundle.create(tmp_path, one)
        except OSError as exc:
            failed.append(exc)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert os.listdir(tmp_path) == [one.id]
    assert json.loads((tmp_path / one.id / "spec.json").read_text())["id"] == one.id


@pytest.mark.parametrize("id", ["..", "a/b", "/etc", ".hidden", "-x", "a\n", "a\0b", "x" * 65])
def test_an_id_cannot_lead_out_of_the_root(tmp_path: Path, id: str) -> None:
    with pytest.raises(BundleError):
        Bundle.create(tmp_path / "bundles", spec(id))
    assert not (tmp_path / "bundles").exists()


def test_hostile_names_go_through_unharmed(bench: Bench) -> None:
    root = bench.root / HOSTILE
    root.mkdir()
    step = Step(
        name=HOSTILE,
        argv=("sh", "-c", 'pwd; printf %s "$1"; printf %s "$VALUE" >&2', "sh", HOSTILE),
        cwd=str(root),
        env={"PATH": PATH, "VALUE": HOSTILE},
    )
    bundle = Bundle.create(root, BundleSpec(id=uuid.uuid4().hex, steps=(step,)))
    bench.bundles.append(bundle)
    shim_launch(bundle)
    assert bench.ended(bundle).code == 0
    shown = HOSTILE.replace("\udcff", "\ufffd")
    assert bench.printed(bundle, step=HOSTILE) == f"{bench.root}/{shown}\n{shown}".split("\n")
    assert bench.printed(bundle, "err", HOSTILE) == shown.split("\n")
    assert sorted(os.listdir(root)) == [bundle.id]


def test_control_writers_do_not_mix_their_lines(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, spec())

    def write(writer: int) -> None:
        for index in range(20):
            bundle.control("stdin", id=f"{writer}-{index}", text="x" * 10_000)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = [json.loads(raw) for raw in bundle.control_path.read_bytes().splitlines()]
    assert len({entry["id"] for entry in entries}) == len(entries) == 80


def test_a_torn_control_line_does_not_spoil_the_next(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, spec())
    bundle.control_path.write_bytes(b'{"id":"torn","op":"no')
    bundle.control("note", id="whole", d={"ev": "x"})
    assert [entry["id"] for entry in bundle.control_pending()] == ["whole"]


def test_an_unknown_op_is_refused(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, spec())
    with pytest.raises(BundleError):
        bundle.control("dance", id="1")
    assert bundle.control_path.read_bytes() == b""


def test_a_bundle_closed_before_its_start_is_not_started(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, spec())
    assert bundle.append_sys({"ev": "end", "state": "stopped"}, t=1.0, id="end") == 1
    with pytest.raises(ShimError, match="closed before"):
        shim_launch(bundle)
    assert bundle.shim() is None


def test_a_bundle_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, spec())
    bundle.spec_path.write_text("{")
    with pytest.raises(ShimError, match="JSONDecodeError"):
        shim_launch(bundle)
    bundle.spec_path.write_text('{"version": 99}')
    with pytest.raises(ShimError, match="version 99"):
        shim_launch(bundle)
    with pytest.raises(ShimError, match="could not be started"):
        shim_launch(bundle, python="/no/such/python")


def test_many_appenders_leave_no_gap_and_no_double(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.bundle.LOCK_TIMEOUT_S", 60.0)  # who waits may be unlucky for long
    bundle = Bundle.create(tmp_path, spec())
    numbers: list[int] = []

    def append(writer: int) -> None:
        for index in range(10):
            numbers.append(bundle.append_sys({"writer": writer}, t=1.0, id=f"{index}"))

    threads = [threading.Thread(target=append, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == sorted(4 * list(range(1, 11)))
    assert [line.n for line in JournalReader(bundle.journal_path).read()] == list(range(1, 11))


def test_what_is_missing_is_appended_in_one_go_after_what_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = Bundle.create(tmp_path, spec())
    for index in range(50):
        bundle.append_sys({"n": index}, t=1.0, id=f"{index}")
    reader = JournalReader(bundle.journal_path)
    seen = {line.id for line in reader.read()}
    bundle.append_sys({"n": "of another process"}, t=1.0, id="50")
    bundle.control("note", id="51", d={"n": "unheard"})
    read: list[int] = []

    class Counting(JournalReader):
        def read(self, max_bytes: int = 1 << 20) -> list[JournalLine]:
            lines = super().read(max_bytes)
            read.append(len(lines))
            return lines

    monkeypatch.setattr("agents.bundle.JournalReader", Counting)
    notes: list[tuple[str, dict[str, Any]]] = [(f"{index}", {"n": index}) for index in range(54)]
    assert bundle.append_missing(notes, t=1.0, seen=seen, offset=reader.offset) == 3
    assert sum(read) == 1
    assert bundle.append_missing(notes, t=1.0) == 0
    lines = JournalReader(bundle.journal_path).read()
    assert [line.id for line in lines] == [f"{index}" for index in range(54)]
    assert [line.n for line in lines] == list(range(1, 55))


def test_a_pid_given_out_again_is_not_the_shim(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, spec())
    # a process that looks like it but started at another time, and one that started then
    script = "import sys; sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(bundle.path)], stdin=subprocess.PIPE
    ) as process:
        stat_line = Path(f"/proc/{process.pid}/stat").read_text()
        start = int(stat_line.rpartition(")")[2].split()[19])
        data = {"pid": process.pid, "start_time": start + 1, "step": "agent"}
        bundle.shim_path.write_text(json.dumps(data))
        wait_for(lambda: str(bundle.path) in Path(f"/proc/{process.pid}/cmdline").read_text())
        assert not bundle.shim_alive()
        bundle.shim_path.write_text(json.dumps({**data, "start_time": start}))
        assert bundle.shim_alive()
        other = Bundle.create(tmp_path, spec())
        other.shim_path.write_text(json.dumps({**data, "start_time": start}))
        assert not other.shim_alive()
        process.kill()


def test_only_marked_processes_are_ended(tmp_path: Path) -> None:
    bundle = Bundle.create(tmp_path, spec())
    sleep = ["sleep", "300"]
    # a mark that only begins like this one's is somebody else's
    mine = subprocess.Popen(sleep, env={"PATH": PATH, "BAKEOFF_RUN": bundle.id})
    other = subprocess.Popen(sleep, env={"PATH": PATH, "BAKEOFF_RUN": f"{bundle.id}0"})
    try:
        wait_for(lambda: bundle.processes() == [mine.pid], "the marked process")
        bundle.kill_processes()
        assert mine.wait() == -9
        assert other.poll() is None
    finally:
        for process in (mine, other):
            process.kill()
            process.wait()
