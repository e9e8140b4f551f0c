"""Agents as people manage them. The rules are those of `agents.services`; who did what is written down here."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from agents import services
from agents.models import AgentProfile
from orchestrator.services import activity


def agent_create(*, user: User | None, **fields: Any) -> AgentProfile:
    with transaction.atomic():
        profile = services.profile_create(**fields)
        activity.record(verb="agent.added", user=user, text=profile.name)
    return profile


def agent_update(*, user: User | None, profile: AgentProfile, **fields: Any) -> AgentProfile:
    """The names of what changed are told, never a value: it may be a secret."""
    with transaction.atomic():
        profile = services.profile_update(profile=profile, **fields)
        names = ", ".join(sorted(fields))
        activity.record(verb="agent.changed", user=user, text=f"{profile.name}: {names}")
    return profile


def agent_remove(*, user: User | None, profile: AgentProfile) -> None:
    name = profile.name
    with transaction.atomic():
        services.profile_archive(profile=profile)
        activity.record(verb="agent.removed", user=user, text=name)
