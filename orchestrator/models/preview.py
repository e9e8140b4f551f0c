from __future__ import annotations

import uuid

from django.db import models

from orchestrator.models.task import Variant
from orchestrator.states import PreviewState


class Preview(models.Model):
    """A Variant's running app. `bundle` names its newest start; its log is that bundle's journal."""

    variant = models.OneToOneField(Variant, on_delete=models.CASCADE, related_name="preview")
    state = models.CharField(
        max_length=10, choices=PreviewState.choices, default=PreviewState.STOPPED
    )
    bundle = models.UUIDField(default=uuid.uuid4)
    host = models.CharField(max_length=64, blank=True)
    port = models.PositiveIntegerField(default=0)
    setup_key = models.CharField(
        max_length=64, blank=True
    )  # of the setup it runs first; none: none
    commit = models.CharField(max_length=40, blank=True)
    failure_code = models.CharField(max_length=60, blank=True)
    failure_message = models.TextField(blank=True)
    requested_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"preview of {self.variant}"
