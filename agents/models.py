"""AgentProfile: an agent as people choose it, with its model, arguments and secrets."""

from __future__ import annotations

from django.db import models


class PermissionMode(models.TextChoices):
    ASK = "ask", "Ask before every change and command"
    ACCEPT_EDITS = "accept_edits", "Accept edits, ask before commands"
    EVERYTHING = "everything", "Allow everything"


class Login(models.TextChoices):
    OWN = "own", "The CLI's own login on this machine"
    ENV = "env", "Environment variables of the server, by name"
    STORED = "stored", "Secrets stored here"


class AgentProfile(models.Model):
    name = models.CharField(max_length=60, unique=True)
    adapter = models.CharField(max_length=30)
    model = models.CharField(max_length=120, blank=True)
    command = models.JSONField(default=list, blank=True)  # argv, for the adapters that take one
    prompt_via = models.CharField(
        max_length=8,
        default="stdin",
        choices=[("stdin", "stdin"), ("arg", "argument"), ("file", "file")],
    )
    args = models.JSONField(default=list, blank=True)
    env = models.JSONField(default=dict, blank=True)
    secrets_encrypted = models.BinaryField(default=b"", blank=True)  # see agents.secrets
    secret_names = models.JSONField(default=list, blank=True)
    permission_mode = models.CharField(
        max_length=20,
        choices=PermissionMode.choices,
        default=PermissionMode.ACCEPT_EDITS,
    )
    login = models.CharField(max_length=10, choices=Login.choices, default=Login.OWN)
    login_env = models.JSONField(default=list, blank=True)
    timeout_s = models.PositiveIntegerField(default=3600)
    idle_timeout_s = models.PositiveIntegerField(default=900)
    answer_timeout_s = models.PositiveIntegerField(default=86_400)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
