from __future__ import annotations

from django.db import models


class Host(models.Model):
    """A machine that runs agents. Its row is also the lock under which slots are given out."""

    id = models.CharField(primary_key=True, max_length=64)  # kept in the data dir
    name = models.CharField(max_length=200)
    slots = models.PositiveIntegerField(default=0)
    seen_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
