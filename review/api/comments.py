"""The JSON API of comments: parse, call one service or selector, answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Schema, Status

from orchestrator.api import ERRORS, ApiRequest
from orchestrator.api_schemas import Body, ErrorOut
from orchestrator.lib.errors import NotFound
from orchestrator.lib.numbers import ID_MAX
from orchestrator.lib.people import person_name
from orchestrator.models import Task
from orchestrator.selectors.access import task_get_for
from review.models.comment import About, Comment
from review.selectors.comments import (
    Thread,
    comment_get_for,
    comments_for,
    thread_of,
    thread_rows,
    thread_url,
)
from review.selectors.compare import path_text
from review.services import comments as services
from review.services.comment_applying import suggestion_apply
from review.services.comment_sending import comments_send

router = Router()

IDS_MAX = 500
Id = Annotated[int, Field(gt=0, le=ID_MAX)]


class CommentIn(Body):
    """A comment on lines of a side, on a file, a variant or the comparison; with `thread`, a reply.

    `side` is `base` or a letter; `commit` what was looked at (default: its newest state).
    """

    body: str = ""
    state: Literal["draft", "published"] = "published"
    thread: Id | None = None
    about: Literal["lines", "file", "variant", "comparison"] | None = None
    side: str = "base"
    against: str = ""
    commit: str = ""
    path: str = ""
    start_line: int | None = None
    end_line: int | None = None
    suggestion: str | None = None


class CommentPatch(Body):
    body: str | None = None
    suggestion: str | None = None
    state: Literal["published", "resolved"] | None = None


class PlaceOut(Schema):
    path: str
    start_line: int | None
    end_line: int | None


class SentOut(Schema):
    letter: str
    run: int | None


class CommentOut(Schema):
    """`place` is where it stands now; null where it is outdated, or about no file."""

    id: int
    task: int
    thread: int | None
    about: str
    side: str
    against: str
    commit: str
    path: str | None
    start_line: int | None
    end_line: int | None
    lines: list[str]
    place: PlaceOut | None
    outdated: bool
    body: str
    suggestion: str | None
    applied_commit: str | None
    state: str
    source: str
    severity: str | None
    author: str
    mine: bool
    deleted: bool
    created_at: datetime
    edited_at: datetime | None
    sent: list[SentOut]
    url: str


class IdsIn(Body):
    comments: Annotated[list[Id], Field(max_length=IDS_MAX)] | None = None


class SendIn(Body):
    """`variants` are letters, or `all`. What a variant was sent already is left out, unless `again`."""

    comments: Annotated[list[Id], Field(min_length=1, max_length=IDS_MAX)]
    variants: Annotated[list[str], Field(min_length=1, max_length=16)] | Literal["all"] = "all"
    again: bool = False


class FollowUpOut(Schema):
    variant: str
    state: str
    run: str | None


def comment_payload(comment: Comment, thread: Thread, *, task_id: int) -> dict[str, Any]:
    remark = next(remark for remark in thread.remarks if remark.id == comment.pk)
    root = comment.thread_id is None
    in_file = thread.about in (About.LINES, About.FILE)
    place = {
        "path": path_text(thread.path),
        "start_line": thread.start or None,
        "end_line": thread.end or None,
    }
    author = comment.author
    return {
        "id": comment.pk,
        "task": task_id,
        "thread": comment.thread_id,
        "about": thread.about,
        "side": thread.on,
        "against": thread.against,
        "commit": thread.commit,
        "path": comment.path or None,
        "start_line": comment.start,
        "end_line": comment.end,
        "lines": comment.lines if root else [],
        "place": place if in_file and not thread.outdated else None,
        "outdated": thread.outdated,
        "body": comment.body,
        "suggestion": comment.suggestion,
        "applied_commit": comment.applied_commit or None,
        "state": comment.state,
        "source": comment.source,
        "severity": comment.severity or None,
        "author": person_name(author) if author else "",
        "mine": remark.mine,
        "deleted": remark.deleted,
        "created_at": comment.created_at,
        "edited_at": comment.edited_at,
        "sent": [{"letter": sent.letter, "run": sent.run} for sent in thread.sent],
        "url": thread_url(thread, task_id=task_id),
    }


def _payloads(request: ApiRequest, task: Task) -> list[dict[str, Any]]:
    threads = thread_rows(request.auth, task)
    by_comment = {remark.id: thread for thread in threads for remark in thread.remarks}
    wanted = comments_for(request.auth).filter(pk__in=by_comment)
    return [
        comment_payload(comment, by_comment[comment.pk], task_id=task.pk)
        for comment in wanted.select_related("author").order_by("pk")
    ]


def _one(request: ApiRequest, comment: Comment) -> dict[str, Any]:
    fresh = comment_get_for(request.auth, comment.pk)
    return comment_payload(fresh, thread_of(request.auth, fresh), task_id=fresh.task_id)


@router.get("tasks/{task_id}/comments", response={200: list[CommentOut], ERRORS: ErrorOut})
def task_comments(request: ApiRequest, task_id: str) -> list[dict[str, Any]]:
    """All comments that you may see, drafts of your own among them, in the order they were made."""
    return _payloads(request, task_get_for(request.auth, task_id))


@router.post("tasks/{task_id}/comments", response={201: CommentOut, ERRORS: ErrorOut})
def task_comment(request: ApiRequest, task_id: str, body: CommentIn) -> Status[dict[str, Any]]:
    task = task_get_for(request.auth, task_id)
    draft = body.state == "draft"
    if body.thread is not None:
        thread = comment_get_for(request.auth, body.thread)
        if thread.task_id != task.pk:
            raise NotFound("comment.not-found", f"There is no comment {body.thread} on this task.")
        made = services.reply_create(
            user=request.auth,
            thread=thread,
            body=body.body,
            suggestion=body.suggestion,
            draft=draft,
        )
    else:
        made = services.comment_create(
            user=request.auth,
            task=task,
            target=_target(body),
            body=body.body,
            suggestion=body.suggestion,
            draft=draft,
        )
    return Status(201, _one(request, made))


def _target(body: CommentIn) -> services.Target:
    about: str = body.about or ""
    if not about:
        about = About.LINES if body.start_line else About.FILE if body.path else About.VARIANT
    return services.Target(
        about=about,
        on=body.side,
        against=body.against,
        commit=body.commit,
        path=body.path,
        start=body.start_line or 0,
        end=body.end_line or 0,
    )


@router.patch("comments/{comment_id}", response={200: CommentOut, ERRORS: ErrorOut})
def comment_change(request: ApiRequest, comment_id: str, body: CommentPatch) -> dict[str, Any]:
    """New words, or another state: `published` publishes a draft and reopens what was resolved."""
    comment = comment_get_for(request.auth, comment_id)
    if body.body is not None or body.suggestion is not None:
        services.comment_edit(
            user=request.auth, comment=comment, body=body.body, suggestion=body.suggestion
        )
    if body.state == "resolved":
        services.thread_resolve(user=request.auth, thread=comment, resolved=True)
    elif body.state == "published" and not services.comments_publish(
        user=request.auth, task=comment.task, ids=[comment.pk]
    ):
        services.thread_resolve(user=request.auth, thread=comment, resolved=False)
    return _one(request, comment)


@router.delete("comments/{comment_id}", response={204: None, ERRORS: ErrorOut})
def comment_delete(request: ApiRequest, comment_id: str) -> Status[None]:
    comment = comment_get_for(request.auth, comment_id)
    services.comment_delete(user=request.auth, comment=comment)
    return Status(204, None)


@router.post("comments/{comment_id}/apply", response={200: CommentOut, ERRORS: ErrorOut})
def comment_apply(request: ApiRequest, comment_id: str) -> dict[str, Any]:
    """Write the suggested lines into the variant, as a commit of its own."""
    comment = comment_get_for(request.auth, comment_id)
    suggestion_apply(user=request.auth, comment=comment)
    return _one(request, comment)


@router.post("tasks/{task_id}/comments/publish", response={200: dict[str, int], ERRORS: ErrorOut})
def comments_publish(request: ApiRequest, task_id: str, body: IdsIn) -> dict[str, int]:
    """Publish your drafts together: all, or those with these ids."""
    task = task_get_for(request.auth, task_id)
    done = services.comments_publish(user=request.auth, task=task, ids=body.comments)
    return {"published": done}


@router.post("tasks/{task_id}/comments/send", response={200: list[FollowUpOut], ERRORS: ErrorOut})
def task_comments_send(request: ApiRequest, task_id: str, body: SendIn) -> list[dict[str, Any]]:
    """Send comments to the agents of some variants, or of all: one message to each."""
    task = task_get_for(request.auth, task_id)
    chosen = list(comments_for(request.auth).filter(task=task, pk__in=body.comments))
    if len(chosen) < len(set(body.comments)):
        raise NotFound("comment.not-found", "Not all of these comments are on this task.")
    letters = None if body.variants == "all" else [text.upper() for text in body.variants]
    sent = comments_send(
        user=request.auth, task=task, comments=chosen, letters=letters, again=body.again
    )
    return [
        {
            "variant": follow_up.variant.letter,
            "state": follow_up.state,
            "run": follow_up.run.id.hex if follow_up.run else None,
        }
        for follow_up in sent
    ]
