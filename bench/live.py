"""The way of a line: 20 runs that print 100 lines/s each, to 20 sockets with one run each.

Each agent is a program that prints the time; a line's latency is from its print to its arrival at the
socket, through shim, journal, follower, feed, reader and web server. Lines are numbered by their agent, so
one that is lost or doubled anywhere on the way is seen, and so is an event number that is.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from tests.support.installation import Installation, eventually, git

RUNS = 20
TASKS = 2  # a task has at most 16 variants
RATE = 100
SECONDS = 10
P99_GOAL_MS = 150

AGENT = """
import sys, time, pathlib
go = pathlib.Path(sys.argv[1])
print("ready", flush=True)
while not go.exists():
    time.sleep(0.05)
began = time.time() + 1
for number in range(int(sys.argv[2]) * int(sys.argv[3])):
    time.sleep(max(0, began + number / int(sys.argv[2]) - time.time()))
    print(number, time.time(), flush=True)
"""


@dataclass
class Seen:
    seqs: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    frames: int = 0
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, frame: dict[str, Any], now: float) -> None:
        self.frames += 1
        for event in frame["events"]:
            self.seqs.append(event["seq"])
            if event["kind"] != "message" or event.get("stream") != "out":
                continue
            for line in event["text"].splitlines():
                number, _, printed = line.partition(" ")
                if printed:
                    self.numbers.append(int(number))
                    self.latencies_ms.append((now - float(printed)) * 1000)


async def watch(installation: Installation, run: str, seen: Seen, ready: asyncio.Semaphore) -> None:
    headers = {"Authorization": f"Bearer {installation.ready['token']}"}
    url = installation.url.replace("http", "ws") + "/ws/live"
    async with connect(url, additional_headers=headers, max_size=None) as socket:
        await socket.send(json.dumps({"type": "subscribe", "runs": {run: 0}, "topics": []}))
        ready.release()
        async for text in socket:
            now = time.time()
            frame = json.loads(text)
            if frame["type"] == "events":
                seen.take(frame, now)
                if len(seen.numbers) >= RATE * SECONDS and not seen.complete.is_set():
                    seen.complete.set()
                if frame["events"][-1]["kind"] == "end":
                    return


async def watch_all(
    installation: Installation, runs: list[str], go: Path
) -> tuple[list[Seen], dict[str, float]]:
    seen = [Seen() for _ in runs]
    ready = asyncio.Semaphore(0)
    async with asyncio.timeout(SECONDS * 10 + 60), asyncio.TaskGroup() as group:
        for run, one in zip(runs, seen, strict=True):
            group.create_task(watch(installation, run, one, ready))
        for _ in runs:
            await ready.acquire()
        go.touch()
        await asyncio.wait([asyncio.ensure_future(one.complete.wait()) for one in seen])
        used = cpu_s(installation)  # before the runs end, with their shims
    return seen, used


def cpu_s(installation: Installation) -> dict[str, float]:
    """Processor time so far of the processes a line goes through."""
    used = {}
    for word in ("uvicorn", "celery", "valkey-server"):
        ticks = 0
        for pid in installation.pids(word):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        used[word] = ticks / os.sysconf("SC_CLK_TCK")
    return used


def percentile(values: list[float], share: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(len(values) * share))], 1)


def summary(seen: list[Seen]) -> dict[str, Any]:
    latencies = [ms for one in seen for ms in one.latencies_ms]
    wanted = range(RATE * SECONDS)
    return {
        "bench": "live",
        "runs": RUNS,
        "lines_per_s": RATE,
        "seconds": SECONDS,
        "lines": len(latencies),
        "frames": sum(one.frames for one in seen),
        "lost": sum(len(set(wanted) - set(one.numbers)) for one in seen)
        + sum(one.seqs[-1] - len(set(one.seqs)) for one in seen),
        "doubled": sum(len(one.numbers) - len(set(one.numbers)) for one in seen)
        + sum(len(one.seqs) - len(set(one.seqs)) for one in seen),
        "out_of_order": sum(one.seqs != sorted(one.seqs) for one in seen),
        "p50_ms": percentile(latencies, 0.50),
        "p99_ms": percentile(latencies, 0.99),
        "max_ms": round(max(latencies), 1),
        "p99_goal_ms": P99_GOAL_MS,
    }


def main() -> None:
    place = Path(tempfile.mkdtemp(prefix="bakeoff-bench-"))
    installation = Installation(place / "data", env={"BAKEOFF_SLOTS": str(RUNS)})
    try:
        origin = place / "origin"
        origin.mkdir()
        git(origin, "init", "--quiet", "--initial-branch=main")
        git(origin, "commit", "--quiet", "--allow-empty", "-m", "Begin")
        go = place / "go"
        installation.up()
        command = [sys.executable, "-I", "-S", "-c", AGENT, str(go), str(RATE), str(SECONDS)]
        installation.agent("printer", adapter="command", command=command)
        project = installation.project(origin)
        variants = [{"agent": "printer", "count": RUNS // TASKS}]
        tasks = [installation.task(project, "Print", variants=variants)["id"] for _ in range(TASKS)]
        runs = [run["id"] for task in tasks for run in installation.runs(task)]

        def all_ready() -> bool:
            return all(any(e.get("text") == "ready" for e in installation.events(r)) for r in runs)

        eventually(all_ready, timeout_s=120, what="all agents at work")
        time.sleep(3)  # the first Snapshots are over
        before = cpu_s(installation)
        seen, after = asyncio.run(watch_all(installation, runs, go))
        used = {word: round(after[word] - before[word], 1) for word in before}
        print(json.dumps(summary(seen) | {"cpu_s": used}))
    finally:
        installation.down()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
