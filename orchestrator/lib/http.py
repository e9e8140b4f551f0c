"""What every HTTP answer has in common: who may see it, under which name, with which headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangoLoginRequired
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.request import split_domain_port, validate_host
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from whitenoise.storage import CompressedManifestStaticFilesStorage

_SIGNED_OUT = "You are not signed in any more. Load the page anew to sign in."

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# Previews live at other origins: plain ports, and later names under localhost.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "frame-src 'self' http://127.0.0.1:* http://*.localhost:*",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)


class ContentSecurityPolicyMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response


class FragmentMiddleware:
    """A page and its fragment have one address: the browser must not show the one kept for the other. And Back takes
    from what is kept, however old, also what the scripts of the page ask for: so of that nothing is kept, but where a
    view says for how long.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        if is_json or "HX-Request" in request.headers:
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class AllowedHostMiddleware:
    """Refuse foreign host names before anything is served, static files too (DNS rebinding)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            request.get_host()
        except DisallowedHost:
            return HttpResponse(
                "This host name is not allowed. Name it in BAKEOFF_ALLOWED_HOSTS.\n",
                status=400,
                content_type="text/plain",
            )
        return self.get_response(request)


class LoginRequiredMiddleware(DjangoLoginRequired):
    """Every view needs a signed-in person, except those marked otherwise and doors with their own check."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        if request.path_info.startswith(settings.BAKEOFF_OWN_LOGIN_PREFIXES):
            return None
        to_login = super().process_view(request, view_func, view_args, view_kwargs)
        if to_login is None or "HX-Request" not in request.headers:
            return to_login
        # In a part of a page that is open still there is no place for a login.
        said = {"kind": "error", "text": _SIGNED_OUT}
        return render(request, "components/_notice.html", said, status=401)


class CanonicalHostMiddleware:
    """Send people who came by another name to the public one, where their cookie is."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.public = urlsplit(settings.BAKEOFF_PUBLIC_URL)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view_func: object, view_args: object, view_kwargs: object
    ) -> HttpResponseBase | None:
        if request.method not in ("GET", "HEAD") or request.get_host() == self.public.netloc:
            return None
        if request.path_info.startswith(settings.BAKEOFF_OWN_LOGIN_PREFIXES):
            return None
        return HttpResponseRedirect(f"{settings.BAKEOFF_PUBLIC_URL}{request.get_full_path()}")


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names, also inside the import statements of our own ES modules (static/js).

    Django's `support_js_module_import_aggregation` would do it for all files and inside comments too,
    where packages show examples that lead nowhere; a statement of ours begins its line.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        (
            "js/*.js",
            (
                (
                    r"""(?m)^(?P<matched>(?P<what>(?:import|export)\s(?s:[^;'"]*?)\sfrom)\s*"""
                    r"""['"](?P<url>\./[^'"]+)['"]\s*;)""",
                    """%(what)s "%(url)s";""",
                ),
                (
                    r"""(?m)^(?P<matched>import\s*['"](?P<url>\./[^'"]+)['"]\s*;)""",
                    """import "%(url)s";""",
                ),
                (
                    r"""(?P<matched>\bimport\(['"](?P<url>\./[^'"]+)['"]\))""",
                    """import("%(url)s")""",
                ),
            ),
        ),
    )


Application = Callable[[Any, Any, Any], Awaitable[None]]


def socket_host_allowed(application: Application) -> Application:
    """Refuse handshakes under foreign host names, which Django's middleware does not see."""

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        domain, _ = split_domain_port(hosts[0]) if len(hosts) == 1 else ("", "")
        if domain and validate_host(domain, settings.ALLOWED_HOSTS):
            await application(scope, receive, send)
        else:
            await receive()  # the connect message
            await send({"type": "websocket.close", "code": 4400})  # before accepting: answered 403

    return guarded
