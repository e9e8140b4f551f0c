"""Models as the JSON API shows them. Objects come with their relations loaded: no query is made here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db.models import Model

from agents.adapters.base import Availability
from agents.models import AgentProfile
from orchestrator.models import FollowUp, Permission, Preview, Project, Run, Task, Variant
from orchestrator.selectors.clocks import runs_clock
from orchestrator.selectors.rows import preview_url
from orchestrator.selectors.tasks import (
    task_state_of,
    usage_total,
    variant_color,
    variant_state_of,
)
from orchestrator.services.previews import preview_log
from orchestrator.services.trials import Trial
from orchestrator.states import PreviewState, Resolution, RunState

Payload = dict[str, Any]

FAILURE_LINES = 20
FAILED_STATES = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.LOST})


def absolute_url(thing: Model) -> str:
    return f"{settings.BAKEOFF_PUBLIC_URL}{thing.get_absolute_url()}"  # type: ignore[attr-defined]


def _failure(code: str, message: str, lines: Iterable[object] = ()) -> Payload:
    return {"code": code, "message": message, "last_lines": [str(line) for line in lines]}


def project_payload(project: Project) -> Payload:
    failed = project.failure_code or project.failure_message
    return {
        "id": project.pk,
        "url": absolute_url(project),
        "name": project.name,
        "source": project.source,
        "default_branch": project.default_branch,
        "settings": project.settings,
        "state": project.state,
        "failure": _failure(project.failure_code, project.failure_message) if failed else None,
        "fetched_at": project.fetched_at,
        "created_at": project.created_at,
    }


def agent_payload(profile: AgentProfile) -> Payload:
    """Secrets by name only: their values never leave the server."""
    return {
        "id": profile.pk,
        "name": profile.name,
        "adapter": profile.adapter,
        "command": profile.command,
        "prompt_via": profile.prompt_via,
        "args": profile.args,
        "env": profile.env,
        "secret_names": profile.secret_names,
        "model": profile.model,
        "permission_mode": profile.permission_mode,
        "login": profile.login,
        "login_env": profile.login_env,
        "timeout_s": profile.timeout_s,
        "idle_timeout_s": profile.idle_timeout_s,
        "answer_timeout_s": profile.answer_timeout_s,
        "archived": profile.archived_at is not None,
        "created_at": profile.created_at,
    }


def try_payload(availability: Availability, trial: Trial | None) -> Payload:
    return {**asdict(availability), "trial": asdict(trial) if trial else None}


def _clock(runs: Iterable[Run]) -> Payload:
    clock = runs_clock(runs)
    return {"elapsed_s": clock.worked_s, "waited_s": clock.waited_s}


def run_brief(run: Run) -> Payload:
    failed = run.state in FAILED_STATES or bool(run.failure_code)
    return {
        "id": run.id.hex,
        "number": run.number,
        "state": run.state,
        "queued_at": run.queued_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        **_clock([run]),
        "exit_code": run.exit_code,
        "last_seq": run.last_seq,
        "failure": _failure(run.failure_code, run.failure_message, run.failure_lines)
        if failed
        else None,
        "usage": usage_total([run]),
    }


def permission_payload(permission: Permission) -> Payload:
    return {
        "request": permission.request,
        "tool": permission.tool,
        "title": permission.title,
        "state": permission.state,
        "scope": permission.scope,
        "message": permission.message,
        "decided_by": permission.decider,
        "asked_at": permission.asked_at,
        "decided_at": permission.decided_at,
    }


def run_payload(run: Run) -> Payload:
    return {
        **run_brief(run),
        "task": run.variant.task_id,
        "variant": run.variant_id,
        "letter": run.variant.letter,
        "prompt": run.prompt,
        "agent": run.variant.agent.name,
        "agent_version": run.agent_version,
        "session": run.session,
        "permissions": [permission_payload(permission) for permission in run.permissions.all()],
    }


def preview_payload(preview: Preview | None) -> Payload:
    if preview is None:
        return {"state": PreviewState.STOPPED, "url": None, "port": None, "failure": None}
    failed = bool(preview.failure_code or preview.failure_message)
    lines = preview_log(preview, limit=FAILURE_LINES) if failed else []
    return {
        "state": preview.state,
        "url": preview_url(preview) or None,
        "port": preview.port or None,
        "failure": _failure(preview.failure_code, preview.failure_message, lines)
        if failed
        else None,
    }


def variant_brief(variant: Variant, *, task: Task) -> Payload:
    return {
        "id": variant.pk,
        "letter": variant.letter,
        "color": variant_color(variant.letter),
        "state": variant_state_of(variant, task=task),
        "agent": variant.agent.name,
        "model": variant.model,
        "files_changed": variant.files_changed,
        "insertions": variant.insertions,
        "deletions": variant.deletions,
    }


def variant_payload(variant: Variant, *, task: Task) -> Payload:
    """`variant` comes from `tasks_with_state` or `variants_with_state`."""
    runs = list(variant.runs.all())
    return {
        **variant_brief(variant, task=task),
        "task": task.pk,
        "url": absolute_url(variant),
        "isolation": variant.isolation,
        "strategy": variant.strategy,
        "composed": variant.composed,
        "branch": variant.branch,
        "head_commit": variant.head_commit or None,
        "usage": usage_total(runs),
        **_clock(runs),
        "preview": preview_payload(getattr(variant, "preview", None)),
        "runs": [run_brief(run) for run in runs],
        "created_at": variant.created_at,
    }


def _task_brief(task: Task) -> Payload:
    variants = list(task.variants.all())
    merged = task.merged_variant_id if task.resolution == Resolution.MERGED else None
    return {
        "id": task.pk,
        "url": absolute_url(task),
        "project": task.project_id,
        "title": task.title,
        "state": task_state_of(task),
        "base_branch": task.spec.base_branch,
        "base_commit": task.spec.base_commit,
        "merged_variant": next((v.letter for v in variants if v.pk == merged), None),
        "usage": usage_total(run for variant in variants for run in variant.runs.all()),
        "created_at": task.created_at,
    }


def task_row_payload(task: Task) -> Payload:
    """One Task of a list; `task` comes from `tasks_with_state`."""
    variants = [variant_brief(variant, task=task) for variant in task.variants.all()]
    return {**_task_brief(task), "variants": variants}


def task_payload(task: Task) -> Payload:
    """`task` comes from `tasks_with_state`."""
    return {
        **_task_brief(task),
        "spec": task.spec.text,
        "spec_sha256": task.spec.sha256,
        "rubric": task.rubric,
        "budget_usd": float(task.budget_usd) if task.budget_usd is not None else None,
        "timeout_s": task.timeout_s,
        "variants": [variant_payload(variant, task=task) for variant in task.variants.all()],
    }


def message_payload(follow_up: FollowUp) -> Payload:
    return {
        "id": follow_up.pk,
        "variant": follow_up.variant_id,
        "text": follow_up.text,
        "state": follow_up.state,
        "run": follow_up.run_id.hex if follow_up.run_id else None,
        "created_at": follow_up.created_at,
    }
