"""The frame of all tests: settings of their own, and a real Redis for each test process."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.support.ports import port_block

# Before anything reads the settings. Short, because a socket's path must be.
DATA_DIR = Path(tempfile.mkdtemp(prefix="bakeoff-test-"))
for _name in [name for name in os.environ if name.startswith("BAKEOFF_")]:
    del os.environ[_name]
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "orchestrator.config.settings",
    "BAKEOFF_DATA_DIR": str(DATA_DIR),
    "BAKEOFF_STATIC": "plain",
    "BAKEOFF_PORT_RANGE": str(port_block()),
    "SECRET_KEY": "of the tests",
}
os.environ.pop("REDIS_URL", None)
os.environ.pop("DATABASE_URL", None)

(DATA_DIR / "static").mkdir()

import django  # noqa: E402

django.setup()
# Test workers that inherit it would read the settings before this file has made their place.
del os.environ["DJANGO_SETTINGS_MODULE"]

from orchestrator.lib.redis import redis_client  # noqa: E402
from orchestrator.supervisor import valkey as embedded  # noqa: E402
from orchestrator.supervisor.child import die_with_parent  # noqa: E402
from orchestrator.supervisor.places import Places  # noqa: E402

# How fast an example is says something about the machine only; how to run a failed one again is printed.
# In CI examples are the same each time: a new one that fails is for who looks for it, not for the next
# change that has nothing to do with it.
hypothesis_settings.register_profile(
    "any-machine",
    parent=hypothesis_settings(),
    deadline=None,
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("any-machine")


# Fixtures that make whole repositories, and folders whose tests start git or a shim: all of a second each.
REPOSITORY_FIXTURES = {"shop", "checked_out", "world", "origin", "hub", "repository", "answers"}
REAL_FOLDERS = ("agents/shim", "orchestrator/git", "orchestrator/services", "review/composing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        folder = item.path.relative_to(here).as_posix()
        fixtures = set(getattr(item, "fixturenames", ()))
        if folder.startswith(REAL_FOLDERS) or fixtures & REPOSITORY_FIXTURES:
            item.add_marker("real")


def pytest_unconfigure() -> None:
    shutil.rmtree(DATA_DIR, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def redis_server() -> Iterator[None]:
    """The embedded server, started as `bakeoff up` does it."""
    places = Places(DATA_DIR)
    places.ensure()
    server = subprocess.Popen(
        embedded.server_argv(
            server=embedded.server_find(),
            socket_path=places.redis_socket,
            directory=places.redis_dir,
        ),
        stdout=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )
    deadline = time.monotonic() + 60
    while not _answers(places.redis_socket):
        assert server.poll() is None, "Valkey does not start"
        assert time.monotonic() < deadline, "Valkey does not answer"
        time.sleep(0.01)
    yield
    redis_client().close()
    server.kill()
    server.wait()


def _answers(socket: Path) -> bool:
    with redis.Redis(unix_socket_path=str(socket)) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


@pytest.fixture
def redis_empty(redis_server: None) -> None:
    """For tests that look at all that is in Redis."""
    redis_client().flushall()
