"""The function around a change: where it begins, where it ends."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from review.diff import FileDiff, render_diff
from review.diff.functions import end_below, head_above
from review.diff.rows import Fold, diff_rows

Differ = Callable[..., FileDiff]

PYTHON = """\
import os

class Shape:
    name = 1

    @property
    def area(
        self,
        other,
    ):
        if self.name:
            return 1
# a remark at the edge
        return 2

    def other(self):
        return 3


x = 1
"""
C = """\
int first(int a)
{
    if (a) {
        return 1;
    }
    return 2;
}

int second(void) {
    return 3;
}
"""
SCRIPT = """\
export const load = async (name) => {
  const found = await ask(name);
  return found.map((one) => {
    return one.id;
  });
};

class Box {
  open() {
    if (this.shut) {
      this.shut = false;
    }
  }

  close() {}
}
"""
RUBY = """\
module Shop
  def total(items)
    items.each do |item|
      add(item)
    end
  end

  def other
  end
end
"""


def span(text: str, inside: str) -> tuple[str, str] | None:
    """The first and the last line of the function around the line that has `inside`."""
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if inside in line)
    head = head_above(lines, at + 1)
    if head is None:
        return None
    end = end_below(lines, head, at + 1, len(lines))
    assert end is not None
    return lines[head].strip(), lines[end - 1].strip()


@pytest.mark.parametrize(
    ("text", "inside", "found"),
    [
        (PYTHON, "self.name", ("def area(", "return 2")),
        (PYTHON, "return 1", ("def area(", "return 2")),
        (PYTHON, "return 2", ("def area(", "return 2")),
        (PYTHON, "return 3", ("def other(self):", "return 3")),
        (PYTHON, "name = 1", ("class Shape:", "return 3")),
        (PYTHON, "import os", None),
        (PYTHON, "x = 1", None),
        (C, "return 2", ("int first(int a)", "}")),
        (C, "return 3", ("int second(void) {", "}")),
        (SCRIPT, "await ask", ("export const load = async (name) => {", "};")),
        (SCRIPT, "shut = false", ("open() {", "}")),
        (RUBY, "add(item)", ("def total(items)", "end")),
        ("One sentence.\nAnother (of two).\nA third.\n", "Another", None),
        ("a:\n  b: 1\n  c: 2\nd: 3\n", "b:", None),
        ("\n\n", "", None),
    ],
)
def test_the_function_around_a_line(text: str, inside: str, found: tuple[str, str] | None) -> None:
    assert span(text, inside) == found


def test_a_function_that_goes_on_behind_the_fold_has_no_end_in_it() -> None:
    lines = PYTHON.splitlines()
    head = head_above(lines, 11)
    assert head == 6
    assert end_below(lines, head, 11, 13) is None
    assert end_below(lines, head, 11, 16) == 14


def test_folds_lead_to_both_ends_of_the_function(differ: Differ) -> None:
    body = [f"        step_{n} = {n}" for n in range(60)]
    lines = ["class All:", "    def long(self):", *body, "", "    def next(self):", "        pass"]
    left = "\n".join([*lines, *["        more()"] * 20]) + "\n"
    diff = differ(left.encode(), left.replace("step_30 = 30", "step_30 = 31").encode())
    above, below = (
        r for r in diff_rows(diff.chunks, view="split", context=3) if isinstance(r, Fold)
    )
    assert (above.heading, above.heading_line, above.end_line) == ("def long(self):", 2, 0)
    assert (below.heading, below.heading_line, below.end_line) == ("", 0, 62)
    html = render_diff(diff, view="split", context=3)
    assert html.count('data-expand="end" data-line="62"') == 1
    assert html.count('data-expand="function" data-line="2"') == 1


def test_what_was_inserted_may_be_the_function_that_goes_on(differ: Differ) -> None:
    rest = "".join(f"    rest({n})\n" for n in range(30))
    left = f"def old():\n{rest}\n\ndef after():\n{rest}"
    diff = differ(left.encode(), left.replace("def old():\n", "def new():\n    x()\n", 1).encode())
    (fold,) = (r for r in diff_rows(diff.chunks, view="split", context=3) if isinstance(r, Fold))
    assert fold.end_line == 31
    diff = differ(b"top()\n" + left.encode(), b"up()\n" + left.encode())
    (fold,) = (r for r in diff_rows(diff.chunks, view="split", context=3) if isinstance(r, Fold))
    assert fold.end_line == 32, "the function that the context begins"


def test_a_heading_is_no_longer_than_one_reads(differ: Differ) -> None:
    head = f"def long({'a, ' * 30_000}):"
    left = "\n".join([head, *(f"    step_{n} = {n}" for n in range(300))]) + "\n"
    right = re.sub(r"(step_\d+0) = ", r"\1 = 1", left)
    diff = differ(left.encode(), right.encode())
    folds = [r for r in diff_rows(diff.chunks, view="split", context=1) if isinstance(r, Fold)]
    assert len(folds) > 20
    assert folds[-2].heading == head[:200]


def test_prose_is_in_sections_not_in_functions(differ: Differ) -> None:
    """A plain sentence heads nothing, nor does a line of code that begins as a heading does."""
    lines = [
        "# Guide",
        "",
        "The class of words.",
        "``` in a line ``` opens no code",
        *[f"  word {n}" for n in range(20)],
        "",
        "## Use",
        "",
    ]
    lines += ["```sh", "# no heading", "```", *[f"Say {n}." for n in range(30)]]
    left = "\n".join(lines) + "\n"
    right = left.replace("word 15", "WORD 15").replace("Say 20", "SAY 20")
    for path, headings in (
        ("guide.md", ["# Guide", "## Use", ""]),
        ("GUIDE.TXT", ["", "", ""]),
    ):
        diff = differ(left.encode(), right.encode(), path=path)
        folds = [r for r in diff_rows(diff.chunks, view="split", context=1) if isinstance(r, Fold)]
        assert [fold.heading for fold in folds] == headings
        assert all(not fold.end_line for fold in folds)
        assert [bool(fold.heading_line) for fold in folds] == [bool(h) for h in headings]
