"""Images, and Markdown and notebooks as they read."""

from __future__ import annotations

import json
import re
import struct
import zlib
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from orchestrator.lib.markdown import render_blocks
from orchestrator.lib.paths import hub_dir
from review.selectors import rendered
from tests.review.compare.conftest import World
from tests.support.repositories import plain_git


def png(width: int, height: int, grey: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes([grey] * width) for _ in range(height))
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def commit_bytes(world: World, letter: str, files: dict[str, bytes]) -> None:
    plain_git(world.origin, "checkout", "-q", letter)
    for name, data in files.items():
        (world.origin / name).write_bytes(data)
    plain_git(world.origin, "add", "-A")
    plain_git(world.origin, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x")
    head = plain_git(world.origin, "rev-parse", "HEAD")
    plain_git(hub_dir(world.task.project_id), "fetch", "-q", str(world.origin), letter)
    world.task.variants.filter(letter=letter).update(head_commit=head)


@pytest.fixture
def images(world: World) -> None:
    commit_bytes(
        world,
        "A",
        {"logo.png": png(20, 10, 0), "lie.png": b"GIF89a\1\0\1\0\0<script>", "x.gif": b"\0"},
    )
    commit_bytes(world, "B", {"logo.png": png(20, 10, 255), "lie.png": b"\0<svg onload=alert(1)>"})


def test_an_image_is_served_as_what_its_bytes_are(
    world: World, images: None, reader: Client
) -> None:
    response = reader.get(world.url("compare/image?at=A&path=logo.png"))
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].endswith("sandbox")
    assert response.content == png(20, 10, 0)
    assert reader.get(world.url("compare/image?at=A&path=lie.png"))["Content-Type"] == "image/gif"
    for at, path in (("B", "lie.png"), ("A", "app/area.py"), ("A", "x.gif")):
        refused = reader.get(world.url(f"compare/image?at={at}&path={path}"))
        assert refused.status_code == 415, path
        assert refused["Content-Type"].startswith("text/html")
    assert reader.get(world.url("compare/image?at=A&path=no.png")).status_code == 404
    stranger = Client(headers={"host": "localhost:8000"})
    assert stranger.get(world.url("compare/image?at=A&path=logo.png")).status_code in (
        302,
        401,
        403,
    )


def test_sizes_are_said_and_what_cannot_be_shown_says_why(
    world: World, images: None, reader: Client
) -> None:
    html = reader.get(world.url("compare?left=base&right=A&path=logo.png")).content.decode()
    assert "PNG, 20 × 10, " in html
    assert "No such image on the left side" in html
    html = reader.get(world.url("compare?left=A&right=B&path=lie.png")).content.decode()
    assert "not an image that can be shown" in html
    assert html.count("<img") == 1


def test_a_bomb_of_pixels_is_not_given_to_the_browser(world: World, reader: Client) -> None:
    bomb = bytearray(png(1, 1, 0))
    bomb[16:24] = struct.pack(">II", 60_000, 60_000)
    commit_bytes(world, "A", {"bomb.png": bytes(bomb)})
    html = reader.get(world.url("compare?left=base&right=A&path=bomb.png")).content.decode()
    assert "60,000 × 60,000" in html
    assert "too many pixels" in html
    assert "<img" not in html


def test_blocks_of_markdown_are_those_of_the_whole_and_clean() -> None:
    text = "# A\n\nsee [x][1] <b onclick=1>b</b>\n\n- one\n- two\n\n```\n# no\n\nheading\n```\n\n[1]: https://example.org\n"
    blocks = render_blocks(text)
    assert [source.split("\n")[0] for source, _ in blocks] == [
        "# A",
        "see [x][1] <b onclick=1>b</b>",
        "- one",
        "```",
    ]
    assert 'href="https://example.org"' in blocks[1][1]
    assert "<b" not in blocks[1][1]
    assert "<a" not in render_blocks("[x](javascript:alert(1))")[0][1]


def test_markdown_side_by_side(world: World, reader: Client) -> None:
    text = "# Areas\n\nNew <script>alert(1)</script> words.\n"
    world.commit("A", lambda files: files.update({"README.md": text}))
    source = reader.get(world.url("compare?left=base&right=A&path=README.md")).content.decode()
    assert "data-render" in source
    assert "<diff-view" in source
    html = reader.get(
        world.url("compare?left=base&right=A&path=README.md&rendered=1")
    ).content.decode()
    shown = html.split('class="rendered')[1].split("</section>")[0]
    assert shown.count("<h1>Areas</h1>") == 2
    assert '<div class="block add"><div class="prose"><p>New &lt;script&gt;' in shown
    assert shown.count("block void") == 1
    assert "<diff-view" not in html
    plain = reader.get(world.url("compare?left=base&right=A&path=app/area.py&rendered=1"))
    assert "<diff-view" in plain.content.decode(), "nothing else can be rendered"


def test_notebooks_side_by_side(world: World, reader: Client) -> None:
    def book(*sources: str) -> str:
        cells = [
            {
                "cell_type": "code",
                "source": source,
                "outputs": [{"output_type": "stream", "text": f"<i>{source}</i>"}],
            }
            for source in sources
        ]
        return json.dumps({"cells": cells}, indent=1)

    world.commit("A", lambda files: files.update({"n.ipynb": book("a", "b")}))
    world.commit("B", lambda files: files.update({"n.ipynb": book("a", "new", "b")}))
    html = reader.get(world.url("compare?left=A&right=B&path=n.ipynb&rendered=1")).content.decode()
    shown = html.split('class="rendered')[1].split("</section>")[0]
    assert shown.count('<div class="rrow">') == 2
    assert shown.count('<div class="rrow changed"') == 1
    assert "&lt;i&gt;new&lt;/i&gt;" in shown
    assert "<i>" not in shown
    world.commit("B", lambda files: files.update({"n.ipynb": "{"}))
    html = reader.get(world.url("compare?left=A&right=B&path=n.ipynb&rendered=1")).content.decode()
    assert "This is no notebook that can be read." in html


def test_code_cells_have_the_colours_of_their_kernel(
    world: World, reader: Client, redis_empty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def book(*cells: str, **metadata: Any) -> str:
        code = [{"cell_type": "code", "source": cell, "outputs": []} for cell in cells]
        text = [{"cell_type": "markdown", "source": "def x(): pass"}]
        return json.dumps({"cells": code + text, "metadata": metadata}, indent=1)

    def shown() -> str:
        url = world.url("compare?left=base&right=A&path=n.ipynb&rendered=1")
        html = reader.get(url).content.decode()
        return html.split('class="rendered')[1].split("</section>")[0]

    cells = ("%matplotlib inline\ndef f(x):\n    return '<b>'", "%%bash\nfor x in 1; do echo; done")
    python = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    world.commit("A", lambda files: files.update({"n.ipynb": book(*cells, **python)}))
    with monkeypatch.context() as late:
        late.setattr(rendered, "COLOUR_WAIT_S", -1.0)
        assert '<span class="k">' not in shown(), "a page does not wait for colours"
    monkeypatch.setattr(rendered, "COLOUR_WAIT_S", 600.0)
    html = shown()
    assert '<span class="k">def</span> <span class="f">f</span>(x):' in html
    assert '<span class="s">&#x27;&lt;b&gt;&#x27;</span>' in html.replace("'", "&#x27;")
    assert '<span class="k">for</span> x <span class="k">in</span>' in html
    assert html.count('<span class="k">def</span>') == 1, "words of Markdown are words"
    other = book("public static int x = 1;", kernelspec={"language": "java"})
    world.commit("A", lambda files: files.update({"n.ipynb": other}))
    assert '<span class="k">public static int</span>' in shown()
    odd = book("def f(): pass", language_info={"name": ["python"]}, kernelspec="python")
    world.commit("A", lambda files: files.update({"n.ipynb": odd}))
    assert "<span class=" not in shown().replace('<span class="ag', "").split("rrow", 1)[1]


@pytest.mark.browser
def test_images_are_wiped_and_subtracted(world: World, images: None, page: Page) -> None:
    page.goto(world.url("compare?left=A&right=B&path=logo.png"))
    expect(page.locator(".images-pair img")).to_have_count(2)
    page.get_by_role("button", name="Swipe").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    at = "stack => stack.firstChild.style.getPropertyValue('--at')"
    assert page.locator(".images-stack").evaluate(at) == "100%"
    page.get_by_role("button", name="Difference").click()
    expect(page.locator("[data-says]")).to_have_text("Black is equal: 100.0 % of the pixels differ")
    blend = "image => getComputedStyle(image).mixBlendMode"
    assert page.locator(".images-stack img.over").evaluate(blend) == "difference"
    page.get_by_role("button", name="Side by side").click()
    expect(page.locator(".images-pair")).to_be_visible()


def test_columns_show_an_image_as_each_of_them_has_it(
    world: World, images: None, reader: Client
) -> None:
    html = reader.get(world.url("compare/columns?path=logo.png")).content.decode()
    assert "The same file in 2 of 3 variants" in html
    assert "no lines to show" not in html
    shown = re.findall(r'<img src="[^"]*[?;&]at=(\w+)[^"]*" alt="([^"]*)"', html)
    assert shown == [("A", "The image of A"), ("B", "The image of B")]
    assert re.findall(r'name="variant" value="(\w)"', html) == ["A", "B"]  # can be taken
    of_all = reader.get(world.url("compare/columns?path=logo.png&of=base,A,C")).content.decode()
    assert re.findall(r'alt="The image of (\w+)"', of_all) == ["A"]
    lie = reader.get(world.url("compare/columns?path=lie.png")).content.decode()
    assert "not an image that can be shown" in lie
    binary = reader.get(world.url("compare/columns?path=x.gif&of=base,A")).content.decode()
    assert "The same file in 1 of 3 variants" in binary


@pytest.mark.browser
def test_rendered_and_back_by_keyboard(world: World, page: Page) -> None:
    world.commit("A", lambda files: files.update({"README.md": "# Areas\n\nmore\n"}))
    page.goto(world.url("compare?left=base&right=A&path=README.md"))
    page.get_by_role("link", name="Rendered").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".rendered")).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator(".rrow[data-now]")).to_be_focused()
    page.get_by_role("link", name="Source").focus()
    page.keyboard.press("Enter")
    expect(page.locator("diff-view")).to_be_visible()
