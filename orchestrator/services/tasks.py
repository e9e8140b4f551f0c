"""Submitting and resolving Tasks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Set
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction

from agents.clean import UNSTORABLE
from agents.models import AgentProfile
from orchestrator.git import hub as git_hub
from orchestrator.git.errors import CommitNotFoundError, InvalidRefError
from orchestrator.git.refs import ref_name_check
from orchestrator.lib import paths, queue
from orchestrator.lib.errors import Conflict, Invalid
from orchestrator.lib.live import publish
from orchestrator.lib.prompts import prompt_first
from orchestrator.models import Project, Run, Spec, Task, Variant
from orchestrator.services import activity, projects
from orchestrator.services.runs import task_stop
from orchestrator.states import (
    LETTERS,
    RESOLUTION_SOURCES,
    VARIANTS_MAX,
    Isolation,
    ProjectState,
    Resolution,
)

SPEC_LIMIT_BYTES = 2 * 1024 * 1024
TIMEOUT_MAX_S = 7 * 24 * 3600
BUDGET_MIN_USD = Decimal("0.01")
BUDGET_LIMIT_USD = 10**7


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantRequest:
    agent: str
    model: str = ""
    isolation: str = Isolation.WORKTREE
    strategy: str = ""
    count: int = 1


def task_submit(
    *,
    user: User | None,
    project: Project,
    title: str,
    spec: str,
    base: str = "",
    rubric: str = "",
    variants: Sequence[VariantRequest],
    budget_usd: Decimal | None = None,
    timeout_s: int | None = None,
) -> Task:
    """Store the spec on a pinned base commit and queue one Run per Variant. Fields at fault are in `details`."""
    title = " ".join(title.split())
    rows = _rows_check(variants)
    _texts_check(title=title, spec=spec, rubric=rubric, variants=variants)
    if timeout_s is not None and not 1 <= timeout_s <= TIMEOUT_MAX_S:
        raise _invalid("timeout_s", "The time limit must be between 1 second and 7 days.")
    if budget_usd is not None and not (
        budget_usd.is_finite() and BUDGET_MIN_USD <= budget_usd < BUDGET_LIMIT_USD
    ):
        raise _invalid("budget_usd", "The budget must be at least 1 cent, and under $10 million.")
    if project.state != ProjectState.READY:
        raise Conflict("project.not-ready", f"Project “{project.name}” is not ready yet.")
    branch = base or project.default_branch
    commit = _base_commit(project=project, base=branch)

    with transaction.atomic():
        task = Task.objects.create(
            project=project,
            spec=Spec.objects.create(
                text=spec,
                sha256=hashlib.sha256(spec.encode()).hexdigest(),
                base_branch=branch,
                base_commit=commit,
            ),
            title=title,
            rubric=rubric,
            timeout_s=timeout_s,
            budget_usd=budget_usd,
            created_by=user,
        )
        for position, (agent, row) in enumerate(rows):
            letter = LETTERS[position]
            variant = Variant.objects.create(
                task=task,
                position=position,
                letter=letter,
                agent=agent,
                model=row.model or agent.model,
                isolation=row.isolation,
                strategy=row.strategy,
                branch=f"bakeoff/{task.pk}/{letter}",
            )
            Run.objects.create(
                variant=variant,
                number=1,
                prompt=prompt_first(spec=spec, strategy=row.strategy),
            )
        activity.record(
            verb="task.submitted",
            user=user,
            task=task,
            text=f"{len(rows)} variant{'' if len(rows) == 1 else 's'}",
        )
        queue.enqueue("orchestrator.schedule_tick")
        publish("home")
        publish("slots")
    return task


def task_close(*, user: User | None, task: Task) -> None:
    """Close without merging and stop what is at work, both or neither."""
    with transaction.atomic():
        if task_resolve(task=task, to=Resolution.CLOSED, user=user):
            task_stop(user=user, task=task)
            return
    task.refresh_from_db()
    if task.resolution != Resolution.CLOSED:
        raise Conflict("task.resolved", f"The task is {task.resolution}; it is not closed.")


def task_reopen(*, user: User | None, task: Task) -> bool:
    """Take a closed Task up again. One that is being merged is opened by its Merge alone, which holds it."""
    return task_resolve(task=task, to=Resolution.OPEN, user=user, sources={Resolution.CLOSED})


def task_resolve(
    *,
    task: Task,
    to: Resolution,
    user: User | None = None,
    variant: Variant | None = None,
    text: str = "",
    sources: Set[Resolution] | None = None,
) -> bool:
    """Move the Task's resolution; False if it is no longer where the move starts."""
    sources = RESOLUTION_SOURCES[to] if sources is None else sources
    with transaction.atomic():
        moved = Task.objects.filter(pk=task.pk, resolution__in=sources).update(
            resolution=to, merged_variant=variant if to == Resolution.MERGED else None
        )
        if not moved:
            return False
        activity.record(
            verb=f"task.{to}",
            user=user,
            task=task,
            variant=variant,
            source_state=task.resolution,
            state=to,
            text=text,
        )
        publish(f"task:{task.pk}")
        publish("home")
    task.refresh_from_db()
    return True


def _invalid(field: str, message: str) -> Invalid:
    return Invalid("task.invalid", message, {"fields": {field: message}})


def _texts_check(*, title: str, spec: str, rubric: str, variants: Sequence[VariantRequest]) -> None:
    if not title:
        raise _invalid("title", "Give the task a title.")
    if len(title) > 200:
        raise _invalid("title", "The title may have 200 characters at most.")
    if not spec.strip():
        raise _invalid("spec", "Say what is to be done: the spec is empty.")
    texts = {"title": title, "spec": spec, "rubric": rubric}
    texts |= {"variants": "".join(row.strategy + row.model for row in variants)}
    for field, text in texts.items():
        if UNSTORABLE.search(text):
            raise _invalid(field, "The text holds a character that cannot be stored.")
        if len(text.encode()) > SPEC_LIMIT_BYTES:
            raise _invalid(field, "The text is over 2 MB.")


def _rows_check(
    variants: Sequence[VariantRequest],
) -> list[tuple[AgentProfile, VariantRequest]]:
    """One entry per Variant, in order."""
    if not variants:
        raise _invalid("variants", "Choose at least one agent.")
    if any(not 1 <= row.count <= VARIANTS_MAX for row in variants):
        raise _invalid("variants", f"The count of a row must be 1 to {VARIANTS_MAX}.")
    if sum(row.count for row in variants) > VARIANTS_MAX:
        raise _invalid("variants", f"A task may have {VARIANTS_MAX} variants at most.")
    names = {row.agent for row in variants}
    profiles = {
        profile.name: profile
        for profile in AgentProfile.objects.filter(name__in=names, archived_at=None)
    }
    for row in variants:
        if row.agent not in profiles:
            raise _invalid("variants", f"There is no agent “{row.agent}”.")
        if row.isolation not in Isolation.values:
            raise _invalid("variants", f"Isolation “{row.isolation}” is not one of: worktree.")
        if len(row.model) > 120:
            raise _invalid("variants", "The name of a model may have 120 characters at most.")
    return [(profiles[row.agent], row) for row in variants for _ in range(row.count)]


def _base_commit(*, project: Project, base: str) -> str:
    """The commit that `base` (a branch of the origin, or a commit) is at now; fetches the origin first.

    Nothing derived from one (`main~2`, `main@{1}`): what is merged later goes to the branch that is named.
    """
    projects.project_refresh(project=project)
    try:
        ref_name_check(base)
        return git_hub.commit_resolve(hub=paths.hub_dir(project.pk), rev=base)
    except (CommitNotFoundError, InvalidRefError):
        raise _invalid("base", f"There is no branch or commit “{base[:100]}”.") from None
