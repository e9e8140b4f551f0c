"""An agent."""

from __future__ import annotations

import shlex
from typing import Any

from django import forms

from agents.adapters.registry import ADAPTERS
from agents.models import AgentProfile, Login, PermissionMode
from orchestrator.forms.fields import LINES, BoundForm, pairs_read


class AgentForm(BoundForm):
    name = forms.CharField(max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    adapter = forms.ChoiceField(
        help_text="How Bakeoff talks to it. “command” is any program of your own.",
    )
    command = forms.CharField(
        required=False,
        help_text="The program with its arguments, as in a shell. The prompt comes on standard input "
        "unless you choose otherwise.",
        widget=forms.TextInput(attrs={"class": "in mono", "spellcheck": "false"}),
    )
    prompt_via = forms.ChoiceField(
        label="The prompt comes",
        required=False,
        choices=[
            ("stdin", "on standard input"),
            ("arg", "as last argument"),
            ("file", "in a file, named as last argument"),
        ],
    )
    model = forms.CharField(
        required=False, max_length=120, help_text="Left empty, the agent's own default."
    )
    args = forms.CharField(
        label="Extra arguments",
        required=False,
        widget=forms.TextInput(attrs={"class": "in mono", "spellcheck": "false"}),
    )
    permission_mode = forms.ChoiceField(
        label="Permissions",
        choices=PermissionMode.choices,
        initial=PermissionMode.ACCEPT_EDITS,
        required=False,
    )
    login = forms.ChoiceField(label="Signs in with", choices=Login.choices, required=False)
    login_env = forms.CharField(
        label="Variables passed on",
        required=False,
        help_text="Names of the server's own variables that the agent may see, such as ANTHROPIC_API_KEY.",
        widget=forms.TextInput(attrs={"class": "in mono", "spellcheck": "false"}),
    )
    env = forms.CharField(
        label="Environment",
        required=False,
        widget=LINES,
        help_text="NAME=value, one a line. Shown to everybody here: secrets go below.",
    )
    secrets = forms.CharField(
        required=False,
        widget=forms.Textarea(
            attrs={
                "rows": 3,
                "class": "in mono",
                "spellcheck": "false",
                "autocomplete": "off",
                "placeholder": "NAME=value",
            }
        ),
        help_text="NAME=value, one a line. Kept encrypted, given to its runs only, never shown again.",
    )
    timeout_min = forms.IntegerField(
        label="Stop after, minutes", min_value=1, max_value=7 * 24 * 60, initial=60
    )
    idle_timeout_min = forms.IntegerField(
        label="Stop when silent for, minutes", min_value=1, max_value=7 * 24 * 60, initial=15
    )
    answer_timeout_min = forms.IntegerField(
        label="Deny what nobody answers within, minutes",
        min_value=1,
        max_value=7 * 24 * 60,
        initial=1440,
    )

    def __init__(self, *args: Any, profile: AgentProfile | None, **kwargs: Any) -> None:
        self.profile = profile
        if profile is not None:
            kwargs["initial"] = self._initial(profile)
        super().__init__(*args, **kwargs)
        adapters = [(name, name) for name in ADAPTERS]
        self.fields["adapter"].choices = adapters  # type: ignore[attr-defined]
        if profile is not None:
            del self.fields["name"], self.fields["adapter"]
            if profile.secret_names:
                self.fields["drop"] = forms.MultipleChoiceField(
                    label="Stored secrets, tick to remove",
                    required=False,
                    choices=[(name, name) for name in profile.secret_names],
                    widget=forms.CheckboxSelectMultiple,
                )

    @staticmethod
    def _initial(profile: AgentProfile) -> dict[str, Any]:
        return {
            "command": shlex.join(profile.command),
            "prompt_via": profile.prompt_via,
            "model": profile.model,
            "args": shlex.join(profile.args),
            "permission_mode": profile.permission_mode,
            "login": profile.login,
            "login_env": " ".join(profile.login_env),
            "env": "\n".join(f"{name}={value}" for name, value in profile.env.items()),
            "timeout_min": max(1, profile.timeout_s // 60),
            "idle_timeout_min": max(1, profile.idle_timeout_s // 60),
            "answer_timeout_min": max(1, profile.answer_timeout_s // 60),
        }

    def _words(self, field: str) -> list[str]:
        try:
            return shlex.split(self.cleaned_data[field])
        except ValueError as exc:
            raise forms.ValidationError("A quotation mark is not closed.") from exc

    def clean_command(self) -> list[str]:
        return self._words("command")

    def clean_args(self) -> list[str]:
        return self._words("args")

    def clean_env(self) -> dict[str, str]:
        return pairs_read(self.cleaned_data["env"])

    def clean_secrets(self) -> dict[str, str]:
        return pairs_read(self.cleaned_data["secrets"])

    def _fields(self) -> dict[str, Any]:
        data = self.cleaned_data
        fields = {name: data[name] for name in ("command", "args", "env", "model")}
        fields["login_env"] = data["login_env"].replace(",", " ").split()
        for name in ("prompt_via", "permission_mode", "login"):
            if data[name]:
                fields[name] = data[name]
        for name in ("timeout", "idle_timeout", "answer_timeout"):
            fields[f"{name}_s"] = self._seconds(name)
        return fields

    def _seconds(self, name: str) -> int:
        """Minutes as typed; a limit that was set to the second elsewhere stays if it is not touched."""
        minutes: int = self.cleaned_data[f"{name}_min"]
        before = getattr(self.profile, f"{name}_s", None)
        if before is not None and max(1, before // 60) == minutes:
            return int(before)
        return minutes * 60

    def creation(self) -> dict[str, Any]:
        """The arguments of `profile_create`."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "adapter": data["adapter"],
            "secrets": data["secrets"],
            **self._fields(),
        }

    def changes(self) -> dict[str, Any]:
        """The arguments of `profile_update`: None removes a secret."""
        secrets: dict[str, str | None] = dict.fromkeys(self.cleaned_data.get("drop", []))
        return {"secrets": secrets | self.cleaned_data["secrets"], **self._fields()}
