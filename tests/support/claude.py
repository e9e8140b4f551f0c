"""Where the real claude CLI is for tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def claude_path() -> str:
    """`.cache/npm` (as CI installs it), or PATH; without it a skip, in CI a failure."""
    own = ROOT / ".cache/npm/node_modules/.bin/claude"
    found = str(own) if own.exists() else shutil.which("claude")
    if found is None:
        reason = (
            "the claude CLI is not installed "
            "(npm install --prefix .cache/npm --no-save @anthropic-ai/claude-code@2.1.197)"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
