"""What becomes of workspaces, ports and waiting follow-ups."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from agents.adapters.base import SESSION_LOST
from agents.events import End
from orchestrator.git import upkeep
from orchestrator.git.hub import blob_read
from orchestrator.jobs import upkeep_job
from orchestrator.lib import paths
from orchestrator.lib.errors import Conflict
from orchestrator.lib.project_settings import ProjectSettings
from orchestrator.models import Environment, FollowUp, Project, Run, Task, Variant
from orchestrator.services.environments import environment_ensure, process_environment
from orchestrator.services.follow_ups import follow_up_send
from orchestrator.services.run_ending import run_finish
from orchestrator.services.runs import follow_up_run, follow_ups_sweep, run_ended, variant_stop
from orchestrator.services.snapshots import snapshot_take
from orchestrator.services.variants import variant_archive
from orchestrator.services.workspaces import workspaces_sweep
from orchestrator.states import EnvironmentState, MessageState, ProjectState, Resolution, RunState
from tests.support.merging import Shop
from tests.support.repositories import plain_git, write


def ended(shop: Shop) -> tuple[Variant, Path]:
    """A Variant that is done and sealed, with its workspace."""
    variant = shop.variant()
    path = Path(environment_ensure(variant).path)
    Run.objects.filter(variant=variant).update(sealed_at=variant.created_at)
    return Variant.objects.get(pk=variant.pk), path


def test_work_that_no_snapshot_holds_is_kept_when_its_workspace_goes(shop: Shop) -> None:
    variant, path = ended(shop)
    (path / "by-hand.txt").write_text("not lost\n")
    variant_archive(user=None, variant=variant)
    workspaces_sweep()
    assert not path.exists()
    variant.refresh_from_db()
    kept = blob_read(hub=shop.hub, commit=variant.head_commit, path="by-hand.txt", limit_bytes=1000)
    assert kept == b"not lost\n"


@pytest.fixture
def working_copy(data_dir: Path, db: None, template: Path, tmp_path: Path) -> Shop:
    """A project whose origin is a person's working copy, with files that no commit has."""
    shop = Shop.make(tmp_path, User.objects.create_user("pat"), template=template, bare=False)
    for name in (".env", "conf/a.env", "README.md"):
        write(shop.origin / name, "KEY=s3cret\n")
    return shop


@pytest.mark.parametrize("pattern", [".env", "./.env", "*env", "**/.env", "[.]env"])
def test_no_snapshot_holds_what_copy_brought(working_copy: Shop, pattern: str) -> None:
    shop = working_copy
    Project.objects.update(settings={"copy": [pattern, "conf", "README.md"]})
    variant = Variant.objects.get(pk=shop.variant().pk)
    workspace = Path(environment_ensure(variant).path)
    assert (workspace / ".env").read_text() == "KEY=s3cret\n"
    assert (workspace / "README.md").read_text() != "KEY=s3cret\n"
    for name in ("conf/new.env", "by-hand.txt", "README.md"):
        write(workspace / name, "of the agent\n")

    Project.objects.update(settings={})  # edited while the agent works
    taken = snapshot_take(Run.objects.get(variant=variant), journal_n=1)

    assert taken is not None
    listed = plain_git(shop.hub, "ls-tree", "-r", "--name-only", taken.commit).split()
    assert listed == ["README.md", "by-hand.txt", "conf/new.env", "src/app.py"]
    assert blob_read(hub=shop.hub, commit=taken.commit, path="README.md", limit_bytes=99) == (
        b"of the agent\n"
    )


def test_an_agent_that_adds_everything_commits_nothing_that_copy_brought(
    working_copy: Shop,
) -> None:
    shop = working_copy
    odd = "conf/[a] *.env"
    write(shop.origin / odd, "KEY=s3cret\n")
    Project.objects.update(settings={"copy": [".env", "conf"]})
    variants = [Variant.objects.get(pk=shop.variant().pk) for _ in range(2)]
    for variant in variants:
        workspace = Path(environment_ensure(variant).path)
        assert (workspace / odd).read_text() == "KEY=s3cret\n"
        write(workspace / "conf/a b.env", "of the agent\n")
        plain_git(workspace, "add", "-A")
        plain_git(workspace, "commit", "-q", "-m", "All of it")
        taken = snapshot_take(Run.objects.get(variant=variant), journal_n=1)
        assert taken is not None
        listed = plain_git(
            shop.hub,
            "log",
            "--format=",
            "--name-only",
            f"{shop.task.spec.base_commit}..{taken.commit}",
        )
        assert listed.splitlines() == ["conf/a b.env"]


def test_what_a_killed_worker_has_copied_is_known_to_be_copied(
    working_copy: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    Project.objects.update(settings={"copy": [".env", "conf/*"]})
    variant = Variant.objects.get(pk=working_copy.variant().pk)
    replace = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if target.name == "a.env":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        environment_ensure(variant)
    monkeypatch.setattr(Path, "replace", replace)
    (working_copy.origin / ".env").unlink()
    environment = environment_ensure(Variant.objects.get(pk=variant.pk))
    assert environment.copied == [".env", "conf/a.env"]
    assert (Path(environment.path) / "conf/a.env").exists()


def test_a_workspace_that_was_deleted_already_is_put_away(shop: Shop) -> None:
    variant, path = ended(shop)
    shutil.rmtree(path)
    variant_archive(user=None, variant=variant)
    workspaces_sweep()
    assert Environment.objects.get(variant=variant).state == EnvironmentState.REMOVED


def test_a_workspace_that_resists_does_not_keep_the_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, stuck = ended(shop)
    second, path = ended(shop)
    for variant in (first, second):
        variant_archive(user=None, variant=variant)

    def full(variant: Variant) -> None:
        if variant.pk == first.pk:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("orchestrator.services.workspaces.snapshot_take_last", full)
    workspaces_sweep()
    assert stuck.exists()
    assert not path.exists()


def test_the_ports_of_an_archived_variant_are_given_out_again(shop: Shop) -> None:
    first, _ = ended(shop)
    port = first.environment.port_base
    variant_archive(user=None, variant=first)
    workspaces_sweep()
    assert environment_ensure(shop.variant()).port_base == port
    with pytest.raises(Conflict):  # it would share them
        environment_ensure(Variant.objects.get(pk=first.pk))


def test_a_project_s_own_variables_do_not_take_a_variant_s_port_or_name(shop: Shop) -> None:
    variant = shop.variant()
    environment = environment_ensure(variant)
    given = {"PORT": "3000", "PORT_1": "3001", "GIT_AUTHOR_NAME": "x", "BAKEOFF_VARIANT": "Z"}
    settings = ProjectSettings(env={**given, "HOST": "0.0.0.0", "PATH": "/opt/bin"})  # noqa: S104
    env = process_environment(variant, environment, settings)
    assert env["PORT"] == str(environment.port_base)
    assert env["PORT_1"] == str(environment.port_base + 1)
    assert (env["GIT_AUTHOR_NAME"], env["BAKEOFF_VARIANT"]) == ("scripted (A)", "A")
    assert (env["HOST"], env["PATH"]) == ("0.0.0.0", "/opt/bin")  # noqa: S104


def test_no_two_living_workspaces_share_ports(shop: Shop) -> None:
    first = environment_ensure(shop.variant())
    second = environment_ensure(shop.variant())
    with pytest.raises(IntegrityError), transaction.atomic():
        Environment.objects.filter(pk=second.pk).update(port_base=first.port_base)


def test_a_follow_up_whose_message_was_lost_becomes_a_run(shop: Shop) -> None:
    variant = shop.variant()
    FollowUp.objects.create(variant=variant, text="Go on.")
    assert follow_ups_sweep() == 1
    assert variant.runs.get(number=2).prompt.endswith("Go on.\n")
    assert follow_ups_sweep() == 0


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.WAITING])
def test_a_follow_up_waits_for_the_run_before_it(shop: Shop, state: RunState) -> None:
    FollowUp.objects.create(variant=shop.variant(state=state), text="Go on.")
    assert follow_ups_sweep() == 0


def test_a_stop_holds_back_what_waits_until_somebody_writes_again(shop: Shop) -> None:
    variant = shop.variant(state=RunState.RUNNING)
    FollowUp.objects.create(variant=variant, text="Go on.")
    sent = FollowUp.objects.create(
        variant=variant, text="Unheard.", state=MessageState.STEERED, run=variant.runs.get()
    )
    assert variant_stop(user=None, variant=variant) == 1
    run = variant.runs.get()
    end = End(time=1.0, state="stopped")
    assert run_finish(run, end=end, fence=0, last_seq=1, last_lines=[], heard=lambda _: False)
    run_ended(run_id=run.id.hex)
    assert follow_ups_sweep() == 0
    assert variant.runs.count() == 1
    sent.refresh_from_db()
    assert sent.state == MessageState.HELD

    follow_up_send(user=None, variant=Variant.objects.get(pk=variant.pk), text="And this.")
    prompt = variant.runs.get(number=2).prompt
    assert [prompt.count(text) for text in ("Go on.", "Unheard.", "And this.")] == [1, 1, 1]


def test_an_agent_without_a_session_is_told_every_text_in_its_order(shop: Shop) -> None:
    variant = shop.variant()
    for text in ("FIRST use tabs", "SECOND add tests", "THIRD tidy up"):
        follow_up_send(user=None, variant=variant, text=text)
        Run.objects.filter(variant=variant).update(state=RunState.SUCCEEDED)
    prompt = variant.runs.get(number=4).prompt
    told = ["Make the shop better.", "FIRST", "SECOND", "## Follow-up", "THIRD"]
    places = [prompt.index(words) for words in told]
    assert places == sorted(places)
    assert [prompt.count(words) for words in told] == [1] * 5
    Variant.objects.update(session="s-1")
    follow_up_send(user=None, variant=variant, text="FOURTH")
    assert variant.runs.get(number=5).prompt == "FOURTH"


def test_a_session_that_the_agent_no_longer_knows_is_begun_anew(shop: Shop) -> None:
    variant = shop.variant()
    follow_up_send(user=None, variant=variant, text="FIRST use tabs")
    Run.objects.update(state=RunState.SUCCEEDED)
    Variant.objects.update(session="s-1")
    follow_up_send(user=None, variant=variant, text="SECOND add tests")
    lost = variant.runs.get(number=3)
    assert lost.resumes == "s-1"
    Run.objects.filter(pk=lost.pk).update(state=RunState.RUNNING, session="s-1")
    end = End(time=1.0, state="failed", code=SESSION_LOST, message="No conversation found")
    assert run_finish(lost, end=end, fence=0, last_seq=1, last_lines=[], heard=lambda _: True)
    run_ended(run_id=lost.id.hex)
    anew = variant.runs.get(number=4)
    assert (anew.resumes, anew.state) == ("", RunState.QUEUED)
    assert [anew.prompt.count(text) for text in ("better.", "FIRST", "SECOND")] == [1, 1, 1]
    assert [one.run for one in variant.follow_ups.order_by("pk")] == [
        variant.runs.get(number=2),
        anew,
    ]


def test_a_text_sent_while_the_agent_is_being_stopped_is_a_wish_of_its_own(shop: Shop) -> None:
    variant = shop.variant(state=RunState.RUNNING)
    variant_stop(user=None, variant=variant)
    follow_up_send(user=None, variant=variant, text="Do this instead.")
    Run.objects.update(state=RunState.STOPPED)
    assert follow_ups_sweep() == 1


def test_no_run_begins_once_a_merge_has(shop: Shop) -> None:
    """The Variant in hand was loaded before the merge took its Task."""
    variant = shop.variant()
    FollowUp.objects.create(variant=variant, text="Go on.")
    Task.objects.update(resolution=Resolution.MERGING)
    assert variant.task.resolution == Resolution.OPEN
    assert follow_up_run(variant=variant) is None


def test_the_periodic_job_packs_hubs_and_one_that_fails_does_not_keep_the_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    Project.objects.create(
        name="gone", source="/nowhere", state=ProjectState.READY, host=paths.host_id()
    )
    environment_ensure(shop.variant({"new.py": "new\n"}))
    upkeep_job()
    assert int(plain_git(shop.hub, "count-objects").split()[0]) > 0, "there is little to gain yet"
    monkeypatch.setattr(upkeep, "LOOSE_MAX", 0)
    upkeep_job()
    assert plain_git(shop.hub, "count-objects").split()[0] == "0"
