"""From a spec to a merged variant, through the API of a real installation."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.support.installation import Installation, eventually, git

pytestmark = pytest.mark.system


def test_a_program_of_ones_own_answers_a_spec_and_is_merged(
    installation: Installation, origin: Path
) -> None:
    script = "cat > answer.txt; echo said; echo louder >&2; printf '%s\\n' more >> README.md"
    installation.agent("own-program", adapter="command", command=["sh", "-c", script])
    project = installation.project(origin)
    task = installation.task(
        project,
        "Say it\nin two lines",
        variants=[{"agent": "own-program", "strategy": "Be brief."}, {"agent": "own-program"}],
    )
    assert [variant["letter"] for variant in task["variants"]] == ["A", "B"]
    done = installation.wait_ended(task["id"])
    first, second = done["variants"]
    assert (first["state"], second["state"]) == ("ready", "ready")
    assert first["files_changed"] == 2
    lines = [
        e["text"] for e in installation.events(first["runs"][0]["id"]) if e["kind"] == "message"
    ]
    assert sorted(lines) == ["louder", "said"]

    merged = installation.call(
        "POST", f"tasks/{task['id']}/merge", {"variant": first["id"], "strategy": "squash"}
    )
    assert (merged.status, merged.body["state"]) == (200, "merged"), merged
    assert git(origin, "rev-parse", "main") == merged.body["commit"]
    assert (
        origin / "answer.txt"
    ).read_text() == "Say it\nin two lines\n\n## Strategy\n\nBe brief.\n"
    assert git(origin, "status", "--porcelain") == ""
    assert installation.get(f"tasks/{task['id']}")["state"] == "merged"
    again = installation.call(
        "POST", f"tasks/{task['id']}/merge", {"variant": first["id"], "strategy": "squash"}
    )
    assert (again.status, bool(again.body["code"])) == (409, True)


def test_two_simultaneous_merges_make_one(installation: Installation, origin: Path) -> None:
    installation.agent("toucher", adapter="command", command=["sh", "-c", "date +%N > new.txt"])
    task = installation.task(installation.project(origin, "race"), "Go", "toucher", "toucher")
    variants = installation.wait_ended(task["id"])["variants"]
    answers = []

    def merge(variant: int) -> None:
        body = {"variant": variant, "strategy": "merge"}
        answers.append(installation.call("POST", f"tasks/{task['id']}/merge", body))

    threads = [threading.Thread(target=merge, args=[v["id"]]) for v in variants for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409], answers
    assert git(origin, "rev-list", "--count", "--merges", "main") == "1"


def test_a_dirty_checkout_refuses_and_a_conflict_changes_nothing(
    installation: Installation, origin: Path
) -> None:
    installation.agent("liner", adapter="command", command=["sh", "-c", "echo agent > README.md"])
    task = installation.task(installation.project(origin, "careful"), "Go", "liner")
    variant = installation.wait_ended(task["id"])["variants"][0]
    merge = {"variant": variant["id"], "strategy": "squash"}

    (origin / "calc.py").write_text("mine, not committed\n")
    refused = installation.call("POST", f"tasks/{task['id']}/merge", merge)
    assert refused.body["state"] == "refused", refused
    assert (origin / "calc.py").read_text() == "mine, not committed\n"

    git(origin, "checkout", "--quiet", "calc.py")
    (origin / "README.md").write_text("theirs\n")
    git(origin, "commit", "--quiet", "-am", "Meanwhile")
    before = git(origin, "rev-parse", "main")
    conflict = installation.call("POST", f"tasks/{task['id']}/merge", merge)
    assert conflict.body["state"] == "conflict", conflict
    assert "README.md" in str(conflict.body["conflicts"])
    assert git(origin, "rev-parse", "main") == before
    assert installation.get(f"tasks/{task['id']}")["state"] == "ready"


def test_a_permission_is_asked_answered_and_followed_up(
    installation: Installation, origin: Path
) -> None:
    project = installation.project(origin, "asking")
    spec = "[[ask echo yes > allowed.txt]] [[ask echo no > denied.txt]] [[final Done]]"
    task = installation.task(project, spec, "demo")
    run = task["variants"][0]["runs"][0]["id"]

    def request(number: int) -> str | None:
        asked = [e for e in installation.events(run) if e["kind"] == "permission_request"]
        return str(asked[number]["request"]) if len(asked) > number else None

    first = eventually(lambda: request(0), what="the first question")
    eventually(lambda: installation.get(f"runs/{run}")["state"] == "waiting")
    assert installation.get(f"tasks/{task['id']}")["state"] == "needs_you"
    installation.post(f"runs/{run}/permissions/{first}", {"decision": "allow"})
    second = eventually(lambda: request(1), what="the second question")
    installation.post(f"runs/{run}/permissions/{second}", {"decision": "deny", "message": "No."})
    variant = installation.wait_ended(task["id"])["variants"][0]
    assert variant["state"] == "ready"
    compared = installation.get(f"tasks/{task['id']}/compare?left=base&right=A")
    assert [file["path"] for file in compared["files"]] == ["allowed.txt"]

    installation.post(f"variants/{variant['id']}/messages", {"text": "[[recall]]"})
    eventually(lambda: len(installation.runs(task["id"])) == 2)
    installation.wait_ended(task["id"])
    later = installation.events(installation.runs(task["id"])[1]["id"])
    assert any("denied.txt" in str(e.get("text")) for e in later if e["kind"] == "message")


def test_a_stop_keeps_the_work_and_leaves_no_process(
    installation: Installation, origin: Path
) -> None:
    stubborn = "echo kept > kept.txt; trap '' TERM INT; (trap '' TERM; sleep 300) & while :; do sleep 1; done"
    installation.agent("stubborn", adapter="command", command=["sh", "-c", stubborn])
    task = installation.task(installation.project(origin, "stopping"), "Go", "stubborn")
    variant = task["variants"][0]
    run = variant["runs"][0]["id"]
    eventually(lambda: installation.get(f"runs/{run}")["state"] == "running")
    workspace = installation.data_dir / "worktrees" / str(task["id"]) / "A"
    eventually(lambda: (workspace / "kept.txt").exists())
    installation.post(f"variants/{variant['id']}/stop", {})
    done = installation.wait_ended(task["id"])
    assert done["variants"][0]["state"] == "stopped"
    assert done["variants"][0]["files_changed"] == 1
    assert installation.pids("sleep 300") == []


def test_slots_hold_the_rest_back(tmp_path: Path, origin: Path) -> None:
    small = Installation(tmp_path / "small", env={"BAKEOFF_SLOTS": "1"})
    small.up()
    try:
        go = tmp_path / "go"
        waits = f"until [ -e {go} ]; do sleep 0.1; done; echo x > x"
        small.agent("waiter", adapter="command", command=["sh", "-c", waits])
        task = small.task(small.project(origin), "Go", "waiter", "waiter", "waiter")

        def states() -> list[str]:
            return [run["state"] for run in small.runs(task["id"])]

        eventually(lambda: "running" in states(), what="the first one")
        assert states().count("queued") == 2
        go.touch()
        done = small.wait_ended(task["id"])
        assert [variant["state"] for variant in done["variants"]] == ["ready"] * 3
    finally:
        small.down()


def test_copied_files_reach_the_workspace_and_never_the_answer(
    installation: Installation, origin: Path
) -> None:
    (origin / ".bakeoff.toml").write_text(
        'copy = [".env", "local/*.conf"]\nsetup = "test -f .env"\n'
    )
    git(origin, "add", ".bakeoff.toml")
    git(origin, "commit", "--quiet", "-m", "Say what to copy")
    (origin / ".env").write_text("KEY=of-the-person\n")
    (origin / "local").mkdir()
    (origin / "local" / "dev.conf").write_text("debug\n")
    installation.agent(
        "reader", adapter="command", command=["sh", "-c", "cat .env local/dev.conf; echo x > made"]
    )
    task = installation.task(installation.project(origin, "copying"), "Go", "reader")
    variant = installation.wait_ended(task["id"])["variants"][0]
    events = installation.events(variant["runs"][0]["id"])
    assert [e["text"] for e in events if e["kind"] == "message"] == ["KEY=of-the-person", "debug"]
    files = installation.get(f"tasks/{task['id']}/compare?left=base&right=A")["files"]
    assert [file["path"] for file in files] == ["made"]


def test_setup_that_fails_is_said_with_its_log(installation: Installation, origin: Path) -> None:
    (origin / ".bakeoff.toml").write_text(
        'setup = ["echo getting ready", "echo no compiler; exit 7"]\n'
    )
    git(origin, "add", ".bakeoff.toml")
    git(origin, "commit", "--quiet", "-m", "Set up")
    task = installation.task(installation.project(origin, "setting-up"), "Go", "demo")
    variant = installation.wait_ended(task["id"])["variants"][0]
    failure = variant["runs"][0]["failure"]
    assert (variant["state"], failure["code"]) == ("failed", "setup.failed")
    assert "no compiler" in failure["last_lines"]
