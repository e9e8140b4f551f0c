"""The parts of the supervisor, each with real processes. The whole of it: tests/system/test_up.py."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from orchestrator.lib.processes import start_ticks
from orchestrator.supervisor import silence, valkey
from orchestrator.supervisor.child import Child, Program, log_tail, spawn
from orchestrator.supervisor.lock import (
    AlreadyRunningError,
    ProcessTable,
    data_dir_lock,
    leftovers_end,
    running,
)
from orchestrator.supervisor.options import PortBusyError, port_choose
from orchestrator.supervisor.places import Places
from orchestrator.supervisor.probe import http_status
from orchestrator.supervisor.pulse import STALE_AFTER_S, Pulse, PulseState, pulse_read
from orchestrator.supervisor.service import Service, StartError
from orchestrator.supervisor.silence import Silence
from tests.support.installation import eventually
from tests.support.ports import port_block


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path / "data")
    made.ensure()
    return made


@pytest.fixture
def program(places: Places) -> Callable[..., Program]:
    """A program of a few shell words, killed with its group when the test ends."""
    return lambda script, **fields: Program(
        name="program",
        argv=["sh", "-c", script],
        env={"PATH": os.environ["PATH"], "BAKEOFF_DATA_DIR": str(places.data_dir)},
        log=places.logs / "program.log",
        **fields,
    )


def gone(pid: int) -> bool:
    return start_ticks(pid) is None


# --- Programs -------------------------------------------------------------------------------------
async def test_stopping_ends_the_whole_group_even_who_ignores_it(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    script = f"trap '' TERM; (trap '' TERM; echo $$ >> {pids}; exec sleep 60) & sleep 60"
    child = spawn(program(script + f" & echo $! >> {pids}; wait", stop_within_s=0.3))
    await asyncio.to_thread(eventually, lambda: pids.exists() and pids.read_text().count("\n") == 2)
    await child.stop()
    assert child.code == -signal.SIGKILL
    assert all(gone(int(pid)) for pid in pids.read_text().split())


def test_a_program_dies_with_its_parent_whatever_kills_it(tmp_path: Path) -> None:
    code = f"""
import os, sys, time
from pathlib import Path
from orchestrator.supervisor.child import Program, spawn
child = spawn(Program("p", ["sleep", "60"], dict(os.environ), Path({str(tmp_path / "log")!r})))
print(child.pid, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not gone(pid)
        parent.kill()
    eventually(lambda: gone(pid))


def test_a_full_log_is_put_aside(program: Callable[..., Program], places: Places) -> None:
    log = places.logs / "program.log"
    with log.open("wb") as file:
        file.truncate(9 * 1024 * 1024)
    child = spawn(program("echo new"))
    child.process.wait(60)
    assert log.read_text() == "new\n"
    assert (places.logs / "program.log.1").stat().st_size == 9 * 1024 * 1024


def test_the_tail_of_a_log_is_its_last_lines(places: Places) -> None:
    log = places.logs / "x.log"
    assert log_tail(log) == ""
    log.write_bytes(b"\xff" * 20_000 + b"\none\ntwo\n")
    assert log_tail(log, lines=2) == "one\ntwo"


# --- Keeping a program running --------------------------------------------------------------------
@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def service(
    program: Callable[..., Program], places: Places, said: list[str]
) -> Callable[..., Service]:
    def make(script: str, **fields: object) -> Service:
        async def ready(_: Child) -> bool:
            return True

        defaults: dict[str, object] = {"ready": ready, "ready_within_s": 60}
        return Service(
            lambda: program(script),
            table=ProcessTable(places),
            say=said.append,
            **{**defaults, **fields},  # type: ignore[arg-type]
        )

    return make


async def until(probe: Callable[[], object], what: str = "") -> None:
    await asyncio.to_thread(eventually, probe, what=what)


async def test_a_killed_program_is_started_again(
    service: Callable[..., Service], places: Places, said: list[str]
) -> None:
    kept = service("exec sleep 60")
    task = asyncio.create_task(kept.run())
    await kept.is_ready.wait()
    first = kept.child
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    await until(lambda: kept.child is not first and kept.is_ready.is_set(), "another process")
    assert kept.child is not None
    assert json.loads(places.processes.read_text())[0]["pid"] == kept.child.pid
    assert "killed by signal 9" in said[0]
    await kept.stop()
    await task
    assert gone(kept.child.pid)


async def test_a_sick_program_is_started_again(
    service: Callable[..., Service], said: list[str]
) -> None:
    ill: set[int] = set()

    async def sick(child: Child) -> str:
        return "it is ill" if child.pid in ill else ""

    kept = service("exec sleep 60", sick=sick)
    task = asyncio.create_task(kept.run())
    await kept.is_ready.wait()
    assert kept.child is not None
    first = kept.child.pid
    ill.add(first)
    await until(lambda: kept.child and kept.child.pid != first, "another process")
    assert gone(first)
    assert "it is ill" in said[0]
    await kept.stop()
    await task


async def test_a_program_that_hangs_is_started_again(
    service: Callable[..., Service], said: list[str]
) -> None:
    port = port_block()

    async def answers(timeout_s: float) -> bool:
        return await http_status(("127.0.0.1", port), "/", headers={}, timeout_s=timeout_s) != 0

    async def ready(_: Child) -> bool:
        return await answers(1.0)

    kept = service(
        f"exec {sys.executable} -m http.server --bind 127.0.0.1 --directory / {port}",
        ready=ready,
        sick=Silence(answers, every_s=0.05, within_s=0.3, silent_after_s=1.0).sick,
    )
    task = asyncio.create_task(kept.run())
    await kept.is_ready.wait()
    assert kept.child is not None
    first = kept.child.pid
    os.kill(first, signal.SIGSTOP)
    await until(lambda: kept.child and kept.child.pid != first, "another process")
    assert gone(first)
    assert "has not answered for" in said[0]
    await kept.stop()
    await task


async def test_a_slow_program_is_not_taken_for_one_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(silence, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    replies: list[tuple[float, bool]] = []  # how long each takes to come, and whether it does

    async def answers(_: float) -> bool:
        took_s, heard = replies.pop(0)
        clock[0] += took_s
        return heard

    watch = Silence(answers, every_s=2, within_s=5, silent_after_s=20)

    async def sick_after(wait_s: float, *reply: tuple[float, bool]) -> str:
        clock[0] += wait_s
        replies[:] = reply
        said = await watch.sick(cast(Child, SimpleNamespace(pid=7)))
        assert not replies
        return said

    assert await sick_after(0) == ""
    assert await sick_after(10, (5, False)) == ""
    assert await sick_after(10, (4, True)) == "", "it has answered again in time"
    assert await sick_after(15, (5, False)) == ""
    assert await sick_after(6, (5, False)) == "it has not answered for 31 s"

    assert await sick_after(2, (1, True)) == ""
    assert await sick_after(2, (100, False)) == "", "who asks was stopped himself meanwhile"
    assert await sick_after(2, (1, True)) == ""


async def test_a_program_that_never_starts_ends_it_all_with_its_last_words(
    service: Callable[..., Service],
) -> None:
    kept = service("echo no such thing; exit 3", ready=never)
    with pytest.raises(StartError, match=r"ended with code 3(?s:.*)no such thing"):
        await asyncio.wait_for(kept.run(), 60)


async def never(_: Child) -> bool:
    return False


async def test_a_program_that_does_not_answer_in_time_is_not_ready(
    service: Callable[..., Service], said: list[str]
) -> None:
    kept = service("exec sleep 60", ready=never, ready_within_s=0.2)
    with pytest.raises(StartError, match="not ready within"):
        await asyncio.wait_for(kept.run(), 60)


async def test_stopping_between_two_tries_starts_nothing_more(
    service: Callable[..., Service], said: list[str], tmp_path: Path
) -> None:
    tried = tmp_path / "tried"  # a third failure would end it before the stop does
    kept = service(f"test -e {tried} && exec sleep 60; touch {tried}; exit 1", ready=never)
    task = asyncio.create_task(kept.run())
    await until(lambda: said, "the first failure")
    await kept.stop()
    await asyncio.wait_for(task, 60)
    assert kept.child is not None
    assert kept.child.code is not None


# --- The data dir's lock, and leftovers -----------------------------------------------------------
def test_a_data_dir_has_one_supervisor(places: Places) -> None:
    with data_dir_lock(places):
        assert running(places)
        places.state.write_text(json.dumps({"pid": 4, "url": "http://localhost:8000"}))
        second = data_dir_lock(places)
        with pytest.raises(AlreadyRunningError, match=r"already runs .*http://localhost:8000"):
            second.__enter__()
    assert not running(places)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def _comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def table_write(places: Places, *entries: tuple[str, int, int | None]) -> None:
    table = ProcessTable(places)
    for entry in entries:
        table.put(*entry)


def test_leftovers_are_ended(places: Places, sleeper: subprocess.Popen[bytes]) -> None:
    table_write(places, ("web", sleeper.pid, start_ticks(sleeper.pid)))
    assert [entry.name for entry in leftovers_end(places)] == ["web"]
    assert sleeper.wait(60) == -signal.SIGTERM


def test_a_stranger_with_a_leftovers_pid_is_left_alone(
    places: Places, sleeper: subprocess.Popen[bytes]
) -> None:
    started = start_ticks(sleeper.pid)
    assert started is not None
    table_write(places, ("web", sleeper.pid, started - 1))
    assert leftovers_end(places) == []
    assert sleeper.poll() is None


def test_what_a_dead_leader_left_in_its_session_is_ended(
    places: Places, program: Callable[..., Program], tmp_path: Path
) -> None:
    """A killed worker leaves its beat; a process of other people's in such a session stays."""
    note = tmp_path / "pids"
    child = spawn(
        program(
            f"sleep 60 & echo $! >> {note}; env -u BAKEOFF_DATA_DIR sleep 60 & echo $! >> {note}; wait"
        )
    )
    eventually(lambda: note.exists() and note.read_text().count("\n") == 2)
    ours, other = (int(pid) for pid in note.read_text().split())
    # Both have become sleep; a process that is just becoming another one shows no environment.
    eventually(lambda: {_comm(ours), _comm(other)} == {"sleep"})
    table_write(places, ("worker", child.pid, child.started))
    child.process.kill()
    child.process.wait()
    leftovers_end(places)
    eventually(lambda: gone(ours))
    assert not gone(other)
    os.kill(other, signal.SIGKILL)


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"name": "web"}]', "null"])
def test_a_broken_table_ends_nothing_and_stops_nothing(places: Places, text: str) -> None:
    places.processes.write_text(text)
    assert leftovers_end(places) == []


# --- The worker's pulse ---------------------------------------------------------------------------
WELL = PulseState(pid=1, consumed_at=100.0, written_at=100.0, busy=0, threads=8)


def test_a_worker_that_consumes_is_well() -> None:
    assert WELL.stale(100.0 + STALE_AFTER_S) == ""


def test_a_worker_that_lives_but_consumes_nothing_is_stale() -> None:
    later = 101.0 + STALE_AFTER_S
    assert "takes no jobs" in replace(WELL, written_at=later).stale(later)


def test_a_worker_with_all_threads_busy_is_working() -> None:
    later = 101.0 + STALE_AFTER_S
    assert replace(WELL, written_at=later, busy=8).stale(later) == ""


def test_a_worker_that_hangs_whole_is_stale_even_when_it_was_busy() -> None:
    assert "no sign of life" in replace(WELL, busy=8).stale(101.0 + STALE_AFTER_S)


def test_the_pulse_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "pulse"
    assert pulse_read(path) is None
    pulse = Pulse(path, threads=8)
    pulse.began()
    before = time.monotonic()
    pulse.consumed()
    state = pulse_read(path)
    assert state is not None
    assert (state.pid, state.busy, state.threads) == (os.getpid(), 1, 8)
    assert before <= state.consumed_at <= state.written_at
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text('{"pid": ')
    assert pulse_read(path) is None


# --- Redis, ports ---------------------------------------------------------------------------------
def test_the_bundled_server_is_found() -> None:
    # It is reached by a private name of its package: a new version may move it.
    assert valkey._bundled().endswith("valkey-server")


def test_without_the_bundled_server_one_on_path_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(valkey, "_bundled", lambda: "")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(valkey.NoRedisError, match="REDIS_URL"):
        valkey.server_find()
    for name in ("redis-server", "valkey-server"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        assert valkey.server_find() == str(tmp_path / name)


def test_a_busy_port_that_was_asked_for_is_refused_and_a_default_one_passed_over() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        busy = other.getsockname()[1]
        with pytest.raises(PortBusyError, match=str(busy)):
            port_choose("127.0.0.1", asked=busy, default=8000)
        assert port_choose("127.0.0.1", asked=None, default=busy) > busy
