"""The Celery application as the worker loads it: `celery -A orchestrator.config.celery`.

Here the process gets what is more than jobs: the loops that follow Runs, and the pulse that the
supervisor watches.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import django
from celery import signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.config.settings")
django.setup()

# The rest needs the apps to be ready.
from django.conf import settings  # noqa: E402

from orchestrator.lib.queue import celery_app as app  # noqa: E402
from orchestrator.services import follower_process  # noqa: E402
from orchestrator.supervisor.child import die_with_parent  # noqa: E402
from orchestrator.supervisor.places import Places  # noqa: E402
from orchestrator.supervisor.pulse import Pulse  # noqa: E402

app.set_default()
app.autodiscover_tasks(["orchestrator", "review"], related_name="jobs")

_pulse = Pulse(Places(settings.BAKEOFF_DATA_DIR).pulse, threads=settings.CELERY_WORKER_CONCURRENCY)


@app.task(name="bakeoff.heartbeat")
def heartbeat_job(**_ignored: Any) -> None:
    _pulse.consumed()


@signals.worker_ready.connect
def _worker_ready(**_: Any) -> None:
    _pulse.start()
    follower_process.start()
    heartbeat_job.delay()  # ready is who has taken a job, not who has started


@signals.task_prerun.connect
def _job_began(**_: Any) -> None:
    _pulse.began()


@signals.task_postrun.connect
def _job_ended(**_: Any) -> None:
    _pulse.ended()


@signals.worker_shutting_down.connect
def _worker_shutting_down(**_: Any) -> None:
    # Called inside the signal handler; the process waits for this thread before it ends.
    threading.Thread(target=follower_process.stop, name="follower-stop").start()


@signals.beat_embedded_init.connect
def _beat_init(**_: Any) -> None:
    die_with_parent()
