"""A workspace that an agent has deleted is made again, as its last Snapshot found it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.git import yard
from orchestrator.models import Environment, Run, Variant
from orchestrator.services.environments import environment_ensure, workspace_lost
from orchestrator.services.snapshots import snapshot_take
from orchestrator.services.variants import variant_archive
from orchestrator.services.workspaces import workspaces_sweep
from orchestrator.states import EnvironmentState
from tests.support.merging import Shop
from tests.support.repositories import plain_git, write


@pytest.fixture
def variant(shop: Shop) -> Variant:
    return shop.variant()


@pytest.fixture
def path(variant: Variant) -> Path:
    return Path(environment_ensure(variant).path)


def work(path: Path, variant: Variant) -> None:
    """What an agent does: something committed, something not, something ignored."""
    write(path / ".gitignore", "*.log\n")
    write(path / "one.txt", "one\n")
    plain_git(path, "add", ".")
    plain_git(path, "commit", "-q", "-m", "One")
    write(path / "two.txt", "two\n")
    write(path / "x.log")
    snapshot_take(variant.runs.get(), journal_n=1)
    variant.refresh_from_db()


def test_a_workspace_that_was_deleted_is_made_again_as_it_was(variant: Variant, path: Path) -> None:
    work(path, variant)
    head = plain_git(path, "rev-parse", "HEAD")
    Environment.objects.update(setup_key="done")
    shutil.rmtree(path)
    assert workspace_lost(variant)
    environment = environment_ensure(variant)
    assert (environment.state, environment.setup_key) == (EnvironmentState.READY, "")
    assert (path / "two.txt").read_text() == "two\n"
    assert plain_git(path, "rev-parse", "HEAD") == head
    assert plain_git(path, "status", "--porcelain") == "A  two.txt"
    assert not workspace_lost(variant)
    assert snapshot_take(variant.runs.get(), journal_n=2) is None


def test_a_workspace_that_was_half_made_again_is_made_whole(
    variant: Variant, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(path, variant)
    shutil.rmtree(path)

    def killed(hub: Path, admin: object, path: Path, commit: str) -> None:
        path.mkdir()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(yard, "_checkout", killed)
        with pytest.raises(KeyboardInterrupt):
            environment_ensure(variant)
    environment_ensure(variant)
    assert (path / "one.txt").exists()
    assert (path / "two.txt").exists()


def test_a_half_made_workspace_goes_with_its_archived_variant_and_is_no_answer(
    variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(hub: Path, admin: object, path: Path, commit: str) -> None:
        path.mkdir(parents=True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(yard, "_checkout", killed)
        with pytest.raises(KeyboardInterrupt):
            environment_ensure(variant)
    environment = Environment.objects.get(variant=variant)
    assert Path(environment.path).is_dir()
    Run.objects.update(sealed_at=variant.created_at)
    variant_archive(user=None, variant=variant)
    assert workspaces_sweep() == 1
    environment.refresh_from_db()
    assert environment.state == EnvironmentState.REMOVED
    assert not Path(environment.path).exists()
    assert not variant.snapshots.exists()
