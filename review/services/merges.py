"""Merging the chosen Variant into the origin: one merge per Task, whoever clicks, whatever dies.

The order is what makes it safe. The Task's resolution `merging` is the lock. The commit is made in the
hub, then written down with the tip it was made for, and only then pushed, by compare-and-swap on that
tip. A Merge found `pushing` without its process is pushed again: the same commit on the same tip can
land once only, so it makes no difference whether the first push arrived.
"""

from __future__ import annotations

import logging
import re
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from orchestrator.git import hub as git_hub
from orchestrator.git import merges as git_merges
from orchestrator.git.merges import PushState
from orchestrator.git.refs import SourceKind, display_path, source_check
from orchestrator.git.run import BAKEOFF, Identity, person_config
from orchestrator.lib import paths
from orchestrator.lib.errors import AppError, Conflict, Invalid
from orchestrator.lib.processes import process_alive, process_name
from orchestrator.models import Project, Task, Variant
from orchestrator.selectors.tasks import variant_changed
from orchestrator.services import activity
from orchestrator.services.snapshots import last_state_store
from orchestrator.services.tasks import task_resolve
from orchestrator.states import RUN_ACTIVE, Resolution
from review.merging.messages import message_check, text_check
from review.models import Decision, Merge
from review.models.merge import MERGE_SOURCES, MergeState, Strategy
from review.selectors import merges as selectors

log = logging.getLogger(__name__)

# How long a push may go on at the origin after the git process that began it was killed.
ORPHAN_LIFE = timedelta(seconds=60)
# What the origin says to a push before it takes anything of it.
NEVER_BEGAN = frozenset(
    {"project.auth", "project.not-repository", "project.host-key", "project.certificate"}
)
_COMMIT_PREFIX = re.compile(r"[0-9a-f]{7,40}")


def variant_merge(
    *,
    user: User | None,
    variant: Variant,
    strategy: str,
    message: str = "",
    why: str = "",
    expected_target: str = "",
) -> Merge:
    """Merge the Variant's newest Snapshot into its target; the Merge says what became of it.

    `expected_target` is the commit that the person has looked at: if the target is elsewhere by now,
    nothing is merged.
    """
    if strategy not in Strategy.values:
        raise Invalid("merge.strategy", f"The strategy is one of: {', '.join(Strategy.values)}.")
    if expected_target and not _COMMIT_PREFIX.fullmatch(expected_target):
        raise Invalid("merge.expected-target", "The expected target is the id of a commit.")
    message = message_check(message or selectors.merge_message_default(variant))
    text_check(why, field="why")
    _last_state_check(variant)
    merge = _merge_begin(
        user=user, variant=variant, strategy=strategy, message=message, why=why.strip()
    )
    try:
        _merge_prepare(merge, expected_target=expected_target)
        if merge.state == MergeState.PUSHING:
            _merge_push(merge)
    finally:
        _owner_release(merge)
    merge.refresh_from_db()
    return merge


def _last_state_check(variant: Variant) -> None:
    """Nothing is merged without the agent's last state, nor before a person could look at it."""
    letter = variant.letter
    try:
        stored = last_state_store(variant)
    except (AppError, OSError) as exc:
        why = exc.message if isinstance(exc, AppError) else str(exc)
        raise Conflict(
            "variant.not-stored", f"The last state of {letter} could not be stored: {why}"
        ) from exc
    if stored is not None:
        raise Conflict(
            "variant.stored-late",
            f"The last state of {letter} was stored only now. Look at its changes, then merge.",
        )


def merges_recover() -> int:
    """Finish what a process that is gone has left half-way; returns how many Merges were taken up."""
    left = Merge.objects.filter(
        state__in=(MergeState.PLANNED, MergeState.PUSHING),
        decision__variant__task__project__host=paths.host_id(),
    ).select_related("decision__variant__task__project", "decision__decided_by")
    taken = 0
    for merge in left:
        if not _owner_take(merge):
            continue
        taken += 1
        try:
            _merge_resume(merge)
        except (AppError, OSError):
            log.exception("merge %s could not be taken up; it is tried again", merge.pk)
        finally:
            _owner_release(merge)
    return taken


def _merge_begin(
    *, user: User | None, variant: Variant, strategy: str, message: str, why: str
) -> Merge:
    """Take the Task's lock and write down what is to be merged, in one transaction."""
    task = variant.task
    target = selectors.merge_target(task)
    with transaction.atomic():
        if not task_resolve(task=task, to=Resolution.MERGING, user=user, variant=variant):
            raise _not_open(task)
        locked = Variant.objects.select_for_update().get(pk=variant.pk)
        if locked.archived_at is not None:
            raise Conflict("variant.archived", f"Variant {locked.letter} is archived.")
        if locked.runs.filter(state__in=RUN_ACTIVE).exists():
            raise Conflict(
                "variant.working",
                f"Variant {locked.letter} is still at work: wait until it is done, or stop it.",
            )
        decision = Decision.objects.create(task=task, variant=locked, why=why, decided_by=user)
        merge = Merge.objects.create(
            decision=decision,
            strategy=strategy,
            message=message,
            head_commit=locked.head_commit,
            target_branch=target,
            owner=process_name(),
        )
    merge.decision.variant = variant
    return merge


def _not_open(task: Task) -> Conflict:
    task.refresh_from_db()
    if task.resolution == Resolution.MERGED:
        letter = task.merged_variant.letter if task.merged_variant else "?"
        return Conflict("task.merged", f"This task is merged already: it was variant {letter}.")
    if task.resolution == Resolution.MERGING:
        return Conflict("task.merging", "This task is being merged at this moment.")
    return Conflict("task.closed", "This task is closed: open it again before you merge.")


def _merge_prepare(merge: Merge, *, expected_target: str) -> None:
    """Make the commit in the hub and write it down; a Merge that cannot be ends here."""
    variant = merge.decision.variant
    hub = paths.hub_dir(variant.task.project_id)
    if not variant_changed(variant):
        _settle(merge, MergeState.REFUSED, reason=f"Variant {variant.letter} has changed no file.")
        return
    try:
        git_hub.hub_fetch(hub=hub)
        target = git_hub.branch_commit(hub=hub, branch=merge.target_branch)
        if not target.startswith(expected_target):
            raise selectors.target_moved(merge.target_branch, target)
        forecast = git_merges.merge_forecast(hub=hub, target=target, head=merge.head_commit)
        if not forecast.clean:
            conflicts = [
                {key: display_path(str(value)) for key, value in asdict(conflict).items()}
                for conflict in forecast.conflicts
            ]
            _settle(
                merge,
                MergeState.CONFLICT,
                reason=selectors.conflict_sentence(merge.target_branch, conflicts),
                conflicts=conflicts,
                target_commit=target,
            )
            return
        commit = git_merges.merge_commit(
            hub=hub,
            target=target,
            head=merge.head_commit,
            message=merge.message,
            strategy=merge.strategy,
            author=author_of(merge.decision.decided_by, project=variant.task.project),
        )
    except AppError as exc:
        _settle(merge, MergeState.REFUSED, reason=exc.message)
        if exc.code == selectors.TARGET_MOVED:
            raise
        return
    _merge_move(merge, MergeState.PUSHING, target_commit=target, commit=commit)


def _merge_push(merge: Merge, *, resumed: bool = False) -> None:
    """Push and settle. `resumed`: an earlier push, cut off here, may still be going on over there."""
    waited = timezone.now() - merge.created_at >= ORPHAN_LIFE
    try:
        result = git_merges.push(
            hub=paths.hub_dir(merge.decision.variant.task.project_id),
            commit=merge.commit,
            branch=merge.target_branch,
            expected=merge.target_commit,
        )
    except AppError as exc:
        # The answer is lost, the push may have arrived: the origin knows, now or at the next sweep.
        log.warning("push of merge %s: %s", merge.pk, exc.message)
        Merge.objects.filter(pk=merge.pk, state=MergeState.PUSHING).update(reason=exc.message)
        final = exc.code in NEVER_BEGAN or (resumed and waited)
        if _settle_if_landed(merge) is False and final:
            _settle(merge, MergeState.REFUSED, reason=exc.message)
        return
    if result.state == PushState.PUSHED:
        _settle(merge, MergeState.MERGED)
    elif _settle_if_landed(merge) is False and (waited or not resumed):
        _settle(merge, MergeState.REFUSED, reason=result.reason)


def _merge_resume(merge: Merge) -> None:
    if merge.state == MergeState.PLANNED:
        reason = "Bakeoff was stopped before anything was merged. Merge again."
        _settle(merge, MergeState.REFUSED, reason=reason)
    elif _settle_if_landed(merge) is False:
        _merge_push(merge, resumed=True)


def _settle_if_landed(merge: Merge) -> bool | None:
    """Ask the origin whether the commit is in its branch, and end the Merge if it is; None: no answer."""
    hub = paths.hub_dir(merge.decision.variant.task.project_id)
    try:
        git_hub.hub_fetch(hub=hub)
        tip = git_hub.branch_commit(hub=hub, branch=merge.target_branch)
        missing = git_hub.commit_log(hub=hub, base=tip, head=merge.commit, limit=1)
    except AppError as exc:
        log.warning("merge %s: the origin does not answer: %s", merge.pk, exc.message)
        return None
    if missing:
        return False
    _settle(merge, MergeState.MERGED)
    return True


def _merge_move(merge: Merge, to: MergeState, **fields: Any) -> bool:
    """The guarded change of a Merge's state; False if another process was first."""
    moved = Merge.objects.filter(pk=merge.pk, state__in=MERGE_SOURCES[to]).update(
        state=to, **fields
    )
    if not moved:
        merge.refresh_from_db(fields=["state"])
        return False
    merge.state = to
    for name, value in fields.items():
        setattr(merge, name, value)
    return True


def _settle(merge: Merge, to: MergeState, *, reason: str = "", **fields: Any) -> bool:
    """End a Merge and give the Task its resolution, both or neither."""
    decision = merge.decision
    variant, user = decision.variant, decision.decided_by
    merged = to == MergeState.MERGED
    with transaction.atomic():
        if not _merge_move(merge, to, reason=reason, ended_at=timezone.now(), **fields):
            return False
        activity.record(
            verb=f"merge.{to}",
            user=user,
            variant=variant,
            text=reason or f"{merge.commit[:7]} on {merge.target_branch}",
        )
        resolution = Resolution.MERGED if merged else Resolution.OPEN
        text = f"into {merge.target_branch}" if merged else reason
        if not task_resolve(
            task=variant.task, to=resolution, user=user, variant=variant, text=text
        ):
            # Nothing else may end what a Merge holds. What became of it is told all the same.
            log.error("task %s was not held by merge %s: %s", variant.task_id, merge.pk, to)
    return True


def _owner_take(merge: Merge) -> bool:
    if merge.owner and process_alive(merge.owner):
        return False
    taken = Merge.objects.filter(pk=merge.pk, owner=merge.owner).update(owner=process_name())
    merge.owner = process_name()
    return bool(taken)


def _owner_release(merge: Merge) -> None:
    Merge.objects.filter(pk=merge.pk, owner=process_name()).update(owner="")


def author_of(user: User | None, *, project: Project) -> Identity:
    """Who merges is the commit's author: as the account says, else as git on this machine says.

    The owner of an installation is the person whose account it runs in; their git knows them by name,
    and in some repositories by another one.
    """
    if user is None:
        return BAKEOFF
    name = user.get_full_name() or user.get_username()
    if user.email:
        return Identity(name, user.email)
    if user.is_superuser:
        source = source_check(project.source)
        place = Path(source.location) if source.kind is SourceKind.PATH else Path("/")
        config = dict(person_config(repository=place))
        if config.get("user.email"):
            return Identity(config.get("user.name") or name, config["user.email"])
    return Identity(name, f"{user.get_username()}@bakeoff.localhost")
