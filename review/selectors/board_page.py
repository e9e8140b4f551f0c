"""The board as a page prints it: filtered, sorted, in folders, a screenful of rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from itertools import groupby
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from orchestrator.git.diffs import FileChange
from orchestrator.git.refs import display_path
from orchestrator.models import Task
from orchestrator.selectors.access import Viewer
from orchestrator.selectors.rows import VariantRow, variant_rows
from review.board_html import Frame, folder_html, row_html
from review.compare import READING_ORDER, Kind
from review.diff import FORMAT_VERSION
from review.lib.cache import cache_get, cache_key, cache_put, cached
from review.matrix import (
    Column,
    Layout,
    Matrix,
    Row,
    Show,
    Sort,
    layout_follow,
    layout_make,
    matrix_make,
    row_shown,
    shown_counts,
)
from review.selectors.agreement import Agreement, agreement_known
from review.selectors.board import task_with_state_get
from review.selectors.compare import files_changed, path_text
from review.selectors.consensus import Ground, ground_of

READERS = 2
RECENT_MAX = 3
CELLS_MAX = 2_400  # what a browser lays out at once without being felt
ROWS_MIN, ROWS_MAX = 120, 400
FILTER_MAX = 200
FLIPS_MAX = 400


@dataclass(frozen=True, slots=True)
class Ask:
    """What the reader asked to see; every link of the board is one of these, changed a little.

    `flip` are folders that are not as `fold` (all open, or all closed) has them. `order` names an
    order that the page shows already, so that an update moves nothing.
    """

    task_id: int
    text: str = ""
    show: Show = Show.ALL
    sort: Sort = Sort.DISPUTED
    fold: bool = False
    flip: frozenset[str] = frozenset()
    page: int = 1
    order: str = ""

    @property
    def query(self) -> str:
        pairs = {
            "q": self.text,
            "show": self.show if self.show is not Show.ALL else "",
            "sort": self.sort if self.sort is not Sort.DISPUTED else "",
            "fold": "1" if self.fold else "",
            "flip": ",".join(sorted(self.flip)),
            "page": self.page if self.page > 1 else "",
            "order": self.order,
        }
        return urlencode({name: value for name, value in pairs.items() if value})

    def url(self, **changes: object) -> str:
        at = replace(self, **changes) if changes else self  # type: ignore[arg-type]
        return f"{reverse('review:board', args=[at.task_id])}?{at.query}".rstrip("?")

    def is_open(self, key: str) -> bool:
        return (key in self.flip) == self.fold

    def flipped(self, key: str) -> str:
        return self.url(flip=self.flip ^ {key}, page=1)


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    title: str
    href: str
    key: str
    current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class AgreementCount:
    """So many places of a kind, in which a Variant (or, without a letter, any) has a part."""

    kind: Kind
    count: int
    title: str
    href: str


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
    matrix, agreement = _read(ground)
    layout, ask, reordered = _layout(ground, matrix, ask, known=agreement is not None)
    asked = [row for row in matrix.rows.values() if _matches(row, ask.text)]
    wanted = {row.path for row in asked if row_shown(row, ask.show)}
    items = list(_items(layout, wanted, ask))
    variants = variant_rows(task)
    size = min(ROWS_MAX, max(ROWS_MIN, CELLS_MAX // max(1, len(variants))))
    page = min(ask.page, max(1, -(-len(items) // size)))
    ask = replace(ask, page=page)
    start = (page - 1) * size
    frame = Frame(
        matrix=matrix,
        letters=[variant.letter for variant in variants],
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
        rows=mark_safe(_rows(frame, items[start : start + size], ask)),  # noqa: S308 - escaped there
        pending=agreement is None and bool(matrix.rows),
        counts=_counts(task, variants, agreement),
        places=len(agreement.kinds) if agreement else 0,
        shows=_shows(ask, asked, known=agreement is not None),
        sorts=_sorts(ask),
        folders=len(layout),
        reordered=reordered,
        working=any(variant.active for variant in variants),
    )


# ---- what is compared


def _read(ground: Ground) -> tuple[Matrix, Agreement | None]:
    """What is compared, from this process's memory if it was asked for a moment ago.

    A person filters, sorts and turns pages of the same board; large ones take a while to put together.
    """
    key = (str(ground.hub), ground.base, *ground.heads.items())
    kept = _RECENT.get(key)
    if kept is not None:
        return kept
    agreement = agreement_known(ground) if ground.heads else None
    matrix = _matrix(ground, agreement)
    if agreement is not None:  # nothing of it can change any more
        for old in list(_RECENT)[: len(_RECENT) + 1 - RECENT_MAX]:
            _RECENT.pop(old, None)
        _RECENT[key] = (matrix, agreement)
    return matrix, agreement


_RECENT: dict[tuple[object, ...], tuple[Matrix, Agreement]] = {}


def _matrix(ground: Ground, agreement: Agreement | None) -> Matrix:
    # Pairs that nobody has asked for yet: git reads them side by side.
    with ThreadPoolExecutor(max_workers=READERS) as pool:
        columns = pool.map(lambda head: column_get(ground, head), ground.heads.values())
        found = dict(zip(ground.heads, columns, strict=True))
    return matrix_make(found, agreement.marks if agreement else None)


def column_get(ground: Ground, head: str) -> Column:
    if head == ground.base:
        return _column(())
    return cached(
        f"column:{FORMAT_VERSION}:{ground.base}:{head}",
        lambda: _column(files_changed(hub=ground.hub, left=ground.base, right=head)),
    )


def _column(changes: Sequence[FileChange]) -> Column:
    return Column(
        paths=tuple(change.path for change in changes),
        statuses="".join(change.status for change in changes),
        insertions=tuple(_lines(change.insertions) for change in changes),
        deletions=tuple(_lines(change.deletions) for change in changes),
        results=tuple(
            f"{change.new_mode} {change.new_blob} {change.old_path}" for change in changes
        ),
    )


def _lines(count: int | None) -> int:
    return -1 if count is None else count


def _version(ground: Ground, known: bool, variants: Iterable[VariantRow]) -> str:
    states = [(variant.letter, variant.state) for variant in variants]
    return cache_key(ground.base, sorted(ground.heads.items()), known, states)[:16]


# ---- order, filter


def _layout(ground: Ground, matrix: Matrix, ask: Ask, *, known: bool) -> tuple[Layout, Ask, bool]:
    """The order, the question with the order's name in it, and whether one made anew would differ."""
    fresh = layout_make(matrix.rows, ask.sort)
    kept: Layout | None = cache_get(f"order:{ask.order}") if ask.order else None
    if kept is not None:
        layout = layout_follow(kept, matrix.rows)
        return layout, ask, _flat(layout) != _flat(fresh)
    name = cache_key(FORMAT_VERSION, ground.base, sorted(ground.heads.items()), known, ask.sort)[
        :16
    ]
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
    """A line of the board: a file, or a closed folder (no row)."""

    folder: str
    members: Sequence[str]
    opened: bool
    row: str = ""


def _items(layout: Layout, wanted: set[str], ask: Ask) -> Iterable[_Item]:
    for folder, paths in layout:
        members = [path for path in paths if path in wanted]
        if not members:
            continue
        if not ask.is_open(folder_key(folder)):
            yield _Item(folder, members, False)
            continue
        for path in members:
            yield _Item(folder, members, True, path)


def folder_key(folder: str) -> str:
    return blake2b(folder.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()


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
        key=key,
        name=display_path(item.folder) or "top level",
        files=len(item.members),
        opened=item.opened,
        href=ask.flipped(key),
        sums=sums,
    )


# ---- words around them

_SHOWS = (
    (Show.ALL, "All", "all changed files"),
    (Show.DIFFER, "Differ", "files in which the variants are not all the same"),
    (Show.CONTRADICTORY, "Contradict", "files with places where variants contradict each other"),
    (
        Show.PARTLY,
        "Partly shared",
        "files that several touched, in part the same or in other places",
    ),
    (Show.UNIQUE, "Only one", "files that one variant alone touched"),
    (Show.SHARED, "Shared", "files on which all who touched them agree"),
)
_SORTS = (
    (Sort.DISPUTED, "Disputed", "most disputed first"),
    (Sort.PATH, "Path", "by path"),
    (Sort.SIZE, "Size", "largest change first"),
)


def _shows(ask: Ask, asked: Sequence[Row], *, known: bool) -> tuple[Choice, ...]:
    counts = shown_counts(asked)
    needs = {Show.CONTRADICTORY, Show.PARTLY, Show.SHARED}
    if any(row.kind is None and len(row.at) == 1 for row in asked):
        needs.add(Show.UNIQUE)
    return tuple(
        Choice(
            name,
            title,
            ask.url(show=show, page=1),
            f"show-{show}",
            show is ask.show,
            counts[show] if known or show not in needs else None,
        )
        for show, name, title in _SHOWS
    )


def _sorts(ask: Ask) -> tuple[Choice, ...]:
    return tuple(
        Choice(name, title, ask.url(sort=sort, page=1, order=""), f"sort-{sort}", sort is ask.sort)
        for sort, name, title in _SORTS
    )


KIND_TITLES = {
    Kind.CONTRADICTORY: "contradict another variant",
    Kind.UNIQUE: "are its own alone",
    Kind.NEAR: "are the same but for white space or import order",
    Kind.SHARED: "are shared with another variant",
}


def _counts(
    task: Task, variants: Iterable[VariantRow], agreement: Agreement | None
) -> tuple[tuple[str, tuple[AgreementCount, ...]], ...]:
    """By letter; nothing for Variants that have no part, or as long as it is not known."""
    address = reverse("review:consensus", args=[task.pk])
    found = []
    for variant in variants:
        letter = variant.letter
        numbers: tuple[AgreementCount, ...] = ()
        if agreement and letter in agreement.letters:
            numbers = tuple(
                AgreementCount(
                    kind,
                    count,
                    f"{count:,} of {letter}'s places {KIND_TITLES[kind]}",
                    f"{address}?{urlencode({'kind': kind, 'variant': letter})}",
                )
                for kind in READING_ORDER
                if (count := agreement.count(kind, letter))
            )
        found.append((letter, numbers))
    return tuple(found)
