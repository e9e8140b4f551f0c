"""People, and one who clicks twice, at the same time: on SQLite, where writers queue, and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection

from orchestrator.lib.errors import AppError, NotFound
from orchestrator.models import FollowUp, Run
from orchestrator.services.follow_ups import follow_up_send
from review.models import Comment
from review.selectors.comments import comment_get_for
from review.services import comments as services
from review.services.comment_sending import comment_post, comments_send
from review.services.comments import (
    Target,
    comment_delete,
    comment_edit,
    comments_publish,
    reply_create,
    thread_resolve,
)
from tests.review.comments.conftest import Room
from tests.support.databases import database_in_place
from tests.support.servers import postgresql

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 6
WAIT_S = 120


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(
    autouse=True, params=["sqlite", pytest.param("postgresql", marks=pytest.mark.external)]
)
def database(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[None]:
    if request.param == "sqlite":
        yield
        return
    with database_in_place(request.getfixturevalue("cluster")):
        assert connection.vendor == "postgresql"
        yield


@pytest.fixture
def pat(database: None) -> User:
    """Not before the database is in place."""
    return User.objects.create_user("pat", email="pat@example.org", first_name="Pat", last_name="O")


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each of these, started together, gave or was refused with; what is no refusal is raised."""
    gate, results = threading.Barrier(len(calls)), list[Any]([None] * len(calls))

    def run(place: int) -> None:
        try:
            connection.ensure_connection()
            gate.wait(WAIT_S)
            results[place] = calls[place]()
        except Exception as exc:  # noqa: BLE001 - looked at below, in the thread of the test
            results[place] = exc
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
        assert not thread.is_alive(), "they wait for each other"
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, AppError):
            raise result
    return results


def fresh(comment: Comment, user: User) -> Comment:
    """As a request of its own reads it."""
    return comment_get_for(user, comment.pk)


def send(user: User, room: Room, comments: list[Comment], letters: list[str] | None) -> Any:
    """As a request does it: what was chosen is read first."""
    chosen = [fresh(comment, user) for comment in comments]
    return comments_send(user=user, task=room.shop.task, comments=chosen, letters=letters)


def reply(user: User, thread: Comment, body: str) -> Comment:
    return reply_create(user=user, thread=fresh(thread, user), body=body)


def test_everybody_s_reply_is_kept_and_a_double_click_is_one(room: Room) -> None:
    for number in range(ROUNDS):
        thread = room.say(f"Thread {number}")
        at_once(
            partial(reply, room.pat, thread, "Yes"),
            partial(reply, room.kim, thread, "No"),
            partial(reply, room.kim, thread, "No"),
        )
        said = list(thread.replies.values_list("author__username", "body"))
        assert said.count(("pat", "Yes")) == 1
        # With pat's between the clicks, kim says it again after an answer.
        assert said.count(("kim", "No")) == 1 or said == [
            ("kim", "No"),
            ("pat", "Yes"),
            ("kim", "No"),
        ]
        assert set(said) == {("pat", "Yes"), ("kim", "No")}


def test_a_form_that_is_sent_twice_at_once_is_saved_once(room: Room) -> None:
    """Whoever says something at that place meanwhile: the database knows the form, not who looks first."""
    task = room.shop.task
    target = Target(about="lines", on="A", path="area.py", start=5)
    for number in range(ROUNDS):
        once = uuid4()
        post = partial(comment_post, user=room.pat, task=task, to=target, body="Why?", once=once)
        first, _, second = at_once(post, partial(room.say, f"No {number}", user=room.kim), post)
        assert first == second
        thread = first
        once = uuid4()
        answer = partial(comment_post, user=room.pat, task=task, body="So", once=once)
        gave = at_once(
            partial(answer, to=fresh(thread, room.pat)),
            partial(reply, room.kim, thread, f"No {number}"),
            partial(answer, to=fresh(thread, room.pat)),
        )
        assert gave[0] == gave[2]
        assert thread.replies.count() == 2
    assert Comment.objects.filter(thread=None).count() == 2 * ROUNDS


def test_a_form_is_known_to_the_database_whatever_is_looked_at(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "turn_take", lambda task_id: None)
    target = Target(about="variant", on="A")
    post = partial(comment_post, user=room.pat, task=room.shop.task, to=target, body="Good")
    for _ in range(ROUNDS):
        gave = at_once(*[partial(post, once=uuid4())] * 3)
        assert len({comment.pk for comment in gave}) == 1


def test_one_of_two_resolves(room: Room) -> None:
    for number in range(ROUNDS):
        thread = room.say(f"Thread {number}")
        people = (room.pat, room.kim)
        moved = at_once(
            *(
                partial(thread_resolve, user=who, thread=fresh(thread, who), resolved=True)
                for who in people
            )
        )
        assert sorted(moved) == [False, True]
        thread.refresh_from_db()
        assert thread.resolved_by == people[moved.index(True)]


def test_two_send_the_same_and_each_agent_is_told_once(room: Room) -> None:
    for number in range(ROUNDS):
        thread = room.say(f"Thread {number}")
        before = FollowUp.objects.count()
        at_once(
            partial(send, room.pat, room, [thread], None),
            partial(send, room.kim, room, [thread], ["A"]),
            partial(send, room.kim, room, [thread], ["B"]),
        )
        new = FollowUp.objects.order_by("pk")[before:]
        assert sorted(follow_up.variant.letter for follow_up in new) == ["A", "B"]
        assert sorted(sent.letter for sent in room.thread(thread).sent) == ["A", "B"]


def test_messages_and_a_comment_to_one_agent_all_reach_it(room: Room) -> None:
    for number in range(ROUNDS):
        thread = room.say(f"Thread {number}")
        FollowUp.objects.all().delete()
        Run.objects.filter(number__gt=1).delete()
        at_once(
            partial(follow_up_send, user=room.pat, variant=room.a, text="Go on"),
            partial(follow_up_send, user=room.kim, variant=room.a, text="Stop that"),
            partial(send, room.kim, room, [thread], ["A"]),
        )
        assert FollowUp.objects.filter(variant=room.a).count() == 3
        assert Run.objects.filter(variant=room.a, number=2).count() == 1


def test_drafts_published_and_sent_at_once(room: Room) -> None:
    for number in range(ROUNDS):
        drafts = [room.say(f"{number} {n}", start=n + 1, draft=True) for n in range(6)]
        before = FollowUp.objects.count()
        publish = partial(comments_publish, user=room.pat, task=room.shop.task)
        published = at_once(
            publish,
            publish,
            partial(send, room.pat, room, drafts, ["A"]),
            partial(send, room.pat, room, drafts[::-1], ["A"]),
        )
        assert sum(published[:2]) in (0, len(drafts)), "by one of them, or by who sends"
        assert not Comment.objects.filter(state="draft").exists()
        assert FollowUp.objects.count() == before + 1


def while_deleted(room: Room, thread: Comment, act: Callable[[Comment], Any]) -> tuple[Any, int]:
    """What kim's act on pat's comment gave while pat deletes it, and how many agents were told of it. What
    was refused left nothing."""
    mine, theirs = fresh(thread, room.pat), fresh(thread, room.kim)
    before = FollowUp.objects.count()
    _, gave = at_once(
        partial(comment_delete, user=room.pat, comment=mine),
        partial(act, theirs),
    )
    told = FollowUp.objects.count() - before
    if isinstance(gave, AppError):
        assert isinstance(gave, NotFound), gave
        assert (Comment.objects.filter(pk=thread.pk).exists(), told) == (False, 0)
    return gave, told


def test_a_comment_deleted_while_it_is_sent(room: Room) -> None:
    def act(seen: Comment) -> Any:
        return comments_send(user=room.kim, task=room.shop.task, comments=[seen], letters=["A"])

    for number in range(ROUNDS):
        thread = room.say(f"Thread {number}")
        sent, told = while_deleted(room, thread, act)
        if not isinstance(sent, AppError):
            left = Comment.objects.get(pk=thread.pk)
            assert (left.body, left.deleted_at is not None, told) == ("", True, 1)
            assert left.follow_ups.count() == 1


def test_a_reply_sent_to_what_is_deleted_meanwhile(room: Room) -> None:
    def act(seen: Comment) -> Any:
        return comment_post(user=room.kim, task=room.shop.task, to=seen, body="And?", send_to="A")

    for number in range(ROUNDS):
        thread = room.say(f"Thread {number}")
        replied, told = while_deleted(room, thread, act)
        if not isinstance(replied, AppError):
            assert (thread.replies.count(), told) == (1, 1)


@pytest.mark.parametrize("answered", [False, True])
def test_what_is_deleted_stays_deleted(room: Room, answered: bool) -> None:
    for number in range(ROUNDS):
        thread = room.say(f"Thread {number}")
        if answered:
            reply(room.kim, thread, "So")
        here, there = fresh(thread, room.pat), fresh(thread, room.pat)
        at_once(
            partial(comment_delete, user=room.pat, comment=here),
            partial(comment_edit, user=room.pat, comment=there, body="Back again"),
        )
        left = Comment.objects.filter(pk=thread.pk).first()
        assert (left is not None) == answered
        assert left is None or (left.body, left.deleted_at is not None) == ("", True)


def test_a_draft_edited_while_it_is_sent_is_told_or_said_not_to_be(room: Room) -> None:
    for number in range(ROUNDS):
        draft = room.say(f"Thread {number}", draft=True)
        here, there = fresh(draft, room.pat), fresh(draft, room.pat)
        task = room.shop.task
        at_once(
            partial(comment_edit, user=room.pat, comment=here, body="In other words"),
            partial(comments_send, user=room.pat, task=task, comments=[there], letters=["A"]),
        )
        text = FollowUp.objects.latest("pk").text
        assert ("In other words" in text) == (room.thread(draft).told == ("A",))


def test_an_edit_of_the_words_and_one_of_the_lines_are_both_kept(room: Room) -> None:
    for number in range(ROUNDS):
        made = room.say(f"Thread {number}", suggestion="x = 1")
        here, there = fresh(made, room.pat), fresh(made, room.pat)
        at_once(
            partial(comment_edit, user=room.pat, comment=here, body="Words"),
            partial(comment_edit, user=room.pat, comment=there, suggestion="x = 2"),
        )
        made.refresh_from_db()
        assert (made.body, made.suggestion) == ("Words", "x = 2\n")
