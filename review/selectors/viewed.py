"""What a person has looked at, of a comparison: hunks by what they say, files by their hunks."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User

from review.hunks import FileHunks, digest
from review.models import ViewedMark
from review.selectors.compare import Comparison, path_text
from review.selectors.hunks import pair_hunks


class Seen(StrEnum):
    NONE = ""
    PARTLY = "partly"
    VIEWED = "viewed"
    CHANGED = "changed"  # it was viewed, and has hunks now that were not


@dataclass(frozen=True, slots=True)
class Marked:
    """The marks of one person in a comparison, by file. `whole` is the key of its whole files."""

    keys: dict[str, set[str]]
    whole: str

    def of(self, file: FileHunks) -> set[str]:
        return self.keys.get(file_key(file), set())


def file_key(file: FileHunks) -> str:
    return digest(os.fsencode(file.path))


def whole_key(comparison: Comparison) -> str:
    """Names the sides, not their commits: that a person was done with a file between these two."""
    return "whole:" + digest(comparison.left.ref.encode(), comparison.right.ref.encode())


def marked_get(*, user: User, comparison: Comparison, file: FileHunks | None = None) -> Marked:
    marks = ViewedMark.objects.filter(user=user, task=comparison.task)
    if file is not None:
        marks = marks.filter(file=file_key(file))
    keys: dict[str, set[str]] = defaultdict(set)
    for place, key in marks.values_list("file", "key"):
        keys[place].add(key)
    return Marked(dict(keys), whole_key(comparison))


def file_seen(file: FileHunks, marked: Marked) -> Seen:
    known = marked.of(file)
    count = sum(hunk.key in known for hunk in file.hunks)
    if count == len(file.hunks) and known:
        return Seen.VIEWED
    if marked.whole in known:
        return Seen.CHANGED
    return Seen.PARTLY if count else Seen.NONE


def viewed_payload(*, user: User, comparison: Comparison) -> dict[str, Any]:
    """How far a person is with a comparison: the files that are not untouched, and the sums."""
    files = pair_hunks(
        hub=comparison.hub, left=comparison.left.commit, right=comparison.right.commit
    )
    marked = marked_get(user=user, comparison=comparison)
    seen = {path_text(file.path): file_seen(file, marked) for file in files.values()}
    return {
        "total": len(seen),
        "viewed": sum(state is Seen.VIEWED for state in seen.values()),
        "files": {path: str(state) for path, state in seen.items() if state},
    }
