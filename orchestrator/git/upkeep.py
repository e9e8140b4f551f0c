"""Keeping hubs quick and small without ever dropping an object: yards and workspaces borrow them."""

from __future__ import annotations

import time
from pathlib import Path

from orchestrator.git.locks import git_write, repository_lock
from orchestrator.git.run import git

LOOSE_MAX = 2_000  # objects in files of their own: every Snapshot adds some
PACKS_MAX = 20  # every fetch and every import of an agent's commits adds one
_TORN_AFTER_S = 24 * 3600  # longer than anything takes that is still being written
_TIMEOUT_S = 3600


def hub_gc(*, hub: Path) -> bool:
    """Pack the hub if there is something to gain; False if there is not.

    Loose objects and small packs become one pack, whether anything here refers to them or not.
    """
    if not _worth_it(hub):
        return False
    with repository_lock(hub):
        if not _worth_it(hub):  # another worker was quicker
            return False
        for path in _torn(hub):
            path.unlink()
        git_write("pack-refs", "--all", git_dir=hub)
        git_write("repack", "-d", "-l", "-q", "--geometric=2", git_dir=hub, timeout_s=_TIMEOUT_S)
    return True


def _worth_it(hub: Path) -> bool:
    counted = dict(
        line.split(": ", 1) for line in git("count-objects", "-v", git_dir=hub).text.splitlines()
    )
    return (
        int(counted["count"]) > LOOSE_MAX or int(counted["packs"]) > PACKS_MAX or bool(_torn(hub))
    )


def _torn(hub: Path) -> list[Path]:
    """Files that a killed git or a full disk has left half written; no object is ever read from one."""
    before = time.time() - _TORN_AFTER_S
    objects = hub / "objects"
    found: list[Path] = []
    for pattern in ("[0-9a-f][0-9a-f]/tmp_obj_*", "pack/tmp_*", "pack/.tmp-*"):
        found += (path for path in objects.glob(pattern) if _written_at(path) < before)
    return found


def _written_at(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:  # finished meanwhile
        return time.time()
