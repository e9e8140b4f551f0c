"""A Run's directory on disk: the contract between the server and the shim.

    spec.json      what to run; secrets are taken out of it once all is started
    journal.jsonl  written by the shim alone while it lives, see `agents.journal`
    control.jsonl  server -> shim, one line per wish, ids make them idempotent; `control.fifo` rings
    shim.json      who the shim is; its modification time is the heartbeat
    exit.json      written last: its presence means the journal is complete
    lock           held by the shim for its whole life; shim.log: its own errors

Everything here works from the disk alone, whoever made the bundle and whatever was killed since.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agents.journal import JournalLine, JournalReader, journal_append
from agents.processes import run_processes
from agents.shim import files, proc

SPEC_VERSION = 1
SHIM_SCRIPT = Path(__file__).parent / "shim" / "shim.py"
START_TIMEOUT_S = 30.0
KILL_TIMEOUT_S = 5.0
LOCK_TIMEOUT_S = 5.0
MAKING_S = 60.0
OPS = frozenset({"stdin", "eof", "note", "stop", "kill"})

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class BundleError(Exception):
    pass


class BundleBusyError(BundleError):
    """The shim lives and is the only one who may write the journal."""


class ShimError(BundleError):
    """The shim could not be started, or had been started before and is dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    name: str
    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]  # the whole environment of the process, but for the Run's mark
    stdin: str = ""  # written when the process has started; EOF follows unless `stdin_open`
    stdin_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    wall_s: float | None = None  # all steps together
    idle_s: float | None = None  # without output, in each step
    grace_s: float = 3.0  # between one degree of stopping and the next


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleSpec:
    id: str
    steps: tuple[Step, ...]
    limits: Limits = field(default_factory=Limits)
    interrupt: str = ""  # written to stdin as the polite way to stop
    version: int = SPEC_VERSION


@dataclass(frozen=True, slots=True)
class ShimInfo:
    pid: int
    start_time: int  # clock ticks since boot, as in /proc/PID/stat
    heartbeat: float  # seconds since the epoch
    step: str


@dataclass(frozen=True, slots=True)
class ExitInfo:
    """How it ended.

    `reason`: exited, setup_failed, not_found (the program), no_workspace (its directory is missing),
    start_failed (argv or cwd is not usable), stopped, killed, timeout, idle_timeout.
    """

    code: int | None
    signal: int | None
    reason: str
    step: str
    t: float
    last_n: int
    detail: str = ""  # the system's words where a step could not be started


class Bundle:
    """A handle: holds paths and nothing else."""

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))
        self.id = self.path.name
        self.spec_path = self.path / "spec.json"
        self.journal_path = self.path / "journal.jsonl"
        self.control_path = self.path / "control.jsonl"
        self.fifo_path = self.path / "control.fifo"
        self.shim_path = self.path / "shim.json"
        self.exit_path = self.path / "exit.json"
        self.lock_path = self.path / "lock"
        self.log_path = self.path / "shim.log"

    @classmethod
    def create(cls, root: Path, spec: BundleSpec) -> Bundle:
        """Make the bundle as a whole, or return the one that is there already."""
        if not _ID.fullmatch(spec.id):
            raise BundleError(f"not a bundle id: {spec.id!r}")
        if not spec.steps:
            raise BundleError("a bundle needs at least one step")
        bundle = cls(root / spec.id)
        if bundle.path.exists():
            return bundle
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkdtemp gives 0700; a name with a dot is never a bundle's
        temporary = cls(Path(tempfile.mkdtemp(prefix=f".{spec.id}.", dir=root)))
        try:
            files.replace(str(temporary.spec_path), asdict(spec))
            for path in (
                temporary.journal_path,
                temporary.control_path,
                temporary.lock_path,
            ):
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            os.mkfifo(temporary.fifo_path, 0o600)
            files.directory_sync(str(temporary.path))
            try:
                os.rename(temporary.path, bundle.path)
            except OSError as exc:
                if exc.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            else:
                files.directory_sync(str(root))
        finally:
            if temporary.path.exists():
                shutil.rmtree(temporary.path)
        return bundle

    # ---- what the shim says

    def shim(self) -> ShimInfo | None:
        try:
            data = files.read(str(self.shim_path))
            heartbeat = self.shim_path.stat().st_mtime
        except FileNotFoundError:
            return None
        return ShimInfo(data["pid"], data["start_time"], heartbeat, data["step"])

    def shim_alive(self) -> bool:
        info = self.shim()
        if info is None or proc.start_time(info.pid) != info.start_time:
            return False
        return proc.cmdline(info.pid)[-1:] == [os.fsencode(self.path)]

    def exit(self) -> ExitInfo | None:
        try:
            data = files.read(str(self.exit_path))
        except FileNotFoundError:
            return None
        return ExitInfo(**data)

    # ---- what the server says

    def control(self, op: str, *, id: str, **fields: Any) -> None:
        """Tell the shim something, once per `id`; it is heard as soon as there is a shim.

        stdin(text), eof, note(d, clock="hold"|"release"|None), stop, kill.
        """
        if op not in OPS:
            raise BundleError(f"not a control op: {op!r}")
        line = json.dumps({"id": id, "op": op, **fields}).encode() + b"\n"
        fd = os.open(self.control_path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            size = os.fstat(fd).st_size
            if size and os.pread(fd, 1, size - 1) != b"\n":
                # A writer before was cut short (a full disk); the shim skips its torn line.
                line = b"\n" + line
            files.write_all(fd, line)
            os.fsync(fd)
        finally:
            os.close(fd)
        self._ring()

    def terminate(self) -> None:
        """Tell a living shim to stop the agent without a word on disk, which may be full."""
        info = self.shim()
        if info is not None and self.shim_alive():
            try:
                os.kill(info.pid, signal.SIGTERM)
            except ProcessLookupError:
                return

    def _ring(self) -> None:
        try:
            fd = os.open(self.fifo_path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as exc:
            if exc.errno in (errno.ENXIO, errno.ENOENT):  # nobody listens
                return
            raise
        try:
            os.write(fd, b"\n")
        except BlockingIOError:
            return  # full of rings that are still to be heard
        finally:
            os.close(fd)

    def control_pending(self) -> list[dict[str, Any]]:
        """Notes and stdin texts that never reached the journal, in the order they were given."""
        return self._pending({line.id for line in self._lines()})

    def _pending(self, seen: set[str]) -> list[dict[str, Any]]:
        pending = []
        for entry in self._control_entries():
            if entry["op"] in ("note", "stdin") and entry["id"] not in seen:
                seen.add(entry["id"])
                pending.append(entry)
        return pending

    def told(self, control_id: str) -> bool:
        """Was this control id given to the shim before?"""
        return any(entry["id"] == control_id for entry in self._control_entries())

    def _control_entries(self) -> Iterator[dict[str, Any]]:
        for raw in self.control_path.read_bytes().split(b"\n"):
            try:
                yield json.loads(raw)
            except ValueError:
                continue  # torn: its writer was told that it failed

    # ---- after the shim

    def append_sys(self, d: dict[str, Any], *, t: float, id: str = "") -> int:
        """Append a sys line when there is no shim to do it; return its n.

        With an `id` that the journal already holds nothing is written and that line's n returned.
        A bundle whose shim was never started can not be started after this.
        """
        with self._journal_owned() as fd:
            if id:
                for line in self._lines():
                    if line.id == id:
                        return line.n
            return journal_append(fd, d, t=t, id=id)

    def append_missing(
        self,
        notes: Iterable[tuple[str, dict[str, Any]]],
        *,
        t: float,
        seen: Collection[str] = (),
        offset: int = 0,
    ) -> int:
        """Bring into the journal, in one go, the notes a dead shim did not see and then `notes` (id, d).

        What is there already is left out; returns how many there were. The caller may know the ids
        `seen` before the byte `offset`: then only what follows is read. A text for stdin is no note:
        whoever sent it asks `control_pending` what became of it.
        """
        with self._journal_owned() as fd:
            known = {*seen, *(line.id for line in self._lines(offset))}
            told = [(e["id"], e["d"]) for e in self._pending(set(known)) if e["op"] == "note"]
            missing = {name: d for name, d in (*told, *notes) if name not in known}
            for name, d in missing.items():
                journal_append(fd, d, t=t, id=name)
        return len(missing)

    def scrub(self) -> None:
        """Take the secrets out of spec.json: for a shim that died before it could do so."""
        spec = files.read(str(self.spec_path))
        clean = files.scrub(spec)
        if clean != spec:
            files.replace(str(self.spec_path), clean)

    def give_up(self) -> None:
        """A Run that ended unstarted: a shim that comes up too late runs nothing, and no secret stays."""
        if not self.path.exists():
            return
        self.control("kill", id="given-up")
        if not self.shim_alive():
            self.scrub()

    def _lines(self, offset: int = 0) -> Iterator[JournalLine]:
        reader = JournalReader(self.journal_path, offset)
        while lines := reader.read():
            yield from lines

    @contextmanager
    def _journal_owned(self) -> Iterator[int]:
        lock = os.open(self.lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._lock_wait(lock)
            fd = os.open(self.journal_path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                yield fd
            finally:
                os.close(fd)
        finally:
            os.close(lock)

    def _lock_wait(self, lock: int) -> None:
        """A shim that has written exit.json lets go in a moment; one that has not will not."""
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                shim_works = self.shim_alive() and not self.exit_path.exists()
                if shim_works or time.monotonic() > deadline:
                    raise BundleBusyError(f"the shim of {self.id} lives") from None
                time.sleep(0.01)
            else:
                return

    # ---- processes

    def processes(self) -> list[int]:
        """Processes of this bundle that are alive, the shim not among them."""
        return sorted(self._found())

    def kill_processes(self) -> None:
        """End with SIGKILL whatever is left of a bundle whose shim is dead."""
        deadline = time.monotonic() + KILL_TIMEOUT_S
        while found := self._found():
            proc.kill_all(found)
            if time.monotonic() > deadline:
                raise BundleError(f"processes of {self.id} cannot be ended: {sorted(found)}")
            time.sleep(0.01)

    def _found(self) -> dict[int, int]:
        try:
            shim = files.read(str(self.shim_path))
        except FileNotFoundError:
            shim = None
        return run_processes(self.id, shim)


def bundles_clean(root: Path) -> int:
    """Remove what makers of bundles that were killed have left, secrets in it; how many there were."""
    removed = 0
    for path in root.glob(".*.*"):
        try:
            if time.time() - path.stat().st_mtime < MAKING_S:
                continue  # its maker may be at work: it needs no more than a moment
        except FileNotFoundError:
            continue
        shutil.rmtree(path)
        removed += 1
    return removed


def shim_launch(bundle: Bundle, *, python: str = sys.executable) -> None:
    """Start the bundle's shim and return once it has taken the Run; do nothing if it had already.

    The shim belongs to no one: it survives whoever calls this. It gets nothing of the caller's
    environment, so neither does the agent.
    """
    if bundle.exit_path.exists() or bundle.shim_alive():
        return
    # The dynamic loader may need this one to start Python at all; it is not handed on.
    env = {key: os.environ[key] for key in ("LD_LIBRARY_PATH",) if key in os.environ}
    log = os.open(bundle.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    answer_fd, answer_child_fd = os.pipe()
    try:
        process = subprocess.Popen(
            [python, "-I", "-S", str(SHIM_SCRIPT), str(bundle.path)],
            stdin=subprocess.DEVNULL,
            stdout=answer_child_fd,
            stderr=log,
            cwd="/",
            env=env,
            start_new_session=True,
        )
    except OSError as exc:
        os.close(answer_fd)
        raise ShimError(f"the shim could not be started: {exc}") from exc
    finally:
        os.close(answer_child_fd)
        os.close(log)
    answer = _answer_read(answer_fd)
    process.kill()  # the shim has forked itself away from it, or it hangs
    process.wait()
    if answer == "busy":
        _shim_wait(bundle)
    elif answer != "ok":
        raise ShimError(answer or f"the shim died at start, see {bundle.log_path}")


def _answer_read(fd: int) -> str:
    """What the shim says until it closes its standard output."""
    deadline = time.monotonic() + START_TIMEOUT_S
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    data = b""
    try:
        while poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            chunk = os.read(fd, 4096)
            if not chunk:
                return data.decode("utf-8", "replace").strip()
            data += chunk
    finally:
        os.close(fd)
    return f"the shim said nothing for {START_TIMEOUT_S:.0f} s"


def _shim_wait(bundle: Bundle) -> None:
    """Another launcher's shim holds the lock: it is there as soon as shim.json is."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not bundle.shim_path.exists():
        if time.monotonic() > deadline:
            raise ShimError(f"the lock of {bundle.id} is held, but no shim appeared")
        time.sleep(0.01)
