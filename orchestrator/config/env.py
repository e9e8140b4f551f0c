"""Reading the environment. Every reader fails loudly with the variable's name and what it may be."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

_env = environ.Env()


def _text(name: str) -> str | None:
    """The value, or None when unset or empty. Empty means unset, so that compose files may pass all names."""
    return os.environ.get(name, "").strip() or None


def env_str(name: str, default: str = "", *, choices: Sequence[str] = ()) -> str:
    value = _text(name)
    if value is None:
        return default
    if choices and value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r}: must be one of {', '.join(choices)}.")
    return value


def env_bool(name: str, default: bool) -> bool:
    value = _text(name)
    if value is None:
        return default
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(
        f"{name}={value!r}: must be true or false (or 1, 0, yes, no, on, off)."
    )


def env_int(name: str, default: int, *, least: int, most: int) -> int:
    value = _text(name)
    if value is None:
        return default
    try:
        number = int(value)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{name}={value!r}: must be a whole number, {least} to {most}.")
    return number


def env_port(name: str, default: int) -> int:
    return env_int(name, default, least=1, most=65_535)


def env_list(name: str) -> list[str]:
    """Comma-separated."""
    return [part.strip() for part in (_text(name) or "").split(",") if part.strip()]


def env_path(name: str, default: Path) -> Path:
    value = _text(name)
    if value is None:
        return default
    path = Path(value).expanduser()
    if not path.is_absolute():
        path = Path.cwd() / path
    if path.exists() and not path.is_dir():
        raise ImproperlyConfigured(f"{name}={value!r}: must be a directory, this is a file.")
    return path


def env_url(name: str, default: str, *, schemes: Sequence[str]) -> str:
    value = _text(name)
    if value is None:
        return default
    scheme, separator, rest = value.partition("://")
    if scheme not in schemes or not separator or not rest:
        allowed = ", ".join(f"{scheme}://" for scheme in schemes)
        raise ImproperlyConfigured(f"{name}: must be a URL that begins with one of {allowed}.")
    return value.rstrip("/")


def env_database(name: str) -> dict[str, object] | None:
    """DATABASE_URL as Django wants it, or None when unset."""
    value = _text(name)
    if value is None:
        return None
    schemes = ("postgres", "postgresql", "sqlite")
    env_url(name, "", schemes=schemes)
    return dict(_env.db_url_config(value))


def env_data_dir() -> Path:
    """Where everything is kept: BAKEOFF_DATA_DIR, else the place that the XDG rules name."""
    home = Path(_text("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return env_path("BAKEOFF_DATA_DIR", home / "bakeoff")
