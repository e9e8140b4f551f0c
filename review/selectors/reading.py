"""What the page says beside each change of the file in view: how it stands, whether it was viewed.

The diff's HTML is shared by everybody and every Task that has the same two blobs; this is what is laid
over it for one person and one Task.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from review.compare import Group
from review.hunks import About, Hunk
from review.selectors.compare import Comparison
from review.selectors.consensus import files_consensus, ground_of
from review.selectors.hunks import file_hunks_get
from review.selectors.sides import BASE
from review.selectors.viewed import file_seen, marked_get
from review.standing import standing_of, standing_say


def reading_payload(*, user: User, comparison: Comparison, path: str) -> dict[str, Any]:
    """`changes` are those of the diff without white space rules, counted from 1 as in its HTML."""
    file = file_hunks_get(
        hub=comparison.hub,
        left=comparison.left.commit,
        right=comparison.right.commit,
        path=path,
    )
    if file is None:
        return {"seen": "", "keys": [], "changes": []}
    marked = marked_get(user=user, task=comparison.task, file=file)
    known = marked.of(file)
    groups = _groups(comparison, path)
    letters = [v.letter for v in comparison.variants if v.head_commit and not v.archived_at]
    lines = [hunk for hunk in file.hunks if hunk.about is About.LINES]
    return {
        "seen": str(file_seen(file, marked)),
        "keys": [hunk.key for hunk in file.hunks],
        "changes": [
            {
                "n": number,
                "key": hunk.key,
                "viewed": hunk.key in known,
                **_standing(comparison, hunk, groups, letters),
            }
            for number, hunk in enumerate(lines, start=1)
        ],
    }


def _groups(comparison: Comparison, path: str) -> list[Group]:
    """Groups of all files that bear this path on one of the sides; none for other commits."""
    heads = {v.letter: v.head_commit for v in comparison.variants}
    left, right = comparison.left, comparison.right
    newest = heads.get(right.letter) == right.commit and (
        left.ref == BASE or heads.get(left.letter) == left.commit
    )
    if not newest:
        return []
    ground = ground_of(comparison.task)
    return [g for file in files_consensus(ground, path=path) for g in file.groups]


def _standing(
    comparison: Comparison, hunk: Hunk, groups: list[Group], letters: list[str]
) -> dict[str, Any]:
    found = standing_of(
        hunk, groups, left=comparison.left.letter, right=comparison.right.letter, letters=letters
    )
    return {
        "kind": str(found.kind) if found else "",
        "say": standing_say(found) if found and len(letters) > 1 else "",
        "left": list(found.left) if found else [],
        "right": list(found.right) if found else [],
        "rest": list(found.rest) if found else [],
        "left_keys": list(found.left_keys) if found else [],
        "right_keys": list(found.right_keys) if found else [],
    }
