"""The review's Celery jobs. Any of them may come twice, late, or never."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from review.services import merges


@shared_task(name="review.merges_recover", ignore_result=True)
def merges_recover_job(**_ignored: Any) -> None:
    merges.merges_recover()
