"""How the marks are made: step by step, by whoever asks, kept as far as they are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache

from review.compare import READING_ORDER, file_marks
from review.lib.cache import cache_claim, cache_unclaim
from review.selectors import agreement as steps
from review.selectors.agreement import (
    Agreement,
    agreement_get,
    agreement_key,
    agreement_step,
    places_read,
)
from review.selectors.agreement_parts import part_key, part_places, parts_plan
from review.selectors.consensus import Ground, files_consensus, ground_get
from review.selectors.hunks import pair_key
from tests.support.merging import Shop

FILES = 24


@pytest.fixture
def ground(
    redis_empty: None, shop: Shop, pat: User, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Ground]:
    """Four Variants, and nothing known of them; each file is a part of its own."""
    monkeypatch.setattr("review.selectors.agreement_parts.WEIGHT_MAX", 0)
    for letter in "ABC":
        files = {f"src/f{n:02}.txt": f"{n}\n{letter if n % 3 else 'all'}\n" for n in range(FILES)}
        shop.variant({**files, "src/app.py": f"one\n{letter}\nthree\n"})
    shop.variant({"README.md": None})
    return lambda: ground_get(user=pat, task_id=shop.task.pk)


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[Any]:
    """What the steps make, as they make it."""
    made: list[Any] = []
    real = getattr(steps, name)

    def make(*args: Any, **kwargs: Any) -> Any:
        made.append(kwargs.get("right") or args[-1].key)
        return real(*args, **kwargs)

    monkeypatch.setattr(steps, name, make)
    return made


def finished(ground: Ground) -> Agreement:
    for _ in range(200):
        found = agreement_step(ground, step_s=0).agreement
        if found is not None:
            return found
    raise AssertionError("the marks are never there")


def test_it_says_how_far_it_is(ground: Callable[[], Ground]) -> None:
    seen = []
    while (step := agreement_step(ground(), step_s=0)).agreement is None:
        seen.append((step.comparing, step.done, step.total, step.letter))
        assert len(seen) < 100
    read = [entry for entry in seen if not entry[0]]
    compared = [entry for entry in seen if entry[0]]
    assert read == [(False, 2, 4, "C")], "two at a time, the next one named"
    assert [done for _, done, _, _ in compared] == list(range(FILES + 3)), (
        "first how the files are parted"
    )
    assert {total for _, _, total, _ in compared} == {FILES + 2}
    assert (step.done, step.total) == (4, 4)


def test_what_comes_of_the_steps_is_what_the_files_say(ground: Callable[[], Ground]) -> None:
    agreement = finished(ground())
    files = list(files_consensus(ground()))
    assert agreement.marks == {file.path: file_marks(file.groups, file.files) for file in files}, (
        "nothing was renamed, so each has the base's name"
    )
    expected = sorted(
        (
            (READING_ORDER.index(group.kind), file.path, group)
            for file in files
            for group in file.groups
        ),
        key=lambda entry: entry[:2],
    )
    places = places_read(ground(), agreement, range(len(agreement.kinds)))
    assert [(place.path, place.group) for place in places] == [entry[1:] for entry in expected]
    assert [agreement.paths[at] for at in agreement.places] == [place.path for place in places]
    for letter in ("", *"ABCD"):
        for kind in READING_ORDER:
            assert agreement.count(kind, letter) == sum(
                place.group.kind is kind and (not letter or letter in place.group.spans)
                for place in places
            )
    cache.clear()
    assert agreement_get(ground()) == agreement, "in one go it is the same"


def test_what_is_made_is_kept_whoever_dies(
    ground: Callable[[], Ground], monkeypatch: pytest.MonkeyPatch
) -> None:
    read, compared = counted(monkeypatch, "pair_hunks"), counted(monkeypatch, "part_make")
    real = vars(steps)["part_make"]  # which counts

    def die(*args: Any) -> Any:
        if len(compared) == 5:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(steps, "part_make", die)
    with pytest.raises(KeyboardInterrupt):
        asked_on(ground())
    monkeypatch.setattr(steps, "part_make", real)
    finished(ground())
    assert len(read) == len(set(read)) == 4
    assert len(compared) == len(set(compared)) == FILES + 2


def test_pages_that_ask_at_once_share_the_work(
    ground: Callable[[], Ground], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ground()
    read, compared = counted(monkeypatch, "pair_hunks"), counted(monkeypatch, "part_make")
    together = threading.Barrier(3)
    found: list[Agreement] = []

    def page() -> None:
        together.wait()
        found.append(asked_on(here))

    pages = [threading.Thread(target=page) for _ in range(3)]
    for thread in pages:
        thread.start()
    for thread in pages:
        thread.join()
    assert len(found) == 3
    assert found[0] == found[1] == found[2]
    assert len(compared) == len(set(compared)) == FILES + 2
    assert set(read) == set(here.heads.values())


def asked_on(ground: Ground) -> Agreement:
    """As a page does: ask again, also while it is another page's turn."""
    while (found := agreement_step(ground, step_s=0).agreement) is None:
        pass
    return found


def test_what_another_page_has_claimed_is_left_to_it(
    ground: Callable[[], Ground], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ground()
    first = pair_key(here.base, here.heads["A"])
    assert cache_claim(first, claim_s=60)
    while (step := agreement_step(here, step_s=0)).done < 3:
        pass
    assert (agreement_step(here).letter, step.comparing) == ("A", False)
    cache_unclaim(first)
    agreement_step(here, step_s=0)
    other = part_key(parts_plan(here)[3].key)
    assert cache_claim(other, claim_s=60)
    step = agreement_step(here, step_s=60)
    assert (step.agreement, step.done) == (None, FILES + 1), "all but the one that is claimed"
    cache_unclaim(other)
    assert cache_claim(agreement_key(here), claim_s=60)
    assert agreement_step(here, step_s=60).done == FILES + 2
    cache_unclaim(agreement_key(here))
    assert agreement_step(here).agreement is not None
    for key in (first, other, agreement_key(here)):
        assert cache_claim(key, claim_s=60), "who is done leaves no claim"


def test_only_what_changed_is_compared_again(
    ground: Callable[[], Ground], shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(ground())
    compared = counted(monkeypatch, "part_make")
    changed = shop.variant({"src/f07.txt": "another\n"})
    shop.task.variants.filter(letter="D").update(head_commit=changed.head_commit)
    changed.delete()
    before = set(parts_plan(ground()))
    finished(ground())
    assert len(compared) == 1, "f07 anew; README.md, which D deleted before, is nobody's now"
    assert {plan.places for plan in before if plan.key in compared} == {("src/f07.txt",)}


def test_places_that_the_cache_has_lost_are_made_again(
    ground: Callable[[], Ground], monkeypatch: pytest.MonkeyPatch
) -> None:
    agreement = finished(ground())
    before = places_read(ground(), agreement, [0, 1])
    walks = []
    real = part_places

    def walk(*args: Any) -> Any:
        walks.append(args)
        return real(*args)

    monkeypatch.setattr(steps, "part_places", walk)
    cache.delete(f"review:{part_key(agreement.stretches[0].key, 0)}")
    assert places_read(ground(), agreement, [0, 1]) == before
    assert places_read(ground(), agreement, [1, 0]) == before[::-1]
    assert len(walks) == 1
