"""The headings of a document: in prose a change is in a section, not in a function."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace

from review.diff.types import Text

_MARKDOWN = frozenset({".md", ".markdown", ".mdx", ".qmd", ".rmd"})
_PROSE = _MARKDOWN | {".rst", ".adoc", ".asciidoc", ".txt", ".text", ".tex"}
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")


def sections_mark(path: str, text: Text) -> Text:
    """Of prose, the text with its headings; of Markdown they are known, of all else there are none."""
    kind = posixpath.splitext(path)[1].lower()
    if kind not in _PROSE:
        return text
    return replace(text, sections=tuple(_headings(text.lines)) if kind in _MARKDOWN else ())


def section_above(sections: Sequence[int], at: int) -> int | None:
    """The line (from 0) that heads what line `at` is in."""
    found = bisect_left(sections, at)
    return sections[found - 1] if found else None


def _headings(lines: Sequence[str]) -> Iterator[int]:
    fence = ""  # what ends the code one is in
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence and _HEADING.match(line):
            yield number
