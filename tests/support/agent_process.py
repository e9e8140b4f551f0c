"""An agent in a plain subprocess, read through its adapter as a Run's follower would read it."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar

from agents.adapters.base import Adapter, Exit, LaunchSpec, Outcome
from agents.decode import RunDecoder
from agents.events import Event, PermissionRequest, State, event_payload
from agents.journal import JournalLine

DEADLINE_S = 60.0
E = TypeVar("E", bound=Event)


class AgentProcess:
    """`with AgentProcess(...) as agent:` starts it; events come by `wait_for` and `finish`."""

    def __init__(
        self, adapter: Adapter, *, prompt: str, cwd: Path, env: Mapping[str, str], **spec: Any
    ) -> None:
        self.adapter = adapter
        self.launch = adapter.launch(LaunchSpec(prompt=prompt, **spec))
        self.decoder = RunDecoder(adapter)
        self.lines: list[JournalLine] = []
        self.events: list[Event] = []
        self.exit: Exit | None = None
        self._ended = 0  # streams that have
        self._queue: queue.Queue[tuple[str, str] | None] = queue.Queue()
        self._cwd, self._env = cwd, {"PATH": os.environ["PATH"], **env, **self.launch.env}

    @property
    def session(self) -> str:
        """The agent's session, as it told it last."""
        told = [event for event in self.events if isinstance(event, State)]
        return str([event for event in told if event.state == "session"][-1].data["session"])

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self.launch.argv,
            cwd=self._cwd,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._threads = [
            threading.Thread(target=self._pump, args=(name, pipe))
            for name, pipe in (("out", self._process.stdout), ("err", self._process.stderr))
        ]
        for thread in self._threads:
            thread.start()
        self.send(self.launch.stdin)
        if not self.launch.stdin_open:
            self.close()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self.close()
        for thread in self._threads:
            thread.join()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, text: str) -> None:
        for line in text.splitlines():
            self._take("in", line)
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(text.encode())
            stdin.flush()
        except BrokenPipeError:
            return  # it has ended already; what it said tells why

    def close(self) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.close()
        except BrokenPipeError:
            return

    def wait_for(self, wanted: Callable[[Event], bool]) -> Event:
        """The first event, of those read from now on, that is wanted."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            found = self._next(deadline)
            assert found is not None, f"the agent ended first: {self.events[-5:]}"
            for event in found:
                if wanted(event):
                    return event

    def answer(self, request: PermissionRequest, *, allow: bool, **more: str) -> None:
        given = {"scope": "once", "message": ""} | more
        self.send(self.adapter.answer(event_payload(request), allow=allow, **given))

    def finish(self) -> Outcome:
        """Read to the end; the end of input is sent when the agent has nothing left to do."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            if self.decoder.turn_done:
                self.close()
            if self._next(deadline) is None:
                break
        code = self._process.wait(timeout=DEADLINE_S)
        self.events += self.decoder.finish()
        self.exit = Exit(
            code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            reason="exited",
            step="agent",
        )
        return self.adapter.outcome(self.exit, self.events)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def _pump(self, name: str, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        with pipe:
            for raw in pipe:
                text = raw.decode("utf-8", "surrogateescape").removesuffix("\n")
                self._queue.put((name, text))
        self._queue.put(None)

    def _next(self, deadline: float) -> list[Event] | None:
        """Events of the next line, None when both streams have ended."""
        while True:
            if self._ended == len(self._threads):
                return None
            item = self._queue.get(timeout=max(0.01, deadline - time.monotonic()))
            if item is not None:
                return self._take(*item)
            self._ended += 1

    def _take(self, stream: str, text: str) -> list[Event]:
        line = JournalLine(
            n=len(self.lines) + 1, t=float(len(self.lines)), step="agent", s=stream, d=text
        )
        self.lines.append(line)
        found = self.decoder.feed(line)
        self.events += found
        return found
