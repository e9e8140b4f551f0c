"""Agents: what is found on this machine, adding, changing, removing."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from agents.models import AgentProfile
from agents.selectors import profile_availability, profile_get, profiles_active
from agents.services import ProfileInvalidError
from orchestrator.forms.agents import AgentForm
from orchestrator.lib.errors import NotFound
from orchestrator.services import trials
from orchestrator.services.agents import agent_create, agent_update
from orchestrator.services.agents import agent_remove as remove
from orchestrator.views.answers import PageRequest, action


def _profile(agent_id: int) -> AgentProfile:
    profile = profile_get(agent_id)
    if profile is None:
        raise NotFound("agent.not-found", "There is no such agent.")
    return profile


@require_GET
def agent_list(request: PageRequest) -> HttpResponse:
    context = {"profiles": profiles_active(), "nav": "agents"}
    return render(request, "orchestrator/agent_list.html", context)


@require_GET
def agent_state(request: PageRequest, agent_id: int) -> HttpResponse:
    """What this machine has of the agent. Its CLI is asked, so the list does not wait for it."""
    return _state_show(request, _profile(agent_id))


def _state_show(request: PageRequest, profile: AgentProfile) -> HttpResponse:
    found = profile_availability(profile, fresh="fresh" in request.GET)
    context = {"profile": profile, "found": found, "trial": trials.trial_get(profile)}
    name = "orchestrator/_agent_state.html" if request.htmx else "orchestrator/agent_try.html"
    return render(request, name, {**context, "nav": "agents"})


@action
def agent_try_start(request: PageRequest, agent_id: int) -> HttpResponse:
    """Start it once, for real. What comes of it shows where it is asked for."""
    profile = _profile(agent_id)
    trials.trial_start(profile=profile)
    if request.htmx:
        return _state_show(request, profile)
    return redirect("agent_try", agent_id)


@require_GET
def agent_problems(request: PageRequest) -> HttpResponse:
    """What would keep agents from working, said before a task is started with them."""
    found = [(profile, profile_availability(profile)) for profile in profiles_active()]
    problems = [pair for pair in found if not pair[1].installed or pair[1].login == "missing"]
    return render(request, "orchestrator/_agent_problems.html", {"problems": problems})


@require_http_methods(["GET", "POST"])
def agent_new(request: PageRequest) -> HttpResponse:
    form = AgentForm(request.POST or None, profile=None)
    if request.method == "POST" and form.is_valid():
        try:
            profile = agent_create(user=request.user, **form.creation())
        except ProfileInvalidError as exc:
            form.add_error(exc.field if exc.field in form.fields else None, exc.message)
        else:
            messages.success(request, f"Agent “{profile.name}” is added.")
            return redirect("agents")
    return _form_page(request, form, profile=None)


@require_http_methods(["GET", "POST"])
def agent_edit(request: PageRequest, agent_id: int) -> HttpResponse:
    profile = _profile(agent_id)
    form = AgentForm(request.POST or None, profile=profile)
    if request.method == "POST" and form.is_valid():
        try:
            agent_update(user=request.user, profile=profile, **form.changes())
        except ProfileInvalidError as exc:
            form.add_error(exc.field if exc.field in form.fields else None, exc.message)
        else:
            messages.success(request, f"Agent “{profile.name}” is saved.")
            return redirect("agents")
    return _form_page(request, form, profile=profile)


def _form_page(
    request: PageRequest, form: AgentForm, *, profile: AgentProfile | None
) -> HttpResponse:
    context = {"form": form, "profile": profile, "nav": "agents"}
    status = 400 if form.errors else 200
    return render(request, "orchestrator/agent_form.html", context, status=status)


@action
def agent_remove(request: PageRequest, agent_id: int) -> HttpResponse:
    profile = _profile(agent_id)
    name = profile.name
    remove(user=request.user, profile=profile)
    messages.success(request, f"Agent “{name}” is removed. Tasks that used it keep their runs.")
    return redirect("agents")
