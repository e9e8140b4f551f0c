"""Files as hypothesis draws them: few kinds of lines, so that equal ones meet."""

from __future__ import annotations

from hypothesis import strategies as st

LINES = [b"a\n", b"b\n", b"c\r\n", b"\n", b"d \xff\xfe\n", "é\n".encode(), b"x = 1\n", b"\r\n"]


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    data = b"".join(draw(st.lists(st.sampled_from(LINES), max_size=14)))
    return data + draw(st.sampled_from([b"", b"", b"end"]))


@st.composite
def edits(draw: st.DrawFn, data: bytes) -> bytes:
    lines = data.split(b"\n")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines)))
        drop = draw(st.integers(0, 2))
        put = [line.rstrip(b"\n") for line in draw(st.lists(st.sampled_from(LINES), max_size=2))]
        lines[at : at + drop] = put
    return b"\n".join(lines)
