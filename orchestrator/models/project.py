from __future__ import annotations

from django.conf import settings as django_settings
from django.db import models
from django.urls import reverse

from orchestrator.states import ProjectState


class Project(models.Model):
    """A repository with its settings. `settings` are the ones edited in the browser; `.bakeoff.toml` wins over them."""

    name = models.CharField(max_length=120, unique=True)
    source = models.CharField(max_length=2000)  # absolute path or URL of the origin
    default_branch = models.CharField(max_length=250, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    state = models.CharField(
        max_length=12, choices=ProjectState.choices, default=ProjectState.PENDING
    )
    failure_code = models.CharField(max_length=60, blank=True)
    failure_message = models.TextField(blank=True)
    host = models.CharField(max_length=64, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
    )
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("project", args=[self.pk])
