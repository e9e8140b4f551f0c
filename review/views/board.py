"""The board (files × variants) and the list of places where variants agree or do not."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestrator.lib.errors import Invalid
from orchestrator.states import LETTERS
from orchestrator.views.answers import PageRequest
from review.matrix import Show, Sort
from review.selectors.agreement import agreement_known, agreement_step
from review.selectors.board_ask import FILTER_MAX, FLIPS_MAX, Ask
from review.selectors.board_page import board_page
from review.selectors.consensus import ground_get
from review.selectors.consensus_page import consensus_ask, consensus_page, places_version

PAGE_MAX = 100_000


@require_GET
def board(request: PageRequest, task_id: int) -> HttpResponse:
    """A page of its own, and the fragment of the task's Overview. 204 while it still is what is shown."""
    ask = _ask(request, task_id)
    if not request.htmx:
        # Without a script nobody asks how far it is, so the page itself reads on for a moment.
        agreement_step(ground_get(user=request.user, task_id=task_id))
        page = board_page(user=request.user, ask=ask)
        return render(request, "review/board.html", {"page": page, "nav": "tasks"})
    page = board_page(user=request.user, ask=ask)
    if request.GET.get("seen") == page.version:
        return HttpResponse(status=204)
    return render(request, "review/_board.html", {"page": page})


@require_GET
def board_progress(request: PageRequest, task_id: int) -> HttpResponse:
    """Read on towards the marks, and say how far it is."""
    step = agreement_step(ground_get(user=request.user, task_id=task_id))
    return JsonResponse(
        {
            "done": step.done,
            "total": step.total,
            "letter": step.letter,
            "comparing": step.comparing,
            "ready": step.agreement is not None,
        }
    )


@require_GET
def consensus(request: PageRequest, task_id: int) -> HttpResponse:
    """204 while it still is the `seen` list that the page shows."""
    seen = request.GET.get("seen")
    if request.htmx and seen and seen == places_version(user=request.user, task_id=task_id):
        return HttpResponse(status=204)
    ask = consensus_ask(
        task_id=task_id,
        kind=request.GET.get("kind", ""),
        variant=request.GET.get("variant", ""),
        path=request.GET.get("path", ""),
        text=request.GET.get("q", ""),
        page=_number(request, "page"),
        at=request.GET.get("at", ""),
    )
    page = consensus_page(user=request.user, ask=ask)
    name = "review/_consensus.html" if request.htmx else "review/consensus.html"
    return render(request, name, {"page": page, "nav": "tasks"})


@require_GET
def consensus_next(request: PageRequest, task_id: int) -> HttpResponse:
    """What the consensus leaves to decide, for the card of what to do next; nothing until it is known."""
    ground = ground_get(user=request.user, task_id=task_id)
    known = agreement_known(ground) if len(ground.heads) > 1 else None
    if known is not None and known.voices < 2:  # what one alone has is no difference yet
        known = None
    return render(request, "review/_places_next.html", {"agreement": known, "task": ground.task})


def _ask(request: HttpRequest, task_id: int) -> Ask:
    query = request.GET
    try:
        show, sort = Show(query.get("show") or Show.ALL), Sort(query.get("sort") or Sort.DISPUTED)
    except ValueError:
        raise Invalid("board.invalid", "This board knows no such filter or order.") from None
    flips = [key for key in query.get("flip", "").split(",") if key.isalnum()]
    return Ask(
        task_id=task_id,
        text=query.get("q", "").strip()[:FILTER_MAX],
        show=show,
        sort=sort,
        fold=query.get("fold") == "1",
        flip=frozenset(key[:8] for key in flips[:FLIPS_MAX]),
        page=_number(request, "page"),
        order="".join(c for c in query.get("order", "")[:40] if c.isalnum()),
        letters="".join(c for c in query.get("letters", "")[: len(LETTERS)] if c in LETTERS),
    )


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "") or "1"
    if not (text.isascii() and text.isdigit()) or not 0 < int(text[:9]) <= PAGE_MAX:
        raise Invalid(f"{name}.invalid", f"{name} is a number from 1.")
    return int(text)
