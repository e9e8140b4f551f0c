"""What is laid over a diff for one person: how its changes stand, and what was viewed."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_http_methods

from orchestrator.lib.errors import NotFound
from orchestrator.views.answers import PageRequest
from review.selectors.hunks import file_hunks_get
from review.selectors.reading import reading_payload
from review.selectors.viewed import viewed_payload
from review.services.viewed import file_viewed_set, hunks_viewed_set
from review.views.compare import address_of, comparison_of


@require_GET
def reading(request: PageRequest, task_id: int) -> HttpResponse:
    address = address_of(request, task_id)
    comparison = comparison_of(request, address)
    return JsonResponse(
        reading_payload(user=request.user, comparison=comparison, path=address.path)
    )


@require_http_methods(["GET", "POST"])
def viewed(request: PageRequest, task_id: int) -> HttpResponse:
    """How far this person is; POST marks `hunk` (several are allowed, none means the whole file)."""
    address = address_of(request, task_id)
    comparison = comparison_of(request, address)
    if request.method == "POST":
        file = file_hunks_get(
            hub=comparison.hub,
            left=comparison.left.commit,
            right=comparison.right.commit,
            path=address.path,
        )
        if file is None:
            raise NotFound("file.not-found", "This file is not among the changed ones.")
        keys, on = request.POST.getlist("hunk"), request.POST.get("viewed") == "1"
        if keys:
            hunks_viewed_set(
                user=request.user, comparison=comparison, file=file, keys=keys, viewed=on
            )
        else:
            file_viewed_set(user=request.user, comparison=comparison, file=file, viewed=on)
    return JsonResponse(viewed_payload(user=request.user, comparison=comparison))
