from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse

from agents.models import AgentProfile
from orchestrator.models.project import Project
from orchestrator.states import EnvironmentState, Isolation, MessageState, Resolution


class Spec(models.Model):
    """What was asked, word for word, and the commit it was asked of. Never changed after it was made."""

    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    base_branch = models.CharField(max_length=250)
    base_commit = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.sha256[:12]


class Task(models.Model):
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="tasks")
    spec = models.OneToOneField(Spec, on_delete=models.PROTECT, related_name="task")
    title = models.CharField(max_length=200)
    rubric = models.TextField(blank=True)
    timeout_s = models.PositiveIntegerField(null=True, blank=True)
    budget_usd = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    resolution = models.CharField(
        max_length=10,
        choices=Resolution.choices,
        default=Resolution.OPEN,
        db_index=True,
    )
    merged_variant = models.ForeignKey(
        "Variant", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("task", args=[self.pk])


class Variant(models.Model):
    """One candidate answer. Its numbers are those of its newest Snapshot against the Task's base.

    Made by an agent, or composed by a person: then its workspace begins at `start_commit`, it has no
    Run at first, and `agent` is the one that takes follow-ups.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="variants")
    position = models.PositiveSmallIntegerField()
    letter = models.CharField(max_length=1)
    agent = models.ForeignKey(AgentProfile, on_delete=models.PROTECT, related_name="+")
    model = models.CharField(max_length=120, blank=True)
    isolation = models.CharField(
        max_length=16, choices=Isolation.choices, default=Isolation.WORKTREE
    )
    strategy = models.TextField(blank=True)
    branch = models.CharField(max_length=250)
    start_commit = models.CharField(max_length=40, blank=True)  # empty: the Task's base
    head_commit = models.CharField(max_length=40, blank=True)
    files_changed = models.PositiveIntegerField(default=0)
    insertions = models.PositiveIntegerField(default=0)
    deletions = models.PositiveIntegerField(default=0)
    session = models.CharField(max_length=200, blank=True)  # the agent's own, to resume
    archived_at = models.DateTimeField(null=True, blank=True)
    # Since when it is to be seen to that the app starts by itself; none once that was done.
    autostart_due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["task_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["task", "letter"], name="variant_letter_once"),
            models.UniqueConstraint(fields=["task", "position"], name="variant_position_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.task_id} {self.letter}"

    def get_absolute_url(self) -> str:
        return reverse("variant", args=[self.task_id, self.letter])

    @property
    def composed(self) -> bool:
        return bool(self.start_commit)

    @property
    def maker(self) -> str:
        """Whom people see as its maker."""
        return "composed" if self.composed else self.agent.name


class Environment(models.Model):
    """Where a Variant lives. The port block is reserved here before anything listens on it."""

    variant = models.OneToOneField(Variant, on_delete=models.CASCADE, related_name="environment")
    kind = models.CharField(max_length=16, choices=Isolation.choices)
    host = models.CharField(max_length=64)
    path = models.CharField(max_length=1000)
    port_base = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10, choices=EnvironmentState.choices, default=EnvironmentState.NONE
    )
    copied = models.JSONField(default=list)  # paths of what the project's `copy` brought
    setup_key = models.CharField(max_length=64, blank=True)  # inputs of the last good setup
    setup_pending = models.CharField(max_length=64, blank=True)  # inputs of the one under way
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["host", "port_base"],
                condition=~models.Q(state=EnvironmentState.REMOVED),  # its ports are free again
                name="port_block_once",
            )
        ]

    def __str__(self) -> str:
        return self.path


class FollowUp(models.Model):
    """A person's further text to a Variant's agent."""

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="follow_ups")
    run = models.ForeignKey(
        "Run",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="follow_ups",
    )
    text = models.TextField()
    state = models.CharField(
        max_length=10, choices=MessageState.choices, default=MessageState.QUEUED
    )
    links = models.JSONField(default=list, blank=True)  # [[words, path], …]: what it speaks of
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:60]
