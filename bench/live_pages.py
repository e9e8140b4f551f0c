"""Memory of the browser and of the web process while eight variants are open live.

    MINUTES=10 make bench ARGS=live_pages

Eight agents print lines and edit files all the time; each variant's page is open in a tab. Figures are read
after garbage collections, once a minute: heap, nodes (`attached` are those in the documents), listeners.
Flat means: the last third is not above the middle one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import BrowserContext, CDPSession, Page, sync_playwright

from bench.idle import memory_kb
from tests.support.installation import Installation, eventually, git

MINUTES = int(os.environ.get("MINUTES") or 10)
VARIANTS = 8
COLLECTIONS = 3  # nodes that scripts held go in the one after
FIGURES = ("heap_mb", "nodes", "attached", "listeners", "web_pss_mb")
ATTACHED = """() => {
    let count = 0;
    for (const walk = document.createTreeWalker(document); walk.nextNode(); ) count++;
    return count;
}"""
# Ten lines a second, and a file rewritten every two seconds.
AGENT = """\
cat > /dev/null; i=0; while :; do i=$((i + 1)); echo "line $i: looking at module $((i % 97))";
[ $((i % 20)) = 0 ] && seq $i $((i + 200)) > file$((i % 7)).txt; sleep 0.1; done
"""


def main() -> None:
    place = Path(tempfile.mkdtemp(prefix="bakeoff-bench-"))
    installation = Installation(place / "data", env={"BAKEOFF_SLOTS": str(VARIANTS)})
    try:
        origin = place / "origin"
        origin.mkdir()
        git(origin, "init", "--quiet", "--initial-branch=main")
        git(origin, "commit", "--quiet", "--allow-empty", "-m", "Begin")
        installation.up()
        installation.agent("printer", adapter="command", command=["sh", "-c", AGENT])
        project = installation.project(origin)
        eventually(lambda: installation.get(f"projects/{project}")["state"] == "ready")
        task = installation.task(
            project, "Print", variants=[{"agent": "printer", "count": VARIANTS}]
        )
        eventually(
            lambda: all(run["state"] == "running" for run in installation.runs(task["id"])),
            timeout_s=120,
        )
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox"]
            )
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.goto(re.findall(r"http://\S+/login\?\S+", installation.log_path.read_text())[-1])
            report(installation, measure(installation, context, task))
            browser.close()
        for variant in task["variants"]:
            installation.post(f"variants/{variant['id']}/stop", {})
        installation.wait_ended(task["id"])
    finally:
        installation.down()
        shutil.rmtree(place, ignore_errors=True)


def measure(
    installation: Installation, context: BrowserContext, task: dict[str, object]
) -> list[dict[str, float]]:
    tabs: list[tuple[Page, CDPSession]] = []
    for number in range(VARIANTS):
        page = context.new_page()
        page.goto(f"{installation.url}/tasks/{task['id']}/variants/{chr(65 + number)}")
        tabs.append((page, context.new_cdp_session(page)))
    web = installation.pids("uvicorn")
    rows = []
    for minute in range(MINUTES + 1):
        if minute:
            time.sleep(60)
        row = dict.fromkeys(FIGURES, 0.0)
        for page, session in tabs:
            for _ in range(COLLECTIONS):
                session.send("HeapProfiler.collectGarbage")
            row["heap_mb"] += session.send("Runtime.getHeapUsage")["usedSize"] / 2**20
            counters = session.send("Memory.getDOMCounters")
            row["nodes"] += counters["nodes"]
            row["listeners"] += counters["jsEventListeners"]
            row["attached"] += page.evaluate(ATTACHED)
        row["web_pss_mb"] = sum(memory_kb(pid, "Pss") for pid in web) / 1024
        rows.append({"minute": minute, **row})
        print(json.dumps({k: round(v, 1) for k, v in rows[-1].items()}), flush=True)
    return rows


def report(installation: Installation, rows: list[dict[str, float]]) -> None:
    third = max(1, len(rows) // 3)
    print(
        json.dumps(
            {
                "bench": "live_pages",
                "tabs": VARIANTS,
                "minutes": MINUTES,
                "rows": [{k: round(v, 1) for k, v in row.items()} for row in rows],
                **{
                    f"{name}_last_third_to_middle": round(
                        median(r[name] for r in rows[-third:])
                        / median(r[name] for r in rows[-2 * third : -third] or rows),
                        2,
                    )
                    for name in FIGURES
                },
            }
        )
    )


if __name__ == "__main__":
    main()
