"""`bakeoff up` as a whole: ready, killed in any part, started again, stopped."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.supervisor.places import Places
from orchestrator.supervisor.pulse import pulse_read
from tests.support.installation import Installation, eventually, kill

pytestmark = pytest.mark.system

BAKEOFF = str(Path(sys.prefix) / "bin" / "bakeoff")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Whatever a test kills here must come back by itself."""
    made = Installation(tmp_path_factory.mktemp("up") / "data")
    made.up()
    yield made
    made.down()


def command(installation: Installation, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BAKEOFF, args[0], f"--data-dir={installation.data_dir}", *args[1:]],
        env=installation.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def consumed_at(installation: Installation) -> float:
    state = pulse_read(Places(installation.data_dir).pulse)
    return state.consumed_at if state else 0.0


def kill_and_wait(installation: Installation, *words: str) -> None:
    """kill -9 all processes of a kind; everything works again before long, with other processes."""
    before = installation.pids(*words)
    kill(before)
    eventually(lambda: (now := installation.pids(*words)) and not set(now) & set(before))
    eventually(installation.answers, what="the API to answer")
    mark = consumed_at(installation)
    eventually(
        lambda: consumed_at(installation) > mark, timeout_s=120, what="the worker to consume"
    )


def test_the_ready_file_tells_all_a_client_needs(up: Installation) -> None:
    assert up.process is not None
    assert up.ready == {
        "url": up.url,
        "preview_url": f"http://127.0.0.1:{up.preview_port}",
        "token": up.ready["token"],
        "pid": up.process.pid,
    }
    assert up.answers()


def test_the_printed_link_signs_in_once(up: Installation) -> None:
    link = re.findall(rf"{up.url}/login\?code=\S+", up.log_path.read_text())[0]
    jars = [http.cookiejar.CookieJar(), http.cookiejar.CookieJar()]
    first, second = (
        urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar)) for jar in jars
    )
    with first.open(link) as response:
        assert response.status == 200
        assert response.url == f"{up.url}/"
    assert f"bakeoff_session_{up.port}" in {cookie.name for cookie in jars[0]}
    with pytest.raises(urllib.error.HTTPError, match="403"):
        second.open(link)


def test_a_token_is_the_last_word_and_works(up: Installation) -> None:
    token = command(up, "token").stdout.split()[-1]
    assert token != up.ready["token"]
    assert up.call("GET", "projects", token=token).status == 200
    assert up.call("GET", "projects", token=token + "x").status == 401


def test_a_second_up_on_the_same_data_is_refused(up: Installation) -> None:
    done = command(up, "up")
    assert done.returncode == 2
    assert "already runs" in done.stderr
    assert up.url in done.stderr
    assert up.answers()


def test_a_busy_port_is_said_plainly(up: Installation, tmp_path: Path) -> None:
    other = Installation(tmp_path / "data", port=up.port)
    done = command(other, "up", f"--port={up.port}")
    assert done.returncode == 2
    assert f"Port {up.port}" in done.stderr


def test_the_web_process_comes_back(up: Installation) -> None:
    kill_and_wait(up, "uvicorn")


def test_a_web_process_that_hangs_is_started_again(up: Installation) -> None:
    before = up.pids("uvicorn")
    for pid in before:
        os.kill(pid, signal.SIGSTOP)
    eventually(lambda: set(up.pids("uvicorn")) - set(before), timeout_s=120, what="another process")
    eventually(up.answers, what="the API")
    assert not set(up.pids("uvicorn")) & set(before)
    assert "web is started again: it has not answered for" in up.log_path.read_text()


def test_the_worker_comes_back_with_its_beat(up: Installation) -> None:
    kill_and_wait(up, "celery", "worker")


def test_redis_comes_back(up: Installation) -> None:
    kill_and_wait(up, "valkey-server")


def test_a_killed_beat_is_noticed(up: Installation) -> None:
    """Only the worker's child dies: the worker lives, and nothing would send what is due."""
    worker = next(e for e in _table(up) if e["name"] == "worker")["pid"]
    mark = consumed_at(up)
    eventually(lambda: consumed_at(up) > mark, what="a worker with its beat")
    kill(set(up.pids("celery", "worker")) - {worker})
    eventually(lambda: worker not in up.pids("celery", "worker"), timeout_s=120)
    mark = consumed_at(up)
    eventually(lambda: consumed_at(up) > mark)


def _table(installation: Installation) -> list[dict[str, int | str]]:
    entries: list[dict[str, int | str]] = json.loads(
        Places(installation.data_dir).processes.read_text()
    )
    return entries


def test_after_a_killed_supervisor_nothing_is_left_and_up_works_again(up: Installation) -> None:
    token = up.ready["token"]
    up.kill()
    eventually(lambda: not up.pids("uvicorn") and not up.pids("celery"))
    up.up()
    assert up.answers()
    assert up.ready["token"] == token  # whoever has read the file stays signed in


def test_ctrl_c_ends_all_in_order(up: Installation) -> None:
    assert up.process is not None
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    assert not up.pids("uvicorn")
    assert not up.pids("celery")
    assert not up.pids("valkey-server")
    assert not Path(f"{up.data_dir}.ready.json").exists()
    up.up()


def test_stop_ends_it_from_elsewhere(up: Installation) -> None:
    done = command(up, "stop")
    assert done.returncode == 0, done.stderr
    assert "stopped" in done.stdout
    assert up.process is not None
    assert up.process.wait(60) == 0
    again = command(up, "stop")
    assert again.returncode == 0
    assert "not running" in again.stdout
    up.up()


def test_a_program_that_cannot_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    broken = Installation(
        tmp_path / "data", env={"DATABASE_URL": "postgres://nobody@127.0.0.1:1/x"}
    )
    with pytest.raises(AssertionError, match=r"(?s)“prepare” failed.*refused"):
        broken.up()
    assert not broken.pids("valkey-server")


def test_doctor_says_what_is_there_and_what_to_do() -> None:
    done = subprocess.run([BAKEOFF, "doctor"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    lines = {line[9:23].strip(): line for line in done.stdout.splitlines()}
    assert {"git", "Python", "Redis", "agent claude", "bubblewrap", "Docker"} <= set(lines)
    assert lines["git"].startswith("ok")
    without = subprocess.run(
        [sys.executable, "-m", "orchestrator.config.cli", "doctor"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/nowhere"},
    )
    assert without.returncode == 1
    assert "Install git 2.38" in without.stdout
    assert "git must be put right first" in without.stdout
