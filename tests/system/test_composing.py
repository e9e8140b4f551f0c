"""A variant that a person composed lives like any other: preview, follow-up, merge."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from tests.support.installation import Installation, eventually, git

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
        with urllib.request.urlopen(url + name, timeout=10) as response:  # noqa: S310 - loopback
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
