"""Say which runs and previews go on without us. Run by `bakeoff up` when it ends."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from orchestrator.lib import paths
from orchestrator.models import Preview, Run
from orchestrator.states import RUN_STARTED, PreviewState


class Command(BaseCommand):
    help = "List the runs and previews of this host that are running."
    requires_system_checks: list[str] = []  # it is waited for

    def handle(self, *args: Any, **options: Any) -> None:
        here = paths.host_id()
        runs = Run.objects.filter(host=here, state__in=RUN_STARTED)
        previews = Preview.objects.filter(
            host=here, state__in=[PreviewState.STARTING, PreviewState.READY]
        )
        lines = [
            f"  run      {run.variant.letter} of “{run.variant.task.title}”, {run.state}"
            for run in runs.select_related("variant__task")
        ]
        lines += [
            f"  preview  {preview.variant.letter} of “{preview.variant.task.title}”,"
            f" http://127.0.0.1:{preview.port}/"
            for preview in previews.select_related("variant__task")
        ]
        if lines:
            lines.insert(0, "These go on in the background, the next “bakeoff up” takes them up:")
            self.stdout.write("\n".join(lines))
