"""How the marks are made: step by step, by whoever asks, kept as far as they are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache

from orchestrator.lib.redis import redis_client
from review.compare import READING_ORDER, file_marks
from review.lib.cache import cache_claim, cache_unclaim
from review.selectors import agreement as steps
from review.selectors.agreement import (
    Agreement,
    agreement_get,
    agreement_key,
    agreement_known,
    agreement_step,
    places_read,
)
from review.selectors.agreement_parts import part_key, part_places, parts_plan, work_read
from review.selectors.consensus import Ground, files_consensus, ground_get
from review.selectors.hunks import pair_key
from review.selectors.remembered import Bench, Few
from tests.support.api import Api
from tests.support.merging import Shop

FILES = 24


@pytest.fixture
def ground(
    redis_empty: None, shop: Shop, pat: User, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Ground]:
    """Four Variants, and nothing known of them; each file is a part of its own."""
    monkeypatch.setattr("review.selectors.agreement_parts.WEIGHT_MAX", 0)
    monkeypatch.setattr(steps, "CLAIM_S", 600)  # who is slow has not died
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
    mine = cache_claim(first, claim_s=60)
    assert mine
    while (step := agreement_step(here, step_s=0)).done < 3:
        pass
    assert (agreement_step(here).letter, step.comparing) == ("A", False)
    cache_unclaim(first, mine)
    agreement_step(here, step_s=0)
    other = part_key(parts_plan(here)[3].key)
    mine = cache_claim(other, claim_s=60)
    assert mine
    step = agreement_step(here, step_s=60)
    assert (step.agreement, step.done) == (None, FILES + 1), "all but the one that is claimed"
    cache_unclaim(other, mine)
    mine = cache_claim(agreement_key(here), claim_s=60)
    assert mine
    assert agreement_step(here, step_s=60).done == FILES + 2
    cache_unclaim(agreement_key(here), mine)
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


# ---- where the cache keeps nothing


@pytest.fixture(params=["unreachable", "full", "too small"])
def no_cache(
    request: pytest.FixtureRequest, redis_empty: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setattr(steps, "_MADE", Few(3))
    if request.param == "unreachable":
        nowhere = RedisCache("unix:///nowhere/redis.sock", {})
        monkeypatch.setattr("review.lib.cache.cache", nowhere)
    if request.param == "too small":
        for module in ("hunks", "agreement_parts", "agreement"):
            monkeypatch.setattr(f"review.selectors.{module}.LIMIT_BYTES", 0)
    if request.param == "full":
        redis_client().config_set("maxmemory", 1)
    yield
    redis_client().config_set("maxmemory", 0)


@pytest.mark.usefixtures("no_cache")
def test_without_a_cache_it_comes_to_an_end(ground: Callable[[], Ground]) -> None:
    here = ground()
    agreement = finished(here)
    assert agreement_known(here) == agreement, "nor does it begin anew"
    assert agreement.marks["src/app.py"].keys() == set("ABC")
    places = places_read(here, agreement, range(len(agreement.kinds)))
    assert [place.path for place in places] == [agreement.paths[at] for at in agreement.places]


@pytest.mark.usefixtures("no_cache")
def test_without_a_cache_one_page_does_it_for_all(
    ground: Callable[[], Ground], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ground()
    began, go_on = threading.Event(), threading.Event()
    works = []

    def work(ground: Ground) -> Any:
        works.append(work_read(ground))
        began.set()
        assert go_on.wait(60)
        return works[-1]

    monkeypatch.setattr(steps, "work_read", work)
    found: list[Agreement] = []
    page = threading.Thread(target=lambda: found.append(finished(here)))
    page.start()
    assert began.wait(60)
    step = agreement_step(here)
    assert (step.agreement, step.done, step.letter) == (None, 0, "A")
    go_on.set()
    page.join()
    assert agreement_step(here).agreement == found[0]
    assert len(works) == 1


def test_places_that_were_lost_are_looked_for_once(
    ground: Callable[[], Ground], monkeypatch: pytest.MonkeyPatch
) -> None:
    agreement = finished(ground())
    looks = counted_calls(monkeypatch, "work_read")
    cache.clear()
    places_read(ground(), agreement, range(len(agreement.kinds)))
    assert len(looks) == 1


def counted_calls(monkeypatch: pytest.MonkeyPatch, name: str) -> list[Any]:
    calls: list[Any] = []
    real = getattr(steps, name)

    def call(*args: Any) -> Any:
        calls.append(args)
        return real(*args)

    monkeypatch.setattr(steps, name, call)
    return calls


def test_a_board_that_nobody_asks_for_any_more_is_forgotten(
    ground: Callable[[], Ground], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench: Bench[Any] = Bench(forget_s=3600)
    monkeypatch.setattr(steps, "_BENCH", bench)
    looks = counted_calls(monkeypatch, "work_read")
    here = ground()
    while not agreement_step(here, step_s=0).comparing:
        pass
    agreement_step(here, step_s=0)
    assert len(looks) == 1, "it is kept from step to step"
    bench.forget_s = 0
    agreement_step(here, step_s=0)
    timer = bench.timer
    if timer is not None:
        timer.join()
    assert bench.kept is None
    agreement_step(here, step_s=0)
    assert len(looks) == 2
    finished(here)
    assert bench.kept is None


def test_only_an_own_claim_is_given_back(redis_empty: None) -> None:
    late = cache_claim("x", claim_s=60)
    assert cache_claim("x", claim_s=60) == 0
    cache.delete("review:x:claim")  # as when its time is over
    mine = cache_claim("x", claim_s=60)
    assert mine
    cache_unclaim("x", late)
    assert cache_claim("x", claim_s=60) == 0
    cache_unclaim("x", mine)
    assert cache_claim("x", claim_s=60)


# ---- programs


@pytest.mark.parametrize("question", ["board", "consensus"])
def test_a_program_is_told_to_ask_again(
    ground: Callable[[], Ground], pat: User, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    here, api = ground(), Api(pat)
    monkeypatch.setattr(steps, "WAIT_S", 0)
    key = pair_key(here.base, here.heads["A"])
    mine = cache_claim(key, claim_s=600)
    told = api.get(f"tasks/{here.task.pk}/{question}", status=503)
    assert told["code"] == "board.pending"
    assert (told["details"]["total"], told["details"]["comparing"]) == (4, False)
    cache_unclaim(key, mine)
    monkeypatch.setattr(steps, "WAIT_S", 600)
    assert api.get(f"tasks/{here.task.pk}/{question}")
