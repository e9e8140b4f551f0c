"""Projects: adding a repository, keeping its hub fresh, its settings."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from orchestrator.git import hub as git_hub
from orchestrator.git import refs
from orchestrator.git import upkeep as git_upkeep
from orchestrator.git.locks import repository_lock
from orchestrator.lib import paths, queue
from orchestrator.lib.errors import AppError, Conflict, Invalid
from orchestrator.lib.live import publish
from orchestrator.lib.project_settings import settings_parse
from orchestrator.models import Activity, Project
from orchestrator.services import activity
from orchestrator.states import ProjectState

log = logging.getLogger(__name__)

NAME_MAX = 120
REMOVE_WITHIN_S = 5.0  # a person waits

_importing: set[int] = set()  # Projects this process is importing now
_importing_lock = threading.Lock()


def project_create(
    *,
    user: User | None,
    name: str,
    source: str,
    default_branch: str = "",
    settings: Mapping[str, Any] | None = None,
) -> Project:
    """Register a repository. A local one is usable when this returns; a remote one is fetched by a job."""
    name = name.strip()
    checked = refs.source_check(source.strip())
    if not name:
        name = Path(checked.location.rstrip("/")).name.removesuffix(".git") or "project"
    if len(name) > NAME_MAX:
        raise Invalid("project.name", f"The name may have {NAME_MAX} characters at most.")
    if default_branch:
        refs.ref_name_check(default_branch)
    settings_parse(settings or {})
    with transaction.atomic():
        try:
            with transaction.atomic():
                project = Project.objects.create(
                    name=name,
                    source=checked.location,
                    default_branch=default_branch,
                    settings=dict(settings or {}),
                    host=paths.host_id(),
                    created_by=user,
                )
        except IntegrityError:
            raise Conflict(
                "project.exists", f"There is already a project named “{name}”."
            ) from None
        activity.record(verb="project.added", user=user, project=project, text=checked.location)
        if checked.kind == "url":
            queue.enqueue("orchestrator.project_import", project_id=project.pk)
    if checked.kind == "path":
        try:
            project_import(project_id=project.pk)
        except AppError:
            # Nothing refers to it yet: the person corrects the path and tries again.
            git_hub.hub_remove(paths.hub_dir(project.pk))
            project.delete()
            raise
        project.refresh_from_db()
    return project


def project_import(*, project_id: int) -> None:
    """Make the project's hub and read its branches. May be repeated at any time.

    One at a time, also in other processes: who had to wait looks again at what there is to do.
    """
    hub = paths.hub_dir(project_id)
    with repository_lock(hub):
        project = Project.objects.filter(pk=project_id).first()
        if project is None or not _state_set(project, ProjectState.CLONING):
            return
        try:
            git_hub.hub_create(hub=hub, source=project.source)
            branch = project.default_branch or git_hub.hub_default_branch(hub=hub)
            git_hub.branch_commit(hub=hub, branch=branch)
        except AppError as exc:
            failure = {"failure_code": exc.code, "failure_message": exc.message}
            _state_set(project, ProjectState.FAILED, **failure)
            raise
        _state_set(project, ProjectState.READY, default_branch=branch, fetched_at=timezone.now())


def project_import_again(*, project: Project) -> None:
    """Have a project that could not be imported tried once more, by a job: a clone may take long."""
    with transaction.atomic():
        if _state_set(project, ProjectState.PENDING):
            queue.enqueue("orchestrator.project_import", project_id=project.pk)


def project_correct(
    *, user: User | None, project: Project, source: str, default_branch: str | None = None
) -> Project:
    """Give a project that could not be imported another address; it is tried again by a job.

    Its default branch stays where None is said of it; empty, it is the one the repository names.
    """
    location = refs.source_check(source.strip()).location
    if default_branch:
        refs.ref_name_check(default_branch)
    branch = project.default_branch if default_branch is None else default_branch
    with transaction.atomic():
        failed = Project.objects.filter(pk=project.pk, state=ProjectState.FAILED, archived_at=None)
        if not failed.update(source=location, default_branch=branch):
            raise Conflict(
                "project.not-failed",
                "Only a project that could not be imported can have another address.",
            )
        project.source = location
        activity.record(verb="project.corrected", user=user, project=project, text=location)
        project_import_again(project=project)
    project.refresh_from_db()
    return project


def project_remove(*, user: User | None, project: Project) -> None:
    """Take away a project that could not be imported, its hub too. What was done with it stays in the activity.

    The hub goes first: without it the project can still be tried again, and nobody would look for a hub without one.
    """
    hub = paths.hub_dir(project.pk)
    with repository_lock(hub, timeout_s=REMOVE_WITHIN_S), transaction.atomic():
        failed = (
            Project.objects.select_for_update()
            .filter(pk=project.pk, state=ProjectState.FAILED, archived_at=None)
            .first()
        )
        if failed is None:
            raise Conflict(
                "project.not-failed", "Only a project that could not be imported can be removed."
            )
        if failed.tasks.exists():
            raise Conflict("project.used", "It has tasks, which would be lost with it.")
        Activity.objects.filter(project=failed).update(project=None)
        activity.record(verb="project.removed", user=user, text=f"{failed.name} ({failed.source})")
        failed.delete()
        git_hub.hub_set_aside(hub)
        publish("home")
        publish(f"project:{project.pk}")
        transaction.on_commit(hubs_clean, robust=True)


def hubs_clean() -> None:
    """Delete the hubs of projects that were removed."""
    git_hub.hubs_clean(paths.hubs_dir())


def _state_set(
    project: Project,
    state: ProjectState,
    *,
    failure_code: str = "",
    failure_message: str = "",
    **found: Any,
) -> bool:
    """Only if it still is at the address that this is about, and not imported: that it stays. False if it is not."""
    there = Project.objects.filter(pk=project.pk, source=project.source)
    changed = there.exclude(state=ProjectState.READY).update(
        state=state, failure_code=failure_code, failure_message=failure_message, **found
    )
    publish(f"project:{project.pk}")
    publish("home")
    return bool(changed)


def project_update(*, user: User | None, project: Project, **fields: Any) -> Project:
    """Change `name`, `default_branch` or `settings`; anything else is refused. `source` is for a project that could
    not be imported, and goes with `default_branch` only."""
    if "source" in fields:
        if set(fields) - {"source", "default_branch"}:
            raise Invalid(
                "project.field", "With “source” only “default_branch” can be changed at once."
            )
        return project_correct(user=user, project=project, **fields)
    unknown = set(fields) - {"name", "default_branch", "settings"}
    if unknown:
        raise Invalid("project.field", f"“{min(unknown)}” of a project cannot be changed.")
    if "name" in fields:
        fields["name"] = str(fields["name"]).strip()
        if not fields["name"] or len(fields["name"]) > NAME_MAX:
            raise Invalid("project.name", f"The name must have 1 to {NAME_MAX} characters.")
    if "default_branch" in fields:
        if project.state != ProjectState.READY:
            raise Conflict("project.not-ready", "Its branches are known once it is imported.")
        git_hub.branch_commit(hub=paths.hub_dir(project.pk), branch=str(fields["default_branch"]))
    if "settings" in fields:
        settings_parse(fields["settings"])
    try:
        with transaction.atomic():
            Project.objects.filter(pk=project.pk).update(**fields)
            activity.record(
                verb="project.changed",
                user=user,
                project=project,
                text=", ".join(sorted(fields)),
            )
    except IntegrityError:
        raise Conflict(
            "project.exists", f"There is already a project named “{fields['name']}”."
        ) from None
    publish(f"project:{project.pk}")
    project.refresh_from_db()
    return project


def project_refresh(*, project: Project) -> None:
    """Fetch the origin into the hub."""
    git_hub.hub_fetch(hub=paths.hub_dir(project.pk))
    Project.objects.filter(pk=project.pk).update(fetched_at=timezone.now())


def hubs_pack() -> int:
    """Pack the hubs of this host that gain by it; returns how many did."""
    packed = 0
    here = Project.objects.filter(host=paths.host_id(), state=ProjectState.READY)
    for project in here:
        try:
            packed += git_upkeep.hub_gc(hub=paths.hub_dir(project.pk))
        except (AppError, OSError) as exc:
            # Tried again the next time; one that resists must not keep the others.
            log.warning("the hub of project %s cannot be packed: %s", project.pk, exc)
    return packed


def project_import_quietly(*, project_id: int) -> None:
    """As a job: the failure is on the Project for people to read, and is not the worker's.

    The sweep asks again as long as an import takes: those jobs must not wait for its lock and fill the pool.
    """
    with _importing_lock:
        if project_id in _importing:
            return
        _importing.add(project_id)
    try:
        if Project.objects.filter(pk=project_id).exclude(state=ProjectState.READY).exists():
            project_import(project_id=project_id)
    except AppError as exc:
        log.info("project %s was not imported: %s", project_id, exc.message)
    finally:
        _importing.discard(project_id)
