"""Projects: the list, adding one, one project with its settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from orchestrator.forms.projects import ProjectAddressForm, ProjectForm, ProjectSettingsForm
from orchestrator.git.hub import hub_branches
from orchestrator.lib import paths
from orchestrator.lib.errors import AppError, Conflict
from orchestrator.models import Project
from orchestrator.selectors.access import project_get_for
from orchestrator.selectors.pages.projects import project_rows, projects_like
from orchestrator.selectors.pages.task_list import task_list_page
from orchestrator.services import projects
from orchestrator.states import ProjectState
from orchestrator.views.answers import PageRequest, acted, action, errors_add

# Which field a refusal of the service is about, by the beginning of its code.
_FIELDS = (
    ("project.name", "name"),
    ("project.exists", "name"),
    ("project.branch", "default_branch"),
    ("ref.", "default_branch"),
)


def _field_of(exc: AppError, default: str) -> str:
    return next((field for code, field in _FIELDS if exc.code.startswith(code)), default)


@require_GET
def project_list(request: PageRequest) -> HttpResponse:
    name = "orchestrator/_project_list.html" if request.htmx else "orchestrator/project_list.html"
    return render(request, name, {"rows": project_rows(request.user), "nav": "projects"})


@require_http_methods(["GET", "POST"])
def project_new(request: PageRequest) -> HttpResponse:
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            project = projects.project_create(user=request.user, **form.cleaned_data)
        except AppError as exc:
            errors_add(form, exc, field=_field_of(exc, "source"))
        else:
            if others := projects_like(request.user, project):
                names = ", ".join(f"“{name}”" for name in others)
                messages.warning(request, f"This repository is also the project {names}.")
            return redirect(project)
    status = 400 if form.errors else 200
    context = {"form": form, "nav": "projects"}
    return render(request, "orchestrator/project_new.html", context, status=status)


@require_http_methods(["GET", "POST"])
def project(request: PageRequest, project_id: int) -> HttpResponse:
    """The project and its settings form."""
    found = project_get_for(request.user, project_id)
    form = ProjectSettingsForm(request.POST or None, project=found)
    if request.method == "POST" and form.is_valid():
        try:
            projects.project_update(user=request.user, project=found, **form.changes())
        except AppError as exc:
            errors_add(form, exc, field=_field_of(exc, form.field_of(exc.message)))
        else:
            messages.success(request, "The settings are saved. Runs started from now on use them.")
            return redirect(found)
    return _project(request, found, form)


def _project(
    request: PageRequest,
    found: Project,
    form: ProjectSettingsForm,
    address: ProjectAddressForm | None = None,
) -> HttpResponse:
    context = {
        "project": found,
        "form": form,
        "address": address or ProjectAddressForm(project=found),
        "tasks": task_list_page(request.user, show="all", project=found),
        "nav": "projects",
    }
    status = 400 if form.errors or (address and address.errors) else 200
    return render(request, "orchestrator/project.html", context, status=status)


@require_GET
def project_state(request: PageRequest, project_id: int) -> HttpResponse:
    """`was` is the state that the page around it is about: of a failed project it is another page."""
    found = project_get_for(request.user, project_id)
    was = request.GET.get("was", found.state)
    outcomes = {ProjectState.READY, ProjectState.FAILED}
    if found.state != was and found.state in outcomes and ProjectState.FAILED in (was, found.state):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "orchestrator/_project_state.html", {"project": found})


@require_http_methods(["GET", "POST"])
def project_correct(request: PageRequest, project_id: int) -> HttpResponse:
    """Another address for a project that could not be imported; the form is on the project's page."""
    found = project_get_for(request.user, project_id)
    if request.method == "GET":
        return redirect(found)
    form = ProjectAddressForm(request.POST, project=found)
    if form.is_valid():
        try:
            projects.project_correct(user=request.user, project=found, **form.cleaned_data)
        except Conflict as exc:  # somebody else was quicker: the form is not there any more
            messages.error(request, exc.message)
            return redirect(found)
        except AppError as exc:
            errors_add(form, exc, field=_field_of(exc, "source"))
        else:
            return redirect(found)
    return _project(request, found, ProjectSettingsForm(project=found), form)


@action
def project_remove(request: PageRequest, project_id: int) -> HttpResponse:
    found = project_get_for(request.user, project_id)
    projects.project_remove(user=request.user, project=found)
    messages.success(request, f"{found.name} is removed.")
    return redirect("projects")


@require_GET
def project_branches(request: PageRequest) -> HttpResponse:
    """Options for the base of a new task: the branches of `?project=` as last fetched."""
    wanted = request.GET.get("project", "")
    branches = []
    if wanted:
        found = project_get_for(request.user, wanted)
        if found.state == ProjectState.READY:
            branches = hub_branches(hub=paths.hub_dir(found.pk))
    return render(request, "orchestrator/_branches.html", {"branches": branches})


@action
def project_refresh(request: PageRequest, project_id: int) -> HttpResponse:
    """Fetch the origin; of a project that could not be imported, try again."""
    found = project_get_for(request.user, project_id)
    if found.state == ProjectState.READY:
        projects.project_refresh(project=found)
        return acted(request, to=found.get_absolute_url(), text="Fetched.")
    projects.project_import_again(project=found)
    return acted(request, to=found.get_absolute_url(), text="It is being tried again.")
