"""Questions that an agent asks a person, answered in the browser."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orchestrator.lib.errors import Invalid
from orchestrator.models import Permission
from orchestrator.services.permissions import permission_decide
from orchestrator.states import (
    PermissionState,
    RunState,
)
from tests.support.pages import HTMX, World, tree

QUESTIONS = [
    {
        "question": "Which <b>colour</b>?",
        "header": "Colour",
        "multiSelect": False,
        "options": [{"label": "red", "description": "like fire"}, {"label": "blue"}],
    },
    {
        "question": "Which sizes?",
        "multiSelect": True,
        "options": [{"label": "S"}, {"label": "M"}],
    },
]


@pytest.fixture
def permission(world: World) -> Permission:
    asked = world.ask(world.task(RunState.WAITING).variants.get())
    asked.tool, asked.title = "AskUserQuestion", "Which?"
    asked.payload = {"input": {"questions": QUESTIONS}, "category": "question"}
    asked.save()
    return asked


def test_its_options_are_offered_and_no_leave(client: Client, permission: Permission) -> None:
    page = tree(client.get(permission.run.variant.get_absolute_url()))
    form = next(f for f in page.tags("form") if f.attrs.get("class") == "answer")
    assert [legend.text for legend in form.tags("legend")] == [q["question"] for q in QUESTIONS]
    choices = [e.attrs for e in form.tags("input") if "choice" in e.attrs["name"]]
    offered = [(attrs["type"], attrs["value"]) for attrs in choices]
    assert offered == [("radio", "red"), ("radio", "blue"), ("checkbox", "S"), ("checkbox", "M")]
    named = [e.attrs for e in page.tags("button", "input") if e.attrs.get("name") == "decision"]
    assert {attrs["value"] for attrs in named} == {"answer", "deny"}
    for path in ("/", permission.run.variant.task.get_absolute_url()):
        text = tree(client.get(path)).text
        assert "Which <b>colour</b>?" in text
        assert "Allow once" not in text


def test_what_is_chosen_and_typed_becomes_a_line_for_each(
    client: Client, permission: Permission
) -> None:
    said = {"choice-0": "blue", "said-0": "but  light", "choice-1": ["S", "M"], "said-1": ""}
    url = f"/permissions/{permission.pk}"
    assert client.post(url, {"decision": "answer", **said}, headers=HTMX).status_code == 204
    permission.refresh_from_db()
    assert permission.state == PermissionState.ALLOWED
    assert permission.message.splitlines() == ["blue, but light", "S, M"]


def test_an_answer_that_leaves_a_question_open_is_none(
    client: Client, permission: Permission
) -> None:
    said = {"decision": "answer", "choice-0": "blue", "said-1": " "}
    response = client.post(f"/permissions/{permission.pk}", said, headers=HTMX)
    assert response.status_code == 400
    assert "Answer each question" in response.content.decode()
    permission.refresh_from_db()
    assert permission.state == PermissionState.PENDING


def test_no_answer_holds_for_the_questions_to_come(permission: Permission, pat: User) -> None:
    with pytest.raises(Invalid, match="answered once"):
        permission_decide(user=pat, run=permission.run, request="r1", allow=True, scope="run")


def test_enter_in_the_reason_can_only_deny(client: Client, world: World) -> None:
    """A browser presses the first button of the field's form: it must not be one that allows."""
    task = world.task(RunState.WAITING)
    world.ask(task.variants.get())
    page = tree(client.get(f"{task.get_absolute_url()}/variants/A"))
    (form,) = [
        form
        for form in page.tags("form")
        if any(e.attrs.get("name") == "message" for e in form.tags("input"))
    ]
    decisions = [
        e.attrs["value"] for e in form.tags("input", "button") if e.attrs.get("name") == "decision"
    ]
    assert decisions == ["deny"]


@pytest.mark.parametrize(
    ("decision", "state", "scope"),
    [
        ("allow", PermissionState.ALLOWED, "once"),
        ("allow-run", PermissionState.ALLOWED, "run"),
        ("deny", PermissionState.DENIED, "once"),
    ],
)
def test_an_answer_is_stored_and_the_second_one_refused(
    decision: str, state: str, scope: str, client: Client, world: World
) -> None:
    permission = world.ask(world.task(RunState.WAITING).variants.get())
    url = f"/permissions/{permission.pk}"
    message = "use cat" if decision == "deny" else ""
    first = client.post(url, {"decision": decision, "message": message}, headers=HTMX)
    assert first.status_code == 204
    assert first.headers["HX-Trigger"] == "acted"
    permission.refresh_from_db()
    assert (permission.state, permission.scope) == (state, scope)
    assert permission.message == message
    second = client.post(url, {"decision": "allow"}, headers=HTMX)
    assert second.status_code == 409
    assert "already been answered" in second.content.decode()
    plain = client.post(url, {"decision": "allow", "next": "/"}, follow=True)
    assert "already been answered" in plain.content.decode()
    assert Permission.objects.get().state == state


def test_an_unknown_decision_is_none(client: Client, world: World) -> None:
    permission = world.ask(world.task(RunState.WAITING).variants.get())
    response = client.post(f"/permissions/{permission.pk}", {"decision": "yes"}, headers=HTMX)
    assert response.status_code == 400
    assert Permission.objects.get().state == PermissionState.PENDING


def test_each_of_two_questions_has_its_keys(client: Client, world: World) -> None:
    """An open question is never rendered anew, so it must have its keys before its turn comes."""
    variant = world.task(RunState.WAITING).variants.get()
    asks = [world.ask(variant, request=name) for name in ("r1", "r2")]
    page = tree(client.get(variant.get_absolute_url()))
    for ask in asks:
        section = page.id(f"ask-{ask.pk}")
        keys = [e.attrs["data-key"] for e in section.all(lambda e: "data-key" in e.attrs)]
        assert keys == ["y", "n"]


def test_leave_to_edit_is_asked_for_with_the_change(client: Client, world: World) -> None:
    ask = world.ask(world.task(RunState.WAITING).variants.get())
    edits = [{"path": "a.py", "old": "x = 1\ny = 2", "new": "<b>x = 3"}, {"old": None, "new": "z"}]
    ask.payload = {"input": {"file_path": "a.py"}, "category": "edit", "edits": edits}
    ask.save()
    page = tree(client.get(ask.run.variant.get_absolute_url()))
    shown = [pre.children for pre in page.id(f"ask-{ask.pk}").tags("pre")]
    assert shown == [["a.py"], ["- x = 1\n- y = 2\n+ <b>x = 3\n+ z"]]
