"""End every run and preview of this host. Run by `bakeoff stop`, and by `bakeoff demo` when it ends."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand

from orchestrator.lib import paths
from orchestrator.services.previews import previews_stop_all
from orchestrator.services.runs import stop_all
from orchestrator.supervisor.up import shims_alive

POLITE_S = 1.5  # the worker, if there is one, asks the agents in their own way
STOP_S = 5.0


class Command(BaseCommand):
    help = "Stop all runs and previews of this host and wait until their processes are gone."
    requires_system_checks: list[str] = []  # it is waited for

    def handle(self, *args: Any, **options: Any) -> None:
        runs, previews = stop_all(), previews_stop_all()
        _wait(POLITE_S)
        for bundle in shims_alive(paths.data_dir()):
            bundle.control("stop", id="stop-all")
        _wait(STOP_S)
        for bundle in shims_alive(paths.data_dir()):
            bundle.kill_processes()
        self.stdout.write(f"Stopped {runs} runs and {previews} previews.")


def _wait(seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while shims_alive(paths.data_dir()) and time.monotonic() < deadline:
        time.sleep(0.05)
