"""Bundles with real shims, started as the worker starts them."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.bundle import Bundle, BundleSpec, ExitInfo, Limits, Step, shim_launch
from agents.journal import JournalLine, JournalReader, join_parts

PATH = "/usr/local/bin:/usr/bin:/bin"
DEADLINE_S = 20.0


def wait_for(condition: Callable[[], object], what: str = "", limit_s: float = DEADLINE_S) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"not within {limit_s} s: {what}"
        time.sleep(0.01)


class Bench:
    """Makes bundles under one root and reads them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bundles: list[Bundle] = []

    def create(self, *steps: Step, **fields: Any) -> Bundle:
        limits = Limits(**fields.pop("limits", {}))
        spec = BundleSpec(id=uuid.uuid4().hex, steps=steps, limits=limits, **fields)
        bundle = Bundle.create(self.root / "bundles", spec)
        self.bundles.append(bundle)
        return bundle

    def step(self, *argv: str, name: str = "agent", **fields: Any) -> Step:
        fields.setdefault("env", {"PATH": PATH})
        fields.setdefault("cwd", str(self.root))
        return Step(name=name, argv=argv, **fields)

    def sh(self, script: str, **fields: Any) -> Step:
        return self.step("sh", "-c", script, **fields)

    def python(self, script: str, **fields: Any) -> Step:
        return self.step(sys.executable, "-I", "-S", "-c", script, **fields)

    def start(self, *steps: Step, **fields: Any) -> Bundle:
        bundle = self.create(*steps, **fields)
        shim_launch(bundle)
        return bundle

    def ended(self, bundle: Bundle, limit_s: float = DEADLINE_S) -> ExitInfo:
        wait_for(bundle.exit, f"exit.json; journal: {self.lines(bundle)[-5:]}", limit_s)
        info = bundle.exit()
        assert info is not None
        wait_for(lambda: not bundle.shim_alive(), "the shim's own end")
        return info

    def lines(self, bundle: Bundle) -> list[JournalLine]:
        reader = JournalReader(bundle.journal_path)
        found: list[JournalLine] = []
        while lines := reader.read():
            found += lines
        assert [line.n for line in found] == list(range(1, len(found) + 1))
        return found

    def printed(self, bundle: Bundle, s: str = "out", step: str = "agent") -> list[str]:
        """The printed lines of one stream, parts joined."""
        out: list[str] = []
        parts: list[JournalLine] = []
        for line in self.lines(bundle):
            if (line.s, line.step) == (s, step):
                parts.append(line)
                if not line.more:
                    out.append(join_parts(parts))
                    parts = []
        assert not parts, "a line that is not complete"
        return out

    def sys(self, bundle: Bundle, ev: str) -> list[dict[str, Any]]:
        found = [line.d for line in self.lines(bundle) if line.s == "sys"]
        return [d for d in found if isinstance(d, dict) and d.get("ev") == ev]

    def wait_printed(self, bundle: Bundle, text: str) -> None:
        wait_for(lambda: text in self.printed_now(bundle), text)

    def printed_now(self, bundle: Bundle) -> list[str]:
        return [line.d for line in self.lines(bundle) if isinstance(line.d, str)]

    def close(self) -> None:
        """End what is still running; a shim that had anything to complain about fails the test."""
        for bundle in self.bundles:
            self._end(bundle)

    def _end(self, bundle: Bundle) -> None:
        if bundle.shim_alive():
            bundle.control("kill", id="end-of-test")
            wait_for(lambda: not bundle.shim_alive(), "the shim's end")
        bundle.kill_processes()
        log = bundle.log_path.read_text() if bundle.log_path.exists() else ""
        assert log == "", f"the shim complained: {log}"
