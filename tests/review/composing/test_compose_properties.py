"""What must hold for any picks, with real git on the other side."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review.composing.picks import Wish, wish_resolve
from review.composing.types import NO_LINES, Pick
from review.hunks import About, FileHunks, base_range
from tests.support.patches import applied, body, lines_of
from tests.support.texts import edits, texts
from tests.support.trees import Tree, Trees

SOME = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

PATHS = ["f", "g", "dir/h", "dir/sub/i", "dir 2/ü", "new"]


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Trees:
    return Trees.create(tmp_path_factory.mktemp("trees") / "hub.git")


contents = st.one_of(texts(), texts(), texts(), st.sampled_from([b"", b"\0bin", b"\0bin 2"]))
modes = st.sampled_from(["100644", "100644", "100644", "100755", "120000"])


@st.composite
def bases(draw: st.DrawFn) -> Tree:
    paths = draw(st.sets(st.sampled_from(PATHS[:5]), min_size=1))
    return {path: (draw(modes), draw(contents)) for path in sorted(paths)}


@st.composite
def variants(draw: st.DrawFn, base: Tree) -> Tree:
    tree: dict[str, tuple[str, bytes]] = {}
    for path, (mode, data) in base.items():
        match draw(
            st.sampled_from(["same", "edit", "edit", "delete", "rename", "mode", "replace"])
        ):
            case "same":
                tree[path] = (mode, data)
            case "edit":
                tree[path] = (mode, draw(edits(data)))
            case "rename":
                tree[path + ".moved"] = (mode, data + draw(st.sampled_from([b"", b"more\n"])))
            case "mode":
                tree[path] = (draw(modes), data)
            case "replace":
                tree[path] = (draw(modes), draw(contents))
    if draw(st.booleans()):
        tree["new"] = (draw(modes), draw(contents))
    return tree


@st.composite
def tasks(draw: st.DrawFn, count: int) -> tuple[Tree, list[Tree]]:
    base = draw(bases())
    return base, [draw(variants(base)) for _ in range(count)]


@SOME
@given(task=tasks(2), how=st.sampled_from(["ground", "whole", "hunks", "lines", "twice"]))
def test_all_of_one_variant_is_that_variant(
    trees: Trees, task: tuple[Tree, list[Tree]], how: str
) -> None:
    base, (one, other) = task
    left, a, b = trees.commits(base, one, other)
    files = {"A": trees.hunks(left, a), "B": trees.hunks(left, b)}
    picks = {
        "ground": [Pick(letter="A")],
        "whole": [Pick(letter="A", place=place) for place in files["A"]],
        "hunks": [Pick(letter="A", place=p, keys=keys(file)) for p, file in files["A"].items()],
        "lines": [pick for p, file in files["A"].items() for pick in all_lines(p, file)],
        "twice": [Pick(letter="A"), *(Pick(letter="A", place=p) for p in files["A"])],
    }[how]
    made = trees.composed(left, files, picks)
    assert made.conflicts == ()
    assert trees.result(left, made) == dict(one)
    assert all("A" in result.whole for result in made.places)


def keys(file: FileHunks) -> frozenset[str]:
    return frozenset(hunk.key for hunk in file.hunks)


def all_lines(place: str, file: FileHunks) -> Iterator[Pick]:
    """Every line by its number, and by key what is not about lines."""
    for hunk in file.hunks:
        if hunk.about is About.LINES:
            yield Pick(
                letter="A",
                place=place,
                left=frozenset(range(hunk.start, hunk.end)),
                right=frozenset(range(hunk.right_start, hunk.right_end)),
            )
        else:
            yield Pick(letter="A", place=place, keys=frozenset({hunk.key}))


@SOME
@given(task=tasks(3), seed=st.integers(0, 10**6))
def test_the_order_of_picks_does_not_matter_and_what_fits_is_made(
    trees: Trees, task: tuple[Tree, list[Tree]], seed: int
) -> None:
    base, others = task
    left, *heads = trees.commits(base, *others)
    files = {letter: trees.hunks(left, head) for letter, head in zip("ABC", heads, strict=True)}
    dice = random.Random(seed)
    picks = [
        Pick(letter=letter, place=place, keys=frozenset({hunk.key}))
        for letter, known in files.items()
        for place, file in known.items()
        for hunk in file.hunks
        if dice.random() < 0.6
    ]
    picks += [Pick(letter=dice.choice("ABC"))] if dice.random() < 0.5 else []
    made = trees.composed(left, files, picks)
    dice.shuffle(picks)
    again = trees.composed(left, files, picks)
    assert again == made
    contradicting = {conflict.place for conflict in made.conflicts}
    for result in made.places:
        if not result.conflicts and result.place not in contradicting and result.entry:
            assert trees.contents({result.path: result.entry})


@SOME
@given(task=tasks(2))
def test_no_pick_is_the_base(trees: Trees, task: tuple[Tree, list[Tree]]) -> None:
    base, others = task
    left, *heads = trees.commits(base, *others)
    made = trees.compose(left, dict(zip("AB", heads, strict=True)), [])
    assert trees.result(left, made) == dict(base)
    assert not made.writes
    assert not made.removes


@SOME
@given(task=tasks(1))
def test_every_change_of_a_ground_can_be_reverted(
    trees: Trees, task: tuple[Tree, list[Tree]]
) -> None:
    """As the page asks for it: all of A, and the base where A has its hunks. What is not lines stays A's."""
    base, (one,) = task
    left, head = trees.commits(base, one)
    files = {"A": trees.hunks(left, head)}
    lines = {
        place: [(*base_range(h), h.key) for h in file.hunks if h.about is About.LINES]
        for place, file in files["A"].items()
    }
    wishes = [
        Wish(letter="base", path=place, hunks=tuple(refs)) for place, refs in lines.items() if refs
    ]
    picks = [
        wish_resolve(
            wish,
            files=files,
            base=trees.tree(left),
            names={},
            places=lambda path: {path},
            between=lambda *_: None,
        )
        for wish in wishes
    ]
    made = trees.composed(left, files, [Pick(letter="A"), *picks])
    assert made.conflicts == ()
    result = trees.result(left, made)
    for place, file in files["A"].items():
        if not lines[place]:
            continue
        if place not in base:
            assert place not in result
        else:
            there = place if file.status == "D" else file.path
            assert result[there][1] == base[place][1]


# ---- git apply of the same hunks


@SOME
@given(data=st.data())
def test_picked_hunks_are_what_git_apply_makes_of_them(
    trees: Trees, tmp_path: Path, data: st.DataObject
) -> None:
    """Hunks of two variants of a file that do not contradict, in one patch, applied to the base."""
    base = data.draw(texts())
    left, *heads = trees.commits(
        {"f": ("100644", base)}, *({"f": ("100644", data.draw(edits(base)))} for _ in "AB")
    )
    files = {name: trees.hunks(left, head) for name, head in zip("AB", heads, strict=True)}
    hunks = [(name, h) for name, known in files.items() for f in known.values() for h in f.hunks]
    chosen = [pair for pair in hunks if data.draw(st.booleans())]
    picks = [Pick(letter=name, place="f", keys=frozenset({h.key})) for name, h in chosen]
    made = trees.composed(left, files, picks)
    fits = {
        (name, key)
        for result in made.places
        for part in result.parts
        for name, key in part.keys.items()
    }
    if not made.conflicts:
        assert fits == {(name, h.key) for name, h in chosen}
    bodies: dict[tuple[int, int, str], list[bytes]] = {}
    for name, hunk in chosen:
        if (name, hunk.key) in fits and hunk.about is About.LINES:
            bodies[hunk.start, hunk.end, hunk.added] = body(
                trees, left, heads["AB".index(name)], hunk.start, hunk.end
            )
    assert (
        applied(tmp_path, base, [bodies[at] for at in sorted(bodies)])
        == trees.result(left, made)["f"][1]
    )


@SOME
@given(data=st.data())
def test_some_lines_of_hunks(trees: Trees, data: st.DataObject) -> None:
    """What is not taken out stays, what is taken is there, in order; the rest of the file too."""
    base = data.draw(texts())
    left, right = trees.commits({"f": ("100644", base)}, {"f": ("100644", data.draw(edits(base)))})
    files = {"A": trees.hunks(left, right)}
    if "f" not in files["A"]:
        return
    hunks = [h for h in files["A"]["f"].hunks if h.about is About.LINES]
    out = {n for h in hunks for n in range(h.start, h.end) if data.draw(st.booleans())}
    put = {n for h in hunks for n in range(h.right_start, h.right_end) if data.draw(st.booleans())}
    picks = [Pick(letter="A", place="f", left=frozenset(out), right=frozenset(put))]
    if not out and not put:
        picks = [Pick(letter="A", place="f", keys=frozenset({"none"}), right=NO_LINES)]
    made = trees.composed(left, files, picks)
    assert made.conflicts == ()
    found = lines_of(trees.result(left, made)["f"][1])
    old, new = lines_of(base), lines_of(trees.contents(trees.tree(right))["f"][1])
    kept = [line for n, line in enumerate(old) if n not in out]
    taken = [new[n] for n in sorted(put)]
    assert sorted(found) == sorted([*kept, *taken])
    for part in (kept, taken):
        rest = iter(found)
        assert all(line in rest for line in part)
