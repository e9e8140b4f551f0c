from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.git.errors import InvalidRefError, SourceError
from orchestrator.git.hub import branch_commit
from orchestrator.git.merges import PushResult, merge_commit, push, remote_tip
from tests.support.repositories import Desk, plain_git, write


@pytest.fixture
def bare(origin: Path, tmp_path: Path) -> Path:
    plain_git(tmp_path, "clone", "-q", "--bare", str(origin), "bare.git")
    return tmp_path / "bare.git"


@pytest.fixture
def remote_desk(bare: Path, tmp_path: Path) -> Desk:
    return Desk(tmp_path / "data", bare).make()


def merged(desk: Desk, name: str = "one.py", text: str = "text\n", message: str = "Merge") -> str:
    desk.write(name, text)
    head = desk.snapped().commit
    return merge_commit(
        hub=desk.hub, target=desk.base, head=head, message=message, strategy="merge"
    )


def pushed(
    desk: Desk, commit: str, branch: str = "main", expected: str | None = None
) -> PushResult:
    return push(
        hub=desk.hub,
        commit=commit,
        branch=branch,
        expected=desk.base if expected is None else expected,
    )


def unchanged(desk: Desk) -> bool:
    return plain_git(desk.origin, "rev-parse", "refs/heads/main") == desk.base


class TestBare:
    def test_pushed_and_known_in_the_hub(self, remote_desk: Desk) -> None:
        commit = merged(remote_desk)
        assert pushed(remote_desk, commit).state == "pushed"
        assert remote_tip(hub=remote_desk.hub, branch="main") == commit
        assert branch_commit(hub=remote_desk.hub, branch="main") == commit
        refs = plain_git(remote_desk.origin, "for-each-ref", "--format=%(refname)")
        assert refs == "refs/heads/main", "only the one branch arrived"

    def test_again_is_fine(self, remote_desk: Desk) -> None:
        commit = merged(remote_desk)
        pushed(remote_desk, commit)
        assert remote_tip(hub=remote_desk.hub, branch="main") == commit

    def test_a_branch_that_moved_meanwhile_is_not_overwritten(
        self, remote_desk: Desk, origin: Path
    ) -> None:
        commit = merged(remote_desk)
        write(origin / "other.py")
        plain_git(origin, "add", ".")
        plain_git(origin, "commit", "-q", "-m", "Other")
        plain_git(origin, "push", "-q", str(remote_desk.origin), "main")
        result = pushed(remote_desk, commit)
        assert result.state == "rejected"
        assert "moved" in result.reason
        assert remote_tip(hub=remote_desk.hub, branch="main") == plain_git(
            origin, "rev-parse", "HEAD"
        )

    def test_of_two_at_once_one_wins(self, remote_desk: Desk) -> None:
        desk = remote_desk
        one = merged(desk, "one.py", message="One")
        two = merged(desk, "two.py", message="Two")
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda commit: pushed(desk, commit), (one, two)))
        assert sorted(str(result.state) for result in results) == ["pushed", "rejected"]
        winner = (one, two)[[str(r.state) for r in results].index("pushed")]
        assert remote_tip(hub=desk.hub, branch="main") == winner

    def test_new_branch(self, remote_desk: Desk) -> None:
        commit = merged(remote_desk)
        assert remote_tip(hub=remote_desk.hub, branch="new/x") is None
        assert pushed(remote_desk, commit, "new/x", "").state == "pushed"
        assert pushed(remote_desk, remote_desk.base, "new/x", "").state == "rejected"
        assert remote_tip(hub=remote_desk.hub, branch="new/x") == commit

    def test_commits_are_never_thrown_away(self, remote_desk: Desk) -> None:
        commit = merged(remote_desk)
        pushed(remote_desk, commit)
        result = pushed(remote_desk, remote_desk.base, expected=commit)
        assert result.state == "refused"
        assert remote_tip(hub=remote_desk.hub, branch="main") == commit

    def test_a_hooks_refusal_is_the_reason(self, remote_desk: Desk) -> None:
        hook = write(
            remote_desk.origin / "hooks/pre-receive",
            "#!/bin/sh\necho 'No ticket number \033[31m<b>' >&2\nexit 1\n",
        )
        hook.chmod(0o755)
        result = pushed(remote_desk, merged(remote_desk))
        assert result.state == "refused"
        assert "No ticket number" in result.reason
        assert "\033" not in result.reason
        assert unchanged(remote_desk)

    @pytest.mark.parametrize("branch", ["-x", "a..b", "", "main:refs/heads/x", "HEAD"])
    def test_names(self, remote_desk: Desk, branch: str) -> None:
        with pytest.raises(InvalidRefError):
            pushed(remote_desk, remote_desk.base, branch)
        with pytest.raises(InvalidRefError):
            remote_tip(hub=remote_desk.hub, branch=branch)

    def test_an_origin_that_is_gone(self, remote_desk: Desk) -> None:
        commit = merged(remote_desk)
        remote_desk.origin.rename(remote_desk.origin.with_name("gone"))
        with pytest.raises(SourceError):
            pushed(remote_desk, commit)
        with pytest.raises(SourceError):
            remote_tip(hub=remote_desk.hub, branch="main")


class TestCheckedOut:
    """The origin is the person's own working copy, with the target branch checked out."""

    def test_the_files_go_along(self, desk: Desk) -> None:
        write(desk.origin / "untracked.txt", "mine\n")
        commit = merged(desk)
        assert pushed(desk, commit).state == "pushed"
        assert plain_git(desk.origin, "rev-parse", "HEAD") == commit
        assert (desk.origin / "one.py").read_text() == "text\n"
        assert plain_git(desk.origin, "status", "--porcelain") == "?? untracked.txt"

    @pytest.mark.parametrize("staged", [False, True])
    def test_uncommitted_changes_are_safe(self, desk: Desk, staged: bool) -> None:
        write(desk.origin / "app.py", "precious\n")
        if staged:
            plain_git(desk.origin, "add", ".")
        result = pushed(desk, merged(desk))
        assert result.state == "refused"
        assert "app.py" in result.reason
        assert "commit or stash" in result.reason
        assert (desk.origin / "app.py").read_text() == "precious\n"
        assert unchanged(desk)

    def test_an_untracked_file_in_the_way_is_safe(self, desk: Desk) -> None:
        write(desk.origin / "one.py", "precious\n")
        result = pushed(desk, merged(desk))
        assert result.state == "refused"
        assert "untracked file one.py is in the way" in result.reason
        assert (desk.origin / "one.py").read_text() == "precious\n"
        assert unchanged(desk)

    def test_another_branch_checked_out_is_a_plain_push(self, desk: Desk) -> None:
        plain_git(desk.origin, "checkout", "-q", "-b", "side")
        write(desk.origin / "app.py", "precious\n")
        commit = merged(desk)
        assert pushed(desk, commit).state == "pushed"
        assert plain_git(desk.origin, "rev-parse", "main") == commit
        assert (desk.origin / "app.py").read_text() == "precious\n"
        assert not (desk.origin / "one.py").exists()

    def test_a_linked_worktree_counts(self, desk: Desk, tmp_path: Path) -> None:
        plain_git(desk.origin, "checkout", "-q", "-b", "side")
        linked = tmp_path / "linked"
        plain_git(desk.origin, "worktree", "add", "-q", str(linked), "main")
        write(linked / "app.py", "precious\n")
        result = pushed(desk, merged(desk))
        assert result.state == "refused"
        assert str(linked) in result.reason
        plain_git(linked, "checkout", "-q", "app.py")
        commit = merged(desk, "two.py")
        assert pushed(desk, commit).state == "pushed"
        assert (linked / "two.py").exists()

    def conflict(self, desk: Desk) -> None:
        plain_git(desk.origin, "checkout", "-q", "-b", "side")
        write(desk.origin / "app.py", "side\n")
        plain_git(desk.origin, "commit", "-q", "-a", "-m", "Side")
        plain_git(desk.origin, "checkout", "-q", "main")

    def test_in_the_middle_of_a_merge(self, desk: Desk) -> None:
        self.conflict(desk)
        plain_git(desk.origin, "merge", "--no-ff", "--no-commit", "side")
        result = pushed(desk, merged(desk))
        assert result.state == "refused"
        assert "middle of a merge" in result.reason
        assert unchanged(desk)

    def test_in_the_middle_of_a_rebase_of_the_target(self, desk: Desk) -> None:
        self.conflict(desk)
        write(desk.origin / "app.py", "main\n")
        plain_git(desk.origin, "commit", "-q", "-a", "-m", "Main")
        from orchestrator.git.hub import commit_resolve, hub_fetch

        hub_fetch(hub=desk.hub)
        tip = commit_resolve(hub=desk.hub, rev="main")
        desk.write("one.py")
        head = desk.snapped().commit
        commit = merge_commit(hub=desk.hub, target=tip, head=head, message="m", strategy="merge")
        plain_git(desk.origin, "rebase", "side", check=False)
        result = pushed(desk, commit, expected=tip)
        assert result.state == "refused"
        assert "being rebased" in result.reason
        assert plain_git(desk.origin, "rev-parse", "main") == tip
        plain_git(desk.origin, "rebase", "--abort")
        assert pushed(desk, commit, expected=tip).state == "pushed"

    def test_in_the_middle_of_a_bisect(self, desk: Desk) -> None:
        for name in "abc":
            write(desk.origin / name)
            plain_git(desk.origin, "add", ".")
            plain_git(desk.origin, "commit", "-q", "-m", name)
        from orchestrator.git.hub import commit_resolve, hub_fetch

        hub_fetch(hub=desk.hub)
        tip = commit_resolve(hub=desk.hub, rev="main")
        desk.write("one.py")
        head = desk.snapped().commit
        commit = merge_commit(hub=desk.hub, target=tip, head=head, message="m", strategy="squash")
        plain_git(desk.origin, "bisect", "start", "HEAD", desk.base)
        result = pushed(desk, commit, expected=tip)
        assert result.state == "refused"
        assert "bisect" in result.reason
        plain_git(desk.origin, "bisect", "reset")
        assert pushed(desk, commit, expected=tip).state == "pushed"

    def test_the_persons_own_hooks_and_configuration_count(self, desk: Desk, home: Path) -> None:
        """Filters of the person's own configuration check out what they are to check out."""
        plain_git(home, "config", "--global", "filter.shout.smudge", "tr a-z A-Z")
        plain_git(home, "config", "--global", "filter.shout.clean", "tr A-Z a-z")
        plain_git(home, "config", "--global", "receive.fsckObjects", "true")
        hook = write(
            desk.origin / ".git/hooks/pre-receive",
            "#!/bin/sh\nread old new ref\ngit log -1 --format=%s $new >&2\n"
            'test "$(git config user.name)" = Alice || exit 1\n'
            "git log -1 --format=%s $new | grep -q JIRA\n",
        )
        hook.chmod(0o755)
        result = pushed(desk, merged(desk, message="No number"))
        assert result.state == "refused"
        assert "No number" in result.reason
        desk.write(".gitattributes", "*.txt filter=shout\n")
        commit = merged(desk, "quiet.txt", "hello\n", message="JIRA-1")
        assert pushed(desk, commit).state == "pushed"
        assert (desk.origin / "quiet.txt").read_text() == "HELLO\n"

    def test_a_lost_answer_can_be_asked_for(self, desk: Desk) -> None:
        """The worker dies after the origin has moved: the next one asks and knows."""
        commit = merged(desk)
        subprocess.run(
            ["git", "push", "-q", str(desk.origin), f"{commit}:refs/heads/other"],
            cwd=desk.hub,
            check=True,
        )
        assert remote_tip(hub=desk.hub, branch="other") == commit
        assert remote_tip(hub=desk.hub, branch="main") == desk.base
