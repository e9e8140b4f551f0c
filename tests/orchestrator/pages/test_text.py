"""What agents and people write is shown as text, and nothing that an agent could make a page do."""

from __future__ import annotations

import pytest
from django.test import Client

from agents.models import AgentProfile
from agents.services import profile_update
from orchestrator.lib import markdown
from orchestrator.models import Run
from orchestrator.states import (
    RunState,
)
from tests.support.pages import HTMX, World, tree

HOSTILE = "</script><img src=x onerror=alert(1)>\"'\x1b[31m"


def test_what_agents_and_people_write_is_text(client: Client, world: World) -> None:
    task = world.task(RunState.WAITING, RunState.FAILED, title=HOSTILE, spec=HOSTILE)
    world.ask(task.variants.get(letter="A"), HOSTILE)
    Run.objects.update(
        last_line=HOSTILE,
        failure_message=HOSTILE,
        failure_lines=[HOSTILE],
        prompt=HOSTILE,
    )
    AgentProfile.objects.update(model=HOSTILE)
    for path in ("", "/variants/A", "/variants/B"):
        page = client.get(task.get_absolute_url() + path)
        assert page.status_code == 200
        assert "<img src=x" not in page.content.decode()
    assert "<img src=x" not in client.get("/").content.decode()
    assert "<img src=x" not in client.get("/activity").content.decode()


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("<script>alert(1)</script>", "<script"),
        ("[x](javascript:alert(1))", "href"),
        ("![x](http://evil.example/pixel.png)", "<img"),
        ("<a href='x' onclick='y'>z</a>", "<a "),
        ("[x](data:text/html;base64,AAAA)", "href"),
    ],
)
def test_markdown_brings_no_markup_of_its_own(text: str, gone: str) -> None:
    assert gone not in markdown.render(text)


def test_a_huge_spec_is_shown_as_it_is() -> None:
    assert markdown.render("<b>" * markdown.SIZE_LIMIT).startswith("<pre>&lt;b&gt;")


def test_a_message_is_shown_as_a_spec_is(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED)
    url = f"{task.get_absolute_url()}/variants/A"
    text = "## In <i>app.py</i>\n\nLine **21**:\n\n```py\nlimit(<b>)\n```\n\nToo strict\n\n```\nopen to the end"
    client.post(f"{url}/message", {"text": text}, headers=HTMX)
    said = tree(client.get(url)).all(lambda e: e.attrs.get("class") == "said runasked")[0]
    assert [e.text.strip() for e in said.tags("code")] == ["limit(<b>)", "open to the end"]
    assert [e.text for e in said.tags("h2")] == ["In <i>app.py</i>"]
    assert [e.text for e in said.tags("p")][1:] == ["Line 21 :", "Too strict"]
    assert [e.text for e in said.tags("strong")] == ["21"]
    assert not said.tags("i") + said.tags("b")
    assert "```" not in said.text


def test_a_stored_secret_is_never_shown(client: Client, world: World) -> None:
    profile_update(profile=world.agent, secrets={"API_KEY": "s3cret-value"})
    for path in ("/agents", f"/agents/{world.agent.pk}"):
        page = client.get(path).content.decode()
        assert "API_KEY" in page
        assert "s3cret-value" not in page
