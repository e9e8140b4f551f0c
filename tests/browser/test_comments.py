"""Comments in the whole product: two people, an agent that gets them, and its next snapshot."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WAIT_MS
from tests.support.installation import Installation, eventually, git

pytestmark = [pytest.mark.system, pytest.mark.browser]

# Told of a comment on it, it makes the number smaller.
AGENT = """
if grep -q 'Too big'; then sed -i 's/line_40 = 4000/line_40 = 41/' calc.py; echo 'Made it smaller'
else sed -i 's/line_40 = 40/line_40 = 4000/' calc.py; echo 'Changed a line'; fi
"""


@pytest.fixture
def task(installation: Installation, origin: Path) -> dict[str, Any]:
    """A line that two variants of one agent have changed."""
    name = f"sed {origin.parent.name}"
    agent = installation.agent(name, adapter="command", command=["sh", "-c", AGENT])
    project = installation.project(origin, name=name)
    made = installation.task(project, "Change line 40.", agent, agent, title="Comments")
    return installation.wait_ended(made["id"])


@pytest.fixture
def kim(installation: Installation, page: Page) -> Iterator[Page]:
    """Another person, in a browser of their own."""
    name = f"kim{os.urandom(3).hex()}"
    added = subprocess.run(
        [
            str(Path(sys.prefix) / "bin/bakeoff"),
            "adduser",
            name,
            f"--data-dir={installation.data_dir}",
        ],
        env=installation.environment() | {"BAKEOFF_PORT": str(installation.port)},
        check=True,
        capture_output=True,
        text=True,
    )
    link = re.search(r"http://\S+/login\?code=\S+", added.stdout)
    assert link
    browser = page.context.browser
    assert browser
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(WAIT_MS)
    other = context.new_page()
    other.goto(link[0])
    yield other
    context.close()


def test_from_a_draft_to_the_agent_and_back(
    installation: Installation, page: Page, kim: Page, task: dict[str, Any]
) -> None:
    diff = f"{task['url']}/compare?left=base&right=A&path=calc.py&view=split"
    kim.goto(diff)
    page.goto(diff)
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.type("Too big, I think")
    page.get_by_role("button", name="Draft").click()
    thread = page.locator("comment-row .thread")
    expect(thread).to_contain_text("Draft, only you see it")
    other = kim.locator("comment-row .thread")

    # Published: the other person sees it without a reload, below the same line, and answers.
    thread.get_by_role("button", name="Publish").click()
    expect(other).to_contain_text("Too big, I think")
    expect(other).not_to_contain_text("only you see it")
    expect(other).to_contain_text("owner")
    expect(kim.locator("#R41 + comment-row")).to_have_count(1)
    other.get_by_role("textbox", name="Reply").fill("So do I")
    other.get_by_role("button", name="Reply").click()
    expect(thread.locator(".msg")).to_have_count(2)

    # To the agent: a new run, which both can go to.
    thread.get_by_role("button", name="Send to A").click()
    # The agent may be done by now: then the link is among what is outdated, and closed.
    for who in (thread, other):
        expect(who.locator(".sent a")).to_have_text("sent to A, run 2")
    installation.wait_ended(task["id"])

    # Its answer outdates the comment; nothing of it is lost.
    lost = page.locator("file-comments .lost")
    expect(lost).to_contain_text("1 outdated comment")
    expect(page.locator("#R41")).to_have_text("line_40 = 41")
    lost.locator("summary").first.click()
    expect(lost.locator(".excerpt b")).to_have_text("line_40 = 4000\n")

    # The run says what it was told, and leads back.
    lost.get_by_role("link", name="sent to A, run 2").click()
    asked = page.locator(".runasked").last
    expect(asked).to_contain_text("calc.py, line 41")
    expect(asked).to_contain_text("So do I")
    asked.get_by_role("link", name="calc.py:41").click()
    page.wait_for_url(re.compile(r"/comments\?show=outdated#comment-\d+$"))
    expect(page.locator(".thread")).to_contain_text("Too big, I think")
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator(".clist")).to_contain_text("Resolved by you")


def test_a_suggestion_becomes_a_commit_that_the_agent_s_files_have(
    installation: Installation, page: Page, task: dict[str, Any]
) -> None:
    page.goto(f"{task['url']}/compare?left=base&right=B&path=calc.py&view=unified")
    page.keyboard.press("j")
    page.keyboard.press("c")
    form = page.locator(".newform")
    form.get_by_role("button", name="Suggest a change").click()
    form.get_by_label("Suggested lines").fill("line_40 = 42")
    form.get_by_role("button", name="Comment", exact=True).click()
    page.locator("comment-row").get_by_role("button", name="Apply to B").click()
    expect(page.locator("#R41")).to_have_text("line_40 = 42")
    # The commit is seen before the comment says what became of it.
    eventually(lambda: installation.get(f"tasks/{task['id']}/comments")[0]["applied_commit"])
    variant = installation.get(f"variants/{task['variants'][1]['id']}")
    (comment,) = installation.get(f"tasks/{task['id']}/comments")
    assert comment["applied_commit"] == variant["head_commit"]
    assert comment["state"] == "resolved"
    workspace = next(installation.data_dir.glob(f"worktrees/{task['id']}/B"))
    assert "line_40 = 42\n" in (workspace / "calc.py").read_text()
    assert git(workspace, "status", "--porcelain") == "M calc.py"
    eventually(lambda: not page.locator("[data-busy]").count())
