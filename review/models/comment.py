from __future__ import annotations

from django.conf import settings
from django.db import models

from orchestrator.models import FollowUp, Task, Variant


class About(models.TextChoices):
    LINES = "lines"
    FILE = "file"
    VARIANT = "variant"
    COMPARISON = "comparison"


class CommentState(models.TextChoices):
    """A thread is resolved in its first comment; replies are drafts or published."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RESOLVED = "resolved"


class Source(models.TextChoices):
    PERSON = "person"
    JUDGE = "judge"
    CHECK = "check"


class Severity(models.TextChoices):
    """How much a finding of the judge or of a check matters; people say it in words."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Comment(models.Model):
    """A remark on a Task's work. One without `thread` begins a thread and holds where it stands.

    `variant` is the side it is on; none means the base. `against` is what that was compared with. Where it
    stands on another commit is worked out when it is shown (see `review.placement`), never stored.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="comments")
    thread = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="replies"
    )
    about = models.CharField(max_length=10, choices=About.choices)
    variant = models.ForeignKey(
        Variant, on_delete=models.CASCADE, null=True, blank=True, related_name="comments"
    )
    against = models.CharField(max_length=40, blank=True)
    commit = models.CharField(max_length=40)
    path = models.TextField(blank=True)
    start = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)
    lines = models.JSONField(default=list, blank=True)  # the code it was made on
    before = models.JSONField(default=list, blank=True)  # a few lines above and below
    after = models.JSONField(default=list, blank=True)

    body = models.TextField(blank=True)
    suggestion = models.TextField(null=True, blank=True)
    state = models.CharField(
        max_length=10, choices=CommentState.choices, default=CommentState.DRAFT
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.PERSON)
    severity = models.CharField(max_length=10, choices=Severity.choices, blank=True)
    follow_ups = models.ManyToManyField(FollowUp, related_name="comments", blank=True)
    applied_commit = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    once = models.UUIDField(
        null=True, blank=True
    )  # the form it was written in, which is saved once
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)  # its text is gone, its replies stay
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["task", "thread"])]
        constraints = [models.UniqueConstraint(fields=["author", "once"], name="comment_once")]

    def __str__(self) -> str:
        return f"comment {self.pk} on #{self.task_id}"
