"""The compare page and its fragments."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_GET

from orchestrator.git.diffs import FileChange
from orchestrator.lib.errors import Invalid, NotFound
from orchestrator.lib.numbers import number_of
from orchestrator.views.answers import PageRequest
from review.diff.rows import View
from review.selectors.compare import Comparison, comparison_get, paths_since
from review.selectors.compare_address import Address, address_check
from review.selectors.compare_choices import side_menu
from review.selectors.compare_page import ABSENT, compare_page, file_pane
from review.selectors.file_diffs import file_colours, file_lines
from review.selectors.live_diff import live_diff
from review.selectors.trays import preview_page

VIEW_COOKIE = "diff_view"
VIEW_COOKIE_S = 365 * 24 * 3600
LINES_MAX = 10**7


@require_GET
def compare(request: PageRequest, task_id: int) -> HttpResponse:
    address = address_of(request, task_id)
    comparison = comparison_of(request, address)
    page = compare_page(comparison, address)
    preview = preview_page(user=request.user, comparison=comparison)
    context = {
        "page": page,
        "comparison": comparison,
        "pane": page.pane,
        "preview": preview,
        "nav": "tasks",
    }
    absent = page.pane is not None and page.pane.status == ABSENT
    response = render(request, "review/compare.html", context, status=404 if absent else 200)
    if "view" in request.GET:
        response.set_cookie(
            VIEW_COOKIE, address.view, max_age=VIEW_COOKIE_S, samesite="Lax", httponly=True
        )
    return response


@require_GET
def compare_file(request: PageRequest, task_id: int) -> HttpResponse:
    """One file of the page, in place of the one before."""
    address = address_of(request, task_id)
    comparison = comparison_of(request, address)
    pane = file_pane(comparison, address)
    return render(request, "review/_file_diff.html", {"comparison": comparison, "pane": pane})


@require_GET
def compare_now(request: PageRequest, task_id: int) -> HttpResponse:
    """What changed since the page was made: `seen_left` and `seen_right` are the commits it shows."""
    comparison = comparison_of(request, address_of(request, task_id))
    sides = {"left": comparison.left.commit, "right": comparison.right.commit}
    paths = {
        path
        for side, commit in sides.items()
        for path in paths_since(
            hub=comparison.hub, seen=request.GET.get(f"seen_{side}", ""), head=commit
        )
    }
    return JsonResponse({**sides, "paths": sorted(paths)})


@require_GET
def compare_sides(request: PageRequest, task_id: int) -> HttpResponse:
    """Runs and snapshots that one side can be set to."""
    address = address_of(request, task_id)
    menu = side_menu(comparison_of(request, address), address, request.GET.get("which", ""))
    return render(request, "review/_side_menu.html", {"menu": menu})


def _changed(request: PageRequest, task_id: int) -> tuple[Address, Comparison, FileChange]:
    """A file that the sides have different."""
    address = address_of(request, task_id)
    comparison = comparison_of(request, address)
    change = comparison.file(address.path)
    if change is None:
        raise NotFound("file.not-found", "This file is not among the changed ones.")
    return address, comparison, change


@require_GET
def compare_lines(request: PageRequest, task_id: int) -> HttpResponse:
    """Lines that a fold hides: `start` to `end` of the left side."""
    address, comparison, change = _changed(request, task_id)
    html = file_lines(
        hub=comparison.hub,
        change=change,
        view=address.view,
        whitespace=address.whitespace,
        start=_number(request, "start"),
        end=_number(request, "end"),
    )
    return HttpResponse(html)


@require_GET
def compare_colours(request: PageRequest, task_id: int) -> HttpResponse:
    """Colours of a file whose lines are already on the page."""
    _, comparison, change = _changed(request, task_id)
    colours = file_colours(
        hub=comparison.hub,
        change=change,
    )
    response = JsonResponse(colours)
    patch_cache_control(response, private=True, max_age=60)
    return response


@require_GET
def variant_diff(request: PageRequest, task_id: int, letter: str) -> HttpResponse:
    """The live diff of a Variant. 204 while it still is what the page shows."""
    seen, path = request.GET.get("seen", ""), request.GET.get("path", "")
    diff = live_diff(
        user=request.user,
        task_id=task_id,
        letter=letter,
        path=path,
        seen=seen,
        follow=request.GET.get("follow", "1") != "0",
        show=request.GET.get("show") == "1",
    )
    told = seen, path, request.GET.get("ended") == "1"
    if told == (diff.head, diff.path, diff.ended) and "keep" in request.GET:
        return HttpResponse(status=204)
    context = {"live": diff, "comparison": diff.comparison, "pane": diff.pane}
    return render(request, "review/_live_diff.html", context)


def address_of(request: HttpRequest, task_id: int) -> Address:
    query = request.GET
    view = query.get("view") or request.COOKIES.get(VIEW_COOKIE, "")
    if "view" not in query and view not in ("split", "unified"):
        view = "split"
    address = Address(
        task_id=task_id,
        left=query.get("left", ""),
        right=query.get("right", ""),
        path=query.get("path", ""),
        view=cast(View, view),
        whitespace=query.get("w", "none") or "none",
        context=query.get("context", ""),
        show=query.get("show") == "1",
        rendered=query.get("rendered") == "1",
    )
    return address_check(address)


def comparison_of(request: PageRequest, address: Address) -> Comparison:
    return comparison_get(
        user=request.user, task_id=address.task_id, left=address.left, right=address.right
    )


def _number(request: HttpRequest, name: str) -> int:
    number = number_of(request.GET.get(name, ""), most=LINES_MAX)
    if not number:
        raise Invalid(f"{name}.invalid", f"{name} is the number of a line.")
    return number
