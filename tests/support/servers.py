"""Debian's PostgreSQL and Redis servers, started for a test in directories of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from tests.support.installation import eventually
from tests.support.ports import port_block


def needed(found: str | Path | None, what: str) -> Path:
    """The program, or a skip with its reason; in CI, where everything is installed, a failure."""
    if found:
        return Path(found)
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed")


@contextmanager
def postgresql() -> Iterator[str]:
    """A fresh cluster; gives its DATABASE_URL."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    bin_dir = needed(programs[-1] if programs else shutil.which("initdb"), "postgresql").parent
    place = Path(tempfile.mkdtemp(prefix="pg"))
    port = port_block()
    # PostgreSQL refuses to run as root.
    person = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if person:
        shutil.chown(place, "postgres", "postgres")
    data = str(place / "data")
    try:
        _run(*person, str(bin_dir / "initdb"), "-D", data, "-U", "bakeoff", "--auth=trust", "-N")
        options = f"-p {port} -k {place} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = str(place / "log")
        start = ["-D", data, "-l", log, "-w", "-t", "300", "-o", options, "start"]
        _run(*person, str(bin_dir / "pg_ctl"), *start)
        with psycopg.connect(
            f"postgres://bakeoff@127.0.0.1:{port}/postgres", autocommit=True
        ) as db:
            db.execute("CREATE DATABASE bakeoff")
        yield f"postgres://bakeoff@127.0.0.1:{port}/bakeoff"
    finally:
        _run(*person, str(bin_dir / "pg_ctl"), "-D", data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def redis_server() -> Iterator[str]:
    """A Redis with a password; gives its REDIS_URL."""
    program = needed(shutil.which("redis-server"), "redis-server")
    port = port_block()
    with tempfile.TemporaryDirectory(prefix="redis") as place:
        settings = ["--bind", "127.0.0.1", "--port", str(port), "--requirepass", "of-the-test"]
        process = subprocess.Popen(
            [str(program), *settings, "--dir", place, "--save", ""], stdout=subprocess.DEVNULL
        )
        url = f"redis://:of-the-test@127.0.0.1:{port}/3"
        client = redis.Redis.from_url(url)

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

        try:
            eventually(answers, what="redis-server")
            yield url
        finally:
            client.close()
            process.terminate()
            process.wait(60)


def _run(*argv: str, check: bool = True) -> None:
    done = subprocess.run(argv, check=False, capture_output=True, text=True, cwd="/")
    assert not check or done.returncode == 0, done.stdout + done.stderr
