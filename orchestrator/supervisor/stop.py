"""`bakeoff stop`: end all runs and previews, then whatever `up` has started."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable

from orchestrator.supervisor.child import spawn
from orchestrator.supervisor.lock import data_dir_lock, leftovers_end, running, table_read
from orchestrator.supervisor.options import UpOptions
from orchestrator.supervisor.probe import redis_answers
from orchestrator.supervisor.up import shims_alive, shims_kill

_END_WITHIN_S = 40.0  # more than `up` gives all of its parts, one after the other


def stop(options: UpOptions, *, say: Callable[[str], None]) -> int:
    places = options.places
    if not places.data_dir.is_dir():
        say(f"There is nothing to stop: {places.data_dir} does not exist.")
        return 0
    was_running = running(places)
    if was_running:
        # Before the worker goes, so that it can ask the agents in their own way and record the end.
        _runs_stop(options, say)
        _supervisor_end(options)
    if running(places):
        say(f"Bakeoff on {places.data_dir} does not end.")
        return 1
    with data_dir_lock(places):
        leftovers_end(places)
        if shims_alive(places.data_dir):
            asyncio.run(_runs_stop_alone(options, say))
    say("Bakeoff is stopped." if was_running else "Bakeoff was not running.")
    return 0


def _runs_stop(options: UpOptions, say: Callable[[str], None]) -> None:
    done = subprocess.run(
        options.manage("stop_all"), env=options.environment(), check=False, timeout=120
    )
    if done.returncode != 0:
        say("The runs could not be stopped in order; their processes are ended.")
    shims_kill(options.data_dir)


async def _runs_stop_alone(options: UpOptions, say: Callable[[str], None]) -> None:
    """With nothing of ours running: Redis is started for as long as it takes."""
    if options.redis_url:
        _runs_stop(options, say)
        return
    options.places.redis_socket.unlink(missing_ok=True)
    redis = spawn(options.redis())
    try:
        while redis.code is None and not await redis_answers(options.places.redis_socket):
            await asyncio.sleep(0.05)
        _runs_stop(options, say)
    finally:
        await redis.stop()


def _supervisor_end(options: UpOptions) -> None:
    supervisor = next((e for e in table_read(options.places) if e.name == "supervisor"), None)
    if supervisor is None or not supervisor.alive():
        return
    for sig, within_s in ((signal.SIGTERM, _END_WITHIN_S), (signal.SIGKILL, 2.0)):
        try:
            os.kill(supervisor.pid, sig)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if not supervisor.alive():
                return
            time.sleep(0.05)
