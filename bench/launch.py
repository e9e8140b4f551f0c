"""Submit to 4 agents started, on a repository of about 5,300 files, beside four `git worktree add` in a row.

Both are measured in turns in one run against one repository; the ratio of the medians is the figure.
The product's time runs from the request's first byte to the moment the last agent's process was started
(as its shim has written it), with fetch, worktrees, first index and shim.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from tests.support.installation import Installation, git

FILES = 5_300
VARIANTS = 4
ROUNDS = 5
RATIO_GOAL = 1.5


def repository_make(path: Path) -> None:
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    for number in range(FILES):
        file = path / f"package{number % 53}" / f"module{number}.py"
        file.parent.mkdir(exist_ok=True)
        lines = [f"def function_{number}_{n}(x):\n    return x * {n}\n" for n in range(12)]
        file.write_text("\n\n".join(lines))
    git(path, "add", ".")
    git(path, "commit", "--quiet", "-m", "Begin")


def worktrees_s(repository: Path, place: Path) -> float:
    began = time.monotonic()
    for number in range(VARIANTS):
        git(repository, "worktree", "add", "--quiet", "--detach", str(place / str(number)))
    took = time.monotonic() - began
    for number in range(VARIANTS):
        git(repository, "worktree", "remove", "--force", str(place / str(number)))
    return took


def launch_s(installation: Installation, project: int) -> float:
    began = time.time()
    task = installation.task(project, "Say hello", variants=[{"agent": "hello", "count": VARIANTS}])
    runs = [variant["runs"][0]["id"] for variant in task["variants"]]
    installation.wait_ended(task["id"])

    def started(run: str) -> float:
        events = installation.events(run)
        return next(e["time"] for e in events if e["kind"] == "state" and e["state"] == "agent")

    return max(started(run) for run in runs) - began


def main() -> None:
    place = Path(tempfile.mkdtemp(prefix="bakeoff-bench-"))
    installation = Installation(place / "data")
    try:
        repository = place / "repository"
        repository_make(repository)
        installation.up()
        installation.agent("hello", adapter="command", command=["true"])
        project = installation.project(repository)
        launch_s(installation, project)  # warm: imports, page cache
        ours, gits = [], []
        for _ in range(ROUNDS):
            gits.append(worktrees_s(repository, place / "plain"))
            ours.append(launch_s(installation, project))
        ratio = statistics.median(ours) / statistics.median(gits)
        result = {
            "bench": "launch",
            "files": FILES,
            "variants": VARIANTS,
            "launch_s": {
                "median": round(statistics.median(ours), 3),
                "all": [round(s, 3) for s in ours],
            },
            "git_worktree_add_s": {
                "median": round(statistics.median(gits), 3),
                "all": [round(s, 3) for s in gits],
            },
            "ratio": round(ratio, 2),
            "goal": RATIO_GOAL,
        }
        print(json.dumps(result))
    finally:
        installation.down()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
