"""A variant that a person composed lives like any other: preview, follow-up, merge."""

from __future__ import annotations

import contextlib
import http.client
import random
import threading
import urllib.request
from pathlib import Path

import pytest

from orchestrator.states import LETTERS
from tests.support.installation import Installation, eventually, git, kill

pytestmark = pytest.mark.system

SERVE = 'exec python3 -m http.server --bind 127.0.0.1 "$PORT"'


def agent_that(installation: Installation, name: str, script: str) -> str:
    return installation.agent(name, adapter="command", command=["sh", "-c", script])


def test_preview_follow_up_and_merge_of_a_composed_variant(
    installation: Installation, origin: Path
) -> None:
    (origin / ".bakeoff.toml").write_text(
        f"[preview]\ncommand = '''{SERVE}'''\nautostart = false\n"
    )
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "-m", "Serve")
    # The first run writes a file, a further one reads what is there and goes on with it.
    goes_on = "test -f both.txt && cat a.txt b.txt >> both.txt || { echo %s > %s.txt; echo x > both.txt; }"
    agents = [
        agent_that(installation, "writes-a", goes_on % ("A", "a")),
        agent_that(installation, "writes-b", goes_on % ("B", "b")),
    ]
    project = installation.project(origin, "composing")
    task = installation.task(project, "Write files.", *agents)["id"]
    installation.wait_ended(task)

    picks = [{"variant": "A"}, {"variant": "B", "path": "b.txt"}]
    made = installation.post(f"tasks/{task}/compose", {"picks": picks})
    assert (made["letter"], made["state"], made["runs"]) == ("C", "ready", [])
    assert made["composition"]["summary"] == "A (2 files) and B (1 file)"

    # Its first preview makes the workspace, and begins with what was composed.
    installation.post(f"variants/{made['id']}/preview", {"action": "start"})

    def answers() -> str:
        preview = installation.get(f"variants/{made['id']}")["preview"]
        assert preview["state"] in ("starting", "ready"), preview
        return str(preview["url"] or "")

    url = eventually(answers, timeout_s=60, what="the preview")
    for name, text in (("a.txt", b"A\n"), ("b.txt", b"B\n")):
        with urllib.request.urlopen(url + name, timeout=60) as response:  # noqa: S310 - loopback
            assert response.read() == text

    # A follow-up goes on from there, in the same workspace.
    installation.post(f"variants/{made['id']}/messages", {"text": "Now join them."})

    def run_ended() -> bool:
        runs = installation.get(f"variants/{made['id']}")["runs"]
        return [run["state"] for run in runs] == ["succeeded"]

    eventually(run_ended, timeout_s=60, what="the follow-up")
    run = installation.get(f"variants/{made['id']}")["runs"][0]["id"]
    prompt = installation.get(f"runs/{run}")["prompt"]
    assert "put together from those of several agents" in prompt
    assert "Now join them." in prompt
    after = installation.get(f"variants/{made['id']}")
    assert after["head_commit"] != made["head_commit"]
    changed = installation.get(f"tasks/{task}/compare?left=base&right=C")["files"]
    assert [file["path"] for file in changed] == ["a.txt", "b.txt", "both.txt"]

    merged = installation.post(f"tasks/{task}/merge", {"variant": "C", "strategy": "merge"})
    assert merged["state"] == "merged"
    assert (origin / "both.txt").read_text() == "x\nA\nB\n"
    log = git(origin, "log", "--format=%B")
    assert "Composed-From: A" in log


KILLS = 4


def test_a_web_process_killed_while_it_composes_leaves_no_half_variant(
    mortal: Installation, origin: Path
) -> None:
    """Whatever moment it dies at: each new variant has its commit, its branch and its origin, or is not there."""
    agent = agent_that(mortal, "writes", "for i in 1 2 3 4 5; do echo $i > new-$i.txt; done")
    project = mortal.project(origin, "killed")
    task = mortal.task(project, "Write files.", agent)["id"]
    mortal.wait_ended(task)
    hub = next(mortal.data_dir.glob("hubs/*.git"))
    dice = random.Random(7)

    def compose() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            mortal.call("POST", f"tasks/{task}/compose", {"picks": [{"variant": "A"}]})

    for _ in range(KILLS):
        asked = threading.Thread(target=compose)
        asked.start()
        asked.join(dice.uniform(0, 0.25))
        kill(mortal.pids("uvicorn"))
        asked.join()
        eventually(mortal.answers, what="the web process")

    made = mortal.post(f"tasks/{task}/compose", {"picks": [{"variant": "A"}]})
    composed = mortal.get(f"tasks/{task}")["variants"][1:]
    assert [v["letter"] for v in composed] == list(LETTERS[1 : len(composed) + 1])
    assert composed[-1]["id"] == made["id"]
    for variant in composed:
        assert git(hub, "rev-parse", variant["branch"]) == variant["head_commit"]
        files = mortal.get(f"variants/{variant['id']}/composition")["files"]
        assert [file["whole"] for file in files] == [["A"]] * 5
        assert variant["files_changed"] == 5
