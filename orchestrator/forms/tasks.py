"""A new task."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from orchestrator.forms.fields import BoundForm
from orchestrator.git.errors import InvalidRefError
from orchestrator.git.refs import ref_name_check
from orchestrator.models import Project


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
