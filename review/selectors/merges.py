"""What merging a Variant would do, and what became of earlier tries. Writes git objects and fetched refs only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from orchestrator.git import hub as git_hub
from orchestrator.git import merges as git_merges
from orchestrator.git.diffs import DiffStat, stat
from orchestrator.git.origin import origin_inspect, read_small
from orchestrator.git.refs import SourceKind, display_path, source_check
from orchestrator.lib import paths
from orchestrator.lib.errors import AppError, Conflict
from orchestrator.models import Project, Task, Variant
from orchestrator.selectors.tasks import merge_problem
from orchestrator.states import Resolution
from review.merging.messages import message_default
from review.models import Merge
from review.models.merge import MergeState
from review.selectors.composing import composition_of, sources_say

TARGET_MOVED = "merge.target-moved"
NAMED_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRow:
    path: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow:
    """`problem` says why nothing can be merged now; `fresh` whether the origin was asked for this."""

    branch: str
    target: str = ""
    fresh: bool = False
    checked_at: datetime | None = None
    clean: bool = False
    conflicts: tuple[ConflictRow, ...] = ()
    newer: int = 0  # commits of the target that the Variant was made without
    commits: int = 0  # what it would bring
    change: DiffStat | None = None  # what it would change there; None if it does not merge
    landing: str = ""
    problem: str = ""


def merge_target(task: Task) -> str:
    """The origin's branch that the Task's Variants are merged into."""
    names = {branch.name for branch in git_hub.hub_branches(paths.hub_dir(task.project_id))}
    base = task.spec.base_branch
    return base if base in names else task.project.default_branch


def merge_message_default(variant: Variant) -> str:
    composition = composition_of(variant)
    return message_default(
        title=(composition and composition.title) or variant.task.title,
        why=composition.why if composition else "",
        task_id=variant.task_id,
        letter=variant.letter,
        agent=variant.agent.name,
        model=variant.model,
        composed_from=sources_say(composition.sources) if composition else "",
        variants=variant.task.variants.count(),
    )


def target_moved(branch: str, tip: str) -> Conflict:
    return Conflict(
        TARGET_MOVED,
        f"{branch} has moved to {tip[:7]} since you looked. Look at the forecast, then merge again.",
        {"target": tip},
    )


def conflict_sentence(branch: str, conflicts: Sequence[Mapping[str, str]]) -> str:
    names = list(dict.fromkeys(conflict["path"] for conflict in conflicts))
    shown = ", ".join(names[:NAMED_MAX])
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return f"Conflicts with {branch} in {shown}{more}. Nothing was changed."


def origin_is_local(project: Project) -> bool:
    return source_check(project.source).kind is SourceKind.PATH


def merge_forecast_get(*, variant: Variant, ask_origin: bool) -> ForecastRow:
    """Try the merge in the hub. Without `ask_origin`, against the target as it was last fetched."""
    task = variant.task
    hub = paths.hub_dir(task.project_id)
    branch = merge_target(task)
    problem = merge_problem(variant)
    if problem:
        return ForecastRow(branch=branch, problem=problem)
    checked_at = task.project.fetched_at
    try:
        if ask_origin:
            git_hub.hub_fetch(hub=hub)
            checked_at = timezone.now()
        target = git_hub.branch_commit(hub=hub, branch=branch)
        forecast = git_merges.merge_forecast(hub=hub, target=target, head=variant.head_commit)
        change = stat(hub=hub, left=target, right=forecast.tree) if forecast.tree else None
        landing = _landing(task.project, branch)
    except AppError as exc:
        return ForecastRow(branch=branch, problem=exc.message)
    if forecast.ahead == 0:
        return ForecastRow(branch=branch, problem=f"{branch} has everything of it already.")
    return ForecastRow(
        branch=branch,
        target=target,
        fresh=ask_origin,
        checked_at=checked_at,
        clean=forecast.clean,
        conflicts=tuple(
            ConflictRow(path=display_path(c.path), message=display_path(c.message))
            for c in forecast.conflicts
        ),
        newer=forecast.behind,
        commits=forecast.ahead,
        change=change,
        landing=landing,
    )


def _landing(project: Project, branch: str) -> str:
    """Where the merge arrives, and how, in one sentence."""
    origin = source_check(project.source)
    place = display_path(origin.location)
    if origin.kind is SourceKind.URL:
        return f"Pushes to {branch} at {place}."
    found = origin_inspect(Path(origin.location))
    if found.bare:
        return f"Pushes to {branch} of the bare repository {place}."
    head = (read_small(found.git_dir / "HEAD") or "").strip()
    if head == f"ref: refs/heads/{branch}":
        return f"Fast-forwards the working copy at {place}, if it has no uncommitted changes."
    return f"Moves {branch} in the repository {place}."


def merges_of(task: Task) -> list[Merge]:
    """All tries, newest first."""
    return list(
        Merge.objects.filter(decision__task=task)
        .select_related("decision__variant", "decision__decided_by")
        .order_by("-pk")
    )


def merge_hindrance(task: Task) -> str:
    """Why the push of the Merge under way has had no answer yet; empty if nothing is known."""
    if task.resolution != Resolution.MERGING:
        return ""
    under_way = Merge.objects.filter(decision__task=task, state=MergeState.PUSHING)
    return under_way.values_list("reason", flat=True).first() or ""


def merge_done(task: Task) -> Merge | None:
    """The Merge that the Task was resolved by."""
    if task.resolution != Resolution.MERGED:
        return None
    return next((merge for merge in merges_of(task) if merge.state == "merged"), None)
