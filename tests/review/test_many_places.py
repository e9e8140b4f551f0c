"""Files of very many places, and lines of nothing but space, cost what they are long: an agent may write either."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from review import imports
from review.compare import file_groups
from review.hunks import FileHunks
from review.import_joins import import_joins
from review.imports import imports_key, may_be_of_import, statements
from review.taken import taken_apart
from tests.review.test_voices import blob_of, data_of
from tests.support.hunks import file_changed

MANY = 6_000
CPU_S = 10  # each takes some tenths of a second; what looks at all places for each of them, minutes


@contextmanager
def quick() -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < CPU_S


Change = tuple[int, int, list[str]]  # from, how many, and what instead


def changed(base: list[str], changes: list[Change]) -> tuple[FileHunks, bytes]:
    """The file, and its content: a difference of so many lines is not looked for, it is told."""
    out, text, at, shift = [b"diff --git a/f b/f\n"], list[str](), 0, 0
    for start, gone, put in changes:
        text += [*base[at:start], *put]
        at = start + gone
        left, right = start + bool(gone), start + shift + bool(put)
        out.append(b"@@ -%d,%d +%d,%d @@\n" % (left, gone, right, len(put)))
        out += [b"-" + line.encode() + b"\n" for line in base[start:at]]
        out += [b"+" + line.encode() + b"\n" for line in put]
        shift += len(put) - gone
    text += base[at:]
    file = file_changed(b"".join(out), (blob_of(base), blob_of(text)))
    return file, data_of(text)


def test_thousands_of_blocks_of_imports_in_another_order() -> None:
    base = [line for n in range(MANY) for line in (*(f"import {x}{n}" for x in "abc"), f"x = {n}")]
    a, of_a = changed(base, _moved(2, "c"))
    b, of_b = changed(base, _moved(1, "b"))
    contents = {a.old_blob: data_of(base), a.new_blob: of_a, b.new_blob: of_b}
    lines = {blob: data.splitlines(keepends=True) for blob, data in contents.items()}
    files = {"A": a, "B": b}
    with quick():
        groups = file_groups(files, joins=import_joins(files, lines))
    assert [str(group.kind) for group in groups] == ["near"] * MANY


def _moved(at: int, name: str) -> list[Change]:
    """In every block the import at this place is put first."""
    changes: list[Change] = []
    for n in range(MANY):
        changes += [(4 * n, 0, [f"import {name}{n}"]), (4 * n + at, 1, [])]
    return changes


def test_a_composed_variant_with_some_lines_of_thousands_of_hunks() -> None:
    base = [line for n in range(MANY) for line in (f"x{n}", f"y{n}", "end")]
    a, of_a = changed(base, [(3 * n, 2, [f"X{n}", f"Y{n}"]) for n in range(MANY)])
    b, of_b = changed(base, [(3 * n, 1, [f"Z{n}"]) for n in range(MANY)])
    some, of_some = changed(base, [(3 * n, 1, [f"X{n}"]) for n in range(MANY)])
    contents = {
        a.old_blob: data_of(base),
        a.new_blob: of_a,
        b.new_blob: of_b,
        some.new_blob: of_some,
    }
    files = {"A": a, "B": b, "C": some}
    with quick():
        apart, known = taken_apart(files, "C", begun={"C": some}, contents=contents)
        groups = file_groups(apart, known)
    assert [(str(g.kind), g.letters, g.voices) for g in groups] == [
        ("contradictory", ("A", "B", "C"), ("A", "B"))
    ] * MANY


@pytest.mark.parametrize("end", [b"}", b'} from "x"', b'} from "x" ;', b"} ;"])
def test_a_closing_line_of_much_space(end: bytes) -> None:
    space = b" " * 600
    with quick():
        assert imports_key([b"import {\n", b"  a\n", end + space + b"!\n"]) is None
        assert imports_key([b"import {\n", b"  a\n", end + space + b"\n"]) is not None


def test_a_line_of_much_space_and_no_import() -> None:
    with quick():
        assert not may_be_of_import(b"a" + b" " * 90_000 + b"!")
        assert may_be_of_import(b"a" + b" " * 90_000 + b", # why")


def test_brackets_that_never_close() -> None:
    with quick():
        assert list(statements([b"import {\n"] * 100_000)) == []


def test_brackets_that_close_and_open_in_each_line_are_read_a_few_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads = 0
    real = imports._depth

    def depth(line: bytes) -> int:
        nonlocal reads
        reads += 1
        return real(line)

    monkeypatch.setattr(imports, "_depth", depth)
    lines = 1_000
    assert list(statements([b"import " + b"}" * 101 + b"{" * 100 + b"\n"] * lines)) == []
    assert reads <= 3 * lines


def test_blank_lines_that_may_be_anybodys_are_left_untold() -> None:
    """Insertions of blank lines into blank lines fit everywhere, and all ways of it go over the whole file."""
    blank, places = [""] * 300_000, range(10, 50, 10)
    files, contents = {}, {blob_of(blank): data_of(blank)}
    for number, letter in enumerate("ABCDEFZ"):
        changes: list[Change] = [(n, 0, [""] * (2**number + n)) for n in places]
        if letter == "Z":
            changes = [(n, 0, [""] * (3 + n)) for n in places]
        files[letter], contents[files[letter].new_blob] = changed(blank, changes)
    apart, _ = taken_apart(files, "Z", begun={}, contents=contents)
    assert apart == files
