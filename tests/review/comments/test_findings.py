"""What the judge and checks find stands where comments stand: at its line, of no person, never edited."""

from __future__ import annotations

import pytest
from django.test import Client

from orchestrator.lib.errors import Forbidden
from orchestrator.models import FollowUp
from review.models import Comment
from review.models.comment import Severity, Source
from review.services.comment_sending import comments_send
from review.services.comments import (
    Target,
    comment_delete,
    comment_edit,
    reply_create,
    thread_resolve,
)
from review.services.findings import finding_create
from tests.review.comments.conftest import A_AREA, Room
from tests.support.api import Api
from tests.support.pages import tree

LINE = Target(about="lines", on="A", path="area.py", start=5)


def find(
    room: Room, body: str = "Line too plain <b>", severity: Severity = Severity.ERROR
) -> Comment:
    return finding_create(
        task=room.shop.task, target=LINE, source=Source.CHECK, severity=severity, body=body
    )


def test_it_is_shown_at_its_line_with_what_found_it_and_nothing_to_edit(room: Room) -> None:
    made = find(room)
    room.newer(room.a, {"area.py": "# one\n" + A_AREA})
    page = Client(headers={"host": "localhost:8000"})
    page.force_login(room.pat)
    url = f"/tasks/{room.shop.task.pk}/comments"
    for where in (f"{url}/threads?left=base&right=A&path=area.py", url):
        answer = page.get(where)
        (thread,) = [e for e in tree(answer).tags("details") if "data-thread" in e.attrs]
        (message,) = [
            e for e in tree(answer).tags("div") if e.attrs.get("id") == f"remark-{made.pk}"
        ]
        assert "Check Error" in " ".join(message.text.split())
        assert "Line too plain <b>" in message.text
        html = answer.content.decode()
        assert f"/comments/{made.pk}/resolve" in html
        assert f"/comments/{made.pk}/edit" not in html
        assert f"/comments/{made.pk}/delete" not in html
        if where != url:
            assert (thread.attrs["data-start"], thread.attrs["data-where"]) == ("6", "lines")


def test_nobody_edits_or_deletes_it_and_anybody_resolves_it(room: Room, api: Api) -> None:
    made = find(room)
    for person in (room.pat, room.kim):
        with pytest.raises(Forbidden):
            comment_edit(user=person, comment=made, body="Fine")
        with pytest.raises(Forbidden):
            comment_delete(user=person, comment=made)
    api.patch(f"comments/{made.pk}", {"body": "Fine"}, 403)
    api.delete(f"comments/{made.pk}", 403)
    assert thread_resolve(user=room.kim, thread=made, resolved=True)
    (shown,) = api.get(f"tasks/{room.shop.task.pk}/comments")
    said = {key: shown[key] for key in ("source", "severity", "author", "mine", "state", "body")}
    assert said == {
        "source": "check",
        "severity": "error",
        "author": "",
        "mine": False,
        "state": "resolved",
        "body": "Line too plain <b>",
    }


def test_it_is_sent_to_the_agent_with_what_was_answered(room: Room) -> None:
    made = find(room)
    reply_create(user=room.kim, thread=made, body="It is right.")
    comments_send(user=room.pat, task=room.shop.task, comments=[made], letters=["A"])
    text = FollowUp.objects.get().text
    assert "area.py, line 5\n" in text
    assert "check error: Line too plain <b>\n\nkim: It is right." in text
    assert room.thread(made).told == ("A",)


def test_found_again_it_is_the_one_there_is(room: Room) -> None:
    made, other = find(room), find(room, "Another")
    reply_create(user=room.pat, thread=made, body="Meant so")
    thread_resolve(user=room.pat, thread=made, resolved=True)
    assert (find(room), find(room, "Another")) == (made, other)
    assert find(room, severity=Severity.NOTE) != made
    room.newer(room.a, {"area.py": "# one\n" + A_AREA})
    assert find(room) != made, "in other work it is another"
