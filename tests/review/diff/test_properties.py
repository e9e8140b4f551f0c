"""What must hold for any two files: the chunks carry both sides whole and say what git says."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review.diff import ChunkKind, FileDiff, Kind, render_diff
from review.diff.text import text_read
from review.diff.types import Line, Text

Differ = Callable[..., FileDiff]
GitPatch = Callable[..., bytes]
MODES = ("none", "eol", "change", "all")

# Lines that meet: few words, so that random files share some; odd ends, odd characters, odd bytes.
WORDS = st.sampled_from(
    [
        "a",
        "b",
        "if x:",
        "    return y",
        "\t",
        " ",
        "é",
        "\r",
        "\u2028",
        "<b>&",
        "\x0c",
        "@@ -1 +1 @@",
    ]
)
LINES = st.lists(WORDS, max_size=4).map("".join)
ENDS = st.sampled_from(["\n", "\r\n", ""])
FILES = st.tuples(
    st.lists(st.tuples(LINES, st.sampled_from(["\n", "\n", "\r\n"])), max_size=14), LINES
).map(lambda parts: ("".join(a + b for a, b in parts[0]) + parts[1]).encode())
RAW = st.binary(max_size=60).filter(lambda data: b"\0" not in data)
# A failure prints what to paste to get it again.
CALM = settings(
    max_examples=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# What git does not look at in each mode, written in one way. Its white space is that of C.
SPACE = "[ \\t\\r\\f\\v]"
IGNORED = {
    "eol": ((f"{SPACE}+$", ""),),
    "change": ((f"{SPACE}+$", ""), (f"{SPACE}+", " ")),
    "all": ((SPACE, ""),),
}


def whole(lines: list[Line]) -> str:
    return "".join(line.text + ("\n" if line.newline else "") for line in lines)


def text_of(data: bytes) -> str:
    text: Text | None = text_read(data)
    assert text is not None
    return whole([Line(n, line) for n, line in enumerate(text.lines)])[
        : None if text.newline else -1
    ]


def seen(text: str, mode: str) -> str:
    for pattern, instead in IGNORED.get(mode, ()):
        text = re.sub(pattern, instead, text)
    return text


def check(diff: FileDiff, left: bytes, right: bytes) -> None:
    lefts = [line for chunk in diff.chunks for line in chunk.left]
    rights = [line for chunk in diff.chunks for line in chunk.right]
    assert whole(lefts) == text_of(left)
    assert whole(rights) == text_of(right)
    assert [line.n for line in lefts] == list(range(1, diff.left_lines + 1))
    assert [line.n for line in rights] == list(range(1, diff.right_lines + 1))
    for chunk in diff.chunks:
        assert chunk.left or chunk.right
        if chunk.kind is ChunkKind.EQUAL:
            assert len(chunk.left) == len(chunk.right)
        assert list(chunk.pairs) == sorted(set(chunk.pairs))
        assert (
            len({i for i, _ in chunk.pairs}) == len({j for _, j in chunk.pairs}) == len(chunk.pairs)
        )
        for line in (*chunk.left, *chunk.right):
            at = 0
            for start, end in line.changed:
                assert at <= start < end <= len(line.text)
                at = end


@pytest.mark.parametrize("mode", MODES)
@CALM
@given(left=FILES, right=FILES)
def test_applying_the_chunks_to_the_left_text_gives_the_right_text(
    differ: Differ, mode: str, left: bytes, right: bytes
) -> None:
    diff = differ(left, right, whitespace=mode)
    check(diff, left, right)
    applied = [
        line
        for chunk in diff.chunks
        for line in (chunk.left if chunk.kind is ChunkKind.EQUAL else chunk.right)
    ]
    wanted = [line for chunk in diff.chunks for line in chunk.right]
    assert [seen(line.text, mode) for line in applied] == [seen(x.text, mode) for x in wanted]
    if mode == "none":
        assert whole(applied) == text_of(right)
        for chunk in diff.chunks:
            same = [line.text for line in chunk.left] == [line.text for line in chunk.right]
            if chunk.kind is ChunkKind.EQUAL:
                assert same
            elif same:  # only what the last line ends in differs
                assert [x.newline for x in chunk.left] != [x.newline for x in chunk.right]


@CALM
@given(left=RAW, right=RAW)
def test_bytes_of_any_encoding_that_differ_never_look_equal(
    differ: Differ, left: bytes, right: bytes
) -> None:
    diff = differ(left, right)
    check(diff, left, right)
    assert (left == right) == (diff.changes == 0)


@CALM
@given(left=FILES)
def test_a_file_compared_with_itself_has_no_changes(differ: Differ, left: bytes) -> None:
    diff = differ(left, left)
    assert diff.changes == 0
    assert diff.kind in (Kind.SAME, Kind.EMPTY)


@CALM
@given(left=FILES, right=FILES)
def test_every_changed_line_is_in_the_html_of_both_views(
    differ: Differ, left: bytes, right: bytes
) -> None:
    diff = differ(left, right)
    changed = [chunk for chunk in diff.chunks if chunk.kind is not ChunkKind.EQUAL]
    split = render_diff(diff, view="split", context=0)
    unified = render_diff(diff, view="unified", context=0)
    for html in (split, unified):
        for side, lines in (("L", "left"), ("R", "right")):
            for line in (line for chunk in changed for line in getattr(chunk, lines)):
                assert html.count(f'id="{side}{line.n}"') == 1
        assert html.count("data-change=") == len(changed)
        assert "<b>" not in html


def test_agreement_with_git_on_random_edits(differ: Differ, git_patch: GitPatch) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    try:
        for _ in range(40):
            left, right = edited(rng)
            diff = differ(left, right)
            check(diff, left, right)
            lines = git_patch(left, right).split(b"\n")
            heads = [line for line in lines if line.startswith((b"+++ ", b"--- "))]
            assert diff.insertions == sum(x.startswith(b"+") for x in lines) - len(heads) // 2
            assert diff.deletions == sum(x.startswith(b"-") for x in lines) - len(heads) // 2
            assert diff.changes == sum(x.startswith(b"@@ ") for x in lines)
    except AssertionError as error:
        error.add_note(f"seed {seed}")
        raise


def edited(rng: random.Random) -> tuple[bytes, bytes]:
    """A file and the same file after some insertions, deletions and changes."""
    left = [f"line {rng.randrange(40)} of {rng.randrange(3)}" for _ in range(rng.randrange(1, 300))]
    right = list(left)
    for _ in range(rng.randrange(1, 25)):
        at = rng.randrange(len(right) + 1)
        match rng.randrange(3):
            case 0:
                right[at:at] = [f"new {rng.randrange(9)}" for _ in range(rng.randrange(1, 6))]
            case 1:
                del right[at : at + rng.randrange(1, 6)]
            case _:
                right[at : at + 2] = [word + " more" for word in right[at : at + 2]]
    ends = b"\n" * rng.randrange(2), b"\n" * rng.randrange(2)
    return "\n".join(left).encode() + ends[0], "\n".join(right).encode() + ends[1]
