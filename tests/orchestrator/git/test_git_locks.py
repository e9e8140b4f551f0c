"""Locks, and what a kill leaves behind: every operation must find its way from there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.git.errors import GitBusyError
from orchestrator.git.hub import commit_resolve, hub_branches, hub_create
from orchestrator.git.locks import clear_stale_lock, network_end, network_of, repository_lock
from orchestrator.git.run import git
from orchestrator.git.snapshots import snapshot_take
from orchestrator.git.yard import worktree_add
from tests.support.repositories import Desk, plain_git, write

KILLS = 12


def test_a_stale_ref_lock_of_a_dead_git_is_cleared(desk: Desk) -> None:
    lock = write(desk.hub / "refs/heads/bakeoff/1/A.lock", "")
    desk.write("x.py")
    taken = desk.snapped()
    assert not lock.exists()
    assert commit_resolve(hub=desk.hub, rev=desk.branch) == taken.commit


def fetch_of_a_killed_worker(desk: Desk) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["git", "-c", "read end"],
        executable="/bin/sh",
        stdin=subprocess.PIPE,
        env={"BAKEOFF_GIT_WRITER": str(network_of(desk.hub)), "PATH": os.environ["PATH"]},
    )


def test_the_lock_file_of_a_living_fetch_is_left_alone(desk: Desk) -> None:
    """A git that outlived its worker is still at work: its lock is not torn from it."""
    with fetch_of_a_killed_worker(desk) as orphan:
        lock = write(desk.hub / "refs/heads/x.lock", "")
        clear_stale_lock(lock, git_dir=desk.hub)
        assert lock.exists()
        orphan.kill()
    clear_stale_lock(lock, git_dir=desk.hub)
    assert not lock.exists()


def test_a_fetch_that_came_after_the_lock_file_did_not_make_it(desk: Desk) -> None:
    lock = write(desk.hub / "refs/heads/x.lock", "")
    os.utime(lock, (time.time() - 3600, time.time() - 3600))
    with fetch_of_a_killed_worker(desk) as later:
        clear_stale_lock(lock, git_dir=desk.hub)
        assert not lock.exists()
        later.kill()


def test_a_fetch_whose_work_is_done_again_is_ended(desk: Desk) -> None:
    with fetch_of_a_killed_worker(desk) as orphan:
        network_end(desk.hub)
        assert orphan.wait(60) == -signal.SIGKILL


def test_git_holds_the_lock_it_was_started_under(desk: Desk, tmp_path: Path) -> None:
    """Its worker may be killed: whoever comes next waits until git is done too."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    flock = ["flock", "--nonblock", f"{desk.index}.flock", "true"]

    def hang() -> None:
        with repository_lock(desk.index):
            git("-c", f"alias.hang=!cat {pipe}", "hang")

    def is_free() -> bool:
        return subprocess.run(flock, check=False).returncode == 0

    child = os.fork()
    if child == 0:
        try:
            hang()
        finally:
            os._exit(0)
    end = os.open(pipe, os.O_WRONLY)  # opens when git has
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert not is_free()
    os.close(end)
    deadline = time.monotonic() + 60
    while not is_free():
        assert time.monotonic() < deadline


def test_the_lock_is_between_processes_and_reentrant_in_a_thread(desk: Desk) -> None:
    flock = ["flock", "--nonblock", f"{desk.hub}.flock", "true"]
    with repository_lock(desk.hub), repository_lock(desk.hub):
        assert subprocess.run(flock, check=False).returncode == 1
    assert subprocess.run(flock, check=False).returncode == 0
    with subprocess.Popen(
        ["flock", f"{desk.hub}.flock", "sh", "-c", "echo held; read end"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(GitBusyError), repository_lock(desk.hub, timeout_s=0.05):
            pass


def killed(work: Callable[[], object], *, after_s: float) -> None:
    """Do the work in a child, and kill the child some time after it began."""
    begin, began = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(began, b"!")
            work()
        finally:
            os._exit(0)
    os.read(begin, 1)
    os.close(begin)
    os.close(began)
    time.sleep(after_s)  # when it is hit is left to chance: that is the point
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_killed_in_the_middle_of_a_snapshot(desk: Desk) -> None:
    def snapshots() -> None:
        last = None
        for number in range(1000):
            for name in ("app.py", f"new{number % 7}.py"):
                desk.write(name, str(number) * number)
            last = desk.snap(last) or last

    chance = random.Random(7)
    for _ in range(KILLS):
        killed(snapshots, after_s=chance.uniform(0.001, 0.2))
        desk.write("app.py", f"{chance.random()}\n")
        taken = desk.snapped()
        stored = plain_git(desk.hub, "cat-file", "blob", f"{taken.commit}:app.py")
        assert stored == (desk.workspace / "app.py").read_text().strip()
        assert commit_resolve(hub=desk.hub, rev=desk.branch) == taken.commit
    plain_git(desk.hub, "fsck", "--strict", "--no-dangling")


def test_killed_while_a_hub_is_made(origin: Path, tmp_path: Path) -> None:
    chance = random.Random(7)
    for number in range(KILLS):
        hub = tmp_path / f"{number}.git"

        def create(hub: Path = hub) -> None:
            hub_create(hub=hub, source=str(origin))

        killed(create, after_s=chance.uniform(0.001, 0.06))
        create()
        assert [branch.name for branch in hub_branches(hub)] == ["main"]
        plain_git(hub, "fsck", "--strict")


def test_killed_while_a_worktree_is_made(origin: Path, tmp_path: Path) -> None:
    for number in range(300):
        write(origin / f"many/{number % 10}/{number}.txt", f"{number}\n" * 50)
    plain_git(origin, "add", ".")
    plain_git(origin, "commit", "-q", "-m", "Many")
    desk = Desk(tmp_path / "data", origin).make()
    chance = random.Random(7)
    for number in range(KILLS):
        path, index = desk.root / f"worktrees/1/{number}", desk.root / f"index/{number}"

        def add(path: Path = path, index: Path = index) -> None:
            worktree_add(
                hub=desk.hub,
                yard=desk.yard,
                path=path,
                base=desk.base,
                branch=f"bakeoff/1/{path.name}",
                index=index,
            )

        killed(add, after_s=chance.uniform(0.001, 0.06))
        add()
        assert plain_git(path, "status", "--porcelain=v2", "--branch").splitlines() == [
            f"# branch.oid {desk.base}",
            f"# branch.head bakeoff/1/{number}",
        ]
        taken = snapshot_take(
            hub=desk.hub,
            yard=desk.yard,
            worktree=path,
            index=index,
            base=desk.base,
            message="m",
        )
        assert taken is None
