"""Every odd kind of change is shown as what it is, with a plain sentence."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from review.diff import (
    ChunkKind,
    DiffError,
    DiffOptions,
    FileDiff,
    FileInput,
    Kind,
    file_diff,
    render_diff,
)

Differ = Callable[..., FileDiff]


def kinds(diff: FileDiff) -> list[ChunkKind]:
    return [chunk.kind for chunk in diff.chunks]


def html(diff: FileDiff) -> str:
    return render_diff(diff, view="split", context=3)


def test_a_new_file_has_no_left_and_a_deleted_one_no_right(differ: Differ) -> None:
    added = differ(None, b"a\nb\n", status="A", new_mode="100755")
    assert kinds(added) == [ChunkKind.INSERT]
    assert [(line.n, line.text) for line in added.chunks[0].right] == [(1, "a"), (2, "b")]
    assert added.chunks[0].left == ()
    assert added.notes == ("The new file is executable.",)
    deleted = differ(b"a\n", None, status="D")
    assert kinds(deleted) == [ChunkKind.DELETE]
    assert (deleted.insertions, deleted.deletions) == (0, 1)


@pytest.mark.parametrize(
    ("left", "right", "note"),
    [
        (b"a\nb\n", b"a\r\nb\r\n", "The line endings changed from LF to CRLF."),
        (b"a\r\nb\r\n", b"a\nb\r\n", "The line endings changed from CRLF to mixed (LF and CRLF)."),
        (b"a\r\nb\n", b"a\r\nc\n", "Line endings are mixed: LF and CRLF."),
        (b"a\nb", b"a\nb\n", "A newline was added at the end of the file."),
        (b"a\nb\n", b"a\nb", "The newline at the end of the file was removed."),
        (b"caf\xe9\n", b"th\xe9\n", "Not valid UTF-8: shown as Latin-1."),
        (b"caf\xe9\n", b"caf\xc3\xa9\n", "The encoding changed from Latin-1 to UTF-8."),
        ("é à ü\n".encode() + b"x\xff\n", "é à ü\n".encode(), "shown by their number."),
        ("a\n".encode("utf-16"), "b\n".encode("utf-16"), "Encoded in UTF-16."),
        ("a\n".encode("utf-16"), b"a\n", "The encoding changed from UTF-16 to UTF-8."),
        (b"a\n", b"\xef\xbb\xbfa\n", "A byte order mark was added."),
        (b"\xef\xbb\xbfa\n", b"\xef\xbb\xbfb\n", "Begins with a byte order mark."),
    ],
)
def test_what_lines_do_not_show_is_said(
    differ: Differ, left: bytes, right: bytes, note: str
) -> None:
    diff = differ(left, right)
    assert any(said.endswith(note) for said in diff.notes), diff.notes


def test_lines_that_differ_in_bytes_only_do_not_look_equal(differ: Differ) -> None:
    for left, right in (
        (b"caf\xe9\n", b"caf\xc3\xa9\n"),  # the same letter in two encodings
        (b"a\n", b"a\r\n"),
        (b"a\n", b"a"),
        (b"a\xe2\x80\x8bb\n", b"ab\n"),  # a zero-width space
        ("é è\n".encode() + b"\xfe\n", "é è\n".encode() + b"\xff\n"),
        ("é è\n".encode() + b"\xfe\n", "é è\n\\xFE\n".encode()),
    ):
        diff = differ(left, right)
        assert ChunkKind.REPLACE in kinds(diff)
        cells = [
            cell for cell in html(diff).split("<div") if 'class="del"' in cell or "add" in cell
        ]
        shown = [cell.split(">", 1)[1] for cell in cells]
        assert shown[0] != shown[1], shown


def test_carriage_returns_are_shown_only_where_they_mean_something(differ: Differ) -> None:
    assert "CR</i>" in html(differ(b"a\nb\n", b"a\r\nb\n"))
    assert "CR</i>" not in html(differ(b"a\r\nb\r\n", b"a\r\nc\r\n"))


def test_binary_files_and_images_say_their_sizes(differ: Differ) -> None:
    binary = differ(b"\0" * 10, b"\0" * 20_000, path="tool.bin")
    assert (binary.kind, binary.chunks) == (Kind.BINARY, ())
    assert binary.notes == ("Binary file, changed: was 10 bytes, is now 20 kB.",)
    image = differ(None, b"\x89PNG\0", path="Logo.PNG", status="A")
    assert image.kind is Kind.IMAGE
    assert image.notes == ("Image, new: 5 bytes.",)


def test_renames_modes_links_submodules_and_empty_files(differ: Differ) -> None:
    renamed = differ(b"a\n", b"a\n", path="new.py", old_path="old.py", status="R")
    assert renamed.kind is Kind.SAME
    assert renamed.notes == ("Renamed from old.py.", "The content is the same.")
    case = differ(b"a\n", b"a\n", path="Read.me", old_path="READ.me", status="R")
    assert "only upper and lower case differ" in case.notes[0]
    mode = differ(b"a\n", b"a\n", old_mode="100644", new_mode="100755")
    assert mode.notes[0] == "Made executable (mode 100644 to 100755)."
    link = differ(b"old", b"new/place", old_mode="120000", new_mode="120000", path="link")
    assert link.kind is Kind.SYMLINK
    assert link.notes == ("Symbolic link: pointed to old, now to new/place.",)
    assert "no newline" not in html(link)
    turned = differ(b"#!/bin/sh\n", b"run.sh", status="T", old_mode="100644", new_mode="120000")
    assert turned.notes[0] == "Was a plain file, is now a symbolic link."
    assert kinds(turned) == [ChunkKind.REPLACE]
    module = file_diff(
        FileInput(
            path="lib",
            old_mode="160000",
            new_mode="160000",
            old_blob="a" * 40,
            new_blob="b" * 40,
        )
    )
    assert module.notes == (f"Submodule: moved from commit {'a' * 12} to {'b' * 12}.",)
    empty = differ(None, b"", status="A")
    assert (empty.kind, empty.notes) == (Kind.EMPTY, ("The file is empty.",))


def test_white_space_alone_is_said_when_it_is_ignored(differ: Differ) -> None:
    diff = differ(b"if x:\n  y\n", b"if x:\n        y\n", whitespace="all")
    assert diff.kind is Kind.SAME
    assert diff.notes[-1] == "Only white space differs."


@pytest.mark.parametrize(
    ("path", "right", "reason"),
    [
        ("web/package-lock.json", b"{}\n", "lock file"),
        ("api_pb2.py", b"x = 1\n", "generated"),
        ("x.go", b"// Code generated by stringer. DO NOT EDIT.\n", "generated"),
        ("site.css", b"a{b:c}" * 900 + b"\n", "looks minified"),
        ("words.txt", b"".join(b"%d\n" % n for n in range(600)), "More than 500 lines changed"),
    ],
)
def test_what_few_want_to_read_waits_for_a_click_with_a_reason(
    differ: Differ, path: str, right: bytes, reason: str
) -> None:
    diff = differ(b"", right, path=path)
    assert reason in diff.deferred
    assert diff.insertions > 0  # it is compared all the same: one click shows it


def test_a_deleted_file_waits_for_a_click_too(differ: Differ) -> None:
    assert differ(b"a\n", None, status="D").deferred == "The file was deleted."
    assert differ(None, b"a\n", status="A").deferred == ""


def test_a_side_over_the_limit_is_told_by_its_size() -> None:
    known = FileInput(path="dump.sql", left=b"a\n", right_size=40_000_000)
    assert file_diff(known).notes == (
        "Too large to compare here, changed: was 2 bytes, is now 40 MB.",
    )
    given = file_diff(FileInput(path="x", left=b"ab", right=b"a"), DiffOptions(limit_bytes=1))
    assert given.kind is Kind.TOO_LARGE


def test_a_patch_of_other_files_is_refused() -> None:
    wrong = FileInput(path="x", left=b"a\n", right=b"b\n", patch=b"@@ -5,2 +5,1 @@\n-a\n-b\n+c\n")
    with pytest.raises(DiffError):
        file_diff(wrong)


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        (
            "lines of 90,000 characters",
            b"var a=1;" * 11_000 + b"\n",
            b"var a=1;" * 5_500 + b"let b=2;" + b"var c=1;" * 5_500 + b"\n",
        ),
        (
            "5,000 changes of one line",
            b"".join(b"keep %d\nold %d\n" % (n, n) for n in range(5_000)),
            b"".join(b"keep %d\nnew %d\n" % (n, n) for n in range(5_000)),
        ),
        (
            "a lock file of 30,000 lines",
            b"".join(b'  "name-%d": "1.0.%d",\n' % (n, n) for n in range(30_000)),
            b"".join(b'  "name-%d": "2.0.%d",\n' % (n, n) for n in range(30_000)),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nothing_odd_takes_long(differ: Differ, name: str, left: bytes, right: bytes) -> None:
    """Generous, for loaded machines: the point is that work is bounded, not how fast it is."""
    started = time.process_time()
    diff = differ(left, right, path="x.json")
    html(diff)
    assert diff.changes > 0
    assert time.process_time() - started < 10


def test_only_texts_of_some_size_are_kept(differ: Differ) -> None:
    small, large, many = b"some line\n" * 1_400, b"a much longer line" * 3_000, b"x\n" * 1_600

    def left(data: bytes) -> object:
        return differ(data, b"y\n" + data).left

    assert left(small) is left(bytes(bytearray(small)))
    for data in (large, many):
        assert left(data) is not left(data)
        assert left(data) == left(data)
