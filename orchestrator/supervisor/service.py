"""Keeping one program running: started, ready, watched, started again with growing pauses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from orchestrator.supervisor.child import Child, Program, log_tail, spawn
from orchestrator.supervisor.lock import ProcessTable

PAUSES_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
WELL_AFTER_S = 30.0  # a program that lived this long begins again with the shortest pause
FIRST_TRIES = 3  # one that never got ready ends `up` after so many


class StartError(Exception):
    """A program cannot be started; the text says what it said last."""


class Service:
    def __init__(
        self,
        program: Callable[[], Program],
        *,
        table: ProcessTable,
        say: Callable[[str], None],
        ready: Callable[[Child], Awaitable[bool]],
        ready_within_s: float,
        sick: Callable[[Child], Awaitable[str]] | None = None,
    ) -> None:
        self._make = program
        self._table = table
        self._say = say
        self._ready = ready
        self._ready_within_s = ready_within_s
        self._sick = sick
        self._stopping = asyncio.Event()
        self.child: Child | None = None
        self.is_ready = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`. Raises StartError if the program never gets ready."""
        failures = 0
        ever_ready = False
        while not self._stopping.is_set():
            program = self._make()
            try:
                child = self.child = spawn(program)
            except OSError as exc:  # no process, no memory, no file to be had just now
                failures += 1
                await self._pause(program, failures, str(exc), ever_ready=ever_ready)
                continue
            self._table.put(program.name, child.pid, child.started)
            began = time.monotonic()
            why = await self._until_ready(child)
            if not why:
                ever_ready = True
                self.is_ready.set()
                why = await self._until_bad(child)
                self.is_ready.clear()
            if self._stopping.is_set():
                return
            await child.stop()
            failures = 1 if time.monotonic() - began > WELL_AFTER_S else failures + 1
            await self._pause(program, failures, why, ever_ready=ever_ready)

    async def _pause(self, program: Program, failures: int, why: str, *, ever_ready: bool) -> None:
        if not ever_ready and failures >= FIRST_TRIES:
            raise StartError(f"{program.name} does not start: {why}.\n{log_tail(program.log)}")
        self._say(f"{program.name} is started again: {why}. Its log: {program.log}")
        await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S)) - 1])

    async def stop(self) -> None:
        self._stopping.set()
        if self.child is not None:
            await self.child.stop()

    def kill(self) -> None:
        self._stopping.set()
        if self.child is not None:
            self.child.kill()

    async def _until_ready(self, child: Child) -> str:
        deadline = time.monotonic() + self._ready_within_s
        while not self._stopping.is_set():
            if child.code is not None:
                return _ending(child.code)
            if await self._ready(child):
                return ""
            if time.monotonic() > deadline:
                return f"it was not ready within {self._ready_within_s:.0f} s"
            await asyncio.sleep(0.05)
        return "it is stopped"

    async def _until_bad(self, child: Child) -> str:
        while not self._stopping.is_set():
            if child.code is not None:
                return _ending(child.code)
            if self._sick is not None and (why := await self._sick(child)):
                return why
            await asyncio.sleep(0.1)
        return "it is stopped"


def _ending(code: int) -> str:
    return f"it was killed by signal {-code}" if code < 0 else f"it ended with code {code}"
