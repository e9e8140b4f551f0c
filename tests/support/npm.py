"""What tests need from npm: pinned here and in `.ci/run`, installed into `.cache/npm`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / ".cache/npm/node_modules"
# All in one line: npm takes away what an installation does not name.
INSTALL = (
    "npm install --prefix .cache/npm --no-save @anthropic-ai/claude-code@2.1.197 axe-core@4.14.1"
)


def npm_missing(what: str) -> NoReturn:
    """A skip with the line that installs it; in CI, where it is installed, a failure."""
    reason = f"{what} is not installed ({INSTALL})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
