"""The files that the Variants of a Task changed, from this process's memory, the cache, or git."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from orchestrator.git.diffs import FileChange
from orchestrator.git.refs import display_path
from review.diff import FORMAT_VERSION
from review.lib.cache import cached
from review.matrix import Column, Matrix, matrix_make
from review.selectors.agreement import Agreement, agreement_known
from review.selectors.compare import copies_known, files_changed
from review.selectors.consensus import Ground

READERS = 2
RECENT_MAX = 3


def matrix_read(ground: Ground) -> tuple[Matrix, Agreement | None]:
    """What is compared, from this process's memory if it was asked for a moment ago.

    A person filters, sorts and turns pages of the same board; large ones take a while to put together.
    """
    key = (str(ground.hub), *ground.facts)
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
        columns = pool.map(lambda head: _column_get(ground, head), ground.heads.values())
        found = dict(zip(ground.heads, columns, strict=True))
    return matrix_make(
        found,
        agreement.marks if agreement else None,
        composed=ground.composed,
        silent=agreement.silent if agreement else None,
        copied={letter: _copied(ground, head) for letter, head in ground.heads.items()},
    )


def _copied(ground: Ground, head: str) -> dict[str, str]:
    """As far as it is known: it is looked for with the agreement."""
    found = copies_known(left=ground.base, right=head)
    return {path: display_path(change.old_path) for path, change in found.items()}


def _column_get(ground: Ground, head: str) -> Column:
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
