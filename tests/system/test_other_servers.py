"""The main path on PostgreSQL and Redis: neither SQLite nor the bundled Valkey is assumed anywhere."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.support.installation import Installation, eventually, git
from tests.support.servers import postgresql, redis_server

pytestmark = [pytest.mark.system, pytest.mark.external]


def test_the_main_path_on_postgresql_and_redis(tmp_path: Path, origin: Path) -> None:
    with postgresql() as database_url, redis_server() as redis_url:
        installation = Installation(
            tmp_path / "data", env={"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        )
        installation.up()
        try:
            assert installation.pids("valkey-server") == []
            project = installation.project(origin)
            spec = "[[write hello.txt|hello]] [[ask echo yes > yes.txt]] [[final Done]]"
            task = installation.task(project, spec, "demo", "demo")
            for run in installation.runs(task["id"]):
                asked = eventually(partial(questions, installation, run["id"]))
                installation.post(f"runs/{run['id']}/permissions/{asked[0]}", {"decision": "allow"})
            variants = installation.wait_ended(task["id"])["variants"]
            assert [variant["state"] for variant in variants] == ["ready", "ready"]
            assert [variant["files_changed"] for variant in variants] == [2, 2]
            events = installation.events(variants[0]["runs"][0]["id"])
            assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
            merge = {"variant": variants[1]["id"], "strategy": "merge"}
            merged = installation.post(f"tasks/{task['id']}/merge", merge)
            assert merged["state"] == "merged", merged
            assert git(origin, "rev-parse", "main") == merged["commit"]
        finally:
            installation.down()


def questions(installation: Installation, run: str) -> list[str]:
    events = installation.events(run)
    return [str(e["request"]) for e in events if e["kind"] == "permission_request"]
