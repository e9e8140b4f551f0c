"""How views answer: pages, fragments, and what follows an action."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django_htmx.middleware import HtmxDetails

from orchestrator.lib.errors import AppError

P = ParamSpec("P")


class PageRequest(HttpRequest):
    """A request of a signed-in person, as the middleware leaves it. For annotations only."""

    user: User
    htmx: HtmxDetails


def next_url(request: HttpRequest, default: str) -> str:
    """Where the person came from, if that is a page of ours."""
    wanted = request.POST.get("next", "") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else default


def acted(request: PageRequest, *, to: str, text: str = "") -> HttpResponse:
    """After an action: fragments on the page reload themselves; without JavaScript the page does."""
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Trigger": "acted"})
    if text:
        messages.success(request, text)
    return HttpResponseRedirect(next_url(request, to))


def notice(request: HttpRequest, text: str, *, status: int, kind: str = "error") -> HttpResponse:
    return render(request, "components/_notice.html", {"kind": kind, "text": text}, status=status)


def action(
    view: Callable[Concatenate[PageRequest, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """A POST that changes something. A refusal is said where the person is, not on a page of its own."""

    @wraps(view)
    def wrapped(request: PageRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except AppError as exc:
            if request.htmx or exc.http_status in (403, 404):
                raise
            messages.error(request, exc.message)
            return HttpResponseRedirect(next_url(request, "/"))

    return require_POST(wrapped)


def errors_add(form: Any, exc: AppError, *, field: str = "") -> None:
    """Say at the field what a service has refused; at the top of the form if it names none."""
    fields = exc.details.get("fields")
    if isinstance(fields, dict) and fields:
        for name, message in fields.items():
            form.add_error(name if name in form.fields else None, str(message))
    else:
        form.add_error(field if field in form.fields else None, exc.message)
