"""What this process keeps in its own memory for a while, shared by its threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Few(Generic[Value]):
    """The newest few values by their keys."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: dict[str, Value] = {}

    def get(self, key: str) -> Value | None:
        return self._kept.get(key)

    def put(self, key: str, value: Value) -> None:
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = value
            for old in list(self._kept)[: -self._most]:
                del self._kept[old]


class Bench(Generic[Value]):
    """One value, of the key that was asked for last. It is forgotten when nobody has asked for a while:
    whoever was at work on it may have gone away in the middle.
    """

    def __init__(self, *, forget_s: float) -> None:
        self.forget_s = forget_s
        self._lock = threading.Lock()
        self.kept: tuple[str, Value] | None = None
        self.timer: threading.Timer | None = None

    def get(self, key: str, make: Callable[[], Value]) -> Value:
        kept = self.kept
        value = kept[1] if kept and kept[0] == key else make()
        with self._lock:
            self.kept = (key, value)
            self._again()
        return value

    def clear(self, key: str) -> None:
        with self._lock:
            if self.kept and self.kept[0] == key:
                self.kept = None

    def _again(self) -> None:
        if self.timer:
            self.timer.cancel()
        self.timer = threading.Timer(self.forget_s, self._forget)
        self.timer.daemon = True
        self.timer.start()

    def _forget(self) -> None:
        with self._lock:
            if threading.current_thread() is self.timer:
                self.kept = self.timer = None
