"""A long split diff in Chromium: what it weighs, how long keys wait, whether the browser's own find reaches all of it.

A file of 10,000 and one of 100,000 lines, every fourth line changed and none left out of the page. Input delay is
the browser's own figure: from a key to the moment its handler begins. On a busy machine it is mostly other programs'
time, so the processor time of the page's main thread stands beside it.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession, Page, sync_playwright

from tests.support.installation import Installation, eventually, git

SIZES = (10_000, 100_000)
KEYS = 25
# Before the page's own scripts: what is measured must not be missed.
OBSERVE = """
window.seen = { events: [] };
new PerformanceObserver((list) => list.getEntries().forEach((e) => {
  if (e.interactionId) seen.events.push({ name: e.name, delay: e.processingStart - e.startTime, whole: e.duration });
})).observe({ type: "event", durationThreshold: 16, buffered: true });
"""
SCROLL = """async () => {
  const frames = [];
  let last = performance.now();
  for (let i = 0; i < 60; i++) {
    window.scrollBy(0, 900);
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
  }
  return frames;
}"""


def main() -> None:
    place = Path(tempfile.mkdtemp(prefix="bakeoff-bench-"))
    installation = Installation(place / "data")
    try:
        origin = place / "origin"
        origin.mkdir()
        git(origin, "init", "--quiet", "--initial-branch=main")
        for size in SIZES:
            (origin / f"areas_{size}.py").write_text(source(size))
        git(origin, "add", ".")
        git(origin, "commit", "--quiet", "-m", "Begin")
        installation.up()
        edit = "cat > /dev/null; sed -i '0~4 s/scale/factor/' areas_*.py"
        installation.agent("editor", adapter="command", command=["sh", "-c", edit])
        project = installation.project(origin)
        eventually(lambda: installation.get(f"projects/{project}")["state"] == "ready")
        task = installation.task(project, "Edit", variants=[{"agent": "editor"}])
        installation.wait_ended(task["id"])
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox"]
            )
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            context.add_init_script(OBSERVE)
            page = context.new_page()
            page.goto(re.findall(r"http://\S+/login\?\S+", installation.log_path.read_text())[-1])
            page.close()
            load = os.getloadavg()[0]
            print(f"Long split diffs in Chromium ({os.cpu_count()} cores, load {load:.0f})")
            for size in SIZES:
                url = f"{installation.url}/tasks/{task['id']}/compare?left=base&right=A&view=split"
                report(size, measure(context, f"{url}&path=areas_{size}.py&show=1", size))
            browser.close()
    finally:
        installation.down()
        shutil.rmtree(place, ignore_errors=True)


def source(lines: int) -> str:
    rng = random.Random(lines)
    return "".join(
        f"area_{n} = width_{rng.randrange(999)} * scale * {rng.random():.3f}  # as measured, {n}\n"
        for n in range(lines)
    )


def measure(context: BrowserContext, url: str, size: int) -> dict[str, Any]:
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    began = time.perf_counter()
    page.goto(url, wait_until="load", timeout=120_000)
    loaded_s = time.perf_counter() - began
    elements, nodes = page.evaluate(
        """() => {
            let nodes = 0;
            for (const walker = document.createTreeWalker(document); walker.nextNode(); ) nodes += 1;
            return [document.querySelectorAll("*").length, nodes];
        }"""
    )
    paint_ms = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    page.wait_for_timeout(1_500)  # what the page does by itself after it came
    at_rest = page.evaluate("document.querySelectorAll('*').length")
    loading = busy_ms(session)
    page.evaluate("seen.events.length = 0")
    for _ in range(KEYS):  # as a person does: one after the other is seen
        page.keyboard.press("j")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    a_key = (busy_ms(session) - loading) / KEYS
    page.keyboard.press("ArrowDown")
    page.locator("[data-now]").click(position={"x": 20, "y": 8})
    frames = page.evaluate(SCROLL)
    found = page.evaluate(f"window.find('as measured, {size - 7}')")
    events = settled(page)
    page.close()
    return {
        "loaded_s": loaded_s,
        "paint_ms": paint_ms,
        "elements": elements,
        "at_rest": at_rest,
        "nodes": nodes,
        "loading_ms": loading,
        "delay_ms": max((e["delay"] for e in events), default=0),
        "key_p95_ms": p95([e["whole"] for e in events]),
        "scroll_p95_ms": p95(frames),
        "a_key_ms": a_key,
        "found": found,
    }


def busy_ms(session: CDPSession) -> float:
    """Processor time of the page's main thread since it began."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1000 * next(m["value"] for m in metrics if m["name"] == "TaskDuration")


def settled(page: Page) -> list[dict[str, Any]]:
    """Events are reported with the frame after them."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))")
    events: list[dict[str, Any]] = page.evaluate("seen.events")
    return events


def p95(values: list[float]) -> float:
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=20)[-1]


def report(size: int, row: dict[str, Any]) -> None:
    print(
        f"  {size:>7,} lines: {row['elements']:,} elements ({row['at_rest']:,} at rest, {row['nodes']:,} nodes); "
        f"loaded {row['loaded_s']:.1f} s, first paint {row['paint_ms']:.0f} ms; input delay "
        f"{row['delay_ms']:.0f} ms, key to frame p95 {row['key_p95_ms']:.0f} ms, scroll frame p95 "
        f"{row['scroll_p95_ms']:.0f} ms; processor time {row['loading_ms']:.0f} ms to load, "
        f"{row['a_key_ms']:.1f} ms a key; native find {'reaches the end' if row['found'] else 'FAILS'}"
    )


if __name__ == "__main__":
    main()
