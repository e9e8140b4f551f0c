"""Starts and outlives one Run: `python -I -S …/agents/shim/shim.py <bundle directory>`.

Says one word on standard output (`ok`, `busy`, or a sentence about what is wrong) and closes it. By
`ok` it is detached from whoever started it, holds the bundle's lock, and shim.json is written.
Everything under `agents/shim` uses the standard library only and as little of it as possible: one
such process runs beside every agent.
"""

from __future__ import annotations

import fcntl
import os
import sys

# The package, behind the standard library: -I keeps the script's directory and the cwd away.
sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def answer(text: str) -> bool:
    """Tell the launcher, and let go of its pipe. It may have been killed: the Run goes on."""
    try:
        os.write(1, text.encode("utf-8", "replace"))
        heard = True
    except BrokenPipeError:
        heard = False
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    return heard


def detach() -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")


def refusal(bundle: str) -> str:
    """Why the bundle cannot be run (`ok`: it has been), empty if it can. A bundle runs once."""
    if os.path.exists(f"{bundle}/exit.json"):
        return "ok"
    if os.path.exists(f"{bundle}/shim.json"):
        return "the shim of this bundle was started before and died"
    if os.path.getsize(f"{bundle}/journal.jsonl"):
        return "the journal of this bundle was closed before it was started"
    return ""


def main(bundle: str) -> int:
    detach()
    umask = os.umask(0o077)
    lock = os.open(f"{bundle}/lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        answer("busy")
        return 0
    no = refusal(bundle)
    if no:
        answer(no)
        return 0

    from agents.shim.runner import Runner

    try:
        runner = Runner(bundle, umask=umask)
    except (OSError, ValueError, LookupError, TypeError) as exc:
        answer(f"the bundle cannot be run: {exc!r}")
        return 1
    answer("ok")
    runner.run()
    return 0


if __name__ == "__main__":
    # _exit: nothing is left to tidy up, and no thread or buffer to wait for.
    os._exit(main(sys.argv[-1]))
