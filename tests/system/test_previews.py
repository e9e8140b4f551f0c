"""The running app of each variant."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

import pytest

from orchestrator.services.demo import FILES, SPEC, STRATEGIES
from tests.support.installation import Installation, eventually, git

pytestmark = pytest.mark.system


@pytest.fixture
def web_project(tmp_path: Path) -> Path:
    """The demo's own sample repository."""
    path = tmp_path / "web"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    for name, text in FILES.items():
        (path / name).write_text(text)
    git(path, "add", ".")
    git(path, "commit", "--quiet", "-m", "Begin")
    return path


def previews_settled(installation: Installation, task: int) -> list[dict[str, Any]]:
    """The variants once no preview is on its way any more."""

    def settled() -> list[dict[str, Any]] | None:
        variants: list[dict[str, Any]] = installation.get(f"tasks/{task}")["variants"]
        states = [(variant["preview"] or {}).get("state") for variant in variants]
        return variants if all(state in ("ready", "failed") for state in states) else None

    return eventually(settled, timeout_s=180, what="the previews")


def answer_of(url: str) -> tuple[str, str]:
    with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310 - loopback
        return response.headers["server"].lower(), response.read().decode()


@pytest.mark.external
def test_flask_and_fastapi_are_installed_and_answer(
    installation: Installation, web_project: Path
) -> None:
    project = installation.project(web_project, "two-frameworks")
    variants = [{"agent": "demo", "strategy": strategy} for strategy in STRATEGIES]
    task = installation.task(project, SPEC, variants=variants)
    installation.wait_ended(task["id"], timeout_s=120)
    flask, fastapi = previews_settled(installation, task["id"])
    assert (flask["preview"]["state"], fastapi["preview"]["state"]) == ("ready", "ready")
    assert flask["preview"]["url"] != fastapi["preview"]["url"]
    assert "werkzeug" in answer_of(flask["preview"]["url"])[0]
    assert "uvicorn" in answer_of(fastapi["preview"]["url"])[0]


def test_without_a_package_index_setup_fails_and_the_standard_library_works(
    tmp_path: Path, web_project: Path
) -> None:
    nowhere = {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
    }
    installation = Installation(tmp_path / "data", env=nowhere)
    installation.up()
    try:
        project = installation.project(web_project)
        strategies = ("Use Flask.", "Use the standard library only.")
        variants = [{"agent": "demo", "strategy": strategy} for strategy in strategies]
        task = installation.task(project, "A hello world app.", variants=variants)
        installation.wait_ended(task["id"], timeout_s=120)
        flask, plain = previews_settled(installation, task["id"])
        assert flask["preview"]["state"] == "failed"
        assert flask["preview"]["failure"]["code"] == "setup.failed"
        assert any("flask" in line.lower() for line in flask["preview"]["failure"]["last_lines"])
        assert plain["preview"]["state"] == "ready"
        url = plain["preview"]["url"]
        assert answer_of(url)[1]

        # Stop, start, restart.
        installation.post(f"variants/{plain['id']}/preview", {"action": "stop"})
        eventually(lambda: _refuses(url), what="the app to be gone")
        installation.post(f"variants/{plain['id']}/preview", {"action": "start"})
        eventually(lambda: not _refuses(url), what="the app to be back")
        previews_settled(installation, task["id"])
        installation.post(f"variants/{plain['id']}/preview", {"action": "restart"})
        assert previews_settled(installation, task["id"])[1]["preview"]["state"] == "ready"
        assert answer_of(url)[1]
    finally:
        installation.down()
    assert _refuses(url), "bakeoff stop ends the apps"


def _refuses(url: str) -> bool:
    try:
        answer_of(url)
    except OSError:
        return True
    return False
