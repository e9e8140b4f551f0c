"""What taking an option of a place puts into the tray."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from review.compare import Option, group_hunks, group_hunks_wide
from review.hunks import About, hunk_named
from review.lib.paths import path_text
from review.selectors.agreement_parts import Place
from review.selectors.hunks import PairHunks

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
