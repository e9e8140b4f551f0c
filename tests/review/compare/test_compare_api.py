"""What the API says about a comparison."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.git.hub import blob_read
from orchestrator.lib.errors import AppError
from orchestrator.lib.paths import hub_dir
from review.selectors.compare import compare_summary, diff_chunks
from tests.review.compare.conftest import BASE, World


def summary(world: World, left: str = "base", right: str = "A") -> dict[str, Any]:
    return compare_summary(user=world.user, task_id=world.task.pk, left=left, right=right)


def chunks(world: World, path: str, **options: Any) -> dict[str, Any]:
    options = {"left": "base", "right": "A", **options}
    return diff_chunks(user=world.user, task_id=world.task.pk, path=path, **options)


def test_the_summary_lists_each_change_once(world: World) -> None:
    files = {file["path"]: file for file in summary(world)["files"]}
    assert files["app/area.py"]["status"] == "M"
    assert (files["app/area.py"]["insertions"], files["app/area.py"]["deletions"]) == (1, 1)
    assert files["app/new.py"]["status"] == "A"
    assert files["gone.txt"]["status"] == "D"
    assert files["new name.txt"]["status"].startswith("R")
    assert files["new name.txt"]["old_path"] == "old name.txt"
    assert files["app/area.py"]["old_path"] is None
    assert "bytes-\\xff.txt" in files
    assert summary(world, "A", "A")["files"] == []


def test_chunks_carry_all_changed_lines_with_their_numbers(world: World) -> None:
    diff = chunks(world, "app/area.py")
    assert [chunk["kind"] for chunk in diff["chunks"]] == ["equal", "replace", "equal"]
    replace = diff["chunks"][1]
    assert replace["left"][0]["n"] == replace["right"][0]["n"] == 82
    assert replace["right"][0]["text"] == "    return side * side * 20"
    assert len(diff["chunks"][0]["left"]) == 3
    added = chunks(world, "app/new.py")["chunks"]
    assert [(c["kind"], c["left"], len(c["right"])) for c in added] == [("insert", [], 1)]
    assert chunks(world, "same.txt")["chunks"] == []


@pytest.mark.parametrize("sides", [("base", "A"), ("A", "base"), ("A", "B")])
def test_with_all_context_the_chunks_are_both_files_whole(
    world: World, sides: tuple[str, str]
) -> None:
    diff = chunks(world, "app/area.py", left=sides[0], right=sides[1], context=10**6)
    hub = hub_dir(world.task.project_id)
    for side, ref in zip(("left", "right"), sides, strict=True):
        commit = world.base if ref == "base" else world.heads[ref]
        lines = [line for chunk in diff["chunks"] for line in chunk[side]]
        whole = blob_read(hub=hub, commit=commit, path="app/area.py", limit_bytes=10**6)
        assert "".join(line["text"] + "\n" for line in lines).encode() == whole
        assert [line["n"] for line in lines] == list(range(1, len(lines) + 1))


def test_commits_can_be_compared_and_bad_input_has_a_code(world: World) -> None:
    by_commit = summary(world, world.base[:10], world.heads["A"])
    assert by_commit["files"] == summary(world)["files"]
    for left, code in (("--all", "revision.invalid"), ("Q", "variant.not-found")):
        with pytest.raises(AppError) as error:
            summary(world, left)
        assert error.value.code == code
    with pytest.raises(AppError) as error:
        chunks(world, "no/such")
    assert (error.value.code, error.value.http_status) == ("file.not-found", 404)
    with pytest.raises(AppError):
        chunks(world, "app/area.py", context=-1)
    with pytest.raises(AppError):
        chunks(world, "app/area.py", whitespace="some")


@pytest.mark.parametrize("whitespace", ["none", "all"])
def test_a_file_renamed_into_a_folder_of_its_name(world: World, whitespace: str) -> None:
    """The old name is then the name of a folder as well, with other changed files in it."""
    name, area = "app/area.py", BASE["app/area.py"]

    def move(files: dict[str, str]) -> None:
        del files[name]
        files[f"{name}/aa.py"] = "x = 1\n"
        files[f"{name}/area.py"] = area.replace("side * 20", "side * side * 20")
        files[f"{name}/zz.py"] = "x = 2\n"

    world.commit("A", move)
    for left, right, path in (("base", "A", f"{name}/area.py"), ("A", "base", name)):
        diff = chunks(world, path, left=left, right=right, whitespace=whitespace)
        assert diff["status"] == "R"
        (changed,) = (chunk for chunk in diff["chunks"] if chunk["kind"] != "equal")
        assert changed["left"][0]["n"] == changed["right"][0]["n"] == 82
