"""Writing, changing, publishing, resolving and sending comments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from agents.clean import UNSTORABLE
from orchestrator.git.hub import blob_read
from orchestrator.git.refs import display_path
from orchestrator.lib.errors import Conflict, Forbidden, Invalid, NotFound
from orchestrator.lib.live import publish
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Task, Variant
from orchestrator.services import activity
from review.diff import DiffOptions
from review.diff.text import text_read
from review.models.comment import About, Comment, CommentState, Source
from review.placement import Anchor, anchor_make
from review.selectors.compare import files_changed, path_text
from review.selectors.places import path_kept
from review.selectors.sides import BASE

BODY_CHARS = 65_536
RANGE_LINES = 500
PLACE = ("task", "thread", "about", "variant", "against", "path", "start", "end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a new comment is on. `commit` is what the person was looking at; empty means the newest."""

    about: str
    on: str = BASE  # base, or the letter of a variant
    against: str = ""
    commit: str = ""
    path: str = ""
    start: int = 0
    end: int = 0


def comment_create(
    *,
    user: User,
    task: Task,
    target: Target,
    body: str,
    suggestion: str | None = None,
    draft: bool = False,
) -> Comment:
    """Begin a thread."""
    return comment_save(
        comment_new(
            user=user, task=task, target=target, body=body, suggestion=suggestion, draft=draft
        )
    )


def comment_new(
    *,
    user: User | None,
    task: Task,
    target: Target,
    body: str,
    suggestion: str | None = None,
    draft: bool = False,
    once: UUID | None = None,
) -> Comment:
    """The first comment of a thread, which is not saved yet: what it is on is read from git."""
    if target.about not in About.values:
        raise Invalid("comment.about", f"A comment is about {', '.join(About.values)}.")
    if target.about == About.VARIANT and target.on == BASE:
        raise Invalid("comment.side", "A comment on a variant names one: the base is none.")
    lines = target.about == About.LINES
    _text_check(body, suggestion)
    if suggestion is not None and not (lines and target.on != BASE):
        raise Invalid("comment.suggestion", "Only lines of a variant can be suggested anew.")
    variant = _variant(task, target.on)
    commit = _commit(task, variant, target.commit)
    against = target.against
    if against and against != BASE:
        against = _variant_by(task, against).letter
    if target.about == About.COMPARISON and (not against or against == target.on):
        raise Invalid("comment.against", "A comment on a comparison names its two sides.")
    path, anchor = "", Anchor(start=1, lines=())
    if target.about in (About.LINES, About.FILE):
        path, text = _file(task, commit, target.path, wanted=lines)
        if lines:
            anchor = _anchor(text, target.start, target.end or target.start)
    return Comment(
        task=task,
        about=target.about,
        variant=variant,
        against=against,
        commit=commit,
        path=path_kept(path),
        start=anchor.start if lines else None,
        end=anchor.end if lines else None,
        lines=list(anchor.lines),
        before=list(anchor.before),
        after=list(anchor.after),
        body=body.strip(),
        suggestion=_lines_text(suggestion),
        author=user,
        state=CommentState.DRAFT if draft else CommentState.PUBLISHED,
        once=once,
    )


def reply_create(
    *,
    user: User,
    thread: Comment,
    body: str,
    suggestion: str | None = None,
    draft: bool = False,
    once: UUID | None = None,
) -> Comment:
    root = thread.thread or thread
    _text_check(body, suggestion)
    if suggestion is not None and (root.about != About.LINES or root.variant is None):
        raise Invalid("comment.suggestion", "Only lines of a variant can be suggested anew.")
    if root.state == CommentState.DRAFT and not draft:
        raise Conflict("comment.draft", "Publish the comment before you reply to it.")
    reply = Comment(
        task_id=root.task_id,
        thread=root,
        about=root.about,
        variant=root.variant,
        commit=root.commit,
        body=body.strip(),
        suggestion=_lines_text(suggestion),
        author=user,
        state=CommentState.DRAFT if draft else CommentState.PUBLISHED,
        once=once,
    )
    return comment_save(reply)


def comment_edit(
    *, user: User, comment: Comment, body: str | None = None, suggestion: str | None = None
) -> None:
    """New words of one's own comment. What is not given stays as it is."""
    _own_check(user, comment)
    with transaction.atomic():
        (now,) = comments_in_turn(comment.task_id, [comment])
        if now.deleted_at:
            raise Conflict("comment.deleted", "This comment was deleted.")
        body = now.body if body is None else body
        if suggestion is None:
            suggestion = now.suggestion
        elif now.suggestion is None and (now.about != About.LINES or not now.variant_id):
            raise Invalid("comment.suggestion", "Only lines of a variant can be suggested anew.")
        _text_check(body, suggestion)
        was_public = now.state != CommentState.DRAFT
        _update(
            comment,
            body=body.strip(),
            suggestion=_lines_text(suggestion),
            edited_at=timezone.now() if was_public else None,
        )


def comment_delete(*, user: User, comment: Comment) -> None:
    """Delete one's own comment. What others answered, and what an agent was sent, keeps its place."""
    _own_check(user, comment)
    with transaction.atomic():
        turn_take(comment.task_id)
        if comment.replies.exists() or comment.follow_ups.exists():
            _update(comment, body="", suggestion=None, deleted_at=timezone.now())
        else:
            comment.delete()
            publish(f"task:{comment.task_id}")


def comments_publish(*, user: User, task: Task, ids: Sequence[int] | None = None) -> int:
    """Publish one's drafts, all or those with these ids, at once; returns how many."""
    drafts = Comment.objects.filter(task=task, author=user, state=CommentState.DRAFT)
    if ids is not None:
        drafts = drafts.filter(pk__in=ids)
    with transaction.atomic():
        turn_take(task.pk)
        # To others it is said now.
        published = drafts.update(state=CommentState.PUBLISHED, created_at=timezone.now())
        if published:
            text = f"{published} comment{'s' if published > 1 else ''}"
            activity.record(verb="comment.published", user=user, task=task, text=text)
            publish(f"task:{task.pk}")
    return published


def thread_resolve(*, user: User, thread: Comment, resolved: bool) -> bool:
    """Settle a thread, or open it again; False if it was so already."""
    states = (CommentState.PUBLISHED, CommentState.RESOLVED)
    source, target = states if resolved else reversed(states)
    with transaction.atomic():
        (root,) = comments_in_turn(thread.task_id, [thread.thread or thread])
        if root.state == CommentState.DRAFT:
            raise Conflict("comment.draft", "A draft cannot be resolved: publish or delete it.")
        moved = Comment.objects.filter(pk=root.pk, state=source).update(
            state=target, resolved_by=user if resolved else None
        )
        if moved:
            publish(f"task:{root.task_id}")
    return bool(moved)


def turn_take(task_id: int) -> None:
    """One after the other, so that the second of two equal requests sees what the first has done.

    Taken before anything is written: who waits for a turn with rows in hand is waited for by whose turn it is.
    """
    Task.objects.select_for_update(no_key=True).get(pk=task_id)


def comments_in_turn(task_id: int, comments: Iterable[Comment]) -> list[Comment]:
    """Comments of one Task as they are now, for who is to change, answer or send them."""
    turn_take(task_id)
    ids = [comment.pk for comment in comments]
    now = Comment.objects.in_bulk(ids)
    if any(pk not in now for pk in ids):
        raise NotFound("comment.not-found", "A comment was deleted meanwhile.")
    return [now[pk] for pk in ids]


def _said_before(comment: Comment) -> Comment | None:
    """The newest comment at this place, if its author says the same now and nobody has answered."""
    at_place = {name: getattr(comment, name) for name in (*PLACE, "commit")}
    last = Comment.objects.filter(**at_place, deleted_at=None).order_by("pk").last()
    words = ("author", "source", "severity", "body", "suggestion", "state")
    if last is None or any(getattr(last, name) != getattr(comment, name) for name in words):
        return None
    return None if last.replies.exists() else last


def _sent_before(comment: Comment) -> Comment:
    """What came of the form that this one is from, as its author wants it by now."""
    found = Comment.objects.get(author=comment.author, once=comment.once)
    same = (*PLACE, "body", "suggestion")
    if any(getattr(found, name) != getattr(comment, name) for name in same):
        raise Conflict(
            "comment.sent-before",
            "This was saved before, and is another comment by now: change it where it stands.",
        )
    if comment.author and comment.state != CommentState.DRAFT == found.state:
        comments_publish(user=comment.author, task=found.task, ids=[found.pk])
        found.refresh_from_db()
    return found


def comment_save(comment: Comment) -> Comment:
    """Who sends a form again that was saved already gets the comment there is. So does who names no form and says at a
    place what they said there last: they have pressed twice."""
    with transaction.atomic():
        comments_in_turn(comment.task_id, [comment.thread] if comment.thread else [])
        before = None if comment.once else _said_before(comment)
        if before:
            return before
        try:
            with transaction.atomic():
                comment.save()
        except IntegrityError:
            if comment.once is None:
                raise
            return _sent_before(comment)
        if comment.state != CommentState.DRAFT:
            where = display_path(comment.path) if comment.path else comment.about
            activity.record(
                verb="comment.published",
                user=comment.author,
                task=comment.task,
                variant=comment.variant,
                text=f"on {where}" if comment.thread is None else "a reply",
            )
        publish(f"task:{comment.task_id}")
    return comment


def _update(comment: Comment, **fields: object) -> None:
    with transaction.atomic():
        Comment.objects.filter(pk=comment.pk).update(**fields)
        publish(f"task:{comment.task_id}")


def _own_check(user: User, comment: Comment) -> None:
    if comment.source != Source.PERSON:
        raise Forbidden("comment.finding", "A finding stays as it is: answer or resolve it.")
    if comment.author_id != user.pk:
        raise Forbidden("comment.not-yours", "Only who wrote a comment can change or delete it.")


def _text_check(body: str, suggestion: str | None) -> None:
    if not body.strip() and suggestion is None:
        raise Invalid("comment.empty", "Write what there is to say.")
    for text in (body, suggestion or ""):
        if UNSTORABLE.search(text):
            raise Invalid("comment.invalid", "The text holds a character that cannot be stored.")
        if len(text) > BODY_CHARS:
            raise Invalid("comment.too-long", f"A comment has at most {BODY_CHARS:,} characters.")


def _lines_text(suggestion: str | None) -> str | None:
    """Whole lines, as forms and programs write them."""
    if not suggestion:
        return suggestion
    text = suggestion.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.endswith("\n") else text + "\n"


def _variant(task: Task, on: str) -> Variant | None:
    return None if on == BASE else _variant_by(task, on)


def _variant_by(task: Task, letter: str) -> Variant:
    found = task.variants.filter(letter=letter.upper()).first() if len(letter) == 1 else None
    if found is None:
        raise NotFound("variant.not-found", f"This task has no variant {letter[:20]!r}.")
    return found


def _commit(task: Task, variant: Variant | None, commit: str) -> str:
    """The commit that was looked at, which must be one of the side's own."""
    base = task.spec.base_commit
    newest = (variant.head_commit if variant else "") or base
    if not commit or commit in (newest, base):
        return commit or newest
    if variant and variant.snapshots.filter(commit=commit).exists():
        return commit
    raise Invalid("comment.commit", "That commit is not a state of this side.")


def _file(task: Task, commit: str, path: str, *, wanted: bool) -> tuple[str, Sequence[str]]:
    """The file that a page or a program names by `path`, and its lines if they are wanted."""
    hub = hub_dir(task.project_id)
    if not path or UNSTORABLE.search(path):
        raise Invalid("comment.path", "Name the file that the comment is on.")
    limit = DiffOptions().limit_bytes
    data = blob_read(hub=hub, commit=commit, path=path, limit_bytes=limit)
    if data is None:  # a name that is no text is shown in other characters
        changed = files_changed(hub=hub, left=task.spec.base_commit, right=commit)
        names = [name for change in changed for name in (change.path, change.old_path) if name]
        path = next((name for name in names if path_text(name) == path), path)
        data = blob_read(hub=hub, commit=commit, path=path, limit_bytes=limit)
    if data is None:
        raise NotFound("file.not-found", f"There is no file {display_path(path)[:200]!r} here.")
    text = text_read(data) if wanted else None
    if wanted and text is None:
        raise Invalid("comment.binary", "This file has no lines: comment on it as a whole.")
    return path, text.lines if text else ()


def _anchor(text: Sequence[str], start: int, end: int) -> Anchor:
    if not 1 <= start <= end <= len(text):
        raise Invalid("comment.lines", f"The file has lines 1 to {len(text):,}.")
    if end - start >= RANGE_LINES:
        raise Invalid("comment.lines", f"A comment is on at most {RANGE_LINES} lines.")
    return anchor_make(text, start=start, end=end)
