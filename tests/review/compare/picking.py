"""A person's tray, changed and read as a page does it."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from orchestrator.lib.paths import hub_dir
from review.models import Tray
from review.selectors.hunks import pair_hunks
from tests.review.compare.conftest import World

AREA = "app/area.py"


def change(reader: Client, world: World, **fields: Any) -> str:
    response = reader.post(world.url("tray"), fields, headers={"hx-request": "true"})
    assert response.status_code == 200, response.content
    return response.content.decode()


def pick(**fields: Any) -> str:
    return json.dumps(fields)


def picks(world: World) -> list[dict[str, Any]]:
    return list(Tray.objects.get(user=world.user, task=world.task).picks)


def key(world: World, letter: str) -> str:
    hub = hub_dir(world.task.project_id)
    files = pair_hunks(hub=hub, left=world.base, right=world.heads[letter])
    return files[AREA].hunks[0].key


def picks_gone(world: World) -> bool:
    return not Tray.objects.filter(user=world.user, task=world.task).exists()


def undo(reader: Client, world: World) -> str:
    html = reader.get(world.url("tray"), headers={"hx-request": "true"}).content.decode()
    return change(reader, world, undo=step_seen(html))


def step_seen(html: str) -> str:
    return html.split('data-undo="')[1].split('"')[0]


def lines_to(n: int) -> str:
    return pick(variant="A", path="app/new.py", lines={"left": [], "right": [*range(1, n)]})
