"""One trial of bench/kills.py: what a person does, the kill in the middle of it, and the look at what is left."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from agents.bundle import Bundle
from bench._kills_hand import PATIENCE_S, Hand
from tests.support.installation import ENDED, Installation, eventually, git

VICTIMS = ("worker", "web", "redis", "supervisor", "shim")
# A moment named after a request begins just before it is sent, the others when its trace is on disk.
MOMENTS = (
    "any",
    "import",
    "submit",
    "preparing",
    "setup",
    "question",
    "last_lines",
    "sealing",
    "follow_up",
    "stop",
    "preview",
    "merge",
)
SHIM_MOMENTS = ("any", "setup", "question", "last_lines", "follow_up", "stop", "preview")
DELAY_S = {
    "any": 7.0,
    "submit": 0.25,
    "preparing": 0.2,
    "setup": 0.8,
    "last_lines": 0.3,
    "merge": 0.25,
}
DELAY_ELSE_S = 0.5
DEMO = (
    "[[lines 20 10]] [[write a.txt|TOKEN]] [[ask echo TOKEN > asked.txt]] "
    "[[lines 10 10]] [[write b.txt|TOKEN]]"
)
COUNTED = [f"line {n}" for n in range(1, 551)]
TALKED = [f"line {n} of 20" for n in range(1, 21)] + [f"line {n} of 10" for n in range(1, 11)]


@dataclass
class Plan:
    number: int
    victim: str
    moment: str
    second: str
    rng: random.Random


class Trial(Hand):
    def __init__(
        self, *, installation: Installation, origin: Path, project: int, plan: Plan
    ) -> None:
        super().__init__(installation)
        self.origin = origin
        self.project = project
        self.plan = plan
        self.token = f"{plan.rng.randrange(16**8):08x}"
        self.dice = random.Random(
            self.token
        )  # the killer's own: its thread draws when it comes to it
        self.settle_s = 0.0
        self.main_before = git(origin, "rev-parse", "main")
        self.reached = {moment: threading.Event() for moment in MOMENTS}
        self.over = threading.Event()
        self.killed_at = self.back_at = 0.0
        self.lost: set[str] = set()  # bundles whose shim was killed before it wrote its exit

    def run(self) -> None:
        killer = threading.Thread(target=self._killer, daemon=True)
        killer.start()
        try:
            self.reached["any"].set()
            if self.plan.moment == "import":
                self._import()
            self._submit()
            self._work()
            self._settled()
            self._preview()
            self._settled()
            self._merge()
            self._settled()
        finally:
            self.over.set()
            killer.join(120)
        self._look()

    # ---- the kill

    def _killer(self) -> None:
        try:
            self._kill_at_the_moment()
        except Exception as exc:  # noqa: BLE001 - a thread's end must be seen
            self.problems.append(f"the killer failed: {exc!r}")

    def _kill_at_the_moment(self) -> None:
        plan = self.plan
        delay_s = self.dice.uniform(0, DELAY_S.get(plan.moment, DELAY_ELSE_S))
        traces: dict[str, Callable[[], bool]] = {
            "preparing": lambda: (self.data / "yards" / f"{self.task}.git").exists(),
            "setup": lambda: self._journals_say('"step-start"'),
            "last_lines": lambda: self._journals_say('"line 548"'),
            "sealing": lambda: any((self._bundle(b) / "exit.json").exists() for b in self._new()),
        }
        if plan.moment in traces:
            while not (self.task and traces[plan.moment]()):
                if self.over.wait(0.005):
                    return
        else:
            while not self.reached[plan.moment].wait(0.01):
                if self.over.is_set():
                    return
        time.sleep(delay_s)
        second_s = self.dice.uniform(0, 3)
        self._kill(plan.victim)
        if plan.second:
            time.sleep(second_s)
            self._kill(plan.second)

    def _kill(self, victim: str) -> None:
        installation = self.installation
        if victim == "shim":
            self._kill_shim()
        elif victim == "supervisor":
            at_once = self.dice.random() < 0.5
            self.killed_at = time.monotonic()
            installation.kill()
            if not at_once:
                time.sleep(self.dice.uniform(0, 3))
            installation.up()
        else:
            words = {"worker": ("celery", "worker"), "web": ("uvicorn",), "redis": ("-server",)}
            before = installation.pids(*words[victim])
            # The worker's beat is a child of its own: sometimes only the parent is killed.
            chosen = before if self.dice.random() < 0.5 else before[:1]
            self.killed_at = time.monotonic()
            for pid in chosen:
                kill(pid)
            eventually(
                lambda: set(installation.pids(*words[victim])) - set(before),
                timeout_s=PATIENCE_S,
                what=f"a new {victim}",
            )
        self.back_at = time.monotonic()

    def _kill_shim(self) -> None:
        def alive() -> list[str]:
            return [
                b
                for b in self._new()
                if Bundle(self._bundle(b)).shim_alive()
                and not (self._bundle(b) / "exit.json").exists()
            ]

        while not (found := alive()):
            if self.over.wait(0.01):
                return
        chosen = self.dice.choice(sorted(found))
        info = Bundle(self._bundle(chosen)).shim()
        assert info is not None
        self.killed_at = time.monotonic()
        kill(info.pid)
        eventually(lambda: not Bundle(self._bundle(chosen)).shim_alive(), every_s=0.01)
        if not (self._bundle(chosen) / "exit.json").exists():
            self.lost.add(chosen)
        self.back_at = time.monotonic()

    # ---- what a person does

    def _import(self) -> None:
        """Work on a project of the trial's own, added as a URL so that a job clones it."""
        body = {"name": f"Trial {self.token}", "source": f"file://{self.origin}"}
        self.reached["import"].set()
        self._attempt("POST", "projects", body)
        self._await_kill()
        eventually(lambda: self.back_at > self.killed_at, timeout_s=2 * PATIENCE_S)

        def usable() -> int:
            mine = [p for p in self._get("projects") if p["name"] == body["name"]]
            if not mine:  # killed before it was written down
                self._attempt("POST", "projects", body)
            return mine[0]["id"] if mine and mine[0]["state"] == "ready" else 0

        self.project = eventually(usable, timeout_s=PATIENCE_S, what="the project")
        self._settle_mark()

    def _submit(self) -> None:
        body = {
            "project": self.project,
            "title": f"Trial {self.token}",
            "spec": DEMO.replace("TOKEN", self.token),
            "variants": [{"agent": "counter"}, {"agent": "demo"}, {"agent": "endless"}],
        }
        deadline = time.monotonic() + PATIENCE_S
        self.reached["submit"].set()
        while not self.task:
            answer = self._attempt("POST", "tasks", body)
            if answer is not None and answer.status == 201:
                self.task = answer.body["id"]
                continue
            assert time.monotonic() < deadline, f"the task cannot be submitted: {answer}"
            mine = [t["id"] for t in self._get("tasks") if t["title"] == body["title"]]
            self.task = mine[0] if mine else 0

    def _work(self) -> None:
        """Answer questions, send the follow-ups, until all Runs have ended and are sealed."""
        due = {letter: self.plan.rng.uniform(0.5, 7) for letter in "ABC"}
        began = time.monotonic()
        deadline = began + 3 * PATIENCE_S
        while True:
            task = self._get(f"tasks/{self.task}")
            for variant in task["variants"]:
                for run in variant["runs"]:
                    if run["state"] == "waiting":
                        self._answer(run["id"])
                    self._read(run["id"])
            for variant in task["variants"]:
                if time.monotonic() - began > due.get(variant["letter"], 1e9):
                    del due[variant["letter"]]
                    (self._stop if variant["letter"] == "C" else self._follow_up)(variant)
            states = [r["state"] for v in task["variants"] for r in v["runs"]]
            # A Run that was asked for may be made a moment later, so the rows are asked too.
            if not due and all(s in ENDED for s in states) and not self._waiting_rows():
                return
            assert time.monotonic() < deadline, (
                f"the runs do not end: {states} {self._waiting_rows()}"
            )
            time.sleep(0.15)

    def _answer(self, run: str) -> None:
        for permission in self._get(f"runs/{run}")["permissions"]:
            if permission["state"] == "pending":
                self.reached["question"].set()
                path = f"runs/{run}/permissions/{permission['request']}"
                self._attempt("POST", path, {"decision": "allow"})

    def _follow_up(self, variant: dict[str, Any]) -> None:
        word = f"again-{self.token}{variant['letter'].lower()}"
        text = f"[[say heard {word}]] [[write again.txt|{self.token}]]"
        deadline = time.monotonic() + PATIENCE_S
        self.reached["follow_up"].set()
        while True:
            answer = self._attempt("POST", f"variants/{variant['id']}/messages", {"text": text})
            if answer is not None and answer.status == 201:
                return
            assert time.monotonic() < deadline, f"the follow-up is not taken: {answer}"
            self._get(f"tasks/{self.task}")  # all that came in has been decided once it answers
            if self._rows("select id from orchestrator_followup where text = ?", text):
                return

    def _stop(self, variant: dict[str, Any]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        self.reached["stop"].set()
        while True:
            answer = self._attempt("POST", f"variants/{variant['id']}/stop")
            if answer is not None and answer.status == 200:
                return
            assert time.monotonic() < deadline, f"it is not stopped: {answer}"

    def _preview(self) -> None:
        variant = self._get(f"tasks/{self.task}")["variants"][0]
        path = f"variants/{variant['id']}/preview"
        self.reached["preview"].set()
        deadline = time.monotonic() + PATIENCE_S
        state = ""
        while state != "ready":
            answer = self._attempt("POST", path, {"action": "start"})
            if answer is None and not self._preview_of(variant["id"], "starting", "ready"):
                assert time.monotonic() < deadline
                continue  # nobody knows what became of the request, and nothing has
            preview = eventually(
                lambda: self._preview_of(variant["id"], "ready", "failed", "exited"),
                timeout_s=PATIENCE_S,
                what=f"the preview to come to something after {answer}",
            )
            state = preview["state"]
            if state != "ready":
                failure = preview["failure"]
                # A shim killed while it starts is a start that failed, one killed later is lost.
                of_kill = failure["code"] == "preview.lost" or "shim died" in failure["message"]
                if not (self.lost and of_kill):
                    self.problems.append(f"preview: {preview}")
                assert time.monotonic() < deadline
        if not (self.plan.victim == "shim" and self.plan.moment == "preview"):
            with urllib.request.urlopen(preview["url"], timeout=10) as answer:  # noqa: S310
                assert answer.status == 200
        else:
            self._await_kill()
        self._settle_mark()
        while self._preview_of(variant["id"], "ready", "starting"):
            self._attempt("POST", path, {"action": "stop"})

    def _preview_of(self, variant: int, *states: str) -> dict[str, Any] | None:
        preview: dict[str, Any] = self._get(f"variants/{variant}")["preview"]
        return preview if preview["state"] in states else None

    def _merge(self) -> None:
        letter, strategy = self.plan.rng.choice("AB"), self.plan.rng.choice(["merge", "squash"])
        deadline = time.monotonic() + 2 * PATIENCE_S
        self.reached["merge"].set()
        while True:
            body = {"variant": letter, "strategy": strategy}
            answer = self._attempt("POST", f"tasks/{self.task}/merge", body)
            state = eventually(self._not_merging, timeout_s=PATIENCE_S, what="the merge to end")
            if state == "merged":
                return
            reasons = [m["reason"] for m in self._get(f"tasks/{self.task}/merges")]
            assert time.monotonic() < deadline, f"no merge: {answer} {reasons}"
            if answer is not None and answer.status == 200:
                self.problems.append(f"merge refused: {reasons}")
                return

    def _not_merging(self) -> str | None:
        state: str = self._get(f"tasks/{self.task}")["state"]
        return state if state != "merging" else None

    def _await_kill(self) -> None:
        eventually(lambda: self.killed_at, timeout_s=10, what="the kill")

    # ---- after it

    def _settled(self) -> None:
        """Wait for what still goes on in the background of this phase."""
        for run in self._runs():
            eventually(partial(self._read, run["id"]), timeout_s=PATIENCE_S, what="the seal")
        self._settle_mark()

    def _settle_mark(self) -> None:
        if self.killed_at and not self.settle_s:
            eventually(lambda: self.back_at > self.killed_at, timeout_s=2 * PATIENCE_S)
            self.settle_s = max(0.01, time.monotonic() - self.back_at)

    def _look(self) -> None:
        if not self.killed_at:
            self.problems.append("nothing was killed")
        task = self._get(f"tasks/{self.task}")
        for variant in task["variants"]:
            for run in variant["runs"]:
                self._look_at_run(variant, run)
            self._look_at_work(variant, task["base_commit"])
            if variant["letter"] != "C":
                self._look_at_follow_up(variant)
        titles = [task["title"] for task in self._get("tasks")]
        self._expect(titles.count(f"Trial {self.token}"), 1, "tasks with the title")
        commits = git(self.origin, "rev-list", "--first-parent", f"{self.main_before}..main")
        self._expect(len(commits.split()), 1, "commits on the target")
        self._expect(git(self.origin, "status", "--porcelain"), "", "the origin's checkout")
        self._expect(list((self.origin / ".git").rglob("*.lock")), [], "locks in the origin")
        try:
            eventually(lambda: not self._marked(), timeout_s=15)
        except AssertionError:
            self.problems.append(f"processes left: {self._marked()}")

    def _look_at_run(self, variant: dict[str, Any], run: dict[str, Any]) -> None:
        name = f"run {run['id'][:8]} ({variant['letter']} {run['number']})"
        state = "stopped" if variant["letter"] == "C" else "succeeded"
        state = "lost" if run["id"] in self.lost else state
        self._expect(run["state"], state, f"{name}: state ({run['failure']})")
        events, ended = self._events(run["id"])
        self._expect(ended, True, f"{name}: ended")
        self._expect([e["seq"] for e in events] == [*range(1, len(events) + 1)], True, "numbers")
        kinds = [e["kind"] for e in events]
        self._expect((kinds.count("end"), kinds[-1]), (1, "end"), f"{name}: the end")
        live = self.seen.get(run["id"], [])
        self._expect(live == events[: len(live)], True, f"{name}: what was read live stays")
        said = [
            e["text"] for e in events if e["kind"] == "message" and e["text"].startswith("line ")
        ]
        if run["number"] > 1 or variant["letter"] == "C":
            return
        expected = COUNTED if variant["letter"] == "A" else TALKED
        if state == "lost":
            expected = expected[: self._journalled(run["id"])]
        if said != expected:
            self.problems.append(f"{name}: {len(said)} of {len(expected)} lines, or out of order")

    def _look_at_work(self, variant: dict[str, Any], base: str) -> None:
        """All that is in the workspace is in the newest Snapshot."""
        workspace = self.data / "worktrees" / str(self.task) / variant["letter"]
        hub = self.data / "hubs" / f"{self.project}.git"
        if not workspace.exists():  # stopped before it was made
            self._expect(variant["letter"], "C", "the variant without a workspace")
            return
        there = {
            p.name: p.read_text() for p in workspace.iterdir() if p.is_file() and p.name != ".git"
        }
        head = variant["head_commit"] or base
        kept = git(hub, "ls-tree", "--name-only", head).split()
        for name in set(there) ^ set(kept):
            self.problems.append(f"{variant['letter']}: {name} is not in both workspace and head")
        for name in set(there) & set(kept):
            if git(hub, "show", f"{head}:{name}") != there[name].strip():
                self.problems.append(f"{variant['letter']}: {name} differs from its snapshot")

    def _look_at_follow_up(self, variant: dict[str, Any]) -> None:
        word = f"again-{self.token}{variant['letter'].lower()}"
        rows = self._rows(
            "select state, run_id from orchestrator_followup where instr(text, ?)", word
        )
        self._expect(len(rows), 1, f"{variant['letter']}: follow-ups stored")
        heard = Counter(
            run["id"]
            for run in variant["runs"]
            for e in self._events(run["id"])[0]
            if e["kind"] == "message" and e["text"] == f"heard {word}"
        )
        into = str(rows[0][1]) if rows else ""
        if into not in self.lost or sum(heard.values()) > 1:
            self._expect(heard, {into: 1}, f"{variant['letter']}: the follow-up heard ({rows})")

    def _expect(self, found: object, wanted: object, what: str) -> None:
        if found != wanted:
            self.problems.append(f"{what}: {found!r}, not {wanted!r}")


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
