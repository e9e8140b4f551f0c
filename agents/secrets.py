"""Secrets at rest: a JSON object, encrypted with a key derived from the installation's SECRET_KEY."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class SecretsUnreadableError(Exception):
    """The stored secrets were encrypted with another SECRET_KEY."""


def _fernet() -> Fernet:
    digest = hashlib.sha256(b"bakeoff agent secrets\0" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def secrets_encrypt(secrets: Mapping[str, str]) -> bytes:
    return _fernet().encrypt(json.dumps(dict(secrets)).encode()) if secrets else b""


def secrets_decrypt(data: bytes | memoryview) -> dict[str, str]:
    """Names and values; raises SecretsUnreadableError when the key has changed."""
    if not data:
        return {}
    try:
        plain = _fernet().decrypt(bytes(data))
    except InvalidToken as exc:
        raise SecretsUnreadableError(
            "The stored secrets cannot be read: the installation's secret key has changed."
        ) from exc
    decoded: dict[str, str] = json.loads(plain)
    return decoded
