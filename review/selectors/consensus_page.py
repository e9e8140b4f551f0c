"""The list of places as a page prints it: what needs a decision first, then the rest, some at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import urlencode

from django.urls import reverse

from orchestrator.git.refs import display_path
from orchestrator.lib.errors import Invalid
from orchestrator.models import Task
from orchestrator.selectors.access import Viewer, task_get_for
from review.compare import READING_ORDER, Kind
from review.selectors.agreement import (
    Agreement,
    AgreementProgress,
    agreement_key,
    agreement_step,
    places_read,
)
from review.selectors.agreement_parts import Place
from review.selectors.compare import path_text
from review.selectors.consensus import Ground, Reader, ground_get, ground_of, pairs_read
from review.selectors.consensus_places import PlaceRow, place_blobs, place_key, place_row
from review.selectors.file_tree import path_split

PER_PAGE = 40
PER_FILE = 20  # of a kind, unless the list is of that file: so that the next one is in reach
TEXT_MAX = 200
# A larger file is not read for a few of its lines: the comparison shows them.
READ_LIMIT_BYTES = 1_000_000
NAME_MAX = 5_000  # of a place: its key and its path
LOOKED_THROUGH_MAX = 400  # places of a file, for the one that somebody is at

_NAMES = {
    Kind.CONTRADICTORY: ("Contradictory", "Different answers for the same lines: only one of them can stand."),
    Kind.UNIQUE: ("Only one", "One variant alone came up with this: forgotten by the others, or too much?"),
    Kind.NEAR: ("Nearly the same", "The same but for white space or the order of imports."),
    Kind.SHARED: ("Shared", "Two or more variants do the same here, to the letter."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConsensusAsk:
    """What of the list is asked for. `path` is one file; `text` is a part of paths. `at` is a place (its key, a space,
    its path) that somebody is at: the page that it is on counts, if it still is on one."""

    task_id: int
    kind: str = ""
    variant: str = ""
    path: str = ""
    text: str = ""
    page: int = 1
    at: str = ""

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
    *, task_id: int, kind: str, variant: str, path: str, text: str, page: int, at: str = ""
) -> ConsensusAsk:
    """Refuse what no link of the product would say."""
    if kind and kind not in set(Kind):
        raise Invalid("kind.invalid", f"kind is one of {', '.join(Kind)}.")
    if variant and not (len(variant) == 1 and "A" <= variant <= "Z"):
        raise Invalid("variant.invalid", "variant is a letter.")
    return ConsensusAsk(task_id, kind, variant, path, text.strip()[:TEXT_MAX], page, at[:NAME_MAX])


@dataclass(frozen=True, slots=True)
class FilePlaces:
    path: str
    folder: str
    name: str
    only: str  # the address of this list with the file alone
    places: tuple[PlaceRow, ...]
    more: int  # so many are folded after these
    all: str  # the address of this list with all places of this kind in the file


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
    """`progress` is set as long as the Variants are still read and compared; there is no list then, and no `version`,
    which tells states of the list apart."""

    task: Task
    ask: ConsensusAsk
    version: str
    letters: tuple[str, ...]
    progress: AgreementProgress | None
    total: int
    folded: int
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


def places_version(*, user: Viewer, task_id: object) -> str:
    """Another one whenever a Variant has a newer state."""
    return agreement_key(ground_get(user=user, task_id=task_id))


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
    folds = {} if ask.path else _folds(agreement, chosen)
    folded = {number for rest in folds.values() for number in rest}
    chosen = [number for number in chosen if number not in folded]
    wanted_page = _page_at(ground, agreement, chosen, ask.at) or ask.page
    page = min(wanted_page, max(1, -(-len(chosen) // PER_PAGE)))
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
        folded=len(folded),
        first=start + 1 if numbers else 0,
        last=start + len(numbers),
        kinds=tuple(kinds),
        sections=_sections(ground, agreement, ask, numbers, counts, folds),
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
    folded: int = 0,
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
        version="" if progress else agreement_key(ground),
        letters=letters,
        progress=progress,
        total=total,
        folded=folded,
        first=first,
        last=last,
        kinds=kinds,
        variants=tuple(variants),
        sections=sections,
        previous=previous,
        next=next,
    )


def _page_at(ground: Ground, agreement: Agreement, chosen: Sequence[int], at: str) -> int | None:
    """The page of a place that somebody is at; None if it is gone."""
    key, _, path = at.partition(" ")
    if not path:
        return None
    files = [number for number, known in enumerate(agreement.paths) if path_text(known) == path]
    there = [n for n, number in enumerate(chosen) if agreement.places[number] in files]
    there = there[:LOOKED_THROUGH_MAX]
    places = places_read(ground, agreement, [chosen[n] for n in there])
    read = _reader(ground, places)
    found = (n for n, place in zip(there, places, strict=True) if place_key(place, read) == key)
    at_number = next(found, None)
    return None if at_number is None else at_number // PER_PAGE + 1


def _reader(ground: Ground, places: Sequence[Place]) -> Reader:
    """What these places need is read at once."""
    read = Reader(ground.hub, limit_bytes=READ_LIMIT_BYTES)
    read.fetch(sorted({blob for place in places for blob in place_blobs(place)}))
    return read


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


def _folds(agreement: Agreement, numbers: Sequence[int]) -> dict[int, list[int]]:
    """By the last place of a kind that is shown of a file, those after it."""
    of_file: dict[tuple[int, int], list[int]] = {}
    for number in numbers:
        of_file.setdefault((agreement.kinds[number], agreement.places[number]), []).append(number)
    return {
        found[PER_FILE - 1]: found[PER_FILE:] for found in of_file.values() if len(found) > PER_FILE
    }


def _sections(
    ground: Ground,
    agreement: Agreement,
    ask: ConsensusAsk,
    numbers: Sequence[int],
    counts: Mapping[int, int],
    folds: Mapping[int, Sequence[int]],
) -> tuple[Section, ...]:
    places = places_read(ground, agreement, numbers)
    read = _reader(ground, places)
    pairs = pairs_read(ground)
    rows = [
        (place, place_row(ground, number, place, read, pairs))
        for number, place in zip(numbers, places, strict=True)
    ]
    sections = []
    for kind, members in groupby(rows, key=lambda pair: pair[1].kind):
        name, text = _NAMES[kind]
        files = tuple(
            _file(ask, kind, path, tuple(row for _, row in group), folds)
            for path, group in groupby(members, key=lambda pair: pair[0].path)
        )
        sections.append(Section(kind, name, text, counts[READING_ORDER.index(kind)], files))
    return tuple(sections)


def _file(
    ask: ConsensusAsk,
    kind: Kind,
    path: str,
    rows: tuple[PlaceRow, ...],
    folds: Mapping[int, Sequence[int]],
) -> FilePlaces:
    folder, name = path_split(path)
    return FilePlaces(
        path=path_text(path),
        folder=display_path(folder),
        name=display_path(name),
        only=ask.url(path=path_text(path), kind="", text="", page=1) if not ask.path else "",
        places=rows,
        more=len(folds.get(rows[-1].number, ())),
        all=ask.url(path=path_text(path), kind=kind, text="", page=1),
    )
