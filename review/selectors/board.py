"""The board: which file each Variant changed by how much, and how that stands to the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.api_payloads import variant_brief
from orchestrator.git.diffs import FileChange
from orchestrator.models import Task
from orchestrator.selectors.access import Viewer, task_get_for, tasks_for
from orchestrator.selectors.tasks import tasks_with_state, usage_total
from review.compare import Mark
from review.selectors.agreement import agreement_wait
from review.selectors.agreement_parts import Marks
from review.selectors.compare import by_folder, files_changed, path_text
from review.selectors.consensus import Ground, ground_of


@dataclass(frozen=True, slots=True)
class BoardCell:
    """What one Variant did to the file. `mark` is None until the hunks of all Variants are read."""

    change: FileChange
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class BoardFile:
    """A row: a path as git has it, and by letter the Variants that touched it."""

    path: str
    cells: Mapping[str, BoardCell]


def board_files(ground: Ground, marks: Marks | None) -> list[BoardFile]:
    """All files that any Variant changed, folders whole and in order."""
    rows: dict[str, dict[str, BoardCell]] = {}
    for letter, head in ground.heads.items():
        for change in files_changed(hub=ground.hub, left=ground.base, right=head):
            mark = marks.get(change.path, {}).get(letter) if marks is not None else None
            rows.setdefault(change.path, {})[letter] = BoardCell(change, mark)
    return [BoardFile(path, rows[path]) for path in sorted(rows, key=by_folder)]


def board_payload(*, user: Viewer, task_id: object) -> dict[str, Any]:
    """What `GET tasks/{id}/board` answers; its marks are always there, or it is said to ask again."""
    task = task_with_state_get(user=user, task_id=task_id)
    ground = ground_of(task)
    return {
        "task": task.pk,
        "base_commit": ground.base,
        "variants": [
            {
                **variant_brief(variant, task=task),
                "head_commit": variant.head_commit or None,
                "usage": usage_total(variant.runs.all()),
            }
            for variant in task.variants.all()
        ],
        "files": [
            {
                "path": path_text(row.path),
                "cells": {letter: _cell(cell) for letter, cell in row.cells.items()},
            }
            for row in board_files(ground, agreement_wait(ground).marks)
        ],
    }


def task_with_state_get(*, user: Viewer, task_id: object) -> Task:
    task = task_get_for(user, task_id)
    return tasks_with_state(tasks_for(user).filter(pk=task.pk)).get()


def _cell(cell: BoardCell) -> dict[str, Any]:
    change = cell.change
    return {
        "status": change.status,
        "old_path": path_text(change.old_path) if change.old_path != change.path else None,
        "insertions": change.insertions,
        "deletions": change.deletions,
        "binary": change.binary,
        "mark": cell.mark and str(cell.mark),
    }
