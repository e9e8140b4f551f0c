"""Tasks: the list, the form, one task's head, tabs and overview."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.selectors import profiles_active
from orchestrator.forms import ROWS_PREFIX, TaskForm, VariantRows, rows_initial
from orchestrator.lib.errors import AppError
from orchestrator.selectors import pages
from orchestrator.selectors.access import project_get_for, projects_for, task_get_for
from orchestrator.services import runs, tasks
from orchestrator.states import VARIANTS_MAX, ProjectState, Resolution
from orchestrator.views.answers import PageRequest, acted, action, errors_add

SPEC_PREVIEW_MAX = 200_000


@require_GET
def task_list(request: PageRequest) -> HttpResponse:
    show = request.GET.get("show", "open")
    before = request.GET.get("before", "")
    wanted = request.GET.get("project", "")
    page = pages.task_list_page(
        request.user,
        show=show if show in {"open", "merged", "all"} else "open",
        before=int(before) if before.isdigit() and len(before) < 19 else None,
        project=project_get_for(request.user, wanted) if wanted else None,
    )
    name = "orchestrator/_task_list.html" if request.htmx else "orchestrator/task_list.html"
    return render(request, name, {"page": page, "nav": "tasks"})


@require_http_methods(["GET", "POST"])
def task_new(request: PageRequest) -> HttpResponse:
    projects = projects_for(request.user).filter(state=ProjectState.READY)
    agents = list(profiles_active())
    bound = request.method == "POST"
    form = TaskForm(
        request.POST if bound else None, projects=projects, initial=_task_initial(request)
    )
    rows = VariantRows(
        request.POST if bound else None,
        prefix=ROWS_PREFIX,
        form_kwargs={"agents": agents},
        initial=None if bound else rows_initial(agents),
    )
    status = 200
    if bound and "start" in request.POST:
        task = _task_start(request, form, rows)
        if task is not None:
            return task
        status = 400
    return render(
        request,
        "orchestrator/task_new.html",
        {
            "form": form,
            "rows": rows.shown(more="add" in request.POST),
            "formset": rows,
            "agents": agents,
            "projects": projects,
            "slots": pages.slots_now(),
            "variants_max": VARIANTS_MAX,
            "preview": bound and "preview" in request.POST,
            "nav": "tasks",
        },
        status=status,
    )


def _task_initial(request: PageRequest) -> dict[str, object]:
    """`?project=` chooses a project; `?again=` takes over an earlier task's texts."""
    initial: dict[str, object] = {}
    again = request.GET.get("again", "")
    if again:
        task = task_get_for(request.user, again)
        initial = {
            "title": task.title,
            "spec": task.spec.text,
            "rubric": task.rubric,
            "project": task.project_id,
            "base": task.spec.base_branch,
        }
    if request.GET.get("project", "").isdigit():
        initial["project"] = request.GET["project"]
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
    page = pages.task_page(request.user, found)
    name = "orchestrator/_overview.html" if request.htmx else "orchestrator/task.html"
    return render(request, name, {"page": page, "task": found, "nav": "tasks"})


@require_GET
def task_tabs(request: PageRequest, task_id: int) -> HttpResponse:
    """The tabs alone; `current` is the open one."""
    found = task_get_for(request.user, task_id)
    page = pages.task_page(request.user, found, current=request.GET.get("current", "")[:1])
    return render(request, "orchestrator/_tabs.html", {"page": page})


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
    closing = request.POST.get("to") != "open"
    if closing:
        runs.task_stop(user=request.user, task=found)
    tasks.task_resolve(
        task=found, to=Resolution.CLOSED if closing else Resolution.OPEN, user=request.user
    )
    return redirect(found)
