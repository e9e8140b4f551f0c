"""One file of the base and several variants side by side: what to show, in which columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.urls import reverse

from orchestrator.git.refs import display_path
from orchestrator.models import Task
from orchestrator.selectors.access import Viewer
from review.columns import Column, Fold, Row, columns_align, columns_fold
from review.columns_html import ColumnText, columns_html
from review.diff.spaces import line_keys
from review.selectors.column_files import (
    ColumnFile,
    TaskFiles,
    column_files,
    path_find,
    task_files_get,
)
from review.selectors.columns_address import ColumnsAddress
from review.selectors.compare import by_folder, path_text
from review.selectors.compare_choices import Choice, space_choices
from review.selectors.file_tree import TreeFolder, path_split, tree_of_variants
from review.selectors.sides import BASE, Side

CONTEXT_LINES = 3
ALL = "all"
DEFAULT_COLUMNS = 4


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
    task: Task
    path: str
    folder: str
    name: str
    heads: tuple[Head, ...]
    notes: tuple[str, ...]
    toggles: tuple[Toggle, ...]
    folders: tuple[TreeFolder, ...]
    html: str
    rows: str
    spaces: tuple[Choice, ...]
    whole: str
    all_lines: bool
    compare: str
    previous: str
    next: str
    position: int
    total: int


def columns_page(*, user: Viewer, address: ColumnsAddress) -> ColumnsPage:
    task_files = task_files_get(user, address.task_id)
    by_path = task_files.by_path()
    path = path_find(task_files, by_path, address.path)
    refs = address.refs or _default_refs(by_path.get(path, []), task_files)
    spaces = address.whitespace
    files, has_base, notes = column_files(task_files, path, refs, spaces)
    shown = [file for file in files if file.text is not None]
    rows, texts, places = _aligned(shown, has_base, BASE in refs, spaces)
    parts: Sequence[Row | Fold] = rows
    if address.context != ALL:
        place = 0 if has_base else 1
        lines = texts[place].lines if place < len(texts) else ()
        parts = list(columns_fold(rows, lines, context=CONTEXT_LINES, place=place))
    folder, name = path_split(path)
    order = sorted(by_path, key=by_folder)
    at = order.index(path) if path in by_path else -1
    here = replace(address, path=path_text(path))

    def url(to: str) -> str:
        return here.url(path=path_text(to), context="")

    return ColumnsPage(
        task=task_files.task,
        path=here.path,
        folder=display_path(folder),
        name=display_path(name),
        heads=tuple(Head(f.side, f.insertions, f.deletions) for f in shown if f.side.ref in refs),
        notes=notes,
        toggles=_toggles(task_files, refs, here, by_path.get(path, [])),
        folders=tree_of_variants(by_path, current=path, url=url),
        html=columns_html(parts, texts, places=places),
        rows=here.url("compare_columns_rows", of=",".join(refs), context=""),
        spaces=space_choices(here),
        whole=here.url(context="" if here.context == ALL else ALL),
        all_lines=here.context == ALL,
        compare=_compare(here, refs),
        previous=url(order[at - 1]) if at > 0 else "",
        next=url(order[at + 1]) if 0 <= at < len(order) - 1 else "",
        position=at + 1,
        total=len(order),
    )


def columns_rows(*, user: Viewer, address: ColumnsAddress, start: int, end: int) -> str:
    """Rows start..end (from 0, end excluded): what a fold hides."""
    task_files = task_files_get(user, address.task_id)
    by_path = task_files.by_path()
    path = path_find(task_files, by_path, address.path)
    refs = address.refs or _default_refs(by_path.get(path, []), task_files)
    files, has_base, _ = column_files(task_files, path, refs, address.whitespace)
    shown = [file for file in files if file.text is not None]
    rows, texts, places = _aligned(shown, has_base, BASE in refs, address.whitespace)
    return columns_html(rows[start:end], texts, places=places)


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


def _aligned(
    files: Sequence[ColumnFile], has_base: bool, show_base: bool, whitespace: str
) -> tuple[list[Row], list[ColumnText], list[int]]:
    base = next((f for f in files if f.side.ref == BASE), None)
    others = [f for f in files if f is not base]
    lines = base.text.lines if base and base.text else None
    columns = [
        Column(line_keys(f.text.lines if f.text else (), whitespace), f.opcodes) for f in others
    ]
    rows = columns_align(None if lines is None else line_keys(lines, whitespace), columns)
    texts = [
        ColumnText(BASE, "", lines or (), base.tokens if base else ()),
        *(
            ColumnText(f.side.ref, f.side.letter, f.text.lines if f.text else (), f.tokens, f.marks)
            for f in others
        ),
    ]
    return rows, texts, list(range(0 if has_base and show_base else 1, len(texts)))


def _toggles(
    task_files: TaskFiles, refs: Sequence[str], here: ColumnsAddress, writers: Sequence[str]
) -> tuple[Toggle, ...]:
    known = [BASE, *(v.letter for v in task_files.variants)]
    agents = {v.letter: v.maker for v in task_files.variants}
    order = [*known, *(ref for ref in refs if ref not in known)]
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
