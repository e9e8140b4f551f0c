"""The pages of agents."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import ANY

from django.contrib.auth.models import User
from django.test import Client

from agents.models import AgentProfile, PermissionMode
from agents.services import profile_create, profile_update
from orchestrator.models import Activity
from orchestrator.services.agents import agent_create, agent_update
from orchestrator.services.trials import trial_run
from tests.support.pages import HTMX, World, tree


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


def test_an_agent_form_left_alone_changes_nothing(client: Client, world: World) -> None:
    profile = profile_update(
        profile=world.agent,
        secrets={"KEY": "one"},
        args=["--a", "b c"],
        env={"X": "1=2"},
        timeout_s=95,
    )
    before = {f.name: getattr(profile, f.name) for f in AgentProfile._meta.fields}
    url = f"/agents/{profile.pk}"
    page = tree(client.get(url))
    values = {
        e.attrs["name"]: e.attrs.get("value", "") for e in page.tags("input") if "name" in e.attrs
    }
    values |= {
        e.attrs["name"]: "".join(map(str, e.children)).lstrip("\n") for e in page.tags("textarea")
    }
    for select in page.tags("select"):
        chosen = [o for o in select.tags("option") if "selected" in o.attrs]
        values[select.attrs["name"]] = chosen[0].attrs["value"]
    values.pop("drop", None)
    assert client.post(url, values).status_code == 302
    profile.refresh_from_db()
    after = {f.name: getattr(profile, f.name) for f in AgentProfile._meta.fields}
    assert after | {"secrets_encrypted": ANY} == before | {"secrets_encrypted": ANY}
    assert profile.secret_names == ["KEY"]


def test_an_agent_is_tried_from_its_card(client: Client, world: World) -> None:
    profile = AgentProfile.objects.create(name="x", adapter="command", command=["cat"])
    url = f"/agents/{profile.pk}/try"
    assert tree(client.get(url, headers=HTMX)).id(f"try-{profile.pk}").text == "Try it"
    started = tree(client.post(f"{url}/start", headers=HTMX))
    assert "Waiting for its answer" in started.text
    assert "disabled" in started.id(f"try-{profile.pk}").attrs
    again = client.post(f"{url}/start", headers=HTMX)
    assert (again.status_code, "is being tried already" in tree(again).text) == (409, True)
    trial_run(agent_id=profile.pk)
    done = tree(client.get(url, headers=HTMX))
    assert "Tried: it works" in done.text
    assert "This is a test." in done.tags("pre")[0].text
    assert "disabled" not in done.id(f"try-{profile.pk}").attrs
