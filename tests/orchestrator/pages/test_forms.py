"""Forms: what was typed stays, and what is wrong is said at its field."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from orchestrator.git import hub
from orchestrator.lib import paths, queue
from orchestrator.models import Project, Task, Variant
from orchestrator.states import ProjectState
from tests.support.pages import HTMX, Element, World, tree
from tests.support.repositories import plain_git, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    repository = tmp_path / "origin"
    write(repository / "README.md", "# Shop\n")
    plain_git(repository, "init", "-q", "-b", "main")
    plain_git(repository, "add", ".")
    plain_git(repository, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "one")
    return repository


@pytest.fixture
def project(origin: Path, client: Client, world: World) -> Project:
    response = client.post("/projects/new", {"source": str(origin)})
    assert response.status_code == 302
    return Project.objects.get(source=str(origin))


def body(into: Project, /, *rows: dict[str, object], **fields: object) -> dict[str, object]:
    values: dict[str, object] = {
        "title": "Better shop",
        "spec": "Make it **better**.",
        "project": into.pk,
        "base": "",
        "rubric": "",
        "timeout_min": "",
        "budget_usd": "",
        "rows-TOTAL_FORMS": len(rows),
        "rows-INITIAL_FORMS": 0,
        "start": "1",
    }
    for number, row in enumerate(rows):
        base = {"agent": "scripted", "count": 1, "model": "", "strategy": ""}
        values |= {f"rows-{number}-{name}": value for name, value in (base | row).items()}
    return values | fields


def wrong(page: Element) -> list[str]:
    return [e.text for e in page.all(lambda e: "err" in e.attrs.get("class", "").split())]


def test_a_project_is_added_and_opens(project: Project, client: Client) -> None:
    assert project.name == "origin"
    assert project.state == ProjectState.READY
    page = tree(client.get(project.get_absolute_url()))
    assert page.tags("h1")[0].text == "origin"
    assert page.id("id_default_branch").attrs["value"] == "main"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "Give a path on this machine"),
        ("ext::sh -c id", ""),
        ("-upload-pack=x", ""),
        ("/nowhere/at/all", ""),
    ],
)
def test_a_wrong_repository_is_said_at_its_field(
    source: str, says: str, client: Client, world: World
) -> None:
    response = client.post("/projects/new", {"source": source, "name": "kept <name>"})
    assert response.status_code == 400
    page = tree(response)
    field = page.id("id_source")
    assert field.attrs["value"] == source if source else True
    assert field.attrs["aria-invalid"] == "true"
    assert page.id("id_name").attrs["value"] == "kept <name>"
    (error,) = wrong(page)
    assert says in error
    assert Project.objects.count() == 1


def test_settings_are_saved_and_a_wrong_one_is_said(project: Project, client: Client) -> None:
    url = project.get_absolute_url()
    fields = {
        "name": "origin",
        "default_branch": "main",
        "setup": "pip install -r requirements.txt\n\n make \n",
        "env": "A=1\nB=x=y",
        "preview_command": "flask run --port $PORT",
        "preview_path": "/",
        "preview_ready_timeout_s": "30",
    }
    assert client.post(url, fields).status_code == 302
    project.refresh_from_db()
    assert project.settings == {
        "setup": ["pip install -r requirements.txt", "make"],
        "env": {"A": "1", "B": "x=y"},
        "preview": {
            "command": "flask run --port $PORT",
            "path": "/",
            "autostart": False,
            "ready_timeout_s": 30,
        },
    }
    for change, field, says in [
        ({"env": "no sign here"}, "env", "Line 1 is not NAME=value"),
        ({"default_branch": "gone"}, "default_branch", "has no branch 'gone'"),
        ({"preview_path": "no-slash"}, "preview_path", "begins with /"),
        ({"name": "shop"}, "name", "already a project"),
    ]:
        response = client.post(url, fields | change)
        page = tree(response)
        assert response.status_code == 400
        assert page.id(f"id_{field}").attrs["aria-invalid"] == "true", field
        assert says in page.id(f"id_{field}_error").text
        assert page.id("id_setup").text.startswith("pip install")


def test_a_task_starts_what_its_rows_say(project: Project, client: Client) -> None:
    rows: list[dict[str, object]] = [{"count": 2}, {"strategy": "in one file", "model": "small"}]
    response = client.post("/tasks/new", body(project, *rows, timeout_min="30", base="main"))
    task = Task.objects.get()
    assert response.headers["Location"] == task.get_absolute_url()
    assert [(v.letter, v.model, v.strategy) for v in task.variants.all()] == [
        ("A", "", ""),
        ("B", "", ""),
        ("C", "small", "in one file"),
    ]
    assert task.timeout_s == 1800
    assert task.spec.text == "Make it **better**."


def test_browsers_line_ends_do_not_reach_the_spec(project: Project, client: Client) -> None:
    client.post("/tasks/new", body(project, {}, spec="one\r\n  two\r\n"))
    assert Task.objects.get().spec.text == "one\n  two\n"


@pytest.mark.parametrize(
    ("rows", "fields", "says"),
    [
        ([{}], {"title": "  "}, "Give the task a title."),
        ([{}], {"title": "x" * 201}, "200"),
        ([{}], {"spec": " \n "}, "the spec is empty"),
        ([{}], {"base": "gone"}, "There is no branch or commit “gone”"),
        ([{}], {"base": "--upload-pack=x"}, ""),
        ([{}], {"timeout_min": "0"}, "greater than or equal to 1"),
        ([{}], {"project": 999}, "not there"),
        ([], {}, "at least one agent"),
        ([{"count": 9}, {"count": 8}], {}, "17 variants"),
        ([{"count": 17}], {}, "At most 16."),
        ([{"agent": "nobody"}], {}, "nobody"),
        ([{}], {"spec": "nul \0"}, ""),
    ],
)
def test_bad_input_keeps_what_was_typed(
    rows: list[dict[str, object]],
    fields: dict[str, object],
    says: str,
    project: Project,
    client: Client,
) -> None:
    rows = [{"strategy": "kept <hint>"} | row for row in rows]
    response = client.post("/tasks/new", body(project, *rows, rubric="kept rubric", **fields))
    assert response.status_code == 400
    page = tree(response)
    errors = wrong(page)
    assert errors
    assert any(says in error for error in errors)
    assert page.id("id_rubric").text == "kept rubric"
    if rows:
        assert page.id("id_rows-0-strategy").attrs["value"] == "kept <hint>"
    if "title" not in fields:
        assert page.id("id_title").text == "Better shop"
    assert not Task.objects.exists()


def sent(page: Element, *without: str, **pressed: str) -> dict[str, object]:
    """What a browser sends when a button of the new-task form is pressed."""
    form = page.id("task-form")
    templates = {id(e) for t in form.tags("template") for e in t.all(lambda _: True)}
    values: dict[str, object] = {}
    for control in form.tags("input", "textarea", "select"):
        name = control.attrs.get("name", "")
        if not name or name in without or id(control) in templates:
            continue
        if control.tag == "textarea":
            values[name] = "".join(map(str, control.children)).removeprefix("\n")
        elif control.tag == "select":
            options = control.tags("option")
            chosen = [o for o in options if "selected" in o.attrs] or options
            values[name] = chosen[0].attrs["value"]
        elif control.attrs.get("type") != "checkbox" or "checked" in control.attrs:
            values[name] = control.attrs.get("value", "")
    return values | pressed


def test_rows_come_and_go_without_javascript(project: Project, client: Client) -> None:
    page = tree(client.get("/tasks/new"))
    page = tree(client.post("/tasks/new", sent(page, add="1")))
    assert wrong(page) == []  # nothing was sent yet: an empty title is not wrong
    page = tree(
        client.post("/tasks/new", sent(page, add="1", title="kept", **{"rows-1-strategy": "two"}))
    )
    page = tree(client.post("/tasks/new", sent(page, preview="1", **{"rows-0-DELETE": "on"})))
    assert page.id("start-sum").text == "2 agents"
    assert page.id("id_title").text == "kept"
    assert not Task.objects.exists()
    started = client.post("/tasks/new", sent(page, start="1", spec="x"))
    assert started.status_code == 302
    strategies = [v.strategy for v in Task.objects.get().variants.all()]
    assert strategies == ["two", ""]


def test_the_preview_works_without_javascript(project: Project, client: Client) -> None:
    values = body(project, {}, preview="1")
    del values["start"]
    page = tree(client.post("/tasks/new", values))
    assert page.id("spec-preview").tags("strong")[0].text == "better"
    assert page.id("id_spec").text == "Make it **better**."


def test_a_new_task_offers_what_was_chosen_last(project: Project, client: Client) -> None:
    client.post("/tasks/new", body(project, {"count": 3}, {"model": "m", "strategy": "s"}))
    offered = tree(client.get("/tasks/new"))
    assert offered.id("id_rows-0-count").attrs["value"] == "3"
    assert "value" not in offered.id("id_rows-1-strategy").attrs
    task = Task.objects.get()
    last = task.variants.last()
    assert last
    Variant.objects.create(
        task=task, position=4, letter="E", agent=last.agent, branch="e", start_commit="0" * 40
    )  # composed: nobody wants another agent for it
    again = tree(client.get(f"/tasks/new?again={task.pk}"))
    assert again.id("id_rows-1-strategy").attrs["value"] == "s"
    assert not any("rows-2" in element.attrs.get("id", "") for element in again.tags("input"))
    assert again.id("id_rows-1-count").attrs["value"] == "1"
    assert again.id("id_spec").text == "Make it **better**."


@pytest.mark.parametrize("again", ["{}/", "{}/.git", "{}/.git/", "file://{}", "{}-link"])
def test_a_repository_that_is_a_project_already_is_told(
    again: str, project: Project, client: Client
) -> None:
    Path(f"{project.source}-link").symlink_to(project.source)
    sent = {"source": again.format(project.source), "name": "again"}
    page = tree(client.post("/projects/new", sent, follow=True))
    assert Project.objects.get(name="again").source == project.source
    assert "This repository is also the project “origin”." in page.text


def test_a_project_that_was_refused_leaves_no_hub(
    origin: Path, client: Client, world: World
) -> None:
    sent = {"source": str(origin), "name": "wrong", "default_branch": "nope"}
    assert client.post("/projects/new", sent).status_code == 400
    hubs = paths.hub_dir(0).parent
    assert [path for path in hubs.iterdir() if path.is_dir()] == []


def test_trying_again_is_left_to_a_job(
    project: Project, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    Project.objects.update(state=ProjectState.FAILED, failure_message="The host is not known.")
    sent: list[str] = []
    monkeypatch.setattr(queue, "enqueue", lambda name, **_: sent.append(name))
    monkeypatch.delattr(hub, "hub_create")  # nothing may be cloned while a person waits
    assert client.post(f"/projects/{project.pk}/refresh", headers=HTMX).status_code == 204
    assert sent == ["orchestrator.project_import"]
    project.refresh_from_db()
    assert (project.state, project.failure_message) == (ProjectState.PENDING, "")


def test_all_that_is_wrong_is_said_at_once(project: Project, client: Client) -> None:
    sent = body(project, {"count": 0}, base="-evil", timeout_min="0")
    said = wrong(tree(client.post("/tasks/new", sent)))
    assert len(said) == 3, said
    assert any("-evil" in text for text in said)
