"""Every kind of change there is, as it is told to the reader: `tests/data/diffs/`, one text a case.

To write the texts anew after a change that is meant, and then read what became of them:
`.venv/bin/python -m tests.support.diff_corpus`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from review.diff import FileDiff
from tests.support.diff_corpus import GOLDEN, Case, cases, corpus_build, corpus_read, diff_say

LIMIT_MB = 200


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileDiff]:
    return corpus_read(*corpus_build(tmp_path_factory.mktemp("corpus")))


@pytest.mark.parametrize("name", [case.name for case in cases()])
def test_a_change_is_told_as_it_was(corpus: dict[str, FileDiff], name: str) -> None:
    assert diff_say(corpus[name]) == (GOLDEN / f"{name}.txt").read_text()


def test_every_text_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {case.name for case in cases()}


# Alone in a process, so that what it needs is what is measured.
ALONE = """
import json, resource, sys
from review.diff import FileInput, Known, file_diff, highlight, render_diff, same_lines
path, left, right, patch = sys.argv[1:]
read = lambda name: open(name, "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
diff = file_diff(FileInput(path=path, left=read(left), right=read(right), patch=read(patch)))
colours = highlight(diff.left, path)
known = Known(colours, same_lines(diff)) if colours else None
others = highlight(diff.right, path, known=known)
size = sum(len(render_diff(diff, view=view, context=10**6, left_colours=colours, right_colours=others))
           for view in ("split", "unified"))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"changes": diff.changes, "html": size, "mb": (after - before) / 1000}))
"""


@pytest.mark.parametrize(
    "case", [c for c in cases() if c.left and len(c.left[1]) > 50_000], ids=lambda c: c.name
)
def test_nothing_needs_much_memory(tmp_path: Path, case: Case) -> None:
    for name, side in (("left", case.left), ("right", case.right)):
        assert side is not None
        (tmp_path / name).write_bytes(side[1])
    command = ["git", "diff", "--no-index", "--no-color", "-U0", "left", "right"]
    patch = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).stdout
    (tmp_path / "patch").write_bytes(patch)
    arguments = [case.path.decode(), *(str(tmp_path / name) for name in ("left", "right", "patch"))]
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *arguments],
        cwd=root,
        capture_output=True,
        check=True,
        text=True,
    )
    found = json.loads(done.stdout)
    assert found["changes"] > 0
    assert found["html"] > 90_000
    assert found["mb"] < LIMIT_MB, found
