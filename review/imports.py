"""Lines that import something: statements, blocks of them, and what they import in any order. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

Lines = Sequence[bytes]

SPACE = b" \t\r\n\f\v"
STATEMENT_LINES_MAX = 400

_IMPORT = re.compile(
    rb"\s*(?:import\b|from\s+\S+\s+import\b|use\s|using\s|#\s*include\b|require\b"
    rb"|(?:const|let|var)\s.*=\s*require\()"
)
# A line within the brackets of an import: a name, a quoted path, the end. Other lists have such lines too.
# Space is matched once and for all here and below: a line may be nothing else for very long.
_PART = re.compile(
    rb"\s*+(?:[\w$.*]++(?:\s++as\s++[\w$]++)?\s*+,?|(?:[\w.]++\s++)?[\"`][^\"`]*+[\"`]|[)}].{0,200})"
    rb"\s*+(?:(?:#|//).*)?\Z"
)
_ENDS = {b"(": b")", b"{": b"}"}
_REMARK = re.compile(rb"\s(?:#|//).*$")
_FROM = re.compile(rb"\s*from\s+\S+\s+import\s")
# What may stand within the brackets of an import, and after them; code has more.
_NAMES = re.compile(rb"[\w\s$.,*:/@\"'`{}-]*\Z")
_TAIL = re.compile(rb"\s*+(?:from\s++[\"'][^\"']++[\"'])?\s*+\)?\s*+;?\s*+\Z")


class Statement(NamedTuple):
    """Lines start:end, and what they import: equal whatever the order of the names."""

    start: int
    end: int
    key: bytes


def is_import(line: bytes) -> bool:
    return _IMPORT.match(line) is not None


def may_be_of_import(line: bytes) -> bool:
    """Whether it is an import or may be a line of one; blank ones may."""
    return not line.strip(SPACE) or is_import(line) or _PART.match(line) is not None


def blocks(lines: Lines) -> Iterator[tuple[int, int]]:
    """Imports that follow each other, with the blank lines around them."""
    start = end = 0
    some = False
    for statement in statements(lines):
        if statement.start > end and not _blank(lines[end : statement.start]):
            if some:
                yield start, _past_blank(lines, end)
            some = False
        if not some:
            start = statement.start
            while start and not lines[start - 1].strip(SPACE):
                start -= 1
        some, end = True, statement.end
    if some:
        yield start, _past_blank(lines, end)


def imports_key(lines: Lines) -> bytes | None:
    """What the lines import, whatever the order; None if they are more than imports."""
    keys = []
    end = 0
    for statement in statements(lines):
        if not _blank(lines[end : statement.start]):
            return None
        keys.append(statement.key)
        end = statement.end
    return b"\n".join(sorted(keys)) if _blank(lines[end:]) else None


def _blank(lines: Iterable[bytes]) -> bool:
    return not any(line.strip(SPACE) for line in lines)


def _past_blank(lines: Lines, end: int) -> int:
    while end < len(lines) and not lines[end].strip(SPACE):
        end += 1
    return end


# ---- statements


def statements(lines: Lines) -> Iterator[Statement]:
    at = 0
    while at < len(lines):
        found = _statement(lines, at) if is_import(lines[at]) else None
        if found is None:
            at += 1
            continue
        yield found
        at = found.end


def _statement(lines: Lines, start: int) -> Statement | None:
    first = _REMARK.sub(b"", lines[start])
    opened = _opened(first)
    if opened < 0:
        return Statement(start, start + 1, _line_key(lines[start]))
    close = _ENDS[first[opened : opened + 1]]
    body = [lines[start][opened + 1 :]]
    depth = _depth(first[opened:])
    for end in range(start + 1, min(len(lines), start + STATEMENT_LINES_MAX)):
        bare = _REMARK.sub(b"", lines[end])
        deeper = _depth(bare)
        depth += deeper
        if depth > 0:
            # One that begins within another ends what is read in vain: it is read itself.
            opens = deeper > 0 or _opened(bare) >= 0
            if not _NAMES.match(bare) or (opens and is_import(bare)):
                return None
            body.append(lines[end])
            continue
        inner, found, tail = bare.rpartition(close)
        if depth or not found or not _NAMES.match(inner) or not _TAIL.match(tail):
            return None
        head = first[: opened + 1].translate(None, SPACE)
        names = _names([*body, inner])
        return Statement(start, end + 1, head + names + close + tail.translate(None, SPACE))
    return None


def _opened(line: bytes) -> int:
    """Where the bracket opens within which following lines are; -1 if none does."""
    opened = min((at for at in map(line.find, _ENDS) if at >= 0), default=-1)
    bracket = line[opened : opened + 1]
    return -1 if opened < 0 or line.count(bracket) == line.count(_ENDS[bracket]) else opened


def _depth(line: bytes) -> int:
    return line.count(b"(") + line.count(b"{") - line.count(b")") - line.count(b"}")


def _line_key(line: bytes) -> bytes:
    """`from a import b, c` is near `from a import c, b`."""
    bare = line.translate(None, SPACE)
    found = _FROM.match(line)
    if found is None or any(mark in line for mark in (b"(", b"#", b"\\")):
        return bare
    head = line[: found.end()].translate(None, SPACE)
    return head + b" " + b",".join(sorted(line[found.end() :].translate(None, SPACE).split(b",")))


def _names(lines: Iterable[bytes]) -> bytes:
    """Names sorted, a line with a remark as a whole. Those in further brackets keep their order."""
    found = []
    for line in lines:
        bare = line.translate(None, SPACE)
        if any(mark in line for mark in (b"#", b"//", b"{", b"}")):
            found.append(bare.rstrip(b","))
        else:
            found += [name for name in bare.split(b",") if name]
    nested = any(b"{" in name or b"}" in name for name in found)
    return b",".join(found if nested else sorted(found))
