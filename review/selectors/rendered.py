"""Markdown and notebooks as they read, both sides side by side, block by block: on request only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from django.utils.safestring import SafeString

from orchestrator.git.blobs import blobs_read
from orchestrator.git.diffs import FileChange
from orchestrator.lib import markdown
from review.diff.notebooks import Cell, notebook_read
from review.diff.patch import Opcode, lines_opcodes
from review.diff.text import text_read
from review.selectors.compare import Comparison

LIMIT_BYTES = 2_000_000
MARKDOWN_SUFFIXES = (".md", ".markdown", ".mdown")
NOTEBOOK_SUFFIX = ".ipynb"


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a document. `html` is sanitised; without it `text` is shown as it is."""

    key: str
    html: SafeString | None = None
    text: str = ""
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
    sides = [
        (_cells if notebook else _blocks)(data) if data else []
        for data in contents
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


def _cells(data: bytes) -> list[Block] | None:
    cells = notebook_read(data)
    return None if cells is None else [_cell_block(cell) for cell in cells]


def _cell_block(cell: Cell) -> Block:
    key = f"{cell.kind}\n{cell.source}"
    if cell.kind == "markdown":
        return Block(key, html=markdown.render(cell.source))
    return Block(key, text=cell.source, outputs=cell.outputs)


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
