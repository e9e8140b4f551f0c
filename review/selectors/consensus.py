"""Where the Variants of a Task agree, stand alone, or contradict each other.

What is read from git is kept by the commits it was read of, so only a Variant's newest state costs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.git.blobs import blobs_read
from orchestrator.git.refs import display_path
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Task
from orchestrator.selectors.access import Viewer, task_get_for
from review import import_joins, taken
from review.compare import (
    Group,
    Option,
    as_content,
    existence_told,
    file_groups,
)
from review.composing.lines import lines_split
from review.diff.text import text_read
from review.diff.types import Text
from review.hunks import About, Fact, FileHunks
from review.new_files import new_file_groups
from review.selectors.hunks import PairHunks, pair_hunks
from review.voices import Composed

# A new file larger than that is not aligned with its namesakes: they are compared as wholes.
ALIGN_LIMIT_BYTES = 1_000_000
SUBMODULE_MODE = "160000"
# So many blobs are read at once, of however many files.
BLOBS_AT_ONCE = 64

Heads = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ground:
    """What is compared: the base, and by letter the newest commit of each Variant that has one.

    `composed` leads from the letter of a composed Variant to the commit that it began with.
    """

    task: Task
    hub: Path
    base: str
    heads: Heads
    composed: Heads

    @property
    def facts(self) -> tuple[object, ...]:
        """All that what is found out depends on: the key of whatever is kept of it."""
        return self.base, tuple(self.heads.items()), tuple(self.composed.items())


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
    variants = (v for v in task.variants.all() if v.head_commit and v.archived_at is None)
    shown = sorted(variants, key=lambda variant: variant.letter)
    return Ground(
        task=task,
        hub=hub_dir(task.project_id),
        base=task.spec.base_commit,
        heads={v.letter: v.head_commit for v in shown},
        composed={v.letter: v.start_commit for v in shown if v.composed},
    )


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
    return consensus_at(ground, pairs, places_named(pairs, path) if path else None)


def consensus_at(
    ground: Ground,
    pairs: Mapping[str, PairHunks],
    places: Collection[str] | None,
    began: Mapping[str, PairHunks] | None = None,
) -> Iterator[FileConsensus]:
    """The files at these places, or all of them. `began` is that of `began_read`, if it is known."""
    began = began_read(ground, pairs) if began is None else began
    by_place: dict[str, dict[str, FileHunks]] = {}
    for letter, pair in pairs.items():
        for file in pair.values() if places is None else pair.at(places):
            by_place.setdefault(file.place, {})[letter] = file
    for some in _read_together(sorted(by_place.items()), ground, began):
        blobs = sorted(set().union(*(wanted for *_, wanted in some)))
        read = blobs_read(hub=ground.hub, blobs=blobs, limit_bytes=ALIGN_LIMIT_BYTES)
        contents = {blob: found.data for blob, found in read.items() if found.data is not None}
        for place, files, begun, _ in some:
            yield FileConsensus(place, files, _groups(files, ground.composed, begun, contents))


def began_read(ground: Ground, pairs: Mapping[str, PairHunks]) -> dict[str, PairHunks]:
    """By letter, what composed Variants did to the base when they were composed."""
    return {
        letter: pairs[letter]
        if start == ground.heads[letter]
        else pair_hunks(hub=ground.hub, left=ground.base, right=start)
        for letter, start in ground.composed.items()
    }


Files = Mapping[str, FileHunks]
Wanted = tuple[str, Files, Files, frozenset[str]]  # a place, its files, those begun with, blobs


def _read_together(
    places: Iterable[tuple[str, Files]], ground: Ground, began: Mapping[str, PairHunks]
) -> Iterator[list[Wanted]]:
    """Places with the blobs that they need, several at a time: each reading costs two processes."""
    some: list[Wanted] = []
    count = 0
    for place, files in places:
        begun = {
            letter: file for letter, pair in began.items() if letter in files
            for file in pair.at((place,))
        }  # fmt: skip
        wanted = _contents_wanted(files, ground.composed, begun)
        if some and wanted and count + len(wanted) > BLOBS_AT_ONCE:
            yield some
            some, count = [], 0
        some.append((place, files, begun, wanted))
        count += len(wanted)
    if some:
        yield some


def _contents_wanted(files: Files, composed: Heads, begun: Files) -> frozenset[str]:
    if len(files) == 1:
        return frozenset()
    if _to_align(files):
        blobs = (file.new_blob for file in (*files.values(), *begun.values()))
        return frozenset(blob for blob in blobs if blob.strip("0"))
    return taken.contents_wanted(files, composed, begun=begun) | import_joins.contents_wanted(files)


def _to_align(files: Mapping[str, FileHunks]) -> bool:
    """Whether the base has nothing that leads from the lines of one to those of the other."""
    blobs = {file.new_blob for file in files.values()}
    return len(blobs) > 1 and all(
        file.status == "A" and file.new_mode != SUBMODULE_MODE for file in files.values()
    )


def _groups(
    files: Mapping[str, FileHunks],
    composed: Heads,
    begun: Mapping[str, FileHunks],
    contents: Mapping[str, bytes],
) -> tuple[Group, ...]:
    files = existence_told(files)
    if len(files) == 1:
        return file_groups(files)
    if not _to_align(files):
        apart, known = taken.taken_apart(files, composed, begun=begun, contents=contents)
        lines = {blob: lines_split(contents[blob]) for blob in _joinable(apart, contents)}
        return file_groups(apart, known, import_joins.import_joins(apart, lines))
    since = {n: taken.made_since(f, begun.get(n), None) for n, f in files.items() if n in composed}
    who = Composed(frozenset(composed), since=since)
    texts = _texts({letter: file.new_blob for letter, file in files.items()}, contents)
    if texts is None:
        return file_groups({letter: as_content(file) for letter, file in files.items()}, who)
    facts = {
        letter: replace(file, hunks=tuple(h for h in file.hunks if h.about is About.FACTS))
        for letter, file in files.items()
    }
    return (
        *file_groups(facts, who),
        *new_file_groups(texts, composed, _lines_begun(begun, contents)),
    )


def _joinable(files: Mapping[str, FileHunks], contents: Mapping[str, bytes]) -> set[str]:
    return {blob for blob in import_joins.contents_wanted(files) if blob in contents}


def _texts(
    blobs: Mapping[str, str], contents: Mapping[str, bytes]
) -> dict[str, tuple[str, ...]] | None:
    """The lines of each, told apart where the last has no end; None if one of them has no lines."""
    texts = {}
    for letter, blob in blobs.items():
        text = text_read(contents[blob]) if blob in contents else None
        if text is None:
            return None
        texts[letter] = _lines(text)
    return texts


def _lines_begun(begun: Files, contents: Mapping[str, bytes]) -> dict[str, tuple[str, ...]]:
    """The same of what composed Variants began with; nothing of what is no text."""
    known = {n: text_read(contents[f.new_blob]) for n, f in begun.items() if f.new_blob in contents}
    return {letter: _lines(text) for letter, text in known.items() if text}


def _lines(text: Text) -> tuple[str, ...]:
    if text.newline or not text.lines:
        return text.lines
    return (*text.lines[:-1], text.lines[-1] + "\n")


# ---- what an option puts there


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
