"""The merge of a Variant: forecast, words, the click, and what became of it. A page, and a dialog through htmx."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from orchestrator.lib.errors import AppError
from orchestrator.models import Task, Variant
from orchestrator.selectors.access import variant_by_letter_for
from orchestrator.selectors.rows import variant_rows
from orchestrator.selectors.tasks import tasks_with_state
from orchestrator.views.answers import PageRequest
from review.models import Merge
from review.models.merge import MergeState, Strategy
from review.selectors import merges as selectors
from review.selectors.trays import tray_picks
from review.services.merges import variant_merge


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the person has typed so far; it is kept whatever happens."""

    strategy: str
    message: str
    why: str = ""
    problem: str = ""


@require_http_methods(["GET", "POST"])
def merge(request: PageRequest, task_id: int, letter: str) -> HttpResponse:
    variant = variant_by_letter_for(request.user, task_id, letter)
    if request.method == "POST":
        return _merge_try(request, variant)
    draft = Draft(strategy=Strategy.MERGE, message=selectors.merge_message_default(variant))
    return _answer(request, variant, draft=draft)


def _merge_try(request: PageRequest, variant: Variant) -> HttpResponse:
    typed = {name: request.POST.get(name, "") for name in ("strategy", "message", "why")}
    status, problem = 200, ""
    try:
        done = variant_merge(
            user=request.user,
            variant=variant,
            expected_target=request.POST.get("expected_target", ""),
            **typed,
        )
    except AppError as exc:
        status, problem = exc.http_status, exc.message
    else:
        if done.state == MergeState.MERGED and not request.htmx:
            return redirect("review:merge", variant.task_id, variant.letter)
        problem = "" if done.state == MergeState.PUSHING else done.reason
        status = 200 if done.state in (MergeState.MERGED, MergeState.PUSHING) else 409
    return _answer(request, variant, draft=Draft(**typed, problem=problem), status=status)


@require_GET
def merge_forecast(request: PageRequest, task_id: int, letter: str) -> HttpResponse:
    """The forecast anew; with `ask`, of the origin as it is now, which the page itself did not wait for."""
    variant = variant_by_letter_for(request.user, task_id, letter)
    ask_origin = "ask" in request.GET or selectors.origin_is_local(variant.task.project)
    forecast = selectors.merge_forecast_get(variant=variant, ask_origin=ask_origin)
    context = {"forecast": forecast, "task": variant.task, "row": variant, "oob": True}
    return render(request, "review/_merge_forecast.html", context)


def _answer(
    request: PageRequest, variant: Variant, *, draft: Draft, status: int = 200
) -> HttpResponse:
    task = tasks_with_state(Task.objects.filter(pk=variant.task_id)).get()
    done = selectors.merge_done(task)
    context: dict[str, Any] = {
        "task": task,
        "row": next(row for row in variant_rows(task) if row.id == variant.pk),
        "others": [row for row in variant_rows(task) if row.id != variant.pk],
        "done": done,
        "merging": task.resolution == "merging",
        "hindrance": selectors.merge_hindrance(task),
        "tries": _tries(task, variant),
        "draft": draft,
        "strategies": Strategy.choices,
        "picks": len(tray_picks(user=request.user, task=task)),
        "nav": "tasks",
    }
    if task.resolution == "open":
        # An origin on this machine answers at once; for one far away the page does not wait.
        local = selectors.origin_is_local(task.project)
        context["forecast"] = selectors.merge_forecast_get(variant=variant, ask_origin=local)
    if request.htmx:
        # In the dialog a refusal is part of its content, not an error of the request.
        return render(request, "review/_merge.html", {**context, "dialog": True})
    return render(request, "review/merge.html", context, status=status)


def _tries(task: Task, variant: Variant) -> list[Merge]:
    """Earlier tries with this Variant that did not come to a merge."""
    return [
        merge
        for merge in selectors.merges_of(task)
        if merge.decision.variant_id == variant.pk
        and merge.state in (MergeState.CONFLICT, MergeState.REFUSED)
    ][:3]
