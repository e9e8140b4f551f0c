"""Where everything lives in the data dir. The only place that spells these names."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from django.conf import settings


def data_dir() -> Path:
    return Path(settings.BAKEOFF_DATA_DIR)


def host_id() -> str:
    """This machine's id, made once and kept in the data dir."""
    path = data_dir() / "host_id"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        data_dir().mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"host_id.{os.getpid()}.{uuid.uuid4().hex}")
    fresh.write_text(uuid.uuid4().hex + "\n")
    try:
        os.link(fresh, path)  # the first one wins, whoever runs beside us
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text().strip()


def bundles_dir() -> Path:
    return data_dir() / "bundles"


def bundle_dir(bundle_id: str) -> Path:
    return bundles_dir() / bundle_id


def hubs_dir() -> Path:
    return data_dir() / "hubs"


def hub_dir(project_id: int) -> Path:
    return hubs_dir() / f"{project_id}.git"


def yard_dir(task_id: int) -> Path:
    return data_dir() / "yards" / f"{task_id}.git"


def worktree_dir(task_id: int, letter: str) -> Path:
    return data_dir() / "worktrees" / str(task_id) / letter


def index_path(variant_id: int) -> Path:
    return data_dir() / "index" / str(variant_id)


def run_files_dir(run_id: str) -> Path:
    """Files an agent is given besides its workspace, such as its prompt."""
    return data_dir() / "run-files" / run_id
