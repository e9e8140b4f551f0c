"""The JSON API of projects, agents, tasks, variants and runs: parse, call one service or selector, answer."""

from __future__ import annotations

from typing import Annotated, Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Router, Status

from agents import selectors as agent_selectors
from agents.models import AgentProfile
from agents.services import ProfileExistsError, ProfileInvalidError
from orchestrator import api_payloads as payloads
from orchestrator import api_schemas as schemas
from orchestrator import feed
from orchestrator.lib.errors import AppError, Conflict, Invalid, NotFound
from orchestrator.lib.numbers import number_of
from orchestrator.models import Task, Variant
from orchestrator.selectors import access
from orchestrator.selectors.tasks import tasks_with_state, variants_with_state
from orchestrator.services import (
    agents,
    follow_ups,
    permissions,
    previews,
    projects,
    runs,
    tasks,
    trials,
    variants,
)

Payload = dict[str, Any]

ERRORS = frozenset({400, 401, 403, 404, 409, 422, 503, 507})
SEQ_MAX = 2**53
EVENTS_MAX = 1000
LIST_MAX = 500

router = Router()


class ApiRequest(HttpRequest):
    """A request as the authentication leaves it. For annotations only."""

    auth: User


def _answers(schema: Any, status: int = 200) -> dict[Any, Any]:
    return {status: schema, ERRORS: schemas.ErrorOut}


# --- Projects -------------------------------------------------------------------------------------
@router.get("projects", response=_answers(list[schemas.ProjectOut]))
def project_list(request: ApiRequest) -> list[Payload]:
    return [payloads.project_payload(project) for project in access.projects_for(request.auth)]


@router.post("projects", response=_answers(schemas.ProjectOut, 201))
def project_create(request: ApiRequest, body: schemas.ProjectIn) -> Status[Payload]:
    project = projects.project_create(user=request.auth, **body.model_dump())
    return Status(201, payloads.project_payload(project))


@router.get("projects/{project_id}", response=_answers(schemas.ProjectOut))
def project_get(request: ApiRequest, project_id: str) -> Payload:
    return payloads.project_payload(access.project_get_for(request.auth, project_id))


@router.patch("projects/{project_id}", response=_answers(schemas.ProjectOut))
def project_update(request: ApiRequest, project_id: str, body: schemas.ProjectPatch) -> Payload:
    project = access.project_get_for(request.auth, project_id)
    fields = body.model_dump(exclude_unset=True)
    if fields:
        project = projects.project_update(user=request.auth, project=project, **fields)
    return payloads.project_payload(project)


# --- Agents ---------------------------------------------------------------------------------------
def _profile(ref: str) -> AgentProfile:
    profile = agent_selectors.profile_get(ref)
    if profile is None:
        raise NotFound("agent.not-found", f"There is no agent {ref[:60]!r}.")
    return profile


def _profile_error(exc: ProfileInvalidError) -> AppError:
    kind, code = (
        (Conflict, "agent.exists")
        if isinstance(exc, ProfileExistsError)
        else (Invalid, "agent.invalid")
    )
    return kind(code, f"{exc.field}: {exc.message}", {"fields": {exc.field: exc.message}})


@router.get("agents", response=_answers(list[schemas.AgentOut]))
def agent_list(request: ApiRequest) -> list[Payload]:
    return [payloads.agent_payload(profile) for profile in agent_selectors.profiles_active()]


@router.post("agents", response=_answers(schemas.AgentOut, 201))
def agent_create(request: ApiRequest, body: schemas.AgentIn) -> Status[Payload]:
    try:
        profile = agents.agent_create(user=request.auth, **body.model_dump(exclude_unset=True))
    except ProfileInvalidError as exc:
        raise _profile_error(exc) from exc
    return Status(201, payloads.agent_payload(profile))


@router.get("agents/{agent_id}", response=_answers(schemas.AgentOut))
def agent_get(request: ApiRequest, agent_id: str) -> Payload:
    return payloads.agent_payload(_profile(agent_id))


@router.patch("agents/{agent_id}", response=_answers(schemas.AgentOut))
def agent_update(request: ApiRequest, agent_id: str, body: schemas.AgentPatch) -> Payload:
    try:
        profile = agents.agent_update(
            user=request.auth, profile=_profile(agent_id), **body.model_dump(exclude_unset=True)
        )
    except ProfileInvalidError as exc:
        raise _profile_error(exc) from exc
    return payloads.agent_payload(profile)


@router.delete("agents/{agent_id}", response={204: None, ERRORS: schemas.ErrorOut})
def agent_delete(request: ApiRequest, agent_id: str) -> Status[None]:
    agents.agent_remove(user=request.auth, profile=_profile(agent_id))
    return Status(204, None)


def _try_payload(profile: AgentProfile, *, fresh: bool) -> Payload:
    found = agent_selectors.profile_availability(profile, fresh=fresh)
    return payloads.try_payload(found, trials.trial_get(profile))


@router.post("agents/{agent_id}/try", response=_answers(schemas.TryOut))
def agent_try(request: ApiRequest, agent_id: str) -> Payload:
    """Start it once with a short question; `trial` says what comes of it, to be asked for by GET."""
    profile = _profile(agent_id)
    trials.trial_start(profile=profile)
    return _try_payload(profile, fresh=True)


@router.get("agents/{agent_id}/try", response=_answers(schemas.TryOut))
def agent_try_get(request: ApiRequest, agent_id: str) -> Payload:
    """What is found of it on this machine, and what came of trying it last, within a day."""
    return _try_payload(_profile(agent_id), fresh=False)


# --- Tasks ----------------------------------------------------------------------------------------
def _task_payload(task: Task) -> Payload:
    whole = tasks_with_state(Task.objects.filter(pk=task.pk)).defer(None)  # with its spec
    return payloads.task_payload(whole.get())


@router.get("tasks", response=_answers(list[schemas.TaskRowOut]))
def task_list(
    request: ApiRequest,
    project: str = "",
    before: Annotated[int, Field(ge=1, le=SEQ_MAX)] | None = None,
    limit: Annotated[int, Field(ge=1, le=LIST_MAX)] = 100,
) -> list[Payload]:
    """Newest first; `before` is the id of the last Task of the page before."""
    found: QuerySet[Task] = access.tasks_for(request.auth)
    if project:
        found = found.filter(project=access.project_get_for(request.auth, project))
    if before is not None:
        found = found.filter(pk__lt=before)
    page = tasks_with_state(found.order_by("-pk"))[:limit]
    return [payloads.task_row_payload(task) for task in page]


@router.post("tasks", response=_answers(schemas.TaskOut, 201))
def task_create(request: ApiRequest, body: schemas.TaskIn) -> Status[Payload]:
    task = tasks.task_submit(
        user=request.auth,
        project=access.project_get_for(request.auth, body.project),
        title=body.title,
        spec=body.spec,
        base=body.base,
        rubric=body.rubric,
        variants=[tasks.VariantRequest(**row.model_dump()) for row in body.variants],
        budget_usd=body.budget_usd,
        timeout_s=body.timeout_s,
    )
    return Status(201, _task_payload(task))


@router.get("tasks/{task_id}", response=_answers(schemas.TaskOut))
def task_get(request: ApiRequest, task_id: str) -> Payload:
    return _task_payload(access.task_get_for(request.auth, task_id))


@router.post("tasks/{task_id}/stop", response=_answers(schemas.TaskOut))
def task_stop(request: ApiRequest, task_id: str) -> Payload:
    """Stop all Variants of the Task."""
    task = access.task_get_for(request.auth, task_id)
    runs.task_stop(user=request.auth, task=task)
    return _task_payload(task)


# --- Variants -------------------------------------------------------------------------------------
def _variant_payload(variant: Variant) -> Payload:
    loaded = variants_with_state(Variant.objects.filter(pk=variant.pk)).get()
    return payloads.variant_payload(loaded, task=loaded.task)


@router.get("variants/{variant_id}", response=_answers(schemas.VariantOut))
def variant_get(request: ApiRequest, variant_id: str) -> Payload:
    return _variant_payload(access.variant_get_for(request.auth, variant_id))


@router.post("variants/{variant_id}/messages", response=_answers(schemas.MessageOut, 201))
def variant_message(
    request: ApiRequest, variant_id: str, body: schemas.MessageIn
) -> Status[Payload]:
    follow_up = follow_ups.follow_up_send(
        user=request.auth,
        variant=access.variant_get_for(request.auth, variant_id),
        text=body.text,
    )
    return Status(201, payloads.message_payload(follow_up))


@router.post("variants/{variant_id}/stop", response=_answers(schemas.VariantOut))
def variant_stop(request: ApiRequest, variant_id: str) -> Payload:
    variant = access.variant_get_for(request.auth, variant_id)
    runs.variant_stop(user=request.auth, variant=variant)
    return _variant_payload(variant)


@router.delete("variants/{variant_id}", response=_answers(schemas.VariantOut))
def variant_archive(request: ApiRequest, variant_id: str) -> Payload:
    """Stop it and remove its workspace; its commits and transcripts stay."""
    variant = access.variant_get_for(request.auth, variant_id)
    variants.variant_archive(user=request.auth, variant=variant)
    return _variant_payload(variant)


@router.post("variants/{variant_id}/unarchive", response=_answers(schemas.VariantOut))
def variant_unarchive(request: ApiRequest, variant_id: str) -> Payload:
    """Take it out of the archive; its workspace is made again when it is needed."""
    variant = access.variant_get_for(request.auth, variant_id)
    variants.variant_unarchive(user=request.auth, variant=variant)
    return _variant_payload(variant)


@router.post("variants/{variant_id}/preview", response=_answers(schemas.PreviewOut))
def variant_preview(request: ApiRequest, variant_id: str, body: schemas.PreviewIn) -> Payload:
    variant = access.variant_get_for(request.auth, variant_id)
    preview = previews.ACTIONS[body.action](user=request.auth, variant=variant)
    return payloads.preview_payload(preview)


# --- Runs -----------------------------------------------------------------------------------------
@router.get("runs/{run_id}", response=_answers(schemas.RunOut))
def run_get(request: ApiRequest, run_id: str) -> Payload:
    return payloads.run_payload(access.run_get_for(request.auth, run_id))


@router.get("runs/{run_id}/events", response=_answers(schemas.EventsOut))
def run_events(
    request: ApiRequest,
    run_id: str,
    after: Annotated[int, Field(ge=0, le=SEQ_MAX)] = 0,
    limit: Annotated[int, Field(ge=1, le=EVENTS_MAX)] = EVENTS_MAX,
) -> Payload:
    """Events with a seq above `after`, in order; texts over 64 KB are cut, see `events/{seq}`."""
    run = access.run_get_for(request.auth, run_id)
    page = feed.read(run.id.hex, after=after, limit=limit)
    # Of a sealed Run nothing more comes, should its feed be gone from the storage, too.
    ended = page.ended or (run.sealed_at is not None and run.last_seq <= page.last_seq)
    return {"events": page.events, "last_seq": page.last_seq, "ended": ended}


@router.get("runs/{run_id}/events/{seq}", response=_answers(dict[str, Any]))
def run_event(request: ApiRequest, run_id: str, seq: str) -> Payload:
    """One event, whole."""
    run = access.run_get_for(request.auth, run_id)
    number = number_of(seq, most=SEQ_MAX)
    event = None if number is None else feed.read_one(run.id.hex, number)
    if event is None:
        raise NotFound("event.not-found", f"This run has no event {seq[:20]!r}.")
    return event


@router.post(
    "runs/{run_id}/permissions/{path:permission_request}",
    response=_answers(schemas.PermissionOut),
)
def run_permission(
    request: ApiRequest, run_id: str, permission_request: str, body: schemas.PermissionIn
) -> Payload:
    """Answer what the agent has asked; the first answer stands."""
    permission = permissions.permission_decide(
        user=request.auth,
        run=access.run_get_for(request.auth, run_id),
        request=permission_request,
        allow=body.decision == "allow",
        scope=body.scope,
        message=body.message,
    )
    return payloads.permission_payload(permission)
