"""A full disk is told apart from a fault of ours, and said as such."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import redis
from django.db import OperationalError
from django.test import Client

from orchestrator.lib import storage
from orchestrator.lib.disk import room_bytes
from orchestrator.lib.storage import disk_full_error

MISCONF = "MISCONF Errors writing to the AOF file: No space left on device"


def caused(exc: Exception, by: Exception) -> Exception:
    exc.__cause__ = by
    return exc


@pytest.mark.parametrize(
    ("exc", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (OperationalError("database or disk is full"), True),
        (OperationalError("database is locked"), False),
        (redis.ResponseError(MISCONF), True),
        (redis.ResponseError("WRONGTYPE"), False),
        (caused(RuntimeError("x"), OSError(errno.ENOSPC, "full")), True),
        (ValueError("disk is full"), False),
    ],
)
def test_what_says_that_the_disk_is_full(exc: Exception, full: bool) -> None:
    error = disk_full_error(exc)
    assert (error is not None) is full
    if error is not None:
        assert (error.code, error.http_status) == ("disk.full", 507)


def test_a_database_that_cannot_be_opened_for_want_of_room(monkeypatch: pytest.MonkeyPatch) -> None:
    exc = OperationalError("unable to open database file")
    assert disk_full_error(exc) is None
    monkeypatch.setattr(storage, "room_bytes", lambda _: 0)
    assert disk_full_error(exc) is not None


def test_room_where_there_is_nothing(tmp_path: Path) -> None:
    assert room_bytes(tmp_path) > 0
    assert room_bytes(tmp_path / "gone") == 0


@pytest.mark.django_db
def test_a_page_says_it_in_a_sentence(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr("orchestrator.views.login.login_code_redeem", full)
    reply = client.get("/login?code=x", headers={"host": "localhost:8000"})
    assert reply.status_code == 507, reply.content
    assert "Make room" in reply.content.decode()
