from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.git.diffs import changes, file_patch, stat
from orchestrator.git.errors import InvalidRefError, MergeError
from orchestrator.git.merges import merge_commit, merge_forecast
from orchestrator.git.run import Identity
from tests.support.repositories import Desk, plain_git, write

ALICE = Identity("Alice <x>\nA", "alice@example.org")


@pytest.fixture
def moved(desk: Desk) -> str:
    """The target's new tip: the origin went on meanwhile."""
    write(desk.origin / "upstream.py", "upstream\n")
    path = desk.origin / "app.py"
    path.write_text(path.read_text().replace("line 1\n", "line one\n"))
    plain_git(desk.origin, "add", ".")
    plain_git(desk.origin, "commit", "-q", "-m", "Upstream")
    from orchestrator.git.hub import commit_resolve, hub_fetch

    hub_fetch(hub=desk.hub)
    return commit_resolve(hub=desk.hub, rev="main")


def edit(desk: Desk, path: str, old: str, new: str) -> None:
    place = desk.workspace / path
    place.write_text(place.read_text().replace(old, new))


class TestForecast:
    def test_clean(self, desk: Desk, moved: str) -> None:
        edit(desk, "app.py", "line 30\n", "line thirty\n")
        head = desk.snapped().commit
        forecast = merge_forecast(hub=desk.hub, target=moved, head=head)
        assert forecast.clean
        assert (forecast.ahead, forecast.behind) == (1, 1)
        assert forecast.tree is not None
        merged = plain_git(desk.hub, "show", f"{forecast.tree}:app.py")
        assert "line one\n" in merged
        assert "line thirty\n" in merged

    def test_conflicts_name_the_files_and_change_nothing(self, desk: Desk, moved: str) -> None:
        edit(desk, "app.py", "line 1\n", "line uno\n")
        desk.write("upstream.py", "mine\n")
        head = desk.snapped().commit
        refs = plain_git(desk.hub, "for-each-ref")
        forecast = merge_forecast(hub=desk.hub, target=moved, head=head)
        assert not forecast.clean
        assert forecast.tree is None
        assert {(c.path, c.kind) for c in forecast.conflicts} == {
            ("app.py", "contents"),
            ("upstream.py", "contents"),
        }
        assert all("onflict" in c.message for c in forecast.conflicts)
        assert plain_git(desk.hub, "for-each-ref") == refs

    def test_kinds_of_conflicts(self, desk: Desk, moved: str) -> None:
        (desk.workspace / "app.py").unlink()
        desk.write("upstream.py/inner.py")
        head = desk.snapped().commit
        forecast = merge_forecast(hub=desk.hub, target=moved, head=head)
        kinds = {c.kind for c in forecast.conflicts}
        assert "modify/delete" in kinds
        assert "file/directory" in kinds

    def test_strange_names(self, desk: Desk) -> None:
        name = os.fsdecode(b'new\nline \xff "x".txt')
        (desk.origin / name).write_text("theirs\n")
        plain_git(desk.origin, "add", ".")
        plain_git(desk.origin, "commit", "-q", "-m", "Odd")
        from orchestrator.git.hub import commit_resolve, hub_fetch

        hub_fetch(hub=desk.hub)
        (desk.workspace / name).write_text("ours\n")
        head = desk.snapped().commit
        target = commit_resolve(hub=desk.hub, rev="main")
        forecast = merge_forecast(hub=desk.hub, target=target, head=head)
        assert [c.path for c in forecast.conflicts] == [name]
        with pytest.raises(MergeError) as caught:
            merge_commit(hub=desk.hub, target=target, head=head, message="m", strategy="merge")
        assert "\n" not in caught.value.details["conflicts"][0]

    def test_no_common_history(self, desk: Desk) -> None:
        tree = plain_git(desk.hub, "rev-parse", f"{desk.base}^{{tree}}")
        stranger = plain_git(desk.hub, "commit-tree", tree, "-m", "alone")
        with pytest.raises(MergeError) as caught:
            merge_forecast(hub=desk.hub, target=desk.base, head=stranger)
        assert caught.value.code == "merge.unrelated"

    @pytest.mark.parametrize("rev", ["main", "-x", "--write-tree", "0" * 39, ""])
    def test_only_commit_ids(self, desk: Desk, rev: str) -> None:
        with pytest.raises(InvalidRefError):
            merge_forecast(hub=desk.hub, target=rev, head=desk.base)


class TestCommit:
    def test_merge_keeps_the_history_and_names_the_person(self, desk: Desk, moved: str) -> None:
        desk.write("one.py")
        head = desk.snapped().commit
        merged = merge_commit(
            hub=desk.hub,
            target=moved,
            head=head,
            message="Merge variant A\n\n-F is no option, nor --amend, and this is ☃ \ud800\0",
            strategy="merge",
            author=ALICE,
        )
        assert plain_git(desk.hub, "rev-parse", f"{merged}^1", f"{merged}^2").split() == [
            moved,
            head,
        ]
        told = plain_git(desk.hub, "log", "-1", "--format=%an|%ae|%cn|%B", merged)
        assert told.startswith("Alice xA|alice@example.org|Bakeoff|Merge variant A\n\n-F is no")
        assert {"one.py", "upstream.py"} <= set(desk.files(merged))

    def test_squash_is_one_commit_on_the_target(self, desk: Desk, moved: str) -> None:
        desk.write("one.py")
        desk.agent("add", ".")
        desk.agent("commit", "-q", "-m", "One")
        desk.write("two.py")
        head = desk.snapped().commit
        merged = merge_commit(
            hub=desk.hub, target=moved, head=head, message="Squashed", strategy="squash"
        )
        assert plain_git(desk.hub, "rev-list", "--parents", "-1", merged).split() == [merged, moved]
        assert {"one.py", "two.py", "upstream.py"} <= set(desk.files(merged))

    def test_refusals(self, desk: Desk, moved: str) -> None:
        desk.write("upstream.py", "mine\n")
        head = desk.snapped().commit
        for message, strategy, code in (
            ("m", "octopus", "merge.strategy"),
            (" \n\0", "merge", "merge.message"),
            ("m", "merge", "merge.conflict"),
        ):
            with pytest.raises((MergeError, InvalidRefError)) as caught:
                merge_commit(
                    hub=desk.hub, target=moved, head=head, message=message, strategy=strategy
                )
            assert caught.value.code == code
        with pytest.raises(MergeError) as nothing:
            merge_commit(hub=desk.hub, target=moved, head=desk.base, message="m", strategy="merge")
        assert nothing.value.code == "merge.nothing"


class TestDiffs:
    def test_all_kinds_of_changes(self, desk: Desk) -> None:
        (desk.workspace / "app.py").rename(desk.workspace / "moved.py")
        (desk.workspace / "lib/util.py").unlink()
        (desk.workspace / "lib/util.py").symlink_to("../moved.py")
        (desk.workspace / "README.md").chmod(0o755)
        desk.write("image.bin", bytes(range(256)))
        desk.write("empty.txt", "")
        desk.write(os.fsdecode(b"tab\t\xff\nline"), "1\n2\n")
        head = desk.snapped().commit
        found = {
            change.path: change for change in changes(hub=desk.hub, left=desk.base, right=head)
        }
        assert (found["moved.py"].status, found["moved.py"].old_path) == ("R", "app.py")
        assert (found["moved.py"].insertions, found["moved.py"].deletions) == (0, 0)
        assert found["lib/util.py"].status == "T"
        assert (found["README.md"].old_mode, found["README.md"].new_mode) == ("100644", "100755")
        assert found["image.bin"].binary
        assert found["image.bin"].insertions is None
        assert (found["empty.txt"].status, found["empty.txt"].insertions) == ("A", 0)
        assert found[os.fsdecode(b"tab\t\xff\nline")].insertions == 2
        numbers = stat(hub=desk.hub, left=desk.base, right=head)
        assert numbers.files_changed == len(found) == 6
        assert numbers.insertions == sum(change.insertions or 0 for change in found.values())

    def test_patch_of_one_file(self, desk: Desk) -> None:
        edit(desk, "app.py", "line 5\n", "line   5\nand more\n")
        head = desk.snapped().commit
        (app,) = changes(hub=desk.hub, left=desk.base, right=head)

        def patch(**options: object) -> str:
            blobs = {"old_blob": app.old_blob, "new_blob": app.new_blob}
            return file_patch(**{"hub": desk.hub, **blobs, **options}).decode()  # type: ignore[arg-type]

        assert patch().count("\n@@") == 1
        assert "+line   5\n+and more\n" in patch(context=0)
        assert " line 39" in patch(context=100)
        assert "+line   5" not in patch(whitespace="all")
        assert patch(new_blob=app.old_blob) == ""
        with pytest.raises(InvalidRefError):
            patch(whitespace="--output=x")
        for name in ("--output=x", "", "HEAD", "0" * 40, "\ud800"):
            for blob in ("old_blob", "new_blob"):
                with pytest.raises(InvalidRefError):
                    patch(**{blob: name})
        assert not Path("x").exists()
