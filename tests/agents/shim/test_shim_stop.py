"""Stopping, clocks, and what is left when somebody is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from agents.bundle import Bundle, BundleBusyError, ShimError, shim_launch
from agents.shim import runner
from tests.support.bundles import Bench, wait_for

# Each child ignores SIGTERM and hides in another way; the last sheds the mark and its parent too.
STUBBORN = """
trap '' TERM INT HUP
(trap '' TERM; while true; do sleep 1; done) &
setsid sh -c "trap '' TERM; while true; do sleep 1; done" &
sh -c "setsid sh -c \\"trap '' TERM; while true; do sleep 1; done\\" &"
(env -i PATH=$PATH setsid sh -c "trap '' TERM; (while true; do sleep 1; done) &
while true; do sleep 1; done" &)
echo up
while true; do sleep 1; done
"""


def pids_with(text: str) -> set[int]:
    """Processes with `text` in their command line, whatever else is known about them."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in line and int(entry.name) != os.getpid():
                found.add(int(entry.name))
    return found


def looked(bundle: Bundle) -> set[int]:
    """Whom the shim has seen at its last look."""
    return {pid for pid, _ in json.loads(bundle.shim_path.read_text())["processes"]}


def shim_pid(bundle: Bundle) -> int:
    info = bundle.shim()
    assert info is not None
    return info.pid


def shim_kill(bundle: Bundle) -> None:
    os.kill(shim_pid(bundle), signal.SIGKILL)
    wait_for(lambda: not bundle.shim_alive(), "the shim's death")


@pytest.mark.parametrize("by", ["stop", "kill", "SIGTERM", "wall"])
def test_all_is_gone_in_ten_seconds(bench: Bench, by: str, tmp_path: Path) -> None:
    # every process of it has this directory in its command line
    script = STUBBORN.replace("sleep 1;", f": {tmp_path}; sleep 1;")
    # However long one would wait for it to end politely: this is bounded.
    bundle = bench.create(bench.sh(script), limits={"wall_s": 1000.0, "grace_s": 1000.0})
    bench.launch_clocked(bundle)
    bench.wait_printed(bundle, "up")
    wait_for(lambda: len(bundle.processes()) >= 8, "all children")
    if by == "SIGTERM":
        os.kill(shim_pid(bundle), signal.SIGTERM)
    elif by == "wall":
        bench.later(bundle, 1000.0)
    else:
        bundle.control(by, id="the-end")
    info = bench.ended(bundle)
    reasons = {"stop": "stopped", "SIGTERM": "stopped", "kill": "killed", "wall": "timeout"}
    assert info.reason == reasons[by]
    assert info.signal == signal.SIGKILL
    assert bundle.processes() == []
    assert pids_with(str(tmp_path)) == set()
    names = {"stop": "control", "SIGTERM": "signal", "kill": "control", "wall": "timeout"}
    assert [d["by"] for d in bench.sys(bundle, "stop")] == [names[by]]


def test_all_that_stopping_waits_for_takes_less_than_ten_seconds() -> None:
    assert 2 * runner.GRACE_MAX_S + runner.KILL_S + runner.REAP_S < 10


def test_a_polite_agent_is_asked_in_its_own_way(bench: Bench) -> None:
    bundle = bench.create(
        bench.sh(
            "trap '' TERM; while read line; do echo got $line; done; echo bye", stdin_open=True
        ),
        interrupt='{"interrupt":1}\n',
    )
    bench.launch_clocked(bundle, stands=True)
    bundle.control("stdin", id="1", text="hello\n")
    bench.wait_printed(bundle, "got hello")
    bundle.control("stop", id="2")
    info = bench.ended(bundle)
    assert (info.reason, info.code, info.signal) == ("stopped", 0, None)
    assert bench.printed(bundle) == ["got hello", 'got {"interrupt":1}', "bye"]
    assert bench.printed(bundle, "in") == ["hello", '{"interrupt":1}']


def test_a_kill_cuts_a_polite_stop_short(bench: Bench) -> None:
    bundle = bench.create(
        bench.sh("trap '' TERM; echo up; while :; do sleep 1; done", stdin_open=True),
        interrupt="please\n",
    )
    bench.launch_clocked(bundle, stands=True)  # unasked, it has all time to be polite
    bench.wait_printed(bundle, "up")
    bundle.control("stop", id="1")
    wait_for(lambda: bench.sys(bundle, "stop"), "the stop")
    bundle.control("kill", id="2")
    assert bench.ended(bundle).signal == signal.SIGKILL


def test_a_setup_that_is_stopped_says_so(bench: Bench) -> None:
    bundle = bench.start(bench.sh("echo up; exec sleep 600", name="setup"), bench.sh("echo never"))
    bench.wait_printed(bundle, "up")
    bundle.control("stop", id="1")
    info = bench.ended(bundle)
    assert (info.reason, info.step) == ("stopped", "setup")
    assert [end["reason"] for end in bench.sys(bundle, "step-end")] == ["stopped"]


def test_an_agent_that_ended_before_the_stop_has_ended_by_itself(bench: Bench) -> None:
    bundle = bench.start(bench.sh("exit 0"))
    bench.ended(bundle)
    bundle.control("stop", id="late")
    info = bundle.exit()
    assert info is not None
    assert info.reason == "exited"


def test_a_stop_in_setup_keeps_the_agent_from_starting(bench: Bench) -> None:
    bundle = bench.start(bench.sh("echo up; sleep 60", name="setup"), bench.sh("echo never"))
    wait_for(lambda: "up" in bench.printed_now(bundle), "setup")
    bundle.control("stop", id="1")
    info = bench.ended(bundle)
    assert (info.reason, info.step) == ("stopped", "setup")
    assert [d["step"] for d in bench.sys(bundle, "step-start")] == ["setup"]


def test_a_stop_given_before_the_start_is_heard(bench: Bench) -> None:
    bundle = bench.create(bench.sh("echo never"))
    bundle.control("stop", id="1")
    shim_launch(bundle)
    assert bench.ended(bundle).reason == "stopped"
    assert bench.sys(bundle, "step-start") == []


def test_a_silent_agent_meets_the_idle_clock(bench: Bench) -> None:
    os.mkfifo(bench.root / "go")
    # dots without a newline are output too
    bundle = bench.create(
        bench.sh("while read go; do printf .; done < go; sleep 600"), limits={"idle_s": 100.0}
    )
    bench.launch_clocked(bundle)

    def shown(dots: str) -> bool:
        return "".join(bench.printed_now(bundle)) == dots

    with (bench.root / "go").open("w", buffering=1) as go:
        for dots in (".", "..", "..."):
            bench.later(bundle, 60.0)
            go.write("go\n")
            wait_for(partial(shown, dots), "another dot")
    bench.later(bundle, 100.0)
    assert bench.ended(bundle).reason == "idle_timeout"
    assert bench.printed(bundle) == ["..."]


def test_held_clocks_stand_still(bench: Bench) -> None:
    bundle = bench.create(bench.sh("echo up; cat", stdin_open=True), limits={"idle_s": 100.0})
    bundle.control("note", id="1", d={"ev": "ask"}, clock="hold")
    bundle.control("note", id="2", d={"ev": "ask"}, clock="hold")  # a switch, not a counter
    bench.launch_clocked(bundle)
    bench.wait_printed(bundle, "up")
    bench.later(bundle, 1000.0)
    assert bundle.exit() is None
    bundle.control("note", id="3", d={"ev": "answer"}, clock="release")
    bench.later(bundle, 60.0)
    assert bundle.exit() is None  # it goes on where it stood
    bench.later(bundle, 60.0)
    assert bench.ended(bundle).reason == "idle_timeout"


def test_the_wall_clock_runs_over_all_steps(bench: Bench) -> None:
    os.mkfifo(bench.root / "go")
    bundle = bench.create(
        bench.sh("cat go", name="setup"),
        bench.sh("echo up; sleep 600"),
        limits={"wall_s": 100.0},
    )
    bench.launch_clocked(bundle)
    bench.later(bundle, 60.0)
    (bench.root / "go").write_text("go\n")
    bench.wait_printed(bundle, "up")
    bench.later(bundle, 60.0)
    info = bench.ended(bundle)
    assert (info.reason, info.step) == ("timeout", "agent")


# A suite that was started in the background has SIGINT ignored, one by nohup SIGHUP: not so this process.
LAUNCHER = """
import signal, sys
from pathlib import Path
for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
from agents.bundle import Bundle, shim_launch
shim_launch(Bundle(Path(sys.argv[1])))
print("launched", flush=True)
sys.stdin.read()
"""


def launcher(bundle: Bundle) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(bundle.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        start_new_session=True,
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_run_goes_on_when_its_launcher_is_killed(bench: Bench, number: int) -> None:
    bundle = bench.create(bench.sh("while read line; do echo got $line; done", stdin_open=True))
    with launcher(bundle) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "launched\n"
        os.killpg(process.pid, number)
        process.wait(timeout=60)
    bundle.control("stdin", id="1", text="still there\n")
    bench.wait_printed(bundle, "got still there")
    bundle.control("eof", id="2")
    assert bench.ended(bundle).code == 0


def test_hangup_and_interrupt_do_not_reach_the_shim(bench: Bench) -> None:
    bundle = bench.start(bench.sh("read line; echo got $line", stdin_open=True))
    os.kill(shim_pid(bundle), signal.SIGHUP)
    os.kill(shim_pid(bundle), signal.SIGINT)
    bundle.control("stdin", id="1", text="x\n")
    assert bench.ended(bundle).code == 0


def test_many_launchers_start_one_shim(bench: Bench) -> None:
    bundle = bench.create(bench.sh("echo $$ >> started; sleep 0.5"))
    processes = [launcher(bundle) for _ in range(6)]
    for process in processes:
        assert process.communicate()[0] == "launched\n"
        assert process.returncode == 0
    bench.ended(bundle)
    assert len((bench.root / "started").read_text().splitlines()) == 1
    assert len(bench.sys(bundle, "step-start")) == 1


def test_nothing_is_left_of_a_killed_shim(bench: Bench, tmp_path: Path) -> None:
    """Its agent dies with it; what hid is found by mark, session, and the shim's last look."""
    script = STUBBORN.replace("sleep 1;", f": {tmp_path}; sleep 1;")
    bundle = bench.start(bench.sh(script))
    bench.wait_printed(bundle, "up")
    # the shim looks around at each heartbeat
    wait_for(lambda: pids_with(f": {tmp_path}") <= looked(bundle), "a look at all of them")
    agent = bench.sys(bundle, "step-start")[0]["pid"]
    shim_kill(bundle)
    wait_for(lambda: agent not in pids_with(str(tmp_path)), "the agent's death")
    assert bundle.exit() is None
    assert bundle.processes() != []
    bundle.kill_processes()
    assert bundle.processes() == []
    wait_for(lambda: pids_with(str(tmp_path)) == set(), "all gone")


def test_what_shed_its_mark_is_found_by_its_session(bench: Bench, tmp_path: Path) -> None:
    bundle = bench.start(bench.sh(f"(env -i /bin/sh -c ': {tmp_path}; sleep 60; :' &); sleep 60"))
    wait_for(lambda: pids_with(f"/bin/sh\0-c\0: {tmp_path}"), "the child")
    wait_for(lambda: '"leaders": []' not in bundle.shim_path.read_text(), "its session known")
    shim_kill(bundle)
    shim = json.loads(bundle.shim_path.read_text())
    bundle.shim_path.write_text(
        json.dumps({**shim, "processes": []})
    )  # before it had a look around
    wait_for(lambda: bundle.processes() != [], "the child found")
    bundle.kill_processes()
    wait_for(lambda: pids_with(str(tmp_path)) == set(), "all gone")


def test_a_killed_shim_leaves_a_journal_to_go_on_with(bench: Bench) -> None:
    bundle = bench.start(bench.sh("echo $TOKEN; sleep 60", env={"TOKEN": "s3cret-token"}))
    bench.wait_printed(bundle, "s3cret-token")
    with pytest.raises(BundleBusyError):
        bundle.append_sys({"ev": "end"}, t=1.0)
    shim_kill(bundle)
    with bundle.journal_path.open("ab") as file:
        file.write(b'{"n":3,"t":1,"st')  # torn by the kill
    bundle.control("note", id="n1", d={"ev": "snapshot"})
    assert bundle.append_missing([], t=1.0) == 1
    assert bundle.append_missing([], t=1.0) == 0
    n = bundle.append_sys({"ev": "end"}, t=2.0, id="end")
    assert bundle.append_sys({"ev": "end"}, t=3.0, id="end") == n
    lines = bench.lines(bundle)
    assert [line.d for line in lines[-2:]] == [{"ev": "snapshot"}, {"ev": "end"}]
    assert lines[-1].n == n
    with pytest.raises(ShimError, match="died"):
        shim_launch(bundle)
    bundle.kill_processes()


def test_a_shim_killed_in_setup_leaves_secrets_until_they_are_scrubbed(bench: Bench) -> None:
    bundle = bench.start(
        bench.sh("echo up; sleep 60", name="setup"),
        bench.sh("true", env={"TOKEN": "s3cret-token"}, stdin="s3cret-prompt"),
    )
    wait_for(lambda: "up" in bench.printed_now(bundle), "setup")
    shim_kill(bundle)
    assert "s3cret" in bundle.spec_path.read_text()
    bundle.scrub()
    assert "s3cret" not in bundle.spec_path.read_text()
