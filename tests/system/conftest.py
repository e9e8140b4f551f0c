from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installation import Installation, git


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One installation for the tests that only use it; whoever kills it makes one of their own."""
    made = Installation(tmp_path_factory.mktemp("installation") / "data")
    made.up()
    yield made
    made.down()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Installation]:
    """An installation of the test's own, to kill parts of."""
    made = Installation(tmp_path / "data")
    made.up()
    yield made
    made.down()


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A person's working copy with `main` checked out, clean."""
    path = tmp_path / "origin"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    (path / "README.md").write_text("# A project\n")
    (path / "calc.py").write_text("def add(a, b):\n    return a + b\n")
    git(path, "add", ".")
    git(path, "commit", "--quiet", "-m", "Begin")
    return path
