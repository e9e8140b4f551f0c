"""An image as the base and each of several sides has it: there are no lines to align, so they stand side by side."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.git.blobs import blobs_read
from review.selectors.column_files import ColumnFile, TaskFiles
from review.selectors.compare import path_text
from review.selectors.images import LIMIT_BYTES, ImageSide, image_side
from review.selectors.sides import Side


def column_images(
    task_files: TaskFiles, path: str, refs: Sequence[str], files: Sequence[ColumnFile]
) -> tuple[ImageSide, ...]:
    """What each of `refs` shows, in their order; none where nobody made an image of the file."""
    changes = [file.change for file in files if file.is_image and file.change]
    if not changes:
        return ()
    base_blob = changes[0].old_blob
    wanted: list[tuple[Side, str, str]] = []
    for file in files:
        if file.side.ref not in refs:
            continue
        change = file.change
        blob, name = (change.new_blob, change.path) if change else (base_blob, path)
        if blob.strip("0"):
            wanted.append((file.side, blob, path_text(name)))
    known = blobs_read(
        hub=task_files.hub, blobs=[blob for _, blob, _ in wanted], limit_bytes=LIMIT_BYTES
    )
    return tuple(
        image_side(task_files.task.pk, side, blob, name, known[blob].size_bytes, known[blob].data)
        for side, blob, name in wanted
        if blob in known
    )
