"""Comments to agents: those that were chosen, as one message to each."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from orchestrator.git.refs import display_path
from orchestrator.lib.errors import Conflict, Invalid
from orchestrator.lib.paths import hub_dir
from orchestrator.lib.people import person_name
from orchestrator.models import FollowUp, Task, Variant
from orchestrator.services import activity
from orchestrator.services.follow_ups import follow_up_send
from review.models.comment import Comment, CommentState
from review.remarks import Said, Topic, remarks_prompt
from review.selectors.comments import comments_for, send_targets, told_all
from review.selectors.places import Spot, comment_spots, path_real
from review.services.comments import (
    Target,
    comment_create,
    comments_publish,
    reply_create,
    turn_take,
)

LINK_CHARS = 80


def comments_send(
    *,
    user: User,
    task: Task,
    comments: Sequence[Comment],
    letters: Sequence[str] | None,
    again: bool = False,
) -> list[FollowUp]:
    """Send threads to these Variants' agents (None: to all that take work); drafts among them are published.

    All are sent or none. A comment on another side is placed in each Variant's own files. Asked twice (a second
    click, an answer that was lost) it sends once: what a Variant was told already, with nothing said since, is left
    out unless it is to be told `again`, and the message that told it is returned.
    """
    possible = send_targets(task.pk)
    wanted = possible if letters is None else tuple(dict.fromkeys(letters))
    refused = [letter for letter in wanted if letter not in possible]
    if refused or not wanted:
        which = f"Variant {', '.join(refused)}" if refused else "No variant of this task"
        raise Conflict("comment.target", f"{which} takes no more work.")
    if not comments:
        raise Invalid("comment.none", "Choose the comments to send.")
    threads = list(dict.fromkeys(comment.thread or comment for comment in comments))
    threads.sort(key=lambda root: (root.path, root.start or 0, root.pk))
    variants = task.variants.filter(letter__in=wanted).select_related("task__spec", "agent")
    with transaction.atomic():
        turn_take(task.pk)
        comments_publish(user=user, task=task, ids=[comment.pk for comment in comments])
        said = _said(user, threads)
        told = {} if again else {root.pk: _told(root) for root in threads}
        sent = []
        for variant in variants.order_by("position"):
            before = [told.get(root.pk, {}).get(variant.letter) for root in threads]
            fresh = [root for root, message in zip(threads, before, strict=True) if not message]
            if not fresh:
                sent.append(max((m for m in before if m), key=lambda message: message.pk))
                continue
            follow_up = _send(user, variant, fresh, said)
            for root in fresh:
                root.follow_ups.add(follow_up)
            sent.append(follow_up)
            count = f"{len(fresh)} comment{'s' if len(fresh) > 1 else ''}"
            activity.record(verb="comment.sent", user=user, variant=variant, text=count)
    return sent


def comment_post(
    *,
    user: User,
    task: Task,
    to: Target | Comment,
    body: str,
    suggestion: str | None = None,
    draft: bool = False,
    send_to: str = "",
) -> Comment:
    """Begin a thread on a target, or reply to a comment; with `send_to` send it to that Variant as well, or neither."""
    with transaction.atomic():
        if isinstance(to, Comment):
            if send_to:
                comments_publish(user=user, task=task, ids=[to.pk])
                to.refresh_from_db(fields=["state"])
            made = reply_create(user=user, thread=to, body=body, suggestion=suggestion, draft=draft)
        else:
            made = comment_create(
                user=user, task=task, target=to, body=body, suggestion=suggestion, draft=draft
            )
        if send_to:
            comments_send(user=user, task=task, comments=[made], letters=[send_to])
    return made


def _told(root: Comment) -> dict[str, FollowUp]:
    thread = Comment.objects.filter(Q(pk=root.pk) | Q(thread=root))
    follow_ups = root.follow_ups.select_related("variant", "run").order_by("pk")
    return told_all(thread, follow_ups)


def _send(
    user: User, variant: Variant, threads: Sequence[Comment], said: dict[int, tuple[Said, ...]]
) -> FollowUp:
    hub, commit = hub_dir(variant.task.project_id), variant.head_commit
    commit = commit or variant.task.spec.base_commit
    spots = comment_spots(hub=hub, comments=threads, commit=commit)
    topics = [_topic(root, spots.get(root.pk), said[root.pk]) for root in threads]
    return follow_up_send(
        user=user,
        variant=variant,
        text=remarks_prompt(topics),
        links=[
            (_words(topic, root), reverse("review:comment", args=[root.pk]))
            for topic, root in zip(topics, threads, strict=True)
        ],
    )


def _said(user: User, threads: Sequence[Comment]) -> dict[int, tuple[Said, ...]]:
    """What stands in each thread for all to read."""
    found = {}
    for root in threads:
        replies = comments_for(user).filter(thread=root).select_related("author")
        own = comments_for(user).filter(pk=root.pk).select_related("author")
        public = [
            comment
            for comment in (*own, *replies)
            if comment.state != CommentState.DRAFT and not comment.deleted_at
        ]
        found[root.pk] = tuple(
            Said(by=_name(comment), text=comment.body, suggestion=comment.suggestion)
            for comment in public
        )
        if not found[root.pk]:
            raise Conflict("comment.draft", "Publish a comment before it is sent with its replies.")
    return found


def _name(comment: Comment) -> str:
    return person_name(comment.author) if comment.author else comment.source


def _topic(root: Comment, spot: Spot | None, said: tuple[Said, ...]) -> Topic:
    path = spot.path if spot else path_real(root.path)
    return Topic(
        path=display_path(path) if root.path else "",
        start=(spot.start if spot else root.start) or 0,
        end=(spot.end if spot else root.end) or 0,
        lines=tuple(root.lines),
        gone=bool(root.path) and spot is None,
        said=said,
    )


def _words(topic: Topic, root: Comment) -> str:
    """How the transcript names it."""
    if not topic.path:
        return f"the {root.about}"
    line = f":{topic.start}" if topic.start and not topic.gone else ""
    return f"{topic.path[-LINK_CHARS:]}{line}"
