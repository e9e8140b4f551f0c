"""Images of a comparison: what each side has, and the bytes that a page may show."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.git.blobs import blobs_read
from orchestrator.git.diffs import FileChange
from orchestrator.git.hub import blob_bytes
from orchestrator.lib.errors import Invalid
from orchestrator.lib.paths import hub_dir
from orchestrator.selectors.access import Viewer
from review.diff.guards import size_say
from review.diff.images import image_size, image_type
from review.selectors.compare import Comparison, path_text
from review.selectors.sides import Side
from review.selectors.whole_file import file_at, whole_url

LIMIT_BYTES = 20_000_000
# A small file can unpack to an image that stops the browser.
PIXELS_MAX = 100_000_000


@dataclass(frozen=True, slots=True)
class ImageSide:
    """`url` is "" where the image is not shown; `says` is its kind and sizes, or why not."""

    side: Side
    says: str
    url: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ImagePair:
    left: ImageSide | None  # None: no such file
    right: ImageSide | None

    @property
    def both(self) -> bool:
        return bool(self.left and self.left.url and self.right and self.right.url)


def image_pair(comparison: Comparison, change: FileChange) -> ImagePair:
    wanted = [
        (comparison.left, change.old_blob, path_text(change.old_path)),
        (comparison.right, change.new_blob, path_text(change.path)),
    ]
    names = [blob for _, blob, _ in wanted if blob.strip("0")]
    known = blobs_read(hub=comparison.hub, blobs=names, limit_bytes=LIMIT_BYTES)
    left, right = (
        image_side(comparison.task.pk, side, blob, path, known[blob].size_bytes, known[blob].data)
        if blob in known
        else None
        for side, blob, path in wanted
    )
    return ImagePair(left, right)


def image_side(
    task_id: int, side: Side, blob: str, path: str, size_bytes: int, data: bytes | None
) -> ImageSide:
    size = size_say(size_bytes)
    if data is None:
        return ImageSide(side, f"{size}, too large to show", "", 0, 0)
    kind = image_type(data)
    if not kind:
        return ImageSide(side, f"{size}, not an image that can be shown", "", 0, 0)
    width, height = image_size(data) or (0, 0)
    name = kind.removeprefix("image/").removeprefix("x-").upper().replace("ICON", "ICO")
    pixels = f", {width:,} × {height:,}" if width else ""
    if width * height > PIXELS_MAX:
        return ImageSide(side, f"{name}{pixels}, {size}: too many pixels to show", "", 0, 0)
    url = f"{whole_url(task_id, side.ref, path, 'compare_image')}&v={blob[:12]}"
    return ImageSide(side, f"{name}{pixels}, {size}", url, width, height)


def image_bytes(*, user: Viewer, task_id: object, at: str, path: str) -> tuple[bytes, str]:
    """The bytes and their content type, found in the bytes; refused if it is not one of the known kinds."""
    found = file_at(user=user, task_id=task_id, at=at, path=path)
    hub = hub_dir(found.task.project_id)
    data = blob_bytes(hub=hub, blob=found.blob, limit_bytes=LIMIT_BYTES)
    kind = image_type(data)
    if not kind:
        raise Invalid("image.unknown", "This file is not an image that can be shown.", {}, 415)
    return data, kind
