"""Which agents a new task is given to: rows that can be added and taken out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import QueryDict

from agents.models import AgentProfile
from orchestrator.forms.fields import BoundForm
from orchestrator.lib.numbers import number_of
from orchestrator.models import Variant
from orchestrator.services.tasks import VariantRequest
from orchestrator.states import LETTERS, VARIANTS_MAX

ROWS_PREFIX = "rows"


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
