from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.git.errors import InvalidRefError
from orchestrator.git.yard import worktree_add, worktree_head, worktree_remove, yard_create
from tests.support.repositories import Desk, plain_git, write


def test_the_worktree_is_one_that_git_knows(desk: Desk) -> None:
    assert desk.agent("rev-parse", "HEAD") == desk.base
    assert desk.agent("rev-parse", "--abbrev-ref", "HEAD") == "bakeoff/1/A"
    assert desk.agent("status", "--porcelain") == ""
    assert desk.agent("rev-parse", "--show-toplevel") == str(desk.workspace)
    listed = desk.agent("worktree", "list", "--porcelain")
    assert f"worktree {desk.workspace}\nHEAD {desk.base}\nbranch refs/heads/bakeoff/1/A" in listed
    assert "locked in use by Bakeoff" in listed
    desk.agent("worktree", "prune")
    desk.agent("gc", "-q")
    desk.agent("fsck", "--strict")
    assert desk.agent("log", "--format=%s", "origin/main") == "First"


def test_an_agent_can_commit_branch_and_stash_as_itself(desk: Desk) -> None:
    desk.write("x.py")
    desk.agent("add", ".")
    desk.agent("commit", "-q", "-m", "X")
    desk.agent("checkout", "-q", "-b", "other")
    desk.write("app.py", "y\n")
    desk.agent("stash")
    assert desk.agent("log", "-1", "--format=%an <%ae>") == (
        "Bakeoff agent <agent@bakeoff.localhost>"
    )
    assert worktree_head(yard=desk.yard, path=desk.workspace) == desk.agent("rev-parse", "HEAD")


def test_the_hub_is_untouched_by_what_agents_do(desk: Desk) -> None:
    before = plain_git(desk.hub, "for-each-ref"), sorted((desk.hub / "objects").rglob("*"))
    desk.write("x.py")
    desk.agent("add", ".")
    desk.agent("commit", "-q", "-m", "X")
    desk.agent("branch", "-D", "origin/main", check=False)
    after = plain_git(desk.hub, "for-each-ref"), sorted((desk.hub / "objects").rglob("*"))
    assert before == after


def test_head_is_read_packed_detached_and_from_other_branches(desk: Desk) -> None:
    def head() -> str | None:
        return worktree_head(yard=desk.yard, path=desk.workspace)

    desk.agent("pack-refs", "--all")
    assert head() == desk.base
    desk.write("x.py")
    desk.agent("add", ".")
    desk.agent("commit", "-q", "-m", "X")
    tip = desk.agent("rev-parse", "HEAD")
    assert head() == tip
    desk.agent("checkout", "-q", "--detach", desk.base)
    assert head() == desk.base
    desk.agent("symbolic-ref", "refs/heads/alias", "refs/heads/bakeoff/1/A")
    desk.agent("symbolic-ref", "HEAD", "refs/heads/alias")
    assert head() == tip
    desk.agent("symbolic-ref", "HEAD", "refs/heads/unborn")
    assert head() is None


def test_adding_again_changes_nothing(desk: Desk) -> None:
    desk.write("app.py", "agent's work\n")
    desk.agent("add", ".")
    desk.agent("commit", "-q", "-m", "Work")
    tip = desk.agent("rev-parse", "HEAD")
    desk.write("lib/util.py", "uncommitted\n")
    desk.add()
    assert desk.agent("rev-parse", "HEAD") == tip
    assert (desk.workspace / "lib/util.py").read_text() == "uncommitted\n"


@pytest.mark.parametrize(
    "ruin",
    [
        "rm .git",
        "echo 'gitdir: /etc' > .git",
        "rm -r $YARD/worktrees",
        "rm -r $YARD",
        "rm $YARD/worktrees/A/HEAD",
        "echo nonsense > $YARD/worktrees/A/HEAD",
        "rm $YARD/worktrees/A/index",
        "rm -r $YARD/refs/heads",
    ],
)
def test_adding_again_mends_the_repository_and_keeps_the_work(desk: Desk, ruin: str) -> None:
    desk.write("app.py", "agent's work\n")
    desk.write("new.py", "agent's work\n")
    env = {**os.environ, "YARD": str(desk.yard)}
    subprocess.run(ruin, shell=True, cwd=desk.workspace, env=env, check=True)  # noqa: S602
    yard_create(hub=desk.hub, yard=desk.yard)
    desk.add()
    changed = desk.agent("status", "--porcelain").splitlines()
    assert [line.strip() for line in changed] == ["M app.py", "?? new.py"]
    assert desk.snapped().files_changed == 2


def test_a_deleted_workspace_is_made_again_and_old_commits_are_kept(desk: Desk) -> None:
    desk.write("x.py")
    desk.agent("add", ".")
    desk.agent("commit", "-q", "-m", "X")
    lost = desk.agent("rev-parse", "HEAD")
    shutil.rmtree(desk.workspace)
    desk.add()
    assert desk.agent("rev-parse", "HEAD") == desk.base
    assert desk.agent("status", "--porcelain") == ""
    desk.agent("gc", "-q", "--prune=now")
    assert desk.agent("cat-file", "-t", lost) == "commit"


def test_removing_deletes_even_what_is_write_protected(desk: Desk, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside/precious.txt")
    desk.write("locked/deep/file.txt")
    (desk.workspace / "link").symlink_to(outside.parent)
    (desk.workspace / "locked/deep").chmod(0o500)
    (desk.workspace / "locked").chmod(0)
    worktree_remove(yard=desk.yard, path=desk.workspace)
    assert not desk.workspace.exists()
    assert not (desk.yard / "worktrees/A").exists()
    assert outside.exists()
    worktree_remove(yard=desk.yard, path=desk.workspace)
    desk.add()
    assert desk.agent("status", "--porcelain") == ""


def test_two_workspaces_of_the_same_name(desk: Desk) -> None:
    other = desk.root / "elsewhere/A"
    worktree_add(hub=desk.hub, yard=desk.yard, path=other, base=desk.base, branch="bakeoff/1/other")
    assert plain_git(other, "rev-parse", "--abbrev-ref", "HEAD") == "bakeoff/1/other"
    assert desk.agent("rev-parse", "--abbrev-ref", "HEAD") == "bakeoff/1/A"


@pytest.mark.parametrize(("base", "branch"), [("main", "x"), ("-x", "x"), (None, "-x")])
def test_names(desk: Desk, base: str | None, branch: str) -> None:
    with pytest.raises(InvalidRefError):
        worktree_add(
            hub=desk.hub,
            yard=desk.yard,
            path=desk.root / "w",
            base=base or desk.base,
            branch=branch,
        )
