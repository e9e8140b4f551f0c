"""What the API says about a comparison."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

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


def test_moved_blocks_and_lines_that_were_only_indented_are_told(
    world: World, reader: Client
) -> None:
    def edit(files: dict[str, str]) -> None:
        area = BASE["app/area.py"].replace("    return side * 7\n", "        return side * 7\n")
        block = "def area_2(side):\n    return side * 2\n"
        files["app/area.py"] = area.replace(block + "\n\n", "") + block

    world.commit("A", edit)
    url = f"/api/v1/tasks/{world.task.pk}/diff?left=base&right=A&path=app/area.py"
    told = reader.get(url).json()
    lefts = {line["n"]: line for chunk in told["chunks"] for line in chunk["left"]}
    rights = {line["n"]: line for chunk in told["chunks"] for line in chunk["right"]}
    moved = lefts[9]["moved"]
    assert lefts[9]["text"] == rights[moved["line"]]["text"] == "def area_2(side):"
    assert rights[moved["line"]]["moved"] == {**moved, "line": 9}
    assert moved["count"] == 2
    (only,) = [line for line in rights.values() if line.get("reindented")]
    assert (only["text"], only["changed"]) == ("        return side * 7", [[4, 8]])
    plain = next(c for c in told["chunks"] if c["kind"] == "equal")["left"][0]
    assert set(plain) == {"n", "text"}, "nothing is said of a line where there is nothing to say"
    line = reader.get("/api/v1/openapi.json").json()["components"]["schemas"]["LineOut"]
    assert {"moved", "reindented"} <= set(line["properties"])


COPY, SOURCE = "app/circle.py", "app/area.py"


def copied(world: World) -> None:
    area = BASE[SOURCE].replace("area_3(", "circle_3(")
    world.commit("A", lambda files: files.update({COPY: area, SOURCE: BASE[SOURCE]}))


def test_a_copy_is_compared_with_its_source(world: World) -> None:
    copied(world)
    (file,) = [f for f in summary(world)["files"] if f["path"] == COPY]
    assert (file["status"], file["old_path"]) == ("C", SOURCE)
    assert (file["insertions"], file["deletions"]) == (160, 0), "counted as a new file"
    diff = chunks(world, COPY)
    assert (diff["status"], diff["old_path"]) == ("C", SOURCE)
    (changed,) = [chunk for chunk in diff["chunks"] if chunk["kind"] != "equal"]
    assert (changed["left"][0]["text"], changed["right"][0]["text"]) == (
        "def area_3(side):",
        "def circle_3(side):",
    )
    assert "key" not in changed, "what can be picked is the whole new file"
    back = {f["path"]: f["status"] for f in summary(world, "A", "base")["files"]}
    assert back[COPY] == "D"


def test_a_copy_is_a_new_file_to_board_and_consensus(world: World, reader: Client) -> None:
    copied(world)
    board = reader.get(f"/api/v1/tasks/{world.task.pk}/board").json()
    (row,) = [file for file in board["files"] if file["path"] == COPY]
    assert row["cells"]["A"]["status"] == "A"
    assert row["cells"]["A"]["insertions"] == BASE[SOURCE].count("\n")
    told = reader.get(f"/api/v1/tasks/{world.task.pk}/consensus?path={COPY}").json()
    (group,) = told["groups"]
    assert (group["kind"], group["base_lines"]) == ("unique", 0)
    assert len(group["options"][0]["text"]) == BASE[SOURCE].count("\n")


def test_the_same_copy_in_two_variants_is_shared_and_an_edited_one_contradicts_in_parts(
    world: World, reader: Client
) -> None:
    copied(world)
    other = BASE[SOURCE].replace("area_3(", "disc_3(")
    world.commit("B", lambda files: files.update({COPY: other, SOURCE: BASE[SOURCE]}))
    url = f"/api/v1/tasks/{world.task.pk}/consensus?path={COPY}"
    kinds = {group["kind"] for group in reader.get(url).json()["groups"]}
    assert kinds == {"shared", "contradictory"}


def test_a_renamed_file_stays_renamed_where_there_is_a_copy_of_it_too(world: World) -> None:
    def edit(files: dict[str, str]) -> None:
        del files[SOURCE]
        files["app/renamed.py"] = BASE[SOURCE]
        files[COPY] = BASE[SOURCE].replace("area_3(", "circle_3(")

    world.commit("A", edit)
    found = {f["path"]: (f["status"], f["old_path"]) for f in summary(world)["files"]}
    assert found["app/renamed.py"] == ("R", SOURCE)
    assert found[COPY] == ("C", SOURCE)
    assert SOURCE not in found
