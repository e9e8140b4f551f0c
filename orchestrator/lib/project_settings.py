"""What a project says of itself: `.bakeoff.toml` in the repository, over what was typed in the browser.

Pure: bytes and dicts in, a frozen ProjectSettings out. Unknown keys are errors, so that a typo is seen.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.lib.errors import Invalid

FILE_NAME = ".bakeoff.toml"
FILE_LIMIT_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewSettings:
    command: str = ""
    path: str = "/"
    autostart: bool = True
    ready_timeout_s: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSettings:
    setup: tuple[str, ...] = ()
    setup_inputs: tuple[str, ...] = ()
    copy: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    preview: PreviewSettings = PreviewSettings()


def _fail(where: str, key: str, want: str) -> Invalid:
    return Invalid("settings.invalid", f"{where}: “{key}” must be {want}.")


def _texts(where: str, key: str, value: Any) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise _fail(where, key, "a text or a list of texts")
    if any("\0" in item for item in items):
        raise _fail(where, key, "free of NUL characters")
    return tuple(item for item in items if item.strip())


def _environment(where: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _fail(where, "env", "a table of names and values")
    env: dict[str, str] = {}
    for name, content in value.items():
        text = str(content) if isinstance(content, str | int | float) else None
        if text is None or not name or "=" in name or "\0" in name + text:
            raise _fail(where, f"env.{name}", "a name with a text")
        env[name] = text
    return env


def _preview(where: str, value: Any) -> PreviewSettings:
    if isinstance(value, str):
        value = {"command": value}
    if not isinstance(value, dict):
        raise _fail(where, "preview", "a command or a table")
    unknown = set(value) - {"command", "path", "autostart", "ready_timeout_s"}
    if unknown:
        raise Invalid("settings.invalid", f"{where}: unknown key “preview.{min(unknown)}”.")
    command, path = value.get("command", ""), value.get("path", "/")
    autostart, ready_timeout_s = (
        value.get("autostart", True),
        value.get("ready_timeout_s", 60),
    )
    if not isinstance(command, str) or "\0" in command:
        raise _fail(where, "preview.command", "a text")
    if not isinstance(path, str) or not path.startswith("/"):
        raise _fail(where, "preview.path", "a path that begins with /")
    if not isinstance(autostart, bool):
        raise _fail(where, "preview.autostart", "true or false")
    if (
        isinstance(ready_timeout_s, bool)
        or not isinstance(ready_timeout_s, int)
        or not 1 <= ready_timeout_s <= 3600
    ):
        raise _fail(where, "preview.ready_timeout_s", "1 to 3600 seconds")
    return PreviewSettings(
        command=command.strip(),
        path=path,
        autostart=autostart,
        ready_timeout_s=ready_timeout_s,
    )


def settings_parse(
    values: Mapping[str, Any], *, where: str = "Project settings"
) -> ProjectSettings:
    """Check a plain mapping of the settings' keys; raises Invalid naming the key."""
    unknown = set(values) - {"setup", "setup_inputs", "copy", "env", "preview"}
    if unknown:
        raise Invalid("settings.invalid", f"{where}: unknown key “{min(unknown)}”.")
    return ProjectSettings(
        setup=_texts(where, "setup", values.get("setup", [])),
        setup_inputs=_texts(where, "setup_inputs", values.get("setup_inputs", [])),
        copy=_texts(where, "copy", values.get("copy", [])),
        env=_environment(where, values.get("env", {})),
        preview=_preview(where, values.get("preview", {})),
    )


def settings_read(*, stored: Mapping[str, Any], file: bytes | None) -> ProjectSettings:
    """The settings in force: the file's keys win, key by key, over the stored ones."""
    values = dict(stored)
    if file is not None:
        try:
            values |= tomllib.loads(file.decode("utf-8"))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            raise Invalid("settings.invalid", f"{FILE_NAME} cannot be read: {exc}.") from exc
    return settings_parse(values, where=FILE_NAME if file is not None else "Project settings")
