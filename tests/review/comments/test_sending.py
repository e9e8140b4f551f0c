"""Comments to agents: one message to each, which leads back to them."""

from __future__ import annotations

import subprocess
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from orchestrator.lib.errors import Conflict, Invalid
from orchestrator.models import FollowUp, Run
from orchestrator.states import RunState
from review.models import Comment
from review.remarks import Said, Topic, remarks_prompt
from review.services.comment_sending import comment_post, comments_send
from review.services.comments import (
    Target,
    comment_edit,
    comments_publish,
    reply_create,
)
from tests.review.comments.conftest import A_AREA, AREA, Room

PROMPT = """\
3 comments on your work, from its review. Work through all of them; line numbers are as the files are now.

## 1. On the work as a whole

No tests?

## 2. area.py, lines 6-7

```
def area(side):
    return side**2
```

Pat O: Too clever.

Suggested in place of these lines:

```
def area(side):
    return side * side
```

kim: I agree.

## 3. area.py, about code that is not in your work as it is now

```
    return 2 * math.pi * r
```

Is it tau?
"""


def test_the_prompt_names_lines_as_they_are_now(room: Room) -> None:
    whole = comment_post(
        user=room.pat,
        task=room.shop.task,
        to=Target(about="variant", on="A"),
        body="No tests?",
    )
    lines = room.say(
        "Too clever.", start=4, end=5, suggestion="def area(side):\n    return side * side"
    )
    reply_create(user=room.kim, thread=lines, body="I agree.")
    reply_create(user=room.kim, thread=lines, body="Not to be seen", draft=True)
    gone = room.say("Is it tau?", start=9)
    text = "#!\n#!\n" + A_AREA.replace("2 * math.pi", "math.tau")
    room.newer(room.a, {"area.py": text})
    (sent,) = comments_send(
        user=room.pat, task=room.shop.task, comments=[gone, lines, whole], letters=["A"]
    )
    assert sent.text == PROMPT
    assert sent.links == [
        ["the variant", f"/comments/{whole.pk}"],
        ["area.py:6", f"/comments/{lines.pk}"],
        ["area.py", f"/comments/{gone.pk}"],
    ]


def test_one_message_to_each_variant_with_its_own_lines(room: Room) -> None:
    made = room.say("Round it", start=9)
    room.newer(room.b, {"area.py": "# B\n" + AREA})
    sent = comments_send(user=room.pat, task=room.shop.task, comments=[made], letters=None)
    assert [follow_up.variant.letter for follow_up in sent] == ["A", "B"]
    assert "area.py, line 9\n" in sent[0].text
    assert "area.py, line 10\n" in sent[1].text
    assert FollowUp.objects.count() == 2
    runs = Run.objects.filter(number=2, state=RunState.QUEUED)
    assert {run.variant.letter for run in runs} == {"A", "B"}
    found = room.thread(made).sent
    assert [(s.letter, s.run) for s in found] == [("A", 2), ("B", 2)]
    assert found[1].url == f"/tasks/{room.shop.task.pk}/variants/B#run-{runs.get(variant=room.b)}"


def test_what_waits_for_its_turn_says_so(room: Room) -> None:
    Run.objects.filter(variant=room.a).update(state=RunState.RUNNING)
    made = room.say()
    comments_send(user=room.pat, task=room.shop.task, comments=[made], letters=["A"])
    (sent,) = room.thread(made).sent
    assert (sent.letter, sent.run) == ("A", None)


def test_sending_a_draft_publishes_it_and_no_other(room: Room) -> None:
    sent, kept = room.say("Sent", draft=True), room.say("Kept", draft=True)
    comments_send(user=room.pat, task=room.shop.task, comments=[sent], letters=["A"])
    assert room.ids(room.kim) == [sent.pk]
    kept.refresh_from_db()
    assert kept.state == "draft"


def test_all_are_sent_or_none(room: Room) -> None:
    made = room.say(draft=True)
    room.b.archived_at = timezone.now()
    room.b.save()
    with pytest.raises(Conflict):
        comments_send(user=room.pat, task=room.shop.task, comments=[made], letters=["A", "B"])
    assert not FollowUp.objects.exists()
    assert room.ids(room.kim) == []
    (only,) = comments_send(user=room.pat, task=room.shop.task, comments=[made], letters=None)
    assert only.variant == room.a


def test_a_comment_that_cannot_be_sent_is_not_made(room: Room) -> None:
    room.shop.task.resolution = "closed"
    room.shop.task.save()
    with pytest.raises(Conflict):
        comment_post(
            user=room.pat,
            task=room.shop.task,
            to=Target(about="variant", on="A"),
            body="x",
            send_to="A",
        )
    assert not Comment.objects.exists()


def test_nothing_is_not_sent(room: Room) -> None:
    with pytest.raises(Invalid):
        comments_send(user=room.pat, task=room.shop.task, comments=[], letters=["A"])
    assert not FollowUp.objects.exists()


def test_what_was_told_is_told_again_only_when_asked_or_when_more_was_said(room: Room) -> None:
    task, made, other = room.shop.task, room.say("First"), room.say("Second", start=9)

    def send(*comments: Comment, letters: list[str], again: bool = False) -> list[FollowUp]:
        return comments_send(
            user=room.pat, task=task, comments=comments, letters=letters, again=again
        )

    (first,) = send(made, letters=["A"])
    assert send(made, letters=["A"]) == [first]
    assert room.thread(made).told == ("A",)
    both = send(made, other, letters=["A", "B"])
    assert [f.variant.letter for f in both] == ["A", "B"]
    assert "First" not in both[0].text
    assert "Second" in both[0].text
    assert "2 comments" in both[1].text
    assert send(made, letters=["A"]) == [first]
    (again,) = send(made, letters=["A"], again=True)
    assert again.text == first.text

    reply_create(user=room.kim, thread=made, body="Not yet for all", draft=True)
    assert send(made, letters=["A"]) == [again]
    draft = Comment.objects.get(body="Not yet for all")
    comments_publish(user=room.kim, task=task, ids=[draft.pk])  # said now, though written before
    assert room.thread(made).told == ()
    (more,) = send(made, letters=["A"])
    assert "Not yet for all" in more.text
    comment_edit(user=room.pat, comment=made, body="First, in other words")
    assert room.thread(made).told == ()
    assert FollowUp.objects.count() == 5


def test_the_same_said_twice_is_one_comment_until_somebody_answers(room: Room) -> None:
    made = room.say("Why?")
    assert room.say("Why?") == made
    assert room.say("Why?", user=room.kim) != made
    assert room.say("Why?") != made
    answer = reply_create(user=room.kim, thread=made, body="So")
    assert reply_create(user=room.kim, thread=made, body="So") == answer
    reply_create(user=room.pat, thread=made, body="How so?")
    assert reply_create(user=room.kim, thread=made, body="So") != answer


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["sent", "written", "answered"])
def test_two_clicks_send_one_message(room: Room, how: str) -> None:
    task, made = room.shop.task, room.say("Why?")
    to = {"about": "variant", "on": "A", "body": "Tests?", "send_to": "A"}
    url, values = {
        "sent": (f"/tasks/{task.pk}/comments/send", {"comments": made.pk, "variants": "A"}),
        "written": (f"/tasks/{task.pk}/comments", to),
        "answered": (f"/comments/{made.pk}/reply", {"body": "And?", "send_to": "A"}),
    }[how]
    clients = [Client(headers={"host": "localhost:8000"}) for _ in range(3)]
    for client in clients:
        client.force_login(room.pat)
    statuses = []

    def click(client: Client) -> None:
        try:
            statuses.append(client.post(url, values).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {302}
    assert FollowUp.objects.count() == 1
    assert Comment.objects.count() == {"sent": 1, "written": 2, "answered": 2}[how]


@pytest.mark.django_db(transaction=True)
def test_git_is_never_waited_for_while_the_database_is_locked(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked: list[bool] = []

    def watched(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        locked.append(connection.in_atomic_block)
        return subprocess.Popen(*args, **kwargs)

    old = room.say("Is it tau?", start=9)
    room.newer(room.a, {"area.py": "# A\n" + A_AREA})
    room.newer(room.b, {"area.py": "# B\n" + AREA})
    monkeypatch.setattr("git.cmd.safer_popen", watched)
    task = room.shop.task
    comments_send(user=room.pat, task=task, comments=[old], letters=None)
    target = Target(about="lines", on="A", path="area.py", start=5)
    made = comment_post(user=room.pat, task=task, to=target, body="Why?", send_to="B")
    comment_post(user=room.pat, task=task, to=old, body="Or pi?", send_to="A")
    assert locked
    assert not any(locked)
    texts = [follow_up.text for follow_up in FollowUp.objects.order_by("pk")]
    assert [("line 10\n" in text, "line 5\n" in text) for text in texts] == [
        (True, False),
        (True, False),
        (False, True),
        (True, False),
    ]
    assert made.lines == ["def area(side):"]


def test_a_fence_cannot_be_ended_by_what_is_in_it() -> None:
    said = (Said(by="pat", text="See", suggestion=""),)
    text = remarks_prompt([Topic(path="a.md", start=1, end=1, lines=("````", "x"), said=said)])
    assert text == (
        "A comment on your work, from its review.\n\n## a.md, line 1\n\n"
        "`````\n````\nx\n`````\n\nSee\n\nSuggested: delete these lines.\n"
    )
