"""Rules whose callbacks keep what they know in a context: the place, the stack of states, values of their own.

They are run as those without (see `lexing`): only what can begin with the next character is tried, and of YAML what
two texts have in common is lexed once.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pygments.lexer import ExtendedRegexLexer, Lexer, LexerContext

from review.diff.lexing_page import Page, State, Takeover
from review.diff.lexing_rules import ClassOf, stack_move, states_of

# Those known to keep nothing elsewhere (as in the lexer), and to take the whole text for theirs between two rules.
LANGUAGES = frozenset({"YAML", "Ruby"})
# Ruby's rules look ahead without limit in sources that are right: `%=` may begin a string that ends far below.
_TAKE_OVER = frozenset({"YAML"})
_PLACE = frozenset({"text", "pos", "end", "stack"})


class _Asked(ExtendedRegexLexer):  # type: ignore[misc] # has no types
    """In place of Pygments' loop: tells with what context it would begin."""

    def get_tokens_unprocessed(
        self, text: str | None = None, context: LexerContext | None = None
    ) -> Any:
        return context or LexerContext(text, 0)


@cache  # Pygments makes the rules of a class ready when it is first called
def _asked(lexer: Any) -> Any:
    return type("_Asked", (lexer, _Asked), {})


def context_of(lexer: Lexer, source: str) -> LexerContext:
    kind: Any = type(lexer)
    context: LexerContext = _asked(kind)().get_tokens_unprocessed(source)
    return context


def lex_rules(
    lexer: Lexer,
    page: Page,
    class_of: ClassOf,
    takeover: Takeover | None,
) -> None:
    source, size = page.source, len(page.source)
    states = states_of(lexer, class_of)
    context = context_of(lexer, source)
    page.begin(_state(context), 0)
    takeover = takeover if lexer.name in _TAKE_OVER else None
    if takeover:
        _go_on(context, takeover, page)
    while True:
        pos = context.pos
        for match, css, callback, to in states[context.stack[-1]][source[pos : pos + 1]]:
            found = match(source, pos)
            if found is None:
                continue
            if callback is not None:
                page.put_values(callback(lexer, found, context), class_of)
            else:
                if css:
                    page.put(pos, found.end(), css)
                context.pos = found.end()
            if to is not None:
                stack_move(context.stack, to)
            break
        else:
            if pos >= size:
                page.advance(size)
                return
            if source[pos] == "\n":
                context.stack = ["root"]
            context.pos += 1
        if context.pos > page.eol:
            page.advance(context.pos)
            if context.pos == page.bol or page.is_blank_before(context.pos):
                page.begin(_state(context), context.pos)
                if takeover:
                    _go_on(context, takeover, page)


def _state(context: LexerContext) -> State:
    """The stack, and what else there is, lists of it as tuples."""
    others = ((name, value) for name, value in vars(context).items() if name not in _PLACE)
    frozen = ((name, type(it), tuple(it) if isinstance(it, list) else it) for name, it in others)
    return tuple(context.stack), tuple(frozen)


def _go_on(context: LexerContext, takeover: Takeover, page: Page) -> None:
    taken = takeover.go_on(page)
    if taken is None:
        return
    context.pos, state = taken
    if state:
        stack, others = state
        context.stack = [*stack]
        for name, kind, value in others:
            setattr(context, name, [*value] if kind is list else value)
