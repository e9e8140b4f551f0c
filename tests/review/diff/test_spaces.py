"""The white-space modes, as keys of lines: two lines have one key where git, told so, sees no difference."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.diff.spaces import line_keys
from tests.review.diff.conftest import IGNORE

LINE = st.text(alphabet="ab \t\r\f\v\xa0", max_size=6)


@pytest.mark.parametrize("mode", IGNORE)
@settings(deadline=None, max_examples=25)
@given(pairs=st.lists(st.tuples(LINE, LINE), min_size=1, max_size=12))
def test_lines_have_one_key_where_git_sees_no_difference(
    tmp_path_factory: pytest.TempPathFactory, mode: str, pairs: list[tuple[str, str]]
) -> None:
    place = tmp_path_factory.mktemp("pairs")
    for number, pair in enumerate(pairs):
        for name, line in zip("ab", pair, strict=True):
            folder = place / name
            folder.mkdir(exist_ok=True)
            (folder / f"{number:02}.txt").write_bytes(line.encode() + b"\n")
    different = _different(place, mode)
    for number, (a, b) in enumerate(pairs):
        same = line_keys([a], mode) == line_keys([b], mode)
        assert same == (f"{number:02}.txt" not in different), (a, b)


def _different(place: Path, mode: str) -> set[str]:
    """The files whose lines git shows as changed."""
    argv = ["git", "diff", "--no-index", "--no-color", "-U0", *IGNORE[mode], "a", "b"]
    told = subprocess.run(argv, cwd=place, capture_output=True, check=False).stdout.decode()
    parts = told.split("diff --git ")[1:]
    return {part.split()[0].removeprefix("a/a/") for part in parts if "\n@@ " in part}
