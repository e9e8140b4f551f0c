"""Imports in another order are near each other, wherever in the block of the base they were put."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.compare import Group, Kind, file_marks
from review.imports import blocks, imports_key
from review.near import near_key
from review.new_files import new_file_groups
from tests.review.test_hunks_compare import groups_of as groups_without_joins
from tests.review.test_voices import MANY, Lines, data_of, groups_of

HEAD = ['"""Doc."""', ""]
IMPORTS = ["import abc", "import os", "import re", "", "import sys"]
REST = ["", "x = 1", "y = 2"]
BASE = [*HEAD, *IMPORTS, *REST]


def with_imports(*lines: str, rest: Lines = REST) -> list[str]:
    return [*HEAD, *lines, *rest]


def kinds(groups: Sequence[Group]) -> list[tuple[str, list[str]]]:
    return [(str(g.kind), ["".join(o.letters) for o in g.options]) for g in groups]


def raw(*lines: str) -> list[bytes]:
    return data_of(lines).splitlines(keepends=True)


def test_a_block_put_in_two_orders_is_near() -> None:
    texts = {
        "A": with_imports("import sys", "import abc", "import os", "import re", ""),
        "B": with_imports("import os", "import sys", "import re", "", "import abc"),
    }
    assert kinds(groups_of(BASE, texts)) == [("near", ["A", "B"])]
    assert file_marks(groups_of(BASE, texts), texts) == dict.fromkeys("AB", "partly")


def test_an_import_added_at_two_places_of_the_block_is_near_and_beside_it_nothing_changes() -> None:
    texts = {
        "A": with_imports("import json", *IMPORTS),
        "B": with_imports(*IMPORTS, "import  json", rest=["", "x = 2", "y = 2"]),
        "C": with_imports(*IMPORTS[:2], "import csv", *IMPORTS[2:]),
    }
    groups = groups_of(BASE, texts)
    assert kinds(groups) == [("near", ["A", "B"]), ("unique", ["C"]), ("unique", ["B"])]
    near, c, _ = groups
    assert (near.start, near.end) == (2, 7)
    assert near.spans == {"A": (2, 8), "B": (2, 8)}
    assert (c.start, c.end) == (4, 4)
    assert file_marks(groups, texts) == {"A": "partly", "B": "partly", "C": "unique"}


def test_who_agrees_to_the_letter_is_one_option() -> None:
    texts = {
        "A": with_imports("import json", *IMPORTS),
        "B": with_imports("import json", *IMPORTS),
        "C": with_imports(*IMPORTS, "import json"),
    }
    assert kinds(groups_of(BASE, texts)) == [("near", ["AB", "C"])]
    del texts["C"]
    assert kinds(groups_of(BASE, texts)) == [("shared", ["AB"])]


def test_who_puts_something_else_at_the_same_point_is_still_contradicted() -> None:
    """The contract's rule: overlapping ranges with other text, and only those."""
    texts = {
        "A": with_imports("import json", *IMPORTS),
        "B": with_imports(*IMPORTS, "import json"),
        "C": with_imports("import csv", *IMPORTS),
    }
    assert kinds(groups_of(BASE, texts)) == [("contradictory", ["A", "C"]), ("unique", ["B"])]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["import abc", "import os", "x()"], ["x()", "import abc", "import os"]),
        (["import abc", "import json"], ["import json", "import csv"]),
        (["import abc", "import json"], ["import json", "import abc", "import abc"]),
    ],
)
def test_what_is_more_than_an_order_is_not_near(one: list[str], other: list[str]) -> None:
    texts = {"A": with_imports(*one), "B": with_imports(*other)}
    assert "near" not in [kind for kind, _ in kinds(groups_of(BASE, texts))]


def test_code_in_another_order_is_not_near() -> None:
    base = ["a()", "b()", "c()", "d()"]
    texts = {"A": ["d()", "a()", "b()", "c()"], "B": ["a()", "d()", "b()", "c()"]}
    assert "near" not in [kind for kind, _ in kinds(groups_of(base, texts))]
    names = ["NAMES = [", "    a,", "    b,", "    c,", "]"]
    texts = {
        "A": [names[0], names[3], *names[1:3], names[4]],
        "B": [names[0], names[1], names[3], names[2], names[4]],
    }
    assert "near" not in [kind for kind, _ in kinds(groups_of(names, texts))]


PYTHON = ["from x import (", "    a,", "    b,", "    c,", ")"]
JS = ["import {", "  a,", "  b,", "  c", '} from "x";']
GO = ["import (", '\t"fmt"', '\tlog "a/log"', '\t"os"', ")"]
RUST = ["use a::{", "    a,", "    b,", "    c,", "};"]


@pytest.mark.parametrize("block", [PYTHON, JS, GO, RUST], ids=["python", "js", "go", "rust"])
def test_names_in_another_order_within_brackets_are_near(block: list[str]) -> None:
    first, *names, last = block
    base = ["head", *block, "rest"]
    moved = {"A": [names[2], *names[:2]], "B": [names[1], names[0], names[2]]}
    texts = {letter: ["head", first, *some, last, "rest"] for letter, some in moved.items()}
    assert kinds(groups_of(base, texts)) == [("near", ["A", "B"])]
    assert [g.kind for g in new_file_groups(texts)] == [Kind.SHARED, Kind.NEAR, Kind.SHARED]
    # Another name, or one less, is another import.
    other = [*names[:2], names[2].replace("c", "z").replace("os", "io")]
    texts["B"] = ["head", first, *other, last, "rest"]
    assert "near" not in [kind for kind, _ in kinds(groups_of(base, texts))]


def test_names_are_sorted_only_where_they_are_names() -> None:
    def key(*lines: str) -> bytes | None:
        return imports_key(raw(*lines))

    assert key("from x import a, b") == key("from x  import b, a")
    assert key("from x import a, b") != key("from y import b, a")
    assert key(*PYTHON) != key("from x import (", "    a,", "    b,", ")", "from c import y")
    assert key("use a::{", "  b::{p, q},", "  c::{r, s},", "};") != key(
        "use a::{", "  b::{p, s},", "  c::{r, q},", "};"
    )
    assert key("import (", "x := 1", ")") is None
    assert key("using (var a = b()) {", "  run();", "}") is None
    assert key("import a", "run()") is None
    assert near_key(raw("run()", "import a")) != near_key(raw("import a", "run()"))


def test_blocks_have_blank_lines_within_and_around_them() -> None:
    assert list(blocks(raw(*BASE))) == [(1, 8)]
    assert list(blocks(raw("a", "import x", "b", "import y"))) == [(1, 2), (3, 4)]
    assert list(blocks(raw("a", *PYTHON, "", "import y", "b"))) == [(1, 8)]
    assert list(blocks(raw("from x import (", "a,"))) == []


line = st.sampled_from(
    ["import a", "import b", "from c import d", "import a", "", "run()", "    e,"]
)


@MANY
@given(
    base=st.lists(line, max_size=10),
    texts=st.dictionaries(st.sampled_from("ABC"), st.lists(line, max_size=10), min_size=2),
)
def test_only_near_is_said_anew(base: list[str], texts: dict[str, list[str]]) -> None:
    """Other places stay as they were; near ones are made of whole places, and of imports only."""
    before = {(g.start, g.end, g.kind, *g.spans.items()) for g in groups_without_joins(base, texts)}
    groups = groups_of(base, texts)
    fresh = [g for g in groups if (g.start, g.end, g.kind, *g.spans.items()) not in before]
    for group in fresh:
        assert group.kind is Kind.NEAR
        keys = {imports_key(raw(*texts[n][a:b])) for n, (a, b) in group.spans.items()}
        assert len(keys) == 1
        assert keys != {None}
        assert len(group.options) > 1
    for letter, lines in texts.items():  # every line of a variant is told of in one place
        rebuilt, at = [], 0
        for group in groups:
            if letter in group.spans:
                a, b = group.spans[letter]
                rebuilt += [*base[at : group.start], *lines[a:b]]
                at = group.end
        assert [*rebuilt, *base[at:]] == lines


@MANY
@given(
    imports=st.lists(st.sampled_from(["import a", "import b", "import c"]), min_size=2, max_size=6),
    added=st.lists(st.sampled_from(["import x", "import a"]), max_size=2),
    seed=st.integers(),
)
def test_any_two_orders_of_the_same_imports_are_near(
    imports: list[str], added: list[str], seed: int
) -> None:
    shuffle = random.Random(seed)
    texts = {}
    for letter in "AB":
        lines = [*imports, *added]
        shuffle.shuffle(lines)
        texts[letter] = ["head", *lines, "rest"]
    base = ["head", *imports, "rest"]
    found = {g.kind for g in groups_of(base, texts)}
    if texts["A"] == texts["B"]:
        assert found <= {Kind.SHARED}
    elif base not in texts.values():
        assert found == {Kind.NEAR}
