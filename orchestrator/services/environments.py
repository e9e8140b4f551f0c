"""The Environment of a Variant: its workspace, its ports, its settings, and what its processes are given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings as django_settings
from django.db import IntegrityError, transaction

from orchestrator.environments.base import EnvironmentSpec
from orchestrator.environments.copying import copy_into, files_matching
from orchestrator.environments.registry import kind_get
from orchestrator.git import hub as git_hub
from orchestrator.git import yard as git_yard
from orchestrator.git.locks import repository_lock
from orchestrator.git.run import AGENT
from orchestrator.lib import paths
from orchestrator.lib.errors import Conflict, Unavailable
from orchestrator.lib.project_settings import (
    FILE_LIMIT_BYTES,
    FILE_NAME,
    ProjectSettings,
    settings_read,
)
from orchestrator.models import Environment, Variant
from orchestrator.previews.readiness import preview_port_free
from orchestrator.states import EnvironmentState

PORTS_EACH = 10


def environment_ensure(variant: Variant) -> Environment:
    """The Variant's Environment, its workspace made and its ports reserved. May be repeated."""
    with workspace_lock(variant):
        environment = environment_reserve(variant)
        if workspace_lost(variant):
            # The setup is gone with it. Noted first: a kill from here on leaves it to be made again.
            gone = {"state": EnvironmentState.NONE, "setup_key": "", "setup_pending": ""}
            Environment.objects.filter(pk=environment.pk).update(**gone)
            environment.refresh_from_db()
        if environment.state != EnvironmentState.READY:
            variant.refresh_from_db(
                fields=["head_commit"]
            )  # a sweep may have snapshotted meanwhile
            kind_get(environment.kind).create(environment_spec(variant, environment))
            _copy(variant, environment)
            Environment.objects.filter(pk=environment.pk).update(state=EnvironmentState.READY)
            environment.state = EnvironmentState.READY
    return environment


def environment_reserve(variant: Variant) -> Environment:
    """The Variant's ports and place; its workspace may have to be made yet."""
    environment = Environment.objects.filter(variant=variant).first()
    if environment is None or environment.state == EnvironmentState.REMOVED:
        return _reserve(variant, removed=environment)
    return environment


@contextmanager
def workspace_lock(variant: Variant) -> Iterator[None]:
    """Held while the workspace is made, snapshotted or removed: never two of them at once."""
    with repository_lock(paths.index_path(variant.pk)):
        yield


def _copy(variant: Variant, environment: Environment) -> None:
    """What `copy` brings is noted by name before it is there: no Snapshot may ever hold it."""
    settings = settings_at(variant, commit=variant.task.spec.base_commit)
    source, workspace = Path(variant.task.project.source), Path(environment.path)
    if not settings.copy or not source.is_absolute() or not (source / ".git").exists():
        return
    named = files_matching(source, settings.copy)
    missing = [name for name in named if not os.path.lexists(workspace / name)]
    environment.copied = sorted({*environment.copied, *missing})
    environment.save(update_fields=["copied"])
    git_yard.yard_leave_out(yard=paths.yard_dir(variant.task_id), paths=missing)
    copy_into(source=source, workspace=workspace, names=missing)


def workspace_lost(variant: Variant) -> bool:
    """The workspace was there and is not any more, whoever has deleted it: an agent, or we ourselves."""
    made = Environment.objects.filter(variant=variant).exclude(state=EnvironmentState.NONE).first()
    return made is not None and not Path(made.path).is_dir()


def _reserve(variant: Variant, *, removed: Environment | None) -> Environment:
    """A place and free ports for a workspace that is to be made, or made again."""
    if Variant.objects.filter(pk=variant.pk, archived_at__isnull=False).exists():
        raise Conflict("variant.archived", "This variant is archived; its workspace is gone.")
    host = paths.host_id()
    first = django_settings.BAKEOFF_PORT_RANGE
    last = 65_536 - PORTS_EACH
    for _ in range(50):  # a race for the same block is lost at most once per other Variant
        taken = set(
            Environment.objects.filter(host=host)
            .exclude(state=EnvironmentState.REMOVED)
            .values_list("port_base", flat=True)
        )
        port = next(
            (p for p in range(first, last, PORTS_EACH) if p not in taken and preview_port_free(p)),
            None,
        )
        if port is None:
            break
        try:
            with transaction.atomic():
                if removed is not None:
                    # One that somebody else has reserved meanwhile is taken as it is.
                    Environment.objects.filter(
                        pk=removed.pk, state=EnvironmentState.REMOVED
                    ).update(port_base=port, state=EnvironmentState.NONE)
                    removed.refresh_from_db()
                    return removed
                return Environment.objects.create(
                    variant=variant,
                    kind=variant.isolation,
                    host=host,
                    path=str(paths.worktree_dir(variant.task_id, variant.letter)),
                    port_base=port,
                )
        except IntegrityError:
            existing = Environment.objects.filter(variant=variant).first()
            if existing and existing.state != EnvironmentState.REMOVED:
                return existing
    raise Unavailable(
        "environment.no-ports",
        "No block of ports is free. Archive variants you no longer need.",
    )


def environment_spec(variant: Variant, environment: Environment) -> EnvironmentSpec:
    """A workspace is made at the base; one that was lost, as its last Snapshot found it."""
    last = variant.snapshots.order_by("-id").first()
    head = variant.head_commit or variant.task.spec.base_commit
    return EnvironmentSpec(
        hub=paths.hub_dir(variant.task.project_id),
        yard=paths.yard_dir(variant.task_id),
        path=Path(environment.path),
        base=last.parent if last else head,
        files=head,
        branch=variant.branch,
        index=paths.index_path(variant.pk),
    )


def settings_at(variant: Variant, *, commit: str) -> ProjectSettings:
    """The project's settings with the `.bakeoff.toml` of `commit`."""
    project = variant.task.project
    file = git_hub.blob_read(
        hub=paths.hub_dir(project.pk),
        commit=commit,
        path=FILE_NAME,
        limit_bytes=FILE_LIMIT_BYTES,
    )
    return settings_read(stored=project.settings, file=file)


def process_environment(
    variant: Variant, environment: Environment, settings: ProjectSettings
) -> dict[str, str]:
    """What every process of this Variant (setup, agent, preview) finds in its environment.

    The project may set anything but what makes the Variants keep out of each other's way.
    """
    author = f"{variant.agent.name} ({variant.letter})"
    ports = {f"PORT_{n}": str(environment.port_base + n) for n in range(1, PORTS_EACH)}
    return (
        kind_get(environment.kind).environment(server=os.environ)
        | dict(settings.env)
        | {
            "GIT_AUTHOR_NAME": author,
            "GIT_AUTHOR_EMAIL": AGENT.email,
            "GIT_COMMITTER_NAME": author,
            "GIT_COMMITTER_EMAIL": AGENT.email,
            "GIT_TERMINAL_PROMPT": "0",
            "BAKEOFF_TASK": str(variant.task_id),
            "BAKEOFF_VARIANT": variant.letter,
            "PORT": str(environment.port_base),
        }
        | ports
    )
