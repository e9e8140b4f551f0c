"""Suggested lines written into a variant, its workspace and its head in step."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from orchestrator.lib.errors import Conflict, Invalid
from orchestrator.models import Run, Variant
from orchestrator.services.environments import environment_ensure
from orchestrator.services.snapshots import snapshot_take
from orchestrator.states import RunState
from review.models import Comment
from review.services.comment_applying import suggestion_apply
from review.services.comments import reply_create
from tests.review.comments.conftest import AREA, Room
from tests.support.repositories import plain_git, write

BETTER = "    return abs(side) * abs(side)"


@pytest.fixture
def desk(room: Room) -> Path:
    """The workspace of a third variant, which has written a file and committed half of it."""
    variant = room.shop.variant(None)
    path = Path(environment_ensure(variant).path)
    write(path / "area.py", AREA)
    plain_git(path, "add", "area.py")
    plain_git(path, "-c", "user.name=c", "-c", "user.email=c@c", "commit", "-qm", "Area")
    write(path / "later.txt", "not committed\n")
    (path / "area.py").chmod(0o755)
    snapshot_take(variant.runs.get(), journal_n=0)
    return path


def third(room: Room) -> Variant:
    return room.shop.task.variants.get(letter="C")


def suggest(room: Room, text: str = BETTER) -> Comment:
    return room.say("Better", on="C", suggestion=text)


def test_it_becomes_a_commit_and_the_workspace_has_it(room: Room, desk: Path) -> None:
    made = suggest(room)
    index = desk / ".git"
    admin = Path(index.read_text().removeprefix("gitdir: ").strip())
    before = (admin / "index").read_bytes()
    write(desk / "unsnapshotted.txt", "of the last second\n")
    commit = suggestion_apply(user=room.kim, comment=made)
    variant = third(room)
    assert variant.head_commit == commit
    wanted = AREA.replace("    return side * side", BETTER)
    hub = room.shop.hub
    assert (desk / "area.py").read_text() == wanted
    assert (desk / "area.py").stat().st_mode & 0o777 == 0o755
    assert plain_git(hub, "show", f"{commit}:area.py") + "\n" == wanted
    assert plain_git(hub, "show", f"{commit}:later.txt") == "not committed"
    assert "Apply the change suggested for area.py:5" in plain_git(
        hub, "log", "-1", "--format=%B", commit
    )
    earlier = list(variant.snapshots.order_by("-id"))[1]
    held = plain_git(hub, "show", f"{earlier.commit}:unsnapshotted.txt")
    assert held == "of the last second", "what was there before is in a snapshot of its own"
    assert (admin / "index").read_bytes() == before
    assert snapshot_take(variant.runs.get(), journal_n=0) is None, "head and workspace are in step"
    assert not list(desk.glob(".*bakeoff-new"))
    thread = room.thread(made)
    assert (thread.applied_commit, thread.resolved, thread.resolved_by) == (commit, True, room.kim)
    with pytest.raises(Conflict, match="applied already"):
        suggestion_apply(user=room.kim, comment=made)


def test_it_lands_where_the_lines_are_now(room: Room, desk: Path) -> None:
    made = suggest(room, "")
    write(desk / "area.py", "# one\n# two\n" + AREA)
    suggestion_apply(user=room.pat, comment=made)
    assert (desk / "area.py").read_text() == "# one\n# two\n" + AREA.replace(
        "    return side * side\n", ""
    )


def test_each_suggestion_of_a_thread_is_applied_once_where_the_lines_are(
    room: Room, desk: Path
) -> None:
    first = suggest(room, "    return side * side\n    # squared")
    second = reply_create(user=room.kim, thread=first, body="Or so", suggestion=BETTER)
    pressed_meanwhile = Comment.objects.get(pk=first.pk)
    one = suggestion_apply(user=room.pat, comment=first)
    with pytest.raises(Conflict, match="applied already"):
        suggestion_apply(user=room.pat, comment=pressed_meanwhile)
    page = Client(headers={"host": "localhost:8000"})
    page.force_login(room.pat)
    shown = page.get(f"/tasks/{room.shop.task.pk}/comments?show=all").content.decode()
    assert f"/comments/{first.pk}/apply" not in shown
    assert f"/comments/{second.pk}/apply" in shown
    two = suggestion_apply(user=room.kim, comment=second)
    assert (desk / "area.py").read_text() == AREA.replace(
        "    return side * side\n", f"{BETTER}\n    # squared\n"
    )
    remarks = room.thread(first).remarks
    assert [remark.applied_commit for remark in remarks] == [one, two]
    assert room.thread(first).applied_commit == two


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.WAITING])
def test_not_while_the_agent_is_at_work(room: Room, desk: Path, state: str) -> None:
    made = suggest(room)
    Run.objects.filter(variant=third(room)).update(state=state)
    with pytest.raises(Conflict, match="at work"):
        suggestion_apply(user=room.pat, comment=made)
    assert (desk / "area.py").read_text() == AREA


def test_not_where_the_lines_are_others_now(room: Room, desk: Path) -> None:
    made = suggest(room)
    changed = AREA.replace("side * side", "side ** 2")
    write(desk / "area.py", changed)
    with pytest.raises(Conflict, match="not there any more"):
        suggestion_apply(user=room.pat, comment=made)
    assert (desk / "area.py").read_text() == changed
    held = plain_git(room.shop.hub, "show", f"{third(room).head_commit}:area.py")
    assert held + "\n" == changed, "what the workspace had is snapshotted all the same"


def test_never_through_a_link(room: Room, desk: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside.py", AREA)
    made = suggest(room)
    (desk / "area.py").unlink()
    (desk / "area.py").symlink_to(outside)
    with pytest.raises(Conflict):
        suggestion_apply(user=room.pat, comment=made)
    assert outside.read_text() == AREA


def test_not_without_a_workspace_or_a_suggestion(room: Room) -> None:
    with pytest.raises(Conflict, match="no workspace"):
        suggestion_apply(user=room.pat, comment=room.say(suggestion="x"))
    with pytest.raises(Invalid):
        suggestion_apply(user=room.pat, comment=room.say())
    with pytest.raises(Conflict):
        suggestion_apply(user=room.pat, comment=room.say(suggestion="x", draft=True))
    with pytest.raises(Invalid):
        room.say(on="base", path="src/app.py", start=1, suggestion="x")
