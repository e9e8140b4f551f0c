"""Starts the process of one step. Standard library only."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from agents.shim.proc import MARK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
# Python ignores these for itself, and what is ignored stays so over exec.
DEFAULTS = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGCHLD,
)

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class StartError(Exception):
    """The step's program could not be started: its directory or it itself is missing, or another reason."""

    def __init__(self, text: str, reason: str = "start_failed") -> None:
        super().__init__(text)
        self.reason = reason


class Child:
    """A started process and our ends of its pipes; `stdin` is None where it got /dev/null."""

    __slots__ = ("err", "out", "pid", "stdin")

    def __init__(self, pid: int, stdin: int | None, out: int, err: int) -> None:
        self.pid = pid
        self.stdin = stdin
        self.out = out
        self.err = err


def subreaper() -> None:
    """Orphans of the agent become children of this process, not of init, so none can hide."""
    if _libc is not None and _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def status_read(status: int | None) -> tuple[int | None, int | None]:
    """Exit code and signal; neither where the process could not be ended."""
    if status is None:
        return None, None
    code = os.waitstatus_to_exitcode(status)
    return (code, None) if code >= 0 else (None, -code)


def spawn(step: dict[str, Any], *, run: str, umask: int) -> Child:
    """Start the step in a session of its own; raise StartError when it cannot be."""
    env = {**step["env"], MARK: run}
    opened: list[int] = []
    stdin: int | None = None

    def pipe() -> tuple[int, int]:
        ends = os.pipe()
        opened.extend(ends)
        return ends

    try:
        out, out_child = pipe()
        err, err_child = pipe()
        report, report_child = pipe()
        if step["stdin"] or step["stdin_open"]:
            stdin_child, stdin = pipe()
        else:
            stdin_child = os.open(os.devnull, os.O_RDONLY)
            opened.append(stdin_child)
        shim = os.getpid()
        pid = os.fork()
    except OSError as exc:
        for fd in opened:
            os.close(fd)
        raise StartError(exc.strerror or str(exc)) from exc
    if not pid:
        _exec(step, env, (stdin_child, out_child, err_child), report_child, umask, shim)
    for fd in (stdin_child, out_child, err_child, report_child):
        os.close(fd)
    with open(report, "rb") as file:  # closed by exec
        said = file.read().decode("utf-8", "replace")
    ours = [out, err] if stdin is None else [out, err, stdin]
    if said:
        os.waitpid(pid, 0)
        for fd in ours:
            os.close(fd)
        reason, _, text = said.partition(" ")
        raise StartError(text, reason)
    for fd in ours:
        os.set_blocking(fd, False)
    return Child(pid, stdin, out, err)


def _exec(
    step: dict[str, Any],
    env: dict[str, str],
    fds: tuple[int, int, int],
    report: int,
    umask: int,
    shim: int,
) -> None:
    """In the forked child: become the program, or say why not. Never returns."""
    reason = missing = "start_failed"
    try:
        if _libc is not None:
            # Should the shim be killed, its agent is not to work on unseen.
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != shim:
                os._exit(127)
        os.setsid()
        os.umask(umask)
        signal.set_wakeup_fd(-1)
        for number in DEFAULTS:
            signal.signal(number, signal.SIG_DFL)
        missing = "no_workspace"
        os.chdir(step["cwd"])
        missing = "start_failed"
        for target, fd in enumerate(fds):
            os.dup2(fd, target)
        missing = "not_found"
        os.execvpe(step["argv"][0], step["argv"], env)  # noqa: S606
    except BaseException as exc:  # noqa: BLE001  whatever it is, the shim must hear of it
        text = str(exc)
        if isinstance(exc, OSError):
            text = exc.strerror or text
            if isinstance(exc, FileNotFoundError | NotADirectoryError):
                reason = missing
            if reason != "not_found" and exc.filename is not None:
                text = f"{text}: {exc.filename}"
        os.write(report, f"{reason} {text}".encode("utf-8", "replace"))
    finally:
        os._exit(127)
