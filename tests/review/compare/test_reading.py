"""What is said beside the changes of the file in view."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.test import Client

from tests.review.compare.conftest import BASE, World

OLD, NEW = "old name.txt", "new name.txt"


def reading(reader: Client, world: World, left: str, right: str, path: str) -> dict[str, Any]:
    url = world.url(f"compare/reading?left={left}&right={right}&path={quote(path)}")
    found: dict[str, Any] = reader.get(url).json()
    return found


def renamed_by_b(world: World) -> None:
    """A edits a line of the file, B renames it and edits the same line."""

    def keep(files: dict[str, str]) -> None:
        del files[NEW]
        files[OLD] = BASE[OLD].replace("three", "drei")

    world.commit("A", keep)
    world.commit("B", lambda files: files.update({NEW: BASE[OLD].replace("three", "tres")}))


def test_a_contradiction_is_one_where_a_side_has_renamed_the_file(
    world: World, reader: Client
) -> None:
    renamed_by_b(world)
    for left, right, path in (("A", "B", NEW), ("B", "A", OLD)):
        (change,) = reading(reader, world, left, right, path)["changes"]
        assert (change["kind"], change["say"]) == ("contradictory", "Contradiction")
        assert len(change["left_hunks"]) == len(change["right_hunks"]) == 1
        assert (change["left"], change["right"]) == ([left], [right])
    for letter, path in (("A", OLD), ("B", NEW)):
        (change,) = reading(reader, world, "base", letter, path)["changes"]
        assert change["kind"] == "contradictory"


def test_each_side_says_what_it_calls_the_file(world: World, reader: Client) -> None:
    renamed_by_b(world)
    (change,) = reading(reader, world, "A", "B", NEW)["changes"]
    assert (change["left_path"], change["right_path"]) == (OLD, NEW)
    (change,) = reading(reader, world, "base", "B", NEW)["changes"]
    assert (change["left_path"], change["right_path"]) == (OLD, NEW)


def test_in_a_commit_that_is_no_newest_state_it_is_said_who_has_the_change(
    world: World, reader: Client
) -> None:
    """As in a preview: A has gone on since, but that change is still theirs."""
    earlier = world.heads["A"]
    world.commit(
        "A", lambda files: files.update({"app/area.py": "# first\n" + files["app/area.py"]})
    )
    (change,) = reading(reader, world, "base", earlier, "app/area.py")["changes"]
    assert (change["kind"], change["say"], change["right"]) == ("", "As in", ["A"])
    world.commit("A", lambda files: files.update({"app/area.py": BASE["app/area.py"]}))
    (change,) = reading(reader, world, "base", earlier, "app/area.py")["changes"]
    assert (change["say"], change["right"]) == ("", [])
    assert reading(reader, world, "A", earlier, "app/area.py")["changes"][0]["say"] == ""


def test_another_file_of_the_name_is_not_this_one(world: World, reader: Client) -> None:
    """A makes a new file of the name that B gives to an old one, which both edit."""

    def both(files: dict[str, str]) -> None:
        files[NEW] = "new\n"
        files[OLD] = BASE[OLD].replace("one\n", "ein\n")

    world.commit("A", both)
    world.commit("B", lambda files: files.update({NEW: BASE[OLD].replace("one\n", "uno\n")}))
    (change,) = reading(reader, world, "base", "A", NEW)["changes"]
    assert (change["kind"], change["right"]) == ("unique", ["A"])
    (change,) = reading(reader, world, "base", "A", OLD)["changes"]
    assert change["kind"] == "contradictory"
