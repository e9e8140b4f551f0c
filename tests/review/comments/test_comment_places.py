"""Comments where their lines are, after the variant went on."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from orchestrator.git.diffs import FileChange
from review.selectors import compare
from review.selectors.comments import thread_rows
from review.services.comments import Target, comment_create
from tests.review.comments.conftest import A_AREA, AREA, Room
from tests.support.api import Api


def test_a_comment_holds_its_code_and_what_is_around(room: Room) -> None:
    made = room.say(start=4, end=5)
    assert made.lines == ["def area(side):", "    return side**2"]
    assert made.before == ["import math", "", ""]
    assert made.commit == room.a.head_commit
    thread = room.thread(made)
    assert (thread.path, thread.start, thread.end, thread.outdated) == ("area.py", 4, 5, False)


def test_it_moves_with_its_lines(room: Room) -> None:
    made = room.say()
    room.newer(room.a, {"area.py": "# Areas\n# of things\n" + A_AREA})
    thread = room.thread(made)
    assert (thread.start, thread.end, thread.outdated) == (7, 7, False)


def test_changed_lines_outdate_it_and_its_code_is_kept(room: Room) -> None:
    made = room.say()
    room.newer(room.a, {"area.py": A_AREA.replace("side**2", "pow(side, 2)")})
    thread = room.thread(made)
    assert thread.outdated
    assert (thread.path, thread.start) == ("area.py", 5)
    assert thread.lines == ("    return side**2",)
    room.newer(room.a, {"area.py": A_AREA})
    assert not room.thread(made).outdated, "it stands again where its code came back"


def test_it_follows_a_renamed_file(room: Room) -> None:
    made = room.say()
    room.newer(room.a, {"shapes.py": "# moved\n" + A_AREA}, move="area.py shapes.py")
    thread = room.thread(made)
    assert (thread.path, thread.start, thread.outdated) == ("shapes.py", 6, False)


def test_it_follows_a_file_into_a_folder_of_its_name(room: Room) -> None:
    """What is new beside it there moves nothing in it."""
    room.newer(room.a, {"rows": "row\n" * 100})
    made = room.say(path="rows", start=5)
    more = "other\n" * 40
    room.newer(room.a, {"rows": None, "rows/a": more, "rows/rows": "row\n" * 100 + "end\n"})
    thread = room.thread(made)
    assert (thread.path, thread.start, thread.outdated) == ("rows/rows", 5, False)


def test_a_deleted_file_outdates_it(room: Room) -> None:
    made, whole = room.say(), room.say(path="notes.md", start=1)
    room.newer(room.a, {"area.py": None})
    assert room.thread(made).outdated
    assert not room.thread(whole).outdated


def test_it_survives_a_rebase(room: Room) -> None:
    made = room.say(start=9)
    moved = room.shop.advance({"README.md": "# Another\n", "src/more.py": "x = 1\n" * 30})
    room.newer(room.a, {"area.py": "# rebased\n" + A_AREA}, onto=moved)
    thread = room.thread(made)
    assert (thread.start, thread.outdated) == (10, False)


def test_code_that_was_moved_in_a_rewritten_file_is_found(room: Room) -> None:
    made = room.say(start=8, end=9)
    ring = "".join(line + "\n" for line in AREA.splitlines()[7:9])
    room.newer(room.a, {"area.py": f'"""New."""\n\n{ring}\n\nclass Other:\n    side = 3\n'})
    thread = room.thread(made)
    assert (thread.start, thread.end, thread.outdated) == (3, 4, False)


def test_one_on_the_base_stays_there(room: Room) -> None:
    made = room.say(on="base", path="src/app.py", start=2)
    room.newer(room.a, {"src/app.py": "one\n"})
    thread = room.thread(made)
    assert (thread.letter, thread.start, thread.outdated) == ("", 2, False)


def test_one_on_an_older_snapshot_is_placed_on_the_newest(room: Room) -> None:
    old = room.newer(room.a, {"notes.md": "# More\n"})
    room.newer(room.a, {"area.py": "# new first line\n" + A_AREA})
    made = comment_create(
        user=room.pat,
        task=room.shop.task,
        target=Target(about="lines", on="A", commit=old, path="area.py", start=5),
        body="Seen before it went on",
    )
    assert (made.start, room.thread(made).start) == (5, 6)


def test_a_name_that_is_no_text_is_kept(room: Room) -> None:
    room.newer(room.a, {"odd-\udcff.py": "one\ntwo\n"})
    shown = "odd-\\xff.py"
    made = room.say(path=shown, start=2)
    room.newer(room.a, {"odd-\udcff.py": "zero\none\ntwo\n"})
    thread = room.thread(made)
    assert (thread.path, thread.start) == ("odd-\udcff.py", 3)
    assert thread.shown_path == shown


def test_what_changed_is_looked_at_once_for_all_comments_and_for_one_only_where_it_is(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def files_changed(*, left: str, **rest: Any) -> tuple[FileChange, ...]:
        looked.append(left)
        return compare.files_changed(left=left, **rest)

    old = [room.say(f"Comment {number}", start=number) for number in range(1, 6)]
    room.newer(room.a, {"notes.md": "# More\n"})
    newer = [room.say(f"Comment {number}", start=number) for number in range(1, 6)]
    room.newer(room.a, {"area.py": "# A\n" + A_AREA})
    monkeypatch.setattr("review.selectors.places.files_changed", files_changed)
    found = {thread.id: thread.start for thread in thread_rows(room.pat, room.shop.task)}
    assert found == {made.pk: (made.start or 0) + 1 for made in (*old, *newer)}
    assert sorted(looked) == sorted([old[0].commit, newer[0].commit])
    looked.clear()
    client = Client(headers={"host": "localhost:8000"})
    client.force_login(room.pat)
    assert client.get(f"/comments/{newer[0].pk}").status_code == 302
    assert Api(room.pat).patch(f"comments/{newer[0].pk}", {"body": "So"})["body"] == "So"
    assert looked == [newer[0].commit] * 2
