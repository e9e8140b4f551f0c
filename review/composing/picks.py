"""What a client asks for, told by letters, paths and numbers, as picks of hunks by their keys. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from review.composing.compose import Files
from review.composing.types import BASE, Entry, Pick, Span
from review.hunks import About, Fact, FileHunks, Hunk, InBase

# What the second of two Variants makes of the first one's file, which either calls by that path.
ReadBetween = Callable[[str, str, str], FileHunks | None]

# A number from 1, a key, or where it is in the base, and then its key if that must be the same too.
HunkRef = int | str | tuple[int, int, str]


class PickError(ValueError):
    """`code` is stable; the text is a sentence for whoever asked."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A pick as it is asked for. None of hunks and lines: all of the file; no path: all files.

    `left` and `right` are numbers of lines from 1, of the base and of the Variant. `against` is a Variant
    in place of the base: hunks and lines are those between the two, and go into its file.
    """

    letter: str
    against: str = ""
    path: str | None = None
    hunks: tuple[HunkRef, ...] | None = None
    left: tuple[int, ...] = ()
    right: tuple[int, ...] = ()

    @property
    def whole(self) -> bool:
        return self.hunks is None and not self.left and not self.right


def wish_resolve(
    wish: Wish,
    *,
    files: Files,
    base: Mapping[str, Entry],
    names: Mapping[str, str],
    places: Callable[[str], Collection[str]],
    between: ReadBetween,
) -> Pick:
    """`names` leads from a path as text can carry it to the path as git has it; `places` from a path to
    the files that bear it in any Variant."""
    if wish.path is None:
        if wish.letter == BASE:
            raise PickError("compose.pick", "All of the base is what there is without any pick.")
        return Pick(letter=wish.letter)
    path = names.get(wish.path, wish.path)
    if wish.against:
        return _against(wish, path, files=files, base=base, between=between)
    if wish.letter == BASE:
        return _of_base(wish, _place(path, base, places), files, base)
    known = files.get(wish.letter, {})
    file = next((file for file in known.values() if file.path == path), None)
    if file is None:
        path = _place(path, base, places)
        file = known.get(path)
    if file is None:
        return _unchanged(wish, path, files, base)
    hunks = [_hunk(wish, ref, file) for ref in wish.hunks or ()]
    left, right = _lines(wish, file)
    return Pick(
        letter=wish.letter,
        place=file.place,
        keys=frozenset(hunk.key for hunk in hunks),
        left=left,
        right=right,
    )


def _place(path: str, base: Mapping[str, Entry], places: Callable[[str], Collection[str]]) -> str:
    """A file of the base may be named as a Variant has renamed it; where one made it anew, that is meant."""
    found = () if path in base else places(path)
    if not found or path in found:
        return path
    if len(found) > 1:
        raise PickError(
            "compose.no-file",
            f"Several files have become {path[:200]!r}: name the one that is meant as the base does.",
        )
    return next(iter(found))


def _unchanged(wish: Wish, path: str, files: Files, base: Mapping[str, Entry]) -> Pick:
    # What others have made anew, this one has not: that can be wanted too.
    if path not in base and not any(path in known for known in files.values()):
        raise PickError("compose.no-file", f"{wish.letter} has no file {path[:200]!r}.")
    if not wish.whole:
        raise PickError("compose.no-hunk", f"{wish.letter} has not changed {path[:200]!r}.")
    return Pick(letter=wish.letter, place=path)


def back_alone(change: InBase, files: Iterable[FileHunks]) -> bool:
    """Whether the base can be had of this by itself: not of whether there is the file, and where one of `files`, all
    that changed it, is of another kind, not of its mode or content, which are one thing."""
    if change.about is About.LINES:
        return True
    if change.about is About.FACTS and change.start != Fact.MODE:
        return change.start == Fact.NAME
    return all(file.status != "T" for file in files)


def hunk_find(file: FileHunks, ref: HunkRef) -> Hunk | None:
    if isinstance(ref, int):
        return file.counted[ref - 1] if 0 < ref <= len(file.counted) else None
    if isinstance(ref, str):
        return file.by_key.get(ref)
    start, count, key = ref
    found = file.by_range.get((start, count))
    return found if found and key in ("", found.key) else None


def _hunk(wish: Wish, ref: HunkRef, file: FileHunks) -> Hunk:
    found = hunk_find(file, ref)
    if found is not None:
        return found
    count = len(file.counted)
    many = f"{count} change{'' if count == 1 else 's'}"
    many += f" against {wish.against}" if wish.against else ""
    raise PickError(
        "compose.no-hunk",
        f"{wish.letter} has {many} in {file.path[:200]!r}, and none is {_said(ref)}.",
    )


def _said(ref: HunkRef) -> str:
    if isinstance(ref, int):
        return f"number {ref}"
    if isinstance(ref, str):
        return f"{ref[:60]!r}"
    return f"at line {ref[0]}, {ref[1]} lines long"


def _lines(wish: Wish, file: FileHunks) -> tuple[frozenset[int], frozenset[int]]:
    if not wish.left and not wish.right:
        return frozenset(), frozenset()
    left = {n for hunk in file.lines for n in range(hunk.start, hunk.end)}
    right = {n for hunk in file.lines for n in range(hunk.right_start, hunk.right_end)}
    asked = ({n - 1 for n in wish.left}, {n - 1 for n in wish.right})
    whose = wish.against or "the base"
    for lines, known, side in ((asked[0], left, whose), (asked[1], right, wish.letter)):
        if lines - known:
            between = f" from what {wish.against} has" if wish.against else ""
            raise PickError(
                "compose.no-line",
                f"Line {min(lines - known) + 1} of {side} is not among the lines that "
                f"{wish.letter} changed{between} in {file.path[:200]!r}.",
            )
    return frozenset(asked[0]), frozenset(asked[1])


# ---- between two Variants


def _against(
    wish: Wish, path: str, *, files: Files, base: Mapping[str, Entry], between: ReadBetween
) -> Pick:
    host, guest = wish.against, wish.letter
    if host in (BASE, guest):
        raise PickError("compose.pick", "Against what: another variant. Leave it out for the base.")
    if wish.whole:
        raise PickError("compose.pick", "A whole file or variant is taken against nothing.")
    for letter in (host, guest):
        if letter not in files and letter != BASE:
            raise PickError("compose.no-hunk", f"{letter} is archived or has no state yet.")
    both = between_both(wish, path, between)
    if not both:
        raise PickError("compose.no-hunk", f"{host} and {guest} have the same {path[:200]!r}.")
    file, back = both
    if file.status in "AD":
        lacks = host if file.status == "A" else guest
        raise PickError(
            "compose.no-hunk",
            f"{lacks} has no file {path[:200]!r}: what {guest} did to it is taken as a whole.",
        )
    place = _place_of(files, host, file.old_path)
    if place != _place_of(files, guest, file.path):
        raise PickError(
            "compose.no-hunk",
            f"{file.path[:200]!r} of {guest} is another file of the base than that of {host}.",
        )
    if place in base and place not in files.get(host, {}):  # it has what the base has
        left, right = _wanted(wish, file)
        return Pick(letter=guest, place=place, left=left, right=right)
    try:
        left, right = _wanted(wish, file)
    except PickError:  # which lines differ can depend on which side is read first
        file = back
        left, right = _wanted(wish, file)
    return Pick(
        letter=guest if place in files.get(guest, {}) else BASE,
        place=place,
        left=left,
        right=right,
        against=host,
        between=file.lines,
    )


def between_both(wish: Wish, path: str, between: ReadBetween) -> list[FileHunks]:
    """The file between the two of whom a wish is, as it is when read from either side; none if it is the same."""
    file = between(wish.against, wish.letter, path)
    back = between(wish.letter, wish.against, path)
    if file is None or back is None:
        return []
    return [file, back.turned]


def _place_of(files: Files, letter: str, path: str) -> str:
    known = files.get(letter, {})
    return next((place for place, file in known.items() if file.path == path), path)


def _wanted(wish: Wish, file: FileHunks) -> tuple[frozenset[int], frozenset[int]]:
    """The lines that are wished for, those of hunks too."""
    left, right = _lines(wish, file)
    for ref in wish.hunks or ():
        hunk = _hunk(wish, ref, file)
        if hunk.about is not About.LINES:
            raise PickError(
                "compose.no-hunk",
                f"{file.path[:200]!r} has no lines to take: take the file of {wish.letter}.",
            )
        left |= {*range(hunk.start, hunk.end)}
        right |= {*range(hunk.right_start, hunk.right_end)}
    return left, right


def _of_base(wish: Wish, place: str, files: Files, base: Mapping[str, Entry]) -> Pick:
    """The base's text in place of what others put there; the hunks are theirs."""
    there = [known[place] for known in files.values() if place in known]
    if place not in base and not there:
        raise PickError("compose.no-file", f"The base has no file {place[:200]!r}.")
    if wish.left or wish.right:
        raise PickError("compose.pick", "Of the base one takes a file or hunks, not single lines.")
    found = [_of_others(ref, there, place) for ref in wish.hunks or ()]
    if place not in base:  # the hunk of others there is their file: without it there is none
        return Pick(letter=BASE, place=place)
    return Pick(
        letter=BASE,
        place=place,
        keys=frozenset(part for part in found if isinstance(part, str)),
        spans=frozenset(part for part in found if not isinstance(part, str)),
    )


def _of_others(ref: HunkRef, files: Sequence[FileHunks], path: str) -> Span | str:
    """Which lines of the base a hunk is about; of one that is about none, its key."""
    if isinstance(ref, tuple):
        start = ref[0] - 1 if ref[1] else ref[0]
        if start < 0 or ref[1] < 0:
            raise PickError("compose.no-hunk", f"The base has no line {ref[0]}.")
        return start, start + ref[1]
    for file in files:
        for hunk in file.hunks:
            if hunk.key != ref:
                continue
            if hunk.about is About.LINES:
                return hunk.start, hunk.end
            if back_alone(hunk, files):
                return hunk.key
            raise PickError(
                "compose.no-hunk",
                f"The base has no part of {path[:200]!r} there: take its file.",
            )
    raise PickError(
        "compose.no-hunk",
        f"No variant has a hunk {_said(ref)} in {path[:200]!r}; of the base, hunks are named by "
        "the key that they have in a variant, or by base_start and base_lines.",
    )
