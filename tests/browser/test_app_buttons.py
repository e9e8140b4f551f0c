"""The buttons of a variant's app, and what a person sees when an action fails."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.installation import Installation, shop_make
from tests.support.routes import next_held

pytestmark = [pytest.mark.system, pytest.mark.browser]


@pytest.fixture(scope="module")
def variant_url(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> str:
    project = installation.project(
        shop_make(tmp_path_factory.mktemp("app") / "shop"), "app-buttons"
    )
    task = installation.task(project, "[[write hello.txt|hello world]] [[final Done]]", "demo")
    installation.wait_ended(task["id"])
    return f"{installation.url}/tasks/{task['id']}/variants/A"


def test_the_app_is_stopped_started_and_restarted(page: Page, variant_url: str) -> None:
    page.goto(variant_url)
    bar = page.locator("#preview")
    link = bar.get_by_role("link", name=re.compile(r"127\.0\.0\.1:\d+"))
    expect(link).to_be_visible()
    bar.get_by_role("button", name="Stop").click()
    expect(bar).to_contain_text("Stopped")
    bar.get_by_role("button", name="Start").click()
    expect(link).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method == "POST") as restarted:
        bar.get_by_role("button", name="Restart").click()
    assert restarted.value.status == 204
    expect(link).to_be_visible()


@pytest.mark.parametrize("stays", [True, False], ids=["stays", "replaced meanwhile"])
@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (405, "", "the server answered 405"),
        (409, '<div class="notice error"><p>Not &lt;b&gt;now.</p></div>', "Not <b>now."),
        (500, '<main><p class="stands">This is a fault.</p></main>', "This is a fault."),
        (0, "", "the server does not answer"),
    ],
)
def test_an_action_that_fails_says_so(
    context: BrowserContext, variant_url: str, stays: bool, status: int, body: str, said: str
) -> None:
    """Also if what was pressed is replaced while one waits, as when the app becomes ready just then."""
    page = context.new_page()
    asked = next_held(page, "**/variants/A/preview")
    page.goto(variant_url)
    page.locator("#preview-stop, #preview-start").first.click()
    held = asked()
    if not stays:
        page.locator("#preview form").evaluate("it => it.replaceWith(it.cloneNode(true))")
    if status:
        held.fulfill(status=status, body=body)
    else:
        held.abort()
    expect(page.locator("#flash").get_by_role("alert")).to_contain_text(said)
    page.locator("#flash").get_by_role("button", name="Dismiss").click()
    expect(page.locator("#flash").get_by_role("alert")).to_have_count(0)
    page.close()
