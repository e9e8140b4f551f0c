"""The rows of the board as HTML. Thousands of cells at once: a template would take ten times as long. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from review.compare import Mark
from review.matrix import Cell, Matrix, Row, Show

MINUS = "\u2212"
BAR_PX = 22
MARK_WORDS = {
    Mark.SHARED: "same as all who touched it",
    Mark.PARTLY: "partly shared",
    Mark.UNIQUE: "only here",
    Mark.CONTRADICTORY: "contradicts another",
}
TAKEN_UNIQUE = "what one variant alone made"
KIND_WORDS = {
    Show.CONTRADICTORY: "they contradict each other",
    Show.UNIQUE: "no other variant touched it",
    Show.PARTLY: "partly the same",
    Show.SHARED: "all who touched it agree",
}
_STATUS_WORDS = {"A": "new", "D": "deleted", "R": "renamed", "T": "another kind of file"}


@dataclass(frozen=True, slots=True)
class Frame:
    """What all rows of a page share. `compare` and `places` are addresses without a query."""

    matrix: Matrix
    letters: Sequence[str]
    composed: frozenset[str]
    lines_max: int
    compare: str
    places: str


def row_html(frame: Frame, row: Row, *, index: int, folder: str, address: str, name: str) -> str:
    """One file, line `index` of the whole board. `address` is its path as an address carries it, `name` as
    it is shown."""
    quoted = quote(address, safe="/")
    short = name.removeprefix(folder)
    head, _, last = short.rpartition("/")
    above = f"{escape(head)}/" if head else ""
    sources = frame.matrix.sources(row)
    was = escape(f"copied from {', '.join(sources)}") if sources else ""
    full = f"{escape(name)}, {was}" if was else escape(name)
    cells = "".join(
        _cell(frame, letter, frame.matrix.cell(row, letter), quoted, letter in row.silent)
        for letter in frame.letters
    )
    return (
        f'<div role="row" class="file" data-row="{escape(address)}" aria-rowindex="{index}">'
        f'<a role="rowheader" class="path" href="{frame.places}?path={quoted}" title="{full}" '
        f'aria-label="{full}">'
        f'<span class="cut">{above}<b>{escape(last)}</b>{f" <small>{was}</small>" if was else ""}</span></a>{cells}'
        f'<span role="gridcell" class="tail">{_who(frame, row)}</span></div>'
    )


def _cell(frame: Frame, letter: str, cell: Cell | None, quoted: str, silent: bool) -> str:
    css = f"v-{letter.lower()} cell"
    if cell is None:
        return f'<span role="gridcell" class="{css} no" data-l="{letter}" aria-label="not touched"></span>'
    heat = math.sqrt(cell.lines / frame.lines_max) if frame.lines_max else 0.0
    word = f"copied from {cell.copied}" if cell.copied else _STATUS_WORDS.get(cell.status, "")
    title = f' title="{escape(word)}"' if word else ""
    return (
        f'<a role="gridcell" class="{css}" data-l="{letter}" style="--h:{heat:.2f}"{title} '
        f'href="{frame.compare}?left=base&amp;right={letter}&amp;path={quoted}">'
        f"{_numbers(frame, cell)}{_mark(cell.mark, letter in frame.composed, silent)}</a>"
    )


def _numbers(frame: Frame, cell: Cell) -> str:
    if cell.insertions < 0:
        return '<span class="say">binary</span>'
    if not cell.lines:
        words = {"A": "empty", "D": "deleted", "R": "renamed", "T": "kind"}
        return f'<span class="say">{words.get(cell.status, "mode")}</span>'
    plus = f"+{cell.insertions:,}" if cell.insertions else ""
    minus = f"{MINUS}{cell.deletions:,}" if cell.deletions else ""
    scale = BAR_PX * math.sqrt(cell.lines / frame.lines_max) / cell.lines
    return (
        f'<span class="p">{plus}</span><span class="m">{minus}</span>'
        f'<i class="pm" style="--p:{_px(scale, cell.insertions)};--m:{_px(scale, cell.deletions)}"></i>'
    )


def _px(scale: float, lines: int) -> str:
    return f"{max(2, round(scale * lines))}px" if lines else "0px"


def _mark(mark: Mark | None, composed: bool, silent: bool) -> str:
    if mark is None:
        return ""
    word = TAKEN_UNIQUE if silent and mark is Mark.UNIQUE else MARK_WORDS[mark]
    word += ", composed" if composed else ""
    return f'<i class="mk mk-{mark}" role="img" aria-label="{word}" title="{word}"></i>'


def _who(frame: Frame, row: Row) -> str:
    boxes = "".join(
        f'<i class="v-{letter.lower()}">{letter}</i>' if letter in row.at else '<i class="o"></i>'
        for letter in frame.letters
    )
    composed = [letter for letter in frame.letters if letter in row.at and letter in frame.composed]
    silent = len(row.at) - row.voices
    voices = len(frame.letters) - len(frame.composed) + len(composed) - silent
    said = f" of {voices} variants"
    if silent:
        said += f", and composed from them {' and '.join(composed)}"
    if row.kind is not None:
        said += f"; {KIND_WORDS[row.kind]}"
    return (
        f'<span class="who" aria-hidden="true">{boxes}</span><span class="num">{row.voices}'
        f'<span class="vh">{said}</span></span>'
    )


def folder_html(
    frame: Frame,
    *,
    index: int,
    key: str,
    name: str,
    files: int,
    opened: bool,
    href: str,
    sums: Mapping[str, tuple[int, int]],
) -> str:
    """A folder's own row: it opens and closes, and carries sums."""
    cells = "".join(
        f'<span role="gridcell" class="v-{letter.lower()} cell">{_sum(*sums[letter])}</span>'
        for letter in frame.letters
    )
    return (
        f'<div role="row" class="dir" data-row="dir:{key}" aria-rowindex="{index}">'
        f'<a role="rowheader" class="path" id="dir-{key}" aria-expanded="{str(opened).lower()}" '
        f'aria-label="{escape(name)}, {files:,} file{"" if files == 1 else "s"}" '
        f'href="{escape(href)}" data-ask title="{escape(name)}">'
        f'<span class="cut">{escape(name)}</span><span class="num">{files:,}</span></a>{cells}'
        f'<span role="gridcell" class="tail"></span></div>'
    )


def _sum(plus: int, minus: int) -> str:
    parts = (f"+{plus:,}" if plus else "", f"{MINUS}{minus:,}" if minus else "")
    return " ".join(part for part in parts if part)
