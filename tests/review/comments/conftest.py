"""A task whose two variants changed one file, and people who read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User

from orchestrator.models import Snapshot, Variant
from review.models import Comment
from review.selectors.comments import Thread, thread_rows
from review.services.comments import Target, comment_create
from tests.support.api import Api
from tests.support.merging import Shop, commit
from tests.support.repositories import plain_git

AREA = "import math\n\n\ndef area(side):\n    return side * side\n\n\ndef ring(r):\n    return 2 * math.pi * r\n"
A_AREA = AREA.replace("side * side", "side**2")


@dataclass
class Room:
    shop: Shop
    a: Variant
    b: Variant
    pat: User
    kim: User

    def newer(
        self, variant: Variant, files: Mapping[str, str | None], *, onto: str = "", move: str = ""
    ) -> str:
        """A newer snapshot of the variant: on its last one, or (rebased) on another commit."""
        variant.refresh_from_db()
        copy = self.shop.copy
        plain_git(copy, "fetch", "-q", str(self.shop.hub), variant.head_commit)
        plain_git(copy, "checkout", "-q", "-B", variant.letter, onto or "FETCH_HEAD")
        if move:
            plain_git(copy, "mv", *move.split(" "))
        head = commit(copy, files, f"More of {variant.letter}")
        plain_git(
            copy, "push", "-q", "-f", str(self.shop.hub), f"{head}:refs/heads/{variant.branch}"
        )
        Snapshot.objects.create(
            variant=variant,
            run=variant.runs.latest("number"),
            commit=head,
            tree="0" * 40,
            parent="0" * 40,
        )
        Variant.objects.filter(pk=variant.pk).update(head_commit=head)
        variant.head_commit = head
        return head

    def say(
        self,
        body: str = "Why?",
        *,
        start: int = 5,
        end: int = 0,
        on: str = "A",
        path: str = "area.py",
        user: User | None = None,
        draft: bool = False,
        suggestion: str | None = None,
    ) -> Comment:
        return comment_create(
            user=user or self.pat,
            task=self.shop.task,
            target=Target(about="lines", on=on, path=path, start=start, end=end),
            body=body,
            suggestion=suggestion,
            draft=draft,
        )

    def thread(self, comment: Comment, user: User | None = None) -> Thread:
        found = thread_rows(user or self.pat, self.shop.task)
        return next(thread for thread in found if thread.id == comment.pk)

    def ids(self, user: User) -> list[int]:
        threads = thread_rows(user, self.shop.task)
        return sorted(remark.id for thread in threads for remark in thread.remarks)


@pytest.fixture
def room(shop: Shop, pat: User) -> Room:
    a = shop.variant({"area.py": A_AREA, "notes.md": "# A\n"})
    b = shop.variant({"area.py": AREA})
    return Room(shop, a, b, pat, User.objects.create_user("kim", email="kim@example.org"))


@pytest.fixture
def api(room: Room) -> Api:
    return Api(room.pat)


@pytest.fixture
def other_api(room: Room) -> Api:
    return Api(room.kim)
