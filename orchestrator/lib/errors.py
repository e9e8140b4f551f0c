"""Errors that are meant for people: a stable code, one sentence, and an HTTP status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class AppError(Exception):
    """Base of every expected error. `message` is one sentence that a person can act on."""

    default_status = 400

    def __init__(
        self,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details: dict[str, Any] = dict(details or {})
        self.http_status = self.default_status if http_status is None else http_status

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "details": self.details}

    def __str__(self) -> str:
        return self.message


class Invalid(AppError):
    default_status = 400


class Forbidden(AppError):
    default_status = 403


class NotFound(AppError):
    default_status = 404


class Conflict(AppError):
    default_status = 409


class Unavailable(AppError):
    default_status = 503
