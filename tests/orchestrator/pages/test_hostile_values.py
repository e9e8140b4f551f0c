"""Values of addresses and forms that no page of ours writes: refused or passed over, never a fault."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.test import Client

from orchestrator.lib.numbers import number_of
from orchestrator.models import Task
from orchestrator.states import RunState
from tests.support.pages import World

NUMBERS = ("²", "٣", "-1", "1e3", "9" * 19, "9" * 4400, "0" * 4400 + "1", "\0", "1\n", "")
PLACES = (
    "/jump?q={}",
    "/tasks?before={}",
    "/activity?before={}",
    "/tasks/new?project={}",
    "/tasks/1/variants/A/runs?after={}",
    "/tasks/1/tabs?current={}",
)


@pytest.mark.parametrize("number", NUMBERS)
def test_only_plain_digits_are_numbers(number: str) -> None:
    assert number_of(number) is None


def test_a_number_may_be_limited() -> None:
    assert (number_of("007"), number_of("10", most=10), number_of("11", most=10)) == (7, 10, None)


@pytest.mark.parametrize("place", PLACES)
def test_an_address_with_a_strange_value_is_a_page(
    place: str, client: Client, world: World
) -> None:
    world.task(RunState.SUCCEEDED)
    place = place.replace("/1/", f"/{Task.objects.get().pk}/")
    for value in NUMBERS:
        assert client.get(place.format(quote(value))).status_code in (200, 302), value


@pytest.mark.parametrize("field", ["rows-TOTAL_FORMS", "rows-0-count"])
@pytest.mark.parametrize("button", ["add", "start"])
def test_a_form_with_a_strange_number_comes_back(
    button: str, field: str, client: Client, world: World
) -> None:
    sent = {"rows-TOTAL_FORMS": "1", "rows-INITIAL_FORMS": "0", "rows-0-count": "1", button: ""}
    for value in NUMBERS:
        response = client.post("/tasks/new", {**sent, field: value})
        assert response.status_code in (200, 400), value
