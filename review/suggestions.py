"""A suggested change carried out on the bytes of a file. Pure."""

from __future__ import annotations


def lines_replace(data: bytes, *, start: int, end: int, text: str) -> bytes:
    """`data` with its lines start..end (from 1, both included) replaced by `text`, with the ends of lines they had."""
    lines = data.split(b"\n")
    whole = lines.pop() if lines[-1] == b"" else None  # the file ends with a newline
    old = lines[start - 1 : end]
    crlf = old[0].endswith(b"\r")
    new = [
        line + (b"\r" if crlf else b"") for line in text.removesuffix("\n").encode().split(b"\n")
    ]
    if whole is None and end == len(lines) and crlf and new:
        new[-1] = new[-1].removesuffix(b"\r")
    result = [*lines[: start - 1], *(new if text else []), *lines[end:]]
    return b"\n".join(result) + (b"\n" if result and whole is not None else b"")
