"""Where commented lines are in another text of their file. Pure.

Lines that a diff leaves alone are exactly where it moved them. Lines that it touches are searched for: the
code may have been moved, or the file written anew with the same lines in it. What is not found is outdated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

CONTEXT_LINES = 3
LINE_CHARS = 1_000  # of a line that are kept and compared
TELLING_CHARS = 8  # letters and digits that make lines recognisable without their neighbours

# Lines start:end of the old text became right_start:right_end (from 0, ends excluded).
Span = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Anchor:
    """Lines of a text, with a few around them. `start` counts from 1."""

    start: int
    lines: tuple[str, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        return self.start + len(self.lines) - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Lines from 1, both included. `same`: the text is the anchor's to the letter, not but for its spaces."""

    start: int
    end: int
    same: bool = True


def anchor_make(text: Sequence[str], *, start: int, end: int) -> Anchor:
    """The lines start..end (from 1, both included), which `text` must have."""
    kept = [*map(_cut, text)]
    return Anchor(
        start=start,
        lines=tuple(kept[start - 1 : end]),
        before=tuple(kept[max(0, start - 1 - CONTEXT_LINES) : start - 1]),
        after=tuple(kept[end : end + CONTEXT_LINES]),
    )


def place(
    anchor: Anchor, *, spans: Iterable[Span] | None, text: Callable[[], Sequence[str]]
) -> Place | None:
    """Where the anchor's lines are now; None if they are gone.

    `spans` are what a diff of the two texts changed, in order; None if there is no such diff.
    """
    if spans is None:
        return _search(anchor, text(), anchor.start - 1, lambda _at: True)
    changed = tuple(spans)
    touched, expected = _shift(anchor, changed)
    if not touched:
        return Place(expected + 1, expected + len(anchor.lines))

    def is_new(at: int) -> bool:
        """Equal lines that were there before are other code that reads the same."""
        return any(start < at + len(anchor.lines) and at < end for *_, start, end in changed)

    return _search(anchor, text(), expected, is_new)


def _shift(anchor: Anchor, spans: Iterable[Span]) -> tuple[bool, int]:
    """Whether the lines themselves were touched, and where their first one would be (from 0)."""
    first, last = anchor.start - 1, anchor.end
    offset = 0
    for start, end, right_start, right_end in spans:
        if end <= first:
            offset = right_end - end
        elif start >= last:
            break
        else:
            return True, right_start + max(0, first - start)
    return False, first + offset


def _search(
    anchor: Anchor, text: Sequence[str], expected: int, may_be: Callable[[int], bool]
) -> Place | None:
    count = len(anchor.lines)
    for same, form in ((True, _cut), (False, _squeezed)):
        lines = [*map(form, text)]
        wanted = [*map(form, anchor.lines)]
        found = [
            at
            for at, line in enumerate(lines)
            if line == wanted[0] and lines[at : at + count] == wanted and may_be(at)
        ]
        before, after = [*map(form, anchor.before)], [*map(form, anchor.after)]
        ranked = [(_known_around(lines, at, count, before, after), at) for at in found]
        best = max(ranked, key=lambda pair: (pair[0], -abs(pair[1] - expected)), default=None)
        if best is None:
            continue
        # A brace on its own is everywhere: without neighbours it says nothing.
        if best[0] or (len(found) == 1 and _is_telling(wanted)):
            return Place(best[1] + 1, best[1] + count, same)
    return None


def _known_around(
    lines: Sequence[str], at: int, count: int, before: Sequence[str], after: Sequence[str]
) -> int:
    """How many lines next to a find are those that were next to the anchor; blank ones do not count."""
    above = zip(reversed(before), reversed(lines[max(0, at - len(before)) : at]), strict=False)
    below = zip(after, lines[at + count : at + count + len(after)], strict=False)
    return _run_of_equals(above) + _run_of_equals(below)


def _run_of_equals(pairs: Iterable[tuple[str, str]]) -> int:
    known = 0
    for old, new in pairs:
        if old != new:
            break
        known += bool(old.strip())
    return known


def _is_telling(lines: Iterable[str]) -> bool:
    return sum(char.isalnum() for line in lines for char in line) >= TELLING_CHARS


def _cut(line: str) -> str:
    return line[:LINE_CHARS]


def _squeezed(line: str) -> str:
    return "".join(line.split())[:LINE_CHARS]
