"""Settings say what is wrong with them, by name, before anything starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from orchestrator.config.env import (
    env_bool,
    env_data_dir,
    env_database,
    env_int,
    env_list,
    env_path,
    env_str,
    env_url,
)
from orchestrator.config.settings import _broker_url
from orchestrator.supervisor.places import Places, secret_key

ROOT = Path(__file__).parents[2]


def settings_read(expression: str, **env: str) -> subprocess.CompletedProcess[str]:
    """What a fresh process makes of the settings under this environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    code = f"from orchestrator.config import settings; print({expression})"
    return subprocess.run(
        [sys.executable, "-c", code],
        env=kept | {"SECRET_KEY": "x"} | env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("value", ["maybe", "2", "y"])
def test_a_wrong_boolean_names_the_variable_and_what_it_may_be(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_DEBUG", value)
    with pytest.raises(ImproperlyConfigured, match=r"BAKEOFF_DEBUG=.*true or false"):
        env_bool("BAKEOFF_DEBUG", False)


@pytest.mark.parametrize("value", ["eight", "0", "257", "-1", "1.5"])
def test_a_wrong_number_names_the_variable_and_its_range(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_SLOTS", value)
    with pytest.raises(ImproperlyConfigured, match=r"BAKEOFF_SLOTS=.*1 to 256"):
        env_int("BAKEOFF_SLOTS", 8, least=1, most=256)


def test_a_wrong_choice_names_all_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_STATIC", "fast")
    with pytest.raises(ImproperlyConfigured, match=r"BAKEOFF_STATIC=.*hashed, plain"):
        env_str("BAKEOFF_STATIC", "hashed", choices=("hashed", "plain"))


@pytest.mark.parametrize("value", ["localhost:6379", "http://x", "redis://", "redis:/x"])
def test_a_wrong_url_is_refused_without_repeating_its_password(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", value)
    with pytest.raises(ImproperlyConfigured, match=r"REDIS_URL: .*redis://") as caught:
        env_url("REDIS_URL", "", schemes=("redis", "unix"))
    assert value not in str(caught.value).replace("redis://, unix://", "")


def test_empty_means_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("A", "B", "C"):
        monkeypatch.setenv(name, "")
    assert env_int("A", 7, least=1, most=9) == 7
    assert env_list("B") == []
    assert env_database("C") is None


def test_a_data_dir_that_is_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BAKEOFF_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(ImproperlyConfigured, match=r"BAKEOFF_DATA_DIR.*directory"):
        env_path("BAKEOFF_DATA_DIR", tmp_path)


def test_the_data_dir_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAKEOFF_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert env_data_dir() == tmp_path / "bakeoff"


def test_sqlite_is_the_default_and_waits_its_turn(tmp_path: Path) -> None:
    done = settings_read("settings.DATABASES['default']", BAKEOFF_DATA_DIR=str(tmp_path))
    assert "IMMEDIATE" in done.stdout
    assert "journal_mode=WAL" in done.stdout
    assert str(tmp_path / "db.sqlite3") in done.stdout


def test_database_url_and_redis_url_are_honoured(tmp_path: Path) -> None:
    done = settings_read(
        "(settings.DATABASES['default'], settings.CELERY_BROKER_URL, settings.CACHES)",
        BAKEOFF_DATA_DIR=str(tmp_path),
        DATABASE_URL="postgres://ada:pw@db.example:5433/bakeoff",
        REDIS_URL="redis://cache.example:6380/3",
    )
    assert "postgresql" in done.stdout
    assert "db.example" in done.stdout
    assert "IMMEDIATE" not in done.stdout
    assert done.stdout.count("redis://cache.example:6380/3") == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://x/y"),
        ("REDIS_URL", "memory://"),
        ("BAKEOFF_PORT", "70000"),
        ("BAKEOFF_SLOTS", "many"),
        ("BAKEOFF_PUBLIC_URL", "bakeoff.example"),
    ],
)
def test_wrong_settings_stop_the_process_and_name_the_variable(
    name: str, value: str, tmp_path: Path
) -> None:
    done = settings_read("1", **{"BAKEOFF_DATA_DIR": str(tmp_path), name: value})
    assert done.returncode != 0
    assert f"ImproperlyConfigured: {name}" in done.stderr


def test_only_named_hosts_are_answered(tmp_path: Path) -> None:
    done = settings_read(
        "settings.ALLOWED_HOSTS",
        BAKEOFF_DATA_DIR=str(tmp_path),
        BAKEOFF_PUBLIC_URL="https://bakeoff.example",
        BAKEOFF_ALLOWED_HOSTS="one.example, two.example",
    )
    assert done.stdout.strip() == str(
        ["127.0.0.1", "[::1]", "bakeoff.example", "localhost", "one.example", "two.example"]
    )


def test_the_broker_is_reached_by_the_same_socket() -> None:
    assert _broker_url("unix:///a/b.sock") == "redis+socket:///a/b.sock?virtual_host=0"
    assert _broker_url("unix:///a/b.sock?db=2") == "redis+socket:///a/b.sock?virtual_host=2"
    assert _broker_url("rediss://h:1/2") == "rediss://h:1/2"


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = secret_key(tmp_path / "data")
    assert len(first) > 40
    assert secret_key(tmp_path / "data") == first
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret_key"]


def test_a_long_data_dir_gets_a_short_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    long = Places(tmp_path / ("x" * 100))
    assert len(str(long.redis_socket)) < 90
    assert long.redis_socket != Places(tmp_path / ("y" * 100)).redis_socket
    assert long.redis_socket.parent.stat().st_mode & 0o077 == 0
    assert Places(Path("/d")).redis_socket == Path("/d/redis.sock")
