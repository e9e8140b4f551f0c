"""What a person does, in Chromium: spec, live, answer, compare, preview, merge."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.installation import Installation, git

pytestmark = [pytest.mark.system, pytest.mark.browser]

SPEC = """\
Add a greeting.

[[think Where does it belong?]] [[say I will write it]] [[write hello.txt|hello world]]
[[read calc.py]] [[edit calc.py|line_40 = 40|line_40 = 4000]] [[ask echo asked > asked.txt]] [[final It is done]]
"""


def test_from_a_spec_to_a_merged_variant(
    installation: Installation, page: Page, origin: Path
) -> None:
    page.goto(f"{installation.url}/projects/new")
    page.get_by_label("Repository").fill(str(origin))
    page.get_by_role("button", name="Add the project").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("shop")

    page.locator("main").get_by_role(
        "link", name="New task"
    ).click()  # others have projects here, too
    page.locator("#id_title").fill("Greet the world")
    page.locator("#id_spec").fill(SPEC)
    page.locator("[name$=-agent]").first.select_option("demo")
    page.locator("[name$=-count]").first.fill("2")
    expect(page.locator("#start")).to_contain_text("Start 2 agents")
    page.get_by_role("button", name="Preview").focus()
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/tasks/\d+$"))
    task_url = page.url
    expect(page.get_by_role("heading", level=1)).to_have_text("Greet the world")

    # Watch: the transcript comes live, the agent asks, a person answers.
    page.goto(f"{task_url}/variants/A")
    transcript = page.locator("run-transcript").first
    expect(transcript).to_contain_text("I will write it")
    page.get_by_role("button", name="Allow once").click()
    expect(transcript).to_contain_text("It is done")
    expect(page.locator("main")).to_contain_text("asked.txt")
    page.goto(f"{task_url}/variants/B")
    page.get_by_role("button", name="Allow once").wait_for()
    page.keyboard.press("y")
    expect(page.locator("run-transcript").first).to_contain_text("It is done")

    # Reloading shows the same, once.
    page.reload()
    expect(page.locator("run-transcript").first).to_contain_text("It is done")
    assert page.locator("run-transcript").first.inner_text().count("I will write it") == 1

    # A follow-up resumes the agent.
    page.get_by_placeholder(re.compile("Tell B")).fill("[[write later.txt|later]] [[final Twice]]")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("main")).to_contain_text("Twice")
    installation.wait_ended(int(task_url.rpartition("/")[2]))

    # Compare.
    page.goto(task_url)
    page.keyboard.press("=")
    page.wait_for_url(re.compile(r"/compare\?left=A&right=B"))
    page.goto(f"{task_url}/compare?left=base&right=A&path=calc.py&view=split")
    expect(page.locator("main")).to_contain_text("line_40 = 4000")
    page.keyboard.press("u")
    expect(page).to_have_url(re.compile("view=unified"))
    page.goto(f"{task_url}/compare?left=A&right=B")
    expect(page.locator("main")).to_contain_text("later.txt")

    # The running app.
    page.goto(f"{task_url}/variants/A")
    link = page.get_by_role("link", name=re.compile(r"127\.0\.0\.1:\d+")).first
    link.wait_for()
    address = link.get_attribute("href")
    app = page.context.new_page()
    app.goto(f"{address}hello.txt")
    expect(app.locator("body")).to_contain_text("hello world")
    app.close()

    # Merge.
    page.goto(f"{task_url}/merge/B")
    expect(page.locator("main")).to_contain_text("Merges cleanly")
    page.get_by_role("radio", name="Squash").check(force=True)
    page.locator("textarea[name=message]").fill("Greet the world\n\nIn a file.")
    page.get_by_role("button", name="Merge B now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("B is merged into main")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert git(origin, "log", "-1", "--format=%s") == "Greet the world"
    assert (origin / "later.txt").exists()
    page.goto(task_url)
    expect(page.locator("main")).to_contain_text(re.compile("[Mm]erged"))


def test_bad_input_keeps_what_was_typed(installation: Installation, page: Page) -> None:
    page.goto(f"{installation.url}/projects/new")
    page.get_by_label("Repository").fill("/no/such/place")
    page.get_by_role("button", name="Add the project").click()
    expect(page.get_by_label("Repository")).to_have_value("/no/such/place")
    expect(page.locator(".err").first).to_be_visible()
