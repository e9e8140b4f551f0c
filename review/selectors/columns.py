"""One file of the base and several variants side by side: what to show, in which columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.urls import reverse

from orchestrator.git.refs import display_path
from orchestrator.lib.words import words_join
from orchestrator.models import Task
from orchestrator.selectors.access import Viewer
from review.columns import (
    Column,
    Fold,
    Row,
    columns_align,
    columns_beside,
    columns_fold,
    columns_folded,
)
from review.columns_html import ColumnText, Shown, columns_html
from review.diff.spaces import line_keys
from review.lib.cache import cache_key
from review.selectors.column_files import (
    ColumnFile,
    TaskFiles,
    column_files,
    path_find,
    task_files_get,
)
from review.selectors.column_images import column_images
from review.selectors.columns_address import ColumnsAddress
from review.selectors.columns_since import paths_moved, version_of
from review.selectors.compare import by_folder, path_text
from review.selectors.compare_choices import Choice, space_choices
from review.selectors.file_tree import TreeFolder, path_split, tree_of_variants
from review.selectors.images import ImageSide
from review.selectors.sides import BASE, Side

CONTEXT_LINES = 3
ALL = "all"
DEFAULT_COLUMNS = 4
NAMED_MAX = 6


@dataclass(frozen=True, slots=True)
class Toggle:
    ref: str
    letter: str
    title: str
    href: str
    on: bool


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column. `note` says why there are no lines below it."""

    side: Side
    insertions: int
    deletions: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class ColumnsPage:
    """`version` tells states of the task apart, `digest` those of the file as it is shown, in `columns`.

    `moved` are the files that changed since the version that was seen. `shown` of `variants` have a column; `every` is
    the address of all of them, "" where no more can be shown. `images` are there instead of lines.
    """

    task: Task
    version: str
    moved: str
    digest: str
    columns: str
    path: str
    folder: str
    name: str
    heads: tuple[Head, ...]
    shown: int
    variants: int
    every: str
    notes: tuple[str, ...]
    toggles: tuple[Toggle, ...]
    folders: tuple[TreeFolder, ...]
    html: str
    images: tuple[ImageSide, ...]
    rows: str
    spaces: tuple[Choice, ...]
    whole: str
    all_lines: bool
    compare: str
    previous: str
    next: str
    position: int
    total: int


@dataclass(frozen=True, slots=True)
class _Aligned:
    """A file of the columns that are shown and, behind them, of the variants that are not."""

    task_files: TaskFiles
    by_path: dict[str, list[str]]
    path: str
    refs: list[str]
    here: ColumnsAddress
    heads: list[ColumnFile]
    images: tuple[ImageSide, ...]
    notes: tuple[str, ...]
    rows: list[Row]
    texts: list[ColumnText]
    place: int  # the column whose lines are counted, and searched for headings
    shown: Shown

    @property
    def lines(self) -> Sequence[str]:
        return self.texts[self.place].lines if self.place < len(self.texts) else ()

    def html(self, parts: Sequence[Row | Fold]) -> str:
        if not self.shown.places:
            return ""
        return columns_html(columns_beside(parts, place=self.place), self.texts, self.shown)


def columns_page(*, user: Viewer, address: ColumnsAddress, seen: str = "") -> ColumnsPage:
    at = _aligned(user, address)
    task_files, by_path, here, refs = at.task_files, at.by_path, at.here, at.refs
    parts: Sequence[Row | Fold] = at.rows
    if address.context != ALL and at.shown.places:
        parts = list(columns_fold(at.rows, at.lines, context=CONTEXT_LINES, place=at.place))
    folder, name = path_split(at.path)
    order = sorted(by_path, key=by_folder)
    position = order.index(at.path) if at.path in by_path else -1

    def url(to: str) -> str:
        return here.url(path=path_text(to), context="")

    letters = [v.letter for v in task_files.variants]
    heads = tuple(Head(f.side, f.insertions, f.deletions) for f in at.heads)
    if at.images:
        heads = tuple(Head(image.side, 0, 0) for image in at.images)
    html = "" if at.images else at.html(parts)
    shown = [(head.side.ref, head.insertions, head.deletions) for head in heads]
    urls = [image.url for image in at.images]
    return ColumnsPage(
        task=task_files.task,
        version=version_of(task_files.variants),
        moved=json.dumps(paths_moved(task_files, seen)),
        digest=cache_key(shown, at.notes, html, urls),
        columns=",".join(refs),
        path=here.path,
        folder=display_path(folder),
        name=display_path(name),
        heads=heads,
        shown=len({h.side.letter for h in heads if h.side.letter})
        or len({ref[0] for ref in refs if ref[0] in letters}),
        variants=len(letters),
        every="" if set(letters) <= set(refs) else here.url(of=_with(task_files, refs, letters)),
        notes=at.notes,
        toggles=_toggles(task_files, refs, here, by_path.get(at.path, [])),
        folders=tree_of_variants(by_path, current=at.path, url=url),
        html=html,
        images=at.images,
        rows=here.url("compare_columns_rows", of=",".join(refs), context=""),
        spaces=space_choices(here),
        whole=here.url(context="" if here.context == ALL else ALL),
        all_lines=here.context == ALL,
        compare=_compare(here, refs),
        previous=url(order[position - 1]) if position > 0 else "",
        next=url(order[position + 1]) if 0 <= position < len(order) - 1 else "",
        position=position + 1,
        total=len(order),
    )


def columns_rows(
    *, user: Viewer, address: ColumnsAddress, start: int, end: int, above: int | None = None
) -> str:
    """Rows start..end (from 0, end excluded): what a fold hides. From `above` to start they stay folded."""
    at = _aligned(user, address)
    parts: list[Row | Fold] = list(at.rows[start:end])
    if above is not None and above < start <= len(at.rows):
        parts.insert(0, columns_folded(at.rows, at.lines, above, start, place=at.place))
    return at.html(parts)


def _aligned(user: Viewer, address: ColumnsAddress) -> _Aligned:
    task_files = task_files_get(user, address.task_id)
    by_path = task_files.by_path()
    path = path_find(task_files, by_path, address.path)
    writers = by_path.get(path, [])
    refs = address.refs or _default_refs(writers, task_files)
    here = replace(address, path=path_text(path))
    letters = [v.letter for v in task_files.variants]
    hidden = [letter for letter in letters if letter not in refs]
    files, _, notes = column_files(task_files, path, refs, address.whitespace, hidden=hidden)
    with_lines = [file for file in files if file.text is not None]
    heads = [file for file in with_lines if file.side.ref in refs]
    # Who is not shown and left the file as it was is the base over again.
    behind = [file for file in with_lines if file.side.ref in hidden and file.side.ref in writers]
    base = next((file for file in with_lines if file.side.ref == BASE), None)
    columns = [file for file in heads if file is not base]
    rows, texts = _rows(base, columns, behind, address.whitespace)
    names = [file.side.name for file in heads]
    others = words_join(names) if len(names) <= NAMED_MAX else f"the {len(names)} that are shown"
    lacking = any(file.text is None and file.side.letter for file in files)
    shown = Shown(
        places=range(0 if base and BASE in refs else 1, 1 + len(columns)),
        same=others if lacking else "all",
        others=others,
        letters=frozenset(letters),
        add=lambda more: here.url(of=_with(task_files, refs, more)),
    )
    place = 0 if base else 1
    images = () if columns else column_images(task_files, path, refs, files)
    return _Aligned(
        task_files, by_path, path, refs, here, heads, images, notes, rows, texts, place, shown
    )


def _rows(
    base: ColumnFile | None,
    columns: Sequence[ColumnFile],
    behind: Sequence[ColumnFile],
    whitespace: str,
) -> tuple[list[Row], list[ColumnText]]:
    def keys(file: ColumnFile) -> Sequence[str]:
        return line_keys(file.text.lines if file.text else (), whitespace)

    files = [*columns, *behind]
    rows = columns_align(
        keys(base) if base else None,
        [Column(keys(file), file.opcodes) for file in files],
        hidden=len(behind),
    )
    texts = [
        ColumnText(
            BASE, "", base.text.lines if base and base.text else (), base.tokens if base else ()
        ),
        *(
            ColumnText(f.side.ref, f.side.letter, f.text.lines if f.text else (), f.tokens, f.marks)
            for f in files
        ),
    ]
    return rows, texts


def _with(task_files: TaskFiles, refs: Sequence[str], more: Sequence[str]) -> str:
    """The columns that are shown and these, in the order of their names on the page."""
    order = _order(task_files, refs)
    return ",".join(ref for ref in order if ref in refs or ref in more)


def _order(task_files: TaskFiles, refs: Sequence[str]) -> list[str]:
    known = [BASE, *(v.letter for v in task_files.variants)]
    return [*known, *(ref for ref in refs if ref not in known)]


def _compare(address: ColumnsAddress, refs: Sequence[str]) -> str:
    left, right = (*refs, *refs)[:2] if len(refs) > 1 else (BASE, refs[0])
    said = {"left": left, "right": right, "path": address.path}
    if address.whitespace != "none":
        said["w"] = address.whitespace
    return f"{reverse('review:compare', args=[address.task_id])}?{urlencode(said)}"


def _default_refs(letters: Sequence[str], task_files: TaskFiles) -> list[str]:
    chosen = list(letters[:DEFAULT_COLUMNS])
    spare = (v.letter for v in task_files.variants if v.letter not in chosen)
    while len(chosen) < 2 and (letter := next(spare, "")):
        chosen.append(letter)
    return [BASE, *chosen]


def _toggles(
    task_files: TaskFiles, refs: Sequence[str], here: ColumnsAddress, writers: Sequence[str]
) -> tuple[Toggle, ...]:
    agents = {v.letter: v.maker for v in task_files.variants}
    order = _order(task_files, refs)
    toggles = []
    for ref in order:
        chosen = [r for r in order if (r in refs) != (r == ref)]
        letter = ref if ref in agents else ""
        title = f"{ref}, {agents[ref]}" if letter else ref
        if letter and letter not in writers:
            title += ", left this file as it was"
        if any(r != BASE for r in chosen):
            href = here.url(of=",".join(chosen))
            toggles.append(Toggle(ref, letter, title, href, ref in refs))
        else:
            toggles.append(Toggle(ref, letter, title, "", True))
    return tuple(toggles)
