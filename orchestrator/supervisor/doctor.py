"""`bakeoff doctor`: what is on this machine, what is missing, and what to do about it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from agents.adapters.registry import ADAPTERS
from orchestrator.supervisor import valkey

GIT_MINIMUM = (2, 38)
PYTHON_MINIMUM = (3, 11)


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    ok: bool
    detail: str
    needed: bool = False  # without it nothing works; the rest widens what can be done

    def line(self) -> str:
        return f"{'ok' if self.ok else 'missing':8} {self.name:14} {self.detail}"


def examine(*, redis_url: str) -> list[Finding]:
    return [
        git_found(),
        python_found(),
        redis_found(redis_url),
        *agents_found(),
        bubblewrap_found(),
        docker_found(),
        program_found(
            "Chromium",
            ("chromium", "chromium-browser", "google-chrome"),
            "Optional: install chromium to run the browser tests.",
        ),
        program_found(
            "Node", ("node",), "Optional: install Node.js, which most agent CLIs are made for."
        ),
    ]


def git_found() -> Finding:
    do = "Install git {}.{} or newer.".format(*GIT_MINIMUM)
    path = shutil.which("git")
    if path is None:
        return Finding("git", False, do, needed=True)
    said = _said([path, "version"])
    found = re.search(r"(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < GIT_MINIMUM:
        return Finding("git", False, f"{said or path}: too old. {do}", needed=True)
    return Finding("git", True, said, needed=True)


def python_found() -> Finding:
    version = platform.python_version()
    ok = sys.version_info >= PYTHON_MINIMUM
    todo = "" if ok else ": too old. Install Python {}.{} or newer.".format(*PYTHON_MINIMUM)
    return Finding("Python", ok, f"{version}{todo}", needed=True)


def redis_found(redis_url: str) -> Finding:
    if redis_url:
        return Finding("Redis", True, "the one that REDIS_URL names", needed=True)
    try:
        server = valkey.server_find()
    except valkey.NoRedisError as exc:
        return Finding("Redis", False, str(exc), needed=True)
    return Finding("Redis", True, _said([server, "--version"]) or server, needed=True)


def agents_found() -> Iterable[Finding]:
    for name, adapter in ADAPTERS.items():
        if name == "command":
            continue  # any program: there is nothing to look for
        found = adapter.available(command=(), env=dict(os.environ), home=str(Path.home()))
        detail = " ".join(part for part in (found.version, found.detail) if part)
        yield Finding(f"agent {name}", found.installed, detail or found.path)


def bubblewrap_found() -> Finding:
    path = shutil.which("bwrap")
    if path is None:
        return Finding("bubblewrap", False, "Optional: install bubblewrap to run sandboxes.")
    probe = [path, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "true"]
    if _run(probe) is None:
        return Finding("bubblewrap", False, f"{path} is there but may not make a sandbox here.")
    return Finding("bubblewrap", True, _said([path, "--version"]))


def docker_found() -> Finding:
    path = shutil.which("docker") or shutil.which("podman")
    if path is None:
        return Finding("Docker", False, "Optional: install Docker or Podman to run containers.")
    if _run([path, "info"]) is None:
        return Finding(
            "Docker", False, f"{path} is there but its engine does not answer: start it."
        )
    return Finding("Docker", True, _said([path, "--version"]))


def program_found(name: str, programs: Iterable[str], todo: str) -> Finding:
    path = next(filter(None, map(shutil.which, programs)), None)
    if path is None:
        return Finding(name, False, todo)
    return Finding(name, True, _said([path, "--version"]) or path)


def doctor(*, redis_url: str, say: Callable[[str], None]) -> int:
    findings = examine(redis_url=redis_url)
    for finding in findings:
        say(finding.line())
    missing = [finding.name for finding in findings if finding.needed and not finding.ok]
    if missing:
        say(f"Bakeoff cannot run here yet: {', '.join(missing)} must be put right first.")
    return 1 if missing else 0


def _said(argv: list[str]) -> str:
    """The first line of what a program prints; empty if it fails."""
    output = _run(argv)
    return (output or "").strip().partition("\n")[0]


def _run(argv: list[str]) -> str | None:
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, errors="replace", timeout=15, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
