"""What a session of the demo agent remembers: its prompts, in a file that a later process reads."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path


class Memory:
    def __init__(self, session: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", session):
            raise ValueError(f"Error: invalid session ID {session[:80]!r}")
        self.session = session
        base = os.environ.get("BAKEOFF_DEMO_STATE") or Path.home() / ".local/state/bakeoff-demo"
        self._path = Path(base) / f"{session}.json"
        self.prompts: list[str] = []

    def load(self) -> bool:
        try:
            self.prompts = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return False
        return True

    def remember(self, prompt: str) -> None:
        self.prompts.append(prompt)
        part = self._path.with_suffix(f".{os.getpid()}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(self.prompts), "utf-8")
            part.replace(self._path)
        except OSError as exc:  # a home that cannot be written: this process goes on all the same
            sys.stderr.write(f"This session will not be remembered: {exc}\n")
            sys.stderr.flush()
