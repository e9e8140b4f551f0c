"""Real repositories: a person's origin, a hub, a yard, and an agent's workspace in it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.git.hub import commit_resolve, hub_create
from orchestrator.git.snapshots import SnapshotInfo, SnapshotLimits, snapshot_take
from orchestrator.git.yard import worktree_add, yard_create


def plain_git(cwd: Path, *args: str, check: bool = True, **env: str) -> str:
    """git as a person or an agent runs it: with all configuration it finds."""
    done = subprocess.run(
        ["git", *args],
        cwd=cwd,
        capture_output=True,
        check=False,
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0", **env},
    )
    if check and done.returncode != 0:
        raise AssertionError(f"git {args}: {done.stderr.decode(errors='replace')}")
    return os.fsdecode(done.stdout).strip()


def write(path: Path, text: str | bytes = "text\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@dataclass
class Desk:
    """One project with one task of one variant, as the product lays them out."""

    root: Path
    origin: Path
    limits: SnapshotLimits = field(default_factory=SnapshotLimits)
    base: str = ""

    @property
    def hub(self) -> Path:
        return self.root / "hubs/1.git"

    @property
    def yard(self) -> Path:
        return self.root / "yards/1.git"

    @property
    def workspace(self) -> Path:
        return self.root / "worktrees/1/A"

    @property
    def index(self) -> Path:
        return self.root / "index/1"

    @property
    def branch(self) -> str:
        return "bakeoff/1/A"

    def make(self, base: str = "main") -> Desk:
        hub_create(hub=self.hub, source=str(self.origin))
        return self.make_from_hub(base)

    def make_from_hub(self, base: str = "main") -> Desk:
        self.base = commit_resolve(hub=self.hub, rev=base)
        yard_create(hub=self.hub, yard=self.yard)
        self.add()
        return self

    def add(self) -> None:
        worktree_add(
            hub=self.hub,
            yard=self.yard,
            path=self.workspace,
            base=self.base,
            branch=self.branch,
            index=self.index,
        )

    def snap(
        self, previous: SnapshotInfo | None = None, *, copied: tuple[str, ...] = ()
    ) -> SnapshotInfo | None:
        return snapshot_take(
            hub=self.hub,
            yard=self.yard,
            worktree=self.workspace,
            index=self.index,
            base=self.base,
            previous=previous,
            message="Work of variant A",
            copied=copied,
            limits=self.limits,
            branch=self.branch,
        )

    def snapped(
        self, previous: SnapshotInfo | None = None, *, copied: tuple[str, ...] = ()
    ) -> SnapshotInfo:
        taken = self.snap(previous, copied=copied)
        assert taken is not None, "nothing new was found"
        return taken

    def files(self, commit: str) -> dict[str, str]:
        """Path -> mode of all that a commit holds."""
        listed = plain_git(self.hub, "ls-tree", "-r", "-z", "--full-tree", commit)
        pairs = (line.split("\t", 1) for line in listed.split("\0") if line)
        return {path: facts.split(" ")[0] for facts, path in pairs}

    def agent(self, *args: str, check: bool = True) -> str:
        return plain_git(self.workspace, *args, check=check)

    def write(self, path: str, text: str | bytes = "text\n") -> Path:
        return write(self.workspace / path, text)


@dataclass
class Canary:
    """A command that leaves a trace when anybody runs it."""

    trace: Path
    script: Path

    @property
    def command(self) -> str:
        return str(self.script)

    def sang(self) -> bool:
        return self.trace.exists()

    def quiet(self) -> None:
        self.trace.unlink(missing_ok=True)
