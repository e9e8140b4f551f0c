"""The life of a Run: steps one after another, clocks, stopping, exit.json. Standard library only.

One thread, one `poll`. `turn` is one wait and all that follows from what happened; everything else
is written as plain sequences of turns.
"""

from __future__ import annotations

import os
import select
import signal
import time

from agents.shim import child, files, proc
from agents.shim.control import Clocks, Control
from agents.shim.family import Family
from agents.shim.streams import Journal, Stdin, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

HEARTBEAT_S = 5.0
RETRY_S = 0.5
GRACE_MAX_S = 3.0  # twice this and the kill stay under the 10 s in which all must be gone
KILL_S = 2.0
REAP_S = 1.0
TAIL_S = 0.5  # for what the agent has left behind to end by itself: a pager, a `tee`


class Runner:
    def __init__(self, bundle: str, *, umask: int) -> None:
        """Take the bundle: raises before anything has happened, or leaves shim.json written."""
        self.bundle = bundle
        self.run_id = os.path.basename(bundle)
        self.umask = umask
        self.spec = files.read(f"{bundle}/spec.json")
        if self.spec["version"] != 1:
            raise ValueError(f"spec.json is of version {self.spec['version']}")
        self.interrupt: str = self.spec["interrupt"]
        self.grace_s = min(float(self.spec["limits"]["grace_s"]), GRACE_MAX_S)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self.journal = Journal(os.open(f"{bundle}/journal.jsonl", flags, 0o600))
        self.control = Control(bundle)
        self.clocks = Clocks(self.spec["limits"])
        self.step = str(self.spec["steps"][0]["name"])
        self.streams: list[Stream] = []
        self.stdin = Stdin(None)
        self.pid = 0  # the step's process, and how it ended
        self.status: int | None = None
        self.last_started = False  # the last step's process was started
        self.early: list[dict[str, Any]] = []  # for the stdin of a last step that is still to come
        self.wish = ""  # stopped or killed, once somebody wants it
        self.wish_by = "control"
        self.wish_id = ""
        self.stopping = False
        self.scrubbed = False
        self.family = Family(self.run_id)
        self.heartbeat_at = 0.0
        child.subreaper()
        self._listen()
        self._shim_json()

    def _listen(self) -> None:
        self.wakeup, wakeup_child = os.pipe()
        os.set_blocking(self.wakeup, False)
        os.set_blocking(wakeup_child, False)
        signal.set_wakeup_fd(wakeup_child, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._sigterm)
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)

    def _sigterm(self, *_: object) -> None:
        if not self.wish:
            self.wish, self.wish_by = "stopped", "signal"

    # ---- the whole

    def run(self) -> None:
        ended = self._steps()
        self._sweep()
        for stream in self.streams:
            stream.close()
        # However long the disk has no space: there is no end before it is told.
        while not self._try(lambda: self._finish(ended)) and os.path.exists(self.bundle):
            self.turn(time.monotonic() + RETRY_S)

    def _finish(self, ended: dict[str, Any]) -> None:
        """All to disk, exit.json last: it says that the journal is complete."""
        self.journal.sync(self.step)
        if not self.scrubbed:
            self._scrub()
        ended = {**ended, "t": time.time(), "last_n": self.journal.n}
        files.replace(f"{self.bundle}/exit.json", ended)

    def _steps(self) -> dict[str, Any]:
        """Run the steps up to the first that does not succeed; the beginnings of exit.json."""
        steps = self.spec["steps"]
        self.spec = files.scrub(self.spec)
        for index in range(len(steps)):
            step, steps[index] = steps[index], None  # secrets are dropped as soon as they are used
            ended = self._step(step, last=index == len(steps) - 1)
            if ended["reason"] != "exited" or ended["code"] != 0:
                break
        setup = index < len(steps) - 1
        if setup and ended["reason"] in ("exited", "not_found", "start_failed"):
            ended["reason"] = "setup_failed"
        return ended

    def _step(self, step: dict[str, Any], *, last: bool) -> dict[str, Any]:
        self.step = str(step["name"])
        ended = {"code": None, "signal": None, "reason": "exited", "step": self.step, "detail": ""}
        self._control_read()
        if self.wish:
            # Not even begun.
            self._stop_note(self.wish)
            return {**ended, "reason": self.wish}
        argv = step["argv"][:3]
        try:
            started = child.spawn(step, run=self.run_id, umask=self.umask)
        except child.StartError as exc:
            text = str(exc)
            self._sys({"ev": "step-start", "step": self.step, "argv": argv, "pid": None})
            end = {"ev": "step-end", "step": self.step, "code": 127, "signal": None, "error": text}
            self._sys(end)
            return {**ended, "code": 127, "reason": exc.reason, "detail": text}
        self._sys({"ev": "step-start", "step": self.step, "argv": argv, "pid": started.pid})
        self._started(started, step)
        if last:
            self.last_started = True
            self._try(self._scrub)
            for entry in self.early:
                self._stdin_op(entry)
            self.early.clear()
        step.clear()
        reason = self._step_wait() or "exited"
        if last and reason == "exited":
            self.turn_while(lambda: bool(self.streams or self.family.left()), TAIL_S)
        self._drain(0.0)
        code, number = child.status_read(self.status)
        end = {"ev": "step-end", "step": self.step, "code": code, "signal": number}
        self._sys({**end, "reason": reason})
        return {**ended, "code": code, "signal": number, "reason": reason}

    def _started(self, started: child.Child, step: dict[str, Any]) -> None:
        self.pid = started.pid
        self.status = None
        self.family.lead(started.pid)
        self.streams.append(Stream(started.out, self.step, "out", self.journal))
        self.streams.append(Stream(started.err, self.step, "err", self.journal))
        self.stdin = Stdin(started.stdin)
        self.stdin.write(step["stdin"])
        if not step["stdin_open"]:
            self.stdin.eof()
        self.clocks.stir()
        self._try(self._shim_json)

    def _step_wait(self) -> str:
        """Turn until the step's process has ended; why it had to, if it did not by itself."""
        reason = ""
        while self.running and not reason:
            self.turn(self.clocks.ends_at)
            if self.running:  # else it was quicker than whoever wanted to stop it
                reason = self.wish or self.clocks.expired()
        if reason:
            self._stop(reason)
        self.stdin.close()
        return reason

    @property
    def running(self) -> bool:
        """Whether there is a step's process that has not been waited for."""
        return bool(self.pid) and self.status is None

    # ---- one turn

    def turn(self, until: float) -> None:
        """Wait until something happens, `until` at the latest, and see to it."""
        self.journal.flush(self.step)
        if self.journal.blocked:
            # The agent cannot print, so its silence is not its own.
            self.clocks.stir()
        self._poll(until)
        self._reap()
        self._control_read()
        self.stdin.flush()
        now = time.monotonic()
        for stream in self.streams:
            if stream.quiet_at <= now:
                stream.quiet()
        if now >= self.heartbeat_at:
            self._heartbeat(now)

    def _poll(self, until: float) -> None:
        wake_at = min(until, self.heartbeat_at, *(stream.quiet_at for stream in self.streams))
        poll = select.poll()
        poll.register(self.wakeup, select.POLLIN)
        poll.register(self.control.fifo, select.POLLIN)
        if self.journal.blocked:
            wake_at = min(wake_at, self.journal.retry_at)
        else:
            for stream in self.streams:
                poll.register(stream.fd, select.POLLIN)
        if self.stdin.wants and self.stdin.fd is not None:
            poll.register(self.stdin.fd, select.POLLOUT)
        # Rounded up: waking a moment early would turn in circles until the time has come.
        wait_ms = int(max(0.0, wake_at - time.monotonic()) * 1000) + 1
        ready = {fd for fd, _ in poll.poll(wait_ms)}
        if self.wakeup in ready:
            os.read(self.wakeup, 4096)
        if self.control.fifo in ready:
            self.control.hush()
        for stream in self.streams:
            if stream.fd in ready and stream.read():
                self.clocks.stir()
        self.streams = [stream for stream in self.streams if stream.open]

    def turn_while(self, condition: Callable[[], bool], limit_s: float) -> None:
        until = time.monotonic() + limit_s
        while condition() and time.monotonic() < until:
            self.turn(until)

    def _reap(self) -> None:
        """Wait for every child that has ended, adopted ones too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self.pid and self.running:
                self.status = status

    # ---- the server's wishes

    def _control_read(self) -> None:
        for entry in self.control.read():
            match entry["op"]:
                case "note":
                    self._note(entry)
                case "stdin" | "eof":
                    self._stdin_op(entry)
                case "stop" if not self.wish:
                    self.wish, self.wish_id = "stopped", entry["id"]
                case "kill":
                    self.wish, self.wish_id = "killed", entry["id"]
                case "stop":
                    continue
                case _:
                    self._warn("A control line could not be read and was left out.")

    def _note(self, entry: dict[str, Any]) -> None:
        if entry.get("clock") == "hold":
            self.clocks.hold()
        elif entry.get("clock") == "release":
            self.clocks.release()
        self._sys(entry.get("d", {}), entry["id"])

    def _stdin_op(self, entry: dict[str, Any]) -> None:
        """Texts are for the last step; what comes before it has started is kept for it."""
        if not self.last_started:
            self.early.append(entry)
            return
        op, key = entry["op"], entry["id"]
        if not self.stdin.open or self.stopping:
            if op != "eof":
                self._sys({"ev": "stdin-refused", "id": key})
        elif op == "eof":
            self._sys({"ev": "eof"}, key)
            self.stdin.eof()
        else:
            text = str(entry.get("text", ""))
            self.journal.text(self.step, text, key)
            self.stdin.write(text)
            self.clocks.stir()

    def _sys(self, d: dict[str, Any], id: str = "") -> None:
        self.journal.add(self.step, "sys", d, id=id)

    def _warn(self, text: str) -> None:
        self._sys({"ev": "warning", "text": text})

    # ---- stopping

    def _stop_note(self, reason: str) -> None:
        by = self.wish_by if reason in ("stopped", "killed") else reason
        self._sys({"ev": "stop", "by": by}, self.wish_id)

    def _stop(self, reason: str) -> None:
        """The agent's own way, then SIGTERM, then SIGKILL; a wish to kill cuts it short."""
        self._stop_note(reason)
        self.stopping = True
        if reason != "killed":
            if self.stdin.open:
                if self.interrupt:
                    self.journal.text(self.step, self.interrupt, self.wish_id)
                    self.stdin.write(self.interrupt)
                self.stdin.eof()
                self.turn_while(self._patient, self.grace_s)
            self._terminate()
        self._kill()
        # Dead is not yet waited for: the exit is told with its signal.
        self.turn_while(lambda: self.running, REAP_S)

    def _patient(self) -> bool:
        return self.running and self.wish != "killed"

    def _terminate(self) -> None:
        """SIGTERM to the group of the step, and to each descendant that has left it."""
        left = self.family.left()
        self._signal_group(signal.SIGTERM)
        # Some count a second SIGTERM as impatience, so nobody gets two.
        self.family.send(left, signal.SIGTERM, outside=self.pid if self.running else 0)
        until = time.monotonic() + self.grace_s
        while left and self.wish != "killed" and time.monotonic() < until:
            self.turn(min(until, time.monotonic() + 0.1))
            left = proc.alive(left)

    def _signal_group(self, number: int) -> None:
        # Once its leader was waited for, the group's number may belong to somebody else.
        if self.running:
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                return

    def _kill(self) -> None:
        until = time.monotonic() + KILL_S
        while left := self.family.left():
            proc.kill_all(left)
            self.turn(time.monotonic() + 0.02)
            if time.monotonic() > until:
                self._warn(f"These processes cannot be ended: {sorted(left)}")
                return

    def _sweep(self) -> None:
        """End what the steps have left running."""
        left = self.family.left()
        if left:
            names = sorted(proc.name(pid) for pid in left)
            self._sys({"ev": "leftover", "names": names[:20]})
            if not self.stopping:
                self._terminate()
            self._kill()
        self._drain(TAIL_S)

    def _drain(self, wait_s: float) -> None:
        """Journal what stands in the pipes; wait so long for them to be closed."""
        self.turn_while(lambda: bool(self.streams), wait_s)
        for stream in self.streams:
            stream.drain()
        self.streams = [stream for stream in self.streams if stream.open]

    # ---- files

    def _shim_json(self) -> None:
        data = {
            "version": 1,
            "pid": os.getpid(),
            "start_time": proc.start_time(os.getpid()),
            "boot_id": proc.boot_id(),
            "step": self.step,
            "leaders": list(self.family.leaders.items()),
            "processes": list(self.family.known.items()),
        }
        files.replace(f"{self.bundle}/shim.json", data)
        self.heartbeat_at = time.monotonic() + HEARTBEAT_S

    def _heartbeat(self, now: float) -> None:
        self.heartbeat_at = now + HEARTBEAT_S
        try:
            os.utime(f"{self.bundle}/shim.json")
        except FileNotFoundError:
            # Somebody has deleted the bundle; nobody will ever ask for this Run again.
            self.wish = "killed"
            return
        if self.last_started and not self.scrubbed:
            self._try(self._scrub)
        if self.family.look():
            self._try(self._shim_json)

    def _scrub(self) -> None:
        files.replace(f"{self.bundle}/spec.json", self.spec)
        self.scrubbed = True

    def _try(self, write: Callable[[], None]) -> bool:
        """False when the disk does not take it now; the heartbeat or the end tries again."""
        try:
            write()
        except OSError:
            return False
        return True
