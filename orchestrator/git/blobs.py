"""Contents of several blobs at the price of two git processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.git.errors import CommitNotFoundError, InvalidRefError
from orchestrator.git.refs import is_commit_id
from orchestrator.git.run import git


@dataclass(frozen=True, slots=True)
class Blob:
    """`data` is None where the content is larger than was asked for."""

    size_bytes: int
    data: bytes | None


def blobs_read(*, hub: Path, blobs: Sequence[str], limit_bytes: int) -> dict[str, Blob]:
    """Every blob by its id, with its content unless that is over the limit."""
    if not all(is_commit_id(blob) for blob in blobs):
        raise InvalidRefError("ref.invalid", "A blob is named by its full id.")
    sizes = {blob: _size(line) for blob, line in zip(blobs, _heads(hub, blobs), strict=True)}
    small = [blob for blob in dict.fromkeys(blobs) if sizes[blob] <= limit_bytes]
    contents = _contents(hub, small, sizes)
    return {blob: Blob(sizes[blob], contents.get(blob)) for blob in blobs}


def _heads(hub: Path, blobs: Sequence[str]) -> list[bytes]:
    if not blobs:
        return []
    asked = "".join(f"{blob}\n" for blob in blobs).encode()
    return git("cat-file", "--batch-check", git_dir=hub, stdin=asked).stdout.splitlines()


def _size(line: bytes) -> int:
    facts = line.split(b" ")
    if len(facts) != 3 or facts[1] != b"blob":
        raise CommitNotFoundError("blob.not-found", "There is no such file in this project.")
    return int(facts[2])


def _contents(hub: Path, blobs: Sequence[str], sizes: dict[str, int]) -> dict[str, bytes]:
    if not blobs:
        return {}
    asked = "".join(f"{blob}\n" for blob in blobs).encode()
    stream = git("cat-file", "--batch", git_dir=hub, stdin=asked).stdout
    contents = {}
    at = 0
    for blob in blobs:
        start = stream.index(b"\n", at) + 1
        contents[blob] = stream[start : start + sizes[blob]]
        at = start + sizes[blob] + 1
    return contents
