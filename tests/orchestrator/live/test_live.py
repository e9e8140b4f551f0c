from __future__ import annotations

from typing import cast

import pytest
from django.db import transaction

from orchestrator.feed import StreamEntry
from orchestrator.lib.live import CHANGED_KEY, publish
from orchestrator.lib.redis import redis_client
from tests.support.valkey import Valkey

pytestmark = pytest.mark.django_db(transaction=True)


def topics() -> list[bytes]:
    entries = cast(list[StreamEntry], redis_client().xrange(CHANGED_KEY))
    return [fields[b"topic"] for _, fields in entries]


def test_a_change_is_told_when_it_is_committed_and_only_then(valkey: Valkey) -> None:
    with transaction.atomic():
        publish("task:1")
        assert topics() == []
    assert topics() == [b"task:1"]
    with transaction.atomic():
        publish("task:2")
        transaction.set_rollback(True)
    publish("home")
    assert topics() == [b"task:1", b"home"]


def test_a_writer_does_not_fail_because_nobody_can_be_told(
    valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    valkey.kill()
    with transaction.atomic():
        publish("task:1")
    assert "task:1" in caplog.text
