"""Adding, changing and removing agents, as people choose them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from agents.adapters.registry import ADAPTERS
from agents.clean import UNSTORABLE
from agents.models import AgentProfile, Login, PermissionMode
from agents.secrets import SecretsUnreadableError, secrets_decrypt, secrets_encrypt

TIMEOUT_MAX_S = 7 * 24 * 3600
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,59}")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEXT_FIELDS = {
    "prompt_via": ("stdin", "arg", "file"),
    "permission_mode": tuple(PermissionMode.values),
    "login": tuple(Login.values),
}
_NUMBERS = ("timeout_s", "idle_timeout_s", "answer_timeout_s")


class ProfileInvalidError(Exception):
    """`field` is at fault; the message says why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class ProfileExistsError(ProfileInvalidError):
    pass


def profile_create(
    *, name: str, adapter: str, secrets: Mapping[str, str] | None = None, **fields: Any
) -> AgentProfile:
    """Make a profile. Unset fields have the model's defaults; a removed profile's name is free again."""
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise ProfileInvalidError(
            "name",
            "The name must begin with a letter or digit; up to 60 of letters, digits, . _ + -.",
        )
    if adapter not in ADAPTERS:
        raise ProfileInvalidError("adapter", f"The adapter must be one of: {', '.join(ADAPTERS)}.")
    profile = AgentProfile(name=name, adapter=adapter)
    _assign(profile, fields)
    _secrets_set(profile, secrets or {})
    _save(profile)
    return profile


def profile_update(
    *,
    profile: AgentProfile,
    secrets: Mapping[str, str | None] | None = None,
    **fields: Any,
) -> AgentProfile:
    """Change fields; `secrets` are added or replaced by name, None removes one."""
    _assign(profile, fields)
    if secrets is not None:
        try:
            kept = secrets_decrypt(profile.secrets_encrypted)
        except SecretsUnreadableError as exc:
            raise ProfileInvalidError("secrets", str(exc)) from exc
        merged = kept | {name: value for name, value in secrets.items() if value is not None}
        for name, value in secrets.items():
            if value is None:
                merged.pop(name, None)
        _secrets_set(profile, merged)
    _save(profile)
    return profile


def profile_archive(*, profile: AgentProfile) -> None:
    """Remove it from every choice. Tasks that used it keep it; its secrets are gone for good."""
    profile.archived_at = timezone.now()
    profile.name = f"{profile.name[:40]} (removed {profile.pk})"
    profile.secrets_encrypted = b""
    profile.secret_names = []
    profile.save()


def profiles_ensure() -> None:
    """The agents every installation begins with, made once: removed ones do not come back."""
    if AgentProfile.objects.exists():
        return
    profile_create(name="demo", adapter="demo")
    profile_create(name="claude", adapter="claude")


def _assign(profile: AgentProfile, fields: Mapping[str, Any]) -> None:
    for field, value in fields.items():
        match field:
            case "name":
                raise ProfileInvalidError("name", "The name cannot be changed.")
            case "command" | "args" | "login_env":
                value = _words(field, value)
            case "env":
                value = _environment(field, value)
            case "model":
                if not isinstance(value, str) or len(value) > 120 or "\0" in value:
                    raise ProfileInvalidError(field, "At most 120 characters.")
            case _ if field in _TEXT_FIELDS:
                if value not in _TEXT_FIELDS[field]:
                    choices = ", ".join(_TEXT_FIELDS[field])
                    raise ProfileInvalidError(field, f"It must be one of: {choices}.")
            case _ if field in _NUMBERS:
                if type(value) is not int or not 1 <= value <= TIMEOUT_MAX_S:
                    raise ProfileInvalidError(field, "It must be 1 second to 7 days.")
            case _:
                raise ProfileInvalidError(field, f"An agent has no field “{field}”.")
        setattr(profile, field, value)
    if profile.adapter == "command" and not (profile.command and profile.command[0].strip()):
        raise ProfileInvalidError("command", "Say which program to start.")


def _words(field: str, value: Any) -> list[str]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise ProfileInvalidError(field, "It must be a list of texts.")
    words = list(value)
    if not all(isinstance(word, str) and not UNSTORABLE.search(word) for word in words):
        raise ProfileInvalidError(field, "It must be a list of texts without NUL characters.")
    return words


def _environment(field: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ProfileInvalidError(field, "It must be names with values.")
    for name, content in value.items():
        if not isinstance(name, str) or not _ENV_NAME.fullmatch(name):
            raise ProfileInvalidError(field, f"{str(name)[:60]!r} cannot be a variable's name.")
        if not isinstance(content, str) or UNSTORABLE.search(content):
            raise ProfileInvalidError(field, f"The value of {name} must be a text.")
    return dict(value)


def _secrets_set(profile: AgentProfile, secrets: Mapping[str, str]) -> None:
    checked = _environment("secrets", secrets)
    profile.secrets_encrypted = secrets_encrypt(checked)
    profile.secret_names = sorted(checked)


def _save(profile: AgentProfile) -> None:
    try:
        with transaction.atomic():
            profile.save()
    except IntegrityError:
        raise ProfileExistsError("name", f"There is already an agent “{profile.name}”.") from None
