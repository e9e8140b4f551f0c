"""Forms of the pages. They parse what people type; what is allowed is decided by the services."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import QueryDict

from agents.adapters.registry import ADAPTERS
from agents.models import AgentProfile, Login, PermissionMode
from orchestrator.git.errors import InvalidRefError
from orchestrator.git.refs import ref_name_check
from orchestrator.lib.numbers import number_of
from orchestrator.models import Project, Variant
from orchestrator.services.tasks import VariantRequest
from orchestrator.states import LETTERS, VARIANTS_MAX

ROWS_PREFIX = "rows"
SHORT_TEXT = 120
LINES = forms.Textarea(attrs={"rows": 3, "class": "in mono", "spellcheck": "false"})


class BoundForm(forms.Form):
    """Fields carry the class of their control, and say to assistive technology what is wrong with them."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            checkbox = isinstance(field.widget, forms.CheckboxInput | forms.RadioSelect)
            field.widget.attrs.setdefault("class", "" if checkbox else "in")


class LoginForm(BoundForm):
    username = forms.CharField(
        label="Name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


# --- Projects -------------------------------------------------------------------------------------


class ProjectForm(BoundForm):
    source = forms.CharField(
        label="Repository",
        max_length=2000,
        error_messages={"required": "Give a path on this machine, or a clone URL."},
        help_text="A path on this machine (/home/you/code/app) or a clone URL: https, ssh or file.",
        widget=forms.TextInput(
            attrs={
                "class": "in mono",
                "autofocus": True,
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
    )
    name = forms.CharField(
        max_length=SHORT_TEXT,
        required=False,
        help_text="Left empty, the last part of the repository's address.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    default_branch = forms.CharField(
        label="Default branch",
        max_length=250,
        required=False,
        help_text="Left empty, the one the repository names itself.",
        widget=forms.TextInput(
            attrs={"class": "in mono", "autocomplete": "off", "spellcheck": "false"}
        ),
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _pairs(text: str) -> dict[str, str]:
    """`NAME=value` lines; raises ValidationError naming the line that is none."""
    pairs: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, sign, value = line.partition("=")
        if not sign or not name.strip():
            raise forms.ValidationError(f"Line {number} is not NAME=value: {line[:60]}")
        pairs[name.strip()] = value
    return pairs


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
        return _pairs(self.cleaned_data["env"])

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


# --- Tasks ----------------------------------------------------------------------------------------


class TaskForm(BoundForm):
    title = forms.CharField(
        max_length=200,
        error_messages={"required": "Give the task a title."},
        widget=forms.Textarea(
            attrs={
                "class": "titlein",
                "rows": 1,
                "placeholder": "What is to be done?",
                "aria-label": "Title",
            }
        ),
    )
    spec = forms.CharField(
        strip=False,
        error_messages={"required": "Say what is to be done: the spec is empty."},
        widget=forms.Textarea(
            attrs={
                "class": "ed",
                "rows": 16,
                "aria-label": "Spec, Markdown",
                "placeholder": "## What\n\n\n## Must\n- \n\n## Must not\n- ",
            }
        ),
    )
    project = forms.ModelChoiceField(
        queryset=Project.objects.none(),
        empty_label=None,
        error_messages={
            "required": "Choose a project.",
            "invalid_choice": "This project is not there, or not ready.",
        },
        widget=forms.Select(attrs={"class": "in sm", "aria-label": "Project"}),
    )
    base = forms.CharField(
        required=False,
        max_length=250,
        widget=forms.TextInput(
            attrs={
                "class": "in sm mono",
                "aria-label": "Base branch or commit",
                "placeholder": "default branch",
                "list": "branches",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
    )
    rubric = forms.CharField(
        required=False,
        help_text="What a good answer is measured by, one point a line. Kept with the task.",
        widget=forms.Textarea(attrs={"rows": 3, "class": "in"}),
    )
    timeout_min = forms.IntegerField(
        label="Stop each after, minutes",
        required=False,
        min_value=1,
        max_value=7 * 24 * 60,
        help_text="Left empty, the limit of each agent.",
    )
    budget_usd = forms.DecimalField(
        label="Stop all at, US dollars",
        required=False,
        min_value=0,
        max_digits=9,
        decimal_places=2,
        help_text="Counts what agents report; some report no cost.",
    )

    # names of the service -> names of the form
    _FIELDS = {"timeout_s": "timeout_min", "variants": None}

    def __init__(self, *args: Any, projects: QuerySet[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = projects  # type: ignore[attr-defined]

    def clean_title(self) -> str:
        return " ".join(str(self.cleaned_data["title"]).split())

    def clean_spec(self) -> str:
        """Browsers send CRLF; the spec is stored, hashed and sent with plain newlines."""
        spec = str(self.cleaned_data["spec"]).replace("\r\n", "\n")
        if not spec.strip():
            raise forms.ValidationError("Say what is to be done: the spec is empty.")
        return spec

    def clean_base(self) -> str:
        """Whether it is there is known only once the origin is fetched; a name it can be."""
        base = str(self.cleaned_data["base"]).strip()
        try:
            return ref_name_check(base) if base else ""
        except InvalidRefError:
            raise forms.ValidationError(f"There is no branch or commit “{base[:100]}”.") from None

    def add_error(self, field: str | None, error: Any) -> None:
        name = self._FIELDS.get(field, field) if field else field
        super().add_error(name if name in self.fields else None, error)

    def submission(self) -> dict[str, Any]:
        """The arguments of `task_submit`, without the variants."""
        data = self.cleaned_data
        minutes = data["timeout_min"]
        return {
            "project": data["project"],
            "title": data["title"],
            "spec": data["spec"],
            "base": data["base"],
            "rubric": data["rubric"].replace("\r\n", "\n"),
            "timeout_s": minutes * 60 if minutes else None,
            "budget_usd": data["budget_usd"] or None,
        }


class VariantRowForm(BoundForm):
    """One row: an agent, how many of it, with which model and which hint."""

    agent = forms.ChoiceField(error_messages={"required": "Choose an agent."})
    count = forms.IntegerField(
        min_value=1,
        max_value=VARIANTS_MAX,
        error_messages={
            "required": "How many?",
            "invalid": "A number, please.",
            "min_value": "At least 1.",
            "max_value": f"At most {VARIANTS_MAX}.",
        },
        widget=forms.NumberInput(attrs={"class": "in num", "inputmode": "numeric"}),
    )
    model = forms.CharField(required=False, max_length=120)
    strategy = forms.CharField(
        required=False,
        max_length=20_000,
        widget=forms.TextInput(attrs={"placeholder": "no hint: let it choose"}),
    )

    def __init__(self, *args: Any, agents: Sequence[AgentProfile], **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"count": 1})
        super().__init__(*args, **kwargs)
        names = [(profile.name, profile.name) for profile in agents]
        self.fields["agent"].choices = names  # type: ignore[attr-defined]
        self.models = {profile.name: profile.model for profile in agents}

    @property
    def chosen(self) -> str:
        """The agent that the row shows."""
        choices = list(self.models)
        value = self["agent"].value()
        return value if value in choices else (choices[0] if choices else "")

    @property
    def copies(self) -> int:
        count = number_of(str(self["count"].value() or ""))
        return 1 if count is None else min(count, VARIANTS_MAX)


if TYPE_CHECKING:
    _RowSet = forms.BaseFormSet[VariantRowForm]
else:
    _RowSet = forms.BaseFormSet  # the class is generic for type checkers only


class VariantRows(_RowSet):
    """The rows of a task. What `formset_factory` would set is written out, so that the class has a type."""

    form = VariantRowForm
    extra = 0
    min_num = 0
    max_num = VARIANTS_MAX
    absolute_max = VARIANTS_MAX * 4
    can_order = False
    can_delete = True
    can_delete_extra = True
    validate_min = False
    validate_max = False
    renderer = None

    def clean(self) -> None:
        total = sum(row.count for row in self.requests()) if not any(self.errors) else 1
        if not total:
            raise forms.ValidationError("Choose at least one agent.")
        if total > VARIANTS_MAX:
            raise forms.ValidationError(
                f"These rows make {total} variants; a task may have {VARIANTS_MAX} at most."
            )

    def requests(self) -> list[VariantRequest]:
        return [
            VariantRequest(
                agent=row.cleaned_data["agent"],
                model=row.cleaned_data["model"].strip(),
                strategy=row.cleaned_data["strategy"].strip(),
                count=row.cleaned_data["count"],
            )
            for row in self.forms
            if row.cleaned_data and not row.cleaned_data.get(DELETION_FIELD_NAME)
        ]

    def shown(self) -> list[tuple[VariantRowForm, list[str]]]:
        """The rows with the letters their variants will have."""
        lettered, at = [], 0
        for row in self.forms:
            if self._removed(row):
                continue
            lettered.append((row, list(LETTERS[at : at + row.copies])))
            at += row.copies
        return lettered

    def removed(self) -> list[str]:
        """Names of the marks of rows that are gone; they are sent on, so that the others keep their numbers."""
        return [f"{row.prefix}-{DELETION_FIELD_NAME}" for row in self.forms if self._removed(row)]

    def _removed(self, row: VariantRowForm) -> bool:
        return self.is_bound and f"{row.prefix}-{DELETION_FIELD_NAME}" in self.data


def row_added(data: QueryDict, agents: Sequence[AgentProfile]) -> QueryDict:
    """What was posted, with one fresh row more."""
    posted = data.copy()
    total = posted.get(f"{ROWS_PREFIX}-TOTAL_FORMS", "0")
    number = number_of(total, most=VariantRows.absolute_max - 1) or 0
    posted[f"{ROWS_PREFIX}-TOTAL_FORMS"] = str(number + 1)
    posted[f"{ROWS_PREFIX}-{number}-agent"] = agents[0].name if agents else ""
    posted[f"{ROWS_PREFIX}-{number}-count"] = "1"
    return posted


def rows_initial(
    agents: Sequence[AgentProfile], like: Sequence[Variant] = ()
) -> list[dict[str, Any]]:
    """The rows that make variants `like` these, without agents that are gone; else two of the first agent."""
    names = {profile.name for profile in agents}
    rows: list[dict[str, Any]] = []
    for variant in like:
        row = {
            "agent": variant.agent.name,
            "model": "" if variant.model == variant.agent.model else variant.model,
            "strategy": variant.strategy,
        }
        if rows and row.items() <= rows[-1].items():
            rows[-1]["count"] += 1
        elif row["agent"] in names:
            rows.append({**row, "count": 1})
    if rows or not agents:
        return rows
    return [{"agent": agents[0].name, "count": 2}]


# --- Agents ---------------------------------------------------------------------------------------


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
        return _pairs(self.cleaned_data["env"])

    def clean_secrets(self) -> dict[str, str]:
        return _pairs(self.cleaned_data["secrets"])

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
