from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from orchestrator.git import indexes
from orchestrator.git.errors import DiskFullError, GitError, WorkspaceGoneError
from orchestrator.git.hub import blob_read, commit_log, commit_resolve
from orchestrator.git.run import GitResult
from orchestrator.git.run import git as git_run
from orchestrator.git.snapshots import (
    SnapshotInfo,
    SnapshotLimits,
    snapshot_take,
    workspace_unsaved,
)
from orchestrator.git.yard import worktree_add, worktree_head
from tests.support.repositories import Desk, plain_git, write


def reasons(snapshot: SnapshotInfo) -> dict[str, str]:
    return {excluded.path: excluded.reason for excluded in snapshot.excluded}


def test_nothing_done_makes_no_snapshot(desk: Desk) -> None:
    assert desk.snap() is None


def test_edited_added_and_deleted_files_are_one_commit_on_base(desk: Desk) -> None:
    desk.write("app.py", "new\n")
    desk.write("pkg/new.py", "a\nb\n")
    (desk.workspace / "README.md").unlink()
    taken = desk.snapped()
    assert taken.parent == desk.base
    assert (taken.files_changed, taken.insertions, taken.deletions) == (3, 3, 41)
    assert set(desk.files(taken.commit)) == {".gitignore", "app.py", "lib/util.py", "pkg/new.py"}
    assert commit_resolve(hub=desk.hub, rev=desk.branch) == taken.commit
    assert desk.snap(taken) is None


def test_the_agents_index_and_head_are_not_touched(desk: Desk) -> None:
    desk.write("staged.py")
    desk.write("unstaged.py")
    desk.agent("add", "staged.py")
    admin = desk.yard / "worktrees/A"
    before = (admin / "index").read_bytes(), (admin / "HEAD").read_bytes(), desk.agent("status")
    desk.snapped()
    after = (admin / "index").read_bytes(), (admin / "HEAD").read_bytes(), desk.agent("status")
    assert before == after


def test_going_back_to_base_is_a_snapshot_of_base(desk: Desk) -> None:
    desk.write("x.py")
    first = desk.snapped()
    (desk.workspace / "x.py").unlink()
    second = desk.snapped(first)
    assert (second.commit, second.files_changed) == (desk.base, 0)


def test_a_change_within_the_same_second_and_of_the_same_size_is_seen(desk: Desk) -> None:
    path = desk.workspace / "app.py"
    last: SnapshotInfo | None = None
    for word in ("one", "two", "six", "ten"):
        path.write_text(word)
        last = desk.snapped(last)
        read = blob_read(hub=desk.hub, commit=last.commit, path="app.py", limit_bytes=100)
        assert read == word.encode()


def test_a_change_of_the_same_size_right_after_the_checkout_is_seen(desk: Desk) -> None:
    text = (desk.workspace / "app.py").read_text()
    desk.write("app.py", text.replace("line 0", "LINE 0"))
    assert desk.snapped().files_changed == 1


def test_commits_of_the_agent_become_the_history_of_the_snapshot(desk: Desk) -> None:
    desk.write("one.py")
    first = desk.snapped()
    desk.agent("add", ".")
    desk.agent("commit", "-q", "-m", "One")
    desk.write("two.py")
    second = desk.snapped(first)
    log = commit_log(hub=desk.hub, base=desk.base, head=second.commit, limit=10)
    assert [commit.subject for commit in log] == ["Work of variant A", "One"]
    assert second.parent == desk.agent("rev-parse", "HEAD")


def test_when_all_is_committed_the_snapshot_is_the_agents_own_commit(desk: Desk) -> None:
    desk.write("one.py")
    desk.agent("add", ".")
    desk.agent("commit", "-q", "-m", "One")
    taken = desk.snapped()
    assert taken.commit == taken.parent == desk.agent("rev-parse", "HEAD")
    assert desk.snap(taken) is None
    # Whole in the hub, without the yard's objects.
    shutil.rmtree(desk.yard)
    plain_git(desk.hub, "fsck", "--connectivity-only", "--strict")


def test_committing_what_was_snapshotted_moves_on_to_the_agents_commit(desk: Desk) -> None:
    desk.write("one.py")
    first = desk.snapped()
    desk.agent("add", ".")
    desk.agent("commit", "-q", "-m", "One")
    second = desk.snapped(first)
    assert second.tree == first.tree
    assert second.commit == desk.agent("rev-parse", "HEAD")


class TestHistoryGames:
    """Whatever the agent does to its branch, base..head stays what can be merged."""

    @pytest.fixture
    def worked(self, desk: Desk) -> SnapshotInfo:
        desk.write("one.py", "1\n")
        desk.agent("add", ".")
        desk.agent("commit", "-q", "-m", "One")
        desk.write("two.py", "2\n")
        return desk.snapped()

    def kept(self, desk: Desk, snapshot: SnapshotInfo) -> bool:
        return f"refs/bakeoff/kept/{snapshot.commit}" in plain_git(desk.hub, "for-each-ref")

    def test_amend(self, desk: Desk, worked: SnapshotInfo) -> None:
        desk.agent("add", ".")
        desk.agent("commit", "-q", "--amend", "-m", "One and two")
        taken = desk.snapped(worked)
        log = commit_log(hub=desk.hub, base=desk.base, head=taken.commit, limit=9)
        assert [commit.subject for commit in log] == ["One and two"]
        assert self.kept(desk, worked)

    def test_amending_base_itself_leaves_the_snapshot_on_base(
        self, desk: Desk, worked: SnapshotInfo
    ) -> None:
        desk.agent("reset", "-q", "--soft", desk.base)
        desk.agent("commit", "-q", "--amend", "-m", "Not first any more")
        taken = desk.snapped(worked)
        assert taken.parent == desk.base
        assert plain_git(desk.hub, "rev-parse", f"{taken.commit}^") == desk.base
        assert "one.py" in desk.files(taken.commit)

    def test_rebase_onto_an_advanced_main(self, desk: Desk, worked: SnapshotInfo) -> None:
        desk.agent("add", ".")
        desk.agent("commit", "-q", "-m", "Two")
        desk.agent("checkout", "-q", "-b", "side", desk.base)
        desk.write("upstream.py")
        desk.agent("add", ".")
        desk.agent("commit", "-q", "-m", "Upstream")
        desk.agent("checkout", "-q", desk.branch)
        desk.agent("rebase", "-q", "side")
        taken = desk.snapped(worked)
        assert taken.commit == desk.agent("rev-parse", "HEAD")

    def test_detached_head(self, desk: Desk, worked: SnapshotInfo) -> None:
        desk.agent("checkout", "-q", "--detach")
        desk.write("three.py")
        taken = desk.snapped(worked)
        assert taken.parent == desk.agent("rev-parse", "HEAD")

    def test_orphan_branch(self, desk: Desk, worked: SnapshotInfo) -> None:
        desk.agent("checkout", "-q", "--orphan", "fresh")
        desk.agent("add", ".")
        desk.agent("commit", "-q", "-m", "No past")
        taken = desk.snapped(worked)
        assert taken.parent == desk.base
        assert "two.py" in desk.files(taken.commit)

    def test_reset_behind_base(self, desk: Desk, origin: Path, tmp_path: Path) -> None:
        write(origin / "second.py")
        plain_git(origin, "add", ".")
        plain_git(origin, "commit", "-q", "-m", "Second")
        later = Desk(tmp_path / "later", origin).make()
        later.agent("reset", "-q", "--hard", "HEAD~1")
        taken = later.snapped()
        assert taken.parent == later.base
        assert "second.py" not in later.files(taken.commit)

    @pytest.mark.parametrize(
        "ruin",
        [
            "git update-ref -d refs/heads/bakeoff/1/A",
            "rm .git",
            "echo garbage > $ADMIN/HEAD",
            "printf 'ref: refs/heads/../../../../etc/passwd' > $ADMIN/HEAD",
            "printf 'ref: refs/heads/a' > $ADMIN/HEAD; echo 'ref: refs/heads/a' > $YARD/refs/heads/a",
            "echo 1234567890123456789012345678901234567890 > $ADMIN/HEAD",
            "rm $ADMIN/HEAD; mkfifo $ADMIN/HEAD",
            "rm -r $ADMIN",
            "rm -r $YARD",
            "rm -r $YARD/objects; ln -s /proc $YARD/objects",
            "rm $YARD/objects/info/alternates; mkfifo $YARD/objects/info/alternates",
            "rm -r .git; git init -q .; git add .; git commit -q -m own",
            "echo 'gitdir: /etc' > .git",
        ],
    )
    def test_a_ruined_repository_keeps_the_last_parent(
        self, desk: Desk, worked: SnapshotInfo, ruin: str
    ) -> None:
        admin = desk.yard / "worktrees/A"
        env = {**os.environ, "ADMIN": str(admin), "YARD": str(desk.yard)}
        subprocess.run(ruin, shell=True, cwd=desk.workspace, env=env, check=True)  # noqa: S602
        desk.write("after.py")
        taken = desk.snapped(worked)
        assert taken.parent == worked.parent
        assert {"one.py", "two.py", "after.py"} <= set(desk.files(taken.commit))
        assert self.kept(desk, worked)

    def test_a_deleted_workspace_is_a_clear_error_and_loses_nothing(
        self, desk: Desk, worked: SnapshotInfo
    ) -> None:
        shutil.rmtree(desk.workspace)
        with pytest.raises(WorkspaceGoneError, match="deleted its workspace"):
            desk.snap(worked)
        assert self.kept(desk, worked)
        assert commit_resolve(hub=desk.hub, rev=desk.branch) == worked.commit

    def test_a_workspace_that_became_a_link_is_not_followed(
        self, desk: Desk, worked: SnapshotInfo, tmp_path: Path
    ) -> None:
        desk.workspace.rename(tmp_path / "elsewhere")
        desk.workspace.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(WorkspaceGoneError):
            desk.snap(worked)

    def test_an_emptied_workspace_is_a_snapshot_of_nothing(
        self, desk: Desk, worked: SnapshotInfo
    ) -> None:
        shutil.rmtree(desk.workspace)
        desk.workspace.mkdir()
        taken = desk.snapped(worked)
        assert desk.files(taken.commit) == {}


class TestLeftOut:
    def test_ignored_files_are_out_and_named(self, desk: Desk) -> None:
        desk.write("run.log")
        desk.write("build/out.js")
        desk.write("kept.py")
        taken = desk.snapped()
        assert "kept.py" in desk.files(taken.commit)
        assert reasons(taken) == {
            "run.log": "ignored by .gitignore",
            "build/": "ignored by .gitignore",
        }

    def test_dependencies_and_caches_are_out_without_any_gitignore(self, desk: Desk) -> None:
        (desk.workspace / ".gitignore").unlink()
        desk.write(".venv/lib/site.py")
        desk.write("web/node_modules/left-pad/index.js")
        desk.write("lib/__pycache__/util.pyc")
        desk.write("my env [1]/pyvenv.cfg")
        desk.write("my env [1]/bin/python")
        desk.write("target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n")
        desk.write("target/debug/app")
        desk.write("web/index.js")
        taken = desk.snapped()
        assert set(desk.files(taken.commit)) == {
            "README.md",
            "app.py",
            "lib/util.py",
            "web/index.js",
        }
        assert reasons(taken) == {
            ".venv/": "installed dependencies",
            "web/node_modules/": "installed dependencies",
            "lib/__pycache__/": "cache",
            "my env [1]/": "installed dependencies",
            "target/": "cache",
        }

    def test_they_are_in_where_base_tracks_them(self, origin: Path, tmp_path: Path) -> None:
        write(origin / "vendor/node_modules/dep/index.js", "1\n")
        plain_git(origin, "add", "-f", ".")
        plain_git(origin, "commit", "-q", "-m", "Vendored")
        desk = Desk(tmp_path / "d", origin).make()
        desk.write("vendor/node_modules/dep/index.js", "2\n")
        desk.write("vendor/node_modules/dep/more.js", "3\n")
        desk.write("node_modules/other/index.js", "4\n")
        taken = desk.snapped()
        assert taken.files_changed == 2
        assert reasons(taken) == {"node_modules/": "installed dependencies"}

    def test_a_gitignore_that_lets_everything_in_does_not_let_these_in(self, desk: Desk) -> None:
        desk.write(".gitignore", "*\n!*/\n!*.py\n")
        desk.write(".venv/lib/site.py")
        desk.write("new.py")
        files = desk.files(desk.snapped().commit)
        assert "new.py" in files
        assert ".venv/lib/site.py" not in files

    def test_what_the_product_copied_in_is_out(self, desk: Desk) -> None:
        desk.write(".env", "SECRET=1\n")
        desk.write("conf/local.toml")
        desk.write("conf/shared.toml")
        desk.write("odd/[a]*.env ")
        desk.write("odd/a.env ")
        desk.write(".gitignore", ".env\n")
        copied = (".env", "conf/local.toml", "odd/[a]*.env ")
        taken = desk.snapped(copied=copied)
        files = desk.files(taken.commit)
        assert {"conf/shared.toml", "odd/a.env "} <= files.keys()
        assert reasons(taken) == dict.fromkeys(copied, "copied in by the project's settings")

    def test_large_files_are_out_and_base_keeps_its_version(self, desk: Desk) -> None:
        desk.limits = SnapshotLimits(file_bytes=1000)
        desk.write("big.bin", b"x" * 1001)
        desk.write("app.py", b"y" * 1001)
        desk.write("small.bin", b"x" * 1000)
        taken = desk.snapped()
        assert taken.files_changed == 1
        assert set(reasons(taken)) == {"big.bin", "app.py"}
        assert all(reason.startswith("too large") for reason in reasons(taken).values())

    def test_too_many_new_files_leave_out_the_fullest_directory(self, desk: Desk) -> None:
        desk.limits = SnapshotLimits(new_files=10)
        for number in range(30):
            desk.write(f"data/{number % 3}/{number}.csv", str(number))
        for number in range(8):
            desk.write(f"src/{number}.py", str(number))
        taken = desk.snapped()
        assert taken.files_changed == 8
        assert reasons(taken) == {"data/": "too many new files: 30"}

    def test_too_many_new_files_at_the_top(self, desk: Desk) -> None:
        desk.limits = SnapshotLimits(new_files=10)
        for number in range(30):
            desk.write(f"{number:02}.csv", str(number))
        desk.write("src/a.py")
        taken = desk.snapped()
        assert taken.files_changed == 10
        assert "src/a.py" in desk.files(taken.commit)
        assert [excluded.reason for excluded in taken.excluded] == ["too many new files: 21"]

    def test_pipes_sockets_and_devices_are_skipped_and_named(self, desk: Desk) -> None:
        os.mkfifo(desk.workspace / "lib/pipe")
        (desk.workspace / "app.py").unlink()
        os.mkfifo(desk.workspace / "app.py")
        with socket.socket(socket.AF_UNIX) as listener:
            here = os.getcwd()
            os.chdir(desk.workspace)  # a socket's path has little room
            try:
                listener.bind("sock")
            finally:
                os.chdir(here)
            desk.write("x.py")
            taken = desk.snapped()
        assert reasons(taken) == dict.fromkeys(("lib/pipe", "app.py", "sock"), "not a regular file")
        assert taken.files_changed == 1

    @pytest.mark.skipif(os.getuid() != 0, reason="needs root to become somebody who may not read")
    def test_unreadable_files_are_named_and_do_not_stop_the_rest(self, desk: Desk) -> None:
        desk.write("secret.py").chmod(0)
        desk.write("locked/inner.py")
        desk.write("lib/util.py", "changed\n").chmod(0)
        (desk.workspace / "locked").chmod(0)
        desk.write("fine.py")
        for directory, names, files in os.walk(desk.root):
            for name in [*names, *files, "."]:
                os.chown(Path(directory, name), 65534, 65534, follow_symlinks=False)
        for parent in desk.root.parents:
            if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)

        def take() -> str:
            taken = desk.snapped()
            named = sorted((item.path, item.reason) for item in taken.excluded)
            return f"{taken.files_changed} {named}"

        done = as_nobody(take)
        assert done == (
            "1 [('lib/util.py', 'cannot be read'), ('locked/', 'cannot be read'), "
            "('secret.py', 'cannot be read')]"
        )


def as_nobody(work: Callable[[], str]) -> str:
    """What the work returns in a child that has given up root."""
    read, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            os.write(told, work().encode())
        except BaseException as error:  # noqa: BLE001 - told to the parent
            os.write(told, repr(error).encode())
        finally:
            os._exit(0)
    os.close(told)
    with os.fdopen(read) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return text


class TestStrangeFiles:
    @pytest.mark.parametrize(
        "name",
        [
            b"new\nline.txt",
            b"quo\"te's.txt",
            "ünï ☃.txt".encode(),
            b"latin\xe9.txt",
            b"-rf",
            b"--force",
            b" spaces ",
            b"tab\there",
            b"back\\slash",
            b":(exclude)x",
            b"*.[py]",
            b"#hash",
            b"!bang",
            b"<img src=x onerror=1>",
            b"$(touch x)",
        ],
    )
    def test_any_name_is_stored_changed_and_deleted(self, desk: Desk, name: bytes) -> None:
        path = os.path.join(os.fsencode(desk.workspace), name)
        Path(os.fsdecode(path)).write_text("1")
        first = desk.snapped()
        assert os.fsdecode(name) in desk.files(first.commit)
        Path(os.fsdecode(path)).write_text("22")
        second = desk.snapped(first)
        assert second.tree != first.tree
        Path(os.fsdecode(path)).unlink()
        assert os.fsdecode(name) not in desk.files(desk.snapped(second).commit)

    def test_names_that_git_forbids_are_named(self, desk: Desk) -> None:
        desk.write("git~1/config")
        desk.write("fine.py")
        taken = desk.snapped()
        assert "fine.py" in desk.files(taken.commit)
        assert reasons(taken) == {"git~1/config": "a name that git does not allow"}

    def test_links_are_stored_as_links(self, desk: Desk, tmp_path: Path) -> None:
        secret = write(tmp_path / "secret.txt", "do not read me\n")
        (desk.workspace / "abs").symlink_to(secret)
        (desk.workspace / "up").symlink_to("../../../../../../etc")
        (desk.workspace / "loop").symlink_to("loop")
        taken = desk.snapped()
        files = desk.files(taken.commit)
        assert {files[name] for name in ("abs", "up", "loop")} == {"120000"}
        assert not [name for name in files if name.startswith("up/")]

    def test_a_tracked_directory_that_became_a_link_is_not_followed(
        self, desk: Desk, tmp_path: Path
    ) -> None:
        write(tmp_path / "outside/util.py", "secret of the host\n")
        shutil.rmtree(desk.workspace / "lib")
        (desk.workspace / "lib").symlink_to(tmp_path / "outside")
        files = desk.files(desk.snapped().commit)
        assert files["lib"] == "120000"
        assert "lib/util.py" not in files

    def test_files_and_directories_change_places(self, desk: Desk) -> None:
        (desk.workspace / "app.py").unlink()
        desk.write("app.py/inner.py")
        shutil.rmtree(desk.workspace / "lib")
        desk.write("lib", "now a file\n")
        first = desk.snapped()
        assert {"app.py/inner.py", "lib"} <= set(desk.files(first.commit))
        shutil.rmtree(desk.workspace / "app.py")
        desk.write("app.py", "a file again\n")
        assert "app.py" in desk.files(desk.snapped(first).commit)

    def test_modes(self, desk: Desk) -> None:
        (desk.workspace / "app.py").chmod(0o755)
        assert desk.files(desk.snapped().commit)["app.py"] == "100755"

    def test_nested_repositories_are_stored_as_files(self, desk: Desk) -> None:
        for place in ("tool", "tool/deep/er", "empty-history"):
            (desk.workspace / place).mkdir(parents=True)
            plain_git(desk.workspace / place, "init", "-q")
            desk.write(f"{place}/file.py", f"{place}\n")
        desk.write("tool/run.log")
        plain_git(desk.workspace / "tool", "add", "file.py")
        plain_git(desk.workspace / "tool", "commit", "-q", "-m", "x")
        before = sorted(str(path) for path in desk.workspace.rglob("*"))
        first = desk.snapped()
        files = desk.files(first.commit)
        assert {"tool/file.py", "tool/deep/er/file.py", "empty-history/file.py"} <= set(files)
        assert set(files.values()) == {"100644"}
        assert not [name for name in files if ".git/" in name or "bakeoff" in name]
        assert "tool/run.log" not in files
        assert reasons(first)["tool/.git/"].startswith("nested repository")
        assert sorted(str(path) for path in desk.workspace.rglob("*")) == before
        desk.write("tool/file.py", "changed\n")
        desk.write("tool/another.py")
        second = desk.snapped(first)
        assert "tool/another.py" in desk.files(second.commit)
        assert second.tree != first.tree

    def test_a_file_that_git_cannot_convert_is_named_and_the_rest_is_stored(
        self, desk: Desk
    ) -> None:
        desk.write(".gitattributes", "*.bad working-tree-encoding=UTF-16\n")
        for number in range(3):
            desk.write(f"{number}.bad", b"\xd8\x00\xd8")
        for number in range(20):
            desk.write(f"{number}.py", str(number))
        taken = desk.snapped()
        assert taken.files_changed == 21
        assert set(reasons(taken)) == {"0.bad", "1.bad", "2.bad"}


def test_submodules_keep_their_commit(tmp_path: Path, origin: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    plain_git(inner, "init", "-q", "-b", "main")
    write(inner / "a.txt")
    plain_git(inner, "add", ".")
    plain_git(inner, "commit", "-q", "-m", "Inner")
    allow = ("-c", "protocol.file.allow=always")
    plain_git(origin, *allow, "submodule", "add", "-q", str(inner), "sub")
    plain_git(origin, "commit", "-q", "-m", "With a submodule")
    desk = Desk(tmp_path / "d", origin).make()
    assert desk.snap() is None
    desk.agent(*allow, "submodule", "update", "-q", "--init")
    assert desk.snap() is None

    # Work in it that is not committed is in no Snapshot: the workspace may not go.
    desk.write("sub/b.txt")
    unsaved = workspace_unsaved(
        hub=desk.hub, worktree=desk.workspace, index=desk.index, base=desk.base
    )
    assert [item.path for item in unsaved] == ["sub/"]
    assert desk.snap() is None
    plain_git(desk.workspace / "sub", "add", ".")
    plain_git(desk.workspace / "sub", "commit", "-q", "-m", "More")
    taken = desk.snapped()
    assert desk.files(taken.commit)["sub"] == "160000"
    assert plain_git(desk.hub, "rev-parse", f"{taken.commit}:sub") == plain_git(
        desk.workspace / "sub", "rev-parse", "HEAD"
    )
    assert reasons(taken)["sub/"].startswith("submodule")
    shutil.rmtree(desk.workspace / "sub")
    assert "sub" not in desk.files(desk.snapped(taken).commit)


@pytest.mark.parametrize("name", [b"odd\nname.bad", b"latin\xe9.bad", "ünï ☃.bad".encode()])
def test_a_refused_file_with_a_strange_name(desk: Desk, name: bytes) -> None:
    desk.write(".gitattributes", "*.bad working-tree-encoding=UTF-16\n")
    desk.write(os.fsdecode(name), b"\xd8\x00\xd8")
    desk.write("fine.py")
    taken = desk.snapped()
    assert taken.files_changed == 2
    assert len(taken.excluded) == 1


def test_a_failure_that_is_no_files_fault_is_an_error(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that cannot be written must not look like a workspace without changes."""
    full = GitResult(b"", "fatal: sha1 file 'x/1.lock' write error. Out of diskspace\n", 128)
    broken = GitResult(b"", "fatal: unable to write new index file\n", 128)
    real = git_run
    desk.write("x.py")
    desk.write("y.py")
    for result, error in ((full, DiskFullError), (broken, GitError)):

        def git(*args: str, result: GitResult = result, **options: Any) -> GitResult:
            return result if "--add" in args else real(*args, **options)

        monkeypatch.setattr(indexes, "git", git)
        with pytest.raises(error):
            desk.snap()
    monkeypatch.undo()
    assert desk.snapped().files_changed == 2


class TestCrashes:
    def test_a_stale_index_lock_and_half_an_index_are_overcome(self, desk: Desk) -> None:
        desk.write("x.py")
        desk.index.with_name("1.lock").write_bytes(b"half")
        first = desk.snapped()
        desk.write("y.py")
        desk.index.write_bytes(desk.index.read_bytes()[:100])
        assert {"x.py", "y.py"} <= set(desk.files(desk.snapped(first).commit))

    def test_an_index_that_is_lost_is_made_again(self, desk: Desk) -> None:
        desk.write("x.py")
        desk.index.unlink()
        assert desk.snapped().files_changed == 1

    def test_a_snapshot_that_was_not_recorded_is_taken_again(self, desk: Desk) -> None:
        desk.write("x.py")
        lost = desk.snapped()
        again = desk.snapped()  # the caller died before it wrote the first one down
        assert again.tree == lost.tree


def test_variants_of_one_hub_are_snapshotted_at_the_same_time(desk: Desk) -> None:
    def variant(letter: str) -> set[str]:
        path = desk.root / f"worktrees/1/{letter}"
        index = desk.root / f"index/{letter}"
        branch = f"bakeoff/1/{letter}"
        worktree_add(
            hub=desk.hub, yard=desk.yard, path=path, base=desk.base, branch=branch, index=index
        )
        last: SnapshotInfo | None = None
        for number in range(5):
            write(path / f"{letter}{number}.py", letter)
            last = snapshot_take(
                hub=desk.hub,
                yard=desk.yard,
                worktree=path,
                index=index,
                base=desk.base,
                previous=last,
                message=letter,
                branch=branch,
            )
        assert last is not None
        assert worktree_head(yard=desk.yard, path=path) == desk.base
        assert commit_resolve(hub=desk.hub, rev=branch) == last.commit
        return set(desk.files(last.commit)) - set(desk.files(desk.base))

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(variant, "BCDE"))
    assert made == [{f"{letter}{n}.py" for n in range(5)} for letter in "BCDE"]
