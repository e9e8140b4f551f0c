"""Real repositories: a person's origin, a hub, a yard, and an agent's workspace in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.repositories import Canary, Desk, plain_git, write


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's home with their own git configuration; nothing of the real one shows."""
    place = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("GIT_", "XDG_")) and name != "GIT_PYTHON_REFRESH":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    write(
        place / ".gitconfig",
        "[user]\n\tname = Alice\n\temail = alice@example.org\n[init]\n\tdefaultBranch = main\n",
    )
    return place


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A person's working copy with `main` checked out."""
    place = tmp_path / "origin"
    place.mkdir()
    plain_git(place, "init", "-q", "-b", "main")
    write(place / "README.md", "# Sample\n")
    write(place / "app.py", "".join(f"line {n}\n" for n in range(40)))
    write(place / "lib/util.py", "def util():\n    return 1\n")
    write(place / ".gitignore", "*.log\n/build/\n")
    plain_git(place, "add", ".")
    plain_git(place, "commit", "-q", "-m", "First")
    return place


@pytest.fixture
def desk(tmp_path: Path, origin: Path) -> Desk:
    return Desk(tmp_path / "data", origin).make()


@pytest.fixture
def canary(tmp_path: Path) -> Canary:
    trace = tmp_path / "the-canary-sang"
    script = write(tmp_path / "canary.sh", f'#!/bin/sh\necho "$0 $*" >> {trace}\ncat\n')
    script.chmod(0o755)
    return Canary(trace, script)
