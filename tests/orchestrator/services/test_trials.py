"""Trying an agent for real: started by the shim, its answer shown, nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import cache

from agents.models import AgentProfile, Login
from agents.services import profile_create
from orchestrator.lib import paths
from orchestrator.lib.errors import Conflict
from orchestrator.services import trials
from orchestrator.services.trials import Trial, trial_get, trial_run, trial_start

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(data_dir: Path) -> Iterator[None]:
    data_dir.mkdir(exist_ok=True)
    cache.clear()
    yield
    assert list((data_dir / "trials").glob("*")) == [], "nothing is left behind"


def tried(script: str, **fields: Any) -> Trial:
    profile = profile_create(
        **{"name": "tried", "adapter": "command", "command": ["sh", "-c", script]} | fields
    )
    trial_run(agent_id=profile.pk)
    found = trial_get(profile)
    assert found is not None
    return found


def test_an_agent_that_works_shows_the_first_lines_of_its_answer() -> None:
    found = tried("cat; for n in 1 2 3 4 5 6 7 8; do echo line $n; done; touch x")
    assert (found.state, found.code, found.message) == ("succeeded", "", "")
    assert found.lines[0].startswith("This is a test."), "the question is what it was given"
    assert found.lines[1:] == ("line 1", "line 2", "line 3", "line 4", "line 5")


def test_one_that_fails_shows_why_and_its_last_lines() -> None:
    found = tried("echo cannot go on; exit 3")
    assert found.state == "failed"
    assert found.code
    assert "3" in found.message
    assert found.lines == ("cannot go on",)


def test_one_that_is_not_there() -> None:
    profile = profile_create(name="gone", adapter="command", command=["/no/such/program"])
    trial_run(agent_id=profile.pk)
    found = trial_get(profile)
    assert found is not None
    assert (found.state, found.code) == ("failed", "agent.not-installed")


def test_one_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit_s in (1.0, 20.0):  # in the first one it may hardly have begun
        monkeypatch.setattr(trials, "LIMIT_S", limit_s)
        found = tried("echo begun; sleep 300 & sleep 300", name=f"tried for {limit_s} s")
        if found.lines:
            break
    assert (found.state, found.code, found.lines) == ("failed", "run.timeout", ("begun",))


def test_its_secrets_are_not_shown() -> None:
    found = tried("echo $KEY", login=Login.STORED, secrets={"KEY": "sk-very-secret-1234"})
    assert found.state == "succeeded"
    assert "sk-very-secret-1234" not in str(asdict(found))


def test_without_redis_nothing_is_known_and_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_: str) -> None:
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(cache, "get", down, raising=False)
    assert trial_get(AgentProfile(pk=1)) is None


def test_a_removed_agent_is_not_started(data_dir: Path) -> None:
    trial_run(agent_id=4711)
    assert not (data_dir / "trials").exists()


def test_one_trial_at_a_time_and_none_that_is_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    profile = AgentProfile.objects.create(name="x", adapter="command", command=["true"])
    assert trial_get(profile) is None
    assert trial_start(profile=profile).state == "running"
    with pytest.raises(Conflict):
        trial_start(profile=profile)
    monkeypatch.setattr(trials, "LATE_S", -trials.LIMIT_S)
    late = trial_get(profile)
    assert late is not None
    assert (late.state, late.code) == ("failed", "agent.not-tried")
    assert trial_start(profile=profile).state == "running"
    assert not (paths.data_dir() / "trials").exists(), "the web process starts no agent"
