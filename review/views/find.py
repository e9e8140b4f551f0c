"""Finding a text in all changed files of a comparison."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestrator.lib.errors import Invalid
from orchestrator.lib.numbers import number_of
from orchestrator.views.answers import PageRequest
from review.selectors.find import find_in_files
from review.views.compare import address_of, comparison_of

SKIP_MAX = 10**7


@require_GET
def compare_find(request: PageRequest, task_id: int) -> HttpResponse:
    address = address_of(request, task_id)
    comparison = comparison_of(request, address)
    skip = number_of(request.GET.get("skip", "0"), most=SKIP_MAX)
    if skip is None:
        raise Invalid("skip.invalid", "skip is a number of lines.")
    found = find_in_files(
        comparison,
        address,
        request.GET.get("q", "").strip(),
        after=request.GET.get("after", ""),
        skip=skip,
    )
    template = "review/_find_hits.html" if request.htmx else "review/find.html"
    context = {"found": found, "comparison": comparison, "back": address.url(), "nav": "tasks"}
    return render(request, template, context)
