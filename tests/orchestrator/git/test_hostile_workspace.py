"""An agent owns its workspace's repository. Whatever it writes there, our git runs none of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.git import upkeep
from orchestrator.git.diffs import changes, file_patch, stat
from orchestrator.git.hub import hub_fetch
from orchestrator.git.merges import merge_commit, merge_forecast, push
from orchestrator.git.yard import worktree_add, worktree_head, worktree_remove
from tests.support.repositories import Canary, Desk, plain_git, write

HOOKS = (
    *("pre-commit", "post-commit", "post-checkout", "post-index-change", "post-merge"),
    *("reference-transaction", "pre-push", "pre-auto-gc", "post-rewrite", "fsmonitor-watchman"),
    *("pre-receive", "update", "post-update", "post-receive", "push-to-checkout"),
)


def hostile_config(command: str) -> str:
    return f"""
[core]
\tfsmonitor = {command}
\tsshCommand = {command}
\talternateRefsCommand = {command}
\tpager = {command}
\teditor = {command}
\taskPass = {command}
[filter "evil"]
\tclean = {command}
\tsmudge = {command}
\trequired = true
[merge "evil"]
\tdriver = {command}
[diff]
\texternal = {command}
[diff "evil"]
\ttextconv = {command}
\tcommand = {command}
[gpg]
\tprogram = {command}
[commit]
\tgpgSign = true
[credential]
\thelper = !{command}
[uploadpack]
\tpackObjectsHook = {command}
[remote "origin"]
\turl = ext::{command}
\tuploadpack = {command}
\treceivepack = {command}
\tpromisor = true
[extensions]
\tpartialClone = origin
"""


def in_the_yards_config(desk: Desk, canary: Canary) -> None:
    with (desk.yard / "config").open("a") as config:
        config.write(hostile_config(canary.command))


def in_an_include(desk: Desk, canary: Canary) -> None:
    included = write(desk.workspace / "included", hostile_config(canary.command))
    with (desk.yard / "config").open("a") as config:
        config.write(f"[include]\n\tpath = {included}\n")


def in_the_worktrees_config(desk: Desk, canary: Canary) -> None:
    desk.agent("config", "extensions.worktreeConfig", "true")
    config = "[core]\n\tbare = false\n" + hostile_config(canary.command)
    write(desk.yard / "worktrees/A/config.worktree", config)


def in_a_repository_of_its_own(desk: Desk, canary: Canary) -> None:
    (desk.workspace / ".git").unlink()
    desk.agent("init", "-q", ".")
    with (desk.workspace / ".git/config").open("a") as config:
        config.write(hostile_config(canary.command))


def in_hooks(desk: Desk, canary: Canary) -> None:
    for name in HOOKS:
        write(desk.yard / "hooks" / name, canary.script.read_bytes()).chmod(0o755)


def in_a_hooks_path(desk: Desk, canary: Canary) -> None:
    for name in HOOKS:
        write(desk.workspace / ".hooks" / name, canary.script.read_bytes()).chmod(0o755)
    desk.agent("config", "core.hooksPath", str(desk.workspace / ".hooks"))


def in_a_nested_repository(desk: Desk, canary: Canary) -> None:
    nested = desk.workspace / "nested"
    nested.mkdir()
    plain_git(nested, "init", "-q")
    write(nested / "file.txt")
    with (nested / ".git/config").open("a") as config:
        config.write(hostile_config(canary.command))
    for name in HOOKS:
        write(nested / ".git/hooks" / name, canary.script.read_bytes()).chmod(0o755)


def in_another_directory_by_core_worktree(desk: Desk, canary: Canary) -> None:
    in_the_yards_config(desk, canary)
    desk.agent("config", "core.bare", "false")
    desk.agent("config", "core.worktree", "/etc")


PLACES: list[Callable[[Desk, Canary], None]] = [
    in_the_yards_config,
    in_an_include,
    in_the_worktrees_config,
    in_a_repository_of_its_own,
    in_hooks,
    in_a_hooks_path,
    in_a_nested_repository,
    in_another_directory_by_core_worktree,
]


def provoke(place: Path) -> None:
    """What a trusting git would do there."""
    for command in (["status"], ["add", "."], ["commit", "-m", "x", "--allow-empty"], ["diff"]):
        plain_git(place, *command, check=False)


@pytest.fixture
def bare_origin(origin: Path, tmp_path: Path) -> Path:
    bare = tmp_path / "bare.git"
    plain_git(tmp_path, "clone", "-q", "--bare", str(origin), str(bare))
    return bare


@pytest.mark.parametrize("plant", PLACES, ids=lambda plant: str(plant.__name__))
def test_nothing_of_the_agents_runs(
    plant: Callable[[Desk, Canary], None],
    bare_origin: Path,
    tmp_path: Path,
    canary: Canary,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(tmp_path / "data", bare_origin).make()
    desk.write(".gitattributes", "* filter=evil diff=evil merge=evil\n")
    desk.agent("add", ".")
    desk.agent("commit", "-q", "-m", "Attributes")
    first = desk.snapped()
    plant(desk, canary)
    desk.write("app.py", "changed\n")
    desk.write("more.py", "new\n")

    second = desk.snapped(first)
    third_path = desk.root / "worktrees/1/B"
    worktree_add(
        hub=desk.hub, yard=desk.yard, path=third_path, base=second.commit, branch="bakeoff/1/B"
    )
    worktree_head(yard=desk.yard, path=desk.workspace)
    changed = {c.path: c for c in changes(hub=desk.hub, left=desk.base, right=second.commit)}
    stat(hub=desk.hub, left=first.commit, right=second.commit)
    app = changed["app.py"]
    file_patch(hub=desk.hub, old_blob=app.old_blob, new_blob=app.new_blob)
    hub_fetch(hub=desk.hub)
    assert merge_forecast(hub=desk.hub, target=desk.base, head=second.commit).clean
    merged = merge_commit(
        hub=desk.hub, target=desk.base, head=second.commit, message="Merge", strategy="merge"
    )
    assert push(hub=desk.hub, commit=merged, branch="main", expected=desk.base).state == "pushed"
    monkeypatch.setattr(upkeep, "LOOSE_MAX", 0)
    assert upkeep.hub_gc(hub=desk.hub)
    worktree_remove(yard=desk.yard, path=third_path)
    assert not canary.sang(), canary.trace.read_text()
    assert (third_path.exists(), desk.workspace.exists()) == (False, True)

    # The same files do run it in a git that trusts them: the canary can sing.
    provoke(desk.workspace / "nested" if plant is in_a_nested_repository else desk.workspace)
    assert canary.sang()


def test_commits_made_under_a_hostile_configuration_are_brought_in(
    desk: Desk, canary: Canary
) -> None:
    desk.write("one.py")
    desk.agent("add", ".")
    desk.agent("commit", "-q", "-m", "One")
    in_the_yards_config(desk, canary)
    in_hooks(desk, canary)
    taken = desk.snapped()
    assert plain_git(desk.hub, "log", "-1", "--format=%s", taken.commit) == "One"
    assert not canary.sang()


def test_a_lost_object_is_not_fetched_by_a_promise(desk: Desk, canary: Canary) -> None:
    """A partial clone's missing object makes git ask the remote, by any command it names."""
    path = desk.write("one.py", "unique content\n")
    desk.agent("add", ".")
    desk.agent("commit", "-q", "-m", "One")
    path.unlink()
    blob = desk.agent("rev-parse", "HEAD:one.py")
    (desk.yard / "objects" / blob[:2] / blob[2:]).unlink()
    in_the_yards_config(desk, canary)
    desk.write("two.py")
    taken = desk.snapped()
    assert taken.parent == desk.base
    assert "two.py" in desk.files(taken.commit)
    assert [excluded.path for excluded in taken.excluded] == [".git/"]
    assert not canary.sang()


def test_the_servers_environment_reaches_neither_git_nor_hooks(
    desk: Desk, origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, canary: Canary
) -> None:
    seen = tmp_path / "seen"
    hook = write(origin / ".git/hooks/pre-receive", f"#!/bin/sh\nenv > {seen}\n")
    hook.chmod(0o755)
    monkeypatch.setenv("SECRET_KEY", "do-not-tell")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", canary.command)
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent/index")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.fsmonitor'='{canary.command}'")
    desk.write("one.py")
    taken = desk.snapped()
    assert push(hub=desk.hub, commit=taken.commit, branch="new", expected="").state == "pushed"
    told = seen.read_text()
    assert "do-not-tell" not in told
    assert f"HOME={Path.home()}" in told
    assert not canary.sang()
