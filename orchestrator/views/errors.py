"""Errors as pages: what happened, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from orchestrator.lib.errors import AppError
from orchestrator.lib.storage import disk_full_error
from orchestrator.views.answers import notice


def error_response(request: HttpRequest, exc: AppError) -> HttpResponse:
    if getattr(request, "htmx", False):
        return notice(request, exc.message, status=exc.http_status)
    return render(
        request,
        "error.html",
        {"status": exc.http_status, "message": exc.message, "code": exc.code},
        status=exc.http_status,
    )


class AppErrorMiddleware:
    """An AppError that reaches the top becomes a page or a fragment, and so does a full disk.

    The API answers for itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        if request.path_info.startswith(settings.BAKEOFF_OWN_LOGIN_PREFIXES):
            return None
        error = exc if isinstance(exc, AppError) else disk_full_error(exc)
        return error_response(request, error) if error is not None else None
