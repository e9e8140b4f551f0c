"""The alignment of several columns: nobody's line is lost, moved or invented, and what is equal is seen."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review.columns import Beside, Column, Fold, Row, columns_align, columns_beside, columns_fold
from review.diff.patch import Opcode, lines_opcodes

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "  x", "def f():"]), max_size=14)

# A busy machine is no fault of what is tested.
SOME = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def column(base: Sequence[str], lines: Sequence[str]) -> Column:
    opcodes = lines_opcodes(base, lines)
    assert opcodes is not None
    return Column(lines, opcodes)


def align(base: Sequence[str], *files: Sequence[str]) -> list[Row]:
    return columns_align(base, [column(base, lines) for lines in files])


def shown(base: Sequence[str], *files: Sequence[str]) -> list[str]:
    """Rows as text, a dot where a column has nothing."""
    sides = [base, *files]
    return [
        " ".join("." if cell is None else sides[i][cell] for i, cell in enumerate(row.cells))
        for row in align(base, *files)
    ]


@SOME
@given(LINES, st.lists(LINES, min_size=1, max_size=4))
def test_every_column_read_from_top_to_bottom_is_its_file(
    base: list[str], files: list[list[str]]
) -> None:
    rows = align(base, *files)
    for place, lines in enumerate([base, *files]):
        found = [row.cells[place] for row in rows if row.cells[place] is not None]
        assert found == list(range(len(lines)))
    assert all(any(cell is not None for cell in row.cells) for row in rows)


@SOME
@given(LINES, st.lists(LINES, min_size=1, max_size=4))
def test_a_kept_line_stands_beside_its_line_of_the_base(
    base: list[str], files: list[list[str]]
) -> None:
    rows = align(base, *files)
    for place, lines in enumerate(files, start=1):
        beside = {row.cells[place]: row.cells[0] for row in rows if row.cells[place] is not None}
        shift = at = 0
        for op in (*column(base, lines).opcodes, Opcode(len(base), len(base), 0, 0)):
            for line in range(at, op.left_start):
                assert beside[line + shift] == line
            at = op.left_end
            shift += op.right_end - op.right_start - (op.left_end - op.left_start)


@SOME
@given(LINES, st.lists(LINES, min_size=1, max_size=3))
def test_same_names_the_first_cell_with_that_text(base: list[str], files: list[list[str]]) -> None:
    sides = [base, *files]
    for row in align(base, *files):
        texts = [None if c is None else sides[i][c] for i, c in enumerate(row.cells)]
        assert list(row.same) == [None if t is None else texts.index(t) for t in texts]
        assert row.equal == (None not in texts and len(set(texts)) == 1)


@SOME
@given(LINES, st.lists(LINES, min_size=1, max_size=3), st.integers(0, 3))
def test_folds_hide_only_what_all_have_and_nothing_is_lost(
    base: list[str], files: list[list[str]], context: int
) -> None:
    rows = align(base, *files)
    opened: list[Row] = []
    for part in columns_fold(rows, base, context=context):
        if isinstance(part, Fold):
            hidden = rows[part.start : part.end]
            assert len(hidden) > 3
            assert all(row.equal for row in hidden)
            opened += hidden
        else:
            opened.append(part)
    assert opened == rows


@SOME
@given(LINES, LINES)
def test_equal_columns_never_differ(base: list[str], lines: list[str]) -> None:
    for row in align(base, lines, lines):
        assert row.cells[1] == row.cells[2]


def test_insertions_at_one_place_are_aligned_with_each_other() -> None:
    assert shown(["a", "z"], ["a", "x", "y", "z"], ["a", "y", "q", "z"]) == [
        "a a a",
        ". x .",
        ". y y",
        ". . q",
        "z z z",
    ]


def test_a_changed_line_stands_beside_the_line_it_replaces() -> None:
    assert shown(["a", "b", "c"], ["a", "B", "c"], ["a", "c"]) == ["a a a", "b B .", "c c c"]


def test_a_third_column_finds_the_line_of_any_other() -> None:
    assert shown(["a", "b"], ["a", "x"], ["a", "y"], ["a", "n", "y"]) == [
        "a a a a",
        ". . . n",
        "b x y y",
    ]


def test_files_that_the_base_lacks_are_aligned_with_each_other() -> None:
    assert shown([], ["1", "2", "3"], ["1", "two", "3", "4"]) == [
        ". 1 1",
        ". 2 two",
        ". 3 3",
        ". . 4",
    ]


def test_overlapping_changes_of_different_length() -> None:
    base = ["a", "b", "c", "d", "e"]
    assert shown(base, ["a", "X", "d", "e"], ["a", "b", "Y", "Z", "W", "e"]) == [
        "a a a",
        "b X b",
        "c . Y",
        "d d Z",
        ". . W",
        "e e e",
    ]


def test_a_fold_says_what_the_next_lines_belong_to() -> None:
    base = ["def f():", *(f"    {n}" for n in range(12)), "    end"]
    rows = align(base, [*base[:-1], "    END"])
    folds = [part for part in columns_fold(rows, base, context=2) if isinstance(part, Fold)]
    assert folds == [Fold(0, 11, 11, "def f():")]


def test_without_a_base_file_equal_means_equal_in_all_columns() -> None:
    lines = [str(n) for n in range(9)]
    rows = columns_align(None, [column([], lines), column([], [*lines, "more"])])
    assert [row.equal for row in rows] == [True] * 9 + [False]
    assert next(columns_fold(rows, lines, context=2, place=1)) == Fold(0, 7, 7)


@SOME
@given(LINES, st.lists(LINES, min_size=2, max_size=4), st.integers(1, 2), st.integers(0, 2))
def test_no_fold_is_silent_about_a_column_that_is_hidden(
    base: list[str], files: list[list[str]], hidden: int, context: int
) -> None:
    hidden = min(hidden, len(files) - 1)
    sides = [base, *files]
    shown = len(sides) - hidden
    rows = columns_align(base, [column(base, lines) for lines in files], hidden=hidden)
    for fold in columns_fold(rows, base, context=context):
        if isinstance(fold, Row):
            continue
        texts = [
            [None if cell is None else sides[i][cell] for i, cell in enumerate(row.cells)]
            for row in rows[fold.start : fold.end]
        ]
        assert all(len(set(row[:shown])) == 1 for row in texts)
        assert fold.lines == sum(row[0] is not None for row in texts)
        apart = {n for row in texts for n in range(shown, len(sides)) if row[n] != row[0]}
        assert set(fold.apart) == apart
        if fold.at:
            place, line = fold.at
            assert any(row.cells[place] == line for row in rows[fold.start : fold.end])


def test_a_fold_names_the_hidden_column_and_its_first_line_that_differs() -> None:
    base = [str(n) for n in range(9)]
    other = [*base[:4], "four", *base[5:]]
    rows = columns_align(base, [column(base, base), column(base, other)], hidden=1)
    assert [row.equal for row in rows] == [True] * 9
    assert list(columns_fold(rows, base, context=3)) == [Fold(0, 9, 9, "", (2,), (2, 4))]
    gone = columns_align(base, [column(base, base), column(base, base[1:])], hidden=1)
    assert list(columns_fold(gone, base, context=3)) == [Fold(0, 9, 9, "", (2,), (0, 0))]


@SOME
@given(LINES, st.lists(LINES, min_size=2, max_size=4), st.integers(1, 2), st.integers(0, 2))
def test_no_line_in_view_is_silent_about_a_column_that_is_hidden(
    base: list[str], files: list[list[str]], hidden: int, context: int
) -> None:
    hidden = min(hidden, len(files) - 1)
    sides = [base, *files]
    shown = len(sides) - hidden
    rows = columns_align(base, [column(base, lines) for lines in files], hidden=hidden)
    parts = list(columns_fold(rows, base, context=context))
    told = list(columns_beside(parts))
    assert [part for part in told if not isinstance(part, Beside)] == parts
    said: set[int] = set()
    for number, part in enumerate(told):
        if isinstance(part, Fold):
            said = set()
        elif isinstance(part, Beside):
            said = set(part.apart)
            following = told[number + 1]
            assert isinstance(following, Row)
            assert following.apart, "it stands where it begins"
            if part.at:
                assert part.at[1] in [row.cells[part.at[0]] for row in rows]
        else:
            texts = [None if c is None else sides[i][c] for i, c in enumerate(part.cells)]
            apart = {n for n in range(shown, len(sides)) if texts[n] not in texts[:shown]}
            assert apart <= said


def test_hidden_columns_are_told_of_where_they_begin_and_once_for_what_is_near() -> None:
    base = [str(n) for n in range(30)]
    shown = [*base[:5], "five", *base[6:]]
    other = [*base[:5], "FIVE", base[6], "seven", *base[8:20], "twenty", *base[21:]]
    rows = columns_align(base, [column(base, shown), column(base, other)], hidden=1)
    told = list(columns_beside(rows))
    places = [n for n, part in enumerate(told) if isinstance(part, Beside)]
    assert places == [5, 21]
    assert [told[n] for n in places] == [Beside((2,), (2, 5)), Beside((2,), (2, 20))]
    same = columns_align(base, [column(base, shown), column(base, shown)], hidden=1)
    assert list(columns_beside(same)) == same
