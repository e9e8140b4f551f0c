"""What a Run leaves in its bundle when nobody stops it."""

from __future__ import annotations

import json
import os
import resource
import stat
from pathlib import Path

import pytest

from agents.adapters.registry import adapter_get
from agents.bundle import shim_launch
from orchestrator.services.run_ending import exit_of
from tests.support.bundles import PATH, Bench, bundle_delete, wait_for

RSS_LIMIT_KB = 15 * 1024


def test_steps_run_in_order_and_all_is_journalled(bench: Bench) -> None:
    bundle = bench.start(
        bench.sh("echo one > f; echo made", name="setup"),
        bench.sh("cat f; echo oops >&2; exit 3"),
    )
    info = bench.ended(bundle)
    assert (info.code, info.signal, info.reason, info.step) == (3, None, "exited", "agent")
    assert info.last_n == len(bench.lines(bundle))
    assert bench.printed(bundle, step="setup") == ["made"]
    assert bench.printed(bundle) == ["one"]
    assert bench.printed(bundle, "err") == ["oops"]
    starts = bench.sys(bundle, "step-start")
    assert [d["step"] for d in starts] == ["setup", "agent"]
    assert starts[0]["argv"][:2] == ["sh", "-c"]
    ends = [(d["step"], d["code"], d["signal"]) for d in bench.sys(bundle, "step-end")]
    assert ends == [("setup", 0, None), ("agent", 3, None)]


def test_a_failing_setup_keeps_the_agent_from_starting(bench: Bench) -> None:
    bundle = bench.start(
        bench.sh("true", name="setup"),
        bench.sh("echo no; exit 7", name="setup-2"),
        bench.sh("echo never"),
    )
    info = bench.ended(bundle)
    assert (info.reason, info.step, info.code) == ("setup_failed", "setup-2", 7)
    assert bench.printed(bundle) == []


@pytest.mark.parametrize("name", ["no-such-program", "./no-such-program", "/no/such/program"])
def test_a_missing_program_is_not_found(bench: Bench, name: str) -> None:
    info = bench.ended(bench.start(bench.step(name)))
    assert (info.reason, info.code) == ("not_found", 127)
    assert "No such file" in info.detail


def test_what_cannot_be_started_says_why(bench: Bench) -> None:
    (bench.root / "plain").write_text("not a program")
    for step, words in (
        (bench.step("./plain"), "Permission denied"),
        (bench.step("sh", "-c", "true", "x" * 3_000_000), "Argument list too long"),
        (bench.step("sh", "nul\0byte"), "null byte"),
        (bench.step("sh", "-c", "true \ud800"), "surrogates"),
    ):
        info = bench.ended(bench.start(step))
        assert info.reason == "start_failed"
        assert words in info.detail


@pytest.mark.parametrize("name", ["setup", "agent"])
@pytest.mark.parametrize("adapter", ["claude", "command"])
def test_a_workspace_that_is_gone_is_said_to_be(bench: Bench, name: str, adapter: str) -> None:
    gone = str(bench.root / "gone")
    info = bench.ended(bench.start(bench.sh("true", name=name, cwd=gone), bench.sh("true")))
    assert (info.reason, info.code) == ("no_workspace", 127)
    outcome = adapter_get(adapter).outcome(exit_of(info), [])
    assert (outcome.state, outcome.code) == ("failed", "environment.failed")
    assert "workspace is gone" in outcome.message
    assert gone in outcome.message


@pytest.mark.parametrize("adapter", ["claude", "command"])
def test_why_a_program_was_not_started_is_said(bench: Bench, adapter: str) -> None:
    (bench.root / "plain").write_text("not a program")
    info = bench.ended(bench.start(bench.step("./plain")))
    outcome = adapter_get(adapter).outcome(exit_of(info), [])
    assert outcome.code == "agent.not-startable"
    assert "Permission denied: " in outcome.message
    info = bench.ended(bench.start(bench.step("./plain", name="setup"), bench.sh("true")))
    outcome = adapter_get(adapter).outcome(exit_of(info), [])
    assert outcome.code == "setup.failed"
    assert "Permission denied" in outcome.message


def test_a_missing_program_in_setup_is_a_failed_setup(bench: Bench) -> None:
    info = bench.ended(bench.start(bench.step("nothing-here", name="setup"), bench.sh("true")))
    assert (info.reason, info.step, info.code) == ("setup_failed", "setup", 127)


def test_the_agent_gets_its_own_environment_and_nothing_else(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_SECRET", "leak")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    env = {"PATH": PATH, "ODD": "a\nb=\udcff"}
    bundle = bench.start(bench.python("import os; print(sorted(os.environ.items()))", env=env))
    bench.ended(bundle)
    expected = sorted({**env, "BAKEOFF_RUN": bundle.id, "LC_CTYPE": "C.UTF-8"}.items())
    assert bench.printed(bundle) == [repr(expected)]


def test_the_agent_starts_with_clean_signals_files_and_umask(bench: Bench) -> None:
    script = (
        "import os\n"
        "status = dict(l.split(':\\t', 1) for l in open('/proc/self/status') if ':\\t' in l)\n"
        # Python's own: PIPE, XFSZ; and the C library's two, which a child of make cannot have back
        "print(int(status['SigIgn'], 16) & ~(1 << 12 | 1 << 24 | 1 << 31 | 1 << 32))\n"
        "print(int(status['SigBlk'], 16), os.getsid(0) == os.getpid())\n"
        "print(sorted(os.listdir('/proc/self/fd'))[:4], status['Umask'].strip())\n"
    )
    before = os.umask(0o027)
    try:
        bundle = bench.start(bench.python(script))
    finally:
        os.umask(before)
    bench.ended(bundle)
    # the fourth is the listing's own
    assert bench.printed(bundle) == ["0", "0 True", "['0', '1', '2', '3'] 0027"]


def test_hostile_output_comes_back_byte_by_byte(bench: Bench) -> None:
    raw = (
        b"nul\0 bell\a \x1b[31mred\x1b[0m\n"
        + b"latin \xe9\xff and half a char \xf0\x9f\n"
        + "</script> \u2028 \U0001f600\r\n".encode()
        + b"\n\n"
        + b"x" * (64 * 1024)
        + b"\n"
        + ("ä" * 5_000_000).encode()
        + b"\ntorn"
    )
    (bench.root / "raw").write_bytes(raw)
    bundle = bench.start(bench.step("cat", "raw"))
    bench.ended(bundle)
    assert bench.printed(bundle) == raw.decode("utf-8", "replace").split("\n")
    sizes = [len(str(line.d).encode("utf-8", "replace")) for line in bench.lines(bundle)]
    assert max(sizes) <= 64 * 1024 + 3


def test_heavy_output_on_both_streams_keeps_every_line_in_order(bench: Bench) -> None:
    count = 20_000
    loop = f"i=0; while [ $i -lt {count} ]; do i=$((i+1)); echo $i; done"
    bundle = bench.start(bench.sh(f"({loop}) & ({loop}) >&2; wait"))
    bench.ended(bundle)
    numbers = [str(n + 1) for n in range(count)]
    assert bench.printed(bundle) == numbers
    assert bench.printed(bundle, "err") == numbers


def test_an_unfinished_line_is_shown_after_a_second_of_quiet(bench: Bench) -> None:
    bundle = bench.start(bench.sh("printf 'Really? '; read answer; echo $answer", stdin_open=True))
    bench.wait_printed(bundle, "Really? ")
    assert bench.lines(bundle)[-1].more
    bundle.control("stdin", id="1", text="yes\n")
    bench.ended(bundle)
    assert bench.printed(bundle) == ["Really? yes"]


def test_a_large_prompt_meets_an_agent_that_prints_first(bench: Bench) -> None:
    prompt = "p" * 1_000_000
    script = (
        "import sys\n"
        "sys.stdout.write('o' * 3_000_000 + '\\n'); sys.stdout.flush()\n"
        "print(len(sys.stdin.read()))\n"
    )
    bundle = bench.start(bench.python(script, stdin=prompt))
    assert bench.ended(bundle).code == 0
    assert bench.printed(bundle)[1] == "1000000"


def test_an_agent_that_does_not_read_its_prompt_can_end(bench: Bench) -> None:
    bundle = bench.start(bench.sh("echo bye", stdin="p" * 1_000_000))
    assert bench.ended(bundle).code == 0
    bundle = bench.start(bench.sh("exec <&-; sleep 0.2; echo bye", stdin="p" * 1_000_000))
    assert bench.ended(bundle).code == 0


def test_secrets_leave_the_disk_once_the_last_step_has_started(bench: Bench) -> None:
    env = {"PATH": PATH, "TOKEN": "s3cret-token"}
    os.mkfifo(bench.root / "go")
    bundle = bench.start(
        bench.sh("test ${#TOKEN} = 12 && read go < go", name="setup", env=env),
        bench.sh("test ${#TOKEN} = 12 && cat && sleep 60", env=env, stdin="my prompt"),
    )
    assert "s3cret-token" in bundle.spec_path.read_text()
    (bench.root / "go").write_text("go\n")
    bench.wait_printed(bundle, "my prompt")
    found = [path for path in bundle.path.iterdir() if b"s3cret" in _content(path)]
    assert found == []
    assert json.loads(bundle.spec_path.read_text())["steps"][1]["env"] == {"PATH": "", "TOKEN": ""}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() else b""
    except FileNotFoundError:
        return b""  # the new shim.json, which has become the old one


def test_secrets_leave_the_disk_when_setup_fails(bench: Bench) -> None:
    env = {"PATH": PATH, "TOKEN": "s3cret-token"}
    bundle = bench.start(bench.sh("exit 1", name="setup"), bench.sh("true", env=env))
    bench.ended(bundle)
    assert "s3cret" not in bundle.spec_path.read_text()


def test_the_bundle_is_private(bench: Bench) -> None:
    bundle = bench.start(bench.sh("echo done"))
    bench.ended(bundle)
    assert stat.S_IMODE(bundle.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in bundle.path.iterdir()} == {0o600}


def test_a_server_left_in_the_background_is_ended(bench: Bench) -> None:
    until_asleep = "until read name < /proc/$!/comm && test $name = sleep; do :; done"
    bundle = bench.start(
        bench.sh(f"(trap '' TERM; setsid sleep 300) & setsid sleep 301 & {until_asleep}; echo ok")
    )
    info = bench.ended(bundle)
    assert (info.reason, info.code) == ("exited", 0)
    assert bundle.processes() == []
    assert "sleep" in bench.sys(bundle, "leftover")[0]["names"]


def test_a_server_left_by_setup_serves_the_agent(bench: Bench) -> None:
    os.mkfifo(bench.root / "ask")
    os.mkfifo(bench.root / "reply")
    bundle = bench.start(
        bench.sh("(read x < ask; echo served; echo $x > reply) &", name="setup"),
        bench.sh("echo hi > ask; cat reply"),
    )
    assert bench.ended(bundle).code == 0
    assert bench.printed(bundle) == ["hi"]
    assert bench.printed(bundle, step="setup") == ["served"]


def test_output_that_comes_just_after_the_end_is_kept(bench: Bench) -> None:
    after = "while kill -0 $$ 2> /dev/null; do :; done"  # the step's process is waited for
    bundle = bench.create(bench.sh(f"({after}; echo late) & echo early"))
    bench.launch_clocked(bundle, stands=True)  # in time, that is
    bench.ended(bundle)
    assert bench.printed(bundle) == ["early", "late"]
    assert bench.sys(bundle, "leftover") == []


def test_a_full_disk_makes_the_agent_wait_and_loses_nothing(bench: Bench) -> None:
    bundle = bench.start(bench.sh("read go; seq 1 60000; echo end", stdin_open=True))
    info = bundle.shim()
    assert info is not None
    # A limit on the size of files fails the shim's writes just as a full disk does.
    _, hard = resource.prlimit(info.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(info.pid, resource.RLIMIT_FSIZE, (50_000, hard))
    bundle.control("stdin", id="go", text="go\n")
    wait_for(lambda: bundle.journal_path.stat().st_size == 50_000, "the limit")
    assert bundle.exit() is None
    assert bundle.processes() != []
    resource.prlimit(info.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert bench.ended(bundle).reason == "exited"
    assert bench.printed(bundle) == [*map(str, range(1, 60_001)), "end"]
    assert "could not be written" in bench.sys(bundle, "warning")[0]["text"]


def test_a_full_disk_does_not_keep_anybody_from_stopping_the_agent(bench: Bench) -> None:
    bundle = bench.start(bench.sh("yes", stdin_open=False))
    info = bundle.shim()
    assert info is not None
    _, hard = resource.prlimit(info.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(info.pid, resource.RLIMIT_FSIZE, (1_000_000, hard))
    wait_for(lambda: bundle.journal_path.stat().st_size == 1_000_000, "the limit")
    bundle.control("stop", id="stop")
    wait_for(lambda: not bundle.processes(), "the agent's end")
    assert bundle.exit() is None
    resource.prlimit(info.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert bench.ended(bundle).reason == "stopped"


def test_there_is_no_end_before_it_is_told(bench: Bench) -> None:
    bundle = bench.start(bench.sh("read line", stdin_open=True))
    info = bundle.shim()
    assert info is not None
    # in the way of exit.json, as a full disk would be, but not of the journal
    obstacle = bundle.path / f"exit.json.{info.pid}.new"
    obstacle.mkdir()
    bundle.control("eof", id="eof")
    wait_for(lambda: bench.sys(bundle, "step-end"), "the agent's end")
    bundle.control("note", id="late", d={"ev": "late"})
    wait_for(lambda: bench.sys(bundle, "late"), "a note in between")
    assert bundle.exit() is None
    obstacle.rmdir()
    assert bench.ended(bundle).last_n == len(bench.lines(bundle))


def test_the_shim_is_small_and_idle_in_poll(bench: Bench) -> None:
    big = "head -c 10000000 /dev/zero; echo; seq 1 20000; cat >/dev/null; echo ready; sleep 60"
    bundle = bench.start(bench.sh(big, stdin="p" * 1_000_000))
    bench.wait_printed(bundle, "ready")
    info = bundle.shim()
    assert info is not None
    status = Path(f"/proc/{info.pid}/status").read_text()
    peak_kb = int(status.split("VmHWM:")[1].split()[0])
    assert peak_kb <= RSS_LIMIT_KB
    wchan = Path(f"/proc/{info.pid}/wchan")
    wait_for(lambda: "poll" in wchan.read_text(), "blocked in poll")


def test_a_bundle_that_is_deleted_takes_its_agent_with_it(bench: Bench) -> None:
    bundle = bench.start(bench.sh("echo up; sleep 300"))
    bench.wait_printed(bundle, "up")
    info = bundle.shim()
    assert info is not None
    bundle_delete(bundle)
    wait_for(lambda: not Path(f"/proc/{info.pid}").exists(), "the shim's end")
    assert bundle.processes() == []


def test_a_finished_bundle_is_not_run_again(bench: Bench) -> None:
    bundle = bench.start(bench.sh("echo once >> count"))
    bench.ended(bundle)
    shim_launch(bundle)
    assert (bench.root / "count").read_text() == "once\n"
