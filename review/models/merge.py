from __future__ import annotations

from django.conf import settings
from django.db import models

from orchestrator.models import Task, Variant


class MergeState(models.TextChoices):
    PLANNED = "planned"
    PUSHING = "pushing"
    MERGED = "merged"
    CONFLICT = "conflict"
    REFUSED = "refused"


MERGE_SOURCES: dict[MergeState, frozenset[MergeState]] = {
    MergeState.PUSHING: frozenset({MergeState.PLANNED}),
    MergeState.MERGED: frozenset({MergeState.PUSHING}),
    MergeState.CONFLICT: frozenset({MergeState.PLANNED}),
    MergeState.REFUSED: frozenset({MergeState.PLANNED, MergeState.PUSHING}),
}


class Strategy(models.TextChoices):
    MERGE = "merge", "Merge"
    SQUASH = "squash", "Squash"


class Decision(models.Model):
    """What a person chose, and why. Append-only."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="decisions")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="decisions")
    why = models.TextField(blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    decided_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.variant} chosen"


class Merge(models.Model):
    """The git write that follows a Decision. Written down whole (target, commit) before anything is pushed."""

    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="merge")
    state = models.CharField(
        max_length=10,
        choices=MergeState.choices,
        default=MergeState.PLANNED,
        db_index=True,
    )
    strategy = models.CharField(max_length=10, choices=Strategy.choices)
    message = models.TextField()
    head_commit = models.CharField(max_length=40)
    target_branch = models.CharField(max_length=250)
    target_commit = models.CharField(max_length=40)  # the tip that is expected at the origin
    commit = models.CharField(max_length=40, blank=True)  # what is pushed
    reason = models.TextField(blank=True)
    conflicts = models.JSONField(default=list)  # [{path, kind, message}, …]
    owner = models.CharField(max_length=64, blank=True)  # the process at work on it; see processes
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"merge of {self.decision.variant}: {self.state}"
