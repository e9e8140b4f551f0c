"""One file of several variants side by side, aligned by the lines of the base. Pure.

A row has a cell for the base and one for each column. Where columns put text in the same place, what is equal among
them stands in one row, so that who wrote the same line can be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from review.diff.patch import Opcode, lines_opcodes

FOLD_MIN = 3
HEADING_SEARCH_LINES = 3_000
NEAR_ROWS = 6

Cell = int | None  # the index of a line in its file


@dataclass(frozen=True, slots=True)
class Column:
    """A file and how it came from the base's."""

    lines: Sequence[str]
    opcodes: Sequence[Opcode]


@dataclass(frozen=True, slots=True)
class Row:
    """`cells` of the base and the columns in order. `same` names for each the first cell with the same text.

    `equal`: every column that is shown has this line, the base too if it has the file at all; or none of them has a
    line here. `apart`: the hidden columns that have something else than any that is shown, or than the base.
    """

    cells: tuple[Cell, ...]
    same: tuple[Cell, ...]
    equal: bool
    apart: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows start:end are equal in the columns that are shown, `lines` of them, and folded.

    `apart`: the hidden columns that have something else here; `at` is where that begins, a column and its line.
    """

    start: int
    end: int
    lines: int
    heading: str = ""
    apart: tuple[int, ...] = ()
    at: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """Said before rows in view where hidden columns have something else; as a fold does."""

    apart: tuple[int, ...]
    at: tuple[int, int] | None


def columns_align(
    base: Sequence[str] | None, columns: Sequence[Column], *, hidden: int = 0
) -> list[Row]:
    """`base` is None where it has no such file; then the opcodes are about an empty one.

    The last `hidden` columns are not shown: they are aligned to know where what is shown is not all there is.
    """
    lines = base or ()
    files = [lines, *(column.lines for column in columns)]
    first = 1 if base is None else 0
    shown = len(files) - hidden
    return [_row(cells, files, first, shown) for cells in _cells(lines, columns, files)]


def _row(cells: Sequence[Cell], files: Sequence[Sequence[str]], first: int, shown: int) -> Row:
    known: dict[str, int] = {}
    same: list[Cell] = []
    for place, cell in enumerate(cells):
        same.append(None if cell is None else known.setdefault(files[place][cell], place))
    seen = same[first:shown]
    equal = all(place == first for place in seen) or all(place is None for place in seen)
    known_here = {*seen} or {None}
    apart = (n for n in range(shown, len(same)) if same[n] not in known_here)
    return Row(tuple(cells), tuple(same), equal, tuple(apart))


def _cells(
    base: Sequence[str], columns: Sequence[Column], files: Sequence[Sequence[str]]
) -> Iterator[list[Cell]]:
    shifts = [0] * len(columns)  # how far a column is ahead of the base
    feeds = [list(column.opcodes) for column in columns]
    at = 0
    for start, end in _places(columns):
        for line in range(at, start):
            yield [line, *(line + shift for shift in shifts)]
        window: list[list[Cell]] = [[line, *(None for _ in columns)] for line in range(start, end)]
        for number, feed in enumerate(feeds):
            here: list[Opcode] = []
            while feed and feed[0].left_end <= end:
                here.append(feed.pop(0))
            window = _place(window, files, number + 1, start, end, shifts[number], here)
            shifts[number] += sum(
                op.right_end - op.right_start - (op.left_end - op.left_start) for op in here
            )
        yield from window
        at = end
    for line in range(at, len(base)):
        yield [line, *(line + shift for shift in shifts)]


def _places(columns: Sequence[Column]) -> list[tuple[int, int]]:
    """Stretches of the base that some column changes; those that touch are one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted((op.left_start, op.left_end) for c in columns for op in c.opcodes):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _place(
    window: list[list[Cell]],
    files: Sequence[Sequence[str]],
    column: int,
    start: int,
    end: int,
    shift: int,
    opcodes: Sequence[Opcode],
) -> list[list[Cell]]:
    """Write a column's lines of base start:end into the rows that those before it made, and into new ones."""
    rows: list[list[Cell]] = []
    left = 0  # of the window
    at = start  # of the base
    for op in (*opcodes, Opcode(end, end, 0, 0)):
        while at < op.left_start:  # lines of the base that the column kept
            row = window[left]
            if row[0] is not None:
                row[column] = row[0] + shift
                at += 1
            rows.append(row)
            left += 1
        right = left
        while right < len(window) and (
            window[right][0] is None or (window[right][0] or 0) < op.left_end
        ):
            right += 1
        lines = range(op.right_start, op.right_end)
        rows += _fill(window[left:right], files, column, lines)
        left, at = right, op.left_end
        shift += len(lines) - (op.left_end - op.left_start)
    return rows


def _fill(
    rows: list[list[Cell]], files: Sequence[Sequence[str]], column: int, lines: range
) -> list[list[Cell]]:
    if not lines:
        return rows
    texts = [files[column][line] for line in lines]
    wanted = set(texts)
    keys = [_key(row, files, wanted) for row in rows]
    opcodes = lines_opcodes(keys, texts)
    filled: list[list[Cell]] = []
    at = at_line = 0
    if opcodes is None:  # too long to compare: side by side as they come
        opcodes = (Opcode(0, len(rows), 0, len(texts)),)
    ends = Opcode(len(rows), len(rows), len(texts), len(texts))
    for op in (*opcodes, ends):
        for row, line in zip(
            rows[at : op.left_start], lines[at_line : op.right_start], strict=True
        ):
            row[column] = line
            filled.append(row)
        old, new = rows[op.left_start : op.left_end], lines[op.right_start : op.right_end]
        for free, line_or_none in zip_longest(old, new):
            row = free if free is not None else [None] * len(files)
            row[column] = line_or_none
            filled.append(row)
        at, at_line = op.left_end, op.right_end
    return filled


def _key(row: Sequence[Cell], files: Sequence[Sequence[str]], wanted: set[str]) -> str:
    """The text by which a line may find this row: one that it has, else its first."""
    texts = [files[place][cell] for place, cell in enumerate(row) if cell is not None]
    return next((text for text in texts if text in wanted), texts[0])


def columns_fold(
    rows: Sequence[Row], lines: Sequence[str], *, context: int, place: int = 0
) -> Iterator[Row | Fold]:
    """Rows with folds in place of equal ones away from any change.

    Headings are looked for in `lines`, which are those of the cells at `place`.
    """
    at = 0
    while at < len(rows):
        end = at
        while end < len(rows) and rows[end].equal:
            end += 1
        first = at + (context if at else 0)
        last = end - (context if end < len(rows) else 0)
        if last - first > FOLD_MIN:
            yield from rows[at:first]
            yield columns_folded(rows, lines, first, last, place=place)
            yield from rows[last:end]
        else:
            yield from rows[at:end]
        at = end
        while at < len(rows) and not rows[at].equal:
            yield rows[at]
            at += 1


def columns_folded(
    rows: Sequence[Row], lines: Sequence[str], start: int, end: int, *, place: int = 0
) -> Fold:
    """The fold of these rows."""
    hidden = rows[start:end]
    count = sum(row.cells[place] is not None for row in hidden)
    heading = _heading(rows, lines, place, end) if end < len(rows) else ""
    return Fold(start, end, count, heading, *_apart(hidden, place))


def _apart(rows: Sequence[Row], place: int) -> tuple[tuple[int, ...], tuple[int, int] | None]:
    """The hidden columns that have something else there, and a line where that begins."""
    apart = sorted({column for row in rows for column in row.apart})
    differs = next((row for row in rows if row.apart), None)
    if differs is None:
        return (), None
    lines_there = ((column, differs.cells[column]) for column in (*differs.apart, place))
    at = next(((column, line) for column, line in lines_there if line is not None), None)
    return tuple(apart), at


def columns_beside(parts: Iterable[Row | Fold], *, place: int = 0) -> Iterator[Row | Fold | Beside]:
    """The same with a word before each few rows in view where hidden columns have something else."""
    for is_fold, group in groupby(parts, key=lambda part: isinstance(part, Fold)):
        if is_fold:
            yield from group
            continue
        rows = [part for part in group if isinstance(part, Row)]
        at = 0
        for start, end in _runs(rows):
            yield from rows[at:start]
            yield Beside(*_apart(rows[start:end], place))
            at = start
        yield from rows[at:]


def _runs(rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """Stretches of rows in which hidden columns are apart; those near each other are one."""
    start = end = None
    for number, row in enumerate(rows):
        if not row.apart:
            continue
        if start is None or end is None or number - end > NEAR_ROWS:
            if start is not None and end is not None:
                yield start, end
            start = number
        end = number + 1
    if start is not None and end is not None:
        yield start, end


def _heading(rows: Sequence[Row], lines: Sequence[str], place: int, at: int) -> str:
    """What the row belongs to, found as git does: the last line that begins with a letter, _ or $."""
    for row in reversed(rows[max(0, at - HEADING_SEARCH_LINES) : at]):
        cell = row.cells[place]
        text = lines[cell] if cell is not None else ""
        if text[:1].isalpha() or text[:1] in ("_", "$"):
            return text[:80]
    return ""
