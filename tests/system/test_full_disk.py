"""A full disk: nothing is lost, what people see is clear, and all goes on by itself once there is room."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.supervisor.places import Places
from orchestrator.supervisor.probe import redis_answers
from orchestrator.supervisor.pulse import pulse_read
from tests.support.installation import Installation, eventually, git, kill
from tests.support.small_disk import fill, room, small_disk

pytestmark = pytest.mark.system

# It says how far it is, fills the disk in its own workspace, and goes on as well as it can.
FILLER = r"""
import os, time
def say(text): print(text, flush=True)
for n in range(20): say(f"before {n}")
open("before.txt", "w").write("before\n")
junk = os.open("junk.bin", os.O_WRONLY | os.O_CREAT)
for size in (1 << 16, 1):
    try:
        while True: os.write(junk, b"x" * size)
    except OSError: pass
n = 0
while os.path.exists("junk.bin"):
    say(f"during {n} " + "y" * 500)
    n += 1
    time.sleep(0.05)
open("after.txt", "w").write("after\n")
say(f"after {n}")
"""
COUNTER = (
    "i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo line $i; sleep 0.1; done; echo end > end.txt"
)
ENDLESS = "echo kept > kept.txt; i=0; while :; do i=$((i+1)); echo line $i; sleep 0.2; done"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", size_mb=96) as path:
        yield path


@pytest.fixture
def cramped(disk: Path) -> Iterator[Installation]:
    """An installation with all its data, and its log, on a small disk."""
    made = Installation(disk / "data")
    made.up()
    yield made
    (disk / "filler").unlink(missing_ok=True)
    made.down()


@pytest.fixture
def project(cramped: Installation, origin: Path) -> int:
    (origin / ".gitignore").write_text("*.bin\n")
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "-m", "Ignore")
    return cramped.project(origin)


def browser(installation: Installation) -> Callable[[str], tuple[int, str]]:
    """A signed-in person's GET."""
    link = re.findall(r"http://\S+/login\?code=\S+", installation.log_path.read_text())[-1]
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    opener.open(link, timeout=60).close()

    def get(path: str) -> tuple[int, str]:
        try:
            with opener.open(installation.url + path, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return get


def assert_clear(answer: Any) -> None:
    """Done, or refused with the reason; never just broken."""
    if answer.status >= 400:
        assert (answer.status, answer.body["code"]) == (507, "disk.full"), answer
        assert "Make room" in answer.body["message"]


def refused(installation: Installation) -> bool:
    """Small things may still be stored for a while; large ones show that the disk is full."""
    large = {"name": "large", "adapter": "command", "command": ["true"], "env": {"A": "x" * 30_000}}
    answer = installation.call("POST", "agents", large)
    assert_clear(answer)
    if answer.status != 507:
        assert_clear(installation.call("DELETE", f"agents/{answer.body['id']}"))
    return answer.status == 507


def redis_takes(installation: Installation) -> Callable[[], bool]:
    socket = Places(installation.data_dir).redis_socket
    return lambda: asyncio.run(redis_answers(socket))


def said(installation: Installation, run: str) -> list[str]:
    events = installation.events(run)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["kind"] for event in events].count("end") == 1
    return [event["text"] for event in events if event["kind"] == "message"]


def test_an_agent_that_fills_the_disk_loses_nothing_and_stops_nobody_for_good(
    cramped: Installation, project: int, disk: Path
) -> None:
    get = browser(cramped)
    cramped.agent("filler", adapter="command", command=[sys.executable, "-c", FILLER])
    cramped.agent("counter", adapter="command", command=["sh", "-c", COUNTER])
    task = cramped.task(project, "Go", "filler", "counter")
    assert cramped.process is not None
    supervisor = cramped.process.pid
    eventually(lambda: room(disk) == 0, what="a full disk")
    eventually(lambda: refused(cramped), what="a refusal")

    # The worker lives through it, though Redis takes nothing more.
    before = cramped.pids("celery", "worker")
    redis = redis_takes(cramped)
    eventually(lambda: not redis(), what="a Redis that refuses")
    pulse = Places(cramped.data_dir).pulse
    began = pulse_read(pulse)
    assert began is not None

    def beats() -> bool:
        now = pulse_read(pulse)
        return now is not None and now.pid == began.pid and now.written_at > began.written_at + 5

    eventually(beats, what="the same worker's pulse")

    # Now one of our own parts is killed on top of it.
    kill(before)
    eventually(lambda: set(cramped.pids("celery", "worker")) - set(before), what="another worker")
    for path in ("", "/compare?left=base&right=A"):
        assert_clear(cramped.call("GET", f"tasks/{task['id']}{path}"))
    status, page = get(f"/tasks/{task['id']}")
    assert status in (200, 507)
    assert "disk that holds Bakeoff" in page
    later = cramped.call(
        "POST",
        "tasks",
        {"project": project, "title": "Later", "spec": "Go", "variants": [{"agent": "counter"}]},
    )
    assert_clear(later)
    for run in cramped.runs(task["id"]):
        assert run["state"] not in ("failed", "lost"), run

    (cramped.data_dir / "worktrees" / str(task["id"]) / "A" / "junk.bin").unlink()
    done = cramped.wait_ended(task["id"], timeout_s=120)
    assert [variant["state"] for variant in done["variants"]] == ["ready", "ready"]
    filler, counter = (variant["runs"][0]["id"] for variant in done["variants"])
    lines = said(cramped, filler)
    during = [line for line in lines if line.startswith("during")]
    assert [line.split()[1] for line in during] == [str(n) for n in range(len(during))]
    assert lines[:20] == [f"before {n}" for n in range(20)]
    assert lines[-1] == f"after {len(during)}"
    assert said(cramped, counter) == [f"line {n}" for n in range(1, 201)]
    for letter, names in (("A", {"before.txt", "after.txt"}), ("B", {"end.txt"})):
        compared = cramped.get(f"tasks/{task['id']}/compare?left=base&right={letter}")
        assert {file["path"] for file in compared["files"]} == names
    if later.status < 400:
        # It waited; it did not fail.
        assert cramped.wait_ended(later.body["id"])["variants"][0]["state"] == "ready"
    after = cramped.task(project, "Again", "counter")
    assert cramped.wait_ended(after["id"])["variants"][0]["state"] == "ready"
    assert not refused(cramped)
    assert cramped.process.poll() is None
    assert cramped.process.pid == supervisor
    assert "disk that holds Bakeoff" not in get("/")[1]


def test_with_a_full_disk_agents_can_be_stopped_and_up_says_what_is_the_matter(
    cramped: Installation, project: int, disk: Path
) -> None:
    cramped.agent("endless", adapter="command", command=["sh", "-c", ENDLESS])
    task = cramped.task(project, "Go", "endless")
    run = task["variants"][0]["runs"][0]["id"]

    def lines() -> list[str]:
        return [e["text"] for e in cramped.events(run) if e["kind"] == "message"]

    eventually(lines, what="its words")
    fill(disk / "filler")
    eventually(lambda: refused(cramped), what="a refusal")
    (disk / "filler").unlink()
    count = len(lines())
    eventually(lambda: len(lines()) > count + 10, what="the run to go on by itself")
    fill(disk / "filler")
    assert cramped.pids("agents/shim", run)
    cramped.down()
    eventually(lambda: not cramped.pids("kept.txt"), what="the agent's end")

    fill(disk / "filler")  # what the parts that ended have given back
    start = subprocess.run(
        [str(Path(sys.prefix) / "bin" / "bakeoff"), "up", f"--data-dir={cramped.data_dir}"],
        env=cramped.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert start.returncode != 0
    assert re.search("The disk of .* is full. Make room", start.stdout), start
    for word in ("celery", "uvicorn", "valkey-server"):
        assert not cramped.pids(word)

    (disk / "filler").unlink()
    cramped.up()
    ended = cramped.wait_ended(task["id"])["variants"][0]
    assert (ended["state"], ended["files_changed"]) == ("stopped", 1)
    done = said(cramped, run)
    assert done == [f"line {n}" for n in range(1, len(done) + 1)]
    assert len(done) > count
