"""Everything that has to be true before the web server starts. Run by `bakeoff up`; may be repeated."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand

from agents.services import profiles_ensure
from orchestrator.lib import paths
from orchestrator.services.access import login_code_issue, owner_ensure, token_issue, token_user
from orchestrator.services.scheduling import host_ensure
from orchestrator.supervisor.places import write_whole

TOKEN_NAME = "bakeoff up"  # noqa: S105 (its name, not the token)


class Command(BaseCommand):
    help = "Migrate, collect static files, make the first account; prints its way in as JSON."
    requires_system_checks: list[str] = []  # it is waited for

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        _static_collect()
        owner = owner_ensure()
        host_ensure()
        profiles_ensure()
        answer = {"token": _token_ensure(owner), "login_code": login_code_issue(user=owner)}
        self.stdout.write(json.dumps(answer))


def _token_ensure(owner: User) -> str:
    """The token of the ready file: the same after a restart, so that its readers stay signed in."""
    path = paths.data_dir() / "token"
    if path.exists():
        token = path.read_text().strip()
        if token_user(token=token) == owner:
            return token
    token = token_issue(user=owner, name=TOKEN_NAME)
    write_whole(path, token)
    return token


def _static_collect() -> None:
    root = Path(settings.STATIC_ROOT)
    mark = root / ".collected"
    fingerprint = _static_fingerprint()
    if mark.exists() and mark.read_text() == fingerprint:
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    mark.write_text(fingerprint)


def _static_fingerprint() -> str:
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            about = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{about.st_size}\0{about.st_mtime_ns}\n".encode())
    return digest.hexdigest()
