"""The JSON API of comparing: parse, call one selector, answer."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Field, Router, Schema

from orchestrator.api import ERRORS, ApiRequest
from orchestrator.api_schemas import ErrorOut
from review.api.diff_schemas import DiffOut
from review.selectors import compare
from review.selectors.board import board_payload
from review.selectors.consensus_payload import consensus_payload
from review.selectors.sides import BASE

REV_MAX = 250

Rev = Annotated[str, Field(max_length=REV_MAX)]

router = Router()


class CompareOut(Schema):
    left: dict[str, Any]
    right: dict[str, Any]
    files_changed: int
    insertions: int
    deletions: int
    files: list[dict[str, Any]]


class BoardOut(Schema):
    task: int
    base_commit: str
    variants: list[dict[str, Any]]
    files: list[dict[str, Any]]


class ConsensusOut(Schema):
    base: str
    letters: list[str]
    total: int
    groups: list[dict[str, Any]]


@router.get("tasks/{task_id}/compare", response={200: CompareOut, ERRORS: ErrorOut})
def task_compare(
    request: ApiRequest, task_id: str, left: Rev = BASE, right: Rev = ""
) -> dict[str, Any]:
    """The files that two sides differ in.

    A side is `base`, a variant's letter (its newest state), `A@run2` (A at the end of its second run),
    `A@snapshot5` (A's fifth snapshot), or the id of a commit of the project, 7 digits or more.
    `status` of a file is A (added), M, D (deleted), R (renamed), C (copied: `old_path` is the source;
    its lines are counted as those of a new file) or T (kind changed).
    """
    return compare.compare_summary(user=request.auth, task_id=task_id, left=left, right=right)


@router.get("tasks/{task_id}/diff", response={200: DiffOut, ERRORS: ErrorOut}, exclude_unset=True)
def task_diff(
    request: ApiRequest,
    task_id: str,
    path: str,
    left: Rev = BASE,
    right: Rev = "",
    context: Annotated[int, Field(ge=0, le=compare.CONTEXT_MAX)] | None = None,
    whitespace: str = "none",
) -> dict[str, Any]:
    """All changed lines of one file, with `context` equal ones around them. Sides as in `compare`.

    `whitespace` is none (all of it counts), eol, change or all: what of it is ignored. A copied file is
    compared with `old_path`, which it was copied from; to compositions and consensus it is a new file.
    """
    return compare.diff_chunks(
        user=request.auth,
        task_id=task_id,
        left=left,
        right=right,
        path=path,
        context=context,
        whitespace=whitespace,
    )


@router.get("tasks/{task_id}/board", response={200: BoardOut, ERRORS: ErrorOut})
def task_board(request: ApiRequest, task_id: str) -> dict[str, Any]:
    """Files × variants: what each variant did to each file, and how that stands to the others.

    `mark` is shared, partly, unique or contradictory. A variant that left a file alone has no cell.
    While much is still to be compared the answer is 503 `board.pending`, with how far it is in `details`:
    ask again, it goes on from there.
    """
    return board_payload(user=request.auth, task_id=task_id)


@router.get("tasks/{task_id}/consensus", response={200: ConsensusOut, ERRORS: ErrorOut})
def task_consensus(request: ApiRequest, task_id: str, path: str = "") -> dict[str, Any]:
    """Places of the base and what the variants made of them: contradictory ones first, then
    unique, near, shared. `path` asks for one file. `base_start` counts as in a patch: the first
    line from 1, or (`base_lines` 0) the line that an insertion follows. 503 `board.pending` as of the board.
    """
    return consensus_payload(user=request.auth, task_id=task_id, path=path)
