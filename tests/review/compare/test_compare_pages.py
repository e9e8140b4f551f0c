"""The compare page, its fragments, and the live diff of a variant."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from orchestrator.git.refs import display_path
from orchestrator.models import Run, Variant
from orchestrator.states import RunState
from tests.review.compare.conftest import ODD_NAME, World
from tests.review.compare.keys.room import run_make


def get(reader: Client, url: str, status: int = 200) -> str:
    response = reader.get(url)
    assert isinstance(response, HttpResponse)
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def test_base_against_a_variant_split(world: World, reader: Client) -> None:
    html = get(reader, world.url("compare?left=base&right=A&path=app/area.py&view=split"))
    assert 'class="code two"' in html
    assert "return side * <mark>side * </mark>" in re.sub(r"</?span[^>]*>", "", html)
    assert re.search(r'class="del" id="L82" data-n="82" data-change="1"', html)
    assert re.search(r'class="add" id="R82" data-n="82"', html)
    assert 'class="k">return' in html
    assert "unchanged lines" in html
    assert "Areas of &lt;all&gt; kinds" in html
    assert html.count("<script") == html.count('<script type="module"') + html.count(
        "<script src="
    ), "no inline script"
    assert "<style" not in html


def test_an_archived_variant_is_offered_only_where_it_is_shown(
    world: World, reader: Client
) -> None:
    Variant.objects.filter(task=world.task, letter="B").update(archived_at=timezone.now())
    shown = get(reader, world.url("compare?left=base&right=A"))
    assert "right=A" in shown
    assert "right=B" not in shown
    itself = get(reader, world.url("compare?left=base&right=B&path=app/area.py"))
    assert "20 * side" in re.sub(r"<[^>]*>", "", itself)
    Variant.objects.filter(task=world.task, letter="A").update(archived_at=timezone.now())
    Variant.objects.filter(task=world.task, letter="B").update(archived_at=None)
    first = get(reader, world.url("compare"))
    assert "Transcript of B" in re.sub(r"<[^>]*>", "", first), "what is not put away comes first"


def test_variant_against_variant_has_the_colours_of_both_and_no_old_side(
    world: World, reader: Client
) -> None:
    html = get(reader, world.url("compare?left=A&right=B&view=unified"))
    assert 'class="code uni vs"' in html
    assert "--lv:var(--va)" in html
    assert "--rv:var(--vb)" in html
    assert 'class="plus"' not in html.split('class="cmp"')[1]


@pytest.mark.parametrize("sides", ["AB", "BA"])
def test_a_file_that_one_of_two_variants_has_was_not_deleted(
    world: World, reader: Client, sides: str
) -> None:
    world.commit("A", lambda files: files.update({"alone.txt": "mine\n"}))
    html = get(reader, world.url(f"compare?left={sides[0]}&right={sides[1]}&path=alone.txt"))
    assert '<span class="tag">only in A</span>' in html
    assert 'class="fs v-a fs-one" title="only in A">A</i>' in html
    assert "deleted" not in html.split('class="cmp"')[1]
    assert "<diff-view" in html, "it does not wait for a click"
    old = get(reader, world.url("compare?left=base&right=A&path=gone.txt"))
    assert '<span class="tag">deleted</span>' in old
    assert "The file was deleted." in old


def test_the_tree_lists_every_file_and_names_are_text(world: World, reader: Client) -> None:
    html = get(reader, world.url("compare?left=base&right=A"))
    tree = html.split("<file-tree")[1].split("</file-tree>")[0]
    assert tree.count("<a href") == 7
    assert "new name.txt, was old name.txt" in tree
    assert "&lt;b&gt;" in tree
    assert tree.count("<b>") == 1, "only the head of the list"
    for link in re.findall(r'<a href="([^"]+)"', tree):
        page = get(reader, link.replace("&amp;", "&"))
        assert "<img src=x" not in page
        assert 'id="file"' in page


@pytest.mark.parametrize("name", [ODD_NAME, display_path("bytes-\udcff.txt"), "new name.txt"])
def test_odd_file_names_can_be_opened(world: World, reader: Client, name: str) -> None:
    html = get(reader, world.url(f"compare/file?left=base&right=A&path={quote(name)}"))
    assert "of 7" in html
    assert "added" in html or "renamed" in html


def test_a_lock_file_waits_behind_one_button_and_comes_when_asked(
    world: World, reader: Client
) -> None:
    url = world.url("compare?left=base&right=A&path=package-lock.json")
    html = get(reader, url)
    assert html.count("<button") - get(reader, world.url("compare")).count("<button") <= 1
    assert len(re.findall(r"<button[^>]*>\s*Show diff\s*</button>", html)) == 1
    assert "lock file" in html
    assert "<diff-view" not in html
    assert "<diff-view" in get(reader, f"{url}&show=1")


def test_folded_lines_come_back(world: World, reader: Client) -> None:
    page = get(reader, world.url("compare?left=base&right=A&path=app/area.py&view=split"))
    lines = re.search(r'data-lines="([^"]+)"', page)
    assert lines is not None
    url = lines[1].replace("&amp;", "&")
    html = get(reader, f"{url}&start=1&end=20")
    assert re.findall(r'id="L(\d+)"', html) == [str(n) for n in range(1, 21)]
    assert 'class="k">def' in html
    for bad in (
        "start=0&end=5",
        "start=x&end=5",
        f"start=1&end={'9' * 4400}",
        "start=1",
        "start=-1&end=2",
    ):
        get(reader, f"{url}&{bad}", 400)


def test_colours_can_be_asked_for_afterwards(world: World, reader: Client) -> None:
    response = reader.get(world.url("compare/colours?left=base&right=A&path=app/area.py"))
    colours = response.json()
    assert colours["left"][0][:3] == [0, 3, "k"]
    assert len(colours["left"]) == len(colours["right"]) == 160


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("left=-x&right=A", 400),
        ("left=--output=/tmp/x&right=A", 400),
        ("left=base&right=Z", 404),
        ("left=main&right=A", 400),
        ("left=base&right=ffffffffffffffffffffffffffffffffffffffff", 404),
        ("view=sideways", 400),
        ("w=some", 400),
        ("context=-1", 400),
        ("context=99999999", 400),
        ("path=no/such/file", 404),
        ("path=../../etc/passwd", 404),
        ("path=%00", 404),
        ("path=%ff", 404),
    ],
)
def test_bad_addresses_are_refused_plainly(
    world: World, reader: Client, query: str, status: int
) -> None:
    get(reader, world.url(f"compare?{query}"), status)


def test_the_comparison_stays_open_for_a_file_that_is_on_neither_side(
    world: World, reader: Client
) -> None:
    assert "app/new.py" in get(reader, world.url("compare?left=base&right=A"))
    page = get(reader, world.url("compare?left=base&right=C&path=app/new.py"), 404)
    assert "The file is on neither side." in page
    assert "<file-tree" in page
    assert "Take file" not in page
    assert "on neither side" in get(reader, world.url("compare/file?right=C&path=app/new.py"))


def test_a_file_that_is_the_same_and_a_variant_that_did_nothing(
    world: World, reader: Client
) -> None:
    assert "the same on both sides" in get(reader, world.url("compare?right=A&path=same.txt"))
    assert "No file was changed" in get(reader, world.url("compare?left=base&right=C"))
    assert "Nothing changed yet" in get(reader, world.url("variants/C/diff"))


def test_a_variant_that_is_done_without_a_change_is_not_waited_for(
    world: World, reader: Client
) -> None:
    variant = world.task.variants.get(letter="C")
    run = run_make(variant, RunState.RUNNING)
    page = get(reader, world.url("variants/C/diff"))
    assert "Nothing changed yet" in page
    seen = page.split('data-seen="')[1].split('"')[0]
    shown = world.url(f"variants/C/diff?seen={seen}&path=&keep=1")
    assert reader.get(shown).status_code == 204
    Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED, ended_at=timezone.now())
    page = get(reader, shown)
    assert "Nothing was changed." in page
    assert "as soon as" not in page
    assert "data-ended" in page
    assert reader.get(f"{shown}&ended=1").status_code == 204
    Run.objects.create(variant=variant, number=2, prompt="go on", state=RunState.QUEUED)
    page = get(reader, f"{shown}&ended=1")
    assert "Nothing changed yet" in page
    assert "data-ended" not in page


@pytest.mark.parametrize(
    ("path", "previous", "following"),
    [
        (ODD_NAME, "", "app/area.py"),
        ("app/new.py", "app/area.py", ""),
        ("same.txt", "app/area.py", ""),
    ],
)
def test_one_gets_on_from_a_file_that_does_not_differ(
    world: World, reader: Client, path: str, previous: str, following: str
) -> None:
    page = get(reader, world.url(f"compare?left=A&right=B&path={quote(path)}"))
    assert "the same on both sides" in page
    found = re.search(r'data-previous="([^"]*)" data-next="([^"]*)"', page)
    assert found is not None
    ways = [parse_qs(urlsplit(unescape(url)).query).get("path", [""])[0] for url in found.groups()]
    assert ways == [previous, following]
    assert 'aria-label="Next file"' in page


def test_strangers_see_nothing(world: World) -> None:
    stranger = Client(headers={"host": "localhost:8000"})
    for rest in ("compare", "compare/file", "compare/lines", "compare/colours", "variants/A/diff"):
        response = stranger.get(world.url(rest))
        assert response.status_code in (302, 401, 403)
        assert response.status_code != 302 or "login" in response["Location"]


def test_the_live_diff_answers_only_what_is_new_and_follows_the_last_change(
    world: World, reader: Client
) -> None:
    first = get(reader, world.url("variants/A/diff"))
    seen = re.search(r'data-seen="(\w+)"', first)
    assert seen is not None
    assert seen[1] == world.heads["A"]
    now = world.url(f"variants/A/diff?seen={seen[1]}&path=app/area.py&follow=1&keep=1")
    assert reader.get(now).status_code == 204
    world.commit("A", lambda files: files.update({"app/new.py": "print('newer')\n"}))
    second = get(reader, now)
    assert 'data-path="app/new.py"' in second.split(">", 1)[0]
    assert "newer" in second
    assert len(re.findall(r'class="fresh"', second)) == 1
    stay = get(reader, now.replace("follow=1", "follow=0"))
    assert 'data-path="app/area.py"' in stay.split(">", 1)[0]


def test_an_archived_variant_is_not_offered_for_merging(world: World, reader: Client) -> None:
    url = world.url("compare?left=base&right=A")
    world.task.variants.update(files_changed=1)
    assert "Merge A…" in get(reader, url)
    world.task.variants.filter(letter="A").update(archived_at=timezone.now())
    assert "Merge A…" not in get(reader, url)


def test_both_variants_of_a_comparison_are_offered_for_merging(
    world: World, reader: Client
) -> None:
    world.task.variants.update(files_changed=1)
    page = get(reader, world.url("compare?left=A&right=B"))
    assert "Merge A…" in page
    assert "Merge B…" in page
    assert page.count("Merge A…") == get(reader, world.url("compare?left=A&right=A")).count(
        "Merge A…"
    )


def test_a_page_is_correct_without_its_cache(
    world: World, reader: Client, settings: Settings
) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    html = get(reader, world.url("compare?left=base&right=A&path=app/area.py&view=split"))
    assert "data-change" in html


def test_queries_are_few_whatever_the_number_of_files(
    world: World, reader: Client, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        get(reader, world.url("compare?left=base&right=A"))


def test_a_link_changes_nothing_of_the_address_but_what_it_says(
    world: World, reader: Client
) -> None:
    asked = {"left": "base", "right": "A", "path": "package-lock.json", "view": "unified"}
    asked |= {"w": "eol", "context": "all", "show": "1"}
    html = get(reader, world.url(f"compare?{urlencode(asked)}"))

    def leads(pattern: str) -> dict[str, str]:
        found = re.search(rf'<a [^>]*href="([^"]+)"[^>]* {pattern}', html)
        assert found is not None, pattern
        return dict(parse_qsl(unescape(found[1]).partition("?")[2]))

    assert leads('data-space="all"') == asked | {"w": "all"}
    assert leads('data-view="split"') == asked | {"view": "split"}
    assert leads("data-swap") == asked | {"left": "A", "right": "base"}
    assert "show" not in leads('data-side="B"'), "another side has another file"
    del asked["show"]
    html = get(reader, world.url(f"compare?{urlencode(asked)}"))
    form = html.split('data-show="')[1].split("</form>")[0]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert fields == asked | {"show": "1"}, "the button without a script as well"
    asked |= {"path": "README.md", "show": "1"}
    world.commit("A", lambda files: files.update({"README.md": "# New\n"}))
    html = get(reader, world.url(f"compare?{urlencode(asked)}"))
    assert leads("data-file-link data-render") == asked | {"rendered": "1"}
