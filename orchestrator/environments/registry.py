from __future__ import annotations

from orchestrator.environments.base import EnvironmentKind
from orchestrator.environments.worktree import WorktreeKind

KINDS: dict[str, EnvironmentKind] = {"worktree": WorktreeKind()}


def kind_get(name: str) -> EnvironmentKind:
    return KINDS[name]
