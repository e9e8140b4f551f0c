"""Sides beyond base and letters: the end of a run, a snapshot, any commit; and the menu that offers them."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from orchestrator.models import Run, Snapshot
from review.selectors.compare import compare_summary
from tests.review.compare.conftest import World
from tests.support.pages import tree
from tests.support.repositories import plain_git


@pytest.fixture
def history(world: World) -> list[str]:
    """A took two snapshots in its first run, none in its second, one in its third."""
    variant = world.task.variants.get(letter="A")
    runs = [Run.objects.create(variant=variant, number=n, prompt="x") for n in (1, 2, 3)]
    commits = [
        world.commit("A", lambda files, n=n: files.update({"step.txt": f"{n}\n"}))  # type: ignore[misc]
        for n in range(3)
    ]
    for run, commit in zip((runs[0], runs[0], runs[2]), commits, strict=True):
        Snapshot.objects.create(
            variant=variant, run=run, commit=commit, tree=commit, parent=world.base, insertions=7
        )
    return commits


def commit_of(world: World, ref: str) -> str:
    found = compare_summary(user=world.user, task_id=world.task.pk, left="base", right=ref)
    return str(found["right"]["commit"])


def test_a_side_is_a_state_of_a_variant(world: World, history: list[str]) -> None:
    for ref, index in {
        "A@snapshot1": 0,
        "A@run1": 1,
        "A@run2": 1,  # changed nothing: still what it found
        "a@SNAPSHOT3": 2,
        "A@run3": 2,
        history[0][:9].upper(): 0,
    }.items():
        assert commit_of(world, ref) == history[index], ref


def test_a_run_without_any_snapshot_ended_at_the_base(world: World) -> None:
    variant = world.task.variants.get(letter="C")
    Run.objects.create(variant=variant, number=1, prompt="x")
    assert commit_of(world, "C@run1") == world.base


def test_two_states_of_one_variant_differ_as_old_and_new(
    world: World, history: list[str], reader: Client
) -> None:
    answer = compare_summary(user=world.user, task_id=world.task.pk, left="A@run1", right="A@run3")
    assert answer["left"] == {"ref": "A@run1", "commit": history[1], "letter": "A", "at": "run 1"}
    assert [file["path"] for file in answer["files"]] == ["step.txt"]
    html = reader.get(world.url("compare?left=A@run1&right=A@run3")).content.decode()
    assert "from run 1 to run 3" in html
    assert 'class="code two"' in html, "not in the colours of two authors"
    assert f"merge/{'A'}" not in html, "only a whole variant is merged"


@pytest.mark.parametrize(
    ("ref", "status"),
    [
        ("A@run9", 404),
        ("A@snapshot0", 404),
        ("A@snapshot4", 404),
        ("Z@run1", 404),
        ("A@run", 400),
        ("A@run-1", 400),
        ("A@run1~1", 400),
        ("A@{1}", 400),
        ("abcdef", 400),
        ("f" * 40, 404),
        ("A@run1\n--output=x", 400),
    ],
)
def test_what_names_no_side_is_refused(
    world: World, history: list[str], reader: Client, ref: str, status: int
) -> None:
    for at in ("left", "right"):
        assert reader.get(world.url("compare"), {at: ref}).status_code == status


def test_a_commit_of_another_repository_is_none_of_this_project(
    world: World, reader: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    plain_git(other, "init", "-q")
    plain_git(
        other, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x", "--allow-empty"
    )
    commit = plain_git(other, "rev-parse", "HEAD")
    assert reader.get(world.url(f"compare?right={commit}")).status_code == 404


def test_the_menu_lists_runs_and_snapshots_of_the_variant(
    world: World, history: list[str], reader: Client
) -> None:
    url = world.url("compare/sides?left=base&right=A@snapshot2&path=app/area.py&which=")
    html = reader.get(url + "right").content.decode()
    names = re.findall(r"<span>(End of run \d|Snapshot \d)</span>", html)
    assert names == [
        "End of run 3", "End of run 2", "End of run 1", "Snapshot 3", "Snapshot 2", "Snapshot 1",
    ]  # fmt: skip
    assert re.findall(r'href="([^"]+)" aria-current', html) == [
        world.url("compare?left=base&amp;right=A%40snapshot2&amp;path=app%2Farea.py&amp;view=split")
    ]
    assert "left=A%40run1" in reader.get(url + "left").content.decode()
    assert reader.get(url + "top").status_code == 400
    assert (
        b"Choose a variant"
        in reader.get(world.url("compare/sides?left=base&right=base&which=left")).content
    )


@pytest.mark.browser
def test_by_keyboard_from_one_run_to_another(world: World, history: list[str], page: Page) -> None:
    page.goto(world.url("compare?left=A&right=A&view=split"))
    for which, run in (("Left", 1), ("Right", 3)):
        summary = page.locator(f"summary:has-text('{which} side')")
        summary.focus()
        page.keyboard.press("Enter")
        link = page.get_by_role("link", name=f"End of run {run}")
        expect(link).to_be_visible()
        link.focus()
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{which.lower()}=A%40run{run}**")
    expect(page.locator("h1")).to_contain_text("from run 1 to run 3")
    page.locator("summary:has-text('Right side')").click()
    page.keyboard.press("Escape")
    expect(page.locator("details.menu[open]")).to_have_count(0)
    page.locator("summary:has-text('Right side')").click()
    page.get_by_label("Any commit of the project").last.fill(history[0][:10])
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(history[0][:7])


def test_a_commit_says_what_it_is(world: World, reader: Client) -> None:
    head = world.commit("A", lambda files: files.update({"new": "x\n"}))
    page = tree(reader.get(world.url(f"compare?left=base&right={head}")))
    assert page.tags("h1")[0].text == f"What {head[:7]} changed"
    assert "“x”: 8 files" in page.text
    before = tree(reader.get(world.url(f"compare?left={head}&right={world.base}")))
    assert "“" not in before.all(lambda e: "stands" in e.attrs.get("class", ""))[0].text
