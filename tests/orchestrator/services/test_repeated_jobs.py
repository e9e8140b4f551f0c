"""Jobs that come twice or late: what is under way or done already is left alone."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from agents.bundle import Bundle, BundleSpec, Limits, Step, shim_launch
from orchestrator.lib import paths
from orchestrator.models import Project, Run
from orchestrator.services import projects
from orchestrator.services.launching import run_start
from orchestrator.states import ProjectState, RunState
from tests.support.bundles import wait_for
from tests.support.live import run_make


@pytest.fixture
def run(db: None, settings: Settings, tmp_path: Path) -> Run:
    settings.BAKEOFF_DATA_DIR = tmp_path
    made = run_make(User.objects.create_user("pat"))
    Run.objects.filter(pk=made.pk).update(state=RunState.PREPARING, host=paths.host_id())
    made.refresh_from_db()
    return made


def test_a_run_whose_shim_was_killed_at_once_is_left_to_its_follower(
    run: Run, tmp_path: Path
) -> None:
    step = Step(name="agent", argv=("sleep", "60"), cwd=str(tmp_path), env={"PATH": os.defpath})
    spec = BundleSpec(id=run.id.hex, steps=(step,), limits=Limits())
    bundle = Bundle.create(paths.bundles_dir(), spec)
    shim_launch(bundle)
    shim = bundle.shim()
    assert shim is not None
    os.kill(shim.pid, signal.SIGKILL)
    wait_for(lambda: not bundle.shim_alive(), "the shim's death")

    assert run_start(run_id=run.id.hex) is True
    run.refresh_from_db()
    assert (run.state, run.failure_code) == (RunState.PREPARING, "")
    bundle.kill_processes()


def test_an_import_under_way_is_not_waited_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []

    def slow_import(*, project_id: int) -> None:
        begun.append(project_id)
        projects.project_import_quietly(project_id=project_id)  # the sweep's next job meanwhile

    monkeypatch.setattr(projects, "project_import", slow_import)
    project = run.variant.task.project
    Project.objects.filter(pk=project.pk).update(state=ProjectState.CLONING)
    projects.project_import_quietly(project_id=project.pk)
    assert len(begun) == 1
    projects.project_import_quietly(project_id=project.pk)
    assert len(begun) == 2, "once it has ended it may be asked for again"
    Project.objects.filter(pk=project.pk).update(state=ProjectState.READY)
    projects.project_import_quietly(project_id=project.pk)
    assert len(begun) == 2, "a late message does not import again"
