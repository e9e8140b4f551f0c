"""What `GET tasks/{id}/consensus` answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator.selectors.access import Viewer
from review.compare import READING_ORDER
from review.hunks import base_range
from review.lib.paths import path_text
from review.selectors.agreement import agreement_wait, places_read
from review.selectors.agreement_parts import Place
from review.selectors.consensus import (
    Ground,
    Reader,
    files_consensus,
    ground_get,
    option_text,
)

GROUPS_MAX = 5_000


def consensus_payload(*, user: Viewer, task_id: object, path: str = "") -> dict[str, Any]:
    """All groups, those first that a reader should look at first."""
    ground = ground_get(user=user, task_id=task_id)
    total, places = _of_file(ground, path) if path else _of_all(ground)
    return {
        "base": ground.base,
        "letters": list(ground.heads),
        "total": total,
        "groups": _payloads(ground.hub, places),
    }


def _of_file(ground: Ground, path: str) -> tuple[int, list[Place]]:
    found = [
        Place(file.path, group, file.files)
        for file in files_consensus(ground, path=path)
        for group in file.groups
    ]
    found.sort(key=lambda place: READING_ORDER.index(place.group.kind))
    return len(found), found[:GROUPS_MAX]


def _of_all(ground: Ground) -> tuple[int, list[Place]]:
    """What the board and the list of places have made, or will find made."""
    agreement = agreement_wait(ground)
    total = len(agreement.kinds)
    return total, places_read(ground, agreement, range(min(total, GROUPS_MAX)))


def _payloads(hub: Path, places: Sequence[Place]) -> list[dict[str, Any]]:
    read = Reader(hub)
    payloads = []
    for place in places:
        start, count = base_range(place.group)
        payloads.append(
            {
                "path": path_text(place.path),
                "base_start": start,
                "base_lines": count,
                "kind": str(place.group.kind),
                "about": str(place.group.about),
                "voices": list(place.group.voices),
                "options": [
                    {
                        "letters": list(option.letters),
                        "text": option_text(read, place.files, place.group, option),
                        "keys": list(option.keys),
                    }
                    for option in place.group.options
                ],
            }
        )
    return payloads
