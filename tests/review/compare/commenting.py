"""A comparison that is commented on, and what stands there of its comments."""

from __future__ import annotations

from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page

from review.models import Comment
from review.services.comments import Target, comment_create
from tests.review.compare.conftest import World

NEW = "    return side * side * 20"  # line 82 of app/area.py in A


def area(world: World, extra: str = "") -> str:
    return world.url(f"compare?left=base&right=A&path=app/area.py&view=split{extra}")


def say(
    world: World, body: str, *, line: int = 82, user: User | None = None, on: str = "A"
) -> Comment:
    return comment_create(
        user=user or world.user,
        task=world.task,
        target=Target(about="lines", on=on, against="base", path="app/area.py", start=line),
        body=body,
    )


def form(page: Page) -> Locator:
    return page.locator(".newform")


def threads(page: Page) -> Locator:
    return page.locator("comment-row > .thread[data-thread]")


def drag(page: Page, first: str, last: str) -> None:
    """From the plus of a line to another line."""
    page.locator(first).hover()
    plus = page.get_by_role("button", name="Comment on this line").bounding_box()
    end = page.locator(last).bounding_box()
    assert plus
    assert end
    page.mouse.move(plus["x"] + 4, plus["y"] + 4)
    page.mouse.down()
    page.mouse.move(end["x"] + 90, end["y"] + 4, steps=4)
    page.mouse.up()
