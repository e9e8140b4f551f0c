"""The columns of the Overview, ordered by a criterion instead of by letter."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from orchestrator.models import Run, Task
from tests.support.pages import HTMX, Element, World, tree

# Seconds, tokens, dollars, files, lines; C is queued and D reports neither tokens nor cost.
FACTS: dict[str, tuple[int, int | None, str | None, int, int]] = {
    "A": (300, 900, "0.50", 4, 70),
    "B": (100, 500, "2.00", 9, 30),
    "D": (200, None, None, 2, 30),
}


@pytest.fixture
def task(world: World) -> Task:
    task = world.task("succeeded", "succeeded", "queued", "failed")
    now = timezone.now()
    for letter, (seconds, tokens, cost, files, lines) in FACTS.items():
        task.variants.filter(letter=letter).update(
            head_commit="b" * 40, files_changed=files, insertions=lines, deletions=0
        )
        Run.objects.filter(variant__task=task, variant__letter=letter).update(
            prepared_at=now - timedelta(seconds=seconds),
            ended_at=now,
            input_tokens=tokens,
            cost_usd=cost and Decimal(cost),
        )
    return task


def tabs(page: Element) -> str:
    found = page.all(lambda e: e.attrs.get("id", "").startswith("tab-") and e.tag == "a")
    return "".join(e.attrs["id"].removeprefix("tab-").upper() for e in found[1:])


def columns(page: Element) -> set[str]:
    """The letters of each row's cells: all rows have the same."""
    rows = page.all(lambda e: e.attrs.get("role") == "row" and e.attrs.get("class") != "heads")
    return {
        "".join(letter for cell in row.all(is_cell) for letter in letters_of(cell)) for row in rows
    }


def is_cell(element: Element) -> bool:
    return element.attrs.get("role") == "cell"


def is_head_of(name: str) -> Callable[[Element], bool]:
    def wanted(element: Element) -> bool:
        inside = [child.attrs.get("id") for child in element.children if isinstance(child, Element)]
        return element.attrs.get("role") == "rowheader" and name in inside

    return wanted


def letters_of(cell: Element) -> list[str]:
    return [name.upper() for name in re.findall(r"\bv-(\w)\b", cell.attrs.get("class", ""))]


def seen(client: Client, task: Task, query: str = "", *, part: bool = False) -> Element:
    return tree(client.get(f"/tasks/{task.pk}{query}", headers=HTMX if part else {}))


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("time", "BDAC"),
        ("-time", "ADBC"),
        ("tokens", "BACD"),
        ("-tokens", "ABCD"),
        ("cost", "ABCD"),
        ("-cost", "BACD"),
        ("files", "DABC"),
        ("-files", "BADC"),
        ("size", "BDAC"),
        ("-size", "ABDC"),
        ("state", "ABCD"),
        ("-state", "DCAB"),
        ("nonsense", "ABCD"),
        ("--time", "ABCD"),
        ("", "ABCD"),
    ],
)
def test_columns_by_a_criterion(client: Client, task: Task, name: str, letters: str) -> None:
    page = seen(client, task, f"?columns={name}")
    assert tabs(page) == letters
    assert columns(page) == {letters}
    keys = [page.id(f"tab-{letter}").attrs["data-key"] for letter in "abcd"]
    assert keys == ["1", "2", "3", "4"], "a key opens its variant wherever that stands"


def test_a_head_orders_turns_round_and_goes_back(client: Client, task: Task) -> None:
    page = seen(client, task)
    said = []
    for _ in range(4):
        head = page.id("by-cost")
        (row,) = page.all(is_head_of("by-cost"))
        said.append((tabs(page), row.attrs.get("aria-sort", ""), head.attrs["title"]))
        page = seen(client, task, head.attrs["href"])
    assert said == [
        ("ABCD", "", "Order the variants by cost, cheapest first"),
        ("ABCD", "ascending", "Order the variants by cost, dearest first"),
        ("BACD", "descending", "Order the variants by letter"),
        ("ABCD", "", "Order the variants by cost, cheapest first"),
    ]


def test_an_update_keeps_the_columns_that_are_shown(
    client: Client, task: Task, world: World
) -> None:
    order = seen(client, task, "?columns=time").id("column-order").attrs
    assert (order["data-name"], order["data-letters"]) == ("time", "BDAC")
    Run.objects.filter(variant__task=task, variant__letter="B").update(
        prepared_at=timezone.now() - timedelta(hours=1)
    )
    world.variant(task, 4, "succeeded")
    again = seen(client, task, "?columns=time&letters=BDAC", part=True)
    assert tabs(again) == "BDACE"
    assert again.id("by-anew").attrs["href"] == "?columns=time"
    anew = seen(client, task, "?columns=time")
    assert tabs(anew) == "EDABC"
    assert not anew.all(lambda e: e.attrs.get("id") == "by-anew")


@pytest.mark.parametrize("letters", ["%00", "ZZZZ", "<b>", "A" * 5000, "DDCC"])
def test_letters_are_only_letters(client: Client, task: Task, letters: str) -> None:
    page = seen(client, task, f"?columns=time&letters={letters}")
    assert sorted(tabs(page)) == list("ABCD")
