"""kill -9 of any of our processes in the middle of a run: nothing lost, nothing twice, the run ends."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.installation import Installation, eventually, kill

pytestmark = pytest.mark.system

LINES = 120
# Each line is counted by the agent itself; it goes on while nobody listens, and waits before the last ones.
COUNTER = f"""
i=0
while [ $i -lt {LINES} ]; do
    i=$((i+1)); echo line $i; sleep 0.1
    while [ $i = {LINES - 20} ] && [ ! -e $GO ]; do sleep 0.1; done
done
echo end > end.txt
"""


def counting_run(installation: Installation, origin: Path) -> tuple[int, str]:
    """A task whose run is in the middle of its output."""
    env = {"GO": str(go_path(installation))}
    installation.agent("counter", adapter="command", command=["sh", "-c", COUNTER], env=env)
    task = installation.task(installation.project(origin), "Count", "counter")
    run = task["variants"][0]["runs"][0]["id"]
    eventually(lambda: len(messages(installation, run)) > 10, what="the first lines")
    return task["id"], run


def go_path(installation: Installation) -> Path:
    return installation.data_dir.with_name("go")


def messages(installation: Installation, run: str) -> list[str]:
    return [e["text"] for e in installation.events(run) if e["kind"] == "message"]


def assert_whole(installation: Installation, task: int, run: str) -> None:
    go_path(installation).touch()
    done = installation.wait_ended(task, timeout_s=90)
    variant = done["variants"][0]
    assert variant["state"] == "ready", variant
    assert variant["files_changed"] == 1
    events = installation.events(run)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    said = [event["text"] for event in events if event["kind"] == "message"]
    assert said == [f"line {n}" for n in range(1, LINES + 1)]
    assert [event["kind"] for event in events].count("end") == 1
    assert events[-1]["kind"] == "end"


def workers(installation: Installation) -> list[int]:
    return installation.pids("celery", "worker")


def redis(installation: Installation) -> list[int]:
    return installation.pids("valkey-server") or installation.pids("redis-server")


def webs(installation: Installation) -> list[int]:
    return installation.pids("uvicorn")


@pytest.mark.parametrize("victims", [workers, redis, webs], ids=["worker", "redis", "web"])
def test_a_killed_part_is_started_again_and_the_run_goes_on(
    mortal: Installation, origin: Path, victims: Callable[[Installation], list[int]]
) -> None:
    task, run = counting_run(mortal, origin)
    before = victims(mortal)
    kill(before)
    eventually(lambda: set(victims(mortal)) - set(before), what="a new process")
    eventually(mortal.answers, what="the API")
    assert_whole(mortal, task, run)


def test_a_killed_supervisor_loses_nothing(mortal: Installation, origin: Path) -> None:
    task, run = counting_run(mortal, origin)
    mortal.kill()
    eventually(lambda: not (workers(mortal) or webs(mortal) or redis(mortal)), what="their end")
    assert mortal.pids("agents/shim"), "the agent goes on"
    mortal.up()
    assert_whole(mortal, task, run)


def test_ctrl_c_leaves_the_run_to_the_next_start(mortal: Installation, origin: Path) -> None:
    task, run = counting_run(mortal, origin)
    assert mortal.process is not None
    mortal.process.send_signal(signal.SIGINT)
    mortal.process.wait(60)
    assert mortal.pids("agents/shim"), "the agent goes on"
    mortal.up()
    assert_whole(mortal, task, run)


def test_a_killed_shim_is_a_lost_run_whose_work_is_kept(mortal: Installation, origin: Path) -> None:
    script = "echo kept > kept.txt; echo begun; while :; do sleep 0.2; done"
    mortal.agent("endless", adapter="command", command=["sh", "-c", script])
    task = mortal.task(mortal.project(origin), "Go", "endless")
    run = task["variants"][0]["runs"][0]["id"]
    eventually(lambda: messages(mortal, run) == ["begun"])
    kill(mortal.pids("agents/shim", run))
    done = mortal.wait_ended(task["id"])
    assert done["variants"][0]["state"] == "lost"
    assert done["variants"][0]["files_changed"] == 1
    assert done["variants"][0]["runs"][0]["failure"]["code"] == "run.lost"
    assert mortal.pids("sleep 0.2") == []
