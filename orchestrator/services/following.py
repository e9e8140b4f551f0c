"""Following Runs: one loop per worker process reads the journals of all Runs it owns.

For each Run: journal lines -> events -> redacted -> feed, and what they mean for the database. Everything
here may be cut off at any line and done again by another process: the feed refuses a number twice, the
effects are guarded updates, and the count of events whose effects are done (`Run.last_seq`) is kept.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic

import redis
from django.db import InterfaceError, OperationalError, close_old_connections

from agents.bundle import Bundle
from orchestrator.lib import paths
from orchestrator.lib.processes import process_name
from orchestrator.models import Run
from orchestrator.services.follow_run import RunFollower
from orchestrator.services.run_ending import run_lose, run_seal_unfollowed
from orchestrator.services.run_states import lease_take, leases_renew
from orchestrator.states import RUN_TERMINAL, RunState

log = logging.getLogger(__name__)

TICK_BUSY_S = 0.03
TICK_IDLE_S = 0.25
LOOK_EVERY_S = 1.0
RENEW_EVERY_S = 8.0
PAUSE_S = 1.0
REST_S = 5.0  # of a Run that cannot be followed, before it is tried again


class Follower(threading.Thread):
    """The loop. `poke` makes it look at the database at once; `stop` ends it after the present round."""

    def __init__(self) -> None:
        super().__init__(name="follower", daemon=True)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="follower")
        self._followed: dict[str, RunFollower] = {}
        self._resting: dict[str, float] = {}  # Runs that could not be followed, and until when

    def poke(self) -> None:
        self._wake.set()

    def stop(self, timeout_s: float = 10) -> None:
        self._stopping.set()
        self._wake.set()
        self.join(timeout_s)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def run(self) -> None:
        looked = renewed = 0.0
        while not self._stopping.is_set():
            poked = self._wake.is_set()
            self._wake.clear()
            busy = False
            try:
                if poked or monotonic() - looked >= LOOK_EVERY_S:
                    looked = monotonic()
                    self._look()
                if monotonic() - renewed >= RENEW_EVERY_S:  # of Runs that are being started, too
                    renewed = monotonic()
                    leases_renew()
                busy = self._round()
            except Exception:
                # Without this loop every Run of the host hangs, so nothing may end it.
                log.exception("following is interrupted; it goes on after a pause")
                close_old_connections()
                self._stopping.wait(PAUSE_S)
            if not self._wake.is_set():
                self._wake.wait(TICK_BUSY_S if busy else TICK_IDLE_S)

    def _look(self) -> None:
        """Take up the Runs of this host that nobody alive follows, and see what people asked of ours."""
        now = monotonic()
        self._resting = {run_id: end for run_id, end in self._resting.items() if end > now}
        runs = Run.objects.filter(host=paths.host_id(), sealed_at=None).exclude(
            state=RunState.QUEUED
        )
        # Read every second: not with the long texts, which nothing here needs.
        for run in runs.select_related(
            "variant__task__project", "variant__task__spec", "variant__agent"
        ).defer(
            "prompt", "variant__strategy", "variant__task__rubric", "variant__task__spec__text"
        ):
            if run.id.hex not in self._resting:
                with self._apart(run.id.hex):
                    self._look_at(run)

    def _look_at(self, run: Run) -> None:
        follower = self._followed.get(run.id.hex)
        if follower and (follower.fence != run.fence or not _has_begun(follower.bundle)):
            del self._followed[run.id.hex]  # somebody else took it, or its bundle is gone
            follower = None
        if follower is None:
            follower = self._take_up(run)
        if follower is not None:
            follower.look(run)

    @contextmanager
    def _apart(self, run_id: str) -> Iterator[None]:
        """One Run that cannot be followed must not stop the others: it rests, and is taken up anew."""
        try:
            yield
        except (OperationalError, InterfaceError, redis.RedisError):
            self._followed.pop(run_id, None)
            raise
        except Exception:
            log.exception("run %s cannot be followed; it is taken up anew", run_id)
            self._followed.pop(run_id, None)
            self._resting[run_id] = monotonic() + REST_S

    def _take_up(self, run: Run) -> RunFollower | None:
        bundle = Bundle(paths.bundle_dir(run.id.hex))
        begun = _has_begun(bundle)
        if not begun and run.state in RUN_TERMINAL:
            run_seal_unfollowed(run)
            return None
        if not begun and run.state == RunState.PREPARING:
            return None  # run_start is at work, or the sweep will start it again
        if run.lease_owner != process_name() and not lease_take(run):
            return None
        if not begun:
            run_lose(run)
            return None
        follower = RunFollower(run=run, bundle=bundle, pool=self._pool)
        self._followed[run.id.hex] = follower
        return follower

    def _round(self) -> bool:
        busy = False
        for run_id, follower in list(self._followed.items()):
            with self._apart(run_id):
                busy = follower.step() or busy
                if follower.done:
                    del self._followed[run_id]
        return busy


def _has_begun(bundle: Bundle) -> bool:
    return bundle.shim_path.exists() or bundle.exit_path.exists()
