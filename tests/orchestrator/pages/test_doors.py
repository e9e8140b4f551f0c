"""Who gets in, and what an answer carries."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.template import loader
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, resolve, reverse

from orchestrator.models import LoginCode
from orchestrator.services.access import login_code_issue
from orchestrator.states import RunState
from orchestrator.urls import urlpatterns
from tests.support.pages import World, tree

ARGUMENTS = {
    "task_id": 1,
    "letter": "A",
    "part": "head",
    "project_id": 1,
    "agent_id": 1,
    "permission_id": 1,
}
OPEN = {"login"}
HOST = urlsplit(settings.BAKEOFF_PUBLIC_URL).netloc


def address(pattern: URLPattern) -> str:
    wanted = pattern.pattern.converters or pattern.pattern.regex.groupindex
    return reverse(str(pattern.name), kwargs={name: ARGUMENTS[name] for name in wanted})


@pytest.mark.parametrize("pattern", urlpatterns, ids=lambda pattern: pattern.name)
def test_no_address_is_taken_by_another_view(pattern: URLPattern) -> None:
    assert resolve(address(pattern)).url_name == pattern.name


@pytest.mark.parametrize("pattern", urlpatterns, ids=lambda pattern: pattern.name)
def test_strangers_get_no_page_but_the_login(pattern: URLPattern, stranger: Client) -> None:
    if pattern.name in OPEN:
        assert stranger.get(address(pattern)).status_code == 200
        return
    for response in (stranger.get(address(pattern)), stranger.post(address(pattern))):
        assert response.status_code == 302
        assert response["Location"].startswith("/login?")


@pytest.mark.parametrize("ask", ["get", "post"])
def test_a_page_that_outlived_its_login_gets_no_login_page_for_a_part_of_it(
    stranger: Client, ask: str
) -> None:
    """It would be laid into the page, in place of what the reader has there."""
    response = getattr(stranger, ask)("/tasks/1", headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert tree(response).tags("form") == []
    [said] = tree(response).tags("p")
    assert "not signed in any more" in said.text


def test_a_login_link_works_once(stranger: Client, pat: User) -> None:
    link = f"/login?code={login_code_issue(user=pat)}"
    assert stranger.get(link).headers["Location"] == "/"
    assert stranger.get("/").status_code == 200
    other = Client(headers={"Host": HOST})
    refused = other.get(link)
    assert refused.status_code == 403
    assert "used already" in refused.content.decode()
    assert LoginCode.objects.get().used_at is not None


PASSWORD = "a long one, please"


@pytest.fixture
def with_password(pat: User) -> None:
    pat.set_password(PASSWORD)
    pat.save()


@pytest.mark.usefixtures("with_password")
def test_a_name_and_password_work_and_a_wrong_one_says_so(stranger: Client) -> None:
    wrong = stranger.post("/login", {"username": "pat", "password": "no"})
    assert wrong.status_code == 400
    assert 'value="pat"' in wrong.content.decode()
    right = stranger.post("/login", {"username": "pat", "password": PASSWORD})
    assert right.headers["Location"] == "/"


@pytest.mark.usefixtures("with_password")
@pytest.mark.parametrize("to", ["//evil.example/", "https://evil.example/", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere(stranger: Client, to: str) -> None:
    body = {"username": "pat", "password": PASSWORD, "next": to}
    assert stranger.post("/login", body).headers["Location"] == "/"


@pytest.mark.parametrize(
    "path",
    ["/tasks/99", "/tasks/1/variants/Z", "/projects/99", "/agents/99", "/tasks?project=99",
     "/tasks/new?again=99", "/tasks/999999999999999999", "/activity?before=x", "/tasks?before=-1"],
)  # fmt: skip
def test_what_is_not_there_is_said_plainly(path: str, client: Client, world: World) -> None:
    world.task(RunState.SUCCEEDED)
    response = client.get(path)
    assert response.status_code in (200, 404)
    if response.status_code == 404:
        assert "There is no" in response.content.decode()


def pages(world: World) -> list[str]:
    task = world.task(RunState.SUCCEEDED, RunState.WAITING, RunState.FAILED)
    world.ask(task.variants.get(letter="B"))
    here = task.get_absolute_url()
    return [
        "/", "/tasks", "/tasks/new", "/projects", "/projects/new", "/agents", "/agents/new",
        f"/agents/{world.agent.pk}", "/activity", "/jump", "/keys", here,
        f"{here}/variants/A", f"{here}/variants/B", f"{here}/variants/C", "/tasks/999",
        world.project.get_absolute_url(),
    ]  # fmt: skip


def test_no_page_needs_an_inline_script_or_style(client: Client, world: World) -> None:
    for path in pages(world):
        page = tree(client.get(path))
        assert [e for e in page.tags("script") if "src" not in e.attrs] == [], path
        assert page.tags("style") == [], path
        handlers = page.all(lambda e: any(re.match(r"on[a-z]", name) for name in e.attrs))
        assert handlers == [], path


def test_every_form_that_writes_carries_its_token(client: Client, world: World) -> None:
    for path in pages(world):
        for form in tree(client.get(path)).tags("form"):
            if form.attrs.get("method") == "post":
                names = {e.attrs.get("name") for e in form.tags("input")}
                assert "csrfmiddlewaretoken" in names, path


def test_every_control_has_a_name_for_those_who_do_not_see_it(client: Client, world: World) -> None:
    for path in pages(world):
        page = tree(client.get(path))
        labelled = {e.attrs["for"] for e in page.tags("label") if "for" in e.attrs}
        wrapped = {id(c) for e in page.tags("label") for c in e.tags("input")}
        for control in page.tags("input", "textarea", "select"):
            if control.attrs.get("type") == "hidden":
                continue
            named = (
                control.attrs.get("id") in labelled
                or "aria-label" in control.attrs
                or id(control) in wrapped
            )
            assert named, (path, control.attrs)
        for button in page.tags("button"):
            assert button.text or "aria-label" in button.attrs, (path, button.attrs)
        ids = [e.attrs["id"] for e in page.all(lambda e: "id" in e.attrs)]
        assert len(ids) == len(set(ids)), (path, sorted(i for i in ids if ids.count(i) > 1))


def test_all_names_lead_somewhere() -> None:
    for pattern in urlpatterns:
        try:
            address(pattern)
        except NoReverseMatch as exc:
            pytest.fail(str(exc))


def test_errors_are_pages_of_ours(client: Client, pat: User) -> None:
    lost = client.get("/nowhere")
    assert lost.status_code == 404
    assert "This is not here" in lost.content.decode()
    strict = Client(enforce_csrf_checks=True, headers={"Host": HOST})
    strict.force_login(pat)
    refused = strict.post("/projects/new", {"source": "/x"})
    assert refused.status_code == 403
    assert "The form was not accepted" in refused.content.decode()


def test_the_page_for_our_own_faults_needs_nothing() -> None:
    """Django renders it without a request, when anything may be broken."""
    assert "This is a fault in Bakeoff" in loader.render_to_string("500.html")
