"""The hunks of a pair of commits, read from git once and kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from orchestrator.git.diffs import FileChange, changes, hunks_patch
from orchestrator.lib.errors import AppError
from review.diff import FORMAT_VERSION
from review.hunks import FileHunks, file_hunks, patch_sections
from review.lib.cache import cache_has, cached
from review.selectors.compare import path_text

# Of some hundred thousand hunks; to read them anew each time would be far dearer.
LIMIT_BYTES = 64_000_000


def pair_hunks(*, hub: Path, left: str, right: str) -> Mapping[str, FileHunks]:
    """By path (the new one where renamed), what each changed file's hunks are."""
    if left == right:
        return {}
    key = _key(left, right)
    return cached(key, lambda: _read(hub, left, right), limit_bytes=LIMIT_BYTES)


def file_hunks_get(*, hub: Path, left: str, right: str, path: str) -> FileHunks | None:
    """The hunks of one file, by its name as an address has it."""
    files = pair_hunks(hub=hub, left=left, right=right)
    return files.get(path) or next((f for f in files.values() if path_text(f.path) == path), None)


def pair_hunks_known(*, left: str, right: str) -> bool:
    """Whether they have been read before, so that asking for them costs nothing."""
    return left == right or cache_has(_key(left, right))


def _key(left: str, right: str) -> str:
    return f"hunks:{FORMAT_VERSION}:{left}:{right}"


def _read(hub: Path, left: str, right: str) -> dict[str, FileHunks]:
    found = changes(hub=hub, left=left, right=right)
    sections = patch_sections(hunks_patch(hub=hub, left=left, right=right))
    if len(sections) != len(found) + sum(change.status == "T" for change in found):
        raise AppError("compare.patch", "git's patch does not fit its list of files.", {}, 500)
    feed = iter(sections)
    known = {}
    for change in found:
        section = next(feed)
        if change.status == "T":
            next(feed)
        known[change.path] = _file(change, section)
    return known


def _file(change: FileChange, section: bytes) -> FileHunks:
    return file_hunks(
        path=change.path,
        old_path=change.old_path,
        status=change.status,
        modes=(change.old_mode, change.new_mode),
        blobs=(change.old_blob, change.new_blob),
        binary=change.binary,
        section=section,
    )
