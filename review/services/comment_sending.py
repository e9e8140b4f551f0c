"""Comments to agents: those that were chosen, as one message to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

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
from review.models.comment import Comment, CommentState, Source
from review.remarks import Said, Topic, remarks_prompt
from review.selectors.comments import comments_for, send_targets, told_all
from review.selectors.places import Spot, comment_spots, path_real
from review.services.comments import (
    Target,
    comment_new,
    comment_save,
    comments_in_turn,
    comments_publish,
    reply_create,
)

LINK_CHARS = 80

Places = dict[str, list[Spot | None]]  # by the letter of a Variant, one for each of some threads


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
    variants = _targets(task, letters)
    if not comments:
        raise Invalid("comment.none", "Choose the comments to send.")
    threads = list(dict.fromkeys(comment.thread or comment for comment in comments))
    threads.sort(key=lambda root: (root.path, root.start or 0, root.pk))
    places = _places(variants, threads)
    with transaction.atomic():
        comments_in_turn(task.pk, comments)
        comments_publish(user=user, task=task, ids=[comment.pk for comment in comments])
        return _threads_send(user, variants, threads, places, again=again)


def comment_post(
    *,
    user: User,
    task: Task,
    to: Target | Comment,
    body: str,
    suggestion: str | None = None,
    draft: bool = False,
    send_to: str = "",
    once: UUID | None = None,
) -> Comment:
    """Begin a thread on a target, or reply to a comment; with `send_to` send it to that Variant as well, or neither.

    With the name of the form that it is `once` from, another time changes nothing.
    """
    variants = _targets(task, [send_to]) if send_to else []
    if isinstance(to, Comment):
        thread = to.thread or to
    else:
        thread = comment_new(
            user=user,
            task=task,
            target=to,
            body=body,
            suggestion=suggestion,
            draft=draft,
            once=once,
        )
    places = _places(variants, [thread])
    with transaction.atomic():
        if not isinstance(to, Comment):
            made = comment_save(thread)
        else:
            if send_to:
                comments_publish(user=user, task=task, ids=[to.pk])
                (to,) = comments_in_turn(task.pk, [to])
            made = reply_create(
                user=user, thread=to, body=body, suggestion=suggestion, draft=draft, once=once
            )
        if send_to:
            comments_publish(user=user, task=task, ids=[made.pk])
            _threads_send(user, variants, [made.thread or made], places)
    return made


def _targets(task: Task, letters: Sequence[str] | None) -> list[Variant]:
    """The Variants with these letters, or all, that take work."""
    possible = send_targets(task.pk)
    wanted = possible if letters is None else tuple(dict.fromkeys(letters))
    refused = [letter for letter in wanted if letter not in possible]
    if refused or not wanted:
        which = f"Variant {', '.join(refused)}" if refused else "No variant of this task"
        raise Conflict("comment.target", f"{which} takes no more work.")
    variants = task.variants.filter(letter__in=wanted).select_related("task__spec", "agent")
    return list(variants.order_by("position"))


def _places(variants: Sequence[Variant], threads: Sequence[Comment]) -> Places:
    """Git is asked before the transaction: on SQLite all who write wait for that."""
    places: Places = {}
    for variant in variants:
        commit = variant.head_commit or variant.task.spec.base_commit
        hub = hub_dir(variant.task.project_id)
        spots = comment_spots(hub=hub, comments=threads, commit=commit)
        places[variant.letter] = [spots.get(root.pk) for root in threads]
    return places


def _threads_send(
    user: User,
    variants: Sequence[Variant],
    threads: Sequence[Comment],
    places: Places,
    *,
    again: bool = False,
) -> list[FollowUp]:
    said = _said(user, threads)
    told = {} if again else {root.pk: _told(root) for root in threads}
    sent = []
    for variant in variants:
        before = [told.get(root.pk, {}).get(variant.letter) for root in threads]
        topics = {
            root: _topic(root, spot, said[root.pk])
            for root, spot, message in zip(threads, places[variant.letter], before, strict=True)
            if not message
        }
        if not topics:
            sent.append(max((m for m in before if m), key=lambda message: message.pk))
            continue
        follow_up = _send(user, variant, topics)
        for root in topics:
            root.follow_ups.add(follow_up)
        sent.append(follow_up)
        count = f"{len(topics)} comment{'s' if len(topics) > 1 else ''}"
        activity.record(verb="comment.sent", user=user, variant=variant, text=count)
    return sent


def _told(root: Comment) -> dict[str, FollowUp]:
    thread = Comment.objects.filter(Q(pk=root.pk) | Q(thread=root))
    follow_ups = root.follow_ups.select_related("variant", "run").order_by("pk")
    return told_all(thread, follow_ups)


def _send(user: User, variant: Variant, topics: Mapping[Comment, Topic]) -> FollowUp:
    return follow_up_send(
        user=user,
        variant=variant,
        text=remarks_prompt(list(topics.values())),
        links=[
            (_words(topic, root), reverse("review:comment", args=[root.pk]))
            for root, topic in topics.items()
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
    if comment.source != Source.PERSON:
        return " ".join(filter(None, (comment.source, comment.severity)))
    return person_name(comment.author) if comment.author else ""


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
