"""The end of a Run: the journal's last lines, the final state, sealing the feed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.utils import timezone

from agents.adapters.base import SESSION_LOST, Exit, Outcome
from agents.bundle import Bundle, ExitInfo
from agents.events import End, event_payload
from orchestrator import feed
from orchestrator.lib import paths, queue
from orchestrator.models import FollowUp, Run, Variant
from orchestrator.services.run_states import run_changed, run_transition
from orchestrator.services.snapshots import snapshot_data
from orchestrator.states import RUN_TERMINAL, MessageState, RunState


def now() -> float:
    return time.time()


@contextmanager
def database_thread() -> Iterator[None]:
    """Give the thread's database connection back when the work is done."""
    try:
        yield
    finally:
        connection.close()


def exit_of(info: ExitInfo) -> Exit:
    return Exit(
        code=info.code,
        signal=info.signal,
        reason=info.reason,
        step=info.step,
        detail=info.detail,
    )


def journal_close(
    run: Run, *, bundle: Bundle, outcome: Outcome, seen: Collection[str], offset: int
) -> None:
    """Append what the shim did not see any more, then the `end` line. Repeating it changes nothing.

    `seen` are the ids that the journal holds before the byte `offset`.
    """
    info = bundle.exit()
    end = {
        "ev": "end",
        "state": outcome.state,
        "code": outcome.code,
        "message": outcome.message,
        "exit_code": info.code if info else None,
    }
    taken = [(f"snapshot-{one.pk}", snapshot_data(one)) for one in run.snapshots.all()]
    bundle.append_missing([*taken, ("end", end)], t=now(), seen=seen, offset=offset)


def run_finish(
    run: Run,
    *,
    end: End,
    fence: int,
    last_seq: int,
    last_lines: list[str],
    heard: Callable[[str], bool],
) -> bool:
    """Write the Run's final state; safe to repeat from any point. False if another process has taken it.

    `heard` says whether a control id reached the journal.
    """
    with transaction.atomic():
        run_transition(
            run,
            RunState(end.state),
            fence=fence,
            text=end.message,
            exit_code=end.exit_code,
            failure_code=end.code,
            failure_message=end.message,
            failure_lines=last_lines if end.code else [],
            last_seq=last_seq,
        )
        fresh = Run.objects.get(pk=run.pk)
        if fresh.fence != fence:
            return False
        if end.code == SESSION_LOST and fresh.resumes:
            _anew(fresh)
        elif fresh.session:
            Variant.objects.filter(pk=run.variant_id).update(session=fresh.session)
        _unheard_return(fresh, heard)
    return True


def run_seal(run: Run) -> None:
    """Put the whole feed into storage, which takes its time, and say that all is done."""
    feed.seal(run.id.hex)
    _sealed(run)


def _anew(run: Run) -> None:
    """Its texts become a Run that is told everything, in a new session."""
    Variant.objects.filter(pk=run.variant_id).update(session="")
    state = MessageState.HELD if run.stop_requested_at else MessageState.QUEUED
    FollowUp.objects.filter(run=run).update(state=state, run=None)


def _unheard_return(run: Run, heard: Callable[[str], bool]) -> None:
    """Texts that were sent to the agent but reached it no more wait for its next Run, or after a stop to be sent."""
    state = MessageState.HELD if run.stop_requested_at else MessageState.QUEUED
    for follow_up in FollowUp.objects.filter(run=run, state=MessageState.STEERED):
        if not heard(f"message-{follow_up.pk}"):
            FollowUp.objects.filter(pk=follow_up.pk).update(state=state, run=None)


def run_lose(run: Run) -> None:
    """The bundle of a Run that was at work is gone, and with it whatever could tell how it ends."""
    Bundle(paths.bundle_dir(run.id.hex)).kill_processes()
    run_transition(
        run,
        RunState.LOST,
        fence=run.fence,
        failure_code="run.lost",
        failure_message="The run's files are gone from this machine. What was stored of its work is kept.",
    )


def run_seal_unfollowed(run: Run) -> None:
    """A Run that ended before anything was started, or whose journal is gone: only its end is still to tell."""
    Bundle(paths.bundle_dir(run.id.hex)).give_up()  # if its start was cut off before the shim
    end = End(
        time=run.ended_at.timestamp() if run.ended_at else now(),
        state=run.state,
        code=run.failure_code,
        message=run.failure_message,
    )
    position = feed.position(run.id.hex)
    last = position.seq if position else 0
    if not feed.read(run.id.hex, after=last - 1, limit=1).ended:
        last += 1
        entry = feed.FeedEntry(seq=last, n=0, i=0, payload=event_payload(end))
        feed.append(run.id.hex, [entry])
        Run.objects.filter(pk=run.pk).update(last_seq=last)
    run_seal(run)


def _sealed(run: Run) -> None:
    with transaction.atomic():
        Run.objects.filter(pk=run.pk, state__in=RUN_TERMINAL, sealed_at=None).update(
            sealed_at=timezone.now(),
            secrets_encrypted=b"",
            lease_owner="",
            lease_until=None,
        )
        if run.state == RunState.SUCCEEDED:
            Variant.objects.filter(pk=run.variant_id).update(autostart_due_at=timezone.now())
        run_changed(run)
        queue.enqueue("orchestrator.run_ended", run_id=run.id.hex)
