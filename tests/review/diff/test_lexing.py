"""Our way through Pygments' rules gives Pygments' tokens, from the top and from the middle."""

from __future__ import annotations

import inspect
import json
import random
import re
import textwrap
from collections.abc import Callable, Iterator

import pytest
from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_for_filename

from review.diff import Colours, FileDiff, Known, highlight, same_lines
from review.diff.first_chars import ASCII, first_chars
from review.diff.highlight import class_of
from review.diff.lexing import lex
from review.diff.lexing_page import LexingError

Differ = Callable[..., FileDiff]

SAMPLES = {
    "x.py": inspect.getsource(textwrap) + inspect.getsource(json) + "x = f'{a!r:>{w}} {b}'\n'''open\n",
    "x.js": "const a = `x ${b + `y ${c}`} z`; // c\nif (/[/]\\/x/g.test(a)) { return; }\n/* a\nb */ class A {}\n",
    "x.ts": "export type A<T> = { readonly a?: T };\n@dec() class B { private x: number = 0x1f; }\n",
    "x.tsx": "const A = () => <div className='a' {...b}>text {c && <i/>}</div>;\n",
    "x.html": "<p class=\"a\" b>x &amp; y</p>\n<style>a { b: c }</style><script>let x = 1;</script>\n",
    "x.css": "@media (x) { .a > b::after { content: '\\2014'; margin: -1.5em !important } }\n/* c\n*/\n",
    "x.scss": "@mixin a($b: 1px) { &:hover { width: calc(#{$b} + 2px); } }\n",
    "x.md": "# A\n\nsome `code` and **bold**\n\n```python\ndef f(): pass\n```\n\n- [ ] item <http://a.b>\n",
    "x.yml": "a: &b\n  - 'x'\n  - |\n    text\n    more\n  - {c: 1.5, d: true} # e\n",
    "x.yaml": "f: >-\n    folded\n\n  g:\n    - h: i\n      j: !k *b\n---\nl: m\n",
    "x.json": '{"a": [1, -2.5e3, true, null], "b\\n": "c"}\n',
    "x.toml": "[a.b]\nc = 1979-05-27T07:32:00Z\nd = '''x\ny'''\n",
    "x.rs": "fn main<'a>(x: &'a str) -> Option<u8> { r#\"raw\"#; /* a /* b */ c */ println!(\"{}\", x) }\n",
    "x.go": "package main\n\nfunc (a *B) c() (d chan<- int) { return `x\ny` }\n",
    "x.c": "#define A(x) \\\n  ((x) + 1)\nint f(const char *s) { return *s ? 'a' : 0x1fUL; }\n#if 0\n#endif\n",
    "x.java": "@A(b = \"c\") public final class D<E> extends F { long g = 1_000L; }\n",
    "x.rb": "def a(b = <<~X, c)\n  text #{d}\nX\n%w[a b].each { |e| puts :\"f\" }\n=begin\nx\n=end\n",
    "x.php": "<p><?php foreach ($a as $b => $c): echo \"x $b {$c['d']}\"; ?></p>\n",
    "x.sh": "a=$(b \"c $d\" | e) # f\ncat <<EOF\n$x\nEOF\ncase $a in x) ;; esac\n",
    "x.sql": "SELECT a, 'b' FROM \"c\" WHERE d >= 1 -- e\n/* f */;\n",
    "Dockerfile": "FROM a:b AS c\nRUN x && \\\n  y\nCMD [\"z\"]\n",
    "Makefile": "a: b\n\t@echo $(c) \\\n\t  d\n",
    "x.diff": "--- a\n+++ b\n@@ -1 +1 @@\n-c\n+d\n",
    "x.rst": "A\n=\n\n.. code-block:: python\n\n   def f(): pass\n\n*a* ``b``\n",
    "x.html.j2": "<p>{% if a|b(1) %}{{ c }}{# d #}{% endif %}</p>\n",
}  # fmt: skip


# What makes everything below it mean something else, in one language or another.
OPENERS = ["one more", '"""', "/*", "`", "<!--", "<script>", "```", "'", "{", "cat <<X", "a: |"]


def lexer_of(name: str) -> Lexer:
    found = find_lexer_class_for_filename(name)
    assert found is not None
    lexer: Lexer = found()
    return lexer


def painted(source: str, name: str) -> str:
    """One letter per character: the class that Pygments itself gives it."""
    letters = [" "] * len(source)
    for start, kind, value in lexer_of(name).get_tokens_unprocessed(source):
        for at in range(start, start + len(value)):
            letters[at] = class_of(kind) or "."
    return _without_space(source, letters)


def painted_by_us(source: str, colours: Colours) -> str:
    letters = ["."] * len(source)
    begin = 0
    for line, tokens in zip(source.split("\n")[:-1], colours.lines, strict=True):
        at = 0
        for start, end, css in tokens:
            assert at <= start < end <= len(line)
            letters[begin + start : begin + end] = css * (end - start)
            at = end
        begin += len(line) + 1
    return _without_space(source, letters)


def _without_space(source: str, letters: list[str]) -> str:
    return "".join(
        " " if char.isspace() else letter for char, letter in zip(source, letters, strict=True)
    )


def mixed(rng: random.Random, source: str) -> str:
    """Source as it looks while somebody writes it: lines lost, doubled, cut."""
    lines = ["", *source.split("\n")]
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(1, len(lines)) if len(lines) > 1 else 0
        cut = rng.randrange(len(lines[at]) + 1)
        lines[at : at + 1] = rng.choice([[], [lines[at]] * 2, [lines[at][:cut]], ["", lines[at]]])
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", SAMPLES)
def test_the_tokens_are_those_of_pygments(name: str) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    for source in (SAMPLES[name], *(mixed(rng, SAMPLES[name]) for _ in range(20))):
        colours = lex(lexer_of(name), source, class_of)
        assert painted_by_us(source, colours) == painted(source, name), f"seed {seed}"


@pytest.mark.parametrize(
    "name",
    ["x.py", "x.js", "x.css", "x.md", "x.rs", "x.sh", "x.html", "x.yml", "x.yaml", "x.rb"],
)
def test_what_is_taken_over_from_the_other_side_is_what_lexing_would_give(
    differ: Differ, name: str
) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    padded = "".join(f"a{n}\n\n" for n in range(9)) + SAMPLES[name] * 3
    for _ in range(12):
        lines = padded.split("\n")
        lines[rng.randrange(9)] = "another"
        lines.insert(rng.randrange(10, 18), rng.choice(OPENERS))
        diff = differ(padded.encode(), "\n".join(lines).encode(), path=name)
        assert diff.left is not None
        assert diff.right is not None
        left, right = highlight(diff.left, name), highlight(diff.right, name)
        assert left is not None
        assert right is not None
        known, mirrored = (
            Known(left, same_lines(diff)),
            Known(right, same_lines(diff, reverse=True)),
        )
        assert highlight(diff.right, name, known=known) == right, f"seed {seed}"
        assert highlight(diff.left, name, known=mirrored) == left, f"seed {seed}"


ANGLES = "angle %= 360\n" + "angle\n" * 9


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("x.rst", "=====\nTitle\n-----\n", "=====\nTitle\n=====\n"),  # told by the line below
        # `%=` begins a string of Ruby if there is a `=` somewhere after it.
        ("x.rb", ANGLES + "@name < 3\n", ANGLES + "a = 3\n"),
        ("x.rb", ANGLES + "a = 3\n", ANGLES + "@name < 3\n"),
    ],
)
def test_what_stands_below_may_change_what_is_above(
    differ: Differ, name: str, left: str, right: str
) -> None:
    around = "text\n\n" * 3
    diff = differ(
        f"{around}{left}{around}".encode(), f"{around}{right}{around}".encode(), path=name
    )
    assert diff.left is not None
    assert diff.right is not None
    first = highlight(diff.left, name)
    assert first is not None
    known = Known(first, same_lines(diff))
    assert highlight(diff.right, name, known=known) == highlight(diff.right, name)


def test_only_changed_places_are_lexed_again(differ: Differ) -> None:
    left = "".join(f"x{n} = 'a' + f({n})  # y\n" for n in range(2_000))
    diff = differ(left.encode(), left.replace("x900 ", "z900 ").encode(), path="x.py")
    assert diff.left is not None
    assert diff.right is not None
    whole, part = Counter(), Counter()
    first = highlight(diff.left, "x.py", stop=whole)
    assert first is not None
    again = highlight(diff.right, "x.py", known=Known(first, same_lines(diff)), stop=part)
    assert again == highlight(diff.right, "x.py")
    assert whole.asked >= 19
    assert part.asked <= 2


class Counter:
    """Counts how often the clock is looked at, which is once in a hundred lines."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return False


def test_what_a_pattern_can_begin_with_is_never_too_little() -> None:
    tails = ["", "a", "b1", "_", "1.5", " x", '"x"', "''", '""x', ":=", "-->", "(\n"]
    patterns = {
        match.__self__
        for name in SAMPLES
        for rules in getattr(lexer_of(name), "_tokens", {}).values()
        for match, _, _ in rules
    }
    assert len(patterns) > 500
    for pattern in patterns:
        first = first_chars(pattern)
        for char in ASCII - first:
            for tail in tails:
                assert not pattern.match(char + tail), (pattern, char + tail)


@pytest.mark.parametrize(
    ("pattern", "chars"),
    [
        ("abc|(?:d?e)", "ade"),
        (r"(?=x)[ab-d]+", "abcd"),
        ("(?i)K", "kK"),
        (r"(?<!x)(y)\1", "y"),
        ("(?i:a)b", "aA"),
        ("(?>a|b)*+c", "abc"),
    ],
)
def test_what_a_pattern_can_begin_with(pattern: str, chars: str) -> None:
    assert first_chars(re.compile(pattern)) == set(chars)


@pytest.mark.parametrize("pattern", ["", "a*", "(?!x)", r"(x)?\1", "x??"])
def test_a_pattern_that_can_be_empty_can_stand_before_anything(pattern: str) -> None:
    assert first_chars(re.compile(pattern)) == ASCII


def test_a_lexer_that_invents_text_is_not_laid_over_the_lines() -> None:
    def invented(_: str) -> Iterator[tuple[int, object, str]]:
        yield 0, object(), "not what stands there"

    lexer = lexer_of("x.json")  # not made of rules alone
    lexer.get_tokens_unprocessed = invented
    with pytest.raises(LexingError):
        lex(lexer, "a\n", class_of)


def test_white_space_that_was_ignored_is_not_taken_for_equal(differ: Differ) -> None:
    diff = differ(b"a\n  b\nc\n", b"a\n    b\nc\n", path="x.py", whitespace="all")
    assert [(run.left, run.right, run.count) for run in same_lines(diff)] == [(0, 0, 1), (2, 2, 1)]
