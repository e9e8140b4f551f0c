"""The Celery application as the worker loads it: `celery -A orchestrator.config.celery`."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.config.settings")

from orchestrator.lib.queue import celery_app as app  # noqa: E402 (needs the settings' name)

app.set_default()
app.autodiscover_tasks(["orchestrator", "review"], related_name="jobs")

__all__ = ["app"]
