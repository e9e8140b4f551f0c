"""A new project, and the settings of one."""

from __future__ import annotations

from typing import Any

from django import forms

from orchestrator.forms.fields import LINES, BoundForm, pairs_read
from orchestrator.models import Project

SHORT_TEXT = 120


def _mono(**attrs: object) -> forms.TextInput:
    return forms.TextInput(
        attrs={"class": "in mono", "autocomplete": "off", "spellcheck": "false", **attrs}
    )


def _source(help_text: str, **attrs: object) -> forms.CharField:
    return forms.CharField(
        label="Repository",
        max_length=2000,
        error_messages={"required": "Give a path on this machine, or a clone URL."},
        help_text=help_text,
        widget=_mono(**attrs),
    )


def _default_branch() -> forms.CharField:
    return forms.CharField(
        label="Default branch",
        max_length=250,
        required=False,
        help_text="Left empty, the one the repository names itself.",
        widget=_mono(),
    )


class ProjectForm(BoundForm):
    source = _source(
        "A path on this machine (/home/you/code/app) or a clone URL: https, ssh or file.",
        autofocus=True,
    )
    name = forms.CharField(
        max_length=SHORT_TEXT,
        required=False,
        help_text="Left empty, the last part of the repository's address.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    default_branch = _default_branch()


class ProjectAddressForm(BoundForm):
    """Where a project is that could not be imported."""

    source = _source("A path on this machine or a clone URL: https, ssh or file.")
    default_branch = _default_branch()

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(
            *args,
            initial={"source": project.source, "default_branch": project.default_branch},
            auto_id="id_address_%s",
            **kwargs,
        )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class ProjectSettingsForm(BoundForm):
    name = forms.CharField(max_length=SHORT_TEXT)
    default_branch = forms.CharField(
        label="Default branch", max_length=250, widget=forms.TextInput(attrs={"class": "in mono"})
    )
    setup = forms.CharField(
        required=False,
        widget=LINES,
        help_text="Commands that make a fresh workspace ready, one a line. They run before the agent.",
    )
    setup_inputs = forms.CharField(
        label="Setup inputs",
        required=False,
        widget=LINES,
        help_text="Files such as requirements.txt: setup runs again before a preview when they changed.",
    )
    copy = forms.CharField(
        label="Copy",
        required=False,
        widget=LINES,
        help_text="Ignored files that agents need, by pattern, such as .env. From a local origin only.",
    )
    env = forms.CharField(
        label="Environment",
        required=False,
        widget=LINES,
        help_text="NAME=value, one a line. Agents see these, so put no secrets here.",
    )
    preview_command = forms.CharField(
        label="Preview command",
        required=False,
        help_text="Starts the app on the port in $PORT, for example: flask run --port $PORT",
        widget=forms.TextInput(attrs={"class": "in mono", "spellcheck": "false"}),
    )
    preview_path = forms.CharField(
        label="Preview path",
        required=False,
        help_text="Ready when this path answers.",
        widget=forms.TextInput(attrs={"class": "in mono"}),
    )
    preview_ready_timeout_s = forms.IntegerField(
        label="Ready within, seconds", required=False, min_value=1, max_value=3600
    )
    preview_autostart = forms.BooleanField(label="Start it when a run succeeds", required=False)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        self.project = project
        kwargs["initial"] = self._initial(project)
        super().__init__(*args, **kwargs)

    @staticmethod
    def _initial(project: Project) -> dict[str, Any]:
        stored = project.settings
        preview = stored.get("preview", {})
        if isinstance(preview, str):
            preview = {"command": preview}
        lists = {
            name: "\n".join([value] if isinstance(value := stored.get(name, []), str) else value)
            for name in ("setup", "setup_inputs", "copy")
        }
        return lists | {
            "name": project.name,
            "default_branch": project.default_branch,
            "env": "\n".join(f"{name}={value}" for name, value in stored.get("env", {}).items()),
            "preview_command": preview.get("command", ""),
            "preview_path": preview.get("path", "/"),
            "preview_ready_timeout_s": preview.get("ready_timeout_s", 60),
            "preview_autostart": preview.get("autostart", True),
        }

    def clean_env(self) -> dict[str, str]:
        return pairs_read(self.cleaned_data["env"])

    def changes(self) -> dict[str, Any]:
        """The fields to update; a name or branch left as it was is not among them."""
        data = self.cleaned_data
        settings: dict[str, Any] = {
            name: _lines(data[name]) for name in ("setup", "setup_inputs", "copy")
        }
        settings["env"] = data["env"]
        if data["preview_command"].strip():
            settings["preview"] = {
                "command": data["preview_command"],
                "path": data["preview_path"] or "/",
                "autostart": data["preview_autostart"],
                "ready_timeout_s": data["preview_ready_timeout_s"] or 60,
            }
        changes: dict[str, Any] = {"settings": {k: v for k, v in settings.items() if v}}
        for name in ("name", "default_branch"):
            if data[name] != getattr(self.project, name):
                changes[name] = data[name]
        return changes

    def field_of(self, message: str) -> str:
        """The field that a message about the settings quotes: “preview.path” is `preview_path`."""
        quoted = message.partition("“")[2].partition("”")[0]
        return quoted.replace(".", "_") if quoted else ""
