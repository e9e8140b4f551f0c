"""Lines of a file as bytes, ends included, so that nothing is lost; and some lines of a hunk. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import zip_longest

from review.diff.intraline import Budget, lines_pair
from review.hunks import Hunk, digest

NO_END = b"\n\\ No newline at end of file\n"

Lines = Sequence[bytes]


def lines_split(data: bytes) -> list[bytes]:
    """At line feeds only, as git does. Joined they are the data again."""
    parts = data.split(b"\n")
    lines = [part + b"\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


class Texts:
    """Lines of blobs by id, split when first asked for. The id of no file has none."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._contents = contents
        self._lines: dict[str, list[bytes]] = {}

    def lines(self, blob: str) -> list[bytes]:
        if not blob.strip("0"):
            return []
        if blob not in self._lines:
            self._lines[blob] = lines_split(self._contents[blob])
        return self._lines[blob]

    def require(self, blobs: Iterable[str]) -> None:
        """Fail rather than make a file without the lines of one of these."""
        for blob in blobs:
            self.lines(blob)

    def known(self, blob: str) -> list[bytes]:
        """None of a blob whose content was not needed."""
        return self.lines(blob) if blob in self._contents else []


def added_digest(lines: Lines) -> str:
    """As `review.hunks` names the added lines of a patch."""
    return digest(b"".join(_in_patch(line) for line in lines))


def _in_patch(line: bytes) -> bytes:
    return b"+" + line if line.endswith(b"\n") else b"+" + line + NO_END


def hunk_of(start: int, end: int, lines: Lines) -> Hunk:
    """A hunk that puts these lines there."""
    added = added_digest(lines)
    return Hunk(start, end, 0, 0, digest(b"%d" % start, b"%d" % end, added.encode()), added, added)


def hunk_lines(
    hunk: Hunk, base: Lines, variant: Lines, *, left: Set[int], right: Set[int]
) -> Iterator[tuple[Hunk, tuple[bytes, ...]]]:
    """The part of a hunk that takes out lines `left` of the base and puts in lines `right`.

    Lines stand as the side-by-side view shows them: what is kept of the base before what is put in
    beside it. A kept line parts the hunk in two.
    """
    if left >= set(range(hunk.start, hunk.end)) and right >= set(
        range(hunk.right_start, hunk.right_end)
    ):
        yield hunk, tuple(variant[hunk.right_start : hunk.right_end])
        return
    steps = [*_steps(hunk, base, variant, left, right)]
    last = max((n for n, (_, lines) in enumerate(steps) if lines), default=-1)
    start = end = hunk.start
    lines: list[bytes] = []
    for n, (taken, put) in enumerate(steps):
        # Only the last line of a file may lack its end: one that gets a follower gets an end too.
        ended = [*put] if n >= last else [line.removesuffix(b"\n") + b"\n" for line in put]
        kept = taken and ended == [base[end]]
        if kept:
            if end > start or lines:
                yield _part(hunk, start, end, lines)
            end += 1
            start, lines = end, []
            continue
        end += taken
        lines += ended
    if end > start or lines:
        yield _part(hunk, start, end, lines)


def _steps(
    hunk: Hunk, base: Lines, variant: Lines, left: Set[int], right: Set[int]
) -> Iterator[tuple[bool, tuple[bytes, ...]]]:
    """One line of the base or of the variant after the other: does it take one from the base, and
    what stands there in the result."""
    for i, j in _rows(hunk, base, variant):
        if i is not None:
            yield True, () if i in left else (base[i],)
        if j is not None and j in right:
            yield False, (variant[j],)


def _rows(hunk: Hunk, base: Lines, variant: Lines) -> Iterator[tuple[int | None, int | None]]:
    a = range(hunk.start, hunk.end)
    b = range(hunk.right_start, hunk.right_end)
    texts = ([_text(base[i]) for i in a], [_text(variant[j]) for j in b])
    at_a = at_b = 0
    for i, j in (*lines_pair(*texts, Budget()), (len(a), len(b))):
        yield from zip_longest(a[at_a:i], b[at_b:j])
        if i < len(a) and j < len(b):
            yield a[i], b[j]
        at_a, at_b = i + 1, j + 1


def _text(line: bytes) -> str:
    return line.removesuffix(b"\n").decode("utf-8", "replace")


def _part(hunk: Hunk, start: int, end: int, lines: Lines) -> tuple[Hunk, tuple[bytes, ...]]:
    made = hunk_of(start, end, lines)
    return made._replace(key=digest(hunk.key.encode(), made.key.encode())), tuple(lines)
