"""Tasks: the list, the form, one task's head, tabs and overview."""

from __future__ import annotations

import json

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.models import AgentProfile
from agents.selectors import profiles_active
from orchestrator.forms.tasks import TaskForm
from orchestrator.forms.variant_rows import (
    ROWS_PREFIX,
    VariantRowForm,
    VariantRows,
    row_added,
    rows_initial,
)
from orchestrator.lib.errors import AppError
from orchestrator.lib.numbers import number_of
from orchestrator.models import Task
from orchestrator.selectors import charts
from orchestrator.selectors.access import project_get_for, projects_for, task_get_for
from orchestrator.selectors.column_order import column_order
from orchestrator.selectors.pages.slots import slots_now
from orchestrator.selectors.pages.task import task_page, variants_like
from orchestrator.selectors.pages.task_list import task_list_page
from orchestrator.selectors.rows import DEMO_ADAPTER
from orchestrator.services import runs, tasks
from orchestrator.states import VARIANTS_MAX, ProjectState
from orchestrator.views.answers import PageRequest, acted, action, errors_add

SPEC_PREVIEW_MAX = 200_000


@require_GET
def task_list(request: PageRequest) -> HttpResponse:
    show = request.GET.get("show", "open")
    wanted = request.GET.get("project", "")
    page = task_list_page(
        request.user,
        show=show if show in {"open", "merged", "all"} else "open",
        before=number_of(request.GET.get("before", "")),
        project=project_get_for(request.user, wanted) if wanted else None,
    )
    name = "orchestrator/_task_list.html" if request.htmx else "orchestrator/task_list.html"
    return render(request, name, {"page": page, "nav": "tasks"})


@require_http_methods(["GET", "POST"])
def task_new(request: PageRequest) -> HttpResponse:
    projects = projects_for(request.user).filter(state=ProjectState.READY)
    agents = list(profiles_active())
    bound = request.method == "POST"
    again = request.GET.get("again", "")
    source = task_get_for(request.user, again) if again else None
    like = [] if bound else variants_like(request.user, source)
    starting = bound and "start" in request.POST
    posted = row_added(request.POST, agents) if "add" in request.POST else request.POST
    form = TaskForm(  # nothing is wrong yet while rows are added or the spec is previewed
        posted if starting else None,
        projects=projects,
        initial=posted.dict() if bound else _task_initial(request, source),
    )
    rows = VariantRows(
        posted if bound else None,
        prefix=ROWS_PREFIX,
        form_kwargs={"agents": agents},
        initial=None if bound else rows_initial(agents, like),
    )
    status = 200
    if starting:
        task = _task_start(request, form, rows)
        if task is not None:
            return task
        status = 400
    shown = rows.shown()
    context = {
        "form": form,
        "rows": shown,
        "formset": rows,
        "agents": agents,
        "projects": projects,
        "variants_max": VARIANTS_MAX,
        "preview": bound and "preview" in request.POST,
        "nav": "tasks",
        **_start_card(shown, agents),
    }
    return render(request, "orchestrator/task_new.html", context, status=status)


def _start_card(
    shown: list[tuple[VariantRowForm, list[str]]], agents: list[AgentProfile]
) -> dict[str, object]:
    """What the button will start. task-form.js says the same while a person types."""
    slots = slots_now()
    free = max(0, slots.total - slots.used - slots.queued)
    starting = [
        {
            "letter": letter,
            "agent": row.chosen,
            "model": row["model"].value() or row.models.get(row.chosen, ""),
            "strategy": row["strategy"].value() or "",
        }
        for row, letters in shown
        for letter in letters
    ]
    demo = [profile.name for profile in agents if profile.adapter == DEMO_ADAPTER]
    return {
        "starting": starting,
        "total": len(starting),
        "free": free,
        "when": start_sentence(len(starting), free),
        "models_json": json.dumps({profile.name: profile.model for profile in agents}),
        "demo_json": json.dumps(demo),
        "demo": any(entry["agent"] in demo for entry in starting),
    }


def start_sentence(total: int, free: int) -> str:
    if total <= free:
        return "All start at once." if total > 1 else "It starts at once."
    if not free:
        return "All slots are taken: they wait until one is free."
    return f"{free} start{'s' if free == 1 else ''} at once, the others as slots come free."


def _task_initial(request: PageRequest, task: Task | None) -> dict[str, object]:
    """`?project=` chooses a project; `?again=` takes over an earlier task's texts."""
    initial: dict[str, object] = {}
    if task is not None:
        initial = {
            "title": task.title,
            "spec": task.spec.text,
            "rubric": task.rubric,
            "project": task.project_id,
            "base": task.spec.base_branch,
        }
    if project := number_of(request.GET.get("project", "")):
        initial["project"] = project
    return initial


def _task_start(request: PageRequest, form: TaskForm, rows: VariantRows) -> HttpResponse | None:
    valid = form.is_valid()
    if not rows.is_valid() or not valid:
        return None
    try:
        task = tasks.task_submit(user=request.user, variants=rows.requests(), **form.submission())
    except AppError as exc:
        errors_add(form, exc)
        return None
    return redirect(task)


@require_POST
def spec_preview(request: PageRequest) -> HttpResponse:
    text = request.POST.get("spec", "")[:SPEC_PREVIEW_MAX]
    return render(request, "orchestrator/_spec_preview.html", {"text": text})


@require_GET
def task(request: PageRequest, task_id: int) -> HttpResponse:
    """Overview: what was asked, where it stands, what to do next (`TaskPage`)."""
    found = task_get_for(request.user, task_id)
    order = column_order(request.GET.get("columns", ""), request.GET.get("letters", ""))
    page = task_page(request.user, found, order=order)
    name = "orchestrator/_overview_parts.html" if request.htmx else "orchestrator/task.html"
    return render(request, name, {"page": page, "task": found, "nav": "tasks"})


@require_GET
def task_tabs(request: PageRequest, task_id: int) -> HttpResponse:
    """The tabs alone; `current` is the open one."""
    found = task_get_for(request.user, task_id)
    page = task_page(request.user, found, current=request.GET.get("current", "")[:1])
    return render(request, "orchestrator/_tabs.html", {"page": page})


@require_GET
def task_charts(request: PageRequest, task_id: int) -> HttpResponse:
    found = task_get_for(request.user, task_id)
    name = "orchestrator/_charts.html" if request.htmx else "orchestrator/charts.html"
    context = {"task": found, "charts": charts.task_charts(found), "nav": "tasks"}
    return render(request, name, context)


@action
def task_stop(request: PageRequest, task_id: int) -> HttpResponse:
    found = task_get_for(request.user, task_id)
    stopped = runs.task_stop(user=request.user, task=found)
    noun = "agent was" if stopped == 1 else "agents were"
    return acted(request, to=found.get_absolute_url(), text=f"{stopped} {noun} told to stop.")


@action
def task_close(request: PageRequest, task_id: int) -> HttpResponse:
    """Close without merging, or open again."""
    found = task_get_for(request.user, task_id)
    do = tasks.task_reopen if request.POST.get("to") == "open" else tasks.task_close
    do(user=request.user, task=found)
    return redirect(found)
