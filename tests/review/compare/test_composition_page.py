"""What is told of what was, or would be, put together: its words, its parts and whose they are."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from django.contrib.auth.models import User
from django.test import Client

from orchestrator.lib.paths import hub_dir
from orchestrator.models import Variant
from review.merging.messages import message_check
from review.models import Composition
from review.selectors.composing import composition_rows, sources_say
from review.selectors.hunks import pair_hunks
from review.selectors.merges import merge_message_default
from tests.review.compare.conftest import World
from tests.review.compare.picking import (
    AREA,
    change,
    key,
    pick,
    picks,
    undo,
)
from tests.support.pages import tree
from tests.support.repositories import plain_git


def test_a_title_has_a_limit_also_without_the_page(world: World, reader: Client) -> None:
    change(reader, world, variant="A")
    reader.post(world.url("compose"), {"title": "x" * 201})
    assert world.task.variants.count() == 3
    reader.post(world.url("compose"), {"title": "x" * 200})
    assert world.task.variants.count() == 4


def test_what_is_written_belongs_to_the_picks(world: World, reader: Client) -> None:
    """Its name in the browser is another one whenever the tray was empty in between."""

    def name(html: str) -> str:
        return html.split('data-keep="words')[1].split('"')[0]

    first = name(change(reader, world, variant="A"))
    assert name(change(reader, world, variant="B")) == first
    change(reader, world, clear="1")
    assert name(undo(reader, world)) == first
    change(reader, world, clear="1")
    second = name(change(reader, world, variant="A"))
    assert second != first
    undo(reader, world)
    third = name(change(reader, world, variant="A"))
    assert third not in {first, second}
    reader.post(world.url("compose"))
    assert name(change(reader, world, variant="A")) not in {first, second, third}


def test_the_page_and_the_merge_say_title_and_why(world: World, reader: Client) -> None:
    change(reader, world, variant="B", path=AREA)
    reader.post(world.url("compose"), {"title": "Areas as they should be", "why": "My reasons"})
    for at in ("variants/D/composition", "merge/D"):
        html = reader.get(world.url(at)).content.decode()
        assert "Areas as they should be" in html, at
        assert "My reasons" in html, at
    change(reader, world, variant="B", path=AREA)
    reader.post(world.url("compose"), {"title": f"{world.task.title}: B (1 file)"})
    assert not Composition.objects.get(variant__letter="E").title, "it is called so anyway"


def test_a_long_why_of_a_browser_is_merged_with_unix_line_ends(
    world: World, reader: Client
) -> None:
    change(reader, world, variant="B", path=AREA)
    why = "Because\r\nof this\r" + "é" * 32_000
    assert reader.post(world.url("compose"), {"why": why}).status_code == 302
    made = Variant.objects.get(letter="D")
    log = plain_git(hub_dir(world.task.project_id), "log", "-1", "--format=%B", made.head_commit)
    assert "Because\nof this\néé" in log
    assert "\r" not in log
    message = message_check(merge_message_default(made))
    assert "Because\nof this\néé" in message
    assert message.endswith(f"Bakeoff-Task: {world.task.pk}\nBakeoff-Variant: D\n")


def test_a_reconciled_one_says_whose_contradictions_it_settles(
    world: World, reader: Client
) -> None:
    for letter in "AB":
        change(reader, world, add=pick(variant=letter, path=AREA, hunks=[key(world, letter)]))
    reader.post(world.url("compose"), {"reconcile": "1", "agent": "scripted one"})
    html = reader.get(world.url("variants/D/composition")).content.decode()
    assert "scripted one was asked to reconcile" in html
    assert Composition.objects.get().contested == ["A", "B"]


def test_the_lines_that_were_picked_are_named(world: World, reader: Client) -> None:
    lines = {"left": [], "right": [82]}
    change(reader, world, add=pick(variant="A", path=AREA, lines=lines))
    reader.post(world.url("compose"))
    html = reader.get(world.url("variants/D/composition")).content.decode()
    assert html.count("line 82 put in") == 1
    assert "some lines" not in html


def test_of_lines_that_went_into_another_ones_change_both_are_told(
    world: World, reader: Client
) -> None:
    change(reader, world, add=pick(variant="A", path=AREA, hunks=[key(world, "A")]))
    lines = {"left": [], "right": [82]}
    change(reader, world, add=pick(variant="B", against="A", path=AREA, lines=lines))
    reader.post(world.url("compose"))
    [row] = composition_rows(Composition.objects.get())
    assert row.picked == (("B", "its line 82 put in"),)
    assert row.parts == ((("A",), "some lines (line 82 of the base)"),)


def test_a_place_that_is_all_of_a_change_is_named_as_it_was_picked(
    world: World, reader: Client
) -> None:
    ref = {"key": key(world, "A"), "base_start": 82, "base_lines": 1}
    for told, said in (
        ({"hunks": [ref]}, "line 82 of the base as A has it"),
        ({"hunks": [key(world, "A")]}, "1 place as A has it"),
        ({"lines": {"left": [82], "right": [82]}}, "line 82 put in, line 82 of the base taken out"),
        ({}, "whole file"),
    ):
        change(reader, world, add=pick(variant="A", path=AREA, **told))
        reader.post(world.url("compose"))
        made = Composition.objects.latest("id")
        (file,) = made.files
        assert file["whole"] == ["A"]
        letter = made.variant.letter
        html = reader.get(world.url(f"variants/{letter}/composition")).content.decode()
        assert html.count(said) == 1, said
        assert html.count("whole file") == (said == "whole file")


def test_nothing_is_composed_but_what_the_page_showed(world: World, reader: Client) -> None:
    change(reader, world, variant="A", path="app/new.py")
    change(reader, world, variant="B", path=AREA)
    page = tree(reader.get(world.url("tray")))
    fields = page.all(lambda e: e.attrs.get("name") == "seen")
    seen = {field.attrs["value"] for field in fields}
    assert len(seen) == 1, "one and the same in all forms"
    before = {"seen": seen.pop(), "title": "A and B"}
    change(reader, world, variant="A", path="gone.txt")  # in another window
    answer = reader.post(world.url("compose"), before, follow=True)
    assert "has changed since this page showed it" in answer.content.decode()
    assert not Variant.objects.filter(task=world.task, letter="D").exists()
    assert len(picks(world)) == 3
    now = tree(reader.get(world.url("tray")))
    [field, *_] = now.all(lambda e: e.attrs.get("name") == "seen")
    reader.post(world.url("compose"), {"seen": field.attrs["value"]})
    assert Variant.objects.filter(task=world.task, letter="D").exists()


def test_of_whom_there_is_a_hunk_in_the_file_of_another_it_is_counted(
    world: World, reader: Client
) -> None:
    change(reader, world, add=pick(variant="A", path=AREA, hunks=[key(world, "A")]))
    lines = {"left": [82], "right": [82]}
    change(reader, world, add=pick(variant="B", against="A", path=AREA, lines=lines))
    reader.post(world.url("compose"))
    made = Variant.objects.get(letter="D")
    assert made.composition.files[0]["whole"] == ["B"]
    said = "A (1 hunk) and B (1 hunk)"
    page = tree(reader.get(world.url("variants/D/composition")))
    title = page.all(lambda e: e.attrs.get("id") == "origin-title")[0].text
    assert " ".join(title.split()).endswith(f"from {said}")
    assert f"Composed from {said} as variant D" in merge_message_default(made)


def test_a_place_counts_as_one_also_where_it_is_all_of_a_change(
    world: World, reader: Client
) -> None:
    ref = {"key": key(world, "A"), "base_start": 82, "base_lines": 1}
    for told, said in (
        ({"hunks": [ref]}, "A (1 hunk)"),
        ({"lines": {"left": [82], "right": [82]}}, "A (1 hunk)"),
        ({}, "A (1 file)"),
    ):
        change(reader, world, add=pick(variant="A", path=AREA, **told))
        reader.post(world.url("compose"))
        made = Composition.objects.latest("id")
        assert made.files[0]["whole"] == ["A"]
        assert sources_say(made.sources) == said, told


def test_all_that_is_picked_of_a_new_file_is_one_hunk(world: World, reader: Client) -> None:
    hub = hub_dir(world.task.project_id)
    new = pair_hunks(hub=hub, left=world.base, right=world.heads["A"])["app/new.py"]
    for hunks in ([hunk.key for hunk in new.lines], [hunk.key for hunk in new.hunks]):
        change(reader, world, add=pick(variant="A", path="app/new.py", hunks=hunks))
        reader.post(world.url("compose"))
        made = Composition.objects.latest("id")
        assert sources_say(made.sources) == "A (1 hunk)", hunks


def test_what_was_composed_before_names_nobody_with_empty_words(
    world: World, reader: Client
) -> None:
    """So it was kept of some that had a part in the file of another."""
    change(reader, world, variant="B", path=AREA)
    reader.post(world.url("compose"))
    row = Composition.objects.get()
    row.sources = [*row.sources, {"letter": "A", "files": 0, "hunks": 0}]
    row.save()
    html = reader.get(world.url("variants/D/composition")).content.decode()
    assert "(1 file)" in html
    assert "()" not in html


def test_the_lines_of_the_base_and_those_of_a_variant_are_told_apart(
    world: World, reader: Client
) -> None:
    world.commit("B", lambda files: files.update({AREA: files[AREA].replace("* 0\n", "* 1\n")}))
    change(reader, world, add=pick(variant="A", path=AREA, lines={"left": [], "right": [82]}))
    change(reader, world, add=pick(variant="B", path=AREA, hunks=[1]))
    reader.post(world.url("compose"))
    [row] = composition_rows(Composition.objects.get())
    assert row.picked == (("A", "its line 82 put in"),)
    assert row.parts == ((("B",), "line 2 of the base"),)


def test_all_of_a_variant_is_whole_files(world: World, reader: Client) -> None:
    change(reader, world, variant="A")
    reader.post(world.url("compose"))
    html = reader.get(world.url("variants/D/composition")).content.decode()
    assert html.count("whole file") == 7


def test_a_preview_says_what_it_would_be_and_of_which_picks(world: World, reader: Client) -> None:
    change(reader, world, variant="A", path="app/new.py")
    change(reader, world, add=pick(variant="B", path=AREA, hunks=[key(world, "B")]))
    shown = reader.post(world.url("compose/preview"))["Location"]
    page = tree(reader.get(shown))
    (title,) = page.tags("h1")
    assert " ".join(title.text.split()) == "What D would be"
    assert "What D would be" in page.tags("title")[0].text
    made_of = page.all(lambda e: e.attrs.get("class") == "whole-of")[0]
    assert [" ".join(li.text.split()) for li in made_of.tags("li")] == [
        "A new.py",
        "B area.py, line 82",
    ]
    (note,) = page.all(lambda e: e.attrs.get("class") == "stale")
    assert "hidden" in note.attrs
    change(reader, world, variant="A")
    later = tree(reader.get(shown))
    (note,) = later.all(lambda e: e.attrs.get("class") == "stale")
    assert "Other things are picked by now" in note.text
    assert "hidden" not in note.attrs
    assert len(later.all(lambda e: e.attrs.get("class") == "whole-of")[0].tags("li")) == 2
    other = User.objects.create_user("eve", password="of the tests", is_superuser=True)
    stranger = Client(headers={"host": "localhost:8000"})
    stranger.force_login(other)
    theirs = stranger.get(shown)
    assert b"whole-of" not in theirs.content, "of whoever picked it only"
    plain = reader.get(world.url(f"compare?left=base&right={world.heads['A']}"))
    assert b"whole-of" not in plain.content
    assert b"would be" not in plain.content


def test_a_preview_is_named_as_one_against_any_other_side(world: World, reader: Client) -> None:
    change(reader, world, add=pick(variant="A", path=AREA))
    seen = reader.post(world.url("compose/preview"))["Location"]
    commit = parse_qs(urlsplit(seen).query)["right"][0]
    for left, right, said in (
        ("base", commit, "What D would be"),
        ("A", commit, "What D would be, compared with A"),
        (commit, "B", "What D would be, compared with B"),
        (commit, "base", "What D would be, compared with the base"),
        (world.base, commit, f"What D would be, compared with {world.base[:7]}"),
    ):
        page = tree(reader.get(world.url(f"compare?left={left}&right={right}")))
        title = next(h for h in page.tags("h1"))
        assert " ".join(title.text.split()) == said
        assert said in page.tags("title")[0].text
