"""The tray on a Task's pages, what it would make, and the Variant that it makes."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from orchestrator.lib.errors import Conflict, Invalid
from orchestrator.lib.numbers import number_of
from orchestrator.models import Task
from orchestrator.selectors.access import task_get_for, variant_by_letter_for
from orchestrator.views.answers import PageRequest, action, next_url
from review.selectors.composing import composition_of, composition_rows
from review.selectors.place_picks import picks_between
from review.selectors.trays import picks_seen, tray_page, tray_picks
from review.selectors.wishes import wishes_read
from review.services.composing import composition_preview, variant_compose
from review.services.trays import tray_change, tray_clear, tray_forget, tray_redo, tray_undo


@require_http_methods(["GET", "POST"])
def tray(request: PageRequest, task_id: int) -> HttpResponse:
    """POST changes it: `add` (JSON, several) or `variant` and `path`, `remove` (ids), `clear`, `undo`, `redo`,
    `forget`."""
    task = task_get_for(request.user, task_id)
    if request.method == "POST":
        return _tray_change(request, task)
    return _tray(request, task)


@action
def _tray_change(request: PageRequest, task: Task) -> HttpResponse:
    if "clear" in request.POST:
        tray_clear(user=request.user, task=task)
    elif "undo" in request.POST:
        tray_undo(user=request.user, task=task, step=request.POST["undo"])
    elif "redo" in request.POST:
        tray_redo(user=request.user, task=task, step=request.POST["redo"])
    elif "forget" in request.POST:
        tray_forget(user=request.user, task=task)
    else:
        tray_change(
            user=request.user,
            task=task,
            add=_adds(request),
            remove=request.POST.getlist("remove"),
        )
    if request.htmx:
        return _tray(request, task)
    return redirect(next_url(request, reverse("review:tray", args=[task.pk])))


def _adds(request: PageRequest) -> list[dict[str, Any]]:
    adds = [_json(text) for text in request.POST.getlist("add")]
    if "variant" in request.POST:
        path = request.POST.get("path")
        adds.append({"variant": request.POST["variant"]} | ({"path": path} if path else {}))
    return adds


def _json(text: str) -> dict[str, Any]:
    try:
        pick = json.loads(text)
    except (ValueError, RecursionError):
        pick = None
    if not isinstance(pick, dict):
        raise Invalid("compose.pick", "A pick is an object.")
    return pick


def _tray(request: PageRequest, task: Task) -> HttpResponse:
    page = tray_page(user=request.user, task=task)
    own = reverse("review:tray", args=[task.pk])
    name = "review/_tray.html" if request.htmx else "review/tray.html"
    # On its own page it has room; on all others it is a bar.
    wide = not request.htmx or request.htmx.current_url_abs_path == own
    return render(request, name, {"tray": page, "task": task, "nav": "tasks", "wide": wide})


@action
def compose(request: PageRequest, task_id: int) -> HttpResponse:
    """Make the Variant of what is in the tray; with `reconcile`, of what fits, and ask an agent."""
    task = task_get_for(request.user, task_id)
    picks = tray_picks(user=request.user, task=task)
    if request.POST.get("seen", picks_seen(picks)) != picks_seen(picks):
        raise Conflict(
            "compose.changed",
            "What is picked has changed since this page showed it. Look at it again, then compose.",
        )
    wishes, _ = wishes_read(user=request.user, task=task, picks=picks)
    variant = variant_compose(
        user=request.user,
        task=task,
        wishes=wishes,
        picks=picks,
        title=request.POST.get("title", ""),
        why=request.POST.get("why", ""),
        agent=request.POST.get("agent", ""),
        reconcile="reconcile" in request.POST,
        note=request.POST.get("note", ""),
        from_tray=True,
    )
    return redirect(variant)


@action
def preview(request: PageRequest, task_id: int) -> HttpResponse:
    """What the tray would make, as a comparison with the base."""
    task = task_get_for(request.user, task_id)
    picks = tray_picks(user=request.user, task=task)
    wishes, _ = wishes_read(user=request.user, task=task, picks=picks)
    commit = composition_preview(user=request.user, task=task, wishes=wishes, picks=picks)
    query = urlencode({"left": "base", "right": commit})
    return redirect(f"{reverse('review:compare', args=[task.pk])}?{query}")


@require_GET
def place(request: PageRequest, task_id: int) -> JsonResponse:
    """Picks that take lines of a new file (`start` to `end`, of `variant`) into that of `against`, whose lines
    there are `against_start` to `against_end`; all from 0."""
    query = request.GET
    span = _span(request, "start", "end")
    if span is None:
        raise Invalid("compose.pick", "Say which lines: start and end.")
    picks = picks_between(
        user=request.user,
        task_id=task_id,
        variant=query.get("variant", ""),
        against=query.get("against", ""),
        path=query.get("path", ""),
        span=span,
        host_span=_span(request, "against_start", "against_end"),
    )
    return JsonResponse({"picks": picks})


def _span(request: PageRequest, *names: str) -> tuple[int, int] | None:
    start, end = (number_of(request.GET.get(name, "")) for name in names)
    return None if start is None or end is None else (start, end)


@require_GET
def composition(request: PageRequest, task_id: int, letter: str) -> HttpResponse:
    """Where everything in a composed Variant is from."""
    variant = variant_by_letter_for(request.user, task_id, letter)
    row = composition_of(variant)
    if row is None:
        return HttpResponse(status=204)
    rows = composition_rows(row)
    context = {"composition": row, "variant": variant, "rows": rows, "user": request.user}
    return render(request, "review/_composition.html", context)
