"""The pages of agents."""

from __future__ import annotations

from pathlib import Path

from django.contrib.auth.models import User
from django.test import Client

from agents.models import PermissionMode
from agents.services import profile_create
from orchestrator.models import Activity
from orchestrator.services.agents import agent_create, agent_update
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


def test_who_added_changed_and_removed_an_agent_is_written_down(
    client: Client, pat: User, data_dir: Path
) -> None:
    profile = agent_create(user=pat, name="cat", adapter="command", command=["cat"])
    agent_update(user=pat, profile=profile, secrets={"KEY": "very secret"}, model="m-2")
    assert client.post(f"/agents/{profile.pk}/remove").status_code == 302
    told = Activity.objects.filter(verb__startswith="agent.").order_by("pk")
    assert [(row.verb, row.actor, row.text) for row in told] == [
        ("agent.added", pat, "cat"),
        ("agent.changed", pat, "cat: model, secrets"),
        ("agent.removed", pat, "cat"),
    ]
    page = tree(client.get("/activity")).text
    assert "removed the agent" in page
    assert "very secret" not in page
