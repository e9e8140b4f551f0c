"""Cutting JSON data down to a size that can be sent to every open page."""

from __future__ import annotations

from typing import Any

_SCALAR_BYTES = 8  # what a number or a word like `true` counts for
_DEPTH_MAX = 40


def text_cut(text: str, *, limit_bytes: int) -> str:
    """`text`, or as much of its beginning as fits into `limit_bytes` of UTF-8."""
    if len(text) * 4 <= limit_bytes:
        return text
    data = text[:limit_bytes].encode("utf-8", "surrogatepass")
    if len(text) <= limit_bytes and len(data) <= limit_bytes:
        return text
    return data[:limit_bytes].decode("utf-8", "ignore")


def payload_cut(
    payload: dict[str, Any], *, text_limit_bytes: int, limit_bytes: int
) -> tuple[dict[str, Any], bool]:
    """A copy with no text over `text_limit_bytes` and about `limit_bytes` in all; was anything cut?

    The fields of the payload itself all stay.
    """
    cutter = _Cutter(text_limit_bytes, limit_bytes)
    short = {key: cutter.value(value, 1) for key, value in payload.items()}
    return short, cutter.cut


class _Cutter:
    def __init__(self, text_limit_bytes: int, limit_bytes: int) -> None:
        self._text_limit = text_limit_bytes
        self._left = limit_bytes
        self.cut = False

    def value(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict | list | tuple):
            if depth > _DEPTH_MAX:
                self.cut = True
                return None
            if isinstance(value, dict):
                return self._dict(value, depth)
            return self._list(value, depth)
        self._left -= _SCALAR_BYTES
        return value

    def _text(self, text: str) -> str:
        short = text_cut(text, limit_bytes=min(self._text_limit, max(self._left, 0)))
        self._left -= len(short.encode("utf-8", "surrogatepass"))
        self.cut = self.cut or len(short) < len(text)
        return short

    def _dict(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        short: dict[str, Any] = {}
        for key, item in value.items():
            if self._left <= 0:
                self.cut = True
                break
            short[self._text(str(key))] = self.value(item, depth + 1)
        return short

    def _list(self, value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        short: list[Any] = []
        for item in value:
            if self._left <= 0:
                self.cut = True
                break
            short.append(self.value(item, depth + 1))
        return short
