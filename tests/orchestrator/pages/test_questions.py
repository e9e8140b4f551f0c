"""Questions that an agent asks a person, answered in the browser."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orchestrator.lib.errors import Invalid
from orchestrator.models import Permission
from orchestrator.services.permissions import permission_decide
from orchestrator.states import PermissionState, RunState
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
