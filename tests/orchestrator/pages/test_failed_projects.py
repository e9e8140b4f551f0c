"""A project that could not be imported: what its page says, and how it is put right or removed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from orchestrator.git.errors import CommitNotFoundError, GitBusyError
from orchestrator.git.hub import commit_keep, commit_resolve, hub_fetch, hub_source
from orchestrator.git.locks import repository_lock
from orchestrator.jobs import upkeep_job
from orchestrator.lib import paths, queue
from orchestrator.models import Activity, Project, Spec, Task
from orchestrator.services import projects
from orchestrator.services.projects import (
    project_correct,
    project_import,
    project_import_again,
    project_import_quietly,
    project_remove,
)
from orchestrator.states import ProjectState
from tests.support.pages import HTMX, tree
from tests.support.repositories import plain_git

GONE = "https://git.example.invalid/areas.git"
WAIT_S = 60


@pytest.fixture
def failed(client: Client) -> Project:
    return Project.objects.create(
        name="areas",
        source=GONE,
        state=ProjectState.FAILED,
        failure_code="project.unreachable",
        failure_message=f"{GONE} cannot be reached: could not resolve host.",
        host=paths.host_id(),
    )


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr(queue, "enqueue", lambda name, **_: sent.append(name))
    return sent


def test_its_page_says_what_happened_and_what_to_do(failed: Project, client: Client) -> None:
    page = tree(client.get(failed.get_absolute_url()))
    assert "It could not be imported." in page.text
    assert failed.failure_message in page.text
    assert "Check the address and the network. Then try again, or remove the project." in page.text
    assert "project.unreachable" not in page.text
    sources = [e.attrs["value"] for e in page.tags("input") if e.attrs.get("name") == "source"]
    assert sources == [GONE]
    buttons = [" ".join(button.text.split()) for button in page.tags("button")]
    assert {"Try again", "Save and try again", "Remove areas"} <= set(buttons)
    assert "Settings" not in [heading.text for heading in page.tags("h2")]


@pytest.mark.parametrize("state", [ProjectState.PENDING, ProjectState.CLONING])
def test_nothing_is_to_be_tried_again_while_it_is_imported(
    failed: Project, client: Client, state: ProjectState
) -> None:
    for now, offered in ((ProjectState.FAILED, True), (state, False)):
        Project.objects.update(state=now)
        for url in (failed.get_absolute_url(), f"{failed.get_absolute_url()}/state"):
            buttons = tree(client.get(url, headers=HTMX if url.endswith("state") else {})).tags(
                "button"
            )
            said = {" ".join(button.text.split()) for button in buttons}
            assert ("Try again" in said) is offered


def test_a_corrected_address_is_imported(
    failed: Project, client: Client, jobs: list[str], tmp_path: Path
) -> None:
    origin = tmp_path / "areas"
    plain_git(tmp_path, "init", "-q", "-b", "trunk", str(origin))
    who = ("-c", "user.name=t", "-c", "user.email=t@t")
    plain_git(origin, *who, "commit", "-q", "--allow-empty", "-m", "x")
    url = f"/projects/{failed.pk}/correct"
    answer = client.post(url, {"source": f" {origin} ", "default_branch": ""})
    assert (answer.status_code, answer["Location"]) == (302, failed.get_absolute_url())
    failed.refresh_from_db()
    assert (failed.source, failed.state, failed.failure_code) == (str(origin), "pending", "")
    assert jobs == ["orchestrator.project_import"]
    project_import_quietly(project_id=failed.pk)
    failed.refresh_from_db()
    assert (failed.state, failed.default_branch) == (ProjectState.READY, "trunk")
    refused = client.post(url, {"source": GONE}, follow=True)
    assert "Only a project that could not be imported" in refused.content.decode()
    failed.refresh_from_db()
    assert failed.source == str(origin)


@pytest.mark.parametrize("source", ["", "ext::sh -c true", "-oProxyCommand=x"])
def test_an_address_that_is_none_is_said_at_its_field(
    failed: Project, client: Client, jobs: list[str], source: str
) -> None:
    answer = client.post(f"/projects/{failed.pk}/correct", {"source": source})
    assert answer.status_code == 400
    assert any(e.attrs.get("id") == "id_address_source_error" for e in tree(answer).tags("p"))
    failed.refresh_from_db()
    assert (failed.source, jobs) == (GONE, [])


def test_the_page_is_another_one_once_it_is_imported(failed: Project, client: Client) -> None:
    url = f"/projects/{failed.pk}/state?was=failed"
    assert "HX-Refresh" not in client.get(url, headers=HTMX)
    Project.objects.update(state=ProjectState.CLONING)
    assert "Cloning" in client.get(url, headers=HTMX).content.decode()
    Project.objects.update(state=ProjectState.READY)
    assert client.get(url, headers=HTMX)["HX-Refresh"] == "true"


def test_removed_it_waits_for_nobody(
    failed: Project,
    client: Client,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    home = client.get("/").content.decode()
    assert "areas could not be imported" in home
    hub = paths.hub_dir(failed.pk)
    hub.mkdir(parents=True)
    Activity.objects.create(
        verb="project.added", project=failed, text=GONE, actor=User.objects.get()
    )
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"/projects/{failed.pk}/remove")
    assert (answer.status_code, answer["Location"]) == (302, "/projects")
    assert not Project.objects.exists()
    assert not hub.exists()
    assert "areas could not be imported" not in client.get("/").content.decode()
    told = dict(Activity.objects.values_list("verb", "text"))
    assert told == {"project.added": GONE, "project.removed": f"areas ({GONE})"}
    assert client.get(failed.get_absolute_url()).status_code == 404
    activity = tree(client.get("/activity"))
    assert "removed the project" in activity.text
    assert "added the project" in activity.text


def test_one_with_tasks_is_not_removed(failed: Project, client: Client) -> None:
    spec = Spec.objects.create(text="x", sha256="0" * 64, base_branch="main", base_commit="0" * 40)
    Task.objects.create(project=failed, spec=spec, title="Areas")
    answer = client.post(f"/projects/{failed.pk}/remove", follow=True)
    assert "It has tasks" in answer.content.decode()
    assert Task.objects.count() == Project.objects.count() == 1


def test_an_import_from_the_old_address_does_not_count(
    failed: Project, client: Client, jobs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is corrected while another worker still asks the old one."""
    Project.objects.update(default_branch="develop")
    failed.refresh_from_db()

    def slow(*, hub: Path, source: str) -> None:
        assert source == GONE
        Project.objects.update(state=ProjectState.FAILED)
        project_correct(user=None, project=failed, source="https://git.example.invalid/other.git")

    monkeypatch.setattr("orchestrator.git.hub.hub_create", slow)
    monkeypatch.setattr("orchestrator.git.hub.branch_commit", lambda **_: "0" * 40)
    project_import_quietly(project_id=failed.pk)
    failed.refresh_from_db()
    assert (failed.state, failed.fetched_at) == (ProjectState.PENDING, None)
    assert failed.default_branch == "develop"


def test_a_project_that_is_ready_or_being_imported_is_not_removed(
    failed: Project, client: Client
) -> None:
    for state in set(ProjectState) - {ProjectState.FAILED}:
        Project.objects.update(state=state)
        client.post(f"/projects/{failed.pk}/remove")
        assert Project.objects.filter(archived_at=None).count() == 1, state


def test_the_address_is_corrected_through_the_api_too(
    failed: Project, client: Client, jobs: list[str]
) -> None:
    url = f"/api/v1/projects/{failed.pk}"
    other = "https://git.example.invalid/other.git"
    answer = client.patch(url, {"source": other}, content_type="application/json")
    assert (answer.status_code, answer.json()["state"]) == (200, "pending"), answer.content
    assert jobs == ["orchestrator.project_import"]
    again = client.patch(url, {"source": GONE}, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "project.not-failed")
    mixed = client.patch(url, {"source": GONE, "name": "x"}, content_type="application/json")
    assert (mixed.status_code, mixed.json()["code"]) == (400, "project.field")
    branch = client.patch(url, {"default_branch": "trunk"}, content_type="application/json")
    assert (branch.status_code, branch.json()["code"]) == (409, "project.not-ready")


def origin_make(path: Path, *branches: str) -> Path:
    plain_git(path.parent, "init", "-q", "-b", branches[0], str(path))
    who = ("-c", "user.name=t", "-c", "user.email=t@t")
    plain_git(path, *who, "commit", "-q", "--allow-empty", "-m", str(path))
    for branch in branches[1:]:
        plain_git(path, "branch", branch)
    return path


def test_nothing_of_the_old_repository_is_left_when_the_address_is_corrected(
    failed: Project, jobs: list[str], tmp_path: Path
) -> None:
    """It had none of the branches asked for, so its hub was whole. The other one's HEAD names no branch."""
    wrong, right = origin_make(tmp_path / "a", "trunk"), origin_make(tmp_path / "b", "dev", "wip")
    plain_git(right, "checkout", "-q", "--detach")
    Project.objects.update(source=str(wrong), default_branch="nope", state=ProjectState.PENDING)
    project_import_quietly(project_id=failed.pk)
    failed.refresh_from_db()
    assert failed.failure_code == "project.branch"
    commit = plain_git(wrong, "rev-parse", "HEAD").strip()
    hub = paths.hub_dir(failed.pk)
    assert commit_resolve(hub=hub, rev=commit) == commit
    project_correct(user=None, project=failed, source=str(right), default_branch="")
    project_import_quietly(project_id=failed.pk)
    failed.refresh_from_db()
    assert (failed.state, failed.default_branch) == (ProjectState.READY, "dev")
    with pytest.raises(CommitNotFoundError):
        commit_resolve(hub=hub, rev=commit)


def test_work_in_the_hub_outlives_a_corrected_address(
    failed: Project, jobs: list[str], tmp_path: Path
) -> None:
    one, other = origin_make(tmp_path / "a", "trunk"), origin_make(tmp_path / "b", "dev")
    Project.objects.update(source=str(one), default_branch="nope", state=ProjectState.PENDING)
    project_import_quietly(project_id=failed.pk)
    hub = paths.hub_dir(failed.pk)
    commit = plain_git(one, "rev-parse", "HEAD").strip()
    commit_keep(hub=hub, commit=commit)
    project_correct(user=None, project=failed, source=str(other), default_branch="")
    project_import_quietly(project_id=failed.pk)
    failed.refresh_from_db()
    assert (failed.state, failed.default_branch) == (ProjectState.READY, "dev")
    assert commit_resolve(hub=hub, rev=commit) == commit


def test_who_waited_for_an_import_does_not_import_the_old_address(
    failed: Project, jobs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers were to import: one waits for the other while the address is corrected."""
    old, new = origin_make(tmp_path / "a", "trunk"), origin_make(tmp_path / "b", "dev")
    Project.objects.update(source=str(old), default_branch="")
    real = repository_lock

    def waited(path: Path) -> AbstractContextManager[None]:
        monkeypatch.setattr(projects, "repository_lock", real)
        project_correct(user=None, project=failed, source=str(new))
        project_import(project_id=failed.pk)  # the other worker
        return real(path)

    monkeypatch.setattr(projects, "repository_lock", waited)
    project_import(project_id=failed.pk)
    failed.refresh_from_db()
    assert (failed.state, failed.default_branch) == (ProjectState.READY, "dev")
    hub_fetch(hub=paths.hub_dir(failed.pk))
    assert hub_source(paths.hub_dir(failed.pk)).location == str(new)


def test_what_is_imported_is_not_unsaid_by_who_wanted_to_try_again(
    failed: Project, jobs: list[str]
) -> None:
    Project.objects.update(state=ProjectState.READY)  # meanwhile
    project_import_again(project=failed)
    failed.refresh_from_db()
    assert (failed.state, jobs) == (ProjectState.READY, [])


def test_one_that_was_removed_leaves_no_hub_behind_whenever_the_process_dies(
    failed: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Project.objects.update(source=str(origin_make(tmp_path / "a", "trunk")), default_branch="nope")
    project_import_quietly(project_id=failed.pk)
    hub = paths.hub_dir(failed.pk)
    assert hub.is_dir()
    project_remove(user=None, project=failed)  # nothing is done on commit: killed
    assert not Project.objects.exists()
    assert not hub.exists()
    assert [*hub.parent.glob("*.git*/config")]
    upkeep_job()
    assert not [*hub.parent.glob("*.git*/config")]


def test_one_whose_import_is_under_way_is_not_removed(
    failed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projects, "REMOVE_WITHIN_S", 0.0)
    with ThreadPoolExecutor(1) as elsewhere:
        began, end = Event(), Event()

        def hold() -> None:
            with repository_lock(paths.hub_dir(failed.pk)):
                began.set()
                assert end.wait(WAIT_S)

        held = elsewhere.submit(hold)
        try:
            assert began.wait(WAIT_S)
            with pytest.raises(GitBusyError):
                project_remove(user=None, project=failed)
        finally:
            end.set()
            held.result()
    assert Project.objects.filter(state=ProjectState.FAILED).count() == 1


@pytest.mark.parametrize("source", ["file:///a%00b", "file:///a%0a[core]%0asshCommand=x"])
def test_a_file_address_hides_no_control_characters(
    failed: Project, client: Client, jobs: list[str], source: str
) -> None:
    answer = client.post(f"/projects/{failed.pk}/correct", {"source": source})
    assert answer.status_code == 400
    patched = client.patch(
        f"/api/v1/projects/{failed.pk}", {"source": source}, content_type="application/json"
    )
    assert (patched.status_code, patched.json()["code"]) == (400, "project.source")
    assert jobs == []
