"""What agents do that they should not: it is shown as harmless text, and no work is lost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.installation import Installation, eventually, git

pytestmark = pytest.mark.system

NASTY = r"""
import os, sys
out = sys.stdout.buffer
out.write(b"\x1b[31mred\x1b[0m\x1b]0;title\x07 bell\n")
out.write(b"</script><img src=x onerror=alert(1)>\n")
out.write(b"\xff\xfe broken \x00 nul\n")
out.write(b"x" * 10_000_000 + b"\n")
out.write("snow ☃ \U0001f600\n".encode())
names = [b"new\nline.txt", b"quo\"te'.txt", "uni☃.txt".encode(), b"-rf", b"<b onclick=x>bold.txt", b"bad\xff.txt"]
for name in names:
    with open(name, "wb") as file:
        file.write(b"content\n")
out.write(b"torn last line")
out.flush()
os._exit(0)
"""


def begun(
    installation: Installation, origin: Path, name: str, program: str, **env: str
) -> dict[str, Any]:
    installation.agent(name, adapter="command", command=[sys.executable, "-c", program], env=env)
    return installation.task(installation.project(origin, name), "Go", name)


def one_run(installation: Installation, origin: Path, name: str, program: str) -> dict[str, Any]:
    return installation.wait_ended(begun(installation, origin, name, program)["id"])


def test_nasty_output_and_file_names_are_text(installation: Installation, origin: Path) -> None:
    task = one_run(installation, origin, "nasty", NASTY)
    variant = task["variants"][0]
    assert variant["state"] == "ready"
    run = variant["runs"][0]["id"]
    events = installation.events(run)
    messages = [event for event in events if event["kind"] == "message"]
    texts = [message["text"] for message in messages]
    assert texts[0].startswith("\x1b[31mred")
    assert texts[1] == "</script><img src=x onerror=alert(1)>"
    assert "�� broken � nul" in texts[2]
    assert messages[3]["truncated"] is True
    assert len(texts[3]) <= 70_000
    whole = installation.get(f"runs/{run}/events/{messages[3]['seq']}")
    assert len(whole["text"]) == 10_000_000
    assert texts[4:] == ["snow ☃ 😀", "torn last line"]
    files = installation.get(f"tasks/{task['id']}/compare?left=base&right=A")["files"]
    assert len(files) == 6, files
    for file in files:
        assert isinstance(file["path"], str)


WRECKER = r"""
import os, shutil, subprocess
def git(*args): subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", *args], check=True)
open("one.txt", "w").write("one\n"); git("add", "."); git("commit", "-q", "-m", "one")
open("two.txt", "w").write("two\n"); git("add", "."); git("commit", "-q", "-m", "two")
git("rebase", "-q", "--force-rebase", "HEAD~1")
git("checkout", "-q", "--detach")
subprocess.run("git for-each-ref --format='%(refname:short)' refs/heads | xargs git branch -D", shell=True)
print("branch deleted", flush=True)
"""


def test_an_agent_that_rebases_and_deletes_its_branch_loses_nothing(
    installation: Installation, origin: Path
) -> None:
    task = one_run(installation, origin, "wrecker", WRECKER)
    variant = task["variants"][0]
    assert (variant["state"], variant["files_changed"]) == ("ready", 2)
    merge = {"variant": variant["id"], "strategy": "merge"}
    merged = installation.post(f"tasks/{task['id']}/merge", merge)
    assert merged["state"] == "merged", merged
    assert (origin / "two.txt").read_text() == "two\n"


SUICIDE = r"""
import os, shutil, time
if os.path.exists("kept.txt"): print("kept.txt is there"); raise SystemExit
open("kept.txt", "w").write("kept\n")
while not os.path.exists(os.environ["GO"]): time.sleep(0.1)
shutil.rmtree(os.getcwd())
print("workspace deleted", flush=True)
"""


def test_a_deleted_workspace_keeps_the_last_snapshot_and_is_made_again_for_a_follow_up(
    installation: Installation, origin: Path, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    task = begun(installation, origin, "suicide", SUICIDE, GO=str(go))
    variant = task["variants"][0]

    def kept() -> bool:
        return bool(installation.get(f"variants/{variant['id']}")["files_changed"] == 1)

    eventually(kept, what="a Snapshot by timer")
    go.touch()
    installation.wait_ended(task["id"])
    assert kept()
    compared = installation.get(f"tasks/{task['id']}/compare?left=base&right=A")
    assert [file["path"] for file in compared["files"]] == ["kept.txt"]
    installation.post(f"variants/{variant['id']}/messages", {"text": "Go on."})
    again = eventually(lambda: installation.runs(task["id"])[1:], what="a second run")
    assert installation.wait_ended(task["id"])["variants"][0]["state"] == "ready"
    texts = [event.get("text", "") for event in installation.events(again[0]["id"])]
    assert "kept.txt is there" in texts
    assert any("The workspace was gone" in text for text in texts)


HOOKER = r"""
import os, subprocess
canary = os.environ["CANARY"]
common = subprocess.run(["git", "rev-parse", "--git-common-dir"], capture_output=True, text=True).stdout.strip()
os.makedirs(common + "/hooks", exist_ok=True)
for hook in ("post-checkout", "pre-commit", "post-commit", "reference-transaction", "post-merge", "pre-push"):
    path = common + "/hooks/" + hook
    open(path, "w").write("#!/bin/sh\necho " + hook + " >> " + canary + "\n"); os.chmod(path, 0o755)
for key in ("filter.evil.clean", "filter.evil.smudge", "merge.evil.driver", "core.fsmonitor", "diff.evil.textconv"):
    subprocess.run(["git", "config", key, "sh -c 'echo " + key + " >> " + canary + "; cat'"], check=True)
open(".gitattributes", "w").write("* filter=evil merge=evil diff=evil\n")
open("README.md", "a").write("changed\n")
"""


def test_what_an_agent_plants_in_git_never_runs(
    installation: Installation, origin: Path, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    installation.agent(
        "hooker",
        adapter="command",
        command=[sys.executable, "-c", HOOKER],
        env={"CANARY": str(canary)},
    )
    task = installation.task(installation.project(origin, "hooker"), "Go", "hooker")
    variant = installation.wait_ended(task["id"])["variants"][0]
    workspace = installation.data_dir / "worktrees" / str(task["id"]) / "A"
    assert not canary.exists(), canary.read_text()
    installation.get(f"tasks/{task['id']}/diff?left=base&right=A&path=README.md")
    merge = {"variant": variant["id"], "strategy": "merge"}
    assert installation.post(f"tasks/{task['id']}/merge", merge)["state"] == "merged"
    assert not canary.exists(), canary.read_text()
    git(workspace, "add", "README.md")  # the traps themselves work
    assert canary.exists()
    assert "changed" in (origin / "README.md").read_text()
