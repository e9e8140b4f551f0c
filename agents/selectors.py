"""Reading agents and what this machine has of them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from django.core.cache import cache
from django.db.models import QuerySet

from agents.adapters.base import Availability
from agents.adapters.registry import adapter_get
from agents.models import AgentProfile, Login

AVAILABILITY_CACHE_S = 60


def profiles_active() -> QuerySet[AgentProfile]:
    return AgentProfile.objects.filter(archived_at=None).order_by("name")


def profile_get(ref: object) -> AgentProfile | None:
    """By id or by name."""
    text = str(ref)
    if "\0" in text:
        return None  # no database takes it
    if text.isdecimal() and len(text) < 19:
        found = profiles_active().filter(pk=int(text)).first()
        if found:
            return found
    return profiles_active().filter(name=text).first()


def profile_availability(profile: AgentProfile, *, fresh: bool = False) -> Availability:
    """Is it installed and signed in? Remembered for a minute, for asking the CLI costs a process."""
    env = _environment(profile)
    asked = repr((profile.adapter, profile.command, sorted(env)))
    key = f"agent-availability:{profile.pk}:{hashlib.sha256(asked.encode()).hexdigest()[:32]}"
    found: Availability | None = None if fresh else cache.get(key)
    if found is None:
        found = adapter_get(profile.adapter).available(
            command=tuple(profile.command), env=env, home=str(Path.home())
        )
        cache.set(key, found, AVAILABILITY_CACHE_S)
    return found


def _environment(profile: AgentProfile) -> dict[str, str]:
    """Where its login may come from: only what its process will be given, never all that the server has."""
    named = profile.login_env if profile.login == Login.ENV else ()
    given = {name: os.environ[name] for name in ("PATH", *named) if name in os.environ}
    return given | dict(profile.env) | dict.fromkeys(profile.secret_names, "stored")
