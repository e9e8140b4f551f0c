"""Agreement with git on 2,000 pairs of files: of real history as far as there is some, edited at random beyond that.

`DIFF_HISTORY` names the repository to take them from; without it our own is taken.
"""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from review.diff import Chunk, ChunkKind, FileDiff, FileInput, Kind, file_diff
from review.diff.patch import lines_opcodes
from review.diff.text import BINARY_PROBE_BYTES

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
PAIRS = 2_000
LIMIT_BYTES = 400_000
LOG = ("log", "-m", "--no-renames", "--diff-filter=M", "--raw", "--abbrev=40", "--format=", "-6000")
# Beyond that many cells our own comparison of lines would take the test's time.
CELLS_MAX = 4_000_000


@dataclass(frozen=True)
class Pair:
    name: str
    left: bytes
    right: bytes


def git(folder: Path, *args: str, stdin: bytes = b"", codes: tuple[int, ...] = (0,)) -> bytes:
    command = ["git", "-C", str(folder), *args]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    assert done.returncode in codes, done.stderr
    return done.stdout


def history_pairs(repository: Path, count: int) -> Iterator[Pair]:
    """Both versions of files that a commit changed, the newest commits first."""
    known: dict[tuple[str, str], str] = {}
    for line in git(repository, *LOG).decode("utf-8", "replace").splitlines():
        facts, _, path = line.partition("\t")
        modes_and_blobs = facts.split(" ")
        if line.startswith(":100") and modes_and_blobs[1].startswith("100"):
            known.setdefault((modes_and_blobs[2], modes_and_blobs[3]), path)
    chosen = list(known)[:count]
    blobs = contents(repository, [blob for pair in chosen for blob in pair])
    for old, new in chosen:
        sizes = [len(blobs[blob]) for blob in (old, new) if blob in blobs]
        if len(sizes) == 2 and max(sizes) <= LIMIT_BYTES:
            yield Pair(f"{known[old, new]} {old[:9]} {new[:9]}", blobs[old], blobs[new])


def contents(repository: Path, blobs: list[str]) -> dict[str, bytes]:
    stream = git(repository, "cat-file", "--batch", stdin="".join(f"{b}\n" for b in blobs).encode())
    found: dict[str, bytes] = {}
    at = 0
    for blob in blobs:
        start = stream.index(b"\n", at) + 1
        facts = stream[at:start].split()
        if facts[1] == b"missing":  # of a partial clone
            at = start
            continue
        size = int(facts[2])
        found[blob] = stream[start : start + size]
        at = start + size + 1
    return found


def edited_pairs(rng: random.Random) -> Iterator[Pair]:
    sources = [path.read_bytes() for path in sorted((ROOT / "tests").rglob("*.py"))]
    while True:
        source = rng.choice(sources)
        lines = source.splitlines(keepends=True)
        for _ in range(rng.randrange(1, 12)):
            start = rng.randrange(len(lines) + 1)
            end = min(len(lines), start + rng.randrange(6))
            taken = lines[start:end]
            instead = rng.choice([[], taken * 2, [b"# another\n"], [b"  " + x for x in taken]])
            lines[start:end] = instead
            if rng.random() < 0.2:
                place = rng.randrange(len(lines) + 1)
                lines[place:place] = taken
        right = b"".join(lines)
        yield Pair("edited", source, right.rstrip(b"\n") if rng.random() < 0.1 else right)


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - shown with a failure
    source = Path(os.environ.get("DIFF_HISTORY", ROOT))
    is_repository = (source / ".git").exists() or (source / "HEAD").exists()
    found = list(history_pairs(source, PAIRS)) if is_repository else []
    edited = edited_pairs(random.Random(seed))
    return found + [next(edited) for _ in range(PAIRS - len(found))]


@pytest.fixture(scope="module")
def patches(pairs: list[Pair], tmp_path_factory: pytest.TempPathFactory) -> dict[int, bytes]:
    """git's patch of each pair, all from one process."""
    folder = tmp_path_factory.mktemp("pairs")
    for side in ("left", "right"):
        (folder / side).mkdir()
        for number, pair in enumerate(pairs):
            (folder / side / f"{number}").write_bytes(getattr(pair, side))
    plain = ("--no-index", "--no-color", "--no-ext-diff", "-U0", "left", "right")
    whole = git(folder, "diff", *plain, codes=(0, 1))
    found: dict[int, bytes] = {}
    for section in (b"\n" + whole.removesuffix(b"\n")).split(b"\ndiff --git ")[1:]:
        name = section.split(b"\n", 1)[0].rsplit(b"/", 1)[1]
        found[int(name)] = b"diff --git " + section + b"\n"
    return found


@pytest.fixture(scope="module")
def diffs(pairs: list[Pair], patches: dict[int, bytes]) -> list[FileDiff]:
    return [
        file_diff(FileInput(path="x", left=p.left, right=p.right, patch=patches.get(n, b"")))
        for n, p in enumerate(pairs)
    ]


def encoded(diff: FileDiff, side: str, text: str) -> bytes:
    own = diff.left if side == "-" else diff.right
    return text.encode("latin-1" if own and own.encoding == "Latin-1" else "utf-8")


def patch_of(diff: FileDiff) -> list[bytes]:
    """The changed lines as git prints them."""
    said: list[bytes] = []
    for chunk in diff.chunks:
        if chunk.kind is ChunkKind.EQUAL:
            continue
        for side, lines in (("-", chunk.left), ("+", chunk.right)):
            for line in lines:
                said.append(side.encode() + encoded(diff, side, line.text))
                if not line.newline:
                    said.append(b"\\ No newline at end of file")
    return said


def joined(chunks: tuple[Chunk, ...]) -> str:
    lines = [line for c in chunks for line in (c.left if c.kind is ChunkKind.EQUAL else c.right)]
    return "".join(line.text + ("\n" if line.newline else "") for line in lines)


def as_text(diff: FileDiff) -> bool:
    """Whether it is compared line by line, and its bytes can be had back by encoding it."""
    sides = [side for side in (diff.left, diff.right) if side]
    plain = all(side.encoding in ("UTF-8", "Latin-1") and not side.invalid for side in sides)
    return len(sides) == 2 and diff.kind in (Kind.TEXT, Kind.SAME) and plain


def test_there_are_enough_pairs_that_are_text(pairs: list[Pair], diffs: list[FileDiff]) -> None:
    assert len(pairs) == PAIRS
    assert sum(map(as_text, diffs)) > PAIRS * 0.8


def test_changed_lines_are_those_of_git(
    pairs: list[Pair], patches: dict[int, bytes], diffs: list[FileDiff]
) -> None:
    for number, (pair, diff) in enumerate(zip(pairs, diffs, strict=True)):
        if not as_text(diff):
            continue
        lines = patches.get(number, b"").split(b"\n")
        heads = [n for n, line in enumerate(lines) if line.startswith(b"@@ ")]
        body = lines[heads[0] : -1] if heads else []
        changed = [line for line in body if not line.startswith(b"@@ ")]
        assert patch_of(diff) == changed, pair.name
        assert diff.changes == len(heads), pair.name


def test_applied_to_the_left_they_give_the_right(pairs: list[Pair], diffs: list[FileDiff]) -> None:
    for pair, diff in zip(pairs, diffs, strict=True):
        if as_text(diff) and diff.left and diff.right and diff.left.encoding == diff.right.encoding:
            assert encoded(diff, "+", joined(diff.chunks)) == pair.right, pair.name


def test_our_own_comparison_of_lines_needs_no_more_changes_than_git(
    pairs: list[Pair], diffs: list[FileDiff]
) -> None:
    compared = 0
    for pair, diff in zip(pairs, diffs, strict=True):
        if not as_text(diff) or diff.left_lines * diff.right_lines > CELLS_MAX:
            continue
        compared += 1
        left, right = ([*side.lines] if side else [] for side in (diff.left, diff.right))
        opcodes = lines_opcodes(left, right)
        assert opcodes is not None
        given: list[str] = []
        at = 0
        for op in opcodes:
            given += left[at : op.left_start] + right[op.right_start : op.right_end]
            at = op.left_end
        assert given + left[at:] == right, pair.name
        ours = sum(op.left_end - op.left_start + op.right_end - op.right_start for op in opcodes)
        assert ours <= diff.insertions + diff.deletions, pair.name
    assert compared > PAIRS // 2


def test_what_is_binary_to_git_is_binary_to_us(
    pairs: list[Pair], patches: dict[int, bytes], diffs: list[FileDiff]
) -> None:
    for number, (pair, diff) in enumerate(zip(pairs, diffs, strict=True)):
        if b"\nBinary files " in patches.get(number, b"") and diff.kind is not Kind.TEXT:
            probe = pair.left[:BINARY_PROBE_BYTES] + pair.right[:BINARY_PROBE_BYTES]
            assert b"\0" in probe, pair.name
            assert diff.kind is Kind.BINARY, pair.name
