"""Sending jobs by name, so that services never import the modules that hold them."""

from __future__ import annotations

import logging
from typing import Any

import redis
from celery import Celery
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

celery_app = Celery("bakeoff")
celery_app.config_from_object("django.conf:settings", namespace="CELERY")


def enqueue(job_name: str, **kwargs: Any) -> None:
    """Send a job once the present transaction is committed; at once if there is none."""
    transaction.on_commit(lambda: _send(job_name, kwargs))


def _send(job_name: str, kwargs: dict[str, Any]) -> None:
    try:
        celery_app.send_task(
            job_name,
            kwargs=kwargs,
            ignore_result=True,
            retry=True,
            retry_policy={"max_retries": 2, "interval_start": 0.1, "interval_step": 0.2},
        )
    except (OperationalError, redis.RedisError) as exc:
        # The database already says what is due: the sweep finds it when Redis is back, or has room.
        log.warning("job %s was not sent, the sweep will do it: %s", job_name, exc)
