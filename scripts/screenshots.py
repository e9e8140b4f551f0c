"""`make screenshots`: starts the real product in a directory of its own, lets the scripted agent work, takes pictures.

Everything on the pictures has happened: a demo of two variants, and a second task whose fourth agent must ask before
every step and is left waiting at its last one.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "img"
BAKEOFF = Path(sys.executable).with_name("bakeoff")
START_TIMEOUT_S = 120
WORK_TIMEOUT_S = 300
SIZE = {"width": 1280, "height": 800}
LOGIN = re.compile(r"http://\S+/login\?code=\S+")

TITLE = "A hello page that says how it is"
SPEC = """\
Make a small web app that greets whoever opens it, and answers `/health` for the load balancer.

## Must
- Listen on `127.0.0.1` at the port in `PORT`.
- Pin what it needs in `requirements.txt`.
- Bring a test for the page and one for `/health`.

## Must not
- No database and no JavaScript.
"""
ASKING_AGENT = "demo asks first"
VARIANTS = [
    {"agent": "demo", "strategy": "Use Flask."},
    {"agent": "demo", "strategy": "Use FastAPI."},
    {"agent": "demo", "strategy": "Use the standard library only."},
    {"agent": ASKING_AGENT, "strategy": "Use Flask."},
]


class Product:
    """`bakeoff demo` in a data directory of its own, and its API."""

    def __init__(self, data_dir: Path) -> None:
        self.ready = data_dir / "ready.json"
        environ = {k: v for k, v in os.environ.items() if not k.startswith("BAKEOFF_")}
        ports = {"BAKEOFF_PORT": port_free(), "BAKEOFF_PREVIEW_PORT": port_free()}
        environ |= {name: str(port) for name, port in ports.items()}
        environ |= {"BAKEOFF_DATA_DIR": str(data_dir), "BAKEOFF_READY_FILE": str(self.ready)}
        self.output = data_dir / "output.txt"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [BAKEOFF, "demo"], env=environ, stdout=output, stderr=subprocess.STDOUT
            )
        wait(self._started, START_TIMEOUT_S, "the product to start")
        self.about: dict[str, Any] = json.loads(self.ready.read_text())
        self.url: str = self.about["url"]

    def _started(self) -> bool:
        if self.process.poll() is not None:
            raise SystemExit(f"bakeoff demo ended:\n{self.output.read_text()}")
        return self.ready.exists()

    @property
    def login_link(self) -> str:
        found = LOGIN.search(self.output.read_text())
        if found is None:
            raise SystemExit("bakeoff demo has printed no login link.")
        return found[0]

    def call(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/api/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.about['token']}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)

    def variants(self, task: int) -> dict[str, Any]:
        return {row["letter"]: row for row in self.call("GET", f"tasks/{task}")["variants"]}

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)


def port_free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait(probe: Callable[[], object], timeout_s: float, what: str) -> None:
    deadline = time.monotonic() + timeout_s
    while not probe():
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited {timeout_s:.0f} s in vain for {what}.")
        time.sleep(0.25)


def finished(product: Product, task: int, letters: str) -> bool:
    """These variants are ready, with their apps answering."""
    rows = product.variants(task)
    for letter in letters:
        if rows[letter]["state"] == "failed" or rows[letter]["preview"]["state"] == "failed":
            raise SystemExit(f"{letter} of task {task} failed: {json.dumps(rows[letter])}")
    return all(
        rows[letter]["state"] == "ready" and rows[letter]["preview"]["state"] == "ready"
        for letter in letters
    )


def allow_until(product: Product, task: int, letter: str, last: str) -> bool:
    """Say yes to what the agent asks; True when it asks for a command that holds `last`."""
    run = product.variants(task)[letter]["runs"][-1]
    events = product.call("GET", f"runs/{run['id']}/events?limit=1000")["events"]
    answered = {e["request"] for e in events if e["kind"] == "permission_answer"}
    for event in events:
        if event["kind"] != "permission_request" or event["request"] in answered:
            continue
        if last in event["title"]:
            return True
        path = f"runs/{run['id']}/permissions/{event['request']}"
        product.call("POST", path, {"decision": "allow"})
    return False


def stage(product: Product) -> int:
    """Let it all happen; returns the id of the task to show."""
    (first,) = product.call("GET", "tasks")
    product.call(
        "POST",
        "agents",
        {"name": ASKING_AGENT, "adapter": "demo", "permission_mode": "ask"},
    )
    task: int = product.call(
        "POST",
        "tasks",
        {
            "project": product.call("GET", "projects")[0]["id"],
            "title": TITLE,
            "spec": SPEC,
            "rubric": "- Small, and easy to read\n- Its tests say what it promises\n",
            "variants": VARIANTS,
        },
    )["id"]
    wait(
        lambda: allow_until(product, task, "D", "py_compile"), WORK_TIMEOUT_S, "D to ask at its end"
    )
    wait(lambda: finished(product, task, "ABC"), WORK_TIMEOUT_S, "A, B and C to be ready")
    wait(lambda: finished(product, first["id"], "AB"), WORK_TIMEOUT_S, "the demo to be ready")
    return task


@contextmanager
def page_in(browser: Browser, product: Product, scheme: str, state: Any) -> Iterator[Page]:
    context = browser.new_context(
        viewport=SIZE,  # type: ignore[arg-type]
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        storage_state=state,
        base_url=product.url,
        locale="en-GB",
    )
    page = context.new_page()
    yield page
    context.close()


def take(browser: Browser, product: Product, task: int) -> None:
    context = browser.new_context()
    context.new_page().goto(product.login_link)
    state = context.storage_state()
    context.close()
    here = f"/tasks/{task}"
    both = ("task", "variant")  # these in dark too
    shots = {
        "home": "/",
        "task": here,
        "variant": f"{here}/variants/D",
        "board": f"{here}/board",
        "consensus": f"{here}/consensus",
        "compare": f"{here}/compare?left=A&right=B&path=app.py",
        "merge": f"{here}/merge/A",
        "new-task": f"/tasks/new?again={task}",
    }
    for scheme in ("light", "dark"):
        with page_in(browser, product, scheme, state) as page:
            for name, path in shots.items():
                if scheme == "dark" and name not in both:
                    continue
                page.goto(path)
                page.wait_for_load_state("networkidle")
                page.evaluate("document.fonts.ready")
                page.evaluate("document.activeElement?.blur()")
                file = f"{name}.png" if scheme == "light" else f"{name}-dark.png"
                page.screenshot(path=PICTURES / file)
                print(f"docs/img/{file}")  # noqa: T201


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bakeoff-pictures-") as directory:
        product = Product(Path(directory))
        try:
            task = stage(product)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
                    args=["--no-sandbox"],
                )
                take(browser, product, task)
                browser.close()
        finally:
            product.end()


if __name__ == "__main__":
    main()
