"""The orchestrator's Celery jobs: ids in, one service call. Any of them may come twice, late, or never."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from orchestrator.services import (
    follower_process,
    journals,
    launching,
    orphans,
    previews,
    projects,
    runs,
    scheduling,
    trials,
    workspaces,
)


@shared_task(name="orchestrator.schedule_tick", ignore_result=True)
def schedule_tick_job(**_ignored: Any) -> None:
    scheduling.schedule_tick()


@shared_task(name="orchestrator.sweep", ignore_result=True)
def sweep_job(**_ignored: Any) -> None:
    scheduling.sweep()
    runs.follow_ups_sweep()
    workspaces.workspaces_sweep()
    orphans.processes_sweep()
    previews.autostarts_sweep()


@shared_task(name="orchestrator.run_start", ignore_result=True)
def run_start_job(*, run_id: str, **_ignored: Any) -> None:
    if launching.run_start(run_id=run_id):
        follower_process.poke()


@shared_task(name="orchestrator.run_ended", ignore_result=True)
def run_ended_job(*, run_id: str, **_ignored: Any) -> None:
    runs.run_ended(run_id=run_id)


@shared_task(name="orchestrator.follow_poke", ignore_result=True)
def follow_poke_job(**_ignored: Any) -> None:
    follower_process.poke()


@shared_task(name="orchestrator.project_import", ignore_result=True)
def project_import_job(*, project_id: int, **_ignored: Any) -> None:
    projects.project_import_quietly(project_id=project_id)


@shared_task(name="orchestrator.agent_try", ignore_result=True)
def agent_try_job(*, agent_id: int, **_ignored: Any) -> None:
    trials.trial_run(agent_id=agent_id)


@shared_task(name="orchestrator.upkeep", ignore_result=True)
def upkeep_job(**_ignored: Any) -> None:
    """What keeps an installation from growing without bound."""
    workspaces.workspaces_expire()
    journals.bundles_expire()
    projects.hubs_clean()
    projects.hubs_pack()


@shared_task(name="orchestrator.preview_start", ignore_result=True)
def preview_start_job(*, variant_id: int, bundle: str, **_ignored: Any) -> None:
    previews.preview_launch(variant_id=variant_id, bundle_id=bundle)
    follower_process.poke()


@shared_task(name="orchestrator.preview_autostart", ignore_result=True)
def preview_autostart_job(*, variant_id: int, **_ignored: Any) -> None:
    previews.preview_autostart(variant_id=variant_id)
