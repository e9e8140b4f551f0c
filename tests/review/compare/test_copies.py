"""A copied file is shown beside its source; to all that reckons with changes it is a new file."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from orchestrator.git.errors import GitTimeoutError
from orchestrator.git.hub import blob_read
from orchestrator.lib.paths import hub_dir
from review.selectors.agreement import agreement_wait
from review.selectors.consensus import ground_get
from tests.review.compare.conftest import BASE, World
from tests.support.api import Api
from tests.support.pages import HTMX
from tests.support.repositories import plain_git

COPY, SOURCE = "app/circle.py", "app/area.py"
CIRCLE = BASE[SOURCE].replace("area_3(", "circle_3(").replace("side * 30", "30 * side")


@pytest.fixture
def copied(world: World) -> World:
    world.commit("A", lambda files: files.update({COPY: CIRCLE, SOURCE: BASE[SOURCE]}))
    return world


def at(world: World, rest: str = "", path: str = COPY) -> str:
    return world.url(f"compare{rest}?left=base&right=A&path={quote(path)}")


def content(world: World, commit: str, path: str) -> bytes | None:
    hub = hub_dir(world.task.project_id)
    return blob_read(hub=hub, commit=commit, path=path, limit_bytes=10**6)


def test_its_head_says_what_it_was_copied_from(copied: World, reader: Client) -> None:
    html = reader.get(at(copied)).content.decode()
    assert '<span class="tag">copied</span>' in html
    assert f'title="copied from {SOURCE}"' in html
    assert f"Copied from {SOURCE}." in html
    assert f'title="{COPY}, copied from {SOURCE}"' in html
    assert html.count('data-change="') == 2
    assert f"&quot;{SOURCE}&quot;" in html, "the left side's lines are those of the source"


def test_where_it_takes_too_long_to_look_a_copy_is_a_new_file(
    world: World, reader: Client, redis_empty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A commit that no other test makes: that there was no time to look is kept.
    world.commit("A", lambda files: files.update({COPY: f"{CIRCLE}# late\n"}))
    looks = []

    def late(*_: object, **__: object) -> None:
        looks.append(1)
        raise GitTimeoutError("git.timeout", "It took too long.")

    monkeypatch.setattr("review.selectors.compare.copies", late)
    for _ in range(2):
        answer = reader.get(at(world))
        assert answer.status_code == 200
        assert "copied from" not in answer.content.decode()
    assert len(looks) == 1, "nobody waits for it again"


def test_the_source_may_be_a_file_that_did_not_change(copied: World, reader: Client) -> None:
    files = reader.get(f"/api/v1/tasks/{copied.task.pk}/compare?left=base&right=A").json()["files"]
    found = {file["path"]: file for file in files}
    assert SOURCE not in found
    assert (found[COPY]["status"], found[COPY]["old_path"]) == ("C", SOURCE)
    assert found["app/new.py"]["status"] == "A", "too short to be like another"


def test_a_variant_has_the_same_numbers_everywhere(copied: World, reader: Client) -> None:
    """Those of git, to which a copy is a new file; its own head counts what differs from the source."""
    hub, head = hub_dir(copied.task.project_id), copied.task.variants.get(letter="A").head_commit
    counted = plain_git(hub, "diff", "--numstat", "-M", copied.base, head).splitlines()
    plus, minus = (sum(int(line.split("\t")[at]) for line in counted) for at in (0, 1))
    lines = CIRCLE.count("\n")
    api = f"/api/v1/tasks/{copied.task.pk}"
    compared = reader.get(f"{api}/compare?left=base&right=A").json()
    assert (compared["insertions"], compared["deletions"]) == (plus, minus)
    file = next(f for f in compared["files"] if f["path"] == COPY)
    assert (file["insertions"], file["deletions"]) == (lines, 0)
    board = reader.get(f"{api}/board").json()["files"]
    cell = next(f for f in board if f["path"] == COPY)["cells"]["A"]
    assert (cell["insertions"], cell["deletions"]) == (lines, 0)
    html = reader.get(at(copied)).content.decode()
    assert f'title="{COPY}, copied from {SOURCE}"' in html
    assert f"+{lines}</span>" in html.split(f"copied from {SOURCE}")[1]
    assert html.count('data-change="') == 2


def test_it_is_viewed_as_one_and_stands_as_a_new_file(copied: World, reader: Client) -> None:
    reading = reader.get(at(copied, "/reading")).json()
    assert reading["whole"] is True
    (change,) = reading["changes"]
    assert reading["keys"] == [change["key"]]
    assert (change["kind"], change["right"]) == ("unique", ["A"])
    assert [hunk["base_lines"] for hunk in change["right_hunks"]] == [0]
    reader.post(at(copied, "/viewed"), {"hunk": change["key"], "viewed": "1"})
    assert reader.get(at(copied, "/reading")).json()["seen"] == "viewed"
    plain = reader.get(at(copied, "/reading", "app/new.py")).json()
    assert plain["whole"] is False


def test_it_is_composed_and_reverted_as_a_new_file(copied: World, reader: Client) -> None:
    (change,) = reader.get(at(copied, "/reading")).json()["changes"]
    (hunk,) = change["right_hunks"]
    api = Api(copied.user)
    compose = f"tasks/{copied.task.pk}/compose"
    made = api.post(compose, {"picks": [{"variant": "A", "path": COPY, "hunks": [hunk]}]})
    variant = copied.task.variants.get(letter=made["letter"])
    assert content(copied, variant.head_commit, COPY) == CIRCLE.encode()
    assert content(copied, variant.head_commit, SOURCE) == BASE[SOURCE].encode()
    back = {"variant": "base", "path": COPY}
    made = api.post(compose, {"picks": [{"variant": "A"}, back]})
    variant = copied.task.variants.get(letter=made["letter"])
    assert content(copied, variant.head_commit, COPY) is None
    assert content(copied, variant.head_commit, "app/new.py") is not None


def test_a_comment_on_either_side_stays_on_its_own_file(copied: World, reader: Client) -> None:
    api = Api(copied.user)
    for side, path, body in (("A", COPY, "of the copy"), ("base", SOURCE, "of the source")):
        told = {"side": side, "path": path, "start_line": 13, "body": body}
        api.post(f"tasks/{copied.task.pk}/comments", told, 201)
    url = copied.url(f"comments/threads?left=base&right=A&path={quote(COPY)}")
    html = reader.get(url).content.decode()
    assert "of the copy" in html
    assert "of the source" in html, "its line is the left side here"
    counts = json.loads(html.split('type="application/json">')[1].split("</script>")[0])
    assert counts == {COPY: 1, SOURCE: 1}


@pytest.mark.browser
def test_a_copy_in_the_browser(copied: World, page: Page) -> None:
    page.goto(at(copied) + "&view=split")
    bar = page.get_by_role("group", name="The whole new file")
    expect(bar).to_have_count(1)
    expect(bar.get_by_role("button", name="Lines")).to_have_count(0)
    for _ in range(2):
        page.keyboard.press("j")
    page.keyboard.press("p")  # at its second change: the whole file
    expect(page.locator("#tray")).to_contain_text("circle.py")
    page.keyboard.press("v")
    expect(page.locator("[data-viewed-file] input")).to_be_checked()


@pytest.mark.usefixtures("redis_empty")
def test_the_board_says_what_a_new_file_was_copied_from(copied: World, reader: Client) -> None:
    agreement_wait(ground_get(user=copied.user, task_id=copied.task.pk))
    html = reader.get(copied.url("board"), headers=HTMX).content.decode()
    row = html.split(f'data-row="{COPY}"')[1].split('role="row"')[0]
    assert f'aria-label="{COPY}, copied from {SOURCE}"' in row
    assert f"<small>copied from {SOURCE}</small>" in row
    assert f'title="copied from {SOURCE}"' in row.split('data-l="A"')[1].split(">")[0]
    assert html.count("<small>copied from") == 1
