"""What the page says beside each change of the file in view: how it stands, whether it was viewed.

The diff's HTML is shared by everybody and every Task that has the same two blobs; this is what is laid
over it for one person and one Task.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User

from review.compare import Group, group_hunks
from review.hunks import About, FileHunks, Hunk
from review.lib.paths import path_text
from review.selectors.compare import Comparison
from review.selectors.consensus import FileConsensus, files_consensus, ground_of
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
    marked = marked_get(user=user, comparison=comparison, file=file)
    known = marked.of(file)
    places = _places(comparison, file)
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
                **_standing(comparison, hunk, places, letters),
            }
            for number, hunk in enumerate(lines, start=1)
        ],
    }


def _places(comparison: Comparison, file: FileHunks) -> list[tuple[Group, FileConsensus]]:
    """The groups of the file that is compared, by the name it has on a side; none for other commits."""
    heads = {v.letter: v.head_commit for v in comparison.variants}
    left, right = comparison.left, comparison.right
    newest = heads.get(right.letter) == right.commit and (
        left.ref == BASE or heads.get(left.letter) == left.commit
    )
    if not newest:
        return []
    ground = ground_of(comparison.task)
    return [
        (group, known)
        for known in files_consensus(ground, path=file.path)
        if (file.status != "A" and known.name_of(left.letter) == file.old_path)
        or (file.status != "D" and known.name_of(right.letter) == file.path)
        for group in known.groups
    ]


def _standing(
    comparison: Comparison,
    hunk: Hunk,
    places: Sequence[tuple[Group, FileConsensus]],
    letters: list[str],
) -> dict[str, Any]:
    """`left_hunks` and `right_hunks`: those against the base that make the side what it is here.

    `left_path` and `right_path` are what the file with these hunks is called there.
    """
    left, right = comparison.left.letter, comparison.right.letter
    groups = [group for group, _ in places]
    found = standing_of(hunk, groups, left=left, right=right, letters=letters)
    here = [(g, file) for g, file in places if found and any(g is one for one in found.groups)]
    return {
        "kind": str(found.kind) if found else "",
        "say": standing_say(found) if found and len(letters) > 1 else "",
        "left": list(found.left) if found else [],
        "right": list(found.right) if found else [],
        "rest": list(found.rest) if found else [],
        "left_hunks": _hunks(here, left),
        "right_hunks": [_named(hunk)] if comparison.left.ref == BASE else _hunks(here, right),
        "left_path": _path(here, left),
        "right_path": _path(here, right),
    }


def _path(here: Sequence[tuple[Group, FileConsensus]], letter: str) -> str:
    known = (file for _, file in here)
    return next((path_text(file.name_of(letter)) for file in known), "")


def _hunks(here: Sequence[tuple[Group, FileConsensus]], letter: str) -> list[dict[str, Any]]:
    """None of a new file: that is one hunk, and the lines in view are a part of it."""
    known = [(g, file.files[letter]) for g, file in here if letter in file.files]
    return [
        _named(hunk)
        for group, file in known
        if file.status != "A"
        for hunk in group_hunks(group, file)
    ]


def _named(hunk: Hunk) -> dict[str, Any]:
    """By its key and its place: equal changes of a file are told apart by their order, which may change."""
    count = hunk.end - hunk.start
    start = hunk.start + 1 if count else hunk.start
    return {"key": hunk.key, "base_start": start, "base_lines": count}
