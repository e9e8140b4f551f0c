"""What the pages show: facts, in words, and nothing that an agent could make them do."""

from __future__ import annotations

import re
from pathlib import Path
from unittest.mock import ANY

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.models import AgentProfile
from agents.services import profile_update
from orchestrator.lib import markdown
from orchestrator.models import FollowUp, Permission, Run, Task
from orchestrator.selectors.tasks import variant_color
from orchestrator.services.trials import trial_run
from orchestrator.states import (
    LETTERS,
    VARIANTS_MAX,
    MessageState,
    PermissionState,
    Resolution,
    RunState,
)
from tests.support.pages import HTMX, Element, World, tree

HOSTILE = "</script><img src=x onerror=alert(1)>\"'\x1b[31m"
CSS = Path(settings.BASE_DIR) / "static" / "css"


def test_a_text_that_a_stop_has_held_back_is_shown_as_such(client: Client, world: World) -> None:
    task = world.task(RunState.STOPPED)
    variant = task.variants.get()
    FollowUp.objects.create(variant=variant, text="Go on.", state=MessageState.HELD)
    shown = tree(client.get(variant.get_absolute_url())).text
    assert "Go on." in shown
    assert "held back by the stop" in shown
    assert "starts the next run" not in shown


def test_home_says_what_needs_a_person_first(client: Client, world: World) -> None:
    asking = world.task(RunState.WAITING, RunState.RUNNING, title="Limits")
    world.ask(asking.variants.get(letter="A"), "pip install limits")
    world.task(RunState.SUCCEEDED, RunState.SUCCEEDED, title="Webhooks")
    world.task(RunState.FAILED, title="Search")
    page = tree(client.get("/"))
    assert page.tags("h1")[0].text == "Three things wait for you"
    needs = [element.text for element in page.tags("ul")[0].tags("li")]
    assert needs[0].startswith("A A asks to run pip install limits")
    assert "A and B are ready: choose one" in needs[1]
    assert "The agent is not signed in." in needs[2]
    assert "One agent is at work on one task. One waits for your answer." in page.text


@pytest.mark.parametrize(("ready", "chips"), [(4, "A B C D"), (5, "A B C +2")])
def test_home_shows_so_many_letters_and_how_many_more(
    client: Client, world: World, ready: int, chips: str
) -> None:
    world.task(*[RunState.SUCCEEDED] * ready)
    [need] = tree(client.get("/")).tags("ul")[0].tags("li")
    assert need.text.startswith(f"{chips} ")


@pytest.mark.parametrize(
    ("ready", "said"), [(3, "A, B and C"), (6, "A, B, C, D, E and F"), (7, "7 variants")]
)
def test_many_variants_are_told_by_their_number(
    client: Client, world: World, ready: int, said: str
) -> None:
    task = world.task(*[RunState.SUCCEEDED] * ready)
    assert f"{said} are ready: choose one" in tree(client.get("/")).text
    assert f"Decide between {said}" in tree(client.get(task.get_absolute_url())).text


def test_what_a_stopped_agent_has_changed_can_be_looked_at_and_merged(
    client: Client, world: World
) -> None:
    task = world.task(RunState.STOPPED, RunState.STOPPED)
    task.variants.filter(letter="A").update(head_commit="b" * 40, files_changed=2, insertions=5)
    url = task.get_absolute_url()
    (step,) = tree(client.get(url)).all(lambda e: e.attrs.get("class", "").startswith("step v"))
    assert "A was stopped" in step.text
    assert "2 files" in step.text
    links = [link.attrs["href"] for link in step.tags("a")]
    assert links == [f"{url}/compare?left=base&right=A", f"{url}/merge/A"]
    task.variants.update(head_commit="", files_changed=0, insertions=0)
    assert "Nothing to merge" in tree(client.get(url)).text


def test_one_task_is_not_counted_as_many(client: Client, world: World) -> None:
    world.task(RunState.SUCCEEDED)
    assert "All tasks" in tree(client.get("/")).text
    said = tree(client.get("/projects")).text
    assert "1 open of 1 task" in said
    assert "1 tasks" not in said
    world.task(RunState.SUCCEEDED)
    assert "All 2 tasks" in tree(client.get("/")).text
    assert "2 open of 2 tasks" in tree(client.get("/projects")).text


def test_an_empty_home_says_what_to_do_next(client: Client, data_dir: Path) -> None:
    page = tree(client.get("/"))
    assert any(e.attrs.get("href") == "/projects/new" for e in page.tags("a"))


@pytest.mark.parametrize("path", ["/", "/tasks", "/projects", "/activity", "/tasks/new"])
def test_a_page_asks_the_database_as_often_for_many_tasks_as_for_one(
    path: str, client: Client, world: World
) -> None:
    def ask() -> int:
        client.get(path)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    states = (RunState.WAITING, RunState.SUCCEEDED, RunState.FAILED, RunState.QUEUED)
    world.ask(world.task(*states).variants.get(letter="A"))
    first = ask()
    for _ in range(6):
        world.ask(world.task(*states).variants.get(letter="A"))
    assert ask() == first
    assert first <= 20


def test_a_task_page_asks_as_often_for_sixteen_variants_as_for_two(
    client: Client, world: World
) -> None:
    few = world.task(*[RunState.SUCCEEDED] * 2)
    many = world.task(*[RunState.SUCCEEDED] * VARIANTS_MAX)
    counts = []
    for task in (few, many):
        for path in (task.get_absolute_url(), f"{task.get_absolute_url()}/variants/A"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(path).status_code == 200
            counts.append(len(queries))
    assert counts[:2] == counts[2:]


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


def test_the_overview_says_how_each_variant_stands(client: Client, world: World) -> None:
    task = world.task(
        RunState.WAITING, RunState.SUCCEEDED, RunState.SUCCEEDED, RunState.FAILED, RunState.QUEUED
    )
    world.ask(task.variants.get(letter="A"))
    page = tree(client.get(task.get_absolute_url()))
    said = next(e.text for e in page.tags("p") if "waits for your answer" in e.text)
    assert said == "A waits for your answer. B and C are ready. E waits for a slot. D has failed."
    following = page.tags("aside")[0].text
    assert "Answer A" in following
    assert "Decide between B and C" in following
    assert "Scripted demo agent: no model was used." in page.text


def _variant_tabs(client: Client, url: str) -> list[Element]:
    tabs = tree(client.get(url)).all(lambda e: "tab" in e.attrs.get("class", "").split())
    return [tab for tab in tabs if tab.attrs["id"] != "tab-all"]


def test_a_merged_task_takes_no_more_messages(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED)
    task.resolution = Resolution.MERGED
    task.merged_variant = task.variants.get()
    task.save()
    page = tree(client.get(f"{task.get_absolute_url()}/variants/A"))
    assert [field for field in page.tags("textarea") if field.attrs["name"] == "text"] == []
    assert "its agents take no more work" in page.text


def test_where_a_message_goes_is_said_as_it_stands_now(client: Client, world: World) -> None:
    task = world.task(RunState.RUNNING)
    page = tree(client.get(f"{task.get_absolute_url()}/variants/A"))
    (row,) = page.all(lambda e: e.attrs.get("id") == "send-row")
    assert "Sent now, or after its turn" in row.text
    assert f"live:task:{task.pk} from:document" in row.attrs["hx-trigger"]
    Run.objects.filter(variant__task=task).update(state=RunState.SUCCEEDED)
    part = tree(client.get(row.attrs["hx-get"], headers=HTMX))
    assert "It goes on in a new run" in part.text
    assert [button.attrs["id"] for button in part.tags("button")] == ["send"]
    Task.objects.filter(pk=task.pk).update(resolution=Resolution.CLOSED)
    part = tree(client.get(row.attrs["hx-get"], headers=HTMX))
    assert "This task is closed; its agents take no more work." in part.text
    assert part.tags("button") == []


def test_what_was_not_merged_does_not_look_ready(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED, RunState.SUCCEEDED)
    task.variants.update(head_commit="b" * 40, files_changed=2)
    url = task.get_absolute_url()
    assert [tab.text.count("Ready") for tab in _variant_tabs(client, url)] == [1, 1]
    task.resolution, task.merged_variant = Resolution.MERGED, task.variants.get(letter="A")
    task.save()
    merged, other = _variant_tabs(client, url)
    assert "Merged" in merged.text
    assert "Ready" not in other.text
    (state,) = other.all(lambda e: e.attrs.get("class", "").split()[:1] == ["st"])
    assert state.text == "Not merged"
    assert "ok" not in state.attrs["class"].split()
    assert "Not merged" in tree(client.get(f"{url}/variants/B/pane", headers=HTMX)).text
    task.resolution, task.merged_variant = Resolution.OPEN, None
    task.save()
    assert [tab.text.count("Ready") for tab in _variant_tabs(client, url)] == [1, 1]


# --- Questions ------------------------------------------------------------------------------------


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


def test_a_refused_message_comes_back_as_it_was_typed(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED)
    url = f"{task.get_absolute_url()}/variants/A/message"
    typed = "do this\0 and that"
    response = client.post(url, {"text": typed}, headers=HTMX)
    page = tree(response)
    assert page.tags("textarea")[0].attrs["aria-invalid"] == "true"
    assert "cannot be stored" in page.id("message-error").text
    assert client.post(url, {"text": ""}).status_code == 400
    sent = client.post(url, {"text": "go on"}, headers=HTMX)
    assert tree(sent).tags("textarea")[0].text == ""
    assert Run.objects.filter(variant__task=task, number=2).exists()
    page = tree(client.get(f"{task.get_absolute_url()}/variants/A"))
    asked = [e.text for e in page.tags("div") if e.attrs.get("class") == "said runasked"]
    assert asked == ["you go on"]


def test_code_between_fences_of_a_message_is_shown_as_code(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED)
    url = f"{task.get_absolute_url()}/variants/A"
    text = "Line **21**:\n\n```py\nlimit(<b>)\n```\n\nToo strict\n\n```\nopen to the end"
    client.post(f"{url}/message", {"text": text}, headers=HTMX)
    said = tree(client.get(url)).all(lambda e: e.attrs.get("class") == "said runasked")[0]
    assert [e.text for e in said.tags("code")] == ["limit(<b>)", "open to the end"]
    parts = [e.text for e in said.tags("p") if e.attrs.get("class") == "asis"]
    assert parts == ["Line **21**:", "Too strict"]
    assert "```" not in said.text


# --- Secrets --------------------------------------------------------------------------------------


def test_a_stored_secret_is_never_shown(client: Client, world: World) -> None:
    profile_update(profile=world.agent, secrets={"API_KEY": "s3cret-value"})
    for path in ("/agents", f"/agents/{world.agent.pk}"):
        page = client.get(path).content.decode()
        assert "API_KEY" in page
        assert "s3cret-value" not in page


def test_an_agent_form_left_alone_changes_nothing(client: Client, world: World) -> None:
    profile = profile_update(
        profile=world.agent,
        secrets={"KEY": "one"},
        args=["--a", "b c"],
        env={"X": "1=2"},
        timeout_s=95,
    )
    before = {f.name: getattr(profile, f.name) for f in AgentProfile._meta.fields}
    url = f"/agents/{profile.pk}"
    page = tree(client.get(url))
    values = {
        e.attrs["name"]: e.attrs.get("value", "") for e in page.tags("input") if "name" in e.attrs
    }
    values |= {
        e.attrs["name"]: "".join(map(str, e.children)).lstrip("\n") for e in page.tags("textarea")
    }
    for select in page.tags("select"):
        chosen = [o for o in select.tags("option") if "selected" in o.attrs]
        values[select.attrs["name"]] = chosen[0].attrs["value"]
    values.pop("drop", None)
    assert client.post(url, values).status_code == 302
    profile.refresh_from_db()
    after = {f.name: getattr(profile, f.name) for f in AgentProfile._meta.fields}
    assert after | {"secrets_encrypted": ANY} == before | {"secrets_encrypted": ANY}
    assert profile.secret_names == ["KEY"]


# --- Colours --------------------------------------------------------------------------------------


def test_every_letter_has_its_colour_its_pattern_and_its_icon() -> None:
    tokens = (CSS / "tokens.css").read_text()
    patterns = []
    for letter in LETTERS[:VARIANTS_MAX]:
        light = re.search(rf"--v{letter.lower()}: light-dark\((#\w+),", tokens)
        assert light
        assert light[1] == variant_color(letter)
        rule = re.search(rf"\.v-{letter.lower()} \{{.*--v-pat: (.*?); \}}", tokens)
        assert rule
        patterns.append(rule[1])
        icon = CSS.parent / "img" / f"favicon-{letter.lower()}.svg"
        assert variant_color(letter) in icon.read_text()
    assert len(set(patterns)) == VARIANTS_MAX


def test_colours_stand_in_the_tokens_only() -> None:
    for sheet in CSS.glob("*.css"):
        if sheet.name != "tokens.css":
            assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;,\s)])", sheet.read_text()), sheet.name


def merge_links(client: Client, path: str) -> list[str]:
    links = [link.attrs.get("href", "") for link in tree(client.get(path)).tags("a")]
    return [link for link in links if "/merge/" in link]


def test_only_what_can_be_merged_is_offered_for_it(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED)
    url = task.get_absolute_url()
    assert merge_links(client, f"{url}/variants/A")
    assert merge_links(client, url)
    task.variants.update(archived_at=timezone.now())
    assert merge_links(client, f"{url}/variants/A") == []
    assert merge_links(client, url) == []
    task.variants.update(archived_at=None)
    Task.objects.update(resolution=Resolution.CLOSED)
    assert merge_links(client, f"{url}/variants/A") == []


def test_a_variant_is_archived_and_taken_back_on_its_page(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED, RunState.SUCCEEDED, title="Webhooks")
    variant = task.variants.get(letter="B")
    url = variant.get_absolute_url()

    def button(name: str) -> list[str]:
        page = tree(client.get(url))
        return [
            b.attrs["data-confirm"] or "" for b in page.tags("button") if b.attrs.get("id") == name
        ]

    (question,) = button("archive-one")
    assert question.startswith("Archive B? Its workspace is removed")
    for kept in ("snapshots", f"its branch {variant.branch}", "diff", "transcript"):
        assert kept in question
    assert client.post(f"{url}/archive").status_code == 302
    assert button("archive-one") == []
    page = tree(client.get(url))
    assert "Take B out of the archive" in page.text
    assert "Merge B" not in page.text
    assert "B is archived. Its commits and its transcript are kept" in page.text
    assert all(element.attrs.get("id") != "message" for element in page.tags("textarea"))

    for path in ("/", task.get_absolute_url()):
        text = tree(client.get(path)).text
        assert "A is ready" in text
        assert "A and B" not in text
    assert client.post(f"{url}/unarchive").status_code == 302
    assert len(button("archive-one")) == 1
    assert "A and B" in tree(client.get("/")).text


def test_a_tab_shows_tokens_and_cost(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED)
    Run.objects.update(input_tokens=1200, output_tokens=300, cost_usd="0.25")
    tab = tree(client.get(task.get_absolute_url())).id("tab-a").text
    assert "1,500 tok" in tab
    assert "$0.25" in tab


def test_each_of_two_questions_has_its_keys(client: Client, world: World) -> None:
    """An open question is never rendered anew, so it must have its keys before its turn comes."""
    variant = world.task(RunState.WAITING).variants.get()
    asks = [world.ask(variant, request=name) for name in ("r1", "r2")]
    page = tree(client.get(variant.get_absolute_url()))
    for ask in asks:
        section = page.id(f"ask-{ask.pk}")
        keys = [e.attrs["data-key"] for e in section.all(lambda e: "data-key" in e.attrs)]
        assert keys == ["y", "n"]


def test_an_agent_is_tried_from_its_card(client: Client, world: World) -> None:
    profile = AgentProfile.objects.create(name="x", adapter="command", command=["cat"])
    url = f"/agents/{profile.pk}/try"
    assert tree(client.get(url, headers=HTMX)).id(f"try-{profile.pk}").text == "Try it"
    started = tree(client.post(f"{url}/start", headers=HTMX))
    assert "Waiting for its answer" in started.text
    assert "disabled" in started.id(f"try-{profile.pk}").attrs
    again = client.post(f"{url}/start", headers=HTMX)
    assert (again.status_code, "is being tried already" in tree(again).text) == (409, True)
    trial_run(agent_id=profile.pk)
    done = tree(client.get(url, headers=HTMX))
    assert "Tried: it works" in done.text
    assert "This is a test." in done.tags("pre")[0].text
    assert "disabled" not in done.id(f"try-{profile.pk}").attrs


def test_an_agent_that_was_told_to_stop_is_stopping(client: Client, world: World) -> None:
    variant = world.task(RunState.RUNNING).variants.get()
    url = variant.get_absolute_url()
    assert "Working" in tree(client.get(url)).id("variant-pane").text
    Run.objects.update(stop_requested_at=timezone.now())
    page = tree(client.get(url))
    assert "Stopping" in page.id("variant-pane").text
    assert "Stopping" in page.id("tab-a").text
    assert "Stop A" not in page.text
    Run.objects.update(state=RunState.STOPPED)
    assert "Stopped" in tree(client.get(url)).id("tab-a").text


def test_leave_to_edit_is_asked_for_with_the_change(client: Client, world: World) -> None:
    ask = world.ask(world.task(RunState.WAITING).variants.get())
    edits = [{"path": "a.py", "old": "x = 1\ny = 2", "new": "<b>x = 3"}, {"old": None, "new": "z"}]
    ask.payload = {"input": {"file_path": "a.py"}, "category": "edit", "edits": edits}
    ask.save()
    page = tree(client.get(ask.run.variant.get_absolute_url()))
    shown = [pre.children for pre in page.id(f"ask-{ask.pk}").tags("pre")]
    assert shown == [["a.py"], ["- x = 1\n- y = 2\n+ <b>x = 3\n+ z"]]


def test_every_variant_there_is_to_decide_on_is_shown(client: Client, world: World) -> None:
    task = world.task(RunState.SUCCEEDED, RunState.SUCCEEDED, RunState.FAILED)
    for path in ("/", task.get_absolute_url()):
        (chips,) = tree(client.get(path)).all(lambda e: e.attrs.get("class") == "chips")
        assert chips.text == "A B"
