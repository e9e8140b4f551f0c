"""The board as a page prints it: filtered, sorted, in folders, a screenful of rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from orchestrator.git.refs import display_path
from orchestrator.models import Task
from orchestrator.selectors.access import Viewer
from orchestrator.selectors.column_order import rows_lettered
from orchestrator.selectors.rows import VariantRow, variant_rows
from review.board_html import Frame, folder_html, row_html
from review.diff import FORMAT_VERSION
from review.lib.cache import cache_get, cache_key, cache_put
from review.matrix import Layout, Matrix, Row, Show, layout_follow, layout_make, row_shown
from review.selectors.board import task_with_state_get
from review.selectors.board_ask import Ask, folder_key
from review.selectors.board_matrix import matrix_read
from review.selectors.board_words import (
    AgreementCount,
    Choice,
    agreement_counts,
    shows,
    sorts,
)
from review.selectors.compare import path_text
from review.selectors.consensus import Ground, ground_of

CELLS_MAX = 2_400  # what a browser lays out at once without being felt
ROWS_MIN, ROWS_MAX = 120, 400
HEADS = 1  # lines above the first one


@dataclass(frozen=True)
class BoardPage:
    task: Task
    variants: tuple[VariantRow, ...]
    ask: Ask
    version: str
    total: int
    matching: int
    shown: int  # lines of the board: a closed folder is one
    first: int
    last: int
    lines: int  # of the whole board, its heads among them
    rows: SafeString
    pending: bool
    counts: tuple[tuple[str, tuple[AgreementCount, ...]], ...]
    places: int
    shows: tuple[Choice, ...]
    sorts: tuple[Choice, ...]
    folders: int
    reordered: bool
    working: bool

    @cached_property
    def columns(self) -> int:
        return len(self.variants)

    @property
    def url(self) -> str:
        return reverse("review:board", args=[self.task.pk])

    @property
    def previous(self) -> str:
        return self.ask.url(page=self.ask.page - 1) if self.first > 1 else ""

    @property
    def next(self) -> str:
        return self.ask.url(page=self.ask.page + 1) if self.last < self.shown else ""

    @property
    def anew(self) -> str:
        return self.ask.url(order="", page=1)

    @property
    def clear(self) -> str:
        return self.ask.url(text="", show=Show.ALL, page=1, order="")

    @property
    def fold_all(self) -> str:
        return self.ask.url(fold=not self.ask.fold, flip=frozenset(), page=1)


def board_page(*, user: Viewer, ask: Ask) -> BoardPage:
    task = task_with_state_get(user=user, task_id=ask.task_id)
    ground = ground_of(task)
    matrix, agreement = matrix_read(ground)
    layout, ask, reordered = _layout(ground, matrix, ask, known=agreement is not None)
    asked = [row for row in matrix.rows.values() if _matches(row, ask.text)]
    wanted = {row.path for row in asked if row_shown(row, ask.show)}
    items = list(_items(layout, wanted, ask))
    variants = rows_lettered(variant_rows(task), ask.letters)
    size = min(ROWS_MAX, max(ROWS_MIN, CELLS_MAX // max(1, len(variants))))
    page = min(ask.page, max(1, -(-len(items) // size)))
    ask = replace(ask, page=page)
    start = (page - 1) * size
    frame = Frame(
        matrix=matrix,
        letters=[variant.letter for variant in variants],
        composed=frozenset(ground.composed),
        lines_max=matrix.lines_max,
        compare=reverse("review:compare", args=[task.pk]),
        places=reverse("review:consensus", args=[task.pk]),
    )
    return BoardPage(
        task=task,
        variants=variants,
        ask=ask,
        version=_version(ground, agreement is not None, variants),
        total=len(matrix.rows),
        matching=len(wanted),
        shown=len(items),
        first=start + 1 if items else 0,
        last=min(start + size, len(items)),
        lines=items[-1].index if items else HEADS,
        rows=mark_safe(_rows(frame, items[start : start + size], ask)),  # noqa: S308 - escaped there
        pending=agreement is None and bool(matrix.rows),
        counts=agreement_counts(task, variants, agreement),
        places=len(agreement.kinds) if agreement else 0,
        shows=shows(ask, asked, known=agreement is not None),
        sorts=sorts(ask),
        folders=len(layout),
        reordered=reordered,
        working=any(variant.active for variant in variants),
    )


def _version(ground: Ground, known: bool, variants: Iterable[VariantRow]) -> str:
    states = [(variant.letter, variant.state) for variant in variants]
    return cache_key(*ground.facts, known, states)[:16]


# ---- order, filter


def _layout(ground: Ground, matrix: Matrix, ask: Ask, *, known: bool) -> tuple[Layout, Ask, bool]:
    """The order, the question with the order's name in it, and whether one made anew would differ."""
    fresh = layout_make(matrix.rows, ask.sort)
    kept: Layout | None = cache_get(f"order:{ask.order}") if ask.order else None
    if kept is not None:
        layout = layout_follow(kept, matrix.rows)
        return layout, ask, _flat(layout) != _flat(fresh)
    name = cache_key(FORMAT_VERSION, *ground.facts, known, ask.sort)[:16]
    cache_put(f"order:{name}", fresh)
    return fresh, replace(ask, order=name), False


def _flat(layout: Layout) -> list[tuple[str, list[str]]]:
    return [(name, list(paths)) for name, paths in layout]


def _matches(row: Row, text: str) -> bool:
    if not text:
        return True
    path = path_text(row.path).lower()
    return all(word in path for word in text.lower().split())


@dataclass(frozen=True, slots=True)
class _Item:
    """A line of the board: a file, or a closed folder (no row). Both are numbered as lines of the whole
    board, of which a page shows some; `head` is the folder's own line."""

    folder: str
    members: Sequence[str]
    opened: bool
    head: int
    index: int
    row: str = ""


def _items(layout: Layout, wanted: set[str], ask: Ask) -> Iterable[_Item]:
    index = HEADS
    for folder, paths in layout:
        members = [path for path in paths if path in wanted]
        if not members:
            continue
        index += 1
        head = index
        if not ask.is_open(folder_key(folder)):
            yield _Item(folder, members, False, head, head)
            continue
        for path in members:
            index += 1
            yield _Item(folder, members, True, head, index, path)


# ---- rows


def _rows(frame: Frame, items: Iterable[_Item], ask: Ask) -> str:
    parts = []
    for folder, group in groupby(items, key=lambda item: item.folder):
        lines = list(group)
        parts.append(_folder(frame, lines[0], ask))
        parts += [
            row_html(
                frame,
                frame.matrix.rows[item.row],
                index=item.index,
                folder=display_path(folder),
                address=path_text(item.row),
                name=display_path(item.row),
            )
            for item in lines
            if item.row
        ]
    return "".join(parts)


def _folder(frame: Frame, item: _Item, ask: Ask) -> str:
    sums = dict.fromkeys(frame.letters, (0, 0))
    for path in item.members:
        row = frame.matrix.rows[path]
        for letter, index in row.at.items():
            column = frame.matrix.columns[letter]
            plus, minus = sums[letter]
            sums[letter] = (
                plus + max(0, column.insertions[index]),
                minus + max(0, column.deletions[index]),
            )
    key = folder_key(item.folder)
    return folder_html(
        frame,
        index=item.head,
        key=key,
        name=display_path(item.folder) or "top level",
        files=len(item.members),
        opened=item.opened,
        href=ask.flipped(key),
        sums=sums,
    )
