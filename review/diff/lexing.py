"""Pygments' rules, run faster, and from the middle of a text where a like one was lexed before.

Pygments tries all patterns of a state one after the other. Here only those are tried that can begin
with the next character; the first that fits still wins, so the tokens are the same. What a lexer
knows at the start of a line is its stack of states: where two texts have the same lines and the
same stack, the second takes over the colours of the first.
"""

from __future__ import annotations

from pygments.lexer import Lexer, RegexLexer

from review.diff import context_lexing
from review.diff.lexing_page import (
    ROOT,
    Colours,
    Known,
    Page,
    Stop,
    Takeover,
)
from review.diff.lexing_rules import ClassOf, stack_move, states_of


def lex(
    lexer: Lexer,
    source: str,
    class_of: ClassOf,
    *,
    known: Known | None = None,
    stop: Stop = lambda: False,
) -> Colours:
    """Colour a text that ends in a newline. Raises LexingError."""
    page = Page(source, stop)
    takeover = None
    if known and known.colours.starts:
        takeover = Takeover(known, len(page.sums) - 1, lexer.name)
    if type(lexer).get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed:
        _lex_rules(lexer, page, class_of, takeover)
    elif lexer.name in context_lexing.LANGUAGES:
        context_lexing.lex_rules(lexer, page, class_of, takeover)
    else:
        _lex_as_it_is(lexer, page, class_of)
        return Colours(tuple(page.lines))
    return Colours(tuple(page.lines), tuple(page.starts[:-1]))


def _lex_as_it_is(lexer: Lexer, page: Page, class_of: ClassOf) -> None:
    for start, kind, value in lexer.get_tokens_unprocessed(page.source):
        page.put_value(start, value, class_of(kind))
    page.advance(len(page.source))


def _lex_rules(lexer: RegexLexer, page: Page, class_of: ClassOf, takeover: Takeover | None) -> None:
    source, size = page.source, len(page.source)
    states = states_of(lexer, class_of)
    pos, stack = 0, [*ROOT]
    if takeover and (taken := takeover.go_on(page)):
        pos, stack = taken[0], [*(taken[1] or ROOT)]
    state, eol = states[stack[-1]], page.eol
    while True:
        for match, css, callback, to in state[source[pos : pos + 1]]:
            found = match(source, pos)
            if found is None:
                continue
            end = found.end()
            if callback is not None:
                page.put_values(callback(lexer, found), class_of)
            elif css:
                page.put(pos, end, css)
            pos = end
            if to is not None:
                stack_move(stack, to)
                state = states[stack[-1]]
            break
        else:
            if pos >= size:
                page.advance(size)
                return
            if source[pos] == "\n":
                stack = [*ROOT]
                state = states[stack[-1]]
            pos += 1
        if pos > eol:
            page.advance(pos)
            if pos == page.bol or page.is_blank_before(pos):
                page.begin(tuple(stack), pos)
                if takeover and (taken := takeover.go_on(page)):
                    pos, stack = taken[0], [*(taken[1] or ROOT)]
                    state = states[stack[-1]]
            eol = page.eol
