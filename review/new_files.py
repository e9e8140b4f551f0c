"""Files that only variants have: aligned with each other, so that equal parts count as shared. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from review.compare import Group, kind_of, options_of
from review.diff.patch import lines_opcodes
from review.imports import statements
from review.near import near_key
from review.ranges import Span
from review.voices import voices_of

Lines = Sequence[str]


def new_file_groups(
    texts: Mapping[str, Lines],
    composed: Collection[str] = (),
    begun: Mapping[str, Lines] | None = None,
) -> tuple[Group, ...]:
    """Groups of a file that only variants have; `texts` are its lines, by letter, and `begun` those that
    composed ones began with (None: the same).

    Lines common to all are shared; between them the same is asked again of those that have lines
    there. `start` and `end` are 0: the base has no place for them. The order is that of the lines.
    Imports that all have, each in its own order, are aligned as a block. Composed variants that have
    the file of another one are where that one is.
    """
    first: dict[Lines, str] = {}
    for letter in sorted(texts, key=lambda letter: (letter in composed, letter)):
        first.setdefault(tuple(texts[letter]), letter)
    sources = {
        letter: source
        for letter in texts
        if letter in composed
        and (source := first[tuple(texts[letter])]) != letter
        and (begun is None or tuple(begun.get(letter, ())) == tuple(texts[letter]))
    }
    who = _Who(
        composed, None if begun is None else {n: _joined(begun.get(n, ())) for n in composed}
    )
    heard = {letter: texts[letter] for letter in sorted(texts) if letter not in sources}
    spans = {letter: (0, len(lines)) for letter, lines in heard.items()}
    found = _aligned(heard, _keys(heard), spans, who, depth=0)
    return tuple(_with_copies(group, sources) for group in _merged(found))


def _with_copies(group: Group, sources: Mapping[str, str]) -> Group:
    there = {letter: source for letter, source in sources.items() if source in group.spans}
    if not there:
        return group
    options = tuple(
        option._replace(
            letters=(*option.letters, *sorted(n for n, s in there.items() if s in option.letters))
        )
        for option in group.options
    )
    spans = {**group.spans, **{letter: group.spans[source] for letter, source in there.items()}}
    return group._replace(options=options, spans=dict(sorted(spans.items())))


@dataclass(frozen=True, slots=True)
class _Who:
    """Who is composed, and the text that they began with; None if they are as they began."""

    letters: Collection[str]
    begun: Mapping[str, str] | None

    def began_with(self, letter: str, lines: Lines) -> bool:
        return self.begun is None or _joined(lines) in self.begun[letter]


def _joined(lines: Lines) -> str:
    """As one text in which only whole lines are found."""
    return "".join(f"\r\n{line}" for line in lines) + "\r\n"


_DEPTH_MAX = 12


def _aligned(
    texts: Mapping[str, Lines],
    keys: Mapping[str, Lines],
    spans: Mapping[str, Span],
    who: _Who,
    *,
    depth: int,
) -> Iterator[Group]:
    """`keys` stand for the lines: where they are equal, lines are common."""
    spans = {letter: span for letter, span in spans.items() if span[1] > span[0]}
    if not spans:
        return
    cut = {letter: tuple(keys[letter][a:b]) for letter, (a, b) in spans.items()}
    if len(set(cut.values())) == 1:
        yield from _common(texts, keys, spans, who)
        return
    anchors = _anchors(list(cut.values())) if depth < _DEPTH_MAX else []
    if not anchors:
        yield _new_group(texts, spans, who)
        return
    index = {text: n for n, text in enumerate(cut.values())}
    at = dict.fromkeys(cut, 0)
    for run in [*anchors, None]:
        gap = {
            letter: (
                spans[letter][0] + at[letter],
                spans[letter][0] + (run.starts[index[cut[letter]]] if run else len(cut[letter])),
            )
            for letter in cut
        }
        yield from _aligned(texts, keys, gap, who, depth=depth + 1)
        if run is None:
            return
        here = {letter: run.starts[index[cut[letter]]] for letter in cut}
        shared = {
            letter: (spans[letter][0] + here[letter], spans[letter][0] + here[letter] + run.count)
            for letter in cut
        }
        yield from _common(texts, keys, shared, who)
        at = {letter: here[letter] + run.count for letter in cut}


@dataclass(frozen=True, slots=True)
class _Run:
    """Equal lines: where they begin in each text, and how many there are."""

    starts: tuple[int, ...]
    count: int


def _anchors(texts: Sequence[tuple[str, ...]]) -> list[_Run]:
    """Runs of lines that all texts have in the same order; [] if nothing worth the name is common.

    Texts are compared in an order that depends on what they say only, so that it makes no
    difference which variant has which letter.
    """
    order = sorted(range(len(texts)), key=lambda n: (len(texts[n]), texts[n]))
    first = texts[order[0]]
    common: list[tuple[int, ...]] = [(n,) for n in range(len(first))]
    for number in order[1:]:
        mine = [first[places[0]] for places in common]
        pairs = _common_lines(mine, texts[number])
        common = [(*common[i], j) for i, j in pairs]
    runs: list[_Run] = []
    for places in common:
        last = runs[-1] if runs else None
        if last and all(p == s + last.count for p, s in zip(places, last.starts, strict=True)):
            runs[-1] = _Run(last.starts, last.count + 1)
        else:
            runs.append(_Run(places, 1))
    back = [order.index(n) for n in range(len(texts))]
    return [
        _Run(tuple(run.starts[n] for n in back), run.count)
        for run in runs
        if any(_says(first[run.starts[0] + k]) for k in range(run.count))
    ]


def _says(line: str) -> bool:
    """Whether a line is more than blank or a bracket: those are equal by accident."""
    return any(char.isalnum() for char in line)


def _common_lines(left: Lines, right: Lines) -> list[tuple[int, int]]:
    opcodes = lines_opcodes(left, right)
    if opcodes is None:  # too large to align: nothing is said to be common
        return []
    pairs: list[tuple[int, int]] = []
    at_left = at_right = 0
    for op in opcodes:
        count = op.left_start - at_left
        pairs += [(at_left + k, at_right + k) for k in range(count)]
        at_left, at_right = op.left_end, op.right_end
    pairs += [(at_left + k, at_right + k) for k in range(len(left) - at_left)]
    return pairs


def _common(
    texts: Mapping[str, Lines],
    keys: Mapping[str, Lines],
    spans: Mapping[str, Span],
    who: _Who,
) -> Iterator[Group]:
    """Lines that all have, blocks of imports by themselves."""
    start, end = next(iter(spans.values()))
    letter = next(iter(spans))
    at = 0
    for _, lines in groupby(keys[letter][start:end], _block):
        count = len([*lines])
        here = {name: (a + at, a + at + count) for name, (a, _) in spans.items()}
        yield _new_group(texts, here, who)
        at += count


def _new_group(texts: Mapping[str, Lines], spans: Mapping[str, Span], who: _Who) -> Group:
    said = {letter: tuple(texts[letter][start:end]) for letter, (start, end) in spans.items()}
    since = {
        letter: (lines,)
        for letter, lines in said.items()
        if letter in who.letters and not who.began_with(letter, lines)
    }
    voices = voices_of(
        {letter: (lines,) for letter, lines in said.items()}, who.letters, since=since
    )
    options = options_of(said, voices)
    near = len({_near(said[letter]) for letter in voices}) == 1
    kind = kind_of(options, voices, near=near)
    return Group(kind, 0, 0, options, dict(sorted(spans.items())), voices)


def _near(lines: Lines) -> bytes:
    return near_key(map(_bytes, lines))


def _bytes(line: str) -> bytes:
    return line.encode("utf-8", "surrogatepass")


# ---- imports, whatever their order

_BLOCK = "\n"  # no line holds it, so what begins with it is the key of none


def _keys(texts: Mapping[str, Lines]) -> dict[str, Lines]:
    """The lines themselves, but for imports that all have in a row: what these are together, and their number."""
    blocks = {letter: [*_import_blocks(lines)] for letter, lines in texts.items()}
    known = [{key for _, _, key in found} for found in blocks.values()]
    everywhere = set.intersection(*known) if known else set()
    keys: dict[str, Lines] = {}
    for letter, lines in texts.items():
        own = list(lines)
        for start, end, key in blocks[letter]:
            if key in everywhere:
                own[start:end] = [f"{_BLOCK}{key}{_BLOCK}{n}" for n in range(end - start)]
        keys[letter] = own
    return keys


def _import_blocks(lines: Lines) -> Iterator[tuple[int, int, str]]:
    """Imports that follow each other: from where to where, and what they are in any order."""
    start = end = 0
    for statement in (*statements([*map(_bytes, lines)]), None):
        if statement is None or statement.start > end:
            if end - start > 1:
                yield start, end, f"{end - start} {_near(lines[start:end]).decode('latin-1')}"
            start = statement.start if statement else 0
        end = statement.end if statement else 0


def _block(key: str) -> str:
    """The block that a key is part of; "" for a line of its own."""
    return key.rpartition(_BLOCK)[0] if key.startswith(_BLOCK) else ""


def _merged(groups: Iterable[Group]) -> Iterator[Group]:
    """Neighbours that say the same of the same variants, as one."""
    last: Group | None = None
    for group in groups:
        joins = (
            last is not None
            and (last.kind, last.voices) == (group.kind, group.voices)
            and [o.letters for o in last.options] == [o.letters for o in group.options]
            and all(last.spans[name][1] == group.spans[name][0] for name in group.spans)
        )
        if last is not None and joins:
            spans = {name: (last.spans[name][0], group.spans[name][1]) for name in group.spans}
            last = group._replace(spans=spans)
            continue
        if last is not None:
            yield last
        last = group
    if last is not None:
        yield last
