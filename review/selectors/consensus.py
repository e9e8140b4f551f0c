"""Where the Variants of a Task agree, stand alone, or contradict each other.

What is read from git is kept by the commits it was read of, so only a Variant's newest state costs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.git.blobs import blobs_read
from orchestrator.git.refs import display_path
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Task
from orchestrator.selectors.access import Viewer, task_get_for
from review.compare import (
    READING_ORDER,
    Group,
    Option,
    as_content,
    existence_told,
    file_groups,
)
from review.diff.text import text_read
from review.diff.types import Text
from review.hunks import About, Fact, FileHunks, base_range
from review.new_files import new_file_groups
from review.selectors.compare import path_text
from review.selectors.hunks import PairHunks, pair_hunks

# A new file larger than that is not aligned with its namesakes: they are compared as wholes.
ALIGN_LIMIT_BYTES = 1_000_000
GROUPS_MAX = 5_000

Heads = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ground:
    """What is compared: the base, and by letter the newest commit of each Variant that has one."""

    task: Task
    hub: Path
    base: str
    heads: Heads


@dataclass(frozen=True, slots=True)
class FileConsensus:
    """One file: its path in the base (or, where the base has none, in the variants)."""

    path: str
    files: Mapping[str, FileHunks]
    groups: tuple[Group, ...]

    def name_of(self, letter: str) -> str:
        """What the file is called there; "" is the base, where it has the name of the others' place."""
        return self.files[letter].path if letter in self.files else self.path


def ground_get(*, user: Viewer, task_id: object) -> Ground:
    return ground_of(task_get_for(user, task_id))


def ground_of(task: Task) -> Ground:
    shown = (v for v in task.variants.all() if v.head_commit and v.archived_at is None)
    heads = {v.letter: v.head_commit for v in shown}
    heads = dict(sorted(heads.items()))
    return Ground(task, hub_dir(task.project_id), task.spec.base_commit, heads)


def pairs_read(ground: Ground) -> dict[str, PairHunks]:
    """What each Variant did to the base, by letter."""
    return {
        letter: pair_hunks(hub=ground.hub, left=ground.base, right=head)
        for letter, head in ground.heads.items()
    }


def places_named(pairs: Mapping[str, PairHunks], path: str) -> set[str]:
    """Where the files stand that have this name in the base or in any of the Variants."""
    return set().union(*(pair.places(path) for pair in pairs.values()))


def files_consensus(ground: Ground, *, path: str = "") -> Iterator[FileConsensus]:
    """Each file that a Variant changed, in the order of paths; `path` for one of them only.

    Any of its names will do: the base's, or that of a Variant which renamed it.
    """
    pairs = pairs_read(ground)
    return consensus_at(ground.hub, pairs, places_named(pairs, path) if path else None)


def consensus_at(
    hub: Path, pairs: Mapping[str, PairHunks], places: Collection[str] | None
) -> Iterator[FileConsensus]:
    """The files at these places, or all of them."""
    by_place: dict[str, dict[str, FileHunks]] = {}
    for letter, pair in pairs.items():
        for file in pair.values() if places is None else pair.at(places):
            by_place.setdefault(file.place, {})[letter] = file
    for place in sorted(by_place):
        files = by_place[place]
        yield FileConsensus(place, files, _groups(hub, files))


def _groups(hub: Path, files: Mapping[str, FileHunks]) -> tuple[Group, ...]:
    files = existence_told(files)
    blobs = {file.new_blob for file in files.values()}
    if len(files) == 1 or len(blobs) == 1 or any(file.status != "A" for file in files.values()):
        return file_groups(files)
    texts = _texts(hub, {letter: file.new_blob for letter, file in files.items()})
    if texts is None:
        return file_groups({letter: as_content(file) for letter, file in files.items()})
    facts = {
        letter: file._replace(hunks=tuple(h for h in file.hunks if h.about is About.FACTS))
        for letter, file in files.items()
    }
    return (*file_groups(facts), *new_file_groups(texts))


def _texts(hub: Path, blobs: Mapping[str, str]) -> dict[str, tuple[str, ...]] | None:
    """The lines of each, told apart where the last has no end; None if one of them has no lines."""
    found = blobs_read(hub=hub, blobs=[*blobs.values()], limit_bytes=ALIGN_LIMIT_BYTES)
    texts = {}
    for letter, blob in blobs.items():
        data = found[blob].data
        text = text_read(data) if data is not None else None
        if text is None:
            return None
        texts[letter] = _lines(text)
    return texts


def _lines(text: Text) -> tuple[str, ...]:
    if text.newline or not text.lines:
        return text.lines
    return (*text.lines[:-1], text.lines[-1] + "\n")


# ---- what `GET tasks/{id}/consensus` answers


def consensus_payload(*, user: Viewer, task_id: object, path: str = "") -> dict[str, Any]:
    """All groups, those first that a reader should look at first."""
    ground = ground_get(user=user, task_id=task_id)
    found = [(group, file) for file in files_consensus(ground, path=path) for group in file.groups]
    found.sort(key=lambda pair: READING_ORDER.index(pair[0].kind))
    return {
        "base": ground.base,
        "letters": list(ground.heads),
        "total": len(found),
        "groups": _group_payloads(ground.hub, found[:GROUPS_MAX]),
    }


def _group_payloads(
    hub: Path, found: Sequence[tuple[Group, FileConsensus]]
) -> list[dict[str, Any]]:
    read = Reader(hub)
    payloads = []
    for group, file in found:
        start, count = base_range(group)
        payloads.append(
            {
                "path": path_text(file.path),
                "base_start": start,
                "base_lines": count,
                "kind": str(group.kind),
                "about": str(group.about),
                "options": [
                    {
                        "letters": list(option.letters),
                        "text": option_text(read, file.files, group, option),
                        "keys": list(option.keys),
                    }
                    for option in group.options
                ],
            }
        )
    return payloads


class Reader:
    """Lines of blobs, the newest few kept: groups of one file come in a row."""

    def __init__(self, hub: Path, *, limit_bytes: int = 8 * ALIGN_LIMIT_BYTES) -> None:
        self.hub = hub
        self.limit_bytes = limit_bytes
        self.kept: dict[str, tuple[str, ...] | None] = {}

    def lines(self, blob: str) -> tuple[str, ...] | None:
        if blob not in self.kept:
            if len(self.kept) > 64:
                self.kept.clear()
            self.fetch([blob])
        return self.kept[blob]

    def fetch(self, blobs: Sequence[str]) -> None:
        """Read all of them at the price of one."""
        found = blobs_read(hub=self.hub, blobs=blobs, limit_bytes=self.limit_bytes)
        for blob, read in found.items():
            text = text_read(read.data) if read.data is not None else None
            self.kept[blob] = text.lines if text else None


def option_text(
    read: Reader, files: Mapping[str, FileHunks], group: Group, option: Option
) -> list[str]:
    """The lines that an option puts there; a sentence where it is not about lines."""
    letter = option.letters[0]
    change = files[letter]
    if group.about is About.FACTS:
        return [_fact(change, group)]
    if not change.new_blob.strip("0"):
        return []
    if group.about is About.CONTENT:
        return [f"content {change.new_blob}"]
    lines = read.lines(change.new_blob)
    start, end = group.spans[letter]
    return list(lines[start:end]) if lines is not None else []


def _fact(change: FileHunks, group: Group) -> str:
    if group.start == Fact.EXISTS:
        return "a new file" if change.status == "A" else "deleted"
    if group.start == Fact.NAME:
        return f"renamed to {display_path(change.path)}"
    return f"mode {change.new_mode}"
