"""One Run as its follower sees it: journal to feed, what people asked of it, Snapshots, and its end."""

from __future__ import annotations

import logging
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Any

from agents.adapters.base import Outcome
from agents.adapters.registry import adapter_get
from agents.bundle import Bundle
from agents.decode import RunDecoder
from agents.events import (
    End,
    Event,
    Message,
    PermissionRequest,
    Raw,
    Thought,
    ToolCall,
    ToolUpdate,
    event_payload,
)
from agents.journal import JournalLine, JournalReader
from agents.redact import Redactor
from agents.secrets import secrets_decrypt
from orchestrator import feed
from orchestrator.git.errors import DiskFullError, WorkspaceGoneError
from orchestrator.lib.disk import says_full
from orchestrator.lib.errors import AppError
from orchestrator.models import Run, Snapshot
from orchestrator.services import run_asks, run_ending
from orchestrator.services.budgets import USED_UP, budget_is_used
from orchestrator.services.run_effects import RunEffects
from orchestrator.services.snapshots import NOT_STORED, snapshot_note, snapshot_take

log = logging.getLogger(__name__)

SNAPSHOT_EVERY_S = 2.0
SNAPSHOT_BY_TIMER_S = 5.0
SNAPSHOT_COST_FACTOR = 5  # a Snapshot that takes long is taken more seldom
STOP_WAIT_S = 2.0
FINAL_TRIES = 5
SHIM_CHECK_EVERY_S = 1.0
FAILURE_LINES = 20
COMPLAINTS = 200  # lines of stderr that the verdict looks at


class RunFollower:
    def __init__(self, *, run: Run, bundle: Bundle, pool: ThreadPoolExecutor) -> None:
        self.run = run
        self.fence = run.fence
        self.bundle = bundle
        self.done = False
        self.adapter = adapter_get(run.variant.agent.adapter)
        self.decoder = RunDecoder(self.adapter)
        self.effects = RunEffects(run=run, fence=run.fence, bundle=bundle)
        self._pool = pool
        self._reader = JournalReader(bundle.journal_path)
        self._redactor = Redactor(secrets_decrypt(run.secrets_encrypted).values())
        position = feed.position(run.id.hex)
        self._in_feed = position.seq if position else 0
        self._seq = 0
        self._n = 0
        self.eof_sent = bundle.told("eof")
        self.unheard: set[str] = set()  # control ids that are not in the journal yet
        self._seen_ids: set[str] = set()
        self._end: End | None = None
        self._verdict_events: list[Event] = []
        self._complaints: deque[Event] = deque(maxlen=COMPLAINTS)
        self._last_lines: deque[str] = deque(maxlen=FAILURE_LINES)
        self._snapshot: Future[Snapshot | None] | None = None
        self._snapshot_wanted = False
        self._snapshot_began_at = 0.0
        self._snapshot_not_before = 0.0
        self._sealing: Future[None] | None = None
        self._final_snapshot = False
        self._final_failures: list[str] = []  # why the last Snapshot was not taken, try by try
        self._stop_after_snapshot = False
        self._stop_at = 0.0  # then it is told in any case
        self._shim_checked_at = 0.0

    # ---- the loop's two calls

    def look(self, run: Run) -> None:
        """What the database asks of this Run now: `run` is its fresh row."""
        self.run.stop_requested_at = run.stop_requested_at
        self.run.state = run.state
        if self._ending:
            return
        if run.stop_requested_at:
            self._stop_soon()
        run_asks.permissions_deliver(self)
        run_asks.follow_ups_deliver(self)

    def step(self) -> bool:
        """Do what there is to do without waiting; True if something happened."""
        exited = self.bundle.exit() is not None  # before the read: then an empty read is the end
        lines = self._reader.read()
        if lines:
            self._take(lines)
            return True
        self.effects.flush()
        self._snapshot_step()
        if exited or self._shim_lost():
            return self._ending_step()
        if self.decoder.turn_done:
            run_asks.turn_end(self)
        return False

    # ---- journal -> feed -> effects

    def _take(self, lines: list[JournalLine]) -> None:
        entries: list[feed.FeedEntry] = []
        fresh: list[tuple[int, Event]] = []
        for line in lines:
            self._n = line.n
            if line.id:
                self._seen_ids.add(line.id)
            events = self._redactor.stream(self.decoder.feed(line))
            for index, event in enumerate(events):
                self._seq += 1
                self._keep(event)
                fresh.append((self._seq, event))
                if self._seq > self._in_feed:
                    entries.append(
                        feed.FeedEntry(
                            seq=self._seq,
                            n=line.n,
                            i=index,
                            payload=event_payload(event),
                        )
                    )
        # Who sees a question may answer it at once: then it is there already.
        if any(isinstance(event, PermissionRequest) for _, event in fresh):
            self._apply(fresh)
            self._tell(entries)
        else:
            self._tell(entries)
            self._apply(fresh)
        self.effects.flush()

    def _tell(self, entries: list[feed.FeedEntry]) -> None:
        if entries:
            feed.append(self.run.id.hex, entries)
            self._in_feed = self._seq

    def _apply(self, fresh: list[tuple[int, Event]]) -> None:
        for seq, event in fresh:
            self.effects.apply(seq, event)
            if self.effects.workspace_changed:
                self.effects.workspace_changed = False
                self._snapshot_wanted = True

    def _keep(self, event: Event) -> None:
        if isinstance(event, End):
            self._end = event
        if isinstance(event, Message | Raw) and event.stream:
            self._last_lines.extend(event.text.splitlines()[-FAILURE_LINES:])
        if isinstance(event, Message) and event.stream == "err":
            self._complaints.append(event)
        elif not isinstance(event, Message | Raw | Thought | ToolCall | ToolUpdate):
            self._verdict_events.append(event)

    # ---- talking to the agent (used by run_asks)

    def tell(self, op: str, *, id: str, **fields: Any) -> None:
        """Send to the shim unless the journal shows that it arrived."""
        if id not in self._seen_ids:
            self.bundle.control(op, id=id, **fields)

    def heard(self, id: str) -> bool:
        return id in self._seen_ids

    # ---- Snapshots

    def _snapshot_step(self) -> None:
        if self._snapshot is not None:
            if not self._snapshot.done():
                return
            self._snapshot_finish()
        if self._ending:
            return
        if self._stop_after_snapshot or self.decoder.give_up:
            self._stop()
            return
        wanted = self._snapshot_wanted or self.adapter.capabilities.snapshots_by_timer
        if wanted and monotonic() >= self._snapshot_not_before:
            self._snapshot_start()

    def _stop_soon(self) -> None:
        """After a Snapshot of the work as it was, if that comes quickly: the last one keeps the work anyway."""
        if not self._stop_after_snapshot:
            self._stop_after_snapshot = True
            self._stop_at = monotonic() + STOP_WAIT_S
            self._snapshot_start()
        elif monotonic() >= self._stop_at:
            self._stop()

    def _stop(self) -> None:
        try:
            self.tell("stop", id="stop")
        except OSError:  # a full disk must not keep anybody from stopping who fills it
            self.bundle.terminate()
            raise

    def _snapshot_start(self) -> None:
        if self._snapshot is None:
            self._snapshot_wanted = False
            self._snapshot_began_at = monotonic()
            self._snapshot = self._pool.submit(_snapshot_job, self.run, self._n)

    def _snapshot_finish(self) -> None:
        future, self._snapshot = self._snapshot, None
        if future is None:
            return
        took = monotonic() - self._snapshot_began_at
        by_timer = self.adapter.capabilities.snapshots_by_timer
        least = SNAPSHOT_BY_TIMER_S if by_timer else SNAPSHOT_EVERY_S
        self._snapshot_not_before = monotonic() + max(least, SNAPSHOT_COST_FACTOR * took)
        try:
            snapshot = future.result()
        except (AppError, OSError) as exc:
            message = exc.message if isinstance(exc, AppError) else str(exc)
            log.warning("snapshot of run %s failed: %s", self.run.id.hex, message)
            if self._ending and not isinstance(exc, WorkspaceGoneError):
                if isinstance(exc, DiskFullError) or says_full(exc):
                    raise  # there is no end without the work's last state: again, when there is room
                self._final_failures.append(message)
                if self._final_tries_left:
                    return
            self._warn(f"A snapshot could not be taken: {message}")
            return
        self._final_failures.clear()
        if snapshot is not None and not self._ending:
            snapshot_note(self.bundle, snapshot)

    def _warn(self, text: str) -> None:
        if not self._ending:
            self.bundle.control("note", id=f"warning-{self._n}", d={"ev": "warning", "text": text})
        else:
            self.bundle.append_sys(
                {"ev": "warning", "text": text},
                t=run_ending.now(),
                id=f"warning-{self._n}",
            )

    # ---- the end

    @property
    def _ending(self) -> bool:
        return self._final_snapshot

    def _shim_lost(self) -> bool:
        """The shim is gone without having written how it ended."""
        if monotonic() - self._shim_checked_at < SHIM_CHECK_EVERY_S:
            return False
        self._shim_checked_at = monotonic()
        if self.bundle.shim() is None or self.bundle.shim_alive():
            return False
        return self.bundle.exit() is None

    def _ending_step(self) -> bool:
        if self._end is not None:
            if self._snapshot is not None:
                return False
            return self._finish(self._end)
        if not self._final_snapshot:
            if self._snapshot is not None:
                return False
            self._final_snapshot = True
            if self.bundle.exit() is None:
                self.bundle.kill_processes()
                self.bundle.scrub()
            self._snapshot_start()
            return True
        if self._snapshot is not None:
            return False
        if self._final_failures and self._final_tries_left:
            if monotonic() >= self._snapshot_not_before:
                self._snapshot_start()
            return False
        outcome = self._outcome()
        if self._final_failures:
            outcome = _not_stored(outcome, why=self._final_failures[-1])
        run_ending.journal_close(
            self.run,
            bundle=self.bundle,
            outcome=outcome,
            seen=self._seen_ids,
            offset=self._reader.offset,
        )
        return True

    def _finish(self, end: End) -> bool:
        """The final state, then the sealing beside the loop: the feed may be long."""
        if self._sealing is None:
            ours = run_ending.run_finish(
                self.run,
                end=end,
                fence=self.fence,
                last_seq=self._seq,
                last_lines=list(self._last_lines),
                heard=self.heard,
            )
            self.done = not ours
            if ours:
                self._sealing = self._pool.submit(_seal_job, self.run)
            return True
        if not self._sealing.done():
            return False
        self._sealing.result()
        self.done = True
        return True

    @property
    def _final_tries_left(self) -> bool:
        return len(self._final_failures) < FINAL_TRIES

    def _outcome(self) -> Outcome:
        exit_info = self.bundle.exit()
        if exit_info is None:
            return Outcome(
                state="lost",
                code="run.lost",
                message="The agent's supervisor was killed. What it had written is kept.",
            )
        events = [*self._verdict_events, *self._complaints]
        outcome = self.adapter.outcome(run_ending.exit_of(exit_info), events)
        # An agent that was done before it could be stopped has succeeded, whatever it cost.
        if outcome.state == "stopped" and budget_is_used(self.run.variant.task):
            return Outcome(
                state="failed",
                code="budget.exceeded",
                message=f"{USED_UP}, so the agent was stopped.",
            )
        return outcome


def _not_stored(outcome: Outcome, *, why: str) -> Outcome:
    """However the agent ended, what it left last is in no Snapshot: that must be seen before a merge."""
    text = f"The last state of the workspace could not be stored: {why}"
    return Outcome(state="failed", code=NOT_STORED, message=f"{outcome.message}\n{text}".strip())


def _seal_job(run: Run) -> None:
    with run_ending.database_thread():
        run_ending.run_seal(run)


def _snapshot_job(run: Run, journal_n: int) -> Snapshot | None:
    with run_ending.database_thread():
        return snapshot_take(run, journal_n=journal_n)
