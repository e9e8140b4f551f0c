from __future__ import annotations

from django.conf import settings
from django.db import models


class Activity(models.Model):
    """Append-only audit: who did what to which thing, and every change of state with its reason."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    verb = models.CharField(max_length=60)  # e.g. task.submitted, run.state, merge.merged
    project = models.ForeignKey("Project", on_delete=models.CASCADE, null=True, blank=True)
    task = models.ForeignKey("Task", on_delete=models.CASCADE, null=True, blank=True)
    variant = models.ForeignKey("Variant", on_delete=models.CASCADE, null=True, blank=True)
    run = models.ForeignKey("Run", on_delete=models.CASCADE, null=True, blank=True)
    source_state = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=20, blank=True)
    text = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.verb
