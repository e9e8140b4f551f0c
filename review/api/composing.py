"""The JSON API of composing: parse, call one service or selector, answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Schema

from orchestrator.api import ERRORS, ApiRequest
from orchestrator.api_payloads import variant_payload
from orchestrator.api_schemas import Body, ErrorOut, VariantOut
from orchestrator.lib.errors import NotFound
from orchestrator.models import Variant
from orchestrator.selectors import access
from orchestrator.selectors.tasks import variants_with_state
from review.selectors.composing import composition_of, composition_payload
from review.selectors.wishes import wishes_read
from review.services.composing import TITLE_MAX, variant_compose

LINES_MAX = 100_000
HUNKS_MAX = 20_000

router = Router()
Number = Annotated[int, Field(ge=1, le=10**9)]


class RangeIn(Body):
    """Where a hunk is in the base, as in a patch: its first line, or the line that it follows.

    With a key, only if it still has that.
    """

    base_start: Annotated[int, Field(ge=0, le=10**9)]
    base_lines: Annotated[int, Field(ge=0, le=10**9)]
    key: Annotated[str, Field(max_length=80)] = ""


class LinesIn(Body):
    """Numbers of lines: `left` of the base, to take out; `right` of the variant, to put in."""

    left: Annotated[list[Number], Field(max_length=LINES_MAX)] = []
    right: Annotated[list[Number], Field(max_length=LINES_MAX)] = []


class PickIn(Body):
    """What is taken from `variant` (a letter, an id, or `base`): a file, of it some hunks, or some lines.

    Hunks are named by their number in the diff of base and variant, by key, or by where they are in
    the base. Without a path it is all that the variant changed: the ground, which gives way to the
    other picks. `base` takes what others put there back: lines, or by the key of theirs a name, a mode or a content.

    With `against`, another variant, hunks and lines are those between the two (`compare?left=` it
    `&right=` the variant), also of a file that the base lacks: they go into what `against` has there.
    """

    variant: int | str
    against: int | str | None = None
    path: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    hunks: Annotated[list[int | str | RangeIn], Field(max_length=HUNKS_MAX)] | None = None
    lines: LinesIn | Annotated[list[Number], Field(max_length=LINES_MAX)] | None = None


class ReconcileIn(Body):
    """The agent (by name) that is asked to settle what contradicts; empty: the one most is from."""

    agent: Annotated[str, Field(max_length=200)] = ""
    note: str = ""


class ComposeIn(Body):
    """`title` is that of the commit; empty, it is the task's with what was taken from whom."""

    picks: list[PickIn]
    title: Annotated[str, Field(max_length=TITLE_MAX)] = ""
    why: str = ""
    agent: Annotated[str, Field(max_length=200)] = ""
    reconcile: ReconcileIn | Literal[False] | None = None


class CompositionOut(Schema):
    """`files` say of each file whose it is as a whole (`whole`), or where each hunk of it is from.

    `title` is empty unless somebody wrote one; `contested` are those whose contradictions an agent was to reconcile.
    """

    made_by: str
    made_at: datetime
    title: str
    why: str
    contested: list[str]
    summary: str
    sources: list[dict[str, Any]]
    heads: dict[str, str]
    picks: list[dict[str, Any]]
    files: list[dict[str, Any]]


class ComposedOut(VariantOut):
    composition: CompositionOut | None


@router.post("tasks/{task_id}/compose", response={200: ComposedOut, ERRORS: ErrorOut})
def task_compose(request: ApiRequest, task_id: str, body: ComposeIn) -> dict[str, Any]:
    """Put files, hunks and lines of several variants together as a new variant.

    Where picks contradict each other the answer is 409 `compose.conflict` with the places in
    `details.conflicts`, and nothing is made; with `reconcile`, what fits is made and an agent is
    asked to settle the rest.
    """
    task = access.task_get_for(request.auth, task_id)
    wishes, picks = wishes_read(
        user=request.auth,
        task=task,
        picks=[pick.model_dump(exclude_none=True) for pick in body.picks],
    )
    reconcile = body.reconcile or None
    variant = variant_compose(
        user=request.auth,
        task=task,
        wishes=wishes,
        picks=picks,
        title=body.title,
        why=body.why,
        agent=(reconcile.agent if reconcile else "") or body.agent,
        reconcile=reconcile is not None,
        note=reconcile.note if reconcile else "",
    )
    loaded = variants_with_state(Variant.objects.filter(pk=variant.pk)).get()
    row = composition_of(loaded)
    return {
        **variant_payload(loaded, task=loaded.task),
        "composition": composition_payload(row) if row else None,
    }


@router.get("variants/{variant_id}/composition", response={200: CompositionOut, ERRORS: ErrorOut})
def variant_composition(request: ApiRequest, variant_id: str) -> dict[str, Any]:
    """What a composed variant was put together from."""
    row = composition_of(access.variant_get_for(request.auth, variant_id))
    if row is None:
        raise NotFound("composition.not-found", "This variant was made by an agent.")
    return composition_payload(row)
