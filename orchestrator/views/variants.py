"""One variant: its transcript beside its diff, questions, follow-ups, its running app."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from orchestrator.lib.errors import Conflict, Invalid
from orchestrator.lib.numbers import number_of
from orchestrator.models import Preview, Variant
from orchestrator.selectors.access import variant_by_letter_for
from orchestrator.selectors.pages.asks import AskRow, ask_row, permission_get_for
from orchestrator.selectors.pages.task import task_page
from orchestrator.selectors.pages.variant import variant_page
from orchestrator.services import follow_ups, permissions, previews, runs
from orchestrator.services import variants as services
from orchestrator.views.answers import PageRequest, acted, action

PREVIEW_LOG_LINES = 400


def _variant(request: PageRequest, task_id: int, letter: str) -> Variant:
    return variant_by_letter_for(request.user, task_id, letter)


@require_GET
def variant(request: PageRequest, task_id: int, letter: str) -> HttpResponse:
    """`TaskPage` for head and tabs, `VariantPage` for the rest."""
    found = _variant(request, task_id, letter)
    return render(
        request,
        "orchestrator/variant.html",
        {
            "page": task_page(request.user, found.task, current=letter),
            "own": variant_page(request.user, found),
            "nav": "tasks",
        },
    )


@require_GET
def variant_part(request: PageRequest, task_id: int, letter: str, part: str) -> HttpResponse:
    """One changing part of the page. Of the runs only those `after` a number, for the end of the list."""
    found = _variant(request, task_id, letter)
    after = number_of(request.GET.get("after", "")) or 0
    own = variant_page(request.user, found)
    context = {"own": own, "after": after}
    return render(request, f"orchestrator/_variant_{part}.html", context)


@action
def variant_stop(request: PageRequest, task_id: int, letter: str) -> HttpResponse:
    found = _variant(request, task_id, letter)
    runs.variant_stop(user=request.user, variant=found)
    return acted(request, to=found.get_absolute_url(), text=f"{letter} was told to stop.")


@action
def variant_archive(request: PageRequest, task_id: int, letter: str) -> HttpResponse:
    found = _variant(request, task_id, letter)
    services.variant_archive(user=request.user, variant=found)
    return acted(request, to=found.get_absolute_url(), text=f"{letter} is archived.")


@action
def variant_unarchive(request: PageRequest, task_id: int, letter: str) -> HttpResponse:
    found = _variant(request, task_id, letter)
    services.variant_unarchive(user=request.user, variant=found)
    text = f"{letter} is no longer archived."
    return acted(request, to=found.get_absolute_url(), text=text)


@action
def variant_message(request: PageRequest, task_id: int, letter: str) -> HttpResponse:
    """Send a follow-up. What was typed comes back with the reason if it is refused."""
    found = _variant(request, task_id, letter)
    text = request.POST.get("text", "")
    error = ""
    try:
        follow_ups.follow_up_send(user=request.user, variant=found, text=text)
    except (Invalid, Conflict) as exc:
        error = exc.message
    own = variant_page(request.user, found)
    context = {"own": own, "typed": text if error else "", "error": error}
    if request.htmx:
        response = render(request, "orchestrator/_composer.html", context)
        response["HX-Trigger"] = "acted"
        return response
    if error:
        page = task_page(request.user, found.task, current=letter)
        return render(request, "orchestrator/variant.html", {"page": page, **context}, status=400)
    return redirect(found)


@action
def variant_preview(request: PageRequest, task_id: int, letter: str) -> HttpResponse:
    found = _variant(request, task_id, letter)
    do = previews.ACTIONS.get(request.POST.get("action", ""))
    if do is None:
        raise Invalid("preview.action", "The action must be start, stop or restart.")
    do(user=request.user, variant=found)
    return acted(request, to=found.get_absolute_url())


@require_GET
def variant_preview_log(request: PageRequest, task_id: int, letter: str) -> HttpResponse:
    found = _variant(request, task_id, letter)
    preview = Preview.objects.filter(variant=found).first()
    lines = previews.preview_log(preview, limit=PREVIEW_LOG_LINES) if preview else []
    own = variant_page(request.user, found)
    context = {"own": own, "lines": lines}
    if request.htmx:
        return render(request, "orchestrator/_preview_log.html", context)
    page = task_page(request.user, found.task, current=letter)
    return render(request, "orchestrator/preview_log.html", {**context, "page": page})


@action
def permission_decide(request: PageRequest, permission_id: int) -> HttpResponse:
    permission = permission_get_for(request.user, permission_id)
    decision = request.POST.get("decision", "")
    if decision not in {"allow", "allow-run", "answer", "deny"}:
        raise Invalid(
            "permission.decision", "The decision must be allow, allow-run, answer or deny."
        )
    message = ""
    if decision == "answer":
        message = _answers(request, ask_row(permission))
    elif decision == "deny":
        message = request.POST.get("message", "")
    permissions.permission_decide(
        user=request.user,
        run=permission.run,
        request=permission.request,
        allow=decision != "deny",
        scope="run" if decision == "allow-run" else "once",
        message=message,
    )
    return acted(request, to=permission.run.variant.get_absolute_url())


def _answers(request: PageRequest, ask: AskRow) -> str:
    """What was chosen and typed, one line for each question."""
    lines = []
    for number in range(len(ask.questions)):
        said = [*request.POST.getlist(f"choice-{number}"), request.POST.get(f"said-{number}", "")]
        lines.append(" ".join(", ".join(text for text in said if text.strip()).split()))
    if not all(lines):
        raise Invalid("permission.answer", "Answer each question, or deny the request.")
    return "\n".join(lines)
