"""The list of comments as a page: it works with forms alone."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orchestrator.models import FollowUp
from review.models import Comment
from review.services.comment_sending import comments_send
from review.services.comments import reply_create
from tests.review.comments.conftest import A_AREA, Room
from tests.support.pages import HTMX, tree


@pytest.fixture
def reader(room: Room) -> Client:
    client = Client(headers={"host": "localhost:8000"})
    client.force_login(room.pat)
    return client


def listed(reader: Client, room: Room, show: str = "open", status: int = 200) -> str:
    answer = reader.get(f"/tasks/{room.shop.task.pk}/comments?show={show}")
    assert answer.status_code == status
    (main,) = tree(answer).tags("main")  # not the list of keys, which has words of its own
    return main.text


def act(reader: Client, comment: Comment, what: str, **fields: str) -> int:
    return reader.post(f"/comments/{comment.pk}/{what}", fields).status_code


def test_each_filter_shows_its_own(room: Room, reader: Client) -> None:
    room.say("An open one")
    room.say("A draft of mine", draft=True)
    room.say("Kim's draft", user=room.kim, draft=True)
    gone, done = room.say("Lost its code"), room.say("Settled", start=9)
    room.newer(room.a, {"area.py": A_AREA.replace("side**2", "0")})
    room.say("An open one again", start=5)
    assert act(reader, done, "resolve") == 302
    everything = listed(reader, room, "all")
    for text in ("An open one again", "A draft of mine", "Lost its code", "Settled"):
        assert text in everything
    assert "Kim's draft" not in everything
    assert "Settled" not in listed(reader, room)
    assert "Settled" in listed(reader, room, "resolved")
    assert "A draft of mine" in listed(reader, room, "drafts")
    outdated = listed(reader, room, "outdated")
    assert "Lost its code" in outdated
    assert "return side**2" in outdated, "with its old code"
    assert "again" not in outdated
    listed(reader, room, "other", 400)
    assert gone.pk


def test_of_many_threads_the_first_have_forms_and_the_others_fetch_them(
    room: Room, reader: Client
) -> None:
    made = [room.say(f"Number {n}") for n in range(14)]
    url = f"/tasks/{room.shop.task.pk}/comments"

    def with_forms(address: str) -> list[int]:
        answer = reader.get(address)
        assert answer.status_code == 200
        html = answer.content.decode()
        assert all(
            f"/comments/{m.pk}/edit" in html for m in made if f"/comments/{m.pk}/reply" in html
        )
        return [n for n, m in enumerate(made) if f"/comments/{m.pk}/reply" in html]

    assert with_forms(url) == list(range(10))
    assert with_forms(f"{url}/threads?left=base&right=A&path=area.py") == list(range(10))
    assert f"?show=all&amp;thread={made[12].pk}#" in reader.get(url).content.decode()
    assert with_forms(f"{url}?show=all&thread={made[12].pk}") == [*range(10), 12]
    assert with_forms(f"{url}?forms={made[11].pk},{made[13].pk},x,-1") == [*range(10), 11, 13]
    asked = reader.get(
        f"{url}/forms?ids={made[12].pk},{made[3].pk},999&next={url}"
    ).content.decode()
    assert [n for n, m in enumerate(made) if f'data-thread="{m.pk}"' in asked] == [3, 12]
    assert f'name="next" value="{url}"' in asked
    # The address to come back to does not say who had forms.
    assert (
        f'data-comments-at="{url}?show=open"'
        in reader.get(f"{url}?show=open&forms={made[11].pk}", headers=HTMX).content.decode()
    )


def test_forms_of_what_one_may_not_see_are_not_there(room: Room, reader: Client) -> None:
    secret = room.say("Kim's", user=room.kim, draft=True)
    url = f"/tasks/{room.shop.task.pk}/comments/forms?ids={secret.pk}"
    assert "data-thread" not in reader.get(url).content.decode()
    assert reader.get(f"/tasks/999/comments/forms?ids={secret.pk}").status_code == 404
    assert Client(headers={"host": "localhost:8000"}).get(url).status_code == 302


def test_a_reply_of_nothing_but_a_suggestion_is_sent_as_one(room: Room, reader: Client) -> None:
    made = room.say()
    fields = {"body": "", "suggestion": "    return 1", "send_to": "A"}
    assert act(reader, made, "reply", **fields) == 302
    (reply,) = made.replies.all()
    assert reply.suggestion == "    return 1\n"
    assert (
        "Suggested in place of these lines:\n\n```\n    return 1\n```"
        in FollowUp.objects.get().text
    )


def test_from_form_to_form(room: Room, reader: Client) -> None:
    url = f"/tasks/{room.shop.task.pk}/comments"
    new = {"target": "variant:B", "body": "No tests", "do": "draft"}
    assert reader.post(url, new).status_code == 302
    made = Comment.objects.get()
    assert (made.about, made.variant, made.state) == ("variant", room.b, "draft")
    assert reader.post(f"{url}/publish").status_code == 302
    assert act(reader, made, "reply", body="None at all", do="comment") == 302
    assert act(reader, made, "edit", body="No tests?") == 302
    made.refresh_from_db()
    assert (made.body, made.state, made.replies.count()) == ("No tests?", "published", 1)
    chosen = {"comments": [str(made.pk)], "variants": ["B"]}
    assert reader.post(f"{url}/send", chosen).status_code == 302
    assert "None at all" in FollowUp.objects.get().text
    assert "sent to B, run 2" in listed(reader, room, "all")
    assert act(reader, made, "resolve") == 302
    assert act(reader, made, "reopen") == 302
    both = {"target": "comparison:A:B", "body": "Which is faster?", "do": "comment"}
    assert reader.post(url, both).status_code == 302
    assert "on the comparison of A and B" in listed(reader, room)


def test_a_line_of_the_diff_and_its_threads(room: Room, reader: Client) -> None:
    url = f"/tasks/{room.shop.task.pk}/comments"
    fields = {
        "about": "lines",
        "on": "A",
        "against": "base",
        "commit": room.a.head_commit,
        "path": "area.py",
        "start": "4",
        "end": "5",
        "body": "**Why?** <img src=x>",
        "suggestion": "x = 1\r\n",
        "do": "comment",
    }
    assert reader.post(url, fields, headers=HTMX).status_code == 204
    made = Comment.objects.get()
    assert (made.start, made.end, made.suggestion) == (4, 5, "x = 1\n")
    where = f"{url}/threads?left=base&right=A&path=area.py"
    answer = reader.get(where)
    (root,) = [e for e in tree(answer).tags("div") if "data-seen" in e.attrs]
    (thread,) = root.tags("details")[:1]
    assert thread.attrs["data-side"] == "R"
    assert (thread.attrs["data-start"], thread.attrs["data-end"]) == ("4", "5")
    html = answer.content.decode()
    assert "<strong>Why?</strong> &lt;img src=x&gt;" in html
    assert "<img" not in html
    seen = root.attrs["data-seen"]
    assert reader.get(f"{where}&seen={seen}").status_code == 204
    reply_create(user=room.kim, thread=made, body="So")
    assert reader.get(f"{where}&seen={seen}").status_code == 200
    swapped = tree(reader.get(f"{url}/threads?left=A&right=B&path=area.py"))
    sides = [e.attrs["data-side"] for e in swapped.tags("details") if "data-side" in e.attrs]
    assert sides == ["L"]
    other = reader.get(f"{url}/threads?left=base&right=B&path=area.py")
    assert not tree(other).tags("details")


def test_a_comment_s_own_address_leads_to_where_it_stands(room: Room, reader: Client) -> None:
    made = room.say()
    task = room.shop.task.pk
    answer = reader.get(f"/comments/{made.pk}")
    assert answer.status_code == 302
    at = f"/tasks/{task}/compare?left=base&right=A&path=area.py#comment-{made.pk}"
    assert answer.headers["Location"] == at
    room.newer(room.a, {"area.py": "nothing = 0\n"})
    lost = reader.get(f"/comments/{made.pk}").headers["Location"]
    assert lost == f"/tasks/{task}/comments?show=outdated#comment-{made.pk}"
    assert reader.get("/comments/999").status_code == 404


def test_refusals_say_why(room: Room, reader: Client) -> None:
    url = f"/tasks/{room.shop.task.pk}/comments"
    answer = reader.post(url, {"target": "variant:A", "body": " ", "do": "comment"}, headers=HTMX)
    assert answer.status_code == 400
    assert "Write what there is to say." in answer.content.decode()
    for fields in (
        {"target": "nothing", "body": "x"},
        {"target": "variant:Z", "body": "x"},
        {"about": "lines", "on": "A", "path": "area.py", "start": "x", "body": "x"},
        {"about": "lines", "on": "A", "path": "area.py", "start": "9" * 30, "body": "x"},
        {"about": "lines", "on": "A", "path": "a\0b", "start": "1", "body": "x"},
        {"target": "variant:A", "body": "a\0b"},
        {},
    ):
        assert 400 <= reader.post(url, fields, headers=HTMX).status_code < 500, fields
    for fields in ({}, {"comments": "x", "all": "1"}, {"comments": "1"}, {"all": "1"}):
        assert 400 <= reader.post(f"{url}/send", fields, headers=HTMX).status_code < 500, fields
    assert not Comment.objects.exists()


def test_what_another_person_wrote_is_not_mine_to_change(room: Room, reader: Client) -> None:
    theirs = room.say("Kim's", user=room.kim)
    assert act(reader, theirs, "edit", body="Mine") == 403
    assert act(reader, theirs, "delete") == 403
    answer = reader.post(f"/comments/{theirs.pk}/delete", headers=HTMX)
    assert answer.status_code == 403
    theirs.refresh_from_db()
    assert (theirs.body, theirs.deleted_at) == ("Kim's", None)


def test_another_person_s_draft_is_not_there(room: Room, reader: Client) -> None:
    secret = room.say("Kim's", user=room.kim, draft=True)
    assert reader.get(f"/comments/{secret.pk}").status_code == 404
    for what in ("edit", "delete", "publish", "apply", "resolve", "reopen", "reply"):
        assert act(reader, secret, what, body="x") == 404
    where = f"/tasks/{room.shop.task.pk}/comments/threads?left=base&right=A&path=area.py"
    assert "Kim's" not in reader.get(where).content.decode()


def test_strangers_see_nothing(room: Room) -> None:
    made = room.say()
    stranger = Client(headers={"host": "localhost:8000"})
    for path in (f"/comments/{made.pk}", f"/tasks/{room.shop.task.pk}/comments"):
        answer = stranger.get(path)
        assert answer.status_code == 302
        assert "login" in answer.headers["Location"]


def test_the_number_of_queries_does_not_grow(room: Room, reader: Client) -> None:
    def queries() -> tuple[int, ...]:
        counted = []
        for path in ("comments?show=all", "comments/threads?left=base&right=A&path=area.py"):
            with CaptureQueriesContext(connection) as found:
                assert reader.get(f"/tasks/{room.shop.task.pk}/{path}").status_code == 200
            counted.append(len(found))
        return tuple(counted)

    def more(count: int) -> None:
        for number in range(count):
            made = room.say(f"Number {number}")
            reply_create(user=room.kim, thread=made, body="So")
            comments_send(user=room.pat, task=room.shop.task, comments=[made], letters=["A"])

    more(2)
    few = queries()
    more(8)
    assert queries() == few


def test_a_form_names_itself_or_is_refused(room: Room, reader: Client) -> None:
    made = room.say("Why?")
    once = "0b0f5b0e-6f0a-4c54-9b1a-2f5a3c1f7d11"
    for _ in range(2):
        assert act(reader, made, "reply", body="Because.", once=once) == 302
        reply_create(user=room.kim, thread=made, body="No.")
    bad = {"body": "Because.", "once": "<of this page>"}
    answer = reader.post(f"/comments/{made.pk}/reply", bad, headers=HTMX)
    assert answer.status_code == 400
    assert made.replies.filter(author=room.pat).count() == 1
