"""What taking an option of a place puts into the tray."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.lib.errors import NotFound
from orchestrator.selectors.access import Viewer
from review.compare import Option, group_hunks, group_hunks_wide
from review.composing.picks import back_alone
from review.hunks import About, Hunk, base_range, hunk_named, hunk_reversed
from review.lib.paths import path_text
from review.ranges import Span
from review.selectors.agreement_parts import Place
from review.selectors.consensus import ground_get
from review.selectors.hunks import PairHunks, file_hunks_get
from review.selectors.sides import BASE

Pick = dict[str, Any]


def option_picks(pairs: Mapping[str, PairHunks], place: Place, option: Option) -> list[Pick]:
    """One of each Variant that has the option: they do the same at this place.

    What cannot be taken by itself is taken as a whole file; `hunks` is not set then. A composed Variant that
    has it in one hunk with something else is left out, unless it alone has the option.
    """
    picks = [_pick(pairs[letter], place, letter) for letter in option.letters]
    first = option.letters[0]
    return [p for p in picks if p.get("hunks") != []] or [
        _pick(pairs[first], place, first, wide=True)
    ]


def _pick(pair: PairHunks, place: Place, letter: str, *, wide: bool = False) -> Pick:
    file = place.files[letter]
    pick: Pick = {"variant": letter, "path": path_text(file.path)}
    if place.group.about is not About.LINES or file.status in ("A", "D"):
        return pick
    hunks = (group_hunks_wide if wide else group_hunks)(place.group, pair[file.path])
    return pick | {"hunks": [hunk_named(hunk) for hunk in hunks]}


def base_picks(pairs: Mapping[str, PairHunks], place: Place, picks: Sequence[Pick]) -> list[Pick]:
    """What has the place as in the base, where all of a Variant is taken. One of them will do: they have one effect.
    The whole file, without `hunks`, where the place cannot be had by itself.

    `picks` are those of the options. What one of them changed by exactly this place bears the name that a comparison
    gives it.
    """
    path = picks[0]["path"]
    files = place.files.values()
    if not back_alone(place.group, files) or any(file.status == "A" for file in files):
        return [{"variant": BASE, "path": path}]
    if place.group.about is not About.LINES:  # which stands at no line: its key tells it
        named = (
            {"variant": BASE, "path": path_text(place.files[letter].path), "hunks": [hunk.key]}
            for letter in place.group.spans
            for hunk in group_hunks(place.group, pairs[letter][place.files[letter].path])
        )
        return [*_once([*named])]
    start, count = base_range(place.group)
    here = {"base_start": start, "base_lines": count}
    exact = [
        pick | {"variant": BASE}
        for pick in picks
        if len(pick.get("hunks", ())) == 1 and here.items() <= pick["hunks"][0].items()
    ]
    return [*_once(exact)] or [{"variant": BASE, "path": path, "hunks": [here | {"key": ""}]}]


def base_into(pairs: Mapping[str, PairHunks], place: Place) -> dict[str, list[Pick]]:
    """By letter, what has lines as in the base in the file of that Variant, where all of it is taken."""
    if place.group.about is not About.LINES:
        return {}
    found: dict[str, list[Pick]] = {}
    for letter in place.group.spans:
        file = place.files[letter]
        hunks = group_hunks(place.group, pairs[letter][file.path])
        if hunks and file.status not in "ADT":
            named = [hunk_named(hunk_reversed(hunk)) for hunk in hunks]
            told = {"variant": BASE, "against": letter, "path": path_text(file.path)}
            found[letter] = [told | {"hunks": named}]
    return found


def _once(picks: Sequence[Pick]) -> Iterator[Pick]:
    for number, pick in enumerate(picks):
        if pick not in picks[:number]:
            yield pick


def picks_between(
    *,
    user: Viewer,
    task_id: object,
    variant: str,
    against: str,
    path: str,
    span: Span,
    host_span: Span | None,
) -> list[Pick]:
    """What takes lines `span` of a new file as a Variant has it into the same file of another, one hunk each.

    `host_span` are the lines of the other at this place, if it has any.
    """
    ground = ground_get(user=user, task_id=task_id)
    for letter in (variant, against):
        if letter not in ground.heads:
            raise NotFound("variant.not-found", f"This task has no variant {letter[:60]}.")
    left, right = ground.heads[against], ground.heads[variant]
    file = file_hunks_get(hub=ground.hub, left=left, right=right, path=path)
    hunks = [
        hunk
        for hunk in (file.hunks if file and file.status not in "AD" else ())
        if hunk.about is About.LINES and _is_there(hunk, span, host_span)
    ]
    if not hunks:
        raise NotFound("compose.no-hunk", f"{variant} and {against} have the same there.")
    told = {"variant": variant, "against": against, "path": path}
    return [told | {"hunks": [hunk_named(hunk)]} for hunk in hunks]


def _is_there(hunk: Hunk, span: Span, host_span: Span | None) -> bool:
    """Lines that it puts in are among those meant; if it only takes some out, these are the other's there."""
    if hunk.right_end > hunk.right_start:
        return hunk.right_start < span[1] and hunk.right_end > span[0]
    return host_span is not None and hunk.start < host_span[1] and hunk.end > host_span[0]
