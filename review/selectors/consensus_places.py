"""One place of the list as a page prints it: what each option has there, and what taking it means."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from urllib.parse import urlencode

from django.urls import reverse

from review.compare import Group, Kind, Option
from review.hunks import About, blobs_there, digest, place_named
from review.option_words import Spans, options_marked
from review.selectors.agreement_parts import Place
from review.selectors.compare import path_text
from review.selectors.consensus import Ground, Reader, option_text
from review.selectors.hunks import PairHunks
from review.selectors.place_picks import base_into, base_picks, option_picks
from review.selectors.sides import BASE
from review.standing import option_taken

LINES_SHOWN = 14
CHARS_SHOWN = 240


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
    """`took`: those of `letters` that are composed and only took this, or (`part`) some of it. `picks` (JSON)
    are what taking it means, one for each of `letters` that has it by itself; `whole` if it takes the file."""

    letters: tuple[str, ...]
    took: tuple[str, ...]
    part: bool
    code: Code
    href: str
    pick: str
    picks: str
    whole: bool


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """`key` tells it from others of its file, in the next state of the list too. `new` (JSON) is set where lines
    are those of a file that only Variants have: who has it. `spans` (JSON) are the lines of a place, from 0, by letter
    and of the base. `back` (JSON) are what takes the base there; where it cannot be taken by itself, its file.
    `into` (JSON) has by letter what takes it into the file of that Variant."""

    number: int
    key: str
    new: str
    spans: str
    kind: Kind
    where: str
    base: Code | None
    back: str
    into: str
    options: tuple[OptionRow, ...]
    others: tuple[str, ...]  # Variants that left the place as it was
    created: bool  # the base does not have the file, so the others do not either
    href: str
    versus: tuple[str, str]  # what the link compares

    @property
    def back_first(self) -> str:
        return json.dumps(json.loads(self.back)[0])

    @property
    def back_whole(self) -> bool:
        return "hunks" not in json.loads(self.back)[0]


def place_blobs(place: Place) -> frozenset[str]:
    if place.group.about is not About.LINES:
        return frozenset()
    found = {place.files[option.letters[0]].new_blob for option in place.group.options}
    found.add(_base_blob(place))
    return blobs_there(found)


def _base_blob(place: Place) -> str:
    file = place.files[place.group.options[0].letters[0]]
    return "" if file.status == "A" or place.group.end == place.group.start else file.old_blob


def place_key(place: Place, read: Reader) -> str:
    """Where it is in the base; in a file that the base lacks, what one of them has there."""
    group = place.group
    at = f"{group.about}:{group.start}-{group.end}"
    if not _is_new(place):
        return at
    letter = min(option.letters[0] for option in group.options)
    start, end = group.spans[letter]
    lines = read.lines(place.files[letter].new_blob)
    return f"{at}:{digest(chr(10).join((lines or ())[start:end]).encode('utf-8', 'surrogatepass'))}"


def _is_new(place: Place) -> bool:
    """Whether only Variants have the file whose lines these are."""
    lines = place.group.about is About.LINES
    return lines and all(file.status == "A" for file in place.files.values())


def _new(place: Place) -> str:
    if not _is_new(place) or len(place.files) < 2:
        return ""
    path = path_text(next(iter(place.files.values())).path)
    return json.dumps({"path": path, "hosts": [*place.files]})


def _spans(place: Place) -> str:
    group = place.group
    lines = group.about is About.LINES
    return json.dumps({BASE: (group.start, group.end), **group.spans}) if lines else ""


def place_row(
    ground: Ground,
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
        tuple(_option(ground, place, option, read, pairs) for option in group.options),
    )
    return PlaceRow(
        number=number,
        key=place_key(place, read),
        new=_new(place),
        spans=_spans(place),
        kind=group.kind,
        where=_where(place),
        base=base,
        back=_back(pairs, place, options),
        into=json.dumps(base_into(pairs, place)),
        options=options,
        others=tuple(letter for letter in ground.heads if letter not in group.spans),
        created=all(file.status == "A" for file in place.files.values()),
        href=_compare(ground, place, *versus),
        versus=versus,
    )


def _back(pairs: Mapping[str, PairHunks], place: Place, options: Sequence[OptionRow]) -> str:
    """Of a new file that several have it is the others' lines that would have to go, not the file."""
    if _new(place):
        return ""
    picks = [pick for option in options for pick in json.loads(option.picks)]
    return json.dumps(base_picks(pairs, place, picks))


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
    group = place.group
    if group.about is About.LINES and all(
        place.files[letter].status == "A" for letter in group.spans
    ):
        first = group.options[0].letters[0]
        return f"new file, {place_named(group.about, *group.spans[first])} of {first}"
    return place_named(group.about, group.start, group.end)


def _base(place: Place, read: Reader) -> Code | None:
    blob = _base_blob(place)
    if place.group.about is not About.LINES or not blob:
        return None
    lines = read.lines(blob)
    return _code(lines[place.group.start : place.group.end] if lines is not None else None)


def _option(
    ground: Ground, place: Place, option: Option, read: Reader, pairs: Mapping[str, PairHunks]
) -> OptionRow:
    picks = option_picks(pairs, place, option)
    return OptionRow(
        letters=option.letters,
        took=_took(ground, place, option),
        part=not option_taken(option, ground.composed),
        code=_option_code(place, option, read),
        href=_compare(ground, place, BASE, option.letters[0]),
        pick=json.dumps(picks[0]),
        picks=json.dumps(picks),
        whole="hunks" not in picks[0],
    )


def _took(ground: Ground, place: Place, option: Option) -> tuple[str, ...]:
    """Of what no agent made, nobody knows who took it from whom."""
    silent = tuple(name for name in option.letters if name not in place.group.voices)
    sure = option_taken(option, ground.composed) or silent == option.letters
    return silent if sure else ()


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


def _compare(ground: Ground, place: Place, left: str, right: str) -> str:
    """The comparison at this file, and at this line of its right side."""
    query = urlencode({"left": left, "right": right, "path": path_text(place.files[right].path)})
    address = f"{reverse('review:compare', args=[ground.task.pk])}?{query}"
    line = _line(place.group, right)
    return f"{address}#{line}" if line else address


def _line(group: Group, letter: str) -> str:
    if group.about is not About.LINES:
        return ""
    start, end = group.spans[letter]
    if end > start:
        return f"R{start + 1}"
    return f"L{group.start + 1}" if group.end > group.start else ""
