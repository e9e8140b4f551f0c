"""Colours of one side. They depend on the blob and its name alone, so variants share them."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_for_filename
from pygments.token import Comment, Generic, Keyword, Literal, Name, Operator

from review.diff.types import Text

# Per line: (start, end, class), in order, not overlapping.
Token = tuple[int, int, str]
Colours = tuple[tuple[Token, ...], ...]

LIMIT_CHARS = 1_000_000
LIMIT_LINE_CHARS = 2_000
STOP_EVERY = 2_000  # tokens between two looks at the clock

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
_NEVER = frozenset({"Text only", "Text output"})
_class_of_type: dict[object, str] = {}


def language_of(path: str) -> str:
    """The language's name, by file name only: guessing from content is slow, and steerable."""
    lexer = _lexer_class(path)
    return str(lexer.name) if lexer else ""


def _lexer_class(path: str) -> type[Lexer] | None:
    name = posixpath.basename(path)
    found = find_lexer_class_for_filename(name) or find_lexer_class_for_filename(name.lower())
    return None if found is None or found.name in _NEVER else found


def highlight(text: Text, path: str, *, stop: Callable[[], bool] = lambda: False) -> Colours | None:
    """Lex the whole side; None if it stays plain (unknown language, too large, told to stop)."""
    lexer_class = _lexer_class(path)
    if lexer_class is None or text.longest > LIMIT_LINE_CHARS:
        return None
    # A \r would be taken for a line of its own by some lexers; a blank keeps every offset.
    source = "\n".join(text.lines).replace("\r", " ") + "\n"
    if len(source) > LIMIT_CHARS:
        return None
    lines: list[tuple[Token, ...]] = []
    line: list[Token] = []
    column = 0
    total = 0
    for count, (value, css) in enumerate(_tokens(lexer_class(), source), start=1):
        if count % STOP_EVERY == 0 and stop():
            return None
        total += len(value)
        parts = value.split("\n") if "\n" in value else (value,)
        for index, part in enumerate(parts):
            if index:
                lines.append(tuple(line))
                line, column = [], 0
            end = column + len(part)
            if css and part.strip():
                if line and line[-1][2] == css and line[-1][1] == column:
                    line[-1] = (line[-1][0], end, css)
                else:
                    line.append((column, end, css))
            column = end
    if total != len(source):
        return None  # a lexer that drops or invents text cannot be laid over the lines
    return tuple(lines)


def _tokens(lexer: Lexer, source: str) -> Iterator[tuple[str, str]]:
    for _, kind, value in lexer.get_tokens_unprocessed(source):
        css = _class_of_type.get(kind)
        if css is None:
            css = next((name for parent, name in _CLASSES if kind in parent), "")
            _class_of_type[kind] = css
        yield value, css
