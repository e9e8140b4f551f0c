from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review.compare import Mark
from review.matrix import (
    GROUP_MAX,
    Column,
    Matrix,
    Show,
    Sort,
    folders_of,
    layout_follow,
    layout_make,
    matrix_make,
    row_shown,
    shown_counts,
)


def column(**files: tuple[int, int, str]) -> Column:
    """Files by name with `__` for a slash: added, removed, what came out."""
    paths = tuple(name.replace("__", "/") for name in files)
    plus, minus, results = zip(*files.values(), strict=True)
    return Column(paths, "M" * len(paths), plus, minus, results)


COLUMNS = {
    "A": column(src__a=(1, 1, "x"), src__b=(5, 0, "same"), only=(9, 9, "o"), bin=(-1, -1, "p")),
    "B": column(src__a=(2, 0, "y"), src__b=(5, 0, "same"), bin=(-1, -1, "q")),
}
MARKS: Mapping[str, Mapping[str, Mark]] = {
    "src/a": {"A": Mark.CONTRADICTORY, "B": Mark.PARTLY},
    "src/b": {"A": Mark.SHARED, "B": Mark.SHARED},
    "only": {"A": Mark.UNIQUE},
    "bin": {"A": Mark.UNIQUE, "B": Mark.UNIQUE},
}


def test_a_row_says_how_the_variants_stand_to_each_other() -> None:
    matrix = matrix_make(COLUMNS, MARKS)
    kinds = {path: row.kind for path, row in matrix.rows.items()}
    assert kinds == {
        "src/a": Show.CONTRADICTORY,
        "src/b": Show.SHARED,
        "only": Show.UNIQUE,
        "bin": Show.PARTLY,
    }
    assert {path for path, row in matrix.rows.items() if row.differs} == {"src/a", "only", "bin"}
    assert {path: row.lines for path, row in matrix.rows.items()} == {
        "src/a": 4,
        "src/b": 10,
        "only": 18,
        "bin": 0,
    }
    cell = matrix.cell(matrix.rows["src/a"], "B")
    assert cell
    assert (cell.insertions, cell.deletions, cell.mark) == (2, 0, Mark.PARTLY)
    assert matrix.cell(matrix.rows["only"], "B") is None


def test_without_marks_only_what_one_alone_touched_has_a_kind() -> None:
    kinds = {path: row.kind for path, row in matrix_make(COLUMNS, None).rows.items()}
    assert kinds == {"src/a": None, "src/b": None, "only": Show.UNIQUE, "bin": None}


def test_a_row_of_one_variant_is_what_its_mark_says() -> None:
    """Others may have touched the file under another name."""
    columns = {
        "A": column(old=(1, 1, "x"), mine=(1, 0, "y")),
        "B": replace(column(new=(1, 1, "z"), same=(2, 2, "s")), statuses="RR"),
    }
    marks = {
        "old": {"A": Mark.CONTRADICTORY},
        "new": {"B": Mark.CONTRADICTORY},
        "mine": {"A": Mark.UNIQUE},
        "same": {"B": Mark.PARTLY},
    }
    kinds = {path: row.kind for path, row in matrix_make(columns, marks).rows.items()}
    assert kinds == {
        "old": Show.CONTRADICTORY,
        "new": Show.CONTRADICTORY,
        "mine": Show.UNIQUE,
        "same": Show.PARTLY,
    }
    assert {row.kind for row in matrix_make(columns, None).rows.values()} == {None}


def test_kinds_part_the_files_and_their_counts_say_so() -> None:
    matrix = matrix_make(COLUMNS, MARKS)
    counts = shown_counts(matrix.rows.values())
    assert counts[Show.ALL] == 4 == sum(counts[k] for k in Show if k not in (Show.ALL, Show.DIFFER))
    for show in Show:
        assert counts[show] == sum(row_shown(row, show) for row in matrix.rows.values())


def flat(matrix: Matrix, sort: Sort) -> list[str]:
    return [path for _, paths in layout_make(matrix.rows, sort) for path in paths]


def test_orders() -> None:
    matrix = matrix_make(COLUMNS, MARKS)
    assert flat(matrix, Sort.DISPUTED) == ["src/a", "src/b", "bin", "only"]
    assert flat(matrix, Sort.PATH) == ["src/a", "src/b", "bin", "only"]
    assert flat(matrix, Sort.SIZE) == ["only", "bin", "src/b", "src/a"]


def test_a_folder_is_parted_where_it_is_long() -> None:
    paths = [f"lib/core/{n}" for n in range(GROUP_MAX)] + ["lib/x/1", "docs/a/b/c.md", "top"]
    assert {name: len(members) for name, members in folders_of(paths).items()} == {
        "lib/core/": GROUP_MAX,
        "lib/x/": 1,
        "docs/a/b/": 1,
        "": 1,
    }
    few = ["lib/core/1", "lib/x/1", "lib/2"]
    assert folders_of(few) == {"lib/": few}


# Machines differ: how long it takes to think of examples is not what is tested.
SOME = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
names = st.lists(st.sampled_from("abc"), min_size=1, max_size=5).map("/".join)


def one(paths: set[str], letter: str = "A") -> dict[str, Column]:
    some = tuple(sorted(paths))
    return {letter: Column(some, "M" * len(some), (1,) * len(some), (0,) * len(some), some)}


@SOME
@given(st.sets(names, max_size=60))
def test_every_file_is_in_one_folder_above_it(paths: set[str]) -> None:
    folders = folders_of(sorted(paths))
    members = [path for found in folders.values() for path in found]
    assert sorted(members) == sorted(paths)
    assert all(path.startswith(name) for name, found in folders.items() for path in found)


@SOME
@given(st.sets(names, min_size=1, max_size=40), st.sets(names, min_size=1, max_size=40))
def test_an_update_moves_nothing_that_is_shown(before: set[str], after: set[str]) -> None:
    old = layout_make(matrix_make(one(before), None).rows, Sort.DISPUTED)
    rows = matrix_make(one(after), None).rows
    new = layout_follow(old, rows)
    was = [path for _, paths in old for path in paths]
    now = [path for _, paths in new for path in paths]
    assert sorted(now) == sorted(after)
    assert [path for path in now if path in before] == [path for path in was if path in after]
    assert all(path.startswith(folder) for folder, paths in new for path in paths)


def test_a_composed_variant_that_only_took_is_no_difference() -> None:
    composed = column(src__a=(1, 1, "x"), only=(9, 9, "o"), src__b=(5, 0, "same"))
    marks = {path: {**found, "F": Mark.PARTLY} for path, found in MARKS.items() if path != "bin"}
    marks["bin"] = dict(MARKS["bin"])
    silent = dict.fromkeys(("src/a", "only", "src/b"), ("F",))
    before = matrix_make(COLUMNS, MARKS).rows
    for some in (
        matrix_make({**COLUMNS, "F": composed}, marks, composed="F", silent=silent),
        matrix_make(
            {**COLUMNS, "F": column(src__b=(5, 0, "same"))},
            MARKS,
            composed="F",
            silent={"src/b": "F"},
        ),
    ):
        for path, row in some.rows.items():
            told = (before[path].kind, before[path].differs, before[path].voices)
            assert (row.kind, row.differs, row.voices) == told
    # What it has of its own counts, once that is known.
    own = {"F": column(src__b=(6, 0, "own"))}
    assert not matrix_make({**COLUMNS, **own}, None, composed="F").rows["src/b"].differs
    known = matrix_make({**COLUMNS, **own}, MARKS, composed="F", silent={}).rows["src/b"]
    assert (known.differs, known.voices) == (True, 3)
