from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from review.diff import DiffOptions, FileDiff, FileInput, file_diff

GitPatch = Callable[..., bytes]
Differ = Callable[..., FileDiff]

IGNORE = {"none": [], "eol": ["--ignore-space-at-eol"], "change": ["-b"], "all": ["-w"]}


@pytest.fixture(scope="session")
def git_patch(tmp_path_factory: pytest.TempPathFactory) -> GitPatch:
    """Real git's `-U0` patch of two contents."""
    folder: Path = tmp_path_factory.mktemp("pairs")

    def patch(left: bytes, right: bytes, *, whitespace: str = "none") -> bytes:
        (folder / "left").write_bytes(left)
        (folder / "right").write_bytes(right)
        command = [
            "git",
            "diff",
            "--no-index",
            "--no-color",
            "--no-ext-diff",
            "-U0",
            *IGNORE[whitespace],
        ]
        done = subprocess.run(
            [*command, "left", "right"], cwd=folder, capture_output=True, check=False, timeout=60
        )
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    return patch


@pytest.fixture(scope="session")
def differ(git_patch: GitPatch) -> Differ:
    def diff(
        left: bytes | None, right: bytes | None, *, whitespace: str = "none", **fields: str
    ) -> FileDiff:
        both = left is not None and right is not None
        patch = git_patch(left, right, whitespace=whitespace) if both else b""
        fields.setdefault("path", "example.py")
        file = FileInput(left=left, right=right, patch=patch, **fields)  # type: ignore[arg-type]
        return file_diff(file, DiffOptions(whitespace=whitespace))

    return diff
