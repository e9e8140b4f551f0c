"""Files × variants as rows: what each variant did to each file, grouped by folder, in reading order. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from review.compare import Mark

# A folder of at most that many changed files is one group with what is below it.
GROUP_MAX = 12


class Sort(StrEnum):
    DISPUTED = "disputed"
    PATH = "path"
    SIZE = "size"


class Show(StrEnum):
    ALL = "all"
    DIFFER = "differ"
    CONTRADICTORY = "contradictory"
    UNIQUE = "unique"
    PARTLY = "partly"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Column:
    """What one variant did, one entry a file in each field; made of plain values, so quick to keep.

    Numbers are -1 where there are no lines. `results` say what came out: equal ones are the same.
    """

    paths: tuple[str, ...]
    statuses: str
    insertions: tuple[int, ...]
    deletions: tuple[int, ...]
    results: tuple[str, ...]


class Cell(NamedTuple):
    """`copied` is what the file was copied from, as it is shown; empty if from nothing."""

    status: str
    insertions: int
    deletions: int
    mark: Mark | None
    copied: str = ""

    @property
    def lines(self) -> int:
        return max(0, self.insertions) + max(0, self.deletions)


class Row(NamedTuple):
    """`at` says by letter where the file stands in the variant's column.

    `kind` is how the variants stand to each other here; None until the marks are known. `voices` are how
    many of those in `at` count for it, and for `differs`: not the composed ones that only took (`silent`).
    """

    path: str
    at: Mapping[str, int]
    kind: Show | None
    differs: bool
    lines: int
    voices: int
    silent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Matrix:
    """All files that any variant changed, by path. `copied` says by letter what new files were copied from."""

    columns: Mapping[str, Column]
    marks: Mapping[str, Mapping[str, Mark]] | None
    rows: Mapping[str, Row]
    lines_max: int  # of any cell
    copied: Mapping[str, Mapping[str, str]]

    def cell(self, row: Row, letter: str) -> Cell | None:
        index = row.at.get(letter)
        if index is None:
            return None
        column = self.columns[letter]
        mark = self.marks.get(row.path, _NONE).get(letter) if self.marks is not None else None
        numbers = column.insertions[index], column.deletions[index]
        return Cell(column.statuses[index], *numbers, mark, self._copied(row, letter))

    def sources(self, row: Row) -> list[str]:
        """What any variant copied the file from."""
        found = (self._copied(row, letter) for letter in row.at)
        return sorted({source for source in found if source})

    def _copied(self, row: Row, letter: str) -> str:
        return self.copied.get(letter, _NOTHING).get(row.path, "")


_NONE: Mapping[str, Mark] = {}
_NOTHING: Mapping[str, str] = {}


# Folders and their paths in the order that a page shows; kept so that an update moves nothing.
Layout = Sequence[tuple[str, Sequence[str]]]


def matrix_make(
    columns: Mapping[str, Column],
    marks: Mapping[str, Mapping[str, Mark]] | None,
    *,
    composed: Collection[str] = (),
    silent: Mapping[str, Collection[str]] | None = None,
    copied: Mapping[str, Mapping[str, str]] | None = None,
) -> Matrix:
    """`silent` are, by path, composed variants without a voice in the file. Until it is known what a
    composed one has of its own, it counts where nobody else has the file."""
    at: dict[str, dict[str, int]] = {}
    lines: dict[str, int] = {}
    most = 0
    for letter, column in columns.items():
        counted = zip(column.paths, column.insertions, column.deletions, strict=True)
        for index, (path, plus, minus) in enumerate(counted):
            touched = plus + minus if plus > 0 and minus > 0 else max(plus, 0) + max(minus, 0)
            if touched > most:
                most = touched
            if path not in at:
                at[path] = {letter: index}
                lines[path] = touched
                continue
            at[path][letter] = index
            lines[path] += touched
    everyone = {letter for letter in columns if letter not in composed}
    renames = any("R" in column.statuses for column in columns.values())
    rows = {}
    results_of = {letter: column.results for letter, column in columns.items()}
    for path, letters in at.items():
        voices = _voices(letters, composed, silent.get(path, ()) if silent is not None else None)
        results = {results_of[letter][letters[letter]] for letter in voices}
        rows[path] = Row(
            path=path,
            at=letters,
            kind=_kind(
                voices, marks.get(path, _NONE) if marks is not None else None, renames=renames
            ),
            differs=len(results) > 1 or not letters.keys() >= everyone,
            lines=lines[path],
            voices=len(voices),
            silent=frozenset(letters.keys() - set(voices)) if composed else frozenset(),
        )
    return Matrix(columns, marks, rows, most, copied or {})


def _voices(
    letters: Collection[str], composed: Collection[str], silent: Collection[str] | None
) -> Collection[str]:
    if not composed:
        return letters
    agents = [letter for letter in letters if letter not in composed]
    if silent is None:
        return agents or [*letters]
    return [letter for letter in letters if letter not in silent]


def _kind(
    voices: Collection[str], marks: Mapping[str, Mark] | None, *, renames: bool
) -> Show | None:
    """What one alone has under this name, others may have under another: the marks know."""
    alone = len(voices) == 1
    if marks is None:
        return Show.UNIQUE if alone and not renames else None
    found = (
        set(marks.values())
        if len(marks) == len(voices)
        else {marks[letter] for letter in voices if letter in marks}
    )
    if Mark.CONTRADICTORY in found:
        return Show.CONTRADICTORY
    if found == {Mark.SHARED}:
        return Show.SHARED
    return Show.UNIQUE if alone and found == {Mark.UNIQUE} else Show.PARTLY


def row_shown(row: Row, show: Show) -> bool:
    if show is Show.ALL:
        return True
    return row.differs if show is Show.DIFFER else row.kind is show


def shown_counts(rows: Iterable[Row]) -> dict[Show, int]:
    counts = dict.fromkeys(Show, 0)
    for row in rows:
        counts[Show.ALL] += 1
        counts[Show.DIFFER] += row.differs
        if row.kind is not None:
            counts[row.kind] += 1
    return counts


# ---- order


def layout_make(rows: Mapping[str, Row], sort: Sort) -> Layout:
    """Folders, and rows in them, in the order asked for."""
    folders = folders_of(rows)
    if sort is Sort.PATH:
        return [(name, sorted(paths)) for name, paths in sorted(folders.items(), key=_by_name)]
    order = _disputed if sort is Sort.DISPUTED else _size
    ranked = [
        (name, sorted(paths, key=lambda path: (order(rows[path]), path)))
        for name, paths in folders.items()
    ]
    if sort is Sort.SIZE:
        sums = {name: sum(rows[path].lines for path in paths) for name, paths in ranked}
        return sorted(ranked, key=lambda group: (-sums[group[0]], _by_name(group)))
    return sorted(ranked, key=lambda group: (order(rows[group[1][0]]), _by_name(group)))


def layout_follow(old: Layout, rows: Mapping[str, Row]) -> Layout:
    """The same order for newer rows: what is gone is left out, what is new comes last in its folder."""
    known = {path for _, paths in old for path in paths}
    groups = {name: [path for path in paths if path in rows] for name, paths in old}
    fresh = sorted(path for path in rows if path not in known)
    late: dict[str, list[str]] = {}
    for path in fresh:
        home = _home(path, groups)
        (groups[home] if home is not None else late.setdefault(_parent(path), [])).append(path)
    for name, paths in sorted(late.items(), key=_by_name):
        groups[name] = paths
    return [(name, paths) for name, paths in groups.items() if paths]


def folders_of(paths: Iterable[str]) -> dict[str, list[str]]:
    """Paths by the folder they are shown under: as few folders as keep each one short."""
    found: dict[str, list[str]] = {}
    top: dict[str, list[str]] = {}
    for path in paths:
        name, slash, _ = path.partition("/")
        top.setdefault(name + slash if slash else "", []).append(path)
    for name, members in top.items():
        if name:
            _fold(name, members, found)
        else:
            found[""] = members
    return found


def _fold(folder: str, paths: list[str], found: dict[str, list[str]]) -> None:
    """Put paths below `folder` under it, or under folders below it where there are too many."""
    while True:
        below: dict[str, list[str]] = {}
        for path in paths:
            name, slash, _ = path[len(folder) :].partition("/")
            below.setdefault(folder + name + slash if slash else "", []).append(path)
        if len(below) == 1 and "" not in below:
            folder = next(iter(below))
            continue
        break
    if len(paths) <= GROUP_MAX or list(below) == [""]:
        found[folder] = paths
        return
    for name, members in below.items():
        if name:
            _fold(name, members, found)
        else:
            found[folder] = members


def _by_name(group: tuple[str, Sequence[str]]) -> tuple[bool, str]:
    return not group[0], group[0]


def _parent(path: str) -> str:
    return path[: path.rfind("/") + 1]


def _home(path: str, folders: Mapping[str, object]) -> str | None:
    """The nearest folder above a path that there is."""
    folder = _parent(path)
    while folder and folder not in folders:
        folder = _parent(folder[:-1])
    return folder if folder in folders and (folder or "/" not in path) else None


_DISPUTED = {Show.CONTRADICTORY: 0, Show.PARTLY: 1, None: 1, Show.UNIQUE: 2, Show.SHARED: 3}


def _disputed(row: Row) -> tuple[int, ...]:
    return _DISPUTED[row.kind], -row.voices, -row.lines


def _size(row: Row) -> tuple[int, ...]:
    return (-row.lines,)
