"""Make the demo's repository, project and task. Run by `bakeoff demo`; may be repeated."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from orchestrator.services.access import owner_ensure
from orchestrator.services.demo import demo_seed


class Command(BaseCommand):
    help = "Make the demo's task; prints where its page is as JSON."
    requires_system_checks: list[str] = []  # it is waited for

    def handle(self, *args: Any, **options: Any) -> None:
        task = demo_seed(owner_ensure())
        self.stdout.write(json.dumps({"path": task.get_absolute_url()}))
