"""Takes secrets out of whatever leaves a Run's private journal.

A secret is found as it is and in the forms in which programs print it: JSON-escaped, URL-quoted,
base64 (at any alignment). Everything is masked on first sight and nothing is held back, so that
the same events in give the same events out, one by one.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any
from urllib.parse import quote, quote_plus

from agents.events import Event

MASK = "[redacted]"
SECRET_MIN = 6  # shorter ones would mask half of every text
LINE_MIN = 8  # a line of a longer secret, which may be printed on its own
FLOWING = frozenset({"text", "output"})  # fields whose text may go on in the next event

Span = tuple[int, int]
Open = tuple[str, int]  # a form, and how much of its beginning has been seen


class Redactor:
    """For the events of one Run in their order: `stream` remembers how the last ones ended."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms: set[str] = set()
        for secret in secrets:
            lines = [line.strip() for line in secret.splitlines()]
            values = {secret, secret.strip()} | {line for line in lines if len(line) >= LINE_MIN}
            for value in values:
                if len(value) >= SECRET_MIN:
                    forms |= _forms(value)
        self._forms = sorted(forms)
        self._by_first: dict[str, list[str]] = {}
        for form in self._forms:
            self._by_first.setdefault(form[0], []).append(form)
        self._longest = max((len(form) for form in forms), default=0)
        self._open: dict[tuple[str, ...], set[Open]] = {}

    def text(self, s: str) -> str:
        return _masked(s, self._spans(s))

    def stream(self, events: Iterable[Event]) -> Iterator[Event]:
        """The same number of events in the same order, masked across their borders too.

        What looks like the beginning of a secret at the end of a text is masked: the event is gone
        before the next one shows whether it was one.
        """
        for event in events:
            yield self._flow(event) if self._forms else event

    def _deep(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self._deep(key): self._deep(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._deep(item) for item in value)
        if is_dataclass(value) and not isinstance(value, type):
            return self._replaced(value, frozenset())
        return value

    def _replaced(self, value: Any, but: frozenset[str]) -> Any:
        names = [field.name for field in fields(value) if field.name not in but]
        return replace(value, **{name: self._deep(getattr(value, name)) for name in names})

    def _flow(self, event: Event) -> Event:
        key = tuple(getattr(event, name, "") for name in ("kind", "role", "stream", "call"))
        texts = {
            field.name: self._border((*key, field.name), getattr(event, field.name))
            for field in fields(event)
            if field.name in FLOWING and isinstance(getattr(event, field.name), str)
        }
        clean: Event = replace(self._replaced(event, FLOWING), **texts)
        return clean

    def _border(self, key: tuple[str, ...], text: str) -> str:
        """The text masked, as the one that follows what came before under the same key."""
        spans = self._spans(text)
        begun: set[Open] = set()
        for form, seen in self._open.pop(key, ()) if text else ():
            # The next piece of the same line, or the next line.
            for joint in ("", "\n"):
                rest = form[seen:].removeprefix(joint)
                if not form.startswith(joint, seen):
                    continue
                if text.startswith(rest):
                    spans.append((0, len(rest)))
                elif rest.startswith(text):
                    begun.add((form, len(form) - len(rest) + len(text)))
        begun |= self._begun(text)
        spans += [(max(0, len(text) - seen), len(text)) for _, seen in begun if seen >= SECRET_MIN]
        if begun:
            self._open[key] = begun
        return _masked(text, spans)

    def _begun(self, text: str) -> set[Open]:
        """Forms that may begin at the end of the text."""
        start = max(0, len(text) - self._longest + 1)
        found: set[Open] = set()
        for first, forms in self._by_first.items():
            at = text.find(first, start)
            while at >= 0:
                end = text[at:]
                found |= {
                    (form, len(end))
                    for form in forms
                    if len(form) > len(end) and form.startswith(end)
                }
                at = text.find(first, at + 1)
        return found

    def _spans(self, text: str) -> list[Span]:
        found: list[Span] = []
        for form in self._forms:
            at = text.find(form)
            start, stop = at, -1
            while at >= 0:
                if at > stop >= 0:
                    found.append((start, stop))
                    start = at
                stop = at + len(form)
                at = text.find(form, at + 1)
            if stop >= 0:
                found.append((start, stop))
        return found


def _masked(text: str, spans: list[Span]) -> str:
    """Spans that touch or overlap become one mask."""
    out: list[str] = []
    end = -1
    for start, stop in sorted(span for span in spans if span[0] < span[1]):
        if start > end:
            out += (text[max(end, 0) : start], MASK)
        end = max(end, stop)
    return "".join(out) + text[max(end, 0) :]


def _forms(value: str) -> set[str]:
    raw = value.encode("utf-8", "surrogatepass")
    escaped = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    nested = {json.dumps(form)[1:-1] for form in escaped}
    slashed = {form.replace("/", "\\/") for form in escaped}
    quoted = {quote(raw), quote(raw, safe=""), quote_plus(raw)}
    lower = {re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), form) for form in quoted}
    forms = {value} | escaped | nested | slashed | quoted | lower | _base64_forms(raw)
    return {form for form in forms if len(form) >= SECRET_MIN}


def _base64_forms(raw: bytes) -> set[str]:
    """What is sure to be seen of `raw` in the base64 of a text that holds it."""
    forms = {base64.b64encode(raw).decode().rstrip("=")}
    for before, first in ((0, 0), (1, 2), (2, 3)):
        coded = base64.b64encode(b"\0" * before + raw).decode()
        last = (0, 3, 2)[(before + len(raw)) % 3]  # `x==`, `x=`: x depends on what follows
        forms.add(coded[first : len(coded) - last])
    return forms | {form.translate(str.maketrans("+/", "-_")) for form in forms}
