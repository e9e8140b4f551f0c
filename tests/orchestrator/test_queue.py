"""Sending jobs, on the real broker."""

from __future__ import annotations

import json
import logging

import pytest
from celery import Celery
from django.conf import settings
from django.db import transaction

from orchestrator.lib import queue as queue_module
from orchestrator.lib.queue import celery_app, enqueue
from orchestrator.lib.redis import redis_client

PREFIX = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]


def waiting(queue: str) -> list[str]:
    """Names of the jobs that wait in a queue."""
    messages = redis_client().lrange(f"{PREFIX}{queue}", 0, -1)
    return [json.loads(message)["headers"]["task"] for message in messages]


@pytest.mark.django_db(transaction=True)
def test_a_job_waits_in_its_own_queue_and_in_no_other(redis_empty: None) -> None:
    with celery_app.connection() as connection:  # as the worker does
        for queue in celery_app.amqp.queues.values():
            queue(connection.channel()).declare()
    enqueue("orchestrator.run_start", run_id="a")
    enqueue("orchestrator.project_import", project_id=1)
    assert waiting("runs") == ["orchestrator.run_start"]
    assert waiting("work") == ["orchestrator.project_import"]


@pytest.mark.django_db(transaction=True)
def test_a_job_is_sent_when_the_transaction_is_committed_and_not_before(redis_empty: None) -> None:
    with transaction.atomic():
        enqueue("orchestrator.sweep")
        assert waiting("work") == []
    assert waiting("work") == ["orchestrator.sweep"]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_sends_nothing(redis_empty: None) -> None:
    with transaction.atomic():
        enqueue("orchestrator.sweep")
        transaction.set_rollback(True)
    assert waiting("work") == []


@pytest.mark.django_db(transaction=True)
def test_without_redis_the_person_is_not_bothered(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lonely = Celery("lonely", set_as_current=False, broker="redis+socket:///no/such.sock")
    monkeypatch.setattr(queue_module, "celery_app", lonely)
    with caplog.at_level(logging.WARNING):
        enqueue("orchestrator.sweep")
    assert "the sweep will do it" in caplog.text
