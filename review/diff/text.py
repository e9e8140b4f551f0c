"""Bytes of a file to lines, without loss: bytes that differ give a `Text` that differs."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from review.diff.types import Text

# git's own rule: a NUL among the first 8000 bytes.
BINARY_PROBE_BYTES = 8000

# Of files no larger than that the newest are kept: every variant is compared with the same base, and
# who opens a fold asks for the same two sides again. At most 45 MB a process.
KEPT_BYTES = 48_000
KEPT_LINES = 1_500
KEPT_FILES = 128

# A byte that is not valid UTF-8 is kept as one of these private characters (byte 0x80 is U+EF80):
# it survives JSON and HTML, which lone surrogates do not.
RAW_BYTE_BASE = 0xEF00
RAW_BYTES = re.compile("[\uef80-\uefff]")
_SURROGATES = {0xDC00 + byte: RAW_BYTE_BASE + byte for byte in range(0x80, 0x100)}

_WIDE = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)


def text_read(data: bytes) -> Text | None:
    """Decode and split one side; None if it is binary."""
    is_small = len(data) <= KEPT_BYTES and data.count(b"\n") <= KEPT_LINES
    return text_kept(data) if is_small else _read(data)


@lru_cache(maxsize=KEPT_FILES)
def text_kept(data: bytes) -> Text | None:
    return _read(data)


def _read(data: bytes) -> Text | None:
    for mark, codec, name in _WIDE:
        if data.startswith(mark):
            try:
                return _split(data.decode(codec), encoding=name)
            except UnicodeDecodeError:
                break
    if b"\0" in data[:BINARY_PROBE_BYTES]:
        return None
    try:
        return _split(data.decode("utf-8"), encoding="UTF-8")
    except UnicodeDecodeError:
        return _read_broken(data)


def _read_broken(data: bytes) -> Text:
    """Not UTF-8: a stray byte in a UTF-8 file, or another encoding (Latin-1 never fails)."""
    text = data.decode("utf-8", "surrogateescape")
    invalid = sum(map(text.count, map(chr, _SURROGATES)))
    valid = len(text) - invalid - sum(map(text.count, map(chr, range(0x80))))
    if valid < invalid or RAW_BYTES.search(text):
        return _split(data.decode("latin-1"), encoding="Latin-1")
    return _split(text.translate(_SURROGATES), encoding="UTF-8", invalid=invalid)


def _split(text: str, *, encoding: str, invalid: int = 0) -> Text:
    bom = encoding == "UTF-8" and text.startswith("\ufeff")
    lines = text.split("\n")
    newline = lines[-1] == ""
    if newline:
        lines.pop()
    return Text(
        lines=tuple(lines),
        newline=newline,
        encoding=encoding,
        invalid=invalid,
        bom=bom,
        ends=_ends(text, len(lines) - (not newline)),
        longest=max(map(len, lines), default=0),
    )


def _ends(text: str, newlines: int) -> str:
    if not newlines:
        return ""
    returns = text.count("\r\n") if "\r" in text else 0
    if not returns:
        return "lf"
    return "crlf" if returns == newlines else "mixed"
