"""A real installation for tests: `bakeoff up` in a directory of its own, driven through its public doors."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.support.ports import port_block

T = TypeVar("T")
ENDED = ("succeeded", "failed", "stopped", "timed_out", "lost")


def eventually(
    probe: Callable[[], T | None], *, timeout_s: float = 60, every_s: float = 0.1, what: str = ""
) -> T:
    """Wait until `probe` gives something true and return it."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what or probe}")
        time.sleep(every_s)


def kill(pids: Iterable[int]) -> None:
    """kill -9 of some that there are; one may go by itself meanwhile, or with another."""
    assert pids
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def git(path: Path, *args: str) -> str:
    """Plain git, as the person uses it."""
    done = subprocess.run(
        ["git", "-C", str(path), "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *args],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def shop_make(path: Path) -> Path:
    """A person's repository whose app is its own files."""
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    (path / "README.md").write_text("# A shop\n")
    (path / "calc.py").write_text("".join(f"line_{n} = {n}\n" for n in range(80)))
    (path / ".bakeoff.toml").write_text(
        '[preview]\ncommand = "exec python3 -m http.server --bind 127.0.0.1 $PORT"\n'
    )
    git(path, "add", ".")
    git(path, "commit", "--quiet", "-m", "Begin")
    return path


@dataclass
class Answer:
    status: int
    body: Any


@dataclass
class Installation:
    data_dir: Path
    # Of its own, with those of its variants: others run side by side with it.
    port: int = field(default_factory=port_block)
    env: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    ready: dict[str, Any] = field(default_factory=dict)

    @property
    def preview_port(self) -> int:
        return self.port + 1

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def log_path(self) -> Path:
        return self.data_dir.with_name(self.data_dir.name + ".log")

    def up(self, *, timeout_s: float = 180) -> None:
        """Start and wait until the API answers."""
        ready_file = self.data_dir.with_name(self.data_dir.name + ".ready.json")
        ready_file.unlink(missing_ok=True)
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    str(Path(sys.prefix) / "bin" / "bakeoff"),
                    "up",
                    f"--data-dir={self.data_dir}",
                    f"--port={self.port}",
                    f"--preview-port={self.preview_port}",
                    f"--ready-file={ready_file}",
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self.environment(),
                start_new_session=True,
            )

        def is_ready() -> dict[str, Any] | None:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"bakeoff up ended: {self.log_path.read_text()[-3000:]}")
            return json.loads(ready_file.read_text()) if ready_file.exists() else None

        self.ready = eventually(is_ready, timeout_s=timeout_s, what="the ready file")

    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("BAKEOFF_", "DJANGO_", "PYTEST_"))
            and name not in ("REDIS_URL", "DATABASE_URL", "SECRET_KEY")
        }
        own = {"BAKEOFF_DEMO_PACE": "0", "BAKEOFF_PORT_RANGE": str(self.port + 10)}
        return kept | own | dict(self.env)

    def down(self) -> None:
        """Ctrl-C, then end what goes on in the background."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(120)
        subprocess.run(
            [
                str(Path(sys.prefix) / "bin" / "bakeoff"),
                "stop",
                f"--data-dir={self.data_dir}",
            ],
            env=self.environment(),
            check=False,
            capture_output=True,
            timeout=240,
        )
        self.process = None

    def kill(self) -> None:
        """kill -9 of the supervisor alone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(60)

    # ---- the API

    def call(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        token: str | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        body = raw if raw is not None else None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.url}/api/v1/{path}", data=body, method=method
        )
        request.add_header("Authorization", f"Bearer {token or self.ready['token']}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
                return Answer(response.status, json.loads(response.read() or b"null"))
        except urllib.error.HTTPError as error:
            text = error.read()
            try:
                return Answer(error.code, json.loads(text))
            except ValueError:
                return Answer(error.code, text.decode(errors="replace"))

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.body

    def post(self, path: str, data: Any) -> Any:
        answer = self.call("POST", path, data)
        assert answer.status in (200, 201), answer
        return answer.body

    def answers(self) -> bool:
        """Does the API answer? Its process may be killed at any moment of a call."""
        try:
            return self.call("GET", "projects").status == 200
        except (OSError, http.client.HTTPException):
            return False

    # ---- shorthands

    def project(self, source: Path, name: str = "") -> int:
        made = self.post("projects", {"name": name or source.name, "source": str(source)})
        project_id: int = made["id"]
        return project_id

    def agent(self, name: str, **fields: Any) -> str:
        self.post("agents", {"name": name, **fields})
        return name

    def task(self, project: int, spec: str, *agents: str, **fields: Any) -> dict[str, Any]:
        variants = fields.pop("variants", [{"agent": agent} for agent in agents])
        made: dict[str, Any] = self.post(
            "tasks",
            {"project": project, "title": "A task", "spec": spec, "variants": variants, **fields},
        )
        return made

    def runs(self, task: int) -> list[dict[str, Any]]:
        return [run for variant in self.get(f"tasks/{task}")["variants"] for run in variant["runs"]]

    def wait_ended(self, task: int, *, timeout_s: float = 60) -> dict[str, Any]:
        """The task once all its runs have ended and it shows what came out."""

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = self.get(f"tasks/{task}")
            states = [run["state"] for variant in found["variants"] for run in variant["runs"]]
            return found if all(state in ENDED for state in states) else None

        return eventually(ended, timeout_s=timeout_s, what=f"runs of task {task} to end")

    def events(self, run: str, after: int = 0) -> list[dict[str, Any]]:
        """All events of a Run after a number, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(f"runs/{run}/events?after={after}&limit=500")
            found += page["events"]
            if not page["events"]:
                return found
            after = page["events"][-1]["seq"]

    def pids(self, *words: str) -> list[int]:
        """Processes of this installation whose command line holds all `words`."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                line = (
                    (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                )
                environ = (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            ours = str(self.data_dir) in line or str(self.data_dir) in environ
            if ours and all(word in line for word in words):
                found.append(int(entry.name))
        return found
