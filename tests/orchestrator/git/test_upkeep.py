"""Packing the hub: smaller and quicker, and not one object less for those who borrow from it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from orchestrator.git import upkeep
from orchestrator.git.hub import commit_resolve, hub_fetch
from orchestrator.git.locks import repository_lock
from orchestrator.git.upkeep import hub_gc
from tests.support.repositories import Desk, plain_git, write


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "LOOSE_MAX", 0)


def loose(repository: Path) -> int:
    return int(plain_git(repository, "count-objects").split()[0])


def test_where_there_is_nothing_to_gain_nothing_is_done(desk: Desk) -> None:
    desk.write("x.py")
    desk.snapped()
    before = loose(desk.hub)
    assert before > 0
    assert hub_gc(hub=desk.hub) is False
    assert loose(desk.hub) == before


def test_what_only_a_yard_needs_is_kept(desk: Desk, eager: None) -> None:
    """No ref of the hub leads to it any more: a branch the origin has rewritten, taken over by an agent."""
    plain_git(desk.origin, "checkout", "-q", "-b", "feature")
    write(desk.origin / "feature.py", "feature\n")
    plain_git(desk.origin, "add", ".")
    plain_git(desk.origin, "commit", "-q", "-m", "Feature")
    borrowed = plain_git(desk.origin, "rev-parse", "HEAD")
    plain_git(desk.origin, "checkout", "-q", "main")
    hub_fetch(hub=desk.hub)
    desk.agent("reset", "-q", "--hard", borrowed)
    assert plain_git(desk.yard, "cat-file", "-t", borrowed) == "commit"
    assert loose(desk.yard) == 0, "the yard has no copy of it"
    plain_git(desk.origin, "branch", "-D", "feature")
    hub_fetch(hub=desk.hub)
    assert borrowed not in plain_git(desk.hub, "rev-list", "--all", "--reflog")
    before = set(all_objects(desk.hub))

    assert hub_gc(hub=desk.hub) is True
    assert loose(desk.hub) == 0
    assert before <= set(all_objects(desk.hub))
    plain_git(desk.workspace, "fsck", "--full")
    assert desk.agent("show", "HEAD:feature.py") == "feature"


def all_objects(repository: Path) -> list[str]:
    form = "--batch-check=%(objectname)"
    return plain_git(
        repository, "cat-file", form, "--batch-all-objects", "--unordered"
    ).splitlines()


def test_agents_and_snapshots_work_while_it_packs(desk: Desk, eager: None) -> None:
    over = threading.Event()
    failures: list[str] = []

    def read() -> None:
        while not over.is_set():
            try:
                desk.agent("log", "-p", "--all")
            except AssertionError as exc:
                failures.append(str(exc))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        taken = None
        for number in range(8):
            desk.write(f"{number}.py", f"{number}\n")
            desk.agent("add", ".")
            desk.agent("commit", "-q", "-m", f"Number {number}")
            taken = desk.snapped(taken)
            assert hub_gc(hub=desk.hub) is True
    finally:
        over.set()
        reader.join()
    assert failures == []
    plain_git(desk.workspace, "fsck", "--full")
    assert taken is not None
    assert commit_resolve(hub=desk.hub, rev=desk.branch) == taken.commit


def test_one_at_a_time_under_the_lock_of_the_repository(desk: Desk, eager: None) -> None:
    packed: list[bool] = []
    packers = [
        threading.Thread(target=lambda: packed.append(hub_gc(hub=desk.hub))) for _ in range(2)
    ]
    desk.write("x.py")
    desk.snapped()
    with repository_lock(desk.hub):
        for packer in packers:
            packer.start()
        packers[0].join(0.3)
        assert packed == []
        assert loose(desk.hub) > 0
    for packer in packers:
        packer.join()
    assert sorted(packed) == [False, True]


def test_what_a_full_disk_left_half_written_goes_once_nobody_can_be_writing_it(desk: Desk) -> None:
    old, young = (
        write(desk.hub / "objects/pack/tmp_pack_old"),
        write(desk.hub / "objects/pack/tmp_pack_young"),
    )
    torn = write(desk.hub / "objects/ab/tmp_obj_old")
    long_ago = time.time() - upkeep._TORN_AFTER_S - 60
    for path in (old, torn):
        os.utime(path, (long_ago, long_ago))
    assert hub_gc(hub=desk.hub) is True
    assert (old.exists(), torn.exists(), young.exists()) == (False, False, True)
    assert hub_gc(hub=desk.hub) is False
