"""The list of places as a page prints it: what needs a decision first, then the rest, some at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, repeat
from urllib.parse import urlencode

from django.urls import reverse

from orchestrator.git.refs import display_path
from orchestrator.lib.errors import Invalid
from orchestrator.models import Task
from orchestrator.selectors.access import Viewer, task_get_for
from review.compare import READING_ORDER, Group, Kind, Option
from review.hunks import About
from review.option_words import Spans, options_marked
from review.selectors.agreement import (
    Agreement,
    AgreementProgress,
    agreement_step,
    places_read,
)
from review.selectors.agreement_parts import Place
from review.selectors.compare import path_text
from review.selectors.consensus import Ground, Reader, ground_of, option_text, pairs_read
from review.selectors.hunks import PairHunks
from review.selectors.place_picks import option_picks
from review.selectors.sides import BASE

PER_PAGE = 40
LINES_SHOWN = 14
CHARS_SHOWN = 240
TEXT_MAX = 200
# A larger file is not read for a few of its lines: the comparison shows them.
READ_LIMIT_BYTES = 1_000_000

_NAMES = {
    Kind.CONTRADICTORY: ("Contradictory", "Different answers for the same lines: one has to be chosen."),
    Kind.UNIQUE: ("Only one", "One variant alone came up with this: forgotten by the others, or too much?"),
    Kind.NEAR: ("Nearly the same", "The same but for white space or the order of imports."),
    Kind.SHARED: ("Shared", "Two or more variants do the same here, to the letter."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConsensusAsk:
    """What of the list is asked for. `path` is one file; `text` is a part of paths."""

    task_id: int
    kind: str = ""
    variant: str = ""
    path: str = ""
    text: str = ""
    page: int = 1

    def url(self, **changes: object) -> str:
        at = replace(self, **changes) if changes else self  # type: ignore[arg-type]
        pairs = {
            "kind": at.kind,
            "variant": at.variant,
            "path": at.path,
            "q": at.text,
            "page": at.page if at.page > 1 else "",
        }
        query = urlencode({name: value for name, value in pairs.items() if value})
        return f"{reverse('review:consensus', args=[at.task_id])}?{query}".rstrip("?")


def consensus_ask(
    *, task_id: int, kind: str, variant: str, path: str, text: str, page: int
) -> ConsensusAsk:
    """Refuse what no link of the product would say."""
    if kind and kind not in set(Kind):
        raise Invalid("kind.invalid", f"kind is one of {', '.join(Kind)}.")
    if variant and not (len(variant) == 1 and "A" <= variant <= "Z"):
        raise Invalid("variant.invalid", "variant is a letter.")
    return ConsensusAsk(task_id, kind, variant, path, text.strip()[:TEXT_MAX], page)


@dataclass(frozen=True, slots=True)
class Code:
    """Some lines, and how many more there are. `note` stands in for lines where there are none.

    `marks` has for each line the spans of it that not all others of the place have.
    """

    lines: tuple[str, ...]
    more: int = 0
    note: str = ""
    marks: tuple[Spans, ...] = ()

    @property
    def pieces(self) -> Iterator[list[tuple[str, bool]]]:
        """Each line as texts, and whether they are marked."""
        for line, spans in zip(self.lines, self.marks or repeat(()), strict=False):
            pieces: list[tuple[str, bool]] = []
            at = 0
            for start, end in spans:
                pieces += [(line[at:start], False), (line[start:end], True)]
                at = end
            yield [*pieces, (line[at:], False)]


@dataclass(frozen=True, slots=True)
class OptionRow:
    """`took`: those of `letters` that are composed and only took this. `picks` (JSON) are what taking it
    means, one for each of `letters` that has it by itself; `whole` if it takes the file."""

    letters: tuple[str, ...]
    took: tuple[str, ...]
    code: Code
    href: str
    pick: str
    picks: str
    whole: bool


@dataclass(frozen=True, slots=True)
class PlaceRow:
    number: int
    kind: Kind
    where: str
    base: Code | None
    options: tuple[OptionRow, ...]
    others: tuple[str, ...]  # Variants that left the place as it was
    href: str
    versus: tuple[str, str]  # what the link compares


@dataclass(frozen=True, slots=True)
class FilePlaces:
    path: str
    folder: str
    name: str
    only: str  # the address of this list with the file alone
    places: tuple[PlaceRow, ...]


@dataclass(frozen=True, slots=True)
class Section:
    kind: Kind
    name: str
    text: str
    count: int
    files: tuple[FilePlaces, ...]


@dataclass(frozen=True, slots=True)
class ConsensusChoice:
    name: str
    href: str
    current: bool
    count: int | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class ConsensusPage:
    """`progress` is set as long as the Variants are still read and compared; there is no list then."""

    task: Task
    ask: ConsensusAsk
    letters: tuple[str, ...]
    progress: AgreementProgress | None
    total: int
    first: int
    last: int
    kinds: tuple[ConsensusChoice, ...]
    variants: tuple[ConsensusChoice, ...]
    sections: tuple[Section, ...]
    previous: str
    next: str

    @property
    def all_files(self) -> str:
        return self.ask.url(path="", text="", page=1)

    @property
    def clear(self) -> str:
        return self.ask.url(kind="", variant="", path="", text="", page=1)

    @property
    def here(self) -> str:
        return self.ask.url()


def consensus_page(*, user: Viewer, ask: ConsensusAsk) -> ConsensusPage:
    task = task_get_for(user, ask.task_id)
    ground = ground_of(task)
    step = agreement_step(ground)
    if step.agreement is None:
        return _page(task, ask, ground, progress=step)
    agreement = step.agreement
    if ask.variant and ask.variant not in agreement.letters:
        ask = replace(ask, variant="")
    asked = _asked(agreement, ask)
    counts = dict.fromkeys(range(len(READING_ORDER)), 0)
    for number in asked:
        counts[agreement.kinds[number]] += 1
    if ask.kind:
        wanted = READING_ORDER.index(Kind(ask.kind))
        chosen = [number for number in asked if agreement.kinds[number] == wanted]
    else:
        chosen = asked
    page = min(ask.page, max(1, -(-len(chosen) // PER_PAGE)))
    ask = replace(ask, page=page)
    start = (page - 1) * PER_PAGE
    numbers = chosen[start : start + PER_PAGE]
    kinds = [ConsensusChoice("All", ask.url(kind="", page=1), not ask.kind, len(asked))]
    kinds += [
        ConsensusChoice(
            _NAMES[kind][0], ask.url(kind=kind, page=1), ask.kind == kind, counts[rank], kind
        )
        for rank, kind in enumerate(READING_ORDER)
    ]
    return _page(
        task,
        ask,
        ground,
        total=len(chosen),
        first=start + 1 if numbers else 0,
        last=start + len(numbers),
        kinds=tuple(kinds),
        sections=_sections(ground, agreement, ask, numbers, counts),
        previous=ask.url(page=page - 1) if page > 1 else "",
        next=ask.url(page=page + 1) if start + PER_PAGE < len(chosen) else "",
    )


def _page(
    task: Task,
    ask: ConsensusAsk,
    ground: Ground,
    *,
    progress: AgreementProgress | None = None,
    total: int = 0,
    first: int = 0,
    last: int = 0,
    kinds: tuple[ConsensusChoice, ...] = (),
    sections: tuple[Section, ...] = (),
    previous: str = "",
    next: str = "",
) -> ConsensusPage:
    letters = tuple(ground.heads)
    variants = [ConsensusChoice("All", ask.url(variant="", page=1), not ask.variant)]
    variants += [ConsensusChoice(n, ask.url(variant=n, page=1), ask.variant == n) for n in letters]
    return ConsensusPage(
        task=task,
        ask=ask,
        letters=letters,
        progress=progress,
        total=total,
        first=first,
        last=last,
        kinds=kinds,
        variants=tuple(variants),
        sections=sections,
        previous=previous,
        next=next,
    )


def _asked(agreement: Agreement, ask: ConsensusAsk) -> list[int]:
    """Numbers of the places that fit the filters, whatever their kind."""
    words = ask.text.lower().split()
    fits = []
    for path in agreement.paths:
        shown = path_text(path)
        fits.append(
            (not ask.path or ask.path == shown) and all(word in shown.lower() for word in words)
        )
    if ask.path and not any(fits):  # a renamed file is known by its old name here
        renamed = agreement.renamed.items()
        old = next((old for new, old in renamed if path_text(new) == ask.path), None)
        fits = [path == old for path in agreement.paths]
    bit = 1 << agreement.letters.index(ask.variant) if ask.variant else -1
    return [
        number
        for number, (path, mask) in enumerate(zip(agreement.places, agreement.masks, strict=True))
        if fits[path] and mask & bit
    ]


def _sections(
    ground: Ground,
    agreement: Agreement,
    ask: ConsensusAsk,
    numbers: Sequence[int],
    counts: Mapping[int, int],
) -> tuple[Section, ...]:
    places = places_read(ground, agreement, numbers)
    read = Reader(ground.hub, limit_bytes=READ_LIMIT_BYTES)
    read.fetch(sorted({blob for place in places for blob in _blobs(place)}))
    pairs = pairs_read(ground)
    rows = [
        (place, _place_row(ground, ask, number, place, read, pairs))
        for number, place in zip(numbers, places, strict=True)
    ]
    sections = []
    for kind, members in groupby(rows, key=lambda pair: pair[1].kind):
        name, text = _NAMES[kind]
        files = tuple(
            _file(ask, path, tuple(row for _, row in group))
            for path, group in groupby(members, key=lambda pair: pair[0].path)
        )
        sections.append(Section(kind, name, text, counts[READING_ORDER.index(kind)], files))
    return tuple(sections)


def _file(ask: ConsensusAsk, path: str, rows: tuple[PlaceRow, ...]) -> FilePlaces:
    folder, slash, name = path.rpartition("/")
    return FilePlaces(
        path=path_text(path),
        folder=display_path(folder) + slash,
        name=display_path(name),
        only=ask.url(path=path_text(path), kind="", text="", page=1) if not ask.path else "",
        places=rows,
    )


# ---- one place


def _blobs(place: Place) -> set[str]:
    if place.group.about is not About.LINES:
        return set()
    found = {place.files[option.letters[0]].new_blob for option in place.group.options}
    found.add(_base_blob(place))
    return {blob for blob in found if blob.strip("0")}


def _base_blob(place: Place) -> str:
    file = place.files[place.group.options[0].letters[0]]
    return "" if file.status == "A" or place.group.end == place.group.start else file.old_blob


def _place_row(
    ground: Ground,
    ask: ConsensusAsk,
    number: int,
    place: Place,
    read: Reader,
    pairs: Mapping[str, PairHunks],
) -> PlaceRow:
    group = place.group
    two = len(group.options) > 1
    versus = (group.options[0].letters[0], group.options[1].letters[0]) if two else (
        BASE, group.options[0].letters[0]
    )  # fmt: skip
    base, options = _marked(
        _base(place, read),
        tuple(_option(ask, place, option, read, pairs) for option in group.options),
    )
    return PlaceRow(
        number=number,
        kind=group.kind,
        where=_where(place),
        base=base,
        options=options,
        others=tuple(letter for letter in ground.heads if letter not in group.spans),
        href=_compare(ask, place, *versus),
        versus=versus,
    )


def _marked(
    base: Code | None, options: tuple[OptionRow, ...]
) -> tuple[Code | None, tuple[OptionRow, ...]]:
    """What several made of a place is held against each other, what one made of it against the base."""
    if len(options) > 1:
        marks = options_marked([option.code.lines for option in options])
    elif base is not None:
        of_base, of_option = options_marked([base.lines, options[0].code.lines])
        base, marks = replace(base, marks=of_base), (of_option,)
    else:
        return base, options
    return base, tuple(
        replace(option, code=replace(option.code, marks=spans))
        for option, spans in zip(options, marks, strict=True)
    )


def _where(place: Place) -> str:
    group, count = place.group, place.group.end - place.group.start
    if group.about is About.FACTS:
        return "name, mode or kind"
    if group.about is About.CONTENT:
        return "the file as a whole"
    if all(place.files[letter].status == "A" for letter in group.spans):
        first = group.options[0].letters[0]
        start, end = group.spans[first]
        lines = f"line {end:,}" if end <= start + 1 else f"lines {start + 1:,} to {end:,}"
        return f"new file, {lines} of {first}"
    if not count:
        return f"after line {group.start:,}" if group.start else "before line 1"
    if count == 1:
        return f"line {group.start + 1:,}"
    return f"lines {group.start + 1:,} to {group.end:,}"


def _base(place: Place, read: Reader) -> Code | None:
    blob = _base_blob(place)
    if place.group.about is not About.LINES or not blob:
        return None
    lines = read.lines(blob)
    return _code(lines[place.group.start : place.group.end] if lines is not None else None)


def _option(
    ask: ConsensusAsk, place: Place, option: Option, read: Reader, pairs: Mapping[str, PairHunks]
) -> OptionRow:
    picks = option_picks(pairs, place, option)
    return OptionRow(
        letters=option.letters,
        took=tuple(name for name in option.letters if name not in place.group.voices),
        code=_option_code(place, option, read),
        href=_compare(ask, place, BASE, option.letters[0]),
        pick=json.dumps(picks[0]),
        picks=json.dumps(picks),
        whole="hunks" not in picks[0],
    )


def _option_code(place: Place, option: Option, read: Reader) -> Code:
    letter = option.letters[0]
    group, file = place.group, place.files[letter]
    gone = not file.new_blob.strip("0")
    if group.about is not About.LINES:
        said = option_text(read, place.files, group, option)
        note = said[0] if said and group.about is About.FACTS else "another content"
        return Code((), note="deleted" if gone else note)
    if gone:
        return Code((), note="file deleted")
    lines = read.lines(file.new_blob)
    start, end = group.spans[letter]
    return _code(lines[start:end] if lines is not None else None)


def _code(lines: Sequence[str] | None) -> Code:
    if lines is None:
        return Code((), note="too large to show here")
    if not lines:
        return Code((), note="lines removed")
    shown = tuple(
        line if len(line) <= CHARS_SHOWN else line[:CHARS_SHOWN] + "…"
        for line in lines[:LINES_SHOWN]
    )
    return Code(shown, more=max(0, len(lines) - LINES_SHOWN))


def _compare(ask: ConsensusAsk, place: Place, left: str, right: str) -> str:
    """The comparison at this file, and at this line of its right side."""
    query = urlencode({"left": left, "right": right, "path": path_text(place.files[right].path)})
    address = f"{reverse('review:compare', args=[ask.task_id])}?{query}"
    line = _line(place.group, right)
    return f"{address}#{line}" if line else address


def _line(group: Group, letter: str) -> str:
    if group.about is not About.LINES:
        return ""
    start, end = group.spans[letter]
    if end > start:
        return f"R{start + 1}"
    return f"L{group.start + 1}" if group.end > group.start else ""
