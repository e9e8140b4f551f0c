"""Markdown as people write it in specs, to HTML that is safe to show."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_TAGS = {
    "a", "blockquote", "br", "code", "dd", "del", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5",
    "h6", "hr", "li", "ol", "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead",
    "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SIZE_LIMIT = 200_000  # characters; beyond it the text is shown as it is, in a <pre>


_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def render(text: str) -> SafeString:
    """Raw HTML in the text stays text; images are left out, so that reading a spec fetches nothing."""
    if len(text) > SIZE_LIMIT:
        return mark_safe(f"<pre>{nh3.clean_text(text)}</pre>")  # noqa: S308
    return _clean(_parser.render(text))


def render_blocks(text: str) -> list[tuple[str, SafeString]]:
    """The blocks of the top level in order (headings, paragraphs, lists …): each one's text and HTML."""
    if len(text) > SIZE_LIMIT:
        return [(text, render(text))]
    lines = text.split("\n")
    env: dict[str, object] = {}  # holds link targets that are defined elsewhere in the text
    tokens = _parser.parse(text, env)
    blocks: list[tuple[str, SafeString]] = []
    start = depth = 0
    for index, token in enumerate(tokens):
        depth += token.nesting
        if depth:
            continue
        block = tokens[start : index + 1]
        first, last = block[0].map or (0, 0)
        html = _parser.renderer.render(block, _parser.options, env)
        blocks.append(("\n".join(lines[first:last]).strip("\n"), _clean(html)))
        start = index + 1
    return blocks


def _clean(html: str) -> SafeString:
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)  # noqa: S308
