from __future__ import annotations

from django.conf import settings
from django.db import models

from orchestrator.models import Task, Variant


class Composition(models.Model):
    """How a Variant was put together: what was picked, at which commits, and where each hunk is from."""

    variant = models.OneToOneField(Variant, on_delete=models.CASCADE, related_name="composition")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    title = models.CharField(max_length=200, blank=True)  # where somebody wrote one
    why = models.TextField(blank=True)
    contested = models.JSONField(default=list)  # letters of what an agent was to reconcile
    picks = models.JSONField(default=list)
    heads = models.JSONField(default=dict)  # {letter: commit} as they were then
    sources = models.JSONField(default=list)  # [{letter, files, hunks}, …], most first
    files = models.JSONField(default=list)  # provenance; see review.selectors.composing
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"composition of {self.variant}"


class Tray(models.Model):
    """What a person has picked in a Task so far. Of one person, on whatever machine they go on."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="+")
    picks = models.JSONField(default=list)
    past = models.JSONField(default=list)  # how to go back, newest last; see review.composing.steps
    undone = models.JSONField(default=list)  # how to go on again after that, next one last
    previewed = models.JSONField(default=dict)  # {commit, picks, letter} of the newest preview
    began = models.CharField(max_length=16, blank=True)  # another one whenever it was empty before
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "task"], name="tray_once")]

    def __str__(self) -> str:
        return f"tray of {self.user} in #{self.task_id}"
