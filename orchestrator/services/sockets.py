"""Who is on the other end of a WebSocket handshake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.http import HttpRequest, parse_cookie

from orchestrator.services.access import token_user

_DEFAULT_PORTS = {"http": 80, "https": 443}


def public_origin() -> str:
    """The origin of the dashboard's own pages, as a browser writes it."""
    parts = urlsplit(settings.BAKEOFF_PUBLIC_URL)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    if parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme):
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{parts.port}"


def socket_user(scope: Mapping[str, Any]) -> User | None:
    """The signed-in person of a handshake, or None if it must be refused.

    A page of ours shows its own origin and the session cookie; a page of anybody else shows another
    origin and is refused, whatever cookie the browser adds. A program shows no origin but a token.
    """
    headers: Iterable[tuple[bytes, bytes]] = scope.get("headers", ())
    origins = [_text(value) for name, value in headers if name == b"origin"]
    if any(origin != public_origin() for origin in origins):
        return None
    bearers = [_text(value) for name, value in headers if name == b"authorization"]
    if bearers:
        scheme, _, token = bearers[0].partition(" ")
        return token_user(token=token.strip()) if scheme.lower() == "bearer" else None
    if not origins:
        return None
    cookies = "; ".join(_text(value) for name, value in headers if name == b"cookie")
    return _session_user(parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME, ""))


def _session_user(key: str) -> User | None:
    if not key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    return user if isinstance(user, User) and user.is_active else None


def _text(value: bytes) -> str:
    return value.decode("latin-1")
