"""Whether a workspace's setup must run again: a digest of the commands and of the files they depend on.

The digest is taken before the setup is started and counts once it has succeeded: what an agent changes
in between makes it run again, never be left out.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from orchestrator.lib.project_settings import ProjectSettings
from orchestrator.models import Environment, Variant

INPUT_LIMIT_BYTES = 8 * 1024 * 1024


def setup_due(environment: Environment, settings: ProjectSettings) -> str:
    """The key of the setup that must run now, noted as under way; empty if it has run on the files as they are."""
    key = setup_key(settings, workspace=Path(environment.path))
    if key == environment.setup_key:
        return ""
    Environment.objects.filter(pk=environment.pk).update(setup_pending=key)
    return key


def setup_done(*, variant: Variant, key: str) -> None:
    """The setup of this key has succeeded. Another one that was begun since is not done by that."""
    if key:
        Environment.objects.filter(variant=variant, setup_pending=key).update(
            setup_key=key, setup_pending=""
        )


def setup_key(settings: ProjectSettings, *, workspace: Path) -> str:
    """Changes when the setup commands or a declared input change; empty without any setup."""
    if not settings.setup:
        return ""
    digest = hashlib.sha256(repr(settings.setup).encode())
    for pattern in settings.setup_inputs:
        if pattern.startswith("/") or ".." in Path(pattern).parts:
            continue
        for path in sorted(workspace.glob(pattern)):
            digest.update(os.fsencode(path.relative_to(workspace)) + b"\0" + _content(path) + b"\0")
    return digest.hexdigest()


def _content(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return b"not a plain file"
        with path.open("rb") as file:
            return hashlib.sha256(file.read(INPUT_LIMIT_BYTES)).digest()
    except OSError:
        return b"unreadable"
