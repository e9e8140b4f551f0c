"""One file by itself: whole with colours, or its bytes, which no browser may take for more than bytes."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from orchestrator.lib.paths import hub_dir
from tests.review.compare.conftest import ODD_NAME, World
from tests.support.repositories import plain_git


def test_a_whole_file_has_all_its_lines_and_its_colours(
    world: World, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review.selectors.whole_file.COLOUR_WAIT_S", 150.0)
    html = reader.get(world.url("compare/whole?at=A&path=app/area.py")).content.decode()
    assert html.count('id="R') == 160
    assert 'class="k">return' in html
    assert re.search(r"160 lines, Python, [\d.]+ kB", html)


def test_raw_text_is_plain_text_and_nothing_else(world: World, reader: Client) -> None:
    def page(files: dict[str, str]) -> None:
        files["x.html"] = "<script>alert(1)</script>\n"
        files["x.svg"] = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>\n"

    world.commit("A", page)
    for name in ("x.html", "x.svg", "app/area.py"):
        response = reader.get(world.url(f"compare/raw?at=A&path={name}"))
        assert response["Content-Type"] == "text/plain; charset=utf-8"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response["Content-Security-Policy"]
        assert "default-src 'none'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("content", ["a\0b", "caf\udce9"])
def test_raw_bytes_that_are_no_text_are_a_download(
    world: World, reader: Client, content: str
) -> None:
    plain_git(world.origin, "checkout", "-q", "A")
    (world.origin / "blob.html").write_bytes(content.encode("utf-8", "surrogateescape"))
    plain_git(world.origin, "add", "-A")
    plain_git(world.origin, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x")
    head = plain_git(world.origin, "rev-parse", "HEAD")
    plain_git(hub_dir(world.task.project_id), "fetch", "-q", str(world.origin), "A")
    response = reader.get(world.url(f"compare/raw?at={head}&path=blob.html"))
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="blob.html"'
    assert response.content == content.encode("utf-8", "surrogateescape")


def test_odd_names_and_names_that_were_given_up(world: World, reader: Client) -> None:
    for path in (ODD_NAME, "bytes-\\xff.txt", "old name.txt"):
        response = reader.get(world.url(f"compare/raw?at=A&path={quote(path)}"))
        assert response.status_code == 200, path
        assert "\n" not in response.get("Content-Disposition", "")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("at=A&path=no/such", 404),
        ("at=A&path=", 404),
        ("at=A&path=app", 404),
        ("at=A&path=../../etc/passwd", 404),
        ("at=A&path=%00", 404),
        ("at=Z&path=app/area.py", 404),
        ("at=--output%3Dx&path=app/area.py", 400),
    ],
)
def test_bad_addresses_are_refused(world: World, reader: Client, query: str, status: int) -> None:
    for what in ("whole", "raw"):
        assert reader.get(world.url(f"compare/{what}?{query}")).status_code == status


def test_strangers_see_nothing(world: World) -> None:
    stranger = Client(headers={"host": "localhost:8000"})
    for what in ("whole", "raw"):
        found = stranger.get(world.url(f"compare/{what}?at=A&path=app/area.py"))
        assert found.status_code in (302, 401, 403)


@pytest.mark.browser
def test_from_the_diff_to_a_line_of_the_whole_file(world: World, page: Page) -> None:
    page.goto(world.url("compare?left=base&right=A&path=app/area.py&view=split"))
    page.locator("summary:has-text('The file by itself')").click()
    page.get_by_role("link", name="Whole file of A").click()
    page.wait_for_url("**/compare/whole?*")
    page.locator("#R40").click(position={"x": 20, "y": 8})
    expect(page).to_have_url(re.compile(r"#R40$"))
    page.keyboard.press("2")
    page.wait_for_url("**at=B**")
    expect(page.locator("#file")).to_have_attribute("aria-label", "app/area.py")
