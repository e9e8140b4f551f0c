"""Diffs of one file, in pure stages: bytes in, frozen dataclasses out.

decode (`text`) -> hunks (`patch`) -> pairs of lines and words (`intraline`) -> chunks (`chunks`) ->
colours (`highlight`) -> rows (`rows`) -> HTML (`render`). No Django, no git, no files: who calls
brings the bytes.
"""

from __future__ import annotations

from review.diff.differ import file_diff
from review.diff.highlight import highlight, language_of, same_lines
from review.diff.lexing_page import Colours, Known
from review.diff.render import render_diff, render_lines
from review.diff.rows import cells_count
from review.diff.types import (
    FORMAT_VERSION,
    Chunk,
    ChunkKind,
    DiffError,
    DiffOptions,
    FileDiff,
    FileInput,
    Kind,
    Line,
)

__all__ = [
    "FORMAT_VERSION",
    "Chunk",
    "ChunkKind",
    "Colours",
    "DiffError",
    "DiffOptions",
    "FileDiff",
    "FileInput",
    "Kind",
    "Known",
    "Line",
    "cells_count",
    "file_diff",
    "highlight",
    "language_of",
    "render_diff",
    "render_lines",
    "same_lines",
]
