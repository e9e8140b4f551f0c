"""Findings of the judge and of checks: comments that no person has written."""

from __future__ import annotations

from django.db import transaction

from orchestrator.models import Task
from review.models.comment import Comment, Severity, Source
from review.services.comments import Target, comment_new, comment_save, turn_take

# Whoever finds the same again, on the same commit, has found nothing new.
SAME = (
    *("task", "about", "variant", "against", "commit", "path", "start", "end"),
    *("source", "severity", "body", "suggestion"),
)


def finding_create(
    *,
    task: Task,
    target: Target,
    source: Source,
    severity: Severity,
    body: str,
    suggestion: str | None = None,
) -> Comment:
    """Begin a thread with a finding; made again, it is the one there is, settled or not."""
    if source == Source.PERSON:
        raise ValueError("a person writes comments, not findings")
    finding = comment_new(user=None, task=task, target=target, body=body, suggestion=suggestion)
    finding.source, finding.severity = source, severity
    same = {name: getattr(finding, name) for name in SAME}
    with transaction.atomic():
        turn_take(task.pk)
        return Comment.objects.filter(thread=None, **same).first() or comment_save(finding)
