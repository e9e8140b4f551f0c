"""A Variant that a person makes from a commit."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from orchestrator.environments.editing import file_replace
from orchestrator.git.errors import GitBusyError
from orchestrator.git.hub import blob_read
from orchestrator.git.locks import repository_lock
from orchestrator.git.snapshots import SnapshotInfo
from orchestrator.lib import paths
from orchestrator.models import Snapshot, Variant
from orchestrator.services.environments import environment_ensure
from orchestrator.services.snapshots import snapshot_take_last
from orchestrator.services.variants import variant_archive, variant_from_commit
from orchestrator.services.workspace_edits import workspace_catch_up, workspace_file_replace
from orchestrator.services.workspaces import workspaces_sweep
from tests.support.merging import Shop
from tests.support.repositories import plain_git

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(shop: Shop) -> Variant:
    source = shop.variant({"new.txt": "new\n"})
    commit = source.head_commit
    info = SnapshotInfo(
        commit=commit,
        tree=plain_git(shop.hub, "rev-parse", f"{commit}^{{tree}}"),
        parent=commit,
        files_changed=1,
        insertions=1,
        deletions=0,
    )
    return variant_from_commit(
        user=None, task=shop.task, agent=shop.agent, model="", info=info, text="A (1 file)"
    )


def workspace_of(variant: Variant) -> Path:
    return Path(environment_ensure(Variant.objects.get(pk=variant.pk)).path)


def test_its_workspace_begins_with_its_commit(shop: Shop, made: Variant) -> None:
    workspace = workspace_of(made)
    assert (workspace / "new.txt").read_text() == "new\n"
    assert plain_git(workspace, "status", "--porcelain") == ""
    assert plain_git(workspace, "rev-parse", "HEAD") == made.head_commit
    assert snapshot_take_last(Variant.objects.get(pk=made.pk)) is None  # nothing has changed
    assert Snapshot.objects.filter(variant=made).count() == 1


def test_what_a_person_did_in_it_by_hand_is_kept_when_it_is_archived(
    shop: Shop, made: Variant
) -> None:
    workspace = workspace_of(made)
    (workspace / "hand.txt").write_text("by hand\n")
    variant_archive(user=None, variant=Variant.objects.select_related("task").get(pk=made.pk))
    workspaces_sweep()
    assert not workspace.exists()
    made.refresh_from_db()
    read = blob_read(hub=shop.hub, commit=made.head_commit, path="hand.txt", limit_bytes=99)
    assert read == b"by hand\n"
    last = Snapshot.objects.filter(variant=made).order_by("-id")[0]
    assert last.run is None
    assert plain_git(shop.hub, "rev-parse", made.branch) == last.commit


def test_a_person_may_change_a_file_in_it_before_any_run(
    shop: Shop, made: Variant, django_user_model: type[User]
) -> None:
    variant = Variant.objects.select_related("task__project", "task__spec").get(pk=made.pk)
    assert workspace_catch_up(variant) == made.head_commit
    commit = workspace_file_replace(
        user=django_user_model.objects.create_user("someone"),
        variant=variant,
        path="new.txt",
        old=b"new\n",
        new=b"newer\n",
        message="Newer",
    )
    assert plain_git(shop.hub, "show", f"{commit}:new.txt") == "newer"
    assert plain_git(shop.hub, "rev-parse", f"{commit}^") == made.head_commit


def test_nobody_snapshots_between_a_persons_change_and_its_own_snapshot(
    made: Variant, django_user_model: type[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    came_between = []

    def replaced(**how: Any) -> bool:
        done = file_replace(**how)
        other = threading.Thread(target=snapshot_begin)
        other.start()
        other.join()
        return done

    def snapshot_begin() -> None:
        with suppress(GitBusyError), repository_lock(paths.index_path(made.pk), timeout_s=0):
            came_between.append(True)

    monkeypatch.setattr("orchestrator.services.workspace_edits.file_replace", replaced)
    variant = Variant.objects.select_related("task__project", "task__spec").get(pk=made.pk)
    workspace_catch_up(variant)
    user = django_user_model.objects.create_user("someone")
    commit = workspace_file_replace(
        user=user, variant=variant, path="new.txt", old=b"new\n", new=b"newer\n", message="Newer"
    )
    assert not came_between
    made.refresh_from_db()
    assert made.head_commit == commit
