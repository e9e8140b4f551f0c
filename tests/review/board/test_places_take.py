"""Taking what a variant made of a place, from the list of places."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from orchestrator.git.hub import blob_read
from orchestrator.lib.paths import hub_dir
from orchestrator.models import Variant
from review.selectors.agreement import agreement_get
from review.selectors.consensus import ground_get
from review.selectors.hunks import pair_hunks
from tests.review.compare.conftest import BASE, A, B, World
from tests.support.pages import HTMX, Element, tree
from tests.support.repositories import plain_git

AREA = "app/area.py"


def takes(reader: Client, world: World, *, back: bool = False) -> list[Element]:
    """What takes an option; `back`: what has the base there, in place of what all of a variant brings."""
    agreement_get(ground_get(user=world.user, task_id=world.task.pk))
    page = tree(reader.get(world.url("consensus")))
    forms = [form for form in page.tags("form") if "data-take" in form.attrs]
    return [form for form in forms if ("data-back" in form.attrs) is back]


def add_of(form: Element) -> str:
    return next(e.attrs["value"] for e in form.tags("input") if e.attrs.get("name") == "add")


def test_every_option_of_every_place_can_be_had(world: World, reader: Client) -> None:
    forms = takes(reader, world)
    paths = {json.loads(add_of(form))["path"] for form in forms}
    assert len(paths) == len({*A, *BASE} - {"README.md", "same.txt"}) - 1, "a renamed one is one"
    for form in forms:
        reader.post(world.url("tray"), {"clear": "1"}, headers=HTMX)
        said = reader.post(world.url("tray"), {"add": add_of(form)}, headers=HTMX)
        tray = unescape(said.content.decode())
        assert tray.count('class="pickchip') == 1
        assert "fits together" in tray, add_of(form)


@pytest.mark.parametrize("letter", ["A", "B"])
def test_every_place_of_a_ground_can_be_as_the_base_has_it(
    world: World, reader: Client, letter: str
) -> None:
    forms = takes(reader, world, back=True)
    assert len(forms) == 3, "what both made anew is told line by line"
    for form in forms:
        reader.post(world.url("tray"), {"clear": "1"}, headers=HTMX)
        reader.post(world.url("tray"), {"add": json.dumps({"variant": letter})}, headers=HTMX)
        said = reader.post(world.url("tray"), {"add": add_of(form)}, headers=HTMX)
        tray = unescape(said.content.decode())
        assert tray.count('class="pickchip') == 2
        assert "fits together" in tray, add_of(form)


ONE, TWO = "side * 20", "20 * side"
ZONE = "app/zone.py"


def back_add(reader: Client, world: World, path: str, where: str) -> tuple[str, str]:
    """What takes the base at a place where A did something, and what its button says."""
    agreement_get(ground_get(user=world.user, task_id=world.task.pk))
    page = tree(reader.get(world.url("consensus")))
    (place,) = (
        place
        for place in page.tags("article")
        if place.attrs["aria-label"].startswith(f"{path}, {where}: ")
        and any("A" in button.attrs.get("data-letters", "") for button in place.tags("button"))
    )
    (form,) = (form for form in place.tags("form") if "data-back" in form.attrs)
    (button,) = form.tags("button")
    return add_of(form), f"{button.attrs['title']} / {button.text}"


def with_all_of(reader: Client, world: World, letter: str, add: str) -> None:
    """All of a variant, but for that, as D."""
    for pick in (json.dumps({"variant": letter}), add):
        said = reader.post(world.url("tray"), {"add": pick}, headers=HTMX)
    assert "fits together" in unescape(said.content.decode())
    reader.post(world.url("compose"), {})


def lacks(world: World, path: str) -> bool:
    head = Variant.objects.get(letter="D").head_commit
    hub = hub_dir(world.task.project_id)
    return blob_read(hub=hub, commit=head, path=path, limit_bytes=10**6) is None


def moved(text: str = "") -> Callable[[dict[str, str]], None]:
    """The file is away; with a text it has another name, and that."""

    def move(files: dict[str, str]) -> None:
        del files[AREA]
        if text:
            files[ZONE] = text

    return move


def renamed(world: World) -> str:
    """A gives the file another name, and another line 82."""
    text = BASE[AREA].replace(ONE, TWO)
    world.commit("A", moved(text))
    world.commit("B", lambda files: files.update({AREA: BASE[AREA]}))
    return text


@pytest.mark.parametrize("deleted", [False, True])
def test_the_name_goes_back_to_the_base_without_the_lines(
    world: World, reader: Client, deleted: bool
) -> None:
    text = renamed(world)
    if deleted:
        world.commit("B", moved())
    add, said = back_add(reader, world, AREA, "name")
    assert said == "Put this into a new variant as the base has it / As in the base"
    with_all_of(reader, world, "A", add)
    assert composed(world, AREA) == text
    assert lacks(world, ZONE)


def test_lines_go_back_to_the_base_without_the_name(world: World, reader: Client) -> None:
    renamed(world)
    add, _ = back_add(reader, world, AREA, "line 82")
    with_all_of(reader, world, "A", add)
    assert composed(world, ZONE) == BASE[AREA]
    assert lacks(world, AREA)


def test_lines_go_back_alone_where_another_deletes_the_file(world: World, reader: Client) -> None:
    more = "# added\n"
    text = BASE[AREA].replace(ONE, TWO) + more
    world.commit("A", moved(text))
    world.commit("B", moved())
    lines = BASE[AREA].count("\n")
    add, said = back_add(reader, world, AREA, f"lines 1 to {lines}")
    assert "this into" in said
    with_all_of(reader, world, "A", add)
    assert composed(world, ZONE) == BASE[AREA] + more
    assert lacks(world, AREA)


def test_the_deleted_goes_back_to_the_base(world: World, reader: Client) -> None:
    add, _ = back_add(reader, world, "gone.txt", "line 1")
    with_all_of(reader, world, "A", add)
    assert composed(world, "gone.txt") == BASE["gone.txt"]


def test_the_kind_goes_back_to_the_base_as_the_file_and_says_so(
    world: World, reader: Client
) -> None:
    blob = plain_git(world.origin, "rev-parse", "A:README.md")
    plain_git(world.origin, "checkout", "-q", "A")
    plain_git(world.origin, "update-index", "--cacheinfo", f"120000,{blob},same.txt")
    plain_git(world.origin, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x")
    head = plain_git(world.origin, "rev-parse", "HEAD")
    plain_git(hub_dir(world.task.project_id), "fetch", "-q", str(world.origin), "A")
    world.task.variants.filter(letter="A").update(head_commit=head)
    for where in ("mode or kind", "the file as a whole"):
        add, said = back_add(reader, world, "same.txt", where)
        assert said == "Put this file into a new variant as the base has it / File as in the base"
        assert json.loads(add) == {"variant": "base", "path": "same.txt"}
    hub = hub_dir(world.task.project_id)
    file = pair_hunks(hub=hub, left=world.base, right=head)["same.txt"]
    for hunk in file.hunks:
        part = json.dumps(json.loads(add) | {"hunks": [hunk.key]})
        refused = reader.post(world.url("tray"), {"add": part}, headers=HTMX)
        assert "take its file" in refused.content.decode()
        reader.post(world.url("tray"), {"clear": "1"}, headers=HTMX)
    with_all_of(reader, world, "A", add)
    assert composed(world, "same.txt") == BASE["same.txt"]


def test_without_a_script_a_button_takes_it_too(world: World, reader: Client) -> None:
    form = takes(reader, world)[0]
    fields = {e.attrs["name"]: e.attrs["value"] for e in form.tags("input")}
    answer = reader.post(form.attrs["action"], fields)
    assert (answer.status_code, answer["Location"]) == (302, world.url("consensus"))
    assert "area.py, line 82" in reader.get(world.url("tray")).content.decode()


@pytest.mark.browser
def test_a_contradiction_is_decided_and_composed_by_keys(world: World, page: Page) -> None:
    page.goto(world.url("consensus"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    page.wait_for_selector(".place")
    pressed = page.locator(".place").first.locator("[aria-pressed=true]")
    page.keyboard.press("j")
    page.keyboard.press("1")
    expect(pressed).to_have_attribute("data-letters", "A")
    page.keyboard.press("2")
    expect(pressed).to_have_attribute("data-letters", "B")
    expect(page.locator(".pickchip")).to_have_count(1)
    page.keyboard.press("2")
    expect(page.locator(".pickchip")).to_have_count(0)
    page.keyboard.press("1")
    expect(page.locator(".pickchip")).to_have_count(1)
    expect(page.locator(".place").first).to_be_focused()
    page.keyboard.press("O")
    page.keyboard.press("Enter")
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    head = Variant.objects.get(letter="D").head_commit
    hub = hub_dir(world.task.project_id)
    made = blob_read(hub=hub, commit=head, path=AREA, limit_bytes=10**6)
    assert made is not None
    assert made.decode() == A[AREA] != B[AREA]


@pytest.mark.browser
def test_what_both_have_is_taken_wherever_it_was_picked(world: World, page: Page) -> None:
    page.goto(world.url("compare?left=base&right=B&path=gone.txt"))
    page.get_by_role("button", name="Take file from B").click()
    expect(page.locator(".pickchip")).to_have_count(1)
    page.goto(world.url("consensus?path=gone.txt"))
    button = page.locator(".place [data-letters=AB]")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(page.locator(".pickchip")).to_have_count(0)
    expect(button).to_have_attribute("aria-pressed", "false")


# --- Places of a file that the base lacks ----------------------------------------------------------

FRESH = "app/fresh.py"
FRESH_A = "".join(f"def made_{n}():\n    return {n}\n\n\n" for n in range(6))
FRESH_B = FRESH_A.replace("return 1\n", "return 10\n").replace("return 4\n", "return 40\n")


@pytest.fixture
def fresh(world: World) -> World:
    world.commit("A", lambda files: files.update({FRESH: FRESH_A}))
    world.commit("B", lambda files: files.update({FRESH: FRESH_B}))
    return world


def composed(world: World, path: str) -> str:
    head = Variant.objects.get(letter="D").head_commit
    hub = hub_dir(world.task.project_id)
    made = blob_read(hub=hub, commit=head, path=path, limit_bytes=10**6)
    assert made is not None
    return made.decode()


def test_lines_of_a_new_file_are_named_as_what_goes_into_anothers(
    fresh: World, reader: Client
) -> None:
    url = fresh.url("compose/place")
    asked = {"variant": "B", "against": "A", "path": FRESH, "start": "5", "end": "6"}
    (pick,) = reader.get(url, asked).json()["picks"]
    assert (pick["variant"], pick["against"], pick["path"]) == ("B", "A", FRESH)
    reader.post(fresh.url("tray"), {"add": json.dumps(pick)}, headers=HTMX)
    reader.post(fresh.url("compose"), {})
    assert composed(fresh, FRESH) == FRESH_A.replace("return 1\n", "return 10\n")
    for name, value in (("start", ""), ("start", "x"), ("end", "-1")):
        assert reader.get(url, asked | {name: value}).status_code == 400, (name, value)
    gone = {"against": ("A\0", "Z"), "variant": ("", "A"), "path": ("no",)}
    for name, values in gone.items():
        for value in values:
            assert reader.get(url, asked | {name: value}).status_code == 404, (name, value)
    assert reader.get(url, asked | {"start": "0", "end": "1"}).status_code == 404
    stranger = Client(headers={"host": "localhost:8000"})
    assert stranger.get(url, asked).status_code in (302, 401, 403)


@pytest.mark.browser
def test_a_place_of_a_new_file_is_taken_alone(fresh: World, page: Page) -> None:
    page.goto(fresh.url(f"consensus?path={FRESH}&kind=contradictory"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    places, chips = page.locator(".place"), page.locator(".pickchip")
    expect(places).to_have_count(2)

    def option(place: int, letter: str) -> Locator:
        return places.nth(place).locator(f"[data-letters={letter}]")

    def pressed(*wanted: str) -> None:
        found = places.locator("[data-letters][aria-pressed=true]")
        expect(found).to_have_count(len(wanted))
        for place, letter in enumerate(wanted):
            expect(option(place, letter)).to_have_attribute("aria-pressed", "true")

    expect(option(0, "A")).to_have_text("Take file from A")
    expect(option(0, "B")).to_have_text("Take into A from B")
    expect(option(0, "B")).to_have_attribute("title", re.compile("as B has it into A’s file"))
    page.keyboard.press("j")
    page.keyboard.press("2")
    expect(chips).to_have_text([re.compile("fresh.py, line 6 into A")])
    pressed("B", "A")
    page.keyboard.press("j")
    page.keyboard.press("2")
    expect(chips).to_have_count(2)
    pressed("B", "B")
    page.reload()
    pressed("B", "B")
    page.keyboard.press("j")
    page.keyboard.press("1")
    expect(chips).to_have_text([re.compile("fresh.py, line 18 into A")])
    pressed("A", "B")
    expect(page.locator(".tray-fit")).to_have_text("fits together")
    page.keyboard.press("O")
    page.keyboard.press("Enter")
    expect(page.locator(".origin")).to_contain_text("Composed by you from")
    assert composed(fresh, FRESH) == FRESH_A.replace("return 4\n", "return 40\n")


@pytest.mark.browser
def test_it_goes_into_the_file_that_is_taken(fresh: World, page: Page) -> None:
    page.goto(fresh.url(f"compare?left=base&right=B&path={FRESH}"))
    page.wait_for_selector("#tray[aria-label]", state="attached")
    page.keyboard.press("T")
    chips = page.locator(".pickchip")
    expect(chips).to_have_count(1)
    page.goto(fresh.url(f"consensus?path={FRESH}&kind=contradictory"))
    first = page.locator(".place").first
    expect(first.locator("[data-letters=B]")).to_have_attribute("aria-pressed", "true")
    take = first.locator("[data-letters=A]")
    expect(take).to_have_text("Take into B from A")
    take.click()
    expect(take).to_have_attribute("aria-pressed", "true")
    expect(chips).to_have_count(2)
    page.goto(fresh.url(f"compare?left=B&right=A&path={FRESH}"))
    expect(page.locator(".hunkbar[data-change='1'] .take.main")).to_have_attribute(
        "aria-pressed", "true"
    )
