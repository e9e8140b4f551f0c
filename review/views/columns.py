"""One file of several variants in columns."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestrator.lib.errors import Invalid
from orchestrator.lib.numbers import number_of
from orchestrator.views.answers import PageRequest
from review.selectors.columns import columns_page, columns_rows
from review.selectors.columns_address import ColumnsAddress, columns_address_check
from review.selectors.columns_since import columns_version
from review.selectors.file_threads import columns_sides

ROWS_MAX = 10**7


@require_GET
def compare_columns(request: PageRequest, task_id: int) -> HttpResponse:
    """`seen` is the version of the page that is open: 204 while that is the newest."""
    seen = request.GET.get("seen", "")
    if seen and seen == columns_version(user=request.user, task_id=task_id):
        return HttpResponse(status=204)
    page = columns_page(user=request.user, address=_address(request, task_id), seen=seen)
    refs = [head.side.ref for head in page.heads]
    sides = columns_sides(user=request.user, task_id=task_id, of=refs, path=page.path)
    return render(request, "review/columns.html", {"page": page, "comments": sides, "nav": "tasks"})


@require_GET
def compare_columns_rows(request: PageRequest, task_id: int) -> HttpResponse:
    """Rows that a fold hides: `start` (from 0) to `end`, which is not among them; what is left of it from `above`."""
    query = request.GET
    html = columns_rows(
        user=request.user,
        address=_address(request, task_id),
        start=_number(query.get("start", "")),
        end=_number(query.get("end", "")),
        above=_number(query["above"]) if "above" in query else None,
    )
    return HttpResponse(html)


def _address(request: PageRequest, task_id: int) -> ColumnsAddress:
    query = request.GET
    address = ColumnsAddress(
        task_id=task_id,
        path=query.get("path", ""),
        of=query.get("of", ""),
        context=query.get("context", ""),
        whitespace=query.get("w", "none") or "none",
        kept=query.get("kept", ""),
    )
    return columns_address_check(address)


def _number(text: str) -> int:
    number = number_of(text, most=ROWS_MAX)
    if number is None:
        raise Invalid("row.invalid", "start and end are numbers of rows.")
    return number
