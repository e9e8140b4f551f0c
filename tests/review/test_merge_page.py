"""The merge page: it works without JavaScript, its parts are swapped by htmx, and hostile names are text."""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from orchestrator.git import merges as git_merges
from orchestrator.git.errors import OriginUnreachableError
from orchestrator.models import Spec, Task
from orchestrator.states import Resolution, RunState
from review.models import Merge
from review.models.merge import MergeState
from tests.support.merging import Shop
from tests.support.pages import tree

NEW_FILE = {"src/new.py": "print('new')\n"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(pat: User) -> Client:
    client = Client(headers={"Host": urlsplit(settings.BAKEOFF_PUBLIC_URL).netloc})
    client.force_login(pat)
    return client


def text(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def address(shop: Shop, letter: str = "A") -> str:
    return f"/tasks/{shop.task.pk}/merge/{letter}"


def test_the_page_says_what_would_happen_and_the_form_does_it(shop: Shop, client: Client) -> None:
    shop.variant(NEW_FILE)
    shop.variant({"other.txt": "b\n"}, state=RunState.RUNNING)
    page = client.get(address(shop))
    assert page.status_code == 200
    shown = text(page)
    assert "Merge A into main" in shown
    assert "Merges cleanly into" in shown
    assert f"bare repository {shop.origin}" in shown
    assert "B is not done and goes on" in shown
    assert f'name="expected_target" value="{shop.tip()}"' in shown

    form = {
        "strategy": "squash",
        "message": "Shop: new file",
        "why": "Short & <good>.",
        "expected_target": shop.tip(),
    }
    done = client.post(address(shop), form, follow=True)
    assert done.redirect_chain == [(address(shop), 302)]
    shown = text(done)
    assert "A is merged into main" in shown
    assert "by you" in shown
    assert shop.tip()[:7] in shown
    assert "Short & <good>." in shown
    assert b"Short &amp; &lt;good&gt;." in done.content
    # Asked of the other variant, the same page tells what was merged.
    assert "A is merged into main" in text(client.get(address(shop, "B")))


def test_a_conflict_names_the_files_and_offers_no_merge(shop: Shop, client: Client) -> None:
    name = 'a"<b>\u202e.txt'
    shop.variant({name: "mine\n", "src/app.py": "1\n"})
    shop.advance({name: "theirs\n", "src/app.py": "2\n"})
    page = client.get(address(shop))
    assert "in 2 files" in text(page)
    assert "src/app.py" in text(page)
    assert b"<b>\xe2\x80\xae" not in page.content
    assert b"a&quot;&lt;b&gt;" in page.content
    assert 'type="submit" disabled' in text(page)

    # Sent all the same, from a page that was opened earlier:
    sent = client.post(address(shop), {"strategy": "merge", "message": "My words", "why": "w"})
    assert sent.status_code == 409
    assert "Nothing was changed." in text(sent)
    assert "My words" in text(sent)
    assert Task.objects.get().resolution == Resolution.OPEN


def test_what_was_typed_is_kept_when_the_target_has_moved(shop: Shop, client: Client) -> None:
    shop.variant(NEW_FILE)
    seen = shop.tip()
    moved = shop.advance({"README.md": "# Newer\n"})
    form = {"strategy": "squash", "message": "</textarea><script>", "expected_target": seen}
    page = client.post(address(shop), form)
    assert page.status_code == 409
    assert f"has moved to {moved[:7]}" in text(page)
    assert f'name="expected_target" value="{moved}"' in text(page)
    assert b"</textarea><script>" not in page.content
    assert b"&lt;/textarea&gt;&lt;script&gt;" in page.content
    assert b'value="squash" checked' in page.content


def test_htmx_gets_the_dialog_alone_and_refusals_inside_it(shop: Shop, client: Client) -> None:
    shop.variant(NEW_FILE)
    dialog = client.get(address(shop), headers=HTMX)
    assert b"<html" not in dialog.content
    assert b'id="merge"' in dialog.content
    refused = client.post(address(shop), {"strategy": "merge", "message": "m\0"}, headers=HTMX)
    assert refused.status_code == 200
    assert "cannot be stored" in text(refused)
    merged = client.post(address(shop), {"strategy": "merge", "message": "m"}, headers=HTMX)
    assert merged.status_code == 200
    assert "A is merged into main" in text(merged)


def test_the_forecast_is_a_part_of_its_own(shop: Shop, client: Client) -> None:
    shop.variant(NEW_FILE)
    part = client.get(f"{address(shop)}/forecast?ask=1", headers=HTMX)
    assert "Merges cleanly" in text(part)
    assert b'hx-swap-oob="true"' in part.content
    assert b"<html" not in part.content


def test_the_forecast_counts_what_changes_in_the_target(shop: Shop, client: Client) -> None:
    """Half of what the variant did is there already."""
    shop.variant({"src/new.py": "new\n", "src/also.py": "also\n"})
    shop.advance({"src/also.py": "also\n"})
    part = tree(client.get(f"{address(shop)}/forecast?ask=1", headers=HTMX)).text
    assert "Merges cleanly" in part
    assert "1 file, + 1" in part.replace("+1", "+ 1")


def test_the_task_says_where_it_was_merged_to(shop: Shop, client: Client) -> None:
    Spec.objects.update(
        base_branch=shop.task.spec.base_commit
    )  # a commit: merges go to the default
    shop.variant(NEW_FILE)
    client.post(address(shop), {"strategy": "merge", "message": "m"})
    assert "A is merged into main" in tree(client.get(shop.task.get_absolute_url())).text


def test_a_variant_that_cannot_be_merged_says_why(shop: Shop, client: Client) -> None:
    shop.variant(NEW_FILE, state=RunState.RUNNING)
    shop.variant()
    assert "A is still at work" in text(client.get(address(shop, "A")))
    assert "B has changed no file" in text(client.get(address(shop, "B")))
    sent = client.post(address(shop, "A"), {"strategy": "merge", "message": "m"})
    assert sent.status_code == 409


@pytest.mark.parametrize("resolution", [Resolution.MERGING, Resolution.CLOSED])
def test_a_task_that_takes_no_merge_says_so(shop: Shop, client: Client, resolution: str) -> None:
    shop.variant(NEW_FILE)
    Task.objects.update(resolution=resolution)
    shown = text(client.get(address(shop)))
    assert "<form" not in shown.partition("<main")[2].partition("</main")[0]
    sent = client.post(address(shop), {"strategy": "merge", "message": "m"})
    assert sent.status_code == 409


def test_nobody_opens_a_task_while_it_is_being_merged(
    shop: Shop, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take away the lock that makes two merges one."""
    shop.variant(NEW_FILE)
    shop.variant({"other.txt": "b\n"})
    working = shop.variant(state=RunState.RUNNING)
    task, real = f"/tasks/{shop.task.pk}", git_merges.push
    seen: list[str] = []

    def meanwhile(**kwargs: Any) -> git_merges.PushResult:
        seen.append(text(client.get(task, headers=HTMX)))
        client.post(f"{task}/close", {"to": "open"})
        client.post(f"{task}/close")
        return real(**kwargs)

    monkeypatch.setattr(git_merges, "push", meanwhile)
    client.post(address(shop), {"strategy": "merge", "message": "m"})
    assert "A merge is under way" in seen[0]
    assert "Open again" not in seen[0]
    shop.task.refresh_from_db()
    assert (shop.task.resolution, shop.merges_count()) == (Resolution.MERGED, 1)
    assert client.post(address(shop, "B"), {"strategy": "merge", "message": "m"}).status_code == 409
    assert working.runs.get().stop_requested_at is None  # what cannot be closed is not stopped


def test_a_closed_task_is_opened_again(shop: Shop, client: Client) -> None:
    run = shop.variant(state=RunState.RUNNING).runs.get()
    for to, resolution in (("closed", Resolution.CLOSED), ("open", Resolution.OPEN)):
        client.post(f"/tasks/{shop.task.pk}/close", {"to": to})
        shop.task.refresh_from_db()
        assert shop.task.resolution == resolution
    run.refresh_from_db()
    assert run.stop_requested_at is not None


def test_a_push_without_an_answer_is_told_on_the_page(
    shop: Shop, client: Client, pat: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(**_: Any) -> None:
        raise OriginUnreachableError("project.unreachable", "The <origin> cannot be reached.")

    shop.variant(NEW_FILE)
    monkeypatch.setattr(git_merges, "push", cut_off)
    sent = client.post(address(shop), {"strategy": "merge", "message": "m"}, follow=True)
    assert "So far without an answer: The <origin> cannot be reached." in text(sent)


def test_earlier_tries_are_told(shop: Shop, client: Client, pat: User) -> None:
    variant = shop.variant(NEW_FILE)
    shop.origin.rename(shop.origin.with_name("away"))
    client.post(address(shop), {"strategy": "merge", "message": "m"})
    shop.origin.with_name("away").rename(shop.origin)
    assert Merge.objects.get().state == MergeState.REFUSED
    assert "Tried before" in text(client.get(address(shop, variant.letter)))


@pytest.mark.parametrize("letter", ["Z", "a", "AA", "1"])
def test_other_letters_are_not_found(shop: Shop, client: Client, letter: str) -> None:
    shop.variant(NEW_FILE)
    assert client.get(address(shop, letter)).status_code == 404


def test_strangers_are_sent_to_the_login(shop: Shop, client: Client) -> None:
    shop.variant(NEW_FILE)
    client.logout()
    for response in (client.get(address(shop)), client.post(address(shop), {})):
        assert response.status_code == 302
        assert "login" in response.headers["Location"]
    assert not Merge.objects.exists()
