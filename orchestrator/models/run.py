from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from orchestrator.models.task import Variant
from orchestrator.states import PermissionState, RunState


class Run(models.Model):
    """One launched agent process. `fence` grows with every change of owner: an old owner's writes find no row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="runs")
    number = models.PositiveIntegerField()
    prompt = models.TextField()
    state = models.CharField(
        max_length=12, choices=RunState.choices, default=RunState.QUEUED, db_index=True
    )
    queued_at = models.DateTimeField(auto_now_add=True)
    prepared_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    sealed_at = models.DateTimeField(null=True, blank=True)

    host = models.CharField(max_length=64, blank=True)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)

    stop_requested_at = models.DateTimeField(null=True, blank=True)
    secrets_encrypted = models.BinaryField(default=b"", blank=True)  # for redaction until sealed
    setup_key = models.CharField(
        max_length=64, blank=True
    )  # of the setup it runs first; none: none
    resumes = models.CharField(max_length=200, blank=True)
    session = models.CharField(max_length=200, blank=True)
    agent_version = models.CharField(max_length=80, blank=True)

    last_seq = models.PositiveIntegerField(default=0)
    last_line = models.CharField(max_length=300, blank=True)  # what the agent does now, in a line
    exit_code = models.IntegerField(null=True, blank=True)
    failure_code = models.CharField(max_length=60, blank=True)
    failure_message = models.TextField(blank=True)
    failure_lines = models.JSONField(default=list, blank=True)

    input_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    output_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    cache_read_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    cache_write_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    cost_source = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["variant_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["variant", "number"], name="run_number_once"),
        ]
        indexes = [models.Index(fields=["host", "state"])]

    def __str__(self) -> str:
        return self.id.hex


class Permission(models.Model):
    """An agent's request that a person must answer."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="permissions")
    request = models.CharField(max_length=200)
    tool = models.CharField(max_length=200)
    title = models.TextField()
    payload = models.JSONField(default=dict)
    state = models.CharField(
        max_length=10, choices=PermissionState.choices, default=PermissionState.PENDING
    )
    scope = models.CharField(max_length=8, blank=True)  # once, run
    message = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    decider = models.CharField(max_length=80, blank=True)  # shown name: a person, policy, timeout
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "request"], name="permission_request_once")
        ]

    def __str__(self) -> str:
        return self.title[:80]


class Snapshot(models.Model):
    """A commit of a Variant's working tree. `journal_n` is the Run's journal line it was taken after.

    Without a Run it is what a person made: the composed commit, or work done by hand.
    """

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="snapshots")
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, related_name="snapshots", null=True, blank=True
    )
    journal_n = models.PositiveIntegerField(default=0)
    commit = models.CharField(max_length=40)
    tree = models.CharField(max_length=40)
    parent = models.CharField(max_length=40)
    files_changed = models.PositiveIntegerField(default=0)
    insertions = models.PositiveIntegerField(default=0)
    deletions = models.PositiveIntegerField(default=0)
    excluded = models.JSONField(default=list)  # [[path, reason], …]
    taken_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.commit[:12]
