"""Memory of an idle `bakeoff up` (PSS of all its processes) and of one shim, in MB."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path

from tests.support.installation import Installation, eventually, git

SETTLE_S = 20
PSS_GOAL_MB = 350
SHIM_GOAL_MB = 15


def memory_kb(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise ValueError(f"no {field} of {pid}")


def main() -> None:
    place = Path(tempfile.mkdtemp(prefix="bakeoff-bench-"))
    installation = Installation(place / "data")
    try:
        origin = place / "origin"
        origin.mkdir()
        git(origin, "init", "--quiet", "--initial-branch=main")
        git(origin, "commit", "--quiet", "--allow-empty", "-m", "Begin")
        installation.up()
        installation.call("GET", "tasks")
        time.sleep(SETTLE_S)
        parts = {}
        for pid in installation.pids():
            name = " ".join(Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0"))[-60:]
            parts[f"{pid} {name}"] = round(memory_kb(pid, "Pss") / 1024, 1)
        installation.agent("sleeper", adapter="command", command=["sleep", "60"])
        task = installation.task(installation.project(origin), "Sleep", "sleeper")
        run = task["variants"][0]["runs"][0]["id"]
        eventually(lambda: installation.get(f"runs/{run}")["state"] == "running")
        shim = max(memory_kb(pid, "Rss") for pid in installation.pids("agents/shim", run)) / 1024
        installation.post(f"variants/{task['variants'][0]['id']}/stop", {})
        installation.wait_ended(task["id"])
        print(
            json.dumps(
                {
                    "bench": "idle",
                    "pss_mb": round(sum(parts.values()), 1),
                    "goal_mb": PSS_GOAL_MB,
                    "processes": parts,
                    "shim_rss_mb": round(shim, 1),
                    "shim_goal_mb": SHIM_GOAL_MB,
                }
            )
        )
    finally:
        installation.down()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
