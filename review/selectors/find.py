"""Find a text in all changed files of a comparison, in the lines that are folded too."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from orchestrator.git.blobs import blobs_read
from orchestrator.git.diffs import FileChange
from orchestrator.git.refs import display_path
from orchestrator.lib.errors import Invalid
from review.diff.text import text_read
from review.hunks import About, FileHunks
from review.selectors.compare import Comparison, path_text
from review.selectors.compare_address import Address
from review.selectors.file_diffs import SUBMODULE_MODE
from review.selectors.hunks import pair_hunks

QUERY_MIN, QUERY_MAX = 2, 200
HITS_MAX, HITS_OF_FILE_MAX = 300, 30
FILE_LIMIT_BYTES = 2_000_000
BATCH_FILES = 100
TIME_S = 4.0
SNIPPET_CHARS = 160
SNIPPET_BEFORE = 40


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
    folder: str
    name: str
    hits: tuple[Hit, ...]
    more: int  # lines of this file that are not listed


@dataclass(frozen=True, slots=True)
class Found:
    query: str
    files: tuple[FileHits, ...]
    lines: int
    searched: int  # files
    left_out: int  # binary or too large
    complete: bool  # False: it took too long, or there are more than are listed


def find_in_files(comparison: Comparison, address: Address, query: str) -> Found:
    """Plain text; upper and lower case count only if the query has both."""
    if not QUERY_MIN <= len(query) <= QUERY_MAX or "\n" in query:
        raise Invalid("query.invalid", f"Find a text of {QUERY_MIN} to {QUERY_MAX} characters.")
    hunks = pair_hunks(
        hub=comparison.hub, left=comparison.left.commit, right=comparison.right.commit
    )
    deadline = time.monotonic() + TIME_S
    files: list[FileHits] = []
    lines = searched = left_out = 0
    complete = True
    for change, old, new in _contents(comparison):
        if time.monotonic() > deadline or lines >= HITS_MAX:
            complete = False
            break
        if old is None or new is None:
            left_out += 1
            continue
        searched += 1
        hits = list(_hits(change, old, new, hunks, query, address))
        if hits:
            lines += len(hits)
            shown = display_path(change.path)
            folder, slash, name = shown.rpartition("/")
            listed = tuple(hits[:HITS_OF_FILE_MAX])
            files.append(FileHits(folder + slash, name, listed, len(hits) - len(listed)))
    return Found(query, tuple(files), lines, searched, left_out, complete)


def _contents(
    comparison: Comparison,
) -> Iterator[tuple[FileChange, bytes | None, bytes | None]]:
    """Every change with both contents: b"" for a side that has none, None for one that is not searched."""
    changes = comparison.files
    for start in range(0, len(changes), BATCH_FILES):
        batch = changes[start : start + BATCH_FILES]
        names = {blob for c in batch for blob in _blobs(c) if blob}
        known = blobs_read(hub=comparison.hub, blobs=sorted(names), limit_bytes=FILE_LIMIT_BYTES)
        for change in batch:
            old, new = (known[blob].data if blob else b"" for blob in _blobs(change))
            yield change, old, new


def _blobs(change: FileChange) -> tuple[str, str]:
    sides = ((change.old_blob, change.old_mode), (change.new_blob, change.new_mode))
    old, new = (
        "" if mode == SUBMODULE_MODE or not blob.strip("0") else blob for blob, mode in sides
    )
    return old, new


def _hits(
    change: FileChange,
    old: bytes,
    new: bytes,
    hunks: Mapping[str, FileHunks],
    query: str,
    address: Address,
) -> Iterator[Hit]:
    """Lines of the right side, and those of the left that the right does not have."""
    right, left = list(_lines(new, query)), list(_lines(old, query))
    if not right and not left:
        return
    file = hunks.get(change.path)  # unpacked only now
    lines = [hunk for hunk in file.hunks if hunk.about is About.LINES] if file else []
    removed = _lines_in((h.start, h.end) for h in lines)
    added = _lines_in((h.right_start, h.right_end) for h in lines)
    url = address.url(path=path_text(change.path), show=False, context="")
    found = [("R", n, n in added, *cut) for n, cut in right]
    found += [("L", n, True, *cut) for n, cut in left if n in removed]
    found.sort(key=lambda hit: (hit[1], hit[0]))
    for side, n, changed, before, text, after in found:
        yield Hit(side, n, changed, before, text, after, f"{url}#{side}{n}")


def _lines_in(spans: Iterator[tuple[int, int]]) -> set[int]:
    return {line + 1 for start, end in spans for line in range(start, end)}


def _lines(data: bytes, query: str) -> Iterator[tuple[int, tuple[str, str, str]]]:
    exact = query != query.lower()
    wanted = query if exact else query.lower()
    if wanted.isascii() and data.isascii():  # most files: one look at the whole
        raw = wanted.encode()
        if raw not in (data if exact else data.lower()):
            return
    text = text_read(data) if data else None
    if text is None:
        return
    for n, line in enumerate(text.lines, start=1):
        span = _span(line, wanted, exact=exact)
        if span:
            yield n, _cut(line, *span)


def _span(line: str, wanted: str, *, exact: bool) -> tuple[int, int] | None:
    small = line if exact else line.lower()
    start = small.find(wanted)
    if start < 0:
        return None
    end = start + len(wanted)
    if len(small) == len(line):
        return start, end
    # A letter may be two in lower case (İ): back to the letters of the line.
    ends = list(accumulate(len(letter.lower()) for letter in line))
    return bisect_right(ends, start), bisect_left(ends, end) + 1


def _cut(line: str, at: int, end: int) -> tuple[str, str, str]:
    start = max(0, at - SNIPPET_BEFORE) if end > SNIPPET_CHARS else 0
    before = ("…" if start else "") + line[start:at].lstrip()
    return before, line[at:end], line[end : end + SNIPPET_CHARS].rstrip()
