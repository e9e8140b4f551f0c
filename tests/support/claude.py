"""Where the real claude CLI is for tests."""

from __future__ import annotations

import shutil

from tests.support.npm import MODULES, npm_missing


def claude_path() -> str:
    """`.cache/npm` (as CI installs it), or PATH; without it a skip, in CI a failure."""
    own = MODULES / ".bin/claude"
    found = str(own) if own.exists() else shutil.which("claude")
    if found is None:
        npm_missing("the claude CLI")
    return found
