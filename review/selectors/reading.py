"""What the page says beside each change of the file in view: how it stands, whether it was viewed.

The diff's HTML is shared by everybody and every Task that has the same two blobs; this is what is laid
over it for one person and one Task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User

from review.compare import Group, group_hunks_wide
from review.hunks import FileHunks, Hunk, hunk_named, hunk_reversed
from review.lib.paths import path_text
from review.selectors.compare import Comparison
from review.selectors.consensus import FileConsensus, files_consensus, ground_of
from review.selectors.hunks import file_hunks_get
from review.selectors.sides import BASE
from review.selectors.viewed import file_seen, marked_get
from review.standing import Standings, standing_say


def reading_payload(*, user: User, comparison: Comparison, path: str) -> dict[str, Any]:
    """`changes` are those of the diff without white space rules, counted from 1 as in its HTML.

    `whole`: the one change is the whole file, which the base lacks; the diff compares it with what it copies.
    """
    file = file_hunks_get(
        hub=comparison.hub,
        left=comparison.left.commit,
        right=comparison.right.commit,
        path=path,
    )
    if file is None:
        return {"seen": "", "keys": [], "whole": False, "changes": []}
    marked = marked_get(user=user, comparison=comparison, file=file)
    known = marked.of(file)
    letters = [v.letter for v in comparison.variants if v.head_commit and not v.archived_at]
    standings = _standings(comparison, file, letters)
    meet = _meet(comparison, file, standings)
    makers = {} if standings else _makers(comparison, file, letters)
    change = comparison.file(path)
    return {
        "seen": str(file_seen(file, marked)),
        "keys": [hunk.key for hunk in file.hunks],
        "whole": change is not None and change.status == "C",
        "changes": [
            {
                "n": number,
                "key": hunk.key,
                "viewed": hunk.key in known,
                **_standing(comparison, hunk, standings),
                **_made(hunk, makers),
                "between": _between(hunk) if meet else None,
            }
            for number, hunk in enumerate(file.lines, start=1)
        ],
    }


Standing = tuple[FileConsensus, Standings]


def _makers(
    comparison: Comparison, file: FileHunks, letters: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """By its key, who made each change of the base: for what is no newest state, as a preview."""
    if comparison.left.ref != BASE:
        return {}
    composed = {v.letter for v in comparison.variants if v.composed}
    found: dict[str, tuple[str, ...]] = {}
    for known in files_consensus(ground_of(comparison.task), path=file.path):
        for letter in letters:
            if letter in known.files and letter not in composed:
                for hunk in known.files[letter].hunks:
                    found[hunk.key] = (*found.get(hunk.key, ()), letter)
    return found


def _made(hunk: Hunk, makers: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    letters = makers.get(hunk.key, ())
    return {"kind": "", "say": "As in", "right": list(letters)} if letters else {}


def _standings(comparison: Comparison, file: FileHunks, letters: Sequence[str]) -> list[Standing]:
    """Of the file that is compared, by the name it has on a side; none for other commits."""
    heads = {v.letter: v.head_commit for v in comparison.variants}
    composed = [v.letter for v in comparison.variants if v.composed and v.letter in letters]
    left, right = comparison.left, comparison.right
    newest = heads.get(right.letter) == right.commit and (
        left.ref == BASE or heads.get(left.letter) == left.commit
    )
    if not newest:
        return []
    ground = ground_of(comparison.task)
    return [
        (
            known,
            Standings(
                known.groups,
                left=left.letter,
                right=right.letter,
                letters=letters,
                composed=composed,
            ),
        )
        for known in files_consensus(ground, path=file.path)
        if (file.status != "A" and known.name_of(left.letter) == file.old_path)
        or (file.status != "D" and known.name_of(right.letter) == file.path)
    ]


def _meet(comparison: Comparison, file: FileHunks, standings: Sequence[Standing]) -> bool:
    """Whether both sides are Variants that have the file, so that lines of one can go into the other's."""
    left, right = comparison.left.letter, comparison.right.letter
    return bool(left and right) and any(
        (known.name_of(left), known.name_of(right)) == (file.old_path, file.path)
        for known, _ in standings
        if file.status not in "AD"
    )


def _between(hunk: Hunk) -> dict[str, Any]:
    """The hunk as each side is taken against the other."""
    return {"left": hunk_named(hunk_reversed(hunk)), "right": hunk_named(hunk)}


def _standing(comparison: Comparison, hunk: Hunk, standings: Sequence[Standing]) -> dict[str, Any]:
    """`left_hunks` and `right_hunks`: those against the base that make the side what it is here.

    `left_path` and `right_path` are what the file with these hunks is called there.
    """
    left, right = comparison.left.letter, comparison.right.letter
    right_hunks = [hunk_named(hunk)] if comparison.left.ref == BASE else []
    for file, known in standings:
        found = known.of(hunk)
        if found is None:
            continue
        return {
            "kind": str(found.kind),
            "say": standing_say(found) if len(found.left + found.right + found.rest) > 1 else "",
            "left": list(found.left),
            "right": list(found.right),
            "rest": list(found.rest),
            "silent": sorted(found.silent),
            "left_hunks": _hunks(file, found.groups, left),
            "right_hunks": right_hunks or _hunks(file, found.groups, right),
            "left_path": path_text(file.name_of(left)),
            "right_path": path_text(file.name_of(right)),
        }
    nothing: dict[str, Any] = {"kind": "", "say": "", "left": [], "right": [], "rest": []}
    nothing["silent"] = []
    hunks = {"left_hunks": [], "right_hunks": right_hunks}
    return nothing | hunks | {"left_path": "", "right_path": ""}


def _hunks(file: FileConsensus, groups: Sequence[Group], letter: str) -> list[dict[str, Any]]:
    """None of a new file: that is one hunk, and the lines in view are a part of it."""
    own = file.files.get(letter)
    if own is None or own.status == "A":
        return []
    hunks = [h for group in groups if letter in group.spans for h in group_hunks_wide(group, own)]
    return [hunk_named(hunk) for hunk in dict.fromkeys(hunks)]
