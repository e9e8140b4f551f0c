from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.git.errors import (
    CommitNotFoundError,
    GitError,
    InvalidRefError,
    RefMovedError,
    SourceError,
    TooLargeError,
)
from orchestrator.git.hub import (
    blob_read,
    branch_commit,
    branch_set,
    commit_log,
    commit_resolve,
    hub_branches,
    hub_create,
    hub_default_branch,
    hub_fetch,
    hub_source,
)
from orchestrator.git.merges import remote_tip
from tests.support.repositories import Canary, Desk, plain_git, write


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    return tmp_path / "data/hubs/7.git"


def commit(repository: Path, name: str, text: str = "text\n") -> str:
    write(repository / name, text)
    plain_git(repository, "add", "-A")
    plain_git(repository, "commit", "-q", "-m", f"Add {name}")
    return plain_git(repository, "rev-parse", "HEAD")


def refused(hub: Path, source: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        hub_create(hub=hub, source=str(source))
    error = caught.value
    assert not hub.exists(), "half a hub was left"
    assert error.message.endswith((".", "first.")) or "git config" in error.message
    assert "\n" not in error.message
    return error


class TestCreate:
    def test_branches_tags_and_the_default(self, hub: Path, origin: Path) -> None:
        plain_git(origin, "tag", "-a", "v1", "-m", "One")
        plain_git(origin, "branch", "feature/x")
        head = plain_git(origin, "rev-parse", "HEAD")
        hub_create(hub=hub, source=str(origin))
        assert [(b.name, b.commit) for b in hub_branches(hub)] == [
            ("feature/x", head),
            ("main", head),
        ]
        assert hub_default_branch(hub) == "main"
        for rev in ("main", "feature/x", "v1", head, head[:10], "main~0"):
            assert commit_resolve(hub=hub, rev=rev) == head
        assert plain_git(hub, "config", "--get", "core.bare") == "true"

    def test_twice_is_a_fetch(self, hub: Path, origin: Path) -> None:
        hub_create(hub=hub, source=str(origin))
        newer = commit(origin, "b.txt")
        hub_create(hub=hub, source=str(origin))
        assert commit_resolve(hub=hub, rev="main") == newer

    def test_after_a_kill_in_the_middle(self, hub: Path, origin: Path) -> None:
        write(hub.with_name("7.git.new") / "objects/pack/tmp_pack_1", "half")
        hub_create(hub=hub, source=str(origin))
        left = {path.name for path in hub.parent.iterdir()}
        assert left == {"7.git", "7.git.flock"}

    @pytest.mark.parametrize("form", ["{}", "file://{}", "{}/", "{}/../origin", "link"])
    def test_forms_of_a_local_path(
        self, hub: Path, origin: Path, tmp_path: Path, form: str
    ) -> None:
        (tmp_path / "link").symlink_to(origin)
        source = str(tmp_path / "link") if form == "link" else form.format(origin)
        hub_create(hub=hub, source=source)
        assert hub_source(hub).location == str(origin)

    def test_names_with_quotes_and_spaces(self, hub: Path, origin: Path, tmp_path: Path) -> None:
        place = tmp_path / "my \"own\" 'dir' #1; x\\y $(id)"
        origin.rename(place)
        hub_create(hub=hub, source=str(place))
        newer = commit(place, "b.txt")
        hub_fetch(hub=hub)
        assert branch_commit(hub=hub, branch="main") == newer

    def test_bare_shallow_linked_and_detached_origins(
        self, hub: Path, origin: Path, tmp_path: Path
    ) -> None:
        commit(origin, "b.txt")
        bare, shallow, linked = (tmp_path / name for name in ("bare.git", "shallow", "linked"))
        plain_git(tmp_path, "clone", "-q", "--bare", str(origin), str(bare))
        plain_git(tmp_path, "clone", "-q", "--depth=1", f"file://{origin}", str(shallow))
        plain_git(origin, "worktree", "add", "-q", str(linked), "-b", "side")
        plain_git(origin, "checkout", "-q", "--detach")
        for number, place in enumerate((bare, shallow, linked, origin)):
            one = hub.with_name(f"{number}.git")
            hub_create(hub=one, source=str(place))
            assert "main" in {branch.name for branch in hub_branches(one)}
            assert hub_default_branch(one) in {"main", "side"}

    def test_a_shallow_origin_can_be_worked_on(self, origin: Path, tmp_path: Path) -> None:
        commit(origin, "b.txt")
        plain_git(tmp_path, "clone", "-q", "--depth=1", f"file://{origin}", "shallow")
        desk = Desk(tmp_path / "data", tmp_path / "shallow").make()
        desk.write("c.txt")
        desk.agent("add", ".")
        desk.agent("commit", "-q", "-m", "C")
        desk.write("d.txt")
        taken = desk.snapped()
        assert taken.files_changed == 2
        assert len(commit_log(hub=desk.hub, base=desk.base, head=taken.commit, limit=9)) == 2


class TestRefusedOrigins:
    def test_a_file(self, hub: Path, tmp_path: Path) -> None:
        error = refused(hub, write(tmp_path / "file.txt"))
        assert error.code == "project.not-repository"
        assert "is a file" in error.message

    def test_nothing_there(self, hub: Path, tmp_path: Path) -> None:
        assert refused(hub, tmp_path / "nope").code == "project.missing"

    def test_a_plain_directory(self, hub: Path, tmp_path: Path) -> None:
        (tmp_path / "plain").mkdir()
        assert refused(hub, tmp_path / "plain").code == "project.not-repository"

    def test_a_directory_inside_a_repository_names_that(self, hub: Path, origin: Path) -> None:
        error = refused(hub, origin / "lib")
        assert error.code == "project.not-repository"
        assert str(origin) in error.message

    def test_empty(self, hub: Path, tmp_path: Path) -> None:
        plain_git(tmp_path, "init", "-q", "empty")
        plain_git(tmp_path, "init", "-q", "--bare", "empty.git")
        assert refused(hub, tmp_path / "empty").code == "project.empty"
        assert refused(hub, tmp_path / "empty.git").code == "project.empty"

    def test_sha256(self, hub: Path, tmp_path: Path) -> None:
        plain_git(tmp_path, "init", "-q", "--object-format=sha256", "new")
        write(tmp_path / "new/a")
        plain_git(tmp_path / "new", "add", ".")
        plain_git(tmp_path / "new", "commit", "-q", "-m", "x")
        assert refused(hub, tmp_path / "new").code == "project.sha256"

    @pytest.mark.parametrize(
        "source",
        [
            "",
            "  ",
            "../..",
            "repo",
            "-x",
            "--upload-pack=touch x",
            "ext::sh -c touch% x",
            "fd::17",
            "git://example.org/x.git",
            "http://example.org/x.git",
            "https://",
            "https://example.org",
            "https://user:secret@example.org/x.git",
            "ssh://-oProxyCommand=touch/x",
            "ssh://host/-x",
            "-oProxyCommand=touch:x",
            "host:-x",
            "file://elsewhere/x",
            "https://exa mple.org/x",
            "https://example.org:port/x",
            "/tmp/a\0b",
            "/tmp/a\nb",
            "https://example.org/\x1b[31m",
            "https://example.org/\u202ex",
            "x" * 3000,
        ],
    )
    def test_addresses(self, hub: Path, source: str) -> None:
        error = refused(hub, source)
        assert error.code == "project.source"
        assert error.http_status == 400
        assert "secret" not in error.message

    def test_unreachable(self, hub: Path) -> None:
        error = refused(hub, "https://127.0.0.1:9/x.git")
        assert error.code == "project.unreachable"
        assert error.http_status == 503

    @pytest.mark.skipif(os.getuid() != 0, reason="needs root to give a file away")
    def test_somebody_elses_repository(
        self, hub: Path, origin: Path, home: Path, canary: Canary
    ) -> None:
        plain_git(origin, "config", "core.fsmonitor", canary.command)
        subprocess.run(["chown", "-R", "nobody", str(origin)], check=True)
        error = refused(hub, origin)
        assert error.code == "project.owner"
        assert "nobody" in error.message
        assert f"safe.directory {origin}" in error.message
        # Doing what the sentence says helps.
        plain_git(home, "config", "--global", "--add", "safe.directory", str(origin))
        hub_create(hub=hub, source=str(origin))
        hub_fetch(hub=hub)
        assert not canary.sang()

    def test_an_origin_that_goes_away_later(self, hub: Path, origin: Path) -> None:
        hub_create(hub=hub, source=str(origin))
        origin.rename(origin.with_name("moved"))
        with pytest.raises(SourceError, match="nothing at"):
            hub_fetch(hub=hub)
        assert commit_resolve(hub=hub, rev="main")


class TestFetch:
    def test_moved_rewritten_and_deleted_branches(self, hub: Path, origin: Path) -> None:
        plain_git(origin, "branch", "old")
        hub_create(hub=hub, source=str(origin))
        plain_git(origin, "branch", "-D", "old")
        plain_git(origin, "commit", "-q", "--amend", "-m", "Rewritten")
        plain_git(origin, "branch", "-m", "main", "trunk")
        hub_fetch(hub=hub)
        assert [branch.name for branch in hub_branches(hub)] == ["trunk"]
        assert hub_default_branch(hub) == "trunk"

    def test_a_branch_that_became_a_directory(self, hub: Path, origin: Path) -> None:
        plain_git(origin, "branch", "a")
        hub_create(hub=hub, source=str(origin))
        plain_git(origin, "branch", "-D", "a")
        plain_git(origin, "branch", "a/b")
        hub_fetch(hub=hub)
        assert {branch.name for branch in hub_branches(hub)} == {"a/b", "main"}

    def test_snapshots_go_on_while_a_slow_origin_is_fetched(self, desk: Desk, home: Path) -> None:
        pipe = desk.root / "pipe"
        os.mkfifo(pipe)
        ssh = write(home / "slow-ssh", f"#!/bin/sh\necho > {pipe}\nread end < {pipe}\nexit 1\n")
        ssh.chmod(0o755)
        plain_git(home, "config", "--global", "core.sshCommand", str(ssh))
        plain_git(home, "config", "--global", "ssh.variant", "ssh")
        plain_git(desk.hub, "config", "remote.origin.url", "git@example.org:x.git")
        with ThreadPoolExecutor(1) as pool:
            fetch = pool.submit(remote_tip, hub=desk.hub, branch="main")
            pipe.read_text()  # the origin is being asked
            desk.write("x.py")
            assert desk.snapped().files_changed == 1
            assert not fetch.done()
            pipe.write_text("end\n")
            with pytest.raises(SourceError):
                fetch.result(60)

    def test_our_own_refs_survive(self, desk: Desk) -> None:
        desk.write("x.py")
        taken = desk.snapped()
        hub_fetch(hub=desk.hub)
        assert commit_resolve(hub=desk.hub, rev=desk.branch) == taken.commit
        plain_git(desk.workspace, "fsck", "--connectivity-only")


class TestRevisions:
    @pytest.mark.parametrize(
        "rev",
        [
            "",
            "-x",
            "--all",
            "a..b",
            "^main",
            "main:app.py",
            ":/First",
            "@{-1}",
            "a b",
            "\0",
            "a\nb",
        ],
    )
    def test_what_is_no_revision(self, desk: Desk, rev: str) -> None:
        with pytest.raises(InvalidRefError) as caught:
            commit_resolve(hub=desk.hub, rev=rev)
        assert caught.value.http_status == 400

    @pytest.mark.parametrize("rev", ["nope", "0" * 40, "main~99", "ümlaut", "HEAD", "origin"])
    def test_what_is_not_there(self, desk: Desk, rev: str) -> None:
        with pytest.raises(CommitNotFoundError) as caught:
            commit_resolve(hub=desk.hub, rev=rev)
        assert caught.value.http_status == 404

    def test_no_such_branch(self, desk: Desk) -> None:
        with pytest.raises(CommitNotFoundError) as caught:
            branch_commit(hub=desk.hub, branch="nope")
        assert caught.value.code == "project.branch"

    @pytest.mark.parametrize(
        "name", ["-x", "a..b", "a b", "a.lock", "@", "HEAD", "/a", "a/", "a~1"]
    )
    def test_branch_names(self, desk: Desk, name: str) -> None:
        with pytest.raises(InvalidRefError):
            branch_set(hub=desk.hub, branch=name, commit=desk.base, expected=None)


class TestBranchSet:
    def test_compare_and_swap(self, desk: Desk) -> None:
        desk.write("x.py")
        newer = desk.snapped().commit
        branch_set(hub=desk.hub, branch="b", commit=desk.base, expected="")
        with pytest.raises(RefMovedError):
            branch_set(hub=desk.hub, branch="b", commit=newer, expected="")
        with pytest.raises(RefMovedError):
            branch_set(hub=desk.hub, branch="b", commit=newer, expected=newer)
        branch_set(hub=desk.hub, branch="b", commit=newer, expected=desk.base)
        assert commit_resolve(hub=desk.hub, rev="b") == newer

    def test_an_unknown_commit(self, desk: Desk) -> None:
        with pytest.raises(CommitNotFoundError):
            branch_set(hub=desk.hub, branch="b", commit="1" * 40, expected=None)


class TestBlobs:
    def test_reading(self, desk: Desk) -> None:
        def read(path: str, limit_bytes: int = 100) -> bytes | None:
            return blob_read(hub=desk.hub, commit=desk.base, path=path, limit_bytes=limit_bytes)

        assert read("README.md") == b"# Sample\n"
        assert read("nope") is None
        assert read("lib") is None
        assert read("*.md") is None
        assert read("../README.md") is None
        with pytest.raises(TooLargeError) as caught:
            read("app.py", 10)
        assert caught.value.details["size_bytes"] > 10


def test_errors_of_git_are_git_errors(tmp_path: Path) -> None:
    with pytest.raises(GitError):
        hub_branches(tmp_path)
    with pytest.raises(GitError):
        hub_branches(tmp_path / "nope")
