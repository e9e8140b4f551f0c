"""The JSON API as a program calls it, without a server between."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from orchestrator.services.access import token_issue


@dataclass
class Reply:
    status: int
    body: Any
    headers: Any


@dataclass
class Api:
    """Calls with the token of `user`; every refusal must have the one shape that all have."""

    user: User
    client: Client = field(default_factory=Client)
    token: str = ""

    def __post_init__(self) -> None:
        self.token = token_issue(user=self.user, name="test")

    def call(self, method: str, path: str, data: Any = None, *, raw: bytes | None = None) -> Reply:
        body = raw if raw is not None else b"" if data is None else json.dumps(data).encode()
        response = self.client.generic(
            method,
            f"/api/v1/{path}",
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        reply = Reply(
            response.status_code,
            json.loads(response.content) if response.content else None,
            response.headers,
        )
        if reply.status >= 400:
            refusal_check(reply.body)
        return reply

    def get(self, path: str, status: int = 200) -> Any:
        return self._expect("GET", path, None, status)

    def post(self, path: str, data: Any = None, status: int = 200) -> Any:
        return self._expect("POST", path, data if data is not None else {}, status)

    def patch(self, path: str, data: Any, status: int = 200) -> Any:
        return self._expect("PATCH", path, data, status)

    def delete(self, path: str, status: int = 200) -> Any:
        return self._expect("DELETE", path, None, status)

    def _expect(self, method: str, path: str, data: Any, status: int) -> Any:
        reply = self.call(method, path, data)
        assert reply.status == status, reply
        return reply.body


def refusal_check(body: Any) -> None:
    assert set(body) == {"code", "message", "details"}, body
    assert body["code"], body
    assert body["message"].strip(), body
