"""What a composed variant took from others changes nothing for them; what it has of its own counts."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from review.compare import Group, Kind, Mark, clusters, file_groups, file_marks
from review.composing.lines import hunk_lines
from review.hunks import FileHunks, Hunk
from review.import_joins import import_joins
from review.new_files import new_file_groups
from review.standing import Standings, standing_say
from review.taken import contents_wanted, taken_apart
from tests.review.test_hunks_compare import BASE, edit, patch_of
from tests.support.hunks import file_changed

Lines = Sequence[str]
MANY = settings(max_examples=60, deadline=None)


def data_of(lines: Lines) -> bytes:
    return b"".join(line.encode() + b"\n" for line in lines)


def blob_of(lines: Lines) -> str:
    return hashlib.sha1(data_of(lines), usedforsecurity=False).hexdigest()


def changed(base: Lines, text: Lines) -> FileHunks:
    return file_changed(patch_of(base, text), (blob_of(base), blob_of(text)))


def groups_of(
    base: Lines,
    texts: Mapping[str, Lines],
    composed: Mapping[str, Lines] | None = None,
) -> tuple[Group, ...]:
    """`composed` are variants with the text that they began with."""
    begun = {letter: changed(base, text) for letter, text in (composed or {}).items()}
    files = {letter: changed(base, text) for letter, text in texts.items()}
    files = {letter: file for letter, file in files.items() if file.hunks}
    contents = {blob_of(lines): data_of(lines) for lines in (base, *texts.values())}
    assert contents_wanted(files, begun, begun=begun) <= contents.keys()
    apart, known = taken_apart(files, begun, begun=begun, contents=contents)
    lines = {blob: data.splitlines(keepends=True) for blob, data in contents.items()}
    return file_groups(apart, known, import_joins(apart, lines))


def of(groups: Sequence[Group], letters: str) -> list[tuple[object, ...]]:
    """What is told of these variants: places, kinds, who agrees with whom."""
    return [
        (
            str(group.kind),
            group.start,
            group.end,
            {letter: span for letter, span in group.spans.items() if letter in letters},
            sorted(
                found
                for option in group.options
                if (found := "".join(n for n in option.letters if n in letters))
            ),
        )
        for group in groups
        if any(letter in letters for letter in group.spans)
    ]


def kinds(groups: Sequence[Group]) -> list[tuple[str, list[str], str]]:
    return [
        (str(g.kind), ["".join(o.letters) for o in g.options], "".join(g.voices)) for g in groups
    ]


# ---- by example


def test_what_one_alone_has_stays_its_own_when_it_is_taken() -> None:
    texts = {"A": edit(3, "three"), "D": edit(8, "eight"), "F": edit(8, "eight")}
    groups = groups_of(BASE, texts, {"F": texts["F"]})
    assert kinds(groups) == [("unique", ["A"], "A"), ("unique", ["DF"], "D")]
    assert file_marks(groups, texts, "F") == {
        "A": Mark.UNIQUE,
        "D": Mark.UNIQUE,
        "F": Mark.UNIQUE,
    }
    assert file_marks(groups[1:], "DF", "F") == {"D": Mark.UNIQUE, "F": Mark.UNIQUE}


def test_neighbours_taken_from_two_are_told_apart() -> None:
    """git tells them as one hunk, which overlaps both."""
    texts = {"A": edit(3, "three"), "B": edit(4, "four")}
    both = edit(3, "three", "four", drop=2)
    groups = groups_of(BASE, {**texts, "F": both}, {"F": both})
    assert kinds(groups) == [("unique", ["AF"], "A"), ("unique", ["BF"], "B")]
    assert [group.spans["F"] for group in groups] == [(2, 3), (3, 4)]


def test_what_a_composed_variant_has_of_its_own_is_a_voice() -> None:
    texts = {"A": edit(3, "three"), "B": edit(3, "three")}
    mine = edit(3, "3", base=edit(8, "mine"))
    groups = groups_of(BASE, {**texts, "F": mine}, {"F": texts["A"]})
    assert kinds(groups) == [("contradictory", ["AB", "F"], "ABF"), ("unique", ["F"], "F")]
    # The same from the start: what its source has changed since is nobody else's now.
    assert kinds(groups_of(BASE, {**texts, "F": mine}, {"F": mine})) == kinds(groups)


def test_some_lines_of_a_hunk_add_no_voice_but_an_edit_of_them_does() -> None:
    whole = edit(3, "x", "y", "z")
    some = edit(3, "x", "z")
    assert kinds(groups_of(BASE, {"D": whole, "F": some}, {"F": some})) == [
        ("unique", ["D", "F"], "D")
    ]
    # Here somebody has taken a line out of what was composed.
    assert kinds(groups_of(BASE, {"D": whole, "F": some}, {"F": whole})) == [
        ("contradictory", ["D", "F"], "DF")
    ]


def test_parts_of_others_do_not_make_each_other_somebody_s_own() -> None:
    """F is also what D adds, put into what G took in part: neither has a line of its own."""
    texts = {"A": ["a"], "B": ["a"], "D": ["b", "b", "a"]}
    composed: dict[str, Lines] = {"F": ["b", "a"], "G": []}
    groups = groups_of(["b"], {**texts, **composed}, composed)
    assert of(groups, "ABD") == of(groups_of(["b"], texts), "ABD")


def test_what_two_composed_variants_share_alone_is_one_voice() -> None:
    own = edit(3, "mine")
    texts = {"A": edit(8, "eight"), "F": own, "G": edit(8, "eight", base=own)}
    groups = groups_of(BASE, texts, {"F": list(BASE), "G": texts["G"]})
    assert kinds(groups) == [("unique", ["FG"], "F"), ("unique", ["AG"], "A")]


def test_how_a_hunk_stands_is_counted_without_who_only_took() -> None:
    texts = {
        "A": edit(3, "three"),
        "B": edit(3, "three"),
        "D": edit(8, "eight"),
        "F": edit(8, "eight"),
    }
    groups = groups_of(BASE, texts, {"F": texts["F"]})

    def say(left: str, right: str) -> str:
        known = Standings(groups, left=left, right=right, letters=texts, composed="F")
        (hunk,) = changed(texts[left] if left else BASE, texts[right]).hunks[:1]
        found = known.of(hunk)
        assert found
        return standing_say(found)

    assert say("", "D") == say("", "F") == "Only in D (F, composed, took it)"
    assert say("", "A") == "The same in 2 of 3"
    assert say("D", "A") == say("F", "A") == "The same in 2 of 3"
    assert say("A", "D") == say("A", "F") == "The same in 2 of 3"


def test_what_was_done_since_is_a_voice_whoever_does_the_same() -> None:
    texts = {"A": edit(3, "three"), "F": edit(3, "three")}
    assert kinds(groups_of(BASE, texts, {"F": list(BASE)})) == [("shared", ["AF"], "AF")]
    # Also where it is beside what was taken: git tells both as one hunk.
    texts = {"A": edit(3, "three"), "B": edit(4, "four"), "F": edit(3, "three", "four", drop=2)}
    groups = groups_of(BASE, texts, {"F": texts["A"]})
    assert kinds(groups) == [("unique", ["AF"], "A"), ("shared", ["BF"], "BF")]
    # G took it from F, which made it.
    groups = groups_of(
        BASE, {**texts, "G": edit(4, "four")}, {"F": texts["A"], "G": edit(4, "four")}
    )
    assert kinds(groups) == [("unique", ["AF"], "A"), ("shared", ["BFG"], "BF")]


def test_what_was_changed_to_what_another_has_was_not_taken() -> None:
    texts = {"A": edit(3, "three"), "B": edit(3, "3"), "F": edit(3, "3")}
    groups = groups_of(BASE, texts, {"F": texts["A"]})
    assert kinds(groups) == [("contradictory", ["BF", "A"], "ABF")]


def test_a_new_file_that_was_made_since_is_a_voice() -> None:
    texts = {"A": ["import os", "a = 1"], "F": ["import os", "a = 1"]}
    assert kinds(new_file_groups(texts, "F", {})) == [("shared", ["AF"], "AF")]
    assert kinds(new_file_groups(texts, "F", {"F": texts["F"]})) == [("unique", ["AF"], "A")]
    half = new_file_groups(texts, "F", {"F": ["import os"]})
    assert kinds(half) == [("shared", ["AF"], "AF")]
    more = {"A": ["import os", "a = 1"], "F": ["import os", "f = 1"]}
    assert kinds(new_file_groups(more, "F", {"F": texts["F"]})) == [
        ("unique", ["AF"], "A"),
        ("contradictory", ["A", "F"], "AF"),
    ]


def test_only_who_has_just_that_is_said_to_have_taken_it() -> None:
    """F has the rest of the file, and not what only C adds to it; G has all of it."""
    texts = {"A": ["a = 1"], "C": ["a = 1", "extra = 2"]}
    composed = {"F": texts["A"], "G": texts["C"]}
    groups = new_file_groups({**texts, **composed}, composed="FG")
    known = Standings(groups, left="A", right="C", letters="ACFG", composed="FG")
    found = known.of(changed(texts["A"], texts["C"]).hunks[0])
    assert found
    assert standing_say(found) == "Only in C (G, composed, took it)"


def test_a_hunk_of_two_sources_is_told_of_both() -> None:
    texts = {"A": edit(3, "three"), "B": edit(4, "four"), "F": edit(3, "three", "four", drop=2)}
    groups = groups_of(BASE, texts, {"F": texts["F"]})
    known = Standings(groups, left="", right="F", letters=texts, composed="F")
    found = known.of(changed(BASE, texts["F"]).hunks[0])
    assert found
    assert (found.kind, found.groups) == (Kind.UNIQUE, groups)
    assert standing_say(found) == "Only in A and only in B (F, composed, took it)"


def test_a_new_file_that_was_taken_adds_no_voice() -> None:
    texts = {"A": ["import os", "a = 1"], "B": ["import os", "b = 2"]}
    alone = new_file_groups(texts)
    groups = new_file_groups({**texts, "F": texts["B"]}, composed="F")
    assert of(groups, "AB") == of(alone, "AB")
    assert kinds(groups)[1] == ("contradictory", ["A", "BF"], "AB")
    own = new_file_groups({**texts, "F": ["import os", "f = 3"]}, composed="F")
    assert kinds(own)[1] == ("contradictory", ["A", "B", "F"], "ABF")


# ---- for any picks

text = st.lists(
    st.sampled_from(["a", "b", "c", "d1", "e2", "import x", "import y", ""]), max_size=12
)


def picked(
    draw: st.DrawFn, base: Lines, texts: Mapping[str, Lines], *, lines: bool
) -> tuple[list[str], bool]:
    """The base with some hunks of the others that do not contradict, or some lines of them; whether
    there is any change."""
    every = [(hunk, letter) for letter in texts for hunk in changed(base, texts[letter]).hunks]
    chosen = [pair for pair in every if draw(st.booleans())]
    raw = data_of(base).splitlines(keepends=True)
    parts: list[tuple[Hunk, tuple[bytes, ...]]] = []
    ordered = sorted(chosen, key=lambda pair: (pair[0].about, pair[0].start, pair[0].end))
    for cluster in clusters(ordered):
        hunk, letter = draw(st.sampled_from(cluster))
        theirs = data_of(texts[letter]).splitlines(keepends=True)
        left, right = range(hunk.start, hunk.end), range(hunk.right_start, hunk.right_end)
        if lines:
            left_some = frozenset(n for n in left if draw(st.booleans()))
            right_some = frozenset(n for n in right if draw(st.booleans()))
            parts += hunk_lines(hunk, raw, theirs, left=left_some, right=right_some)
        else:
            parts.append((hunk, tuple(theirs[hunk.right_start : hunk.right_end])))
    out: list[bytes] = []
    at = 0
    for hunk, put in parts:
        out += [*raw[at : hunk.start], *put]
        at = hunk.end
    out += raw[at:]
    return [line.decode().removesuffix("\n") for line in out], out != raw


@st.composite
def compositions(
    draw: st.DrawFn, *, lines: bool = False
) -> tuple[list[str], dict[str, list[str]], dict[str, list[str]]]:
    base = draw(text)
    texts = draw(st.dictionaries(st.sampled_from("ABCD"), text, min_size=1))
    made = {letter: picked(draw, base, texts, lines=lines)[0] for letter in "FG"}
    return base, texts, made


@MANY
@given(compositions())
def test_what_is_made_of_picks_changes_nothing_for_the_others(
    made: tuple[list[str], dict[str, list[str]], dict[str, list[str]]],
) -> None:
    base, texts, composed = made
    alone = groups_of(base, texts)
    groups = groups_of(base, {**texts, **composed}, composed)
    assert of(groups, "ABCD") == of(alone, "ABCD")
    assert len(groups) == len(alone)
    touched = [letter for letter, lines in texts.items() if lines != base]
    also = [letter for letter, lines in composed.items() if lines != base]
    before, after = file_marks(alone, touched), file_marks(groups, [*touched, *also], composed)
    assert {letter: after[letter] for letter in touched} == before
    assert not {"F", "G"} & {voice for group in groups for voice in group.voices}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(compositions(lines=True))
def test_some_lines_of_hunks_change_nothing_for_the_others(
    made: tuple[list[str], dict[str, list[str]], dict[str, list[str]]],
) -> None:
    """Always the same examples: in files of nothing but equal lines, lines cannot be told from others."""
    base, texts, composed = made
    groups = groups_of(base, {**texts, **composed}, composed)
    assert of(groups, "ABCD") == of(groups_of(base, texts), "ABCD")


@MANY
@given(
    base=text,
    texts=st.dictionaries(st.sampled_from("ABCDEF"), text, min_size=2),
    composed=st.sets(st.sampled_from("ABCDEF")),
    seed=st.integers(),
)
def test_names_change_nothing_and_agents_are_voices(
    base: list[str], texts: dict[str, list[str]], composed: set[str], seed: int
) -> None:
    """Whatever composed variants have become."""
    names = sorted(texts)
    swapped = dict(zip(names, random.Random(seed).sample(names, len(names)), strict=True))
    began = {letter: texts[letter] for letter in composed & texts.keys()}
    here = groups_of(base, texts, began)
    there = groups_of(
        base,
        {swapped[letter]: lines for letter, lines in texts.items()},
        {swapped[letter]: lines for letter, lines in began.items()},
    )

    def told(groups: Sequence[Group], names: Mapping[str, str]) -> list[str]:
        return sorted(
            f"{g.kind} {g.start}:{g.end} {sorted((names.get(n, n), s) for n, s in g.spans.items())}"
            f" {sorted(sorted(names.get(n, n) for n in o.letters) for o in g.options)} {len(g.voices)}"
            for g in groups
        )

    assert told(here, swapped) == told(there, {})
    for group in here:
        assert {n for n in group.spans if n not in began} <= {*group.voices} <= group.spans.keys()
        assert group.voices
    # Where nobody is composed all are voices, and a place is of the kind that its options say.
    for group in groups_of(base, texts):
        assert group.voices == group.letters
        assert (group.kind is Kind.UNIQUE) == (len(group.spans) == 1)
        if len(group.spans) > 1:
            assert (group.kind is Kind.SHARED) == (len(group.options) == 1)


@MANY
@given(
    texts=st.dictionaries(st.sampled_from("ABCD"), text, min_size=1),
    sources=st.tuples(st.integers(0, 3), st.integers(0, 3)),
)
def test_new_files_that_were_taken_change_nothing_for_the_others(
    texts: dict[str, list[str]], sources: tuple[int, int]
) -> None:
    names = sorted(texts)
    taken = {n: texts[names[k % len(names)]] for n, k in zip("FG", sources, strict=True)}
    groups = new_file_groups({**texts, **taken}, composed="FG")
    assert of(groups, "ABCD") == of(new_file_groups(texts), "ABCD")
    assert not {"F", "G"} & {voice for group in groups for voice in group.voices}
