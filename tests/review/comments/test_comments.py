"""Who may say what: drafts, replies, editing, resolving."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from orchestrator.lib import markdown
from orchestrator.lib.errors import AppError, Conflict, Forbidden, Invalid, NotFound
from orchestrator.models import Activity, FollowUp
from review.models import Comment
from review.selectors.comments import comment_get_for, open_counts, thread_list
from review.services.comment_sending import comment_post
from review.services.comments import (
    Target,
    comment_create,
    comment_delete,
    comment_edit,
    comments_publish,
    reply_create,
    thread_resolve,
)
from tests.review.comments.conftest import Room


def test_a_draft_is_seen_by_its_author_only(room: Room) -> None:
    draft = room.say("Not yet", draft=True)
    public = room.say("Now")
    reply = reply_create(user=room.pat, thread=public, body="And a draft of mine", draft=True)
    assert room.ids(room.pat) == [draft.pk, public.pk, reply.pk]
    assert room.ids(room.kim) == [public.pk]
    assert comment_get_for(room.pat, draft.pk) == draft
    for hidden in (draft, reply):
        with pytest.raises(NotFound):
            comment_get_for(room.kim, hidden.pk)
    assert open_counts(room.pat, room.shop.task.pk) == {"A": 2}
    assert open_counts(room.kim, room.shop.task.pk) == {"A": 1}
    assert thread_list(room.kim, room.shop.task).drafts == 0
    assert not Activity.objects.filter(verb="comment.published", text__contains="reply").exists()


def test_drafts_are_published_together(room: Room) -> None:
    for number in range(3):
        room.say(f"Number {number}", draft=True)
    room.say("Kim's", user=room.kim, draft=True)
    assert comments_publish(user=room.pat, task=room.shop.task) == 3
    assert len(room.ids(room.kim)) == 4
    assert len(room.ids(room.pat)) == 3
    assert comments_publish(user=room.pat, task=room.shop.task) == 0


def test_only_who_wrote_it_changes_or_deletes_it(room: Room) -> None:
    made = room.say("Mine")
    with pytest.raises(Forbidden):
        comment_edit(user=room.kim, comment=made, body="Yours")
    with pytest.raises(Forbidden):
        comment_delete(user=room.kim, comment=made)
    comment_edit(user=room.pat, comment=made, body="Mine, better")
    made.refresh_from_db()
    assert made.body == "Mine, better"
    assert made.edited_at is not None
    comment_delete(user=room.pat, comment=made)
    assert not Comment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_reply_to_what_was_deleted_meanwhile_is_refused(room: Room) -> None:
    thread = room.say("Mine")
    stale = comment_get_for(room.kim, thread.pk)
    comment_delete(user=room.pat, comment=thread)
    with pytest.raises(NotFound):
        reply_create(user=room.kim, thread=stale, body="Because")
    assert not Comment.objects.exists()


def test_a_deleted_one_leaves_its_place_to_its_replies(room: Room) -> None:
    made = room.say("First")
    draft = reply_create(user=room.kim, thread=made, body="A draft of kim's", draft=True)
    comment_delete(user=room.pat, comment=made)
    (first, reply) = room.thread(made, room.kim).remarks
    assert (first.deleted, first.body, reply.id) == (True, "", draft.pk)
    with pytest.raises(Conflict):
        comment_edit(user=room.pat, comment=Comment.objects.get(pk=made.pk), body="Back")


def test_anybody_resolves_and_opens_a_thread(room: Room) -> None:
    made = room.say()
    reply = reply_create(user=room.kim, thread=made, body="Done")
    assert thread_resolve(user=room.kim, thread=reply, resolved=True)
    assert not thread_resolve(user=room.pat, thread=made, resolved=True), "it is already"
    thread = room.thread(made)
    assert (thread.resolved, thread.resolved_by) == (True, room.kim)
    assert open_counts(room.pat, room.shop.task.pk) == {}
    assert thread_resolve(user=room.pat, thread=made, resolved=False)
    assert not room.thread(made).resolved
    with pytest.raises(Conflict):
        thread_resolve(user=room.pat, thread=room.say(draft=True), resolved=True)


def test_a_reply_to_a_draft_is_a_draft(room: Room) -> None:
    draft = room.say(draft=True)
    with pytest.raises(Conflict):
        reply_create(user=room.pat, thread=draft, body="And more")
    assert reply_create(user=room.pat, thread=draft, body="And more", draft=True).thread == draft


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (Target(about="lines", on="A", path="area.py", start=0), "comment.lines"),
        (Target(about="lines", on="A", path="area.py", start=5, end=4), "comment.lines"),
        (Target(about="lines", on="A", path="area.py", start=9, end=10), "comment.lines"),
        (Target(about="lines", on="A", path="nothing.py", start=1), "file.not-found"),
        (Target(about="lines", on="A", path="../../etc/passwd", start=1), "file.not-found"),
        (Target(about="lines", on="A", path="", start=1), "comment.path"),
        (Target(about="file", on="A", path="a\0b"), "comment.path"),
        (Target(about="lines", on="Z", path="area.py", start=1), "variant.not-found"),
        (Target(about="lines", on="", path="area.py", start=1), "variant.not-found"),
        (Target(about="file", on="A", path="area.py", commit="f" * 40), "comment.commit"),
        (Target(about="comparison", on="A", against="A"), "comment.against"),
        (Target(about="comparison", on="A"), "comment.against"),
        (Target(about="everything", on="A"), "comment.about"),
    ],
)
def test_what_is_nowhere_is_refused(room: Room, target: Target, code: str) -> None:
    with pytest.raises(AppError) as refused:
        comment_create(user=room.pat, task=room.shop.task, target=target, body="x")
    assert refused.value.code == code
    assert not Comment.objects.exists()


def test_bodies(room: Room) -> None:
    for body, code in (
        ("", "empty"),
        (" \n", "empty"),
        ("a\0b", "invalid"),
        ("\ud800", "invalid"),
        ("x" * 1_000_000, "too-long"),
    ):
        with pytest.raises(Invalid) as refused:
            room.say(body)
        assert refused.value.code == f"comment.{code}"
    hostile = "<script>alert(1)</script> [x](javascript:alert(1)) ![i](http://x/y.png) **bold**"
    html = markdown.render(room.thread(room.say(hostile)).first.body)
    assert "&lt;script&gt;" in html
    assert "<strong>bold</strong>" in html
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_comments_on_larger_things(room: Room) -> None:
    def made(target: Target) -> Comment:
        return comment_create(user=room.pat, task=room.shop.task, target=target, body="x")

    for target in (
        Target(about="variant", on="B"),
        Target(about="comparison", on="B", against="A"),
        Target(about="file", on="A", path="area.py"),
    ):
        thread = room.thread(made(target))
        assert (thread.about, thread.outdated) == (target.about, False)
    with pytest.raises(Invalid):
        comment_create(
            user=room.pat,
            task=room.shop.task,
            target=Target(about="variant", on="B"),
            body="x",
            suggestion="y",
        )


def test_a_form_that_is_sent_again_is_saved_once(room: Room) -> None:
    """Also after others have answered, when the same words would be another comment."""
    task = room.shop.task
    form: dict[str, Any] = {"body": "Why?", "once": uuid4()}
    answer: dict[str, Any] = {"body": "Still: why?", "once": uuid4()}
    target = Target(about="lines", on="A", path="area.py", start=5)
    made = comment_post(user=room.pat, task=task, to=target, **form)
    reply_create(user=room.kim, thread=made, body="Because.")
    assert comment_post(user=room.pat, task=task, to=target, **form) == made
    replied = comment_post(user=room.pat, task=task, to=made, **answer)
    reply_create(user=room.kim, thread=made, body="Because!")
    assert comment_post(user=room.pat, task=task, to=made, **answer) == replied
    sent = comment_post(user=room.pat, task=task, to=made, send_to="A", **answer)
    assert (sent, FollowUp.objects.count()) == (replied, 1)
    assert comment_post(user=room.pat, task=task, to=made, send_to="A", **answer) == replied
    assert (made.replies.count(), FollowUp.objects.count()) == (3, 1)
    assert Activity.objects.filter(verb="comment.published", actor=room.pat).count() == 2


def test_a_form_saved_as_a_draft_is_published_and_never_taken_back(room: Room) -> None:
    task, once = room.shop.task, uuid4()
    target = Target(about="variant", on="A")
    for draft, state in (
        (True, "draft"),
        (True, "draft"),
        (False, "published"),
        (True, "published"),
    ):
        made = comment_post(
            user=room.pat, task=task, to=target, body="Good", draft=draft, once=once
        )
        assert (made.state, Comment.objects.get().state) == (state, state)


def test_a_form_that_says_something_else_by_now_is_refused(room: Room) -> None:
    task, once = room.shop.task, uuid4()
    target = Target(about="lines", on="A", path="area.py", start=5)
    made = comment_post(user=room.pat, task=task, to=target, body="Why?", once=once)
    for to, body in ((target, "Why not?"), (replace(target, start=6), "Why?"), (made, "Why?")):
        with pytest.raises(Conflict) as refused:
            comment_post(user=room.pat, task=task, to=to, body=body, once=once)
        assert refused.value.code == "comment.sent-before"
    assert Comment.objects.get() == made
    assert comment_post(user=room.kim, task=task, to=target, body="Why?", once=once) != made
    comment_delete(user=room.pat, comment=made)
    again = comment_post(user=room.pat, task=task, to=target, body="Why?", once=once)
    assert set(Comment.objects.filter(author=room.pat)) == {again}
