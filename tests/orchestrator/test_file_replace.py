"""One file of a workspace replaced: never through a link, never over what was not expected."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.environments.editing import file_replace
from tests.support.repositories import write


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    write(tmp_path / "w/src/app.py", "old\n")
    write(tmp_path / "outside/app.py", "old\n")
    return tmp_path / "w"


def replace(workspace: Path, path: str = "src/app.py", old: bytes = b"old\n") -> bool:
    return file_replace(workspace=workspace, path=path, old=old, new=b"new\n")


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_it_is_replaced_and_keeps_its_mode(workspace: Path) -> None:
    (workspace / "src/app.py").chmod(0o640)
    assert replace(workspace)
    assert (workspace / "src/app.py").read_text() == "new\n"
    assert (workspace / "src/app.py").stat().st_mode & 0o777 == 0o640
    assert names(workspace / "src") == ["app.py"]


def test_what_was_not_expected_stays(workspace: Path) -> None:
    assert not replace(workspace, old=b"odd\n")
    assert not replace(workspace, old=b"older\n")
    assert (workspace / "src/app.py").read_text() == "old\n"
    assert names(workspace / "src") == ["app.py"]


def test_what_is_no_file_is_left_alone(workspace: Path) -> None:
    assert not replace(workspace, "src")
    assert not replace(workspace, "nothing/app.py")
    assert not replace(workspace, "src/nothing.py")
    os.mkfifo(workspace / "src/fifo")
    assert not replace(workspace, "src/fifo")
    assert names(workspace / "src") == ["app.py", "fifo"]


def test_no_link_is_followed(workspace: Path) -> None:
    outside = workspace.parent / "outside"
    (workspace / "file.py").symlink_to(outside / "app.py")
    (workspace / "folder").symlink_to(outside)
    assert not replace(workspace, "file.py")
    assert not replace(workspace, "folder/app.py")
    linked = workspace.parent / "linked"
    linked.symlink_to(workspace)
    assert not replace(linked)
    assert (outside / "app.py").read_text() == "old\n"
    assert names(outside) == ["app.py"]
