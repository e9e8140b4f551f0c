"""Merging: what lands at the origin, what is refused, and that it happens once whoever clicks and whatever dies."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections

from orchestrator.git import merges as git_merges
from orchestrator.git.errors import GitBusyError, GitTimeoutError
from orchestrator.git.run import Identity
from orchestrator.lib.errors import AppError, Conflict, Invalid
from orchestrator.models import Activity, Run, Task
from orchestrator.services.environments import environment_ensure
from orchestrator.services.snapshots import NOT_STORED
from orchestrator.states import Resolution, RunState
from review.models import Merge
from review.models.merge import MergeState
from review.selectors.merges import merge_forecast_get, merge_hindrance, merge_target
from review.services import merges
from review.services.merges import author_of, merges_recover, variant_merge
from tests.support.live import eventually
from tests.support.merging import Shop
from tests.support.repositories import plain_git, write

NEW_FILE = {"src/new.py": "print('new')\n"}


def resolution(shop: Shop) -> str:
    return Task.objects.get(pk=shop.task.pk).resolution


# --- What lands -----------------------------------------------------------------------------------
def test_a_merge_lands_at_the_origin_with_both_histories(shop: Shop, pat: User) -> None:
    variant = shop.variant(NEW_FILE)
    before = shop.tip()

    merge = variant_merge(user=pat, variant=variant, strategy="merge", why="It is short.")

    assert merge.state == MergeState.MERGED
    assert shop.tip() == merge.commit
    assert shop.log("%P").split() == [before, variant.head_commit]
    assert shop.log("%an <%ae>") == "Pat O <pat@example.org>"
    assert shop.log("%s") == "Better <shop>"
    assert f"Bakeoff-Task: {shop.task.pk}" in shop.log("%(trailers)")
    assert "Bakeoff-Variant: A" in shop.log("%(trailers)")
    assert "scripted (m-1)" in shop.log("%b")
    task = Task.objects.get(pk=shop.task.pk)
    assert (task.resolution, task.merged_variant) == (Resolution.MERGED, variant)
    assert merge.decision.why == "It is short."
    verbs = set(Activity.objects.filter(task=task, actor=pat).values_list("verb", flat=True))
    assert {"task.merging", "merge.merged", "task.merged"} <= verbs


def test_the_hub_knows_the_new_tip_at_once(shop: Shop, pat: User) -> None:
    merge = variant_merge(user=pat, variant=shop.variant(NEW_FILE), strategy="merge")
    assert plain_git(shop.hub, "rev-parse", "refs/remotes/origin/main") == merge.commit


def test_a_squash_is_one_commit_with_the_words_typed(shop: Shop, pat: User) -> None:
    variant = shop.variant(NEW_FILE)
    before = shop.tip()
    message = "Shop: new file\r\n\r\n# no comment, ‘quoted’ & <b>\n"

    merge = variant_merge(user=pat, variant=variant, strategy="squash", message=message)

    assert merge.state == MergeState.MERGED
    assert shop.log("%P") == before
    assert shop.log("%B") == "Shop: new file\n\n# no comment, ‘quoted’ & <b>"
    assert plain_git(shop.origin, "show", f"{shop.tip()}:src/new.py") == "print('new')"


def test_newer_work_of_others_at_the_origin_is_merged_with(shop: Shop, pat: User) -> None:
    variant = shop.variant(NEW_FILE)
    theirs = shop.advance({"README.md": "# The shop\n"})

    merge = variant_merge(user=pat, variant=variant, strategy="merge")

    assert merge.state == MergeState.MERGED
    assert merge.target_commit == theirs
    assert plain_git(shop.origin, "show", "main:README.md") == "# The shop"


def test_a_clean_working_copy_goes_along(checked_out: Shop, pat: User) -> None:
    shop = checked_out
    write(shop.origin / "notes.txt", "untracked\n")

    merge = variant_merge(user=pat, variant=shop.variant(NEW_FILE), strategy="merge")

    assert merge.state == MergeState.MERGED
    assert (shop.origin / "src/new.py").read_text() == NEW_FILE["src/new.py"]
    assert plain_git(shop.origin, "status", "--porcelain") == "?? notes.txt"


def test_the_owner_is_known_to_git_when_the_account_has_no_address(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shop.project
    write(tmp_path / ".gitconfig", "[user]\n\tname = Kim\n\temail = kim@example.org\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    owner = User.objects.create_superuser("owner", first_name="You")
    guest = User.objects.create_user("guest")

    assert author_of(owner, project=project) == Identity("Kim", "kim@example.org")
    assert author_of(guest, project=project).email == "guest@bakeoff.localhost"
    plain_git(shop.origin, "config", "user.email", "kim@work.example")
    assert author_of(owner, project=project) == Identity("Kim", "kim@work.example")


def test_a_task_based_on_a_commit_goes_to_the_default_branch(shop: Shop) -> None:
    shop.task.spec.base_branch = shop.task.spec.base_commit
    assert merge_target(shop.task) == "main"


# --- What is refused ------------------------------------------------------------------------------
def test_a_conflict_names_the_files_and_changes_nothing(shop: Shop, pat: User) -> None:
    variant = shop.variant({"src/app.py": "one\nTWO\nthree\n", "README.md": "# Mine\n"})
    theirs = shop.advance({"src/app.py": "one\nzwei\nthree\n"})

    merge = variant_merge(user=pat, variant=variant, strategy="merge")

    assert merge.state == MergeState.CONFLICT
    assert [conflict["path"] for conflict in merge.conflicts] == ["src/app.py"]
    assert "src/app.py" in merge.reason
    assert shop.tip() == theirs
    assert resolution(shop) == Resolution.OPEN


def test_a_dirty_working_copy_is_refused_and_says_what_to_do(checked_out: Shop, pat: User) -> None:
    shop = checked_out
    variant = shop.variant(NEW_FILE)
    before = shop.tip()
    write(shop.origin / "README.md", "# in the middle of something\n")

    merge = variant_merge(user=pat, variant=variant, strategy="merge")

    assert merge.state == MergeState.REFUSED
    assert "README.md" in merge.reason
    assert "commit or stash" in merge.reason
    assert shop.tip() == before
    assert (shop.origin / "README.md").read_text() == "# in the middle of something\n"
    assert resolution(shop) == Resolution.OPEN

    plain_git(shop.origin, "checkout", "-q", "README.md")
    assert variant_merge(user=pat, variant=variant, strategy="merge").state == MergeState.MERGED


def test_a_hook_of_the_origin_has_the_last_word(shop: Shop, pat: User) -> None:
    hook = write(shop.origin / "hooks/pre-receive", "#!/bin/sh\necho Freeze until Monday\nexit 1\n")
    hook.chmod(0o755)
    before = shop.tip()

    merge = variant_merge(user=pat, variant=shop.variant(NEW_FILE), strategy="merge")

    assert merge.state == MergeState.REFUSED
    assert "Freeze until Monday" in merge.reason
    assert (shop.tip(), resolution(shop)) == (before, Resolution.OPEN)


def test_a_variant_without_changes_is_refused(shop: Shop, pat: User) -> None:
    merge = variant_merge(user=pat, variant=shop.variant(), strategy="merge")
    assert merge.state == MergeState.REFUSED
    assert "changed no file" in merge.reason
    assert resolution(shop) == Resolution.OPEN


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.WAITING])
def test_a_variant_at_work_is_not_merged(shop: Shop, pat: User, state: str) -> None:
    variant = shop.variant(NEW_FILE, state=state)
    with pytest.raises(Conflict) as caught:
        variant_merge(user=pat, variant=variant, strategy="merge")
    assert caught.value.code == "variant.working"
    assert resolution(shop) == Resolution.OPEN
    assert not Merge.objects.exists()


def test_nothing_is_merged_twice(shop: Shop, pat: User) -> None:
    first, second = shop.variant(NEW_FILE), shop.variant({"other.txt": "b\n"})
    variant_merge(user=pat, variant=first, strategy="merge")
    tip = shop.tip()
    for variant in (first, second):
        with pytest.raises(Conflict) as caught:
            variant_merge(user=pat, variant=variant, strategy="merge")
        assert caught.value.code == "task.merged"
    assert shop.tip() == tip


def test_a_target_that_moved_is_not_merged_into_unseen(shop: Shop, pat: User) -> None:
    variant = shop.variant(NEW_FILE)
    seen = shop.tip()
    moved = shop.advance({"README.md": "# Newer\n"})

    with pytest.raises(Conflict) as caught:
        variant_merge(user=pat, variant=variant, strategy="merge", expected_target=seen)

    assert caught.value.code == "merge.target-moved"
    assert caught.value.details["target"] == moved
    assert (shop.tip(), resolution(shop)) == (moved, Resolution.OPEN)
    again = variant_merge(user=pat, variant=variant, strategy="merge", expected_target=moved[:7])
    assert again.state == MergeState.MERGED


def test_a_target_that_moves_during_the_merge_keeps_its_work(
    shop: Shop, pat: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = shop.variant(NEW_FILE)
    real = git_merges.push

    def push_late(**kwargs: object) -> object:
        monkeypatch.setattr(git_merges, "push", real)
        shop.advance({"README.md": "# In between\n"})
        return real(**kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(git_merges, "push", push_late)
    merge = variant_merge(user=pat, variant=variant, strategy="merge")

    assert merge.state == MergeState.REFUSED
    assert "moved" in merge.reason
    assert shop.log("%s") == "Meanwhile"
    assert resolution(shop) == Resolution.OPEN


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("strategy", "octopus"),
        ("strategy", "-x"),
        ("message", "a\0b"),
        ("message", "\ud800"),
        ("message", "  \n "),
        ("message", "x" * 70_000),
        ("why", "\0"),
        ("expected_target", "--all"),
        ("expected_target", "HEAD"),
    ],
)
def test_bad_input_is_refused_before_anything_happens(
    shop: Shop, pat: User, field: str, value: str
) -> None:
    variant = shop.variant(NEW_FILE)
    with pytest.raises(Invalid):
        variant_merge(user=pat, variant=variant, **{"strategy": "merge", field: value})
    assert resolution(shop) == Resolution.OPEN
    assert not Merge.objects.exists()


def test_work_that_could_not_be_stored_is_stored_and_looked_at_before_a_merge(
    shop: Shop, pat: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = shop.variant(NEW_FILE)
    workspace = Path(environment_ensure(variant).path)
    for name, content in {**NEW_FILE, "last.txt": "the last work\n"}.items():
        write(workspace / name, content)
    Run.objects.filter(variant=variant).update(failure_code=NOT_STORED, state=RunState.FAILED)

    def busy(*_: object, **__: object) -> None:
        raise GitBusyError("git.busy", "The repository is busy.")

    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.git.snapshots.snapshot_take", busy)
        with pytest.raises(Conflict, match="could not be stored: The repository is busy"):
            variant_merge(user=pat, variant=variant, strategy="merge")
    with pytest.raises(Conflict, match="Look at its changes"):
        variant_merge(user=pat, variant=variant, strategy="merge")
    assert resolution(shop) == Resolution.OPEN

    merge = variant_merge(user=pat, variant=variant, strategy="merge")
    assert merge.state == MergeState.MERGED
    assert plain_git(shop.origin, "show", "main:last.txt") == "the last work"


@pytest.fixture
def fetch_only(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """An origin behind ssh that lets everybody read; what it says to a push is given."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    ssh = tmp_path / "ssh"
    write(tmp_path / ".gitconfig", f'[core]\n\tsshCommand = "{ssh}"\n[ssh]\n\tvariant = simple\n')
    plain_git(shop.hub, "remote", "set-url", "origin", f"ssh://fake{shop.origin}")

    def says(words: str) -> None:
        write(
            ssh,
            '#!/bin/sh\nfor last; do :; done\ncase "$last" in *receive-pack*) '
            f'echo "{words}" >&2; exit 255;; esac\nexec sh -c "$last"\n',
        ).chmod(0o755)

    return says


def test_an_origin_that_may_only_be_read_refuses_at_once(
    shop: Shop, pat: User, fetch_only: Callable[[str], None]
) -> None:
    fetch_only("git@fake: Permission denied (publickey).")
    merge = variant_merge(user=pat, variant=shop.variant(NEW_FILE), strategy="merge")
    assert merge.state == MergeState.REFUSED
    assert "refused this account's ssh key" in merge.reason
    assert resolution(shop) == Resolution.OPEN


def test_a_push_that_never_gets_an_answer_says_why_and_is_given_up(
    shop: Shop, pat: User, fetch_only: Callable[[str], None]
) -> None:
    fetch_only("kex_exchange_identification: Connection reset by peer")
    merge = variant_merge(user=pat, variant=shop.variant(NEW_FILE), strategy="merge")
    assert merge.state == MergeState.PUSHING
    assert "cannot be reached" in merge_hindrance(Task.objects.get())
    merges_recover()
    assert resolution(shop) == Resolution.MERGING  # the push may have arrived all the same

    Merge.objects.update(created_at=merge.created_at - 2 * merges.ORPHAN_LIFE)
    merges_recover()
    merge.refresh_from_db()
    assert merge.state == MergeState.REFUSED
    assert "cannot be reached" in merge.reason
    assert resolution(shop) == Resolution.OPEN


# --- Forecast -------------------------------------------------------------------------------------
def test_the_forecast_says_what_would_happen_and_where(shop: Shop) -> None:
    variant = shop.variant(NEW_FILE)
    shop.advance({"README.md": "# Newer\n"})

    stale = merge_forecast_get(variant=variant, ask_origin=False)
    fresh = merge_forecast_get(variant=variant, ask_origin=True)

    assert (stale.target, stale.newer) == (shop.task.spec.base_commit, 0)
    assert (fresh.target, fresh.newer, fresh.commits) == (shop.tip(), 1, 1)
    assert fresh.clean
    assert "bare repository" in fresh.landing


def test_the_forecast_of_a_conflict_names_the_files(shop: Shop) -> None:
    variant = shop.variant({"src/app.py": "1\n2\n3\n"})
    shop.advance({"src/app.py": "uno\ndos\ntres\n"})
    forecast = merge_forecast_get(variant=variant, ask_origin=True)
    assert not forecast.clean
    assert [conflict.path for conflict in forecast.conflicts] == ["src/app.py"]


def test_the_forecast_says_when_the_origin_is_gone(shop: Shop) -> None:
    variant = shop.variant(NEW_FILE)
    shop.origin.rename(shop.origin.with_name("elsewhere"))
    forecast = merge_forecast_get(variant=variant, ask_origin=True)
    assert not forecast.clean
    assert str(shop.origin) in forecast.problem


# --- Once, whoever clicks -------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_two_simultaneous_clicks_make_one_merge(
    transactional_db: None, shop: Shop, pat: User
) -> None:
    variants = [shop.variant(NEW_FILE), shop.variant({"other.txt": "b\n"})] * 2
    gate = threading.Barrier(len(variants))
    outcomes: list[str] = []

    def click(index: int) -> None:
        try:
            gate.wait()
            merge = variant_merge(user=pat, variant=variants[index], strategy="merge")
            outcomes.append(merge.state)
        except AppError as exc:
            outcomes.append(exc.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(n,)) for n in range(len(variants))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("merged") == 1
    assert set(outcomes) - {"merged"} <= {"task.merging", "task.merged"}
    assert Merge.objects.count() == 1
    assert shop.merges_count() == 1


# --- Once, whatever dies --------------------------------------------------------------------------
def killed_in(point: str, act: Callable[[], object], patch: pytest.MonkeyPatch) -> None:
    """Run `act` in a process of its own that is killed as it comes to `point`."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:

            def die(*_args: object, **_kwargs: object) -> None:
                os.kill(os.getpid(), signal.SIGKILL)

            owner, _, name = point.rpartition(".")
            patch.setattr(git_merges if owner == "git" else merges, name, die)
            act()
        finally:
            os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1]), "it came through without being killed"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("point", "left", "settled"),
    [
        ("_merge_prepare", MergeState.PLANNED, MergeState.REFUSED),
        ("git.merge_forecast", MergeState.PLANNED, MergeState.REFUSED),
        ("git.merge_commit", MergeState.PLANNED, MergeState.REFUSED),
        ("_merge_push", MergeState.PUSHING, MergeState.MERGED),
        ("git.push", MergeState.PUSHING, MergeState.MERGED),
        ("_settle", MergeState.PUSHING, MergeState.MERGED),
    ],
)
def test_a_merge_killed_anywhere_is_finished_once(
    transactional_db: None,
    shop: Shop,
    pat: User,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
    left: str,
    settled: str,
) -> None:
    variant = shop.variant(NEW_FILE)
    act = lambda: variant_merge(user=pat, variant=variant, strategy="merge")  # noqa: E731
    killed_in(point, act, monkeypatch)
    assert Merge.objects.get().state == left
    assert resolution(shop) == Resolution.MERGING

    assert merges_recover() == 1
    assert merges_recover() == 0

    assert Merge.objects.get().state == settled
    merged = settled == MergeState.MERGED
    assert resolution(shop) == (Resolution.MERGED if merged else Resolution.OPEN)
    assert shop.merges_count() == int(merged)
    if not merged:
        again = variant_merge(user=pat, variant=variant, strategy="merge")
        assert again.state == MergeState.MERGED


@pytest.mark.django_db(transaction=True)
def test_a_push_that_outlives_its_killed_process_is_waited_for(
    transactional_db: None, shop: Shop, pat: User, tmp_path: Path
) -> None:
    began, go_on = tmp_path / "began", tmp_path / "go-on"
    # In this state of the transaction the branch is locked and not moved yet.
    hook = write(
        shop.origin / "hooks/reference-transaction",
        f"#!/bin/sh\n[ $1 = prepared ] || exit 0\ntouch {began}\n"
        f"while [ ! -e {go_on} ]; do sleep 0.05; done\n",
    )
    hook.chmod(0o755)
    variant = shop.variant(NEW_FILE)
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            variant_merge(user=pat, variant=variant, strategy="merge")
        finally:
            os._exit(0)
    eventually(began.exists)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)

    threading.Timer(0.5, go_on.touch).start()

    def settled() -> bool:
        merges_recover()
        return Merge.objects.get().state not in (MergeState.PLANNED, MergeState.PUSHING)

    eventually(settled)
    assert Merge.objects.get().state == MergeState.MERGED
    assert resolution(shop) == Resolution.MERGED
    assert shop.merges_count() == 1


def test_a_push_that_lost_the_race_against_itself_has_won(
    shop: Shop, pat: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = git_merges.push

    def push_twice(**kwargs: str) -> git_merges.PushResult:
        assert real(**kwargs).state == git_merges.PushState.PUSHED  # type: ignore[arg-type]
        return git_merges.PushResult(git_merges.PushState.REJECTED, "main has moved.")

    monkeypatch.setattr(git_merges, "push", push_twice)
    merge = variant_merge(user=pat, variant=shop.variant(NEW_FILE), strategy="merge")
    assert merge.state == MergeState.MERGED


def test_a_push_still_going_on_at_the_origin_is_given_time(
    shop: Shop, pat: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def timeout(**_kwargs: object) -> None:
        raise GitTimeoutError("git.timeout", "git push did not finish.")

    def busy(**_kwargs: object) -> git_merges.PushResult:
        return git_merges.PushResult(git_merges.PushState.REJECTED, "main is being moved.")

    monkeypatch.setattr(git_merges, "push", timeout)
    merge = variant_merge(user=pat, variant=shop.variant(NEW_FILE), strategy="merge")
    monkeypatch.setattr(git_merges, "push", busy)
    merges_recover()
    merge.refresh_from_db()
    assert merge.state == MergeState.PUSHING

    Merge.objects.update(created_at=merge.created_at - 2 * merges.ORPHAN_LIFE)
    merges_recover()
    merge.refresh_from_db()
    assert (merge.state, merge.reason) == (MergeState.REFUSED, "main is being moved.")
    assert resolution(shop) == Resolution.OPEN


def test_a_lost_answer_is_asked_for_later(
    shop: Shop, pat: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = shop.variant(NEW_FILE)
    away = shop.origin.with_name("away")
    real = git_merges.push

    def push_and_lose(**kwargs: object) -> object:
        real(**kwargs)  # type: ignore[arg-type]
        shop.origin.rename(away)
        return real(**kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(git_merges, "push", push_and_lose)
    merge = variant_merge(user=pat, variant=variant, strategy="merge")
    assert merge.state == MergeState.PUSHING
    assert merges_recover() == 1
    assert resolution(shop) == Resolution.MERGING

    away.rename(shop.origin)
    monkeypatch.setattr(git_merges, "push", real)
    merges_recover()
    assert resolution(shop) == Resolution.MERGED
    assert shop.merges_count() == 1


def test_a_merge_at_work_is_left_alone(shop: Shop, pat: User) -> None:
    variant = shop.variant(NEW_FILE)
    merge = merges._merge_begin(user=pat, variant=variant, strategy="merge", message="m", why="")
    assert merges_recover() == 0
    merge.refresh_from_db()
    assert merge.state == MergeState.PLANNED


def test_runs_made_while_nobody_looks_do_not_matter(shop: Shop, pat: User) -> None:
    """An older failed Run beside a newer good one is no reason to refuse."""
    variant = shop.variant(NEW_FILE, state=RunState.FAILED)
    Run.objects.create(variant=variant, number=2, prompt="y", state=RunState.SUCCEEDED)
    assert variant_merge(user=pat, variant=variant, strategy="merge").state == MergeState.MERGED
