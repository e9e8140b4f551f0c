"""Bringing ignored files such as `.env` from the person's working copy into a workspace."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from orchestrator.lib.errors import Invalid


def files_matching(root: Path, patterns: Sequence[str]) -> list[str]:
    """Files below `root` that match a pattern, relative, sorted; symlinks are left out, they may lead anywhere."""
    found: set[Path] = set()
    for pattern in patterns:
        pure = PurePosixPath(pattern)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts:
            raise Invalid(
                "settings.invalid",
                f"copy: “{pattern}” must stay inside the repository.",
            )
        for path in root.glob(pattern):
            files = [path] if not path.is_dir() else list(path.rglob("*"))
            found.update(f for f in files if _plain_file_inside(root, f))
    return sorted(str(path.relative_to(root)) for path in found)


def _plain_file_inside(root: Path, path: Path) -> bool:
    if ".git" in path.relative_to(root).parts or path.is_symlink() or not path.is_file():
        return False
    return path.resolve().is_relative_to(root.resolve())


def copy_into(*, source: Path, workspace: Path, names: Sequence[str]) -> None:
    for name in names:
        target = workspace / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(workspace.resolve()):
            continue  # a committed symlink leads out of the workspace
        partial = target.with_name(f".{target.name}.bakeoff-copy")
        shutil.copy2(source / name, partial, follow_symlinks=False)
        partial.replace(target)
