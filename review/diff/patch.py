"""Which lines changed: from git's patch, or where git sees no lines (UTF-16) from the lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Indel
from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from review.diff.types import DiffError

# Bits of the matrix that the line comparison needs: 2e9 are 250 MB, so stay far below.
LINES_PRODUCT_MAX = 400_000_000


@dataclass(frozen=True, slots=True)
class Opcode:
    """Lines left_start:left_end were replaced by right_start:right_end (from 0, ends excluded)."""

    left_start: int
    left_end: int
    right_start: int
    right_end: int
    heading: str = ""


def patch_opcodes(patch: bytes) -> tuple[Opcode, ...]:
    """Read the hunks of a one-file `-U0` patch.

    Decoded as Latin-1 and split at \\n only, so that no byte is lost and no \\r or U+2028 is taken
    for a line end. The file header is replaced by one of our own: names in it are hostile, and
    nothing here needs them.
    """
    at = patch.find(b"\n@@ ") + 1
    if at == 0 and not patch.startswith(b"@@ "):
        return ()
    lines = patch[at:].decode("latin-1").split("\n")
    tail = lines.pop()
    feed = [
        "--- a/left\n",
        "+++ b/right\n",
        *(line + "\n" for line in lines),
        *([tail] if tail else ()),
    ]
    try:
        files = PatchSet(feed, metadata_only=True)
    except UnidiffParseError as exc:
        raise DiffError(f"The patch cannot be read: {exc}") from exc
    if len(files) != 1:
        raise DiffError("The patch is about more than one file.")
    return tuple(
        Opcode(
            *_range(hunk.source_start, hunk.source_length),
            *_range(hunk.target_start, hunk.target_length),
            heading=hunk.section_header.strip(),
        )
        for hunk in files[0]
    )


def _range(start: int, length: int) -> tuple[int, int]:
    # An empty range names the line before it, any other its first line.
    first = start - 1 if length else start
    return first, first + length


def lines_opcodes(left: Sequence[str], right: Sequence[str]) -> tuple[Opcode, ...] | None:
    """Compare the lines themselves; None where that would take too long."""
    head = _common(left, right)
    rest = min(len(left), len(right)) - head
    tail = _common(left[::-1][:rest], right[::-1][:rest])
    middle_left, middle_right = left[head : len(left) - tail], right[head : len(right) - tail]
    if len(middle_left) * len(middle_right) > LINES_PRODUCT_MAX:
        return None
    # Numbers, not texts: rapidfuzz compares hashes, and no two lines may be equal by accident.
    numbers: dict[str, int] = {}
    a = [numbers.setdefault(line, len(numbers)) for line in middle_left]
    b = [numbers.setdefault(line, len(numbers)) for line in middle_right]
    found: list[Opcode] = []
    for op in Indel.opcodes(a, b):
        if op.tag == "equal":
            continue
        at = (op.src_start + head, op.src_end + head, op.dest_start + head, op.dest_end + head)
        if found and found[-1].left_end == at[0] and found[-1].right_end == at[2]:
            last = found.pop()
            at = (last.left_start, at[1], last.right_start, at[3])
        found.append(Opcode(*at))
    return tuple(found)


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return index
    return min(len(left), len(right))


def opcodes_check(opcodes: Sequence[Opcode], left: int, right: int) -> None:
    """Raise DiffError unless the opcodes leave equally many lines untouched on both sides."""
    at_left = at_right = 0
    for op in opcodes:
        gap = op.left_start - at_left
        if gap < 0 or gap != op.right_start - at_right:
            raise DiffError("The patch does not fit the two sides.")
        at_left, at_right = op.left_end, op.right_end
    if left - at_left != right - at_right or at_left > left:
        raise DiffError("The patch does not fit the two sides.")
