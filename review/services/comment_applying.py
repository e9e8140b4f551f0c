"""A suggested change carried out on its Variant."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from orchestrator.git.hub import blob_read
from orchestrator.git.refs import display_path
from orchestrator.lib.errors import Conflict, Invalid
from orchestrator.lib.live import publish
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Variant
from orchestrator.services.environments import workspace_lock
from orchestrator.services.workspace_edits import workspace_catch_up, workspace_file_replace
from review.diff import DiffOptions
from review.diff.text import text_read
from review.models.comment import About, Comment, CommentState
from review.selectors.places import comment_spots
from review.suggestions import lines_replace


def suggestion_apply(*, user: User, comment: Comment) -> str:
    """Write the suggested lines into the Variant's workspace and snapshot it; returns the commit.

    Its thread is resolved. Refused where the lines are not there to the letter any more.
    """
    root = comment.thread or comment
    variant, suggestion = root.variant, comment.suggestion
    if suggestion is None or variant is None or root.about != About.LINES:
        raise Invalid("comment.no-suggestion", "This comment suggests no other lines.")
    if root.state == CommentState.DRAFT or comment.state == CommentState.DRAFT:
        raise Conflict("comment.draft", "Publish the comment before its suggestion is applied.")
    # Until it is written down: of two who press at once the second sees that it was applied.
    with workspace_lock(variant):
        if Comment.objects.filter(pk=comment.pk).exclude(applied_commit="").exists():
            raise Conflict("comment.applied", "It was applied already.")
        return _apply(user, comment, root, variant, suggestion)


def _apply(user: User, comment: Comment, root: Comment, variant: Variant, suggestion: str) -> str:
    head, hub = workspace_catch_up(variant), hub_dir(root.task.project_id)
    spot = comment_spots(hub=hub, comments=[root], commit=head)[root.pk]
    if spot is None or not spot.same:
        raise Conflict("comment.outdated", "The lines are not there any more as they were.")
    limit = DiffOptions().limit_bytes
    old = blob_read(hub=hub, commit=head, path=spot.path, limit_bytes=limit)
    text = text_read(old) if old is not None else None
    if old is None or text is None or text.encoding != "UTF-8" or text.invalid:
        raise Conflict("comment.encoding", "Only files in UTF-8 can be changed here.")
    where = f"{display_path(spot.path)}:{spot.start}"
    commit = workspace_file_replace(
        user=user,
        variant=variant,
        path=spot.path,
        old=old,
        new=lines_replace(old, start=spot.start, end=spot.end, text=suggestion),
        message=f"{root.task.title}\n\nApply the change suggested for {where}.\n",
    )
    with transaction.atomic():
        Comment.objects.filter(pk=comment.pk).update(applied_commit=commit)
        Comment.objects.filter(pk=root.pk).update(state=CommentState.RESOLVED, resolved_by=user)
        publish(f"task:{root.task_id}")
    return commit
