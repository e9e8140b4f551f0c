"""Which variants made the same of a block of imports, each in an order of its own. Pure.

A variant may move an import up, another sort the block anew, a third add the same line elsewhere: hunks at
different places of the base that come to the same. So where all that variants do to a block leaves
nothing but imports, the blocks are compared by what they import, whatever the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from review.hunks import About, FileHunks, Hunk, blobs_there
from review.imports import Lines, blocks, imports_key
from review.ranges import Ranges, meets


class Join(NamedTuple):
    """What these variants do to lines start:end of the base comes to the same imports."""

    letters: frozenset[str]
    start: int
    end: int

    def has(self, hunk: Hunk, letter: str) -> bool:
        inside = self.start <= hunk.start and hunk.end <= self.end
        return inside and hunk.about is About.LINES and letter in self.letters


def may_join(files: Iterable[FileHunks]) -> bool:
    """Whether it is worth to read the lines: some change what looks like imports, not all alike."""
    said = {tuple((h.start, h.end, h.added) for h in file.hunks if h.imports) for file in files}
    said.discard(())
    return len(said) > 1


def contents_wanted(files: Mapping[str, FileHunks]) -> frozenset[str]:
    """The blobs that `import_joins` has to see."""
    if not may_join(files.values()):
        return frozenset()
    touching = [file for file in files.values() if any(hunk.imports for hunk in file.hunks)]
    return blobs_there(blob for file in touching for blob in (file.old_blob, file.new_blob))


def import_joins(files: Mapping[str, FileHunks], texts: Mapping[str, Lines]) -> tuple[Join, ...]:
    """`texts` are the lines of blobs; of files whose lines are not among them nothing is said."""
    touching = {
        letter: file
        for letter, file in files.items()
        if file.old_blob in texts and file.new_blob in texts and any(h.imports for h in file.hunks)
    }
    if not may_join(touching.values()):
        return ()
    joins = []
    base = texts[next(iter(touching.values())).old_blob]
    hunks = {
        letter: Ranges((hunk.start, hunk.end, hunk) for hunk in file.lines)
        for letter, file in touching.items()
    }
    for start, end in blocks(base):
        same: dict[bytes, list[str]] = {}
        for letter, file in touching.items():
            near = hunks[letter].near(start, end)
            here = [hunk for hunk in near if meets((hunk.start, hunk.end), (start, end))]
            if here and all(start <= hunk.start and hunk.end <= end for hunk in here):
                key = imports_key(_result(base, texts[file.new_blob], here, start, end))
                if key is not None:
                    same.setdefault(key, []).append(letter)
        joins += [Join(frozenset(who), start, end) for who in same.values() if len(who) > 1]
    return tuple(joins)


def _result(base: Lines, text: Lines, hunks: Sequence[Hunk], start: int, end: int) -> Lines:
    lines: list[bytes] = []
    for hunk in hunks:
        lines += base[start : hunk.start]
        lines += text[hunk.right_start : hunk.right_end]
        start = hunk.end
    return [*lines, *base[start:end]]
