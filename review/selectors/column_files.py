"""A file as the base and each of several sides has it, ready to be aligned."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.diffs import FileChange
from orchestrator.git.hub import blob_read
from orchestrator.git.refs import display_path
from orchestrator.lib.errors import NotFound
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Task, Variant
from orchestrator.selectors.access import Viewer, task_get_for
from review.diff import ChunkKind, Colours, FileDiff, Kind
from review.diff.lexing_page import Token
from review.diff.patch import Opcode
from review.diff.text import text_read
from review.diff.types import DiffOptions, Text
from review.selectors.compare import files_changed, path_text
from review.selectors.file_diffs import COLOUR_WAIT_S, blob_colours, diff_colours, file_read
from review.selectors.sides import BASE, Side, side_get


@dataclass(frozen=True, slots=True)
class ColumnFile:
    """A file as one side has it. `text` is None where the side has none, or none with lines.

    `change` is what the side made of the file, None where it left it as it was.
    """

    side: Side
    text: Text | None
    opcodes: tuple[Opcode, ...]
    tokens: Sequence[Sequence[Token]]
    marks: dict[int, tuple[tuple[int, int], ...]]
    insertions: int = 0
    deletions: int = 0
    note: str = ""
    change: FileChange | None = None
    is_image: bool = False


@dataclass(frozen=True, slots=True)
class TaskFiles:
    """What columns can be made of: the base, and what each Variant changed of it."""

    task: Task
    hub: Path
    variants: tuple[Variant, ...]
    base: Side
    changes: dict[str, tuple[FileChange, ...]]  # by letter

    def by_path(self) -> dict[str, list[str]]:
        """Every changed file, by its name in the base, and who changed it."""
        found: dict[str, list[str]] = {}
        for letter, changes in self.changes.items():
            for change in changes:
                found.setdefault(base_path(change), []).append(letter)
        return found


def base_path(change: FileChange) -> str:
    return change.old_path if change.status == "R" else change.path


def task_files_get(user: Viewer, task_id: object) -> TaskFiles:
    task = task_get_for(user, task_id)
    variants = tuple(task.variants.select_related("agent").order_by("position"))
    hub = hub_dir(task.project_id)
    base = Side(BASE, task.spec.base_commit)
    changes = {
        v.letter: files_changed(hub=hub, left=base.commit, right=v.head_commit or base.commit)
        for v in variants
    }
    return TaskFiles(task, hub, variants, base, changes)


def path_find(task_files: TaskFiles, by_path: dict[str, list[str]], path: str) -> str:
    """The file by its name in the base, given that, the name it was renamed to, or the shown form of either."""
    if not path:
        first = next(iter(sorted(by_path, key=lambda p: -len(by_path[p]))), None)
        if first is None:
            raise NotFound("file.not-found", "No variant of this task has changed a file.")
        return first
    for wanted in (lambda p: p == path, lambda p: path_text(p) == path):
        for changes in task_files.changes.values():
            for change in changes:
                if wanted(base_path(change)) or wanted(change.path):
                    return base_path(change)
    return path


def column_files(
    task_files: TaskFiles,
    path: str,
    refs: Sequence[str],
    whitespace: str = "none",
    *,
    hidden: Sequence[str] = (),
) -> tuple[list[ColumnFile], bool, tuple[str, ...]]:
    """The base first (asked for or not), then the sides; whether the base has the file; what to say.

    `hidden` are sides that are only compared: they come last, without colours.
    """
    sides = [
        side_get(task=task_files.task, variants=task_files.variants, hub=task_files.hub, ref=ref)
        for ref in (*refs, *hidden)
        if ref.lower() != BASE
    ]
    found: list[tuple[Side, FileChange | None]] = []
    for side in sides:
        changes = files_changed(hub=task_files.hub, left=task_files.base.commit, right=side.commit)
        found.append((side, next((c for c in changes if base_path(c) == path), None)))
    base_text, base_file, has_base = _base(task_files, path, found)
    files = [base_file]
    notes: list[str] = []
    for side, change in found:
        file = (
            ColumnFile(side, base_text, (), base_file.tokens, {}, note="" if has_base else _GONE)
            if change is None
            else _changed(task_files, side, change, whitespace, colours=side.ref not in hidden)
        )
        if file.note:
            notes.append(f"{side.name} {file.note}")
        if change is not None and change.status == "R":
            notes.append(f"{side.name} renamed it to {display_path(change.path)}.")
        files.append(file)
    if not has_base and not any(change for _, change in found):
        raise NotFound("file.not-found", f"No file {path[:200]!r} in the base or a variant.")
    if not has_base:
        notes.insert(
            0, "The base does not have this file: the variants are aligned with each other."
        )
    return files, has_base, tuple(notes)


_GONE = "does not have this file."


def _base(
    task_files: TaskFiles, path: str, found: Sequence[tuple[Side, FileChange | None]]
) -> tuple[Text | None, ColumnFile, bool]:
    limit = DiffOptions().limit_bytes
    data = (
        blob_read(hub=task_files.hub, commit=task_files.base.commit, path=path, limit_bytes=limit)
        if path and "\0" not in path
        else None
    )
    text = text_read(data) if data is not None else None
    blob = next((c.old_blob for _, c in found if c and c.old_blob.strip("0")), "")
    deadline = time.monotonic() + COLOUR_WAIT_S
    tokens = _tokens(blob_colours(blob, text, path, lambda: time.monotonic() > deadline))
    return text, ColumnFile(task_files.base, text, (), tokens, {}), data is not None


def _changed(
    task_files: TaskFiles, side: Side, change: FileChange, whitespace: str, *, colours: bool
) -> ColumnFile:
    diff = file_read(hub=task_files.hub, change=change, whitespace=whitespace)
    if change.status == "D":
        return ColumnFile(side, None, (), (), {}, 0, diff.deletions, "deleted it.", change=change)
    if diff.kind is Kind.IMAGE:
        return ColumnFile(side, None, (), (), {}, change=change, is_image=True)
    if diff.kind not in (Kind.TEXT, Kind.SAME, Kind.EMPTY, Kind.SYMLINK) or diff.right is None:
        return ColumnFile(
            side,
            None,
            (),
            (),
            {},
            note=f"has no lines to show here: {diff.notes[-1]}",
            change=change,
        )
    return ColumnFile(
        side,
        diff.right,
        _opcodes(diff),
        _tokens((diff_colours(diff, change, wait_s=COLOUR_WAIT_S) or (None, None))[1])
        if colours
        else (),
        {line.n - 1: line.changed for chunk in diff.chunks for line in chunk.right if line.changed},
        diff.insertions,
        diff.deletions,
        "changed only white space." if _only_spaces(diff) else "",
        change,
    )


def _only_spaces(diff: FileDiff) -> bool:
    """Only where white space is ignored: else what differs in it has changed lines."""
    texts = [side.lines if side else None for side in (diff.left, diff.right)]
    return diff.kind is Kind.SAME and texts[0] != texts[1]


def _opcodes(diff: FileDiff) -> tuple[Opcode, ...]:
    at_left = at_right = 0
    found = []
    for chunk in diff.chunks:
        left, right = at_left + len(chunk.left), at_right + len(chunk.right)
        if chunk.kind is not ChunkKind.EQUAL:
            found.append(Opcode(at_left, left, at_right, right))
        at_left, at_right = left, right
    return tuple(found)


def _tokens(colours: Colours | None) -> Sequence[Sequence[Token]]:
    return colours.lines if colours else ()
