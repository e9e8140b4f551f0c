"""Noticing that a program lives but answers nobody any more: it is asked now and then, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from orchestrator.supervisor.child import Child

ASK_EVERY_S = 2.0
ANSWER_WITHIN_S = 5.0
SILENT_AFTER_S = 20.0  # slow is not dead: some requests may take that long


class Silence:
    """`sick` of a Service. `answers` asks once and says whether any answer came in time."""

    def __init__(
        self,
        answers: Callable[[float], Awaitable[bool]],
        *,
        every_s: float = ASK_EVERY_S,
        within_s: float = ANSWER_WITHIN_S,
        silent_after_s: float = SILENT_AFTER_S,
    ) -> None:
        self._answers = answers
        self._every_s = every_s
        self._within_s = within_s
        self._silent_after_s = silent_after_s
        self._pid = 0
        self._heard_at = 0.0
        self._ask_at = 0.0

    async def sick(self, child: Child) -> str:
        asked_at = time.monotonic()
        if child.pid != self._pid:  # a new one, which was ready a moment ago
            self._pid, self._heard_at = child.pid, asked_at
            self._ask_at = asked_at + self._every_s
        if asked_at < self._ask_at:
            return ""
        heard = await self._answers(self._within_s)
        now = time.monotonic()
        self._ask_at = now + self._every_s
        if heard:
            self._heard_at = now
        # Asked once more after the silence: whoever was stopped himself meanwhile must not blame another.
        elif asked_at - self._heard_at > self._silent_after_s:
            return f"it has not answered for {now - self._heard_at:.0f} s"
        return ""
