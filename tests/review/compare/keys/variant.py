"""Keys of one variant."""

from __future__ import annotations

from django.utils import timezone

from orchestrator.models import Permission
from orchestrator.states import RunState
from tests.review.compare.keys.comparison import comment, comments, merges
from tests.review.compare.keys.room import Check, Room, run_make
from tests.review.compare.keys.task import TABS


def asked(room: Room) -> Permission:
    variant = room.world.task.variants.get(letter="A")
    variant.runs.all().delete()
    run = run_make(variant, RunState.WAITING)
    permission = Permission.objects.create(
        run=run, request="r1", tool="Bash", title="ls", asked_at=timezone.now(),
        payload={"input": {"command": "ls"}, "category": "execute"},
    )  # fmt: skip
    room.open()
    return permission


def allows(room: Room) -> None:
    permission = asked(room)
    with room.page.expect_response("**/permissions/**"):
        room.press("y")
    permission.refresh_from_db()
    assert permission.state == "allowed"


def denies(room: Room) -> None:
    permission = asked(room)
    room.press("n")
    room.focused(f"#ask-{permission.pk}-why")
    with room.page.expect_response("**/permissions/**"):
        room.press("Enter")
    permission.refresh_from_db()
    assert permission.state == "denied"


def writes(room: Room) -> None:
    room.press("m")
    room.focused("#message")


def sends(room: Room) -> None:
    writes(room)
    room.page.keyboard.type("Go on.")
    with room.page.expect_response("**/message*") as answer:
        room.press("Control+Enter")
    assert answer.value.ok


VARIANT: dict[str, Check] = {
    **TABS,
    "M": merges("M"),
    "y": allows,
    "n": denies,
    "m": writes,
    "c": comment,
    "C": comments,
    "Ctrl Enter": sends,
}
