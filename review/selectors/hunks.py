"""The hunks of a pair of commits, read from git once and kept."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from orchestrator.git.diffs import FileChange, changes, file_patch, hunks_patch
from orchestrator.lib.errors import AppError
from review.diff import FORMAT_VERSION
from review.hunks import FileHunks, file_hunks, patch_sections
from review.lib.cache import cache_has, cached
from review.lib.paths import path_text

# Of some hundred thousand hunks; to read them anew each time would be far dearer.
LIMIT_BYTES = 64_000_000
PACKING = 2  # what is kept of a pair, and how


class Packed(NamedTuple):
    """A file: its name in the base, how many lines of it are new as a whole, and its pickle: the same
    bytes, the same file."""

    place: str
    lines: int
    data: bytes


class PairHunks(Mapping[str, FileHunks]):
    """Changed files by path (the new one where renamed). A file is unpacked when it is asked for:
    most questions are about one of thousands.
    """

    def __init__(self, packed: Mapping[str, Packed]) -> None:
        self._packed = packed

    def __getitem__(self, path: str) -> FileHunks:
        file: FileHunks = pickle.loads(self._packed[path].data)  # noqa: S301 - our own, packed below
        return file

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def places(self, name: str) -> set[str]:
        """Where the files stand that have this name, as an address has it, now or in the base."""
        return {
            place
            for path, (place, *_) in self._packed.items()
            if name in (path, place) or name in (path_text(path), path_text(place))
        }

    def packed(self) -> Iterator[Packed]:
        return iter(self._packed.values())

    def at(self, places: Collection[str]) -> Iterator[FileHunks]:
        """The files at these places."""
        return (self[path] for place in places for path in self._standing.get(place, ()))

    @cached_property
    def _standing(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for path, (place, *_) in self._packed.items():
            found.setdefault(place, []).append(path)
        return found


def pair_hunks(*, hub: Path, left: str, right: str) -> PairHunks:
    if left == right:
        return PairHunks({})
    key = pair_key(left, right)
    return PairHunks(cached(key, lambda: _read(hub, left, right), limit_bytes=LIMIT_BYTES))


def file_hunks_get(*, hub: Path, left: str, right: str, path: str) -> FileHunks | None:
    """The hunks of one file, by its name as an address has it."""
    pair = pair_hunks(hub=hub, left=left, right=right)
    return next((pair[known] for known in pair if path in (known, path_text(known))), None)


def pair_hunks_known(*, left: str, right: str) -> bool:
    """Whether they have been read before, so that asking for them costs nothing."""
    return left == right or cache_has(pair_key(left, right))


def pair_key(left: str, right: str) -> str:
    return f"hunks:{FORMAT_VERSION}:{PACKING}:{left}:{right}"


def _read(hub: Path, left: str, right: str) -> dict[str, Packed]:
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
        file = _hunks_of(change, section)
        data = pickle.dumps(file, protocol=pickle.HIGHEST_PROTOCOL)
        lines = (change.insertions or 0) if change.status == "A" else 0
        known[file.path] = Packed(file.place, lines, data)
    return known


def change_hunks(*, hub: Path, change: FileChange) -> FileHunks:
    """The hunks between the two contents that a change names: of a copy, what is changed in it."""
    section = file_patch(hub=hub, old_blob=change.old_blob, new_blob=change.new_blob, context=0)
    return _hunks_of(change, section)


def _hunks_of(change: FileChange, section: bytes) -> FileHunks:
    """The hunks of one file, of its part of a patch."""
    return file_hunks(
        path=change.path,
        old_path=change.old_path,
        status=change.status,
        modes=(change.old_mode, change.new_mode),
        blobs=(change.old_blob, change.new_blob),
        binary=change.binary,
        section=section,
    )
