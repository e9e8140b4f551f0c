"""A notebook as cells of plain text. What it says is data: no output is ever taken for markup."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from review.diff.highlight import language_named

CELLS_MAX = 1_000
TEXT_MAX = 50_000
# A cell of another language than the notebook's says so in its first line: %%bash
_MAGIC = re.compile(r"%%(\w{1,20})")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Cell:
    kind: str  # markdown, code, raw
    source: str
    outputs: tuple[str, ...] = ()
    language: str = ""  # of code, as Pygments calls it; "" if it is not known


def notebook_read(data: bytes) -> tuple[Cell, ...] | None:
    """The cells; None if it is no notebook."""
    try:
        book = json.loads(data)
    except (ValueError, RecursionError):
        return None
    cells = book.get("cells") if isinstance(book, dict) else None
    if not isinstance(cells, list):
        return None
    language = language_named(_languages(book))
    return tuple(_cell(cell, language) for cell in cells[:CELLS_MAX] if isinstance(cell, dict))


def _languages(book: dict[str, Any]) -> list[str]:
    """What the kernel says of its language, the surest first."""
    metadata = book.get("metadata")
    if not isinstance(metadata, dict):
        return []
    told = [metadata.get(name) for name in ("language_info", "kernelspec")]
    info, spec = (part if isinstance(part, dict) else {} for part in told)
    names = [info.get("pygments_lexer"), info.get("name"), spec.get("language"), spec.get("name")]
    return [name for name in names if isinstance(name, str)]


def _cell(cell: dict[str, Any], language: str) -> Cell:
    kind = cell.get("cell_type")
    outputs = cell.get("outputs")
    source = _text(cell.get("source"))
    magic = _MAGIC.match(source)
    own = language_named([magic[1]]) if magic else ""
    return Cell(
        kind=kind if kind in ("markdown", "code") else "raw",
        source=source,
        language=(own or language) if kind == "code" else "",
        outputs=tuple(
            text
            for output in (outputs if isinstance(outputs, list) else [])
            if isinstance(output, dict) and (text := _output(output))
        ),
    )


def _text(value: Any) -> str:
    """Notebooks keep a text as one string or as a list of its lines."""
    parts = value if isinstance(value, list) else [value]
    return _cut("".join(part for part in parts if isinstance(part, str)))


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}\n[cut: {len(text):,} characters]"


def _output(output: dict[str, Any]) -> str:
    if "text" in output:  # a stream
        return _ANSI.sub("", _text(output["text"]))
    if "traceback" in output or "ename" in output:
        lines = output.get("traceback")
        if isinstance(lines, list) and lines:
            return _ANSI.sub("", _cut("\n".join(map(str, lines))))
        return f"{output.get('ename', '')}: {output.get('evalue', '')}"
    data = output.get("data")
    if not isinstance(data, dict):
        return ""
    shown = _text(data.get("text/plain"))
    others = sorted(str(name) for name in data if name != "text/plain")
    if others:
        shown += f"{chr(10) if shown else ''}[not shown: {', '.join(others)[:200]}]"
    return shown
