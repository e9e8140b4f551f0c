"""A hand that asks a real installation while parts of it die, and looks at what is on its disk."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tests.support.installation import Answer, Installation, eventually

PATIENCE_S = 60


class Hand:
    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.data = installation.data_dir
        self.task = 0
        self.problems: list[str] = []
        self.seen: dict[str, list[dict[str, Any]]] = {}  # events as a watching page got them
        self.bundles_before = set(self._bundle_ids())

    # ---- asking

    def _attempt(self, method: str, path: str, data: Any = None) -> Answer | None:
        """One request; None if no answer came, so that nobody knows what became of it."""
        try:
            answer = self.installation.call(method, path, data)
        except (OSError, HTTPException):
            time.sleep(0.2)
            return None
        if answer.status == 500:
            self.problems.append(f"{method} {path}: {answer}")
        return answer

    def _get(self, path: str) -> Any:
        def asked() -> Answer | None:
            answer = self._attempt("GET", path)
            return answer if answer is not None and answer.status == 200 else None

        return eventually(asked, timeout_s=PATIENCE_S, what=f"GET {path}").body

    def _runs(self) -> list[dict[str, Any]]:
        task = self._get(f"tasks/{self.task}")
        return [run for variant in task["variants"] for run in variant["runs"]]

    def _events(self, run: str, after: int = 0) -> tuple[list[dict[str, Any]], bool]:
        found: list[dict[str, Any]] = []
        while True:
            page = self._get(f"runs/{run}/events?after={after}&limit=500")
            found += page["events"]
            if not page["events"] or page["ended"]:
                return found, page["ended"]
            after = page["events"][-1]["seq"]

    def _read(self, run: str) -> bool:
        """Read on as a watching page does; True once the Run's feed has ended."""
        seen = self.seen.setdefault(run, [])
        fresh, ended = self._events(run, after=seen[-1]["seq"] if seen else 0)
        seen += fresh
        return ended

    # ---- looking behind the doors

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.data / 'db.sqlite3'}?mode=ro", uri=True)) as base:
            return base.execute(sql, values).fetchall()

    def _waiting_rows(self) -> list[tuple[Any, ...]]:
        return self._rows(
            "select f.id, f.state, f.text from orchestrator_followup f "
            "join orchestrator_variant v on v.id = f.variant_id "
            "where v.task_id = ? and f.state = 'queued'",
            self.task,
        )

    def _bundle(self, name: str) -> Path:
        return self.data / "bundles" / name

    def _bundle_ids(self) -> list[str]:
        place = self.data / "bundles"
        return [p.name for p in place.iterdir() if len(p.name) == 32] if place.is_dir() else []

    def _new(self) -> list[str]:
        return [name for name in self._bundle_ids() if name not in self.bundles_before]

    def _journals_say(self, text: str) -> bool:
        journals = (self._bundle(name) / "journal.jsonl" for name in self._new())
        return any(text in path.read_text() for path in journals if path.exists())

    def _journalled(self, run: str) -> int:
        """How many numbered lines of its agent the journal holds."""
        lines = (self._bundle(run) / "journal.jsonl").read_text().splitlines()
        entries = [json.loads(line) for line in lines if line.endswith("}")]
        return sum(
            e["s"] == "out"
            and (
                str(e["d"]).startswith("line ")
                or '"text": "line ' in str(e["d"])
                or '"text":"line ' in str(e["d"])
            )
            for e in entries
        )

    def _marked(self) -> list[tuple[int, str]]:
        """Processes that bear the mark of one of this installation's Runs or previews."""
        bundles = {f"BAKEOFF_RUN={name}" for name in self._bundle_ids()}
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    environ = (entry / "environ").read_bytes().decode(errors="replace").split("\0")
                    command = (entry / "cmdline").read_bytes().decode(errors="replace")
                except OSError:
                    continue
                if bundles.intersection(environ) and command:
                    found.append((int(entry.name), command.replace("\0", " ")))
        return found
