"""Home, the jump box, the keys, the audit trail."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from orchestrator.lib.numbers import number_of
from orchestrator.selectors.pages.activity import activity_page
from orchestrator.selectors.pages.home import home_page, working_rows
from orchestrator.selectors.pages.jump import JumpEntry, jump_entries
from orchestrator.views.answers import PageRequest

PAGES = (
    ("Home", "home"),
    ("Tasks", "tasks"),
    ("New task", "task_new"),
    ("Projects", "projects"),
    ("Add a project", "project_new"),
    ("Agents", "agents"),
    ("Activity", "activity"),
)


@require_GET
def home(request: PageRequest) -> HttpResponse:
    """The page, or only its changing part for htmx (`HomePage`)."""
    name = "orchestrator/_home.html" if request.htmx else "orchestrator/home.html"
    return render(request, name, {"page": home_page(request.user), "nav": "home"})


@require_GET
def working(request: PageRequest) -> HttpResponse:
    """The agents at work with their newest lines, for htmx."""
    rows = working_rows(request.user)
    return render(request, "orchestrator/_working.html", {"rows": rows})


@require_GET
def slots(request: PageRequest) -> HttpResponse:
    """The gauge in the head of every page, for htmx."""
    return render(request, "components/_slots.html")


@require_GET
def jump(request: PageRequest) -> HttpResponse:
    text = request.GET.get("q", "").replace("\0", "").strip()[:200]
    entries = [
        JumpEntry(url=reverse(name), title=title, kind="page")
        for title, name in PAGES
        if text.lower() in title.lower()
    ]
    entries = jump_entries(request.user, text) + entries
    if request.htmx:
        return render(request, "orchestrator/_jump_list.html", {"entries": entries})
    if text and entries:
        return redirect(entries[0].url)
    return render(request, "orchestrator/jump.html", {"entries": entries, "text": text})


@require_GET
def keys(request: PageRequest) -> HttpResponse:
    return render(request, "orchestrator/keys.html")


@require_GET
def activity(request: PageRequest) -> HttpResponse:
    page = activity_page(request.user, before=number_of(request.GET.get("before", "")))
    return render(request, "orchestrator/activity.html", {"page": page, "nav": "activity"})
