"""The hunks of a pair of commits as facts: where they are and what they do, by digest. Pure.

A hunk is known by its text, not by its line numbers: the same change in another Variant, or after a
rebase, has the same `key`. So marks made on it hold wherever it appears.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from functools import cached_property
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

from review.imports import may_be_of_import
from review.near import near_key

DIGEST_BYTES = 10

_HEAD = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@.*\n", re.MULTILINE)
_FILE = re.compile(rb"^diff --git ", re.MULTILINE)


class About(StrEnum):
    """What a hunk changes. All but `lines` are about the file as a whole and have no lines."""

    LINES = "lines"
    CONTENT = "content"  # no lines to compare: binary, a submodule, another kind of file
    FACTS = "facts"  # its mode or its name, or that it came or went


class Fact(IntEnum):
    """Facts stand at places of their own, so that a new name never overlaps a new mode."""

    NAME = 0
    MODE = 1
    EXISTS = 2


class Hunk(NamedTuple):
    """Lines start:end of the left side became right_start:right_end (from 0, ends excluded).

    `key` names the change by its removed and added lines; `added` by what it puts there, `near` by
    that without white space and, where all are imports, their order. All are hexadecimal digests.
    `imports`: all lines may be of imports, as far as one sees from each by itself.
    """

    start: int
    end: int
    right_start: int
    right_end: int
    key: str
    added: str
    near: str
    about: About = About.LINES
    imports: bool = False


@dataclass(frozen=True)  # no slots: what is looked up by is found out once
class FileHunks:
    """One changed file of a pair of commits. Paths are as git has them (surrogates escaped)."""

    path: str
    old_path: str
    status: str
    old_blob: str
    new_blob: str
    new_mode: str
    hunks: tuple[Hunk, ...]

    @property
    def place(self) -> str:
        """The base's name of the file: changes of the same file meet under it, renamed or not."""
        return self.path if self.status == "A" else self.old_path

    @cached_property
    def lines(self) -> tuple[Hunk, ...]:
        """Those about lines, in the order of the base."""
        return tuple(hunk for hunk in self.hunks if hunk.about is About.LINES)

    @cached_property
    def counted(self) -> tuple[Hunk, ...]:
        """Those that a diff counts, from 1: of lines, or where there are none its content."""
        return self.lines or tuple(hunk for hunk in self.hunks if hunk.about is About.CONTENT)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """By key, of those that are counted."""
        return {hunk.key: number for number, hunk in enumerate(self.counted, 1)}

    @cached_property
    def turned(self) -> FileHunks:
        """Its hunks as they are seen from the other side."""
        return replace(self, hunks=tuple(map(hunk_reversed, self.hunks)))

    @cached_property
    def by_key(self) -> Mapping[str, Hunk]:
        return {hunk.key: hunk for hunk in reversed(self.hunks)}

    @cached_property
    def by_range(self) -> Mapping[tuple[int, int], Hunk]:
        """Those about lines, by where a patch has them in the base."""
        return {base_range(hunk): hunk for hunk in reversed(self.lines)}


class InBase(Protocol):
    """What changes lines start:end (from 0) of the base, or, if not about lines, something else of a file."""

    @property
    def about(self) -> About: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


def touches(one: Hunk, other: Hunk) -> bool:
    """Whether they overlap, or stand at an edge of each other."""
    return one.about is other.about and one.start <= other.end and other.start <= one.end


def base_range(change: InBase) -> tuple[int, int]:
    """Where it is and how many lines, as a patch counts: the first line from 1, or the line that an
    insertion follows; 0, 0 of what is not about lines."""
    if change.about is not About.LINES:
        return 0, 0
    count = change.end - change.start
    return (change.start + 1 if count else change.start), count


def hunk_named(hunk: Hunk) -> dict[str, Any]:
    """By its key and its place: equal changes of a file are told apart by their order, which may change."""
    start, count = base_range(hunk)
    return {"key": hunk.key, "base_start": start, "base_lines": count}


def place_named(about: About, start: int, end: int) -> str:
    """In words, with numbers from 1: lines start:end, or where a hunk without lines of the left side puts its own."""
    if about is About.FACTS:
        return _FACTS[Fact(start)]
    if about is About.CONTENT:
        return "the file as a whole"
    if start == end:
        return f"after line {start:,}" if start else "before line 1"
    if end == start + 1:
        return f"line {end:,}"
    return f"lines {start + 1:,} to {end:,}"


def range_named(start: int, count: int) -> str:
    """The same of lines as `base_range` tells them."""
    first = start - 1 if count else start
    return place_named(About.LINES, first, first + count)


_FACTS = {Fact.NAME: "name", Fact.MODE: "mode or kind", Fact.EXISTS: "whether there is the file"}


def blobs_there(blobs: Iterable[str]) -> frozenset[str]:
    """Those that are a content: of no file git has an id of zeros."""
    return frozenset(blob for blob in blobs if blob.strip("0"))


def digest(*parts: bytes) -> str:
    found = blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        found.update(b"%d:" % len(part))
        found.update(part)
    return found.hexdigest()


def patch_sections(patch: bytes) -> list[bytes]:
    """A patch of many files, one piece a file. Lines of content never begin with `diff --git`."""
    starts = [found.start() for found in _FILE.finditer(patch)]
    ends = [*starts[1:], len(patch)]  # one too many for a patch of nothing
    return [patch[start:end] for start, end in zip(starts, ends, strict=False)]


def file_hunks(
    *,
    path: str,
    old_path: str,
    status: str,
    modes: tuple[str, str],
    blobs: tuple[str, str],
    binary: bool,
    section: bytes,
) -> FileHunks:
    """The hunks of one file from its section of a `-U0` patch, and what the lines do not say."""
    old_blob, new_blob = blobs
    found = [*_about_file(path, old_path, status, modes)]
    if binary or status == "T" or "160000" in modes:
        found.append(content_hunk(old_blob, new_blob))
    else:
        lines = tuple(_lines(section))
        if not lines and status in "AD":
            found.append(existence_hunk(status))
        found += _numbered(lines)
    return FileHunks(
        path=path,
        old_path=old_path,
        status=status,
        old_blob=old_blob,
        new_blob=new_blob,
        new_mode=modes[1],
        hunks=tuple(found),
    )


def _about_file(path: str, old_path: str, status: str, modes: tuple[str, str]) -> Iterator[Hunk]:
    old_mode, new_mode = (mode.encode() for mode in modes)
    if old_path != path:
        old, new = (os.fsencode(name) for name in (old_path, path))
        yield _fact(Fact.NAME, digest(b"name", old, new), digest(b"name", new))
    if (status not in "AD" and old_mode != new_mode) or (
        status == "A" and new_mode not in (b"100644", b"160000")
    ):
        yield _fact(Fact.MODE, digest(b"mode", old_mode, new_mode), digest(b"mode", new_mode))


def _fact(place: Fact, key: str, added: str) -> Hunk:
    return Hunk(place, place, 0, 0, key, added, added, About.FACTS)


def hunk_reversed(hunk: Hunk) -> Hunk:
    """The same change seen from the other side. Of its texts only the key is known, made of its own."""
    key = digest(b"reversed", hunk.key.encode())
    start, end, right_start, right_end = hunk[:4]
    return hunk._replace(
        start=right_start, end=right_end, right_start=start, right_end=end, key=key
    )


def existence_hunk(status: str) -> Hunk:
    """That the file came or went, where no line says so."""
    key = digest(b"empty file", status.encode())
    return _fact(Fact.EXISTS, key, key)


def content_hunk(old_blob: str, new_blob: str) -> Hunk:
    """The whole content replaced, where there are no lines to compare."""
    old, new = old_blob.encode(), new_blob.encode()
    added = digest(b"blob", new)
    return Hunk(0, 0, 0, 0, digest(b"blob", old, new), added, added, About.CONTENT)


def _lines(section: bytes) -> Iterator[Hunk]:
    heads = list(_HEAD.finditer(section))
    ends = [*(head.start() for head in heads[1:]), len(section)]
    for head, body_end in zip(heads, ends, strict=False):  # no head: one end too many
        body = section[head.end() : body_end]
        start, end = _range(head[1], head[2])
        right_start, right_end = _range(head[3], head[4])
        at = 0 if body.startswith(b"+") else body.find(b"\n+") + 1 or len(body)
        removed, added = body[:at], body[at:]
        yield Hunk(
            start=start,
            end=end,
            right_start=right_start,
            right_end=right_end,
            key=digest(removed, added),
            added=digest(added),
            near=digest(near_key(line[1:] for line in added.split(b"\n") if line[:1] == b"+")),
            imports=all(
                may_be_of_import(line[1:]) for line in body.split(b"\n") if line[:1] in (b"-", b"+")
            ),
        )


def _range(start: bytes, count: bytes | None) -> tuple[int, int]:
    # An empty range names the line before it, any other its first line.
    length = 1 if count is None else int(count)
    first = int(start) - 1 if length else int(start)
    return first, first + length


def _numbered(hunks: Sequence[Hunk]) -> Iterator[Hunk]:
    """Equal changes of one file are told apart by their order."""
    seen: dict[str, int] = {}
    for hunk in hunks:
        count = seen.get(hunk.key, 0)
        seen[hunk.key] = count + 1
        if not count:
            yield hunk
            continue
        yield hunk._replace(key=digest(hunk.key.encode(), b"%d" % count))
