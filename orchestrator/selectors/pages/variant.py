"""One variant: its runs, and what was said to its agent."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass

from orchestrator.models import Environment, FollowUp, Variant
from orchestrator.selectors.access import Viewer
from orchestrator.selectors.pages.asks import AskRow, asks_for
from orchestrator.selectors.rows import VariantRow, variant_row
from orchestrator.selectors.tasks import variants_with_state
from orchestrator.states import EnvironmentState, MessageState, Resolution, VariantState


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """`asked` are the messages that a Run began with; none for the first Run."""

    asked: tuple[FollowUp, ...]
    hex: str
    number: int
    state: str
    last_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantPage:
    row: VariantRow
    runs: tuple[RunRow, ...]
    asks: tuple[AskRow, ...]
    waiting: tuple[FollowUp, ...]
    resolution: str
    project_id: int
    workspace: bool

    @property
    def takes_messages(self) -> bool:
        return self.resolution == Resolution.OPEN and self.row.state != VariantState.ARCHIVED

    @property
    def archived(self) -> bool:
        return self.row.state == VariantState.ARCHIVED

    @property
    def can_archive(self) -> bool:
        return not self.archived and self.resolution != Resolution.MERGING

    @property
    def preview_possible(self) -> bool:
        return self.workspace and not self.archived


def variant_page(user: Viewer, variant: Variant) -> VariantPage:
    loaded = variants_with_state(Variant.objects.filter(pk=variant.pk)).get()
    asked: dict[uuid.UUID, list[FollowUp]] = defaultdict(list)
    for message in FollowUp.objects.filter(variant=variant).select_related("author").order_by("pk"):
        if message.run_id and message.state == MessageState.RUN:
            asked[message.run_id].append(message)
    runs = tuple(
        RunRow(
            asked=tuple(asked[run.pk]),
            hex=run.id.hex,
            number=run.number,
            state=run.state,
            last_seq=run.last_seq,
        )
        for run in loaded.runs.all()
    )
    environment: Environment | None = getattr(loaded, "environment", None)
    waiting = FollowUp.objects.filter(
        variant=variant, state__in=[MessageState.QUEUED, MessageState.HELD]
    )
    return VariantPage(
        row=variant_row(loaded, task=loaded.task),
        runs=runs,
        asks=tuple(asks_for(user, variant=variant)),
        waiting=tuple(waiting.select_related("author").order_by("pk")),
        resolution=loaded.task.resolution,
        project_id=loaded.task.project_id,
        workspace=loaded.composed
        or (environment is not None and environment.state != EnvironmentState.NONE),
    )
