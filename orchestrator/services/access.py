"""Giving people and programs a way in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from orchestrator.lib.people import OWNER_NAME
from orchestrator.models import ApiToken, LoginCode

LOGIN_CODE_LIFE = timedelta(hours=12)
_TOKEN_SEEN_EVERY = timedelta(minutes=5)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def owner_ensure() -> User:
    """The first account of an installation; it has no password and signs in by one-time link."""
    owner = User.objects.filter(is_superuser=True).order_by("pk").first()
    if owner is None:
        owner = User.objects.create_superuser(
            "owner", email="", password=None, first_name=OWNER_NAME
        )
    return owner


def user_add(*, name: str, password: str | None = None) -> User:
    return User.objects.create_user(name, password=password)


def login_code_issue(*, user: User) -> str:
    """A code that signs `user` in once within 12 hours."""
    code = secrets.token_urlsafe(24)
    LoginCode.objects.create(
        user=user,
        code_sha256=_sha256(code),
        expires_at=timezone.now() + LOGIN_CODE_LIFE,
    )
    return code


def login_code_redeem(*, code: str) -> User | None:
    """The user of an unused, unexpired code, which is used up by this; else None."""
    now = timezone.now()
    used = LoginCode.objects.filter(
        code_sha256=_sha256(code),
        used_at=None,
        expires_at__gt=now,
        user__is_active=True,
    ).update(used_at=now)
    if not used:
        return None
    return LoginCode.objects.select_related("user").get(code_sha256=_sha256(code)).user


def token_issue(*, user: User, name: str) -> str:
    token = "bko_" + secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, name=name, token_sha256=_sha256(token))
    return token


def token_user(*, token: str) -> User | None:
    found = (
        ApiToken.objects.select_related("user")
        .filter(token_sha256=_sha256(token), user__is_active=True)
        .first()
    )
    if found is None:
        return None
    now = timezone.now()
    if found.last_used_at is None or now - found.last_used_at > _TOKEN_SEEN_EVERY:
        ApiToken.objects.filter(pk=found.pk).update(last_used_at=now)
    return found.user
