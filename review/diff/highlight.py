"""Colours of one side. They depend on the blob and its name alone, so variants share them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from functools import cache, lru_cache

from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_by_name, find_lexer_class_for_filename
from pygments.token import Comment, Generic, Keyword, Literal, Name, Operator
from pygments.util import ClassNotFound

from review.diff.lexing import lex
from review.diff.lexing_page import Colours, Known, LexingError, Run, Stop
from review.diff.types import ChunkKind, FileDiff, Text, texts_of

LIMIT_CHARS = 1_000_000
LIMIT_LINE_CHARS = 2_000

# The classes of the style sheet: a few quiet hues. The first match wins, so the special come first.
_CLASSES = (
    (Comment, "c"),
    (Literal.String.Interpol, ""),
    (Literal.String.Escape, "n"),
    (Literal.String, "s"),
    (Literal.Number, "n"),
    (Literal.Date, "n"),
    (Keyword.Constant, "n"),
    (Keyword, "k"),
    (Operator.Word, "k"),
    (Name.Function, "f"),
    (Name.Class, "f"),
    (Name.Namespace, ""),
    (Name.Decorator, "d"),
    (Name.Tag, "k"),
    (Name.Attribute, "d"),
    (Name.Entity, "n"),
    (Generic.Heading, "k"),
    (Generic.Subheading, "k"),
    (Generic.Deleted, "c"),
    (Generic.Inserted, "s"),
)
_LANGUAGE = re.compile(r"[\w+#.-]{1,40}")
_NEVER = frozenset({"Text only", "Text output"})


def language_of(path: str) -> str:
    """The language's name, by file name only: guessing from content is slow, and steerable."""
    lexer = _lexer_class(posixpath.basename(path))
    return str(lexer.name) if lexer else ""


@lru_cache(maxsize=2_000)
def _lexer_class(name: str) -> type[Lexer] | None:
    found = find_lexer_class_for_filename(name) or find_lexer_class_for_filename(name.lower())
    return None if found is None or found.name in _NEVER else found


def language_named(names: Sequence[str]) -> str:
    """The first of the names that is one of a language; "" if none is."""
    return next((name for name in names if _LANGUAGE.fullmatch(name) and _lexer_named(name)), "")


@lru_cache(maxsize=200)
def _lexer_named(name: str) -> type[Lexer] | None:
    try:
        found: type[Lexer] = find_lexer_class_by_name(name)
    except ClassNotFound:
        return None
    return None if found.name in _NEVER else found


def highlight(
    text: Text, path: str, *, known: Known | None = None, stop: Stop = lambda: False
) -> Colours | None:
    """Lex the whole side; None if it stays plain (unknown language, too large, told to stop).

    `known` are the colours of a text in the same language that has lines in common with this one.
    """
    return _lexed(text, _lexer_class(posixpath.basename(path)), known, stop)


def highlight_as(text: Text, language: str, *, stop: Stop = lambda: False) -> Colours | None:
    """The same for a text that has no file name, but a language as `language_named` gives it."""
    return _lexed(text, _lexer_named(language), None, stop)


def _lexed(
    text: Text, lexer_class: type[Lexer] | None, known: Known | None, stop: Stop
) -> Colours | None:
    if lexer_class is None or text.longest > LIMIT_LINE_CHARS:
        return None
    # A \r would be taken for a line of its own by some lexers; a blank keeps every offset.
    source = "\n".join(text.lines).replace("\r", " ") + "\n"
    if len(source) > LIMIT_CHARS:
        return None
    try:
        return lex(lexer_class(), source, class_of, known=known, stop=stop)
    except LexingError:
        return None  # what does not fit the lines cannot be laid over them


def same_lines(diff: FileDiff, *, reverse: bool = False) -> tuple[Run, ...]:
    """The lines that both sides have, character by character, also where white space is ignored."""
    runs: list[Run] = []
    for chunk in diff.chunks:
        if chunk.kind is not ChunkKind.EQUAL:
            continue
        left, right = texts_of(chunk.left), texts_of(chunk.right)
        places = chunk.left[0].n - 1, chunk.right[0].n - 1
        of, to = reversed(places) if reverse else places
        start = 0
        if left != right:
            for index, (a, b) in enumerate(zip(left, right, strict=True)):
                if a != b:
                    runs.append(Run(of + start, to + start, index - start))
                    start = index + 1
        runs.append(Run(of + start, to + start, len(left) - start))
    return tuple(run for run in runs if run.count)


@cache
def class_of(kind: object) -> str:
    """The class of a type of token; "" for what has the colour of plain text."""
    return next((css for parent, css in _CLASSES if kind in parent), "")
