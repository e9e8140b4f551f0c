"""Find a text in all changed files of a comparison, in the lines that are folded too."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import accumulate, islice, repeat
from urllib.parse import urlencode

from orchestrator.git.blobs import Blob, blobs_read
from orchestrator.git.diffs import FileChange
from orchestrator.git.refs import display_path
from orchestrator.lib.errors import Invalid
from review.diff import DiffOptions
from review.diff.text import text_read
from review.diff.types import Text
from review.hunks import FileHunks
from review.selectors.compare import Comparison, by_folder, path_text
from review.selectors.compare_address import Address
from review.selectors.file_diffs import change_blobs
from review.selectors.file_tree import path_split
from review.selectors.hunks import change_hunks, pair_hunks

QUERY_MIN, QUERY_MAX = 2, 200
HITS_MAX, HITS_OF_FILE_MAX = 500, 30
HITS_OF_ONE_MAX = 1_000  # of one file that is asked for by itself
FILE_LIMIT_BYTES = DiffOptions().limit_bytes  # what is larger is not compared either
BATCH_FILES, BATCH_LIMIT_BYTES = 100, 100_000  # larger files are read one by one
TIME_S = 4.0
SNIPPET_CHARS = 160
SNIPPET_BEFORE = 40
LEFT_OUT_NAMED = 5


@dataclass(frozen=True, slots=True)
class Hit:
    """A line that has the text. `changed`: it is one of those that differ."""

    side: str  # L, R
    n: int
    changed: bool
    before: str
    found: str
    after: str
    href: str


@dataclass(frozen=True, slots=True)
class FileHits:
    """`more` lines of the file are not listed: `next` lists some of those."""

    folder: str
    name: str
    hits: tuple[Hit, ...]
    more: int
    next: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is too large to be searched."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class Found:
    """`rest` files were not searched, because it took too long or enough is listed: `next` goes on with them."""

    query: str
    files: tuple[FileHits, ...]
    lines: int
    searched: int
    rest: int
    next: str
    left_out: tuple[LeftOut, ...]
    one: bool = False  # one file was asked for

    @property
    def left_out_more(self) -> int:
        return len(self.left_out) - LEFT_OUT_NAMED

    @property
    def left_out_named(self) -> tuple[LeftOut, ...]:
        return self.left_out[:LEFT_OUT_NAMED]


def find_in_files(
    comparison: Comparison, address: Address, query: str, *, after: str = "", skip: int = 0
) -> Found:
    """Plain text; upper and lower case count only if the query has both.

    `after` is the last file that was searched before. If the address names a file, lines of that one only, without
    the first `skip`.
    """
    if not QUERY_MIN <= len(query) <= QUERY_MAX or "\n" in query:
        raise Invalid("query.invalid", f"Find a text of {QUERY_MIN} to {QUERY_MAX} characters.")
    hunks = pair_hunks(
        hub=comparison.hub, left=comparison.left.commit, right=comparison.right.commit
    )
    one = comparison.file(address.path) if address.path else None
    if address.path:
        changes: Sequence[FileChange] = [one] if one else []
    else:
        changes = _after(comparison.files, after)
    hits_max = HITS_OF_ONE_MAX if one else HITS_OF_FILE_MAX
    deadline = time.monotonic() + TIME_S
    files: list[FileHits] = []
    left_out: list[LeftOut] = []
    lines = listed = searched = rest = 0
    last = after
    for number, (change, old, new) in enumerate(_contents(comparison, changes)):
        if number and (time.monotonic() > deadline or listed >= HITS_MAX):
            rest = len(changes) - number
            break
        path = path_text(change.path)
        last = path
        if old is None or new is None:
            url = address.url(path=path, show=False, context="")
            left_out.append(LeftOut(display_path(change.path), url))
            continue
        searched += 1
        count, shown = _hits(
            comparison, change, old, new, hunks, query, address, slice(skip, skip + hits_max)
        )
        lines += count
        if shown:
            listed += len(shown)
            folder, name = path_split(display_path(change.path))
            end = skip + len(shown)
            more = address.url("compare_find", path=path) + _query(query, skip=end)
            files.append(FileHits(folder, name, shown, count - end, more))
    go_on = address.url("compare_find", path="") + _query(query, after=last) if rest else ""
    found = tuple(files)
    return Found(query, found, lines, searched, rest, go_on, tuple(left_out), bool(address.path))


def _query(query: str, **more: object) -> str:
    return "&" + urlencode({"q": query, **more})


def _after(files: Sequence[FileChange], path: str) -> Sequence[FileChange]:
    """The files behind that one, which may have gone meanwhile."""
    if not path:
        return files
    at = next((n for n, change in enumerate(files) if path_text(change.path) == path), None)
    if at is None:
        at = bisect_left(files, by_folder(path), key=lambda c: by_folder(c.path)) - 1
    return files[at + 1 :]


def _contents(
    comparison: Comparison, changes: Sequence[FileChange]
) -> Iterator[tuple[FileChange, bytes | None, bytes | None]]:
    """Every change with both contents: b"" for a side that has none, None for one that is not searched."""
    for start in range(0, len(changes), BATCH_FILES):
        batch = changes[start : start + BATCH_FILES]
        names = sorted({blob for c in batch for blob in change_blobs(c) if blob})
        known = blobs_read(hub=comparison.hub, blobs=names, limit_bytes=BATCH_LIMIT_BYTES)
        for change in batch:
            old, new = (
                _content(comparison, blob, known[blob]) if blob else b""
                for blob in change_blobs(change)
            )
            yield change, old, new


def _content(comparison: Comparison, name: str, blob: Blob) -> bytes | None:
    if blob.data is not None or blob.size_bytes > FILE_LIMIT_BYTES:
        return blob.data
    return blobs_read(hub=comparison.hub, blobs=[name], limit_bytes=FILE_LIMIT_BYTES)[name].data


def _hits(
    comparison: Comparison,
    change: FileChange,
    old: bytes,
    new: bytes,
    hunks: Mapping[str, FileHunks],
    query: str,
    address: Address,
    which: slice,
) -> tuple[int, tuple[Hit, ...]]:
    """Lines of the right side, and those of the left that the right does not have: how many, and some of
    them. Each line of a large file may be one, so nothing is made of those that are not listed."""
    wanted = _Wanted(query, exact=query != query.lower())
    right, left = wanted.text(new), wanted.text(old)
    if right is None and left is None:
        return 0, ()
    copied = change.status == "C"
    file = change_hunks(hub=comparison.hub, change=change) if copied else hunks.get(change.path)
    lines = file.lines if file else ()
    removed = [(h.start, h.end) for h in lines]
    added = [(h.right_start, h.right_end) for h in lines]
    in_right = array("L", wanted.numbers(right))
    in_left = array("L", (n for n in wanted.numbers(left) if _is_within(n, removed)))
    url = address.url(path=path_text(change.path), show=False, context="")
    sides = {"L": (left, removed), "R": (right, added)}
    found = merge(zip(in_left, repeat("L")), zip(in_right, repeat("R")))
    hits = []
    for n, side in islice(found, which.start, which.stop):
        text, changed = sides[side]
        cut = _cut(*wanted.span(text.lines[n])) if text else ("", "", "")
        hits.append(Hit(side, n + 1, _is_within(n, changed), *cut, f"{url}#{side}{n + 1}"))
    return len(in_left) + len(in_right), tuple(hits)


def _is_within(line: int, spans: Sequence[tuple[int, int]]) -> bool:
    """`spans` are in order, and apart."""
    at = bisect_right(spans, line, key=lambda span: span[0]) - 1
    return at >= 0 and line < spans[at][1]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """`exact`: upper and lower case count."""

    query: str
    exact: bool

    def text(self, data: bytes) -> Text | None:
        """None where there is nothing to be found."""
        wanted = self._as_said(self.query)
        if wanted.isascii() and data.isascii():  # most files: one look at the whole
            raw = wanted.encode()
            if raw not in (data if self.exact else data.lower()):
                return None
        return text_read(data) if data else None

    def numbers(self, text: Text | None) -> Iterator[int]:
        """The lines, from 0, that have it."""
        wanted = self._as_said(self.query)
        lines = text.lines if text else ()
        return (n for n, line in enumerate(lines) if wanted in self._as_said(line))

    def span(self, line: str) -> tuple[str, int, int]:
        """A line that has it, and where."""
        small, wanted = self._as_said(line), self._as_said(self.query)
        start = small.find(wanted)
        end = start + len(wanted)
        if len(small) == len(line):
            return line, start, end
        # A letter may be two in lower case (İ): back to the letters of the line.
        ends = list(accumulate(len(letter.lower()) for letter in line))
        return line, bisect_right(ends, start), bisect_left(ends, end) + 1

    def _as_said(self, text: str) -> str:
        return text if self.exact else text.lower()


def _cut(line: str, at: int, end: int) -> tuple[str, str, str]:
    start = max(0, at - SNIPPET_BEFORE) if end > SNIPPET_CHARS else 0
    before = ("…" if start else "") + line[start:at].lstrip()
    return before, line[at:end], line[end : end + SNIPPET_CHARS].rstrip()
