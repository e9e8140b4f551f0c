"""Changed files without a repository."""

from __future__ import annotations

from review.hunks import FileHunks, file_hunks

BLOBS = ("1" * 40, "2" * 40)


def file_changed(section: bytes, blobs: tuple[str, str] = BLOBS) -> FileHunks:
    """The file `f`, of which some lines are others now."""
    return file_hunks(
        path="f",
        old_path="f",
        status="M",
        modes=("100644", "100644"),
        blobs=blobs,
        binary=False,
        section=section,
    )
