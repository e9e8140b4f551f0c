"""Notebooks as plain text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review.diff.notebooks import Cell, notebook_read

# A busy machine is no fault of what is tested.
SOME = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def book(*cells: Any) -> bytes:
    return json.dumps({"cells": cells, "nbformat": 4}).encode()


def test_sources_and_text_outputs() -> None:
    found = notebook_read(
        book(
            {"cell_type": "markdown", "source": ["# A\n", "b"]},
            {
                "cell_type": "code",
                "source": "1 / 0",
                "outputs": [
                    {"output_type": "stream", "text": ["a\n", "\x1b[31mred\x1b[0m"]},
                    {"output_type": "execute_result", "data": {"text/plain": "4"}},
                    {
                        "output_type": "display_data",
                        "data": {"text/html": "<script>alert(1)</script>", "image/png": "iVBO"},
                    },
                    {
                        "output_type": "error",
                        "ename": "E",
                        "evalue": "v",
                        "traceback": ["t1", "t2"],
                    },
                    {"output_type": "error", "ename": "E", "evalue": "v"},
                ],
            },
        )
    )
    assert found == (
        Cell("markdown", "# A\nb"),
        Cell(
            "code",
            "1 / 0",
            ("a\nred", "4", "[not shown: image/png, text/html]", "t1\nt2", "E: v"),
        ),
    )


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"cells": 1}', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_notebook(data: bytes) -> None:
    assert notebook_read(data) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["cell_type", "source", "outputs", "text", "data", "text/plain", "ename"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@SOME
@given(st.lists(json_values, max_size=4))
def test_anything_in_the_cells_gives_plain_text(cells: list[Any]) -> None:
    found = notebook_read(book(*cells))
    assert found is not None
    for cell in found:
        assert isinstance(cell.source, str)
        assert all(isinstance(output, str) for output in cell.outputs)


@pytest.mark.parametrize(
    ("metadata", "source", "language"),
    [
        ({"language_info": {"name": "python"}}, "x", "python"),
        ({"language_info": {"pygments_lexer": "ipython3", "name": "R"}}, "x", "R"),
        ({"kernelspec": {"language": "julia"}}, "x", "julia"),
        ({"kernelspec": {"name": "bash"}}, "%%time\nx", "bash"),
        ({"language_info": {"name": "python"}}, "%%bash\nx", "bash"),
        ({"language_info": {"name": "no such language"}}, "x", ""),
        ({"language_info": {"name": "../../python"}}, "x", ""),
        ({"language_info": {"name": 5}, "kernelspec": []}, "x", ""),
        (7, "x", ""),
        (None, "x", ""),
    ],
)
def test_the_language_of_code_is_that_of_the_kernel(
    metadata: Any, source: str, language: str
) -> None:
    cells = [{"cell_type": kind, "source": source} for kind in ("code", "markdown", "raw")]
    found = notebook_read(json.dumps({"cells": cells, "metadata": metadata}).encode())
    assert found is not None
    assert [cell.language for cell in found] == [language, "", ""]
