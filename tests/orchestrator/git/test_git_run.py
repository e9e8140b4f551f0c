from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.git import run
from orchestrator.git.errors import (
    DiskFullError,
    GitError,
    GitMissingError,
    GitTimeoutError,
    InvalidRefError,
    SourceError,
)
from orchestrator.git.refs import display_path, is_commit_id, ref_name_check, source_check
from orchestrator.git.run import GitResult, git, git_failure, redact
from tests.support.repositories import Desk, plain_git, write


def test_a_command_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    marker = tmp_path / "child"
    hang = f"!echo $$ > {marker}; sleep 600"
    for timeout_s in (1, 20):  # in the first one it may hardly have begun
        with pytest.raises(GitTimeoutError) as caught:
            git("-c", f"alias.hang={hang}", "hang", timeout_s=timeout_s)
        assert caught.value.code == "git.timeout"
        if marker.exists() and marker.read_text():
            break
    child = int(marker.read_text())
    deadline = time.monotonic() + 60
    while Path(f"/proc/{child}").exists() and "zombie" not in status(child):
        assert time.monotonic() < deadline, "the child lives on"


def status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return "zombie"


def test_no_git_on_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    run.git_executable.cache_clear()
    try:
        with pytest.raises(GitMissingError) as caught:
            git("version")
        assert caught.value.http_status == 503
    finally:
        run.git_executable.cache_clear()


def test_values_of_the_environment_never_stand_in_a_command_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass-word@proxy:1")
    seen = tmp_path / "seen"
    alias = f"!cat /proc/$$/environ /proc/$PPID/cmdline | tr '\\0' '\\n' > {seen}"
    git("-c", f"alias.look={alias}", "look", login=True)
    lines = seen.read_text(errors="replace").splitlines()
    assert "HTTPS_PROXY=http://user:pass-word@proxy:1" in lines
    assert sum("pass-word" in line for line in lines) == 1


def test_a_failure_says_what_git_said() -> None:
    with pytest.raises(GitError, match="not a git repository") as caught:
        git("rev-parse", "HEAD", git_dir=Path("/proc"), cwd=Path("/"))
    assert caught.value.code == "git.failed"
    with pytest.raises(GitError) as missing:
        git("status", cwd=Path("/nonexistent"))
    assert missing.value.code == "git.directory"


def test_a_full_disk_is_told_apart() -> None:
    said = "fatal: write error: No space left on device\n"
    error = git_failure("fetch", GitResult(b"", said, 128))
    assert isinstance(error, DiskFullError)
    assert (error.code, error.http_status) == ("git.disk-full", 507)


def test_passwords_are_taken_out_of_what_is_shown() -> None:
    assert redact("unable to access 'https://bob:secret@x.org/y'") == (
        "unable to access 'https://x.org/y'"
    )


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("plain/ünï.txt", "plain/ünï.txt"),
        ("new\nline\t", "new\\nline\\t"),
        (os.fsdecode(b"latin\xe9"), "latin\\xe9"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("exe\u202egpj", "exe\\u202egpj"),
        ("half \ud800", "half ?"),
    ],
)
def test_paths_for_the_eye(path: str, shown: str) -> None:
    assert display_path(path) == shown


_CHARS = st.sampled_from([*"ab/.-@{}~^:?*[\\ \t\n", "\x7f", "ü", "\ud800", ".lock", "..", "HEAD"])


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(_CHARS, max_size=8).map("".join))
def test_every_accepted_branch_name_is_one_for_git(name: str) -> None:
    try:
        ref_name_check(name)
    except InvalidRefError:
        return
    subprocess.run(["git", "check-ref-format", "--branch", name], check=True, capture_output=True)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_text_as_a_source_is_an_answer_or_a_refusal(text: str) -> None:
    with suppress(SourceError):
        assert not source_check(text).location.startswith("-")


def test_the_large_file_filter_is_on_only_where_it_is_installed(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write(".gitattributes", "*.bin filter=lfs\n")
    desk.write("model.bin", "weights\n")
    first = desk.snapped()

    def stored(commit: str) -> str:
        return plain_git(desk.hub, "show", f"{commit}:model.bin")

    assert stored(first.commit) == "weights"
    installed = write(tmp_path / "bin/git-lfs", "#!/bin/sh\nread line; echo pointer to $line\n")
    installed.chmod(0o755)
    monkeypatch.setenv("PATH", f"{installed.parent}:{os.environ['PATH']}")
    monkeypatch.delitem(run._LFS_CONFIG, "filter.lfs.process")  # one call for each file
    run.lfs_installed.cache_clear()
    try:
        desk.write("model.bin", "better weights\n")
        assert stored(desk.snapped(first).commit) == "pointer to better weights"
    finally:
        run.lfs_installed.cache_clear()


def test_a_data_directory_with_an_awkward_name(origin: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "da:ta \"x\" 'y' \\ #1", origin).make()
    desk.write("one.py")
    desk.agent("add", ".")
    desk.agent("commit", "-q", "-m", "One")
    desk.write("two.py")
    taken = desk.snapped()
    assert taken.parent == desk.agent("rev-parse", "HEAD")
    assert taken.files_changed == 2


def test_a_commit_id_has_nothing_behind_it() -> None:
    assert is_commit_id("a" * 40)
    assert not is_commit_id("a" * 40 + "\n")
