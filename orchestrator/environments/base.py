"""What every kind of Environment offers. The kind decides where a Variant's files are and how a command of it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSpec:
    hub: Path
    yard: Path
    path: Path  # the workspace
    base: str  # the commit that its branch begins at
    files: str  # the commit whose files are checked out
    branch: str
    index: Path  # gets a copy of the fresh checkout's index, for the Snapshots


class EnvironmentKind(Protocol):
    def create(self, spec: EnvironmentSpec) -> None:
        """Make the workspace; may be repeated, and goes on where a killed call stopped."""
        ...

    def environment(self, *, server: Mapping[str, str]) -> dict[str, str]:
        """What a process in the workspace inherits of the server's environment: an allow-list."""
        ...

    def remove(self, spec: EnvironmentSpec) -> None: ...
