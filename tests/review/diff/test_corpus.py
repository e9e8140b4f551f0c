"""Every kind of change there is, as it is told to the reader: `tests/data/diffs/`, one text a case.

To write the texts anew after a change that is meant, and then read what became of them:
`.venv/bin/python -m tests.support.diff_corpus`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from review.diff import FileDiff
from tests.support.diff_corpus import (
    GOLDEN,
    Case,
    case_cost,
    cases,
    corpus_build,
    corpus_read,
    diff_say,
    is_large,
)

LIMIT_MB = 200


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileDiff]:
    return corpus_read(*corpus_build(tmp_path_factory.mktemp("corpus")))


@pytest.mark.parametrize("name", [case.name for case in cases()])
def test_a_change_is_told_as_it_was(corpus: dict[str, FileDiff], name: str) -> None:
    assert diff_say(corpus[name]) == (GOLDEN / f"{name}.txt").read_text()


def test_every_text_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {case.name for case in cases()}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux")
@pytest.mark.parametrize("case", [c for c in cases() if is_large(c)], ids=lambda case: case.name)
def test_nothing_needs_much_memory(tmp_path: Path, case: Case) -> None:
    cost = case_cost(case, tmp_path)
    assert cost.changes > 0
    assert cost.html > 90_000
    assert cost.megabytes < LIMIT_MB
