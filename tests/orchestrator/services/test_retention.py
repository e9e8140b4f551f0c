"""What goes by itself after a while, what comes back, and what is never dropped."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from agents.bundle import Bundle, BundleSpec, Step, bundles_clean, shim_launch
from orchestrator import feed
from orchestrator.git import yard as git_yard
from orchestrator.git.hub import blob_read
from orchestrator.git.scan import SnapshotLimits
from orchestrator.lib import paths
from orchestrator.lib.errors import Conflict
from orchestrator.models import Activity, Environment, Preview, Run, Task, Variant
from orchestrator.services import environments, workspaces
from orchestrator.services.environments import environment_ensure
from orchestrator.services.journals import bundles_expire
from orchestrator.services.previews import preview_launch, preview_start
from orchestrator.services.snapshots import snapshot_take
from orchestrator.services.variants import variant_archive, variant_unarchive
from orchestrator.services.workspaces import workspaces_expire, workspaces_sweep
from orchestrator.states import EnvironmentState, PreviewState, Resolution, RunState
from tests.support.bundles import PATH, wait_for
from tests.support.live import end, entry
from tests.support.merging import Shop
from tests.support.repositories import plain_git, write

LONG_AGO = timedelta(days=400)


@pytest.fixture(autouse=True)
def rested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspaces, "_resting", {})


def fresh(variant: Variant) -> Variant:
    return Variant.objects.select_related("task__project", "task__spec", "agent").get(pk=variant.pk)


def state_of(variant: Variant) -> str:
    return Environment.objects.get(variant=variant).state


@pytest.fixture
def variant(shop: Shop) -> Variant:
    """Done and told to the end, with a workspace that holds more than its commits."""
    made = shop.variant()
    path = Path(environment_ensure(made).path)
    write(path / "work.txt", "work\n")
    write(path / "README.md", "# Changed\n")
    run = made.runs.get()
    snapshot_take(run, journal_n=1)
    Run.objects.filter(pk=run.pk).update(sealed_at=timezone.now(), host=paths.host_id())
    return fresh(made)


@pytest.fixture
def workspace(variant: Variant) -> Path:
    return Path(variant.environment.path)


def resolved(variant: Variant, resolution: str = Resolution.MERGED) -> None:
    """Merged long ago, and nothing has happened since."""
    Task.objects.update(resolution=resolution, created_at=timezone.now() - LONG_AGO)
    Activity.objects.update(at=timezone.now() - LONG_AGO)


# ---- what no Snapshot can hold
def test_a_workspace_with_what_no_snapshot_can_hold_stays_and_says_why(
    variant: Variant, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (workspace / "huge.dat").open("wb") as file:
        file.truncate(SnapshotLimits().file_bytes + 1)
    variant_archive(user=None, variant=variant)
    assert workspaces_sweep() == 0
    assert (workspace / "huge.dat").exists()
    kept = Activity.objects.get(variant=variant, verb="workspace.kept")
    assert "huge.dat (too large" in kept.text

    def again(*_: object, **__: object) -> None:
        raise AssertionError("it is not looked at every few seconds")

    with monkeypatch.context() as patch:
        patch.setattr(workspaces, "snapshot_take_last", again)
        assert workspaces_sweep() == 0
    monkeypatch.setattr(workspaces, "_resting", {})
    assert workspaces_sweep() == 0
    assert Activity.objects.filter(verb="workspace.kept").count() == 1, "said once"

    (workspace / "huge.dat").unlink()
    monkeypatch.setattr(workspaces, "_resting", {})
    assert workspaces_sweep() == 1
    assert not workspace.exists()


def test_what_can_be_made_again_does_not_keep_a_workspace(
    variant: Variant, workspace: Path
) -> None:
    write(workspace / ".gitignore", "*.log\n")
    for name in ("debug.log", ".venv/pyvenv.cfg", "node_modules/x/index.js", "__pycache__/x.pyc"):
        write(workspace / name)
    os.mkfifo(workspace / "pipe")
    variant_archive(user=None, variant=variant)
    assert workspaces_sweep() == 1


# ---- out of the archive
def test_a_variant_out_of_the_archive_goes_on_where_it_stood(
    shop: Shop, variant: Variant, workspace: Path
) -> None:
    write(workspace / "last.txt", "just before\n")
    variant_archive(user=None, variant=variant)
    workspaces_sweep()
    assert not workspace.exists()
    with pytest.raises(Conflict):
        environment_ensure(variant)  # as a worker has it that read it before
    variant_unarchive(user=None, variant=variant)
    environment = environment_ensure(fresh(variant))
    assert environment.state == EnvironmentState.READY
    assert (workspace / "work.txt").read_text() == "work\n"
    assert (workspace / "last.txt").read_text() == "just before\n"
    assert plain_git(workspace, "rev-parse", "HEAD") == variant.task.spec.base_commit
    assert plain_git(workspace, "symbolic-ref", "--short", "HEAD") == variant.branch

    run = fresh(variant).runs.get()
    assert snapshot_take(run, journal_n=2) is None, "nothing has changed by it"
    write(workspace / "more.txt", "more\n")
    taken = snapshot_take(fresh(variant).runs.get(), journal_n=3)
    assert taken is not None
    assert taken.files_changed == 4, "of the base: README.md, work.txt, last.txt, more.txt"
    kept = blob_read(hub=shop.hub, commit=taken.commit, path="last.txt", limit_bytes=99)
    assert kept == b"just before\n"


def test_its_old_ports_may_belong_to_somebody_else_by_then(shop: Shop, variant: Variant) -> None:
    port = variant.environment.port_base
    variant_archive(user=None, variant=variant)
    workspaces_sweep()
    other = environment_ensure(shop.variant())
    assert other.port_base == port
    variant_unarchive(user=None, variant=variant)
    assert environment_ensure(fresh(variant)).port_base != port


def test_what_is_archived_and_taken_back_before_the_sweep_is_left_alone(
    variant: Variant, workspace: Path
) -> None:
    variant_archive(user=None, variant=variant)
    variant_unarchive(user=None, variant=variant)
    assert workspaces_sweep() == 0
    assert workspace.exists()
    verbs = list(
        Activity.objects.filter(verb__startswith="variant.").values_list("verb", flat=True)
    )
    assert verbs == ["variant.unarchived", "variant.archived"]


def test_a_sweep_that_had_to_wait_asks_again_whether_it_may(
    variant: Variant, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and having the lock, somebody has taken it out of the archive."""
    variant_archive(user=None, variant=variant)
    lock = environments.workspace_lock

    @contextmanager
    def late(locked: Variant) -> Iterator[None]:
        variant_unarchive(user=None, variant=locked)
        with lock(locked):
            yield

    monkeypatch.setattr(workspaces, "workspace_lock", late)
    assert workspaces_sweep() == 0
    assert workspace.exists()


def test_a_worker_killed_while_it_removes_leaves_all_or_nothing(
    variant: Variant, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant_archive(user=None, variant=variant)
    with monkeypatch.context() as patch:
        patch.setattr(git_yard, "_delete_tree", killed_after(git_yard._delete_tree, calls=1))
        with pytest.raises(KeyboardInterrupt):
            workspaces_sweep()
    assert not workspace.exists()
    assert state_of(variant) == EnvironmentState.READY
    variant_unarchive(user=None, variant=variant)
    environment_ensure(fresh(variant))
    assert (workspace / "work.txt").read_text() == "work\n"
    variant_archive(user=None, variant=variant)
    assert workspaces_sweep() == 1
    assert list(workspace.parent.iterdir()) == []


def killed_after(function: Callable[..., object], *, calls: int) -> Callable[..., object]:
    left = [calls]

    def wrapped(*args: object, **kwargs: object) -> object:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return function(*args, **kwargs)

    return wrapped


# ---- by itself
@pytest.mark.parametrize(
    ("resolution", "days", "gone"),
    [
        (Resolution.MERGED, 14, 1),
        (Resolution.CLOSED, 14, 1),
        (Resolution.OPEN, 14, 0),
        (Resolution.MERGING, 14, 0),
        (Resolution.MERGED, 0, 0),
        (Resolution.MERGED, 500, 0),
    ],
)
def test_workspaces_of_tasks_that_are_over_go_after_so_many_days(
    settings: Settings, variant: Variant, workspace: Path, resolution: str, days: int, gone: int
) -> None:
    settings.BAKEOFF_KEEP_WORKSPACES_DAYS = days
    write(workspace / "by-hand.txt", "by hand\n")
    resolved(variant, resolution)
    assert workspaces_expire() == gone
    assert workspace.exists() is not bool(gone)
    if gone:
        hub = paths.hub_dir(variant.task.project_id)
        head = fresh(variant).head_commit
        kept = blob_read(hub=hub, commit=head, path="by-hand.txt", limit_bytes=99)
        assert kept == b"by hand\n"


@pytest.mark.parametrize("busy", ["touched", "running", "unsealed", "app", "elsewhere"])
def test_a_workspace_in_use_does_not_go(variant: Variant, workspace: Path, busy: str) -> None:
    resolved(variant)
    match busy:
        case "touched":
            Activity.objects.create(verb="variant.message", task=variant.task)
        case "running":
            Run.objects.update(state=RunState.RUNNING)
        case "unsealed":
            Run.objects.update(sealed_at=None)
        case "app":
            Preview.objects.create(variant=variant, state=PreviewState.READY)
        case "elsewhere":
            Environment.objects.update(host="another machine")
    assert workspaces_expire() == 0
    assert workspace.exists()


def test_an_app_whose_workspace_went_by_itself_can_be_started_again(
    shop: Shop, variant: Variant, workspace: Path
) -> None:
    shop.project.settings = {"preview": {"command": "sleep 60"}}
    shop.project.save()
    resolved(variant)
    assert workspaces_expire() == 1
    preview = preview_start(user=None, variant=fresh(variant))
    preview_launch(variant_id=variant.pk, bundle_id=preview.bundle.hex)
    preview.refresh_from_db()
    assert (preview.state, preview.failure_message) == (PreviewState.STARTING, "")
    assert preview.port == Environment.objects.get(variant=variant).port_base
    assert (workspace / "work.txt").exists()


# ---- journals
@pytest.fixture
def bundle(variant: Variant) -> Bundle:
    """Of the Variant's Run, which was sealed long ago."""
    run = variant.runs.get()
    made = ended_bundle(run.id.hex)
    feed.append(run.id.hex, [entry(1), end(2)])
    feed.seal(run.id.hex)
    Run.objects.update(sealed_at=timezone.now() - LONG_AGO, last_seq=2)
    return made


def ended_bundle(bundle_id: str, script: str = "echo hello") -> Bundle:
    step = Step(name="agent", argv=("sh", "-c", script), cwd="/", env={"PATH": PATH})
    made = Bundle.create(paths.bundles_dir(), BundleSpec(id=bundle_id, steps=(step,)))
    shim_launch(made)
    if "sleep" not in script:
        wait_for(lambda: made.exit() is not None and not made.shim_alive(), "the end")
    long_ago = time.time() - LONG_AGO.total_seconds()
    os.utime(made.journal_path, (long_ago, long_ago))
    return made


def test_a_journal_goes_once_its_feed_is_sealed_for_so_many_days(
    variant: Variant, bundle: Bundle
) -> None:
    files = paths.run_files_dir(bundle.id)
    write(files / "prompt.md")
    assert bundles_expire() == 1
    assert not bundle.path.exists()
    assert not files.exists()
    assert list(paths.bundles_dir().iterdir()) == []
    page = feed.read_raw(bundle.id, after=0)
    assert (len(page.events), page.ended) == (2, True), "what people see is all there"
    assert bundles_expire() == 0


@pytest.mark.parametrize("why", ["young", "unsealed", "not stored", "for ever", "elsewhere"])
def test_a_journal_that_may_still_be_needed_stays(
    settings: Settings, bundle: Bundle, why: str
) -> None:
    match why:
        case "young":
            Run.objects.update(sealed_at=timezone.now() - timedelta(days=29))
        case "unsealed":
            Run.objects.update(sealed_at=None)
        case "not stored":
            Run.objects.update(last_seq=3)
        case "for ever":
            settings.BAKEOFF_KEEP_JOURNALS_DAYS = 0
        case "elsewhere":
            Run.objects.update(host="another machine")
    assert bundles_expire() == 0
    assert bundle.journal_path.exists()


def test_of_an_apps_starts_the_newest_stays_for_its_log(variant: Variant) -> None:
    old, newest = ended_bundle(uuid.uuid4().hex), ended_bundle(uuid.uuid4().hex)
    Preview.objects.create(variant=variant, bundle=newest.id, state=PreviewState.EXITED)
    assert bundles_expire() == 1
    assert (old.path.exists(), newest.path.exists()) == (False, True)


def test_a_bundle_with_a_living_shim_stays(db: None, data_dir: Path) -> None:
    living = ended_bundle(uuid.uuid4().hex, "sleep 60")
    assert bundles_expire() == 0
    assert living.shim_alive()


def test_what_a_killed_worker_left_of_a_dropped_bundle_goes_too(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", killed_after(lambda: None, calls=0))
        with pytest.raises(KeyboardInterrupt):
            bundles_expire()
    assert not bundle.path.exists()
    (left,) = paths.bundles_dir().iterdir()
    long_ago = time.time() - 3600
    os.utime(left, (long_ago, long_ago))
    assert bundles_clean(paths.bundles_dir()) == 1
    assert list(paths.bundles_dir().iterdir()) == []
