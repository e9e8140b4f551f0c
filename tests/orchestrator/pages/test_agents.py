"""The pages of agents."""

from __future__ import annotations

from django.test import Client

from agents.models import PermissionMode
from agents.services import profile_create
from tests.support.pages import World, tree


def test_a_program_of_ones_own_has_no_permission_mode(client: Client, world: World) -> None:
    asking = profile_create(name="careful", adapter="claude", permission_mode=PermissionMode.ASK)
    program = profile_create(name="cat", adapter="command", command=["cat"])
    cards = tree(client.get("/agents")).all(lambda e: e.attrs.get("class") == "card agent")
    texts = {card.tags("h2")[0].text: card.text for card in cards}
    assert PermissionMode.ASK.label in texts["careful"]
    assert "Never asks: it may do what you may" in texts["cat"]
    for profile, fields in ((asking, 1), (program, 0)):
        form = tree(client.get(f"/agents/{profile.pk}"))
        assert (
            len(form.all(lambda e: e.attrs.get("id") == "id_permission_mode" and e.tag == "select"))
            == fields
        )
