"""Starting and ending one program of ours: own process group, own log, dies with its parent."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agents.shim import proc
from orchestrator.lib.processes import start_ticks

_PR_SET_PDEATHSIG = 1
_GONE_WITHIN_S = 5.0
_LOG_LIMIT_BYTES = 8 * 1024 * 1024
_libc = ctypes.CDLL(None, use_errno=True) if os.uname().sysname == "Linux" else None


def die_with_parent(sig: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to end this process when its parent ends. On other systems the next `up` does it."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(sig), 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    # What its parent's death means for it. Valkey writes its file out on SIGTERM.
    death_signal: signal.Signals = signal.SIGKILL
    stop_within_s: float = 6.0


class Child:
    """A running program. Its process group is ended as a whole, so that nothing of it is left."""

    def __init__(self, program: Program, process: subprocess.Popen[bytes]) -> None:
        self.program = program
        self.process = process
        self.pid = process.pid
        self.started = start_ticks(process.pid)

    @property
    def code(self) -> int | None:
        return self.process.poll()

    async def wait(self) -> int:
        while (code := self.process.poll()) is None:
            await asyncio.sleep(0.05)
        return code

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL to the whole group. Safe to call on a program that has ended."""
        if self.code is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):  # what is left then is killed
                await asyncio.wait_for(self.wait(), self.program.stop_within_s)
        self.kill()
        await self.wait()
        # What was killed keeps its ports and files until it is gone.
        until = time.monotonic() + _GONE_WITHIN_S
        while self._group_lives() and time.monotonic() < until:
            await asyncio.sleep(0.05)

    async def output(self) -> str:
        """Wait for the end; the captured output, which must fit into a pipe."""
        await self.wait()
        with self.process.stdout or open(os.devnull, "rb") as pipe:
            return pipe.read().decode()

    def _group_lives(self) -> bool:
        return any(entry.group == self.pid for entry in proc.table().values())

    def kill(self) -> None:
        # The group outlives its leader while any member lives, and its number is not given away before.
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def spawn(program: Program, *, capture: bool = False) -> Child:
    """Start a program with its output appended to its log; `capture` keeps stdout for the caller."""
    _log_rotate(program.log)
    parent = os.getpid()
    with open(program.log, "ab", buffering=0) as log:
        process = subprocess.Popen(
            list(program.argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture else log,
            stderr=log,
            env=dict(program.env),
            cwd="/",  # never where a file could be taken for one of our modules
            start_new_session=True,
            preexec_fn=_preexec(parent, program.death_signal),  # safe: this process has one thread
        )
    return Child(program, process)


def _preexec(parent: int, sig: signal.Signals) -> Callable[[], None]:
    def prepare() -> None:
        die_with_parent(sig)
        if os.getppid() != parent:  # it died before the kernel was asked
            os._exit(1)

    return prepare


def _log_rotate(path: Path) -> None:
    try:
        if path.stat().st_size > _LOG_LIMIT_BYTES:
            os.replace(path, path.with_name(f"{path.name}.1"))
    except FileNotFoundError:
        pass


def log_tail(path: Path, *, lines: int = 12) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - 16_384))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
