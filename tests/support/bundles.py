"""Bundles with real shims, started as the worker starts them."""

from __future__ import annotations

import shutil
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.bundle import Bundle, BundleSpec, ExitInfo, Limits, Step, shim_launch
from agents.journal import JournalLine, JournalReader, join_parts

PATH = "/usr/local/bin:/usr/bin:/bin"
DEADLINE_S = 60.0
# A Python whose clock goes as the test says: what must end by a clock does, however slow the machine is.
CLOCKED = """#!{python} -IS
import runpy, sys, time
real = time.monotonic
def monotonic():
    with open({clock!r}) as file:
        rate, ahead = map(float, file.read().split())
    return real() * rate + ahead
time.monotonic = monotonic
sys.argv = sys.argv[3:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def bundle_delete(bundle: Bundle) -> None:
    """All at once: its shim may be about to write another file into it."""
    gone = bundle.path.with_name(f"deleted-{bundle.id}")
    bundle.path.rename(gone)
    shutil.rmtree(gone)


def wait_for(condition: Callable[[], object], what: str = "", limit_s: float = DEADLINE_S) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"not within {limit_s} s: {what}"
        time.sleep(0.01)


class Bench:
    """Makes bundles under one root and reads them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ahead_s = 0.0
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

    def launch_clocked(self, bundle: Bundle, *, stands: bool = False) -> None:
        """Start its shim on a clock that goes ahead by `later`, and by itself unless it stands."""
        self._rate = 0 if stands else 1
        self._clock_set()
        python = self.root / "clocked-python"
        python.write_text(CLOCKED.format(python=sys.executable, clock=str(self._clock)))
        python.chmod(0o700)
        shim_launch(bundle, python=str(python))

    def later(self, bundle: Bundle, seconds: float) -> None:
        """Let time pass for a shim with such a clock; return when it has seen it, or has ended by it."""
        self._ahead_s += seconds
        self._clock_set()
        bundle.control("note", id=f"at-{self._ahead_s}", d={"ev": "later", "at": self._ahead_s})
        seen = {"ev": "later", "at": self._ahead_s}
        wait_for(lambda: bundle.exit() or seen in self.sys(bundle, "later"), "the time seen")

    @property
    def _clock(self) -> Path:
        return self.root / "clock"

    def _clock_set(self) -> None:
        new = self.root / "clock.new"
        new.write_text(f"{self._rate} {self._ahead_s}")
        new.replace(self._clock)

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
