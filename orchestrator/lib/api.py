"""The frame of the JSON API: who may call it, what it takes as a body, and how it says no.

Every refusal, whoever makes it, is `{"code", "message", "details"}` with a status of 400 or more.
The app's own parts (routers, and how a token is turned into a person) are given by the composition root.
"""

from __future__ import annotations

import functools
import json
import logging
import math
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, re_path
from django.utils.datastructures import MultiValueDict
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.renderers import BaseRenderer
from ninja.responses import NinjaJSONEncoder
from ninja.security import HttpBearer
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from agents.clean import UNSTORABLE, clean_json
from orchestrator.lib.errors import AppError, Forbidden, Invalid
from orchestrator.lib.storage import disk_full_error

log = logging.getLogger(__name__)

BODY_DEPTH_LIMIT = 40
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})

# What HTTP itself refuses, for answers that were not made by an AppError.
STATUS_CODES = {
    400: ("request.invalid", "The request cannot be understood."),
    401: ("auth.required", "Send an API token in the Authorization header, or sign in."),
    403: ("auth.forbidden", "This is not allowed."),
    404: ("api.not-found", "There is no such address in the API."),
    405: ("api.method", "This address does not take that method."),
    413: ("request.too-large", "The request is too large."),
}


class UnauthorizedError(AppError):
    default_status = 401


class BearerAuth(HttpBearer):
    """An API token. A wrong one is refused even when the cookie would do: it was meant."""

    def __init__(self, token_user: Callable[[str], User | None]) -> None:
        super().__init__()
        self.token_user = token_user

    def authenticate(self, request: HttpRequest, token: str) -> User:
        user = self.token_user(token)
        if user is None:
            raise UnauthorizedError("auth.token", "The API token is not valid.")
        request.user = user
        return user


class SessionCookieAuth(AuthBase):
    """The browser's session. Whatever changes something needs the CSRF token beside it."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> User | None:
        user = request.user
        if not isinstance(user, User) or not user.is_active:
            return None
        if request.method in UNSAFE and check_csrf(request) is not None:
            raise Forbidden("auth.csrf", "The CSRF token is missing or wrong.")
        return user


def _text_check(where: str, text: str) -> None:
    found = UNSTORABLE.search(text)
    if found:
        what = "a NUL character" if found[0] == "\0" else "a broken character (a lone surrogate)"
        raise Invalid("request.text", f"{where} holds {what}, which cannot be stored.")


def _body_check(value: Any, *, where: str = "body", depth: int = 0) -> None:
    """Refuse what JSON can say but neither databases nor programs can hold."""
    if depth > BODY_DEPTH_LIMIT:
        raise Invalid("request.invalid", "The body is nested too deep.")
    if isinstance(value, str):
        _text_check(f"“{where}”", value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Invalid("request.invalid", f"“{where}” is not a finite number.")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _body_check(item, where=f"{where}.{index}", depth=depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _text_check("A name", key)
            _body_check(item, where=f"{where}.{key[:60]}", depth=depth + 1)


class JsonParser(Parser):
    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        try:
            body = json.loads(request.body)
        except UnicodeDecodeError:
            raise Invalid("request.json", "The body is not UTF-8 text.") from None
        except json.JSONDecodeError as exc:
            raise Invalid("request.json", f"The body is not JSON: {exc}.") from None
        except (ValueError, RecursionError):
            raise Invalid("request.json", "The body is not JSON that can be read.") from None
        _body_check(body)
        return body  # type: ignore[no-any-return]

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        for name in data:
            for text in data.getlist(name):
                _text_check(f"“{name[:60]}”", str(text))
        return super().parse_querydict(data, list_fields, request)


class JsonRenderer(BaseRenderer):
    """JSON that every reader takes: no NaN, no lone surrogates, whatever an agent has printed."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        dumps = functools.partial(
            json.dumps, cls=NinjaJSONEncoder, ensure_ascii=False, allow_nan=False
        )
        try:
            return dumps(data).encode()
        except ValueError:  # NaN, or a surrogate (UnicodeEncodeError is one, too)
            return dumps(clean_json(data)).encode()


def error_response(error: AppError) -> JsonResponse:
    response = JsonResponse(clean_json(error.as_dict()), status=error.http_status)
    if error.http_status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _status_error(status: int, message: str = "") -> AppError:
    code, sentence = STATUS_CODES.get(status, STATUS_CODES[400])
    return AppError(code, message or sentence, http_status=status)


def _on_app_error(request: HttpRequest, exc: AppError) -> HttpResponse:
    if exc.http_status >= 500:
        log.warning("%s %s: %s: %s", request.method, request.path, exc.code, exc.message)
    return error_response(exc)


def _on_http_error(request: HttpRequest, exc: HttpError) -> HttpResponse:
    if isinstance(exc.__cause__, AppError):  # the parser's own, wrapped by ninja
        return error_response(exc.__cause__)
    return error_response(_status_error(exc.status_code))


def _on_validation_error(request: HttpRequest, exc: ValidationError) -> HttpResponse:
    fields: dict[str, str] = {}
    for error in exc.errors:
        source, *path = (str(part) for part in error["loc"])
        if source == "body" and len(path) > 1:
            path = path[1:]  # the name of the view's argument says nothing to a caller
        fields.setdefault(".".join(path) or source, str(error["msg"]))
    name, message = next(iter(fields.items()))
    details = {"fields": fields}
    return error_response(Invalid("request.invalid", f"{name}: {message}.", details, 422))


def _on_too_big(request: HttpRequest, exc: RequestDataTooBig) -> HttpResponse:
    return error_response(_status_error(413))


def _on_exception(request: HttpRequest, exc: Exception) -> HttpResponse:
    full = disk_full_error(exc)
    if full is not None:
        return _on_app_error(request, full)
    log.error("%s %s failed", request.method, request.path, exc_info=exc)
    return error_response(
        AppError("internal", "Bakeoff failed at this; its log says why.", http_status=500)
    )


View = Callable[..., HttpResponseBase]


def _errors_as_json(view: View) -> View:
    """Give the refusals that ninja makes as plain text (405) the form of all others."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if response.status_code < 400 or response.get("Content-Type") == "application/json":
            return response
        replaced = error_response(_status_error(response.status_code))
        if "Allow" in response:
            replaced["Allow"] = response["Allow"]
        return replaced

    return wrapped


class Api(NinjaAPI):
    def guarded(self, view: View) -> View:
        """The same authentication for views that are not operations: the schema, unknown addresses."""

        @functools.wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                for authenticate in self.auth or ():  # type: ignore[union-attr]
                    if authenticate(request):
                        return view(request, *args, **kwargs)
            except AppError as exc:
                return error_response(exc)
            return error_response(_status_error(401))

        wrapped.csrf_exempt = True  # type: ignore[attr-defined]  # the cookie's own check does it
        return wrapped

    @property
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        patterns, app_name, namespace = super().urls
        known = [p for p in patterns if isinstance(p, URLPattern) and p.name != "api-root"]
        for pattern in known:
            pattern.callback = _errors_as_json(pattern.callback)

        def unknown(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
            return error_response(_status_error(404))

        # ninja builds the addresses in its schema from the place that it calls api-root.
        root = re_path(r"", self.guarded(unknown), name="api-root")
        return [*known, root], app_name, namespace


def api_build(*, title: str, version: str, token_user: Callable[[str], User | None]) -> Api:
    """An API without operations; routers are added by the composition root."""
    api = Api(
        title=title,
        version=version,
        urls_namespace="api",
        auth=[BearerAuth(token_user), SessionCookieAuth()],
        docs_url=None,  # ninja's page loads its script from another site
        parser=JsonParser(),
        renderer=JsonRenderer(),
    )
    api.docs_decorator = api.guarded  # type: ignore[assignment]  # for the schema, too
    handlers: dict[type[Exception], Callable[..., HttpResponse]] = {
        AppError: _on_app_error,
        HttpError: _on_http_error,
        ValidationError: _on_validation_error,
        RequestDataTooBig: _on_too_big,
        Exception: _on_exception,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)
    return api
