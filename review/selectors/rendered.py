"""Markdown and notebooks as they read, both sides side by side, block by block: on request only."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from django.utils.safestring import SafeString
from pygments import __version__ as pygments_version

from orchestrator.git.blobs import blobs_read
from orchestrator.git.diffs import FileChange
from orchestrator.lib import markdown
from review.diff import FORMAT_VERSION
from review.diff.highlight import highlight_as
from review.diff.notebooks import Cell, notebook_read
from review.diff.patch import Opcode, lines_opcodes
from review.diff.render import code_html
from review.diff.text import text_read
from review.diff.types import Text
from review.lib.cache import cache_get, cache_key, cache_put
from review.selectors.compare import Comparison
from review.selectors.file_diffs import COLOUR_WAIT_S

LIMIT_BYTES = 2_000_000
MARKDOWN_SUFFIXES = (".md", ".markdown", ".mdown")
NOTEBOOK_SUFFIX = ".ipynb"


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a document. `html` is sanitised; without it `text` is shown as it is, coloured in `code`."""

    key: str
    html: SafeString | None = None
    text: str = ""
    code: SafeString | None = None
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockRow:
    left: Block | None
    right: Block | None
    same: bool
    outputs_differ: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    kind: str  # Markdown, Notebook
    rows: tuple[BlockRow, ...] = field(default=())
    note: str = ""  # why there is nothing


def renders(path: str) -> bool:
    return path.lower().endswith((*MARKDOWN_SUFFIXES, NOTEBOOK_SUFFIX))


def rendered_read(comparison: Comparison, change: FileChange) -> Rendered:
    notebook = change.path.lower().endswith(NOTEBOOK_SUFFIX)
    kind = "Notebook" if notebook else "Markdown"
    names = [name if name.strip("0") else "" for name in (change.old_blob, change.new_blob)]
    known = blobs_read(hub=comparison.hub, blobs=[*filter(None, names)], limit_bytes=LIMIT_BYTES)
    contents = [known[name].data if name else b"" for name in names]
    if any(data is None for data in contents):
        return Rendered(kind, note="Too large to render.")
    colours = _Colours()
    sides = [
        (_cells(data, name, colours) if notebook else _blocks(data)) if data else []
        for name, data in zip(names, contents, strict=True)
        if data is not None
    ]
    left, right = sides
    if left is None or right is None:
        return Rendered(kind, note=f"This is no {kind.lower()} that can be read.")
    return Rendered(kind, tuple(_rows(left, right)))


def _blocks(data: bytes) -> list[Block] | None:
    text = text_read(data)
    if text is None:
        return None
    source = "\n".join(line.removesuffix("\r") for line in text.lines)
    return [Block(key, html=html) for key, html in markdown.render_blocks(source)]


class _Colours:
    """Code cells in colour, each text once, for as long as a page may wait; the others stay plain."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + COLOUR_WAIT_S
        self._known: dict[tuple[str, str], SafeString | None] = {}

    def of(self, blob: str, cells: Sequence[Cell]) -> Sequence[SafeString | None]:
        key = "cells:" + cache_key(FORMAT_VERSION, pygments_version, blob)
        kept: Sequence[SafeString | None] | None = cache_get(key)
        if kept is None:
            kept = [self._html(cell) for cell in cells]
            if not self._is_late():
                cache_put(key, kept)
        return kept

    def _html(self, cell: Cell) -> SafeString | None:
        if not cell.language or not cell.source.strip():
            return None
        name = cell.language, cell.source
        if name not in self._known:
            self._known[name] = self._made(cell)
        return self._known[name]

    def _made(self, cell: Cell) -> SafeString | None:
        lines = tuple(cell.source.split("\n"))
        text = Text(lines, longest=max(map(len, lines)))
        colours = highlight_as(text, cell.language, stop=self._is_late)
        if colours is None or self._is_late():
            return None
        pairs = zip(lines, colours.lines, strict=False)
        return SafeString("\n".join(code_html(line, tokens, ()) for line, tokens in pairs))

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline


def _cells(data: bytes, blob: str, colours: _Colours) -> list[Block] | None:
    cells = notebook_read(data)
    if cells is None:
        return None
    codes = colours.of(blob, cells)
    return [_cell_block(cell, code) for cell, code in zip(cells, codes, strict=True)]


def _cell_block(cell: Cell, code: SafeString | None) -> Block:
    key = f"{cell.kind}\n{cell.source}"
    if cell.kind == "markdown":
        return Block(key, html=markdown.render(cell.source))
    return Block(key, text=cell.source, code=code, outputs=cell.outputs)


def _rows(left: Sequence[Block], right: Sequence[Block]) -> list[BlockRow]:
    opcodes = lines_opcodes([block.key for block in left], [block.key for block in right])
    if opcodes is None:
        opcodes = (Opcode(0, len(left), 0, len(right)),)
    rows: list[BlockRow] = []
    at_left = at_right = 0
    for op in (*opcodes, Opcode(len(left), len(left), len(right), len(right))):
        for a, b in zip(
            left[at_left : op.left_start], right[at_right : op.right_start], strict=True
        ):
            rows.append(BlockRow(a, b, True, a.outputs != b.outputs))
        removed, added = left[op.left_start : op.left_end], right[op.right_start : op.right_end]
        rows += [BlockRow(a, b, False) for a, b in zip_longest(removed, added)]
        at_left, at_right = op.left_end, op.right_end
    return rows
