"""Sides of a comparison, and how addresses, links and people name them.

`base` is the commit that the task started from. `A` is the newest state of a variant, `A@run2` its state at
the end of that run, `A@snapshot5` its fifth snapshot. Anything else is a commit of the project, by its id.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db.models import F, OuterRef, Q, Subquery

from orchestrator.git.hub import commit_log, commit_resolve
from orchestrator.lib.errors import Invalid, NotFound
from orchestrator.models import Run, Snapshot, Task, Variant

BASE = "base"
SNAPSHOTS_LISTED = 15
REF_PATTERN = "base|[A-Za-z](@(run|snapshot)[0-9]{1,6})?|[0-9a-fA-F]{7,40}"

_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_POINT = re.compile(r"([a-z])@(run|snapshot)([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison. `at` is set where it is not the newest state of its variant, `subject` where
    it is a commit that was made on the base."""

    ref: str
    commit: str
    letter: str = ""
    agent: str = ""
    at: str = ""  # run 2, snapshot 5
    subject: str = ""

    @property
    def name(self) -> str:
        if self.letter:
            return f"{self.letter} {self.at}".rstrip()
        return "base" if self.ref == BASE else self.commit[:7]


@dataclass(frozen=True, slots=True)
class Point:
    """An earlier state of a variant that can be chosen as a side."""

    ref: str
    name: str
    when: datetime | None
    files_changed: int
    insertions: int
    deletions: int


@dataclass(frozen=True, slots=True)
class History:
    letter: str
    runs: tuple[Point, ...]
    snapshots: tuple[Point, ...]
    older: int  # snapshots that are not listed


def side_get(*, task: Task, variants: Sequence[Variant], hub: Path, ref: str) -> Side:
    """The side that `ref` names. Ids are taken in any case, as people paste them."""
    asked = ref.strip()
    small = asked.lower()
    base = task.spec.base_commit
    if small == BASE:
        return Side(BASE, base)
    if len(small) == 1 and small.isascii() and small.isalpha():
        variant = _variant(variants, small)
        # Nothing snapshotted yet: it still is what it started from.
        return Side(variant.letter, variant.head_commit or base, variant.letter, variant.maker)
    if point := _POINT.fullmatch(small):
        variant = _variant(variants, point[1])
        number = int(point[3])
        commit = (_run_commit if point[2] == "run" else _snapshot_commit)(variant, number) or base
        at = f"{point[2]} {number}"
        ref = f"{variant.letter}@{point[2]}{number}"
        return Side(ref, commit, variant.letter, variant.maker, at)
    if _COMMIT.fullmatch(small):
        commit = commit_resolve(hub=hub, rev=small)
        made = commit_log(hub=hub, base=base, head=commit, limit=1)
        return Side(small, commit, subject=made[0].subject if made else "")
    raise Invalid(
        "revision.invalid",
        "A side of a comparison is base, a variant's letter (also with @run2 or @snapshot5), or a commit id.",
    )


def _variant(variants: Sequence[Variant], letter: str) -> Variant:
    for variant in variants:
        if variant.letter == letter.upper():
            return variant
    raise NotFound("variant.not-found", f"This task has no variant {letter.upper()}.")


def _run_commit(variant: Variant, number: int) -> str:
    """What the variant was when that run ended: the run itself may have changed nothing."""
    if not variant.runs.filter(number=number).exists():
        raise NotFound("run.not-found", f"Variant {variant.letter} has no run {number}.")
    found = variant.snapshots.filter(_until(number)).order_by("-id")
    return found.values_list("commit", flat=True).first() or ""


def _until(number: int | OuterRef) -> Q:
    """Snapshots of the Runs up to this one, and the one that a composed Variant began with."""
    return Q(run__number__lte=number) | Q(run=None, commit=F("variant__start_commit"))


def _snapshot_commit(variant: Variant, number: int) -> str:
    found = variant.snapshots.order_by("id").values_list("commit", flat=True)
    commit = found[number - 1 : number].first() if number else None
    if commit is None:
        raise NotFound("snapshot.not-found", f"Variant {variant.letter} has no snapshot {number}.")
    return commit


def history_of(variant: Variant) -> History:
    """Its runs and newest snapshots, newest first."""
    total = variant.snapshots.count()
    newest = variant.snapshots.order_by("-id")[:SNAPSHOTS_LISTED]
    snapshots = tuple(
        _point(f"{variant.letter}@snapshot{total - i}", f"Snapshot {total - i}", snapshot)
        for i, snapshot in enumerate(newest)
    )
    last = Snapshot.objects.filter(_until(OuterRef("number")), variant=variant)
    runs = list(
        Run.objects.filter(variant=variant)
        .annotate(last=Subquery(last.order_by("-id").values("id")[:1]))
        .order_by("-number")
    )
    known = Snapshot.objects.in_bulk([run.last for run in runs if run.last])
    return History(
        letter=variant.letter,
        runs=tuple(
            _point(
                f"{variant.letter}@run{run.number}", f"End of run {run.number}", known.get(run.last)
            )
            for run in runs
        ),
        snapshots=snapshots,
        older=total - len(snapshots),
    )


def _point(ref: str, name: str, snapshot: Snapshot | None) -> Point:
    if snapshot is None:
        return Point(ref, name, None, 0, 0, 0)
    return Point(
        ref,
        name,
        snapshot.taken_at,
        snapshot.files_changed,
        snapshot.insertions,
        snapshot.deletions,
    )
