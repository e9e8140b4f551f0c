from __future__ import annotations

from django.conf import settings
from django.db import models

from orchestrator.models import Task


class ViewedMark(models.Model):
    """A person has looked at a hunk. `key` names it by its text, so that the mark holds wherever the
    same change stands; a key `whole:…` says that the person was done with the file between two sides. `file`
    is the digest of the path, which itself may be too long for an index.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="+")
    file = models.CharField(max_length=40)
    key = models.CharField(max_length=40)
    viewed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "task", "file", "key"], name="viewed_once")
        ]

    def __str__(self) -> str:
        return f"{self.file} {self.key}"
