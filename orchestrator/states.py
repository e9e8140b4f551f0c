"""All states of the domain and the moves between them. One place; everything else asks here."""

from __future__ import annotations

from django.db.models import TextChoices


class ProjectState(TextChoices):
    PENDING = "pending"
    CLONING = "cloning"
    READY = "ready"
    FAILED = "failed"


class Isolation(TextChoices):
    WORKTREE = "worktree"


class EnvironmentState(TextChoices):
    NONE = "none"
    READY = "ready"
    REMOVED = "removed"


class RunState(TextChoices):
    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMED_OUT = "timed_out"
    LOST = "lost"


RUN_TERMINAL = frozenset(
    {
        RunState.SUCCEEDED,
        RunState.FAILED,
        RunState.STOPPED,
        RunState.TIMED_OUT,
        RunState.LOST,
    }
)
RUN_STARTED = frozenset({RunState.PREPARING, RunState.RUNNING, RunState.WAITING})
RUN_ACTIVE = RUN_STARTED | {RunState.QUEUED}

# to-state -> the states it may be reached from
RUN_SOURCES: dict[RunState, frozenset[RunState]] = {
    RunState.PREPARING: frozenset({RunState.QUEUED}),
    RunState.RUNNING: frozenset({RunState.PREPARING, RunState.WAITING}),
    RunState.WAITING: frozenset({RunState.RUNNING, RunState.PREPARING}),
    RunState.SUCCEEDED: RUN_STARTED,
    RunState.FAILED: RUN_ACTIVE,
    RunState.STOPPED: RUN_ACTIVE,
    RunState.TIMED_OUT: RUN_STARTED,
    RunState.LOST: RUN_STARTED,
}


class PermissionState(TextChoices):
    PENDING = "pending"
    ALLOWED = "allowed"
    DENIED = "denied"
    OBSOLETE = "obsolete"  # the Run ended before an answer


class MessageState(TextChoices):
    """A person's follow-up text: QUEUED until it reached an agent (steered in) or became a Run.

    HELD: a stop came first; it goes along with the next text that somebody sends.
    """

    QUEUED = "queued"
    HELD = "held"
    STEERED = "steered"
    RUN = "run"


class Resolution(TextChoices):
    """What became of a Task as a whole. `merging` is also the lock that makes two clicks one merge."""

    OPEN = "open"
    MERGING = "merging"
    MERGED = "merged"
    CLOSED = "closed"


TASK_UNRESOLVED = frozenset({Resolution.OPEN, Resolution.MERGING})


RESOLUTION_SOURCES: dict[Resolution, frozenset[Resolution]] = {
    Resolution.OPEN: frozenset({Resolution.MERGING, Resolution.CLOSED}),
    Resolution.MERGING: frozenset({Resolution.OPEN}),
    Resolution.MERGED: frozenset({Resolution.MERGING}),
    Resolution.CLOSED: frozenset({Resolution.OPEN}),
}


class TaskState(TextChoices):
    """Derived when read, never stored."""

    QUEUED = "queued"
    RUNNING = "running"
    NEEDS_YOU = "needs_you"
    READY = "ready"
    MERGING = "merging"
    MERGED = "merged"
    CLOSED = "closed"


class VariantState(TextChoices):
    """Derived when read, never stored."""

    QUEUED = "queued"
    WORKING = "working"
    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"
    MERGED = "merged"
    ARCHIVED = "archived"


VARIANT_BROKEN = frozenset({VariantState.FAILED, VariantState.LOST})
VARIANT_ACTIVE = frozenset({VariantState.QUEUED, VariantState.WORKING, VariantState.WAITING})


class PreviewState(TextChoices):
    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"
    EXITED = "exited"


PREVIEW_SOURCES: dict[PreviewState, frozenset[PreviewState]] = {
    PreviewState.STARTING: frozenset(
        {PreviewState.STOPPED, PreviewState.FAILED, PreviewState.EXITED}
    ),
    PreviewState.READY: frozenset({PreviewState.STARTING}),
    PreviewState.FAILED: frozenset({PreviewState.STARTING, PreviewState.READY}),
    PreviewState.EXITED: frozenset({PreviewState.STARTING, PreviewState.READY}),
    PreviewState.STOPPED: frozenset(
        {
            PreviewState.STARTING,
            PreviewState.READY,
            PreviewState.FAILED,
            PreviewState.EXITED,
        }
    ),
}

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
VARIANTS_MAX = 16


def variant_state(*, run: str | None, merged: bool = False, archived: bool = False) -> VariantState:
    """The state of a Variant from its newest Run's state; merged and archived win over the Run."""
    if merged:
        return VariantState.MERGED
    if archived:
        return VariantState.ARCHIVED
    match run:
        case None | RunState.SUCCEEDED:
            return VariantState.READY
        case RunState.QUEUED:
            return VariantState.QUEUED
        case RunState.PREPARING | RunState.RUNNING:
            return VariantState.WORKING
        case RunState.WAITING:
            return VariantState.WAITING
        case RunState.STOPPED:
            return VariantState.STOPPED
        case RunState.LOST:
            return VariantState.LOST
        case _:
            return VariantState.FAILED


def task_state(*, resolution: str, variants: list[VariantState]) -> TaskState:
    """The state of a Task: what it was resolved to, else what its Variants say, the most urgent first."""
    match resolution:
        case Resolution.MERGING:
            return TaskState.MERGING
        case Resolution.MERGED:
            return TaskState.MERGED
        case Resolution.CLOSED:
            return TaskState.CLOSED
    if VariantState.WAITING in variants:
        return TaskState.NEEDS_YOU
    if VariantState.WORKING in variants:
        return TaskState.RUNNING
    if VariantState.QUEUED in variants:
        return TaskState.QUEUED
    return TaskState.READY
