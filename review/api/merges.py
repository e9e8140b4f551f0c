"""The JSON API of merging: parse, call one service or selector, answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Router, Schema

from orchestrator.api import ERRORS, ApiRequest
from orchestrator.api_schemas import Body, ErrorOut
from orchestrator.lib.errors import NotFound
from orchestrator.models import Variant
from orchestrator.selectors import access
from review.models import Merge
from review.selectors.merges import merges_of
from review.services.merges import variant_merge

router = Router()


class MergeIn(Body):
    """`variant` is a letter or an id. `expected_target`: merge only if the target is at this commit."""

    variant: int | str
    strategy: Literal["merge", "squash"] = "merge"
    message: str = ""
    why: str = ""
    expected_target: str | None = None


class ConflictOut(Schema):
    path: str
    kind: str = ""
    message: str = ""


class MergeOut(Schema):
    id: int
    task: int
    variant: int
    letter: str
    state: str
    strategy: str
    message: str
    why: str
    reason: str
    commit: str | None
    head_commit: str
    target_branch: str
    target_commit: str | None
    conflicts: list[ConflictOut]
    decided_by: str
    created_at: datetime
    ended_at: datetime | None


def merge_payload(merge: Merge) -> dict[str, Any]:
    decision = merge.decision
    user = decision.decided_by
    return {
        "id": merge.pk,
        "task": decision.task_id,
        "variant": decision.variant_id,
        "letter": decision.variant.letter,
        "state": merge.state,
        "strategy": merge.strategy,
        "message": merge.message,
        "why": decision.why,
        "reason": merge.reason,
        "commit": merge.commit or None,
        "head_commit": merge.head_commit,
        "target_branch": merge.target_branch,
        "target_commit": merge.target_commit or None,
        "conflicts": merge.conflicts,
        "decided_by": (user.get_full_name() or user.get_username()) if user else "",
        "created_at": merge.created_at,
        "ended_at": merge.ended_at,
    }


def _variant(request: ApiRequest, task_id: str, ref: int | str) -> Variant:
    """A Variant of this Task by its letter or id."""
    text = str(ref)
    if len(text) == 1 and text.isalpha():
        return access.variant_by_letter_for(request.auth, task_id, text.upper())
    task = access.task_get_for(request.auth, task_id)
    variant = access.variant_get_for(request.auth, ref)
    if variant.task_id != task.pk:
        raise NotFound("variant.not-found", f"This task has no variant {text[:60]!r}.")
    return variant


@router.post("tasks/{task_id}/merge", response={200: MergeOut, ERRORS: ErrorOut})
def task_merge(request: ApiRequest, task_id: str, body: MergeIn) -> dict[str, Any]:
    """Merge a Variant. `state` of the answer is merged, conflict or refused (`reason` says why).

    It is pushing in the rare case that the origin's answer was lost: `merges` tells how it went on.
    """
    merge = variant_merge(
        user=request.auth,
        variant=_variant(request, task_id, body.variant),
        strategy=body.strategy,
        message=body.message,
        why=body.why,
        expected_target=body.expected_target or "",
    )
    return merge_payload(merge)


@router.get("tasks/{task_id}/merges", response={200: list[MergeOut], ERRORS: ErrorOut})
def task_merges(request: ApiRequest, task_id: str) -> list[dict[str, Any]]:
    """What was tried and what became of it, newest first."""
    task = access.task_get_for(request.auth, task_id)
    return [merge_payload(merge) for merge in merges_of(task)]
