from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from orchestrator.models import Spec
from review.selectors.agreement import agreement_get
from review.selectors.board_ask import Ask
from review.selectors.board_page import board_page
from review.selectors.consensus import ground_get
from tests.support.merging import Shop
from tests.support.pages import HTMX, Element, tree
from tests.support.repositories import plain_git

WORK: tuple[Mapping[str, str | None], ...] = (
    {"src/app.py": "one\n2\nthree\n", "new.py": "import os\n\nx = 1\n", "logo.bin": "a\0b"},
    {"src/app.py": "one\nzwei\nthree\n", "new.py": "import os\n\nx = 1\n", "<i>&\"'.txt": "c\n"},
    {"src/app.py": "one\n2\nthree\n", "README.md": None},
)


@pytest.fixture
def answers(shop: Shop) -> Shop:
    for files in WORK:
        shop.variant(files)
    return shop


@pytest.fixture
def client(pat: User) -> Client:
    client = Client(headers={"host": "localhost:8000"})
    client.force_login(pat)
    return client


def fragment(client: Client, shop: Shop, query: str = "") -> Any:
    return client.get(f"/tasks/{shop.task.pk}/board?{query}", headers=HTMX)


def read(shop: Shop, pat: User) -> None:
    agreement_get(ground_get(user=pat, task_id=shop.task.pk))


def rows(root: Element) -> dict[str, Element]:
    return {row.attrs["data-row"]: row for row in root.all(lambda e: "data-row" in e.attrs)}


def files(root: Element) -> list[str]:
    return [path for path in rows(root) if not path.startswith("dir:")]


def cells(row: Element) -> dict[str, Element]:
    return {c.attrs["data-l"]: c for c in row.all(lambda e: "data-l" in e.attrs)}


def marks(row: Element) -> dict[str, str]:
    return {
        letter: found[0].attrs["aria-label"]
        for letter, cell in cells(row).items()
        if (found := cell.all(lambda e: e.attrs.get("role") == "img"))
    }


def test_numbers_are_there_at_once_and_marks_when_they_are_known(
    redis_empty: None, client: Client, answers: Shop, pat: User
) -> None:
    first = tree(fragment(client, answers))
    inside = first.all(lambda e: "data-version" in e.attrs)[0]
    assert "data-pending" in inside.attrs
    assert cells(rows(first)["src/app.py"])["A"].text == "+1 −1"
    assert marks(rows(first)["src/app.py"]) == {}
    for _ in range(100):  # as a page asks: a busy machine may take several steps
        progress = client.get(f"/tasks/{answers.task.pk}/board/progress").json()
        if progress["ready"]:
            break
    ready = {"done": 3, "total": 3, "letter": "", "comparing": False, "ready": True}
    assert progress == ready
    then = tree(fragment(client, answers))
    assert "data-pending" not in then.all(lambda e: "data-version" in e.attrs)[0].attrs
    assert marks(rows(then)["src/app.py"]) == dict.fromkeys("ABC", "contradicts another")
    assert marks(rows(then)["new.py"]) == dict.fromkeys("AB", "same as all who touched it")
    assert marks(rows(then)["README.md"]) == {"C": "only here"}
    assert files(then)[0] == "src/app.py", "most disputed first"


def test_the_page_works_without_a_script(client: Client, answers: Shop) -> None:
    for _ in range(100):  # on a busy machine a page may come before all is read
        response = client.get(f"/tasks/{answers.task.pk}/board")
        if b"data-pending" not in response.content:
            break
    page = tree(response)
    assert set(files(page)) == {path for work in WORK for path in work}
    assert marks(rows(page)["src/app.py"]) == dict.fromkeys("ABC", "contradicts another")
    cell = cells(rows(page)["src/app.py"])["B"]
    assert cell.tag == "a"
    assert client.get(cell.attrs["href"].replace("&amp;", "&")).status_code == 200
    untouched = cells(rows(page)["README.md"])["A"]
    assert (untouched.tag, untouched.attrs["aria-label"]) == ("span", "not touched")
    assert "binary" in cells(rows(page)["logo.bin"])["A"].text


def test_names_of_files_are_text_and_links_lead_to_them(client: Client, answers: Shop) -> None:
    response = fragment(client, answers)
    assert b"<i>&" not in response.content
    name = "<i>&\"'.txt"
    row = rows(tree(response))[name]
    assert name in row.text
    assert client.get(cells(row)["B"].attrs["href"]).status_code == 200


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("show=contradictory", {"src/app.py"}),
        ("show=shared", {"new.py"}),
        ("show=unique", {"logo.bin", "README.md", "<i>&\"'.txt"}),
        ("show=partly", set()),
        ("q=APP+src", {"src/app.py"}),
        ("q=nothing", set()),
        ("q=%22%3Ci", set()),
    ],
)
def test_filters(client: Client, answers: Shop, pat: User, query: str, shown: set[str]) -> None:
    read(answers, pat)
    page = tree(fragment(client, answers, query))
    assert set(files(page)) == shown
    assert ("No file matches" in page.text) == (not shown)


def test_the_counts_of_the_filters_are_those_of_what_they_show(
    client: Client, answers: Shop, pat: User
) -> None:
    read(answers, pat)
    page = tree(fragment(client, answers))
    said = {
        show: int(page.id(f"show-{show}").text.split()[-1])
        for show in ("all", "differ", "contradictory", "partly", "unique", "shared")
    }
    assert said == {
        show: len(files(tree(fragment(client, answers, f"show={show}")))) for show in said
    }


def test_a_contradiction_under_two_names_is_among_the_contradictions(
    client: Client, shop: Shop, pat: User
) -> None:
    text = "".join(f"line {n}\n" for n in range(1, 13))
    Spec.objects.update(base_commit=shop.advance({"old.txt": text}))
    plain_git(shop.hub, "fetch", "-q", "origin")
    shop.task.refresh_from_db()
    shop.variant({"old.txt": text.replace("line 3", "drei"), "mine.txt": "a\n"})
    shop.variant({"old.txt": None, "new.txt": text.replace("line 3", "tres")})
    first = tree(fragment(client, shop, "show=unique"))
    assert files(first) == [], "nobody knows yet who is alone"
    read(shop, pat)
    shown = {
        show: files(tree(fragment(client, shop, f"show={show}")))
        for show in ("contradictory", "unique")
    }
    assert sorted(shown["contradictory"]) == ["new.txt", "old.txt"]
    assert shown["unique"] == ["mine.txt"]


def test_a_folder_closes_and_opens_by_its_link(client: Client, answers: Shop) -> None:
    page = tree(fragment(client, answers))
    (folder,) = page.all(lambda e: e.attrs.get("title") == "src/" and "aria-expanded" in e.attrs)
    closed = tree(fragment(client, answers, folder.attrs["href"].partition("?")[2]))
    assert "src/app.py" not in files(closed)
    (now,) = closed.all(lambda e: e.attrs.get("title") == "src/" and "aria-expanded" in e.attrs)
    assert now.attrs["aria-expanded"] == "false"
    sums = rows(closed)[f"dir:{now.attrs['id'].removeprefix('dir-')}"]
    assert "+1 −1" in sums.text
    everything = tree(fragment(client, answers, "fold=1"))
    assert files(everything) == []
    opened = tree(fragment(client, answers, now.attrs["href"].partition("?")[2]))
    assert "src/app.py" in files(opened)


def test_an_update_keeps_the_order_that_is_shown(client: Client, answers: Shop, pat: User) -> None:
    before = tree(fragment(client, answers, "sort=size"))
    query = before.all(lambda e: "data-query" in e.attrs)[0].attrs["data-query"]
    assert "order=" in query
    answers.variant({"README.md": "x\n" * 500, "src/late.py": "late\n"})
    after = tree(fragment(client, answers, query))
    assert [path for path in files(after) if path != "src/late.py"] == files(before)
    assert after.id("board-anew").attrs["href"]
    anew = tree(fragment(client, answers, "sort=size"))
    assert files(anew)[0] == "README.md"


def test_nothing_is_sent_while_nothing_has_changed(
    client: Client, answers: Shop, pat: User
) -> None:
    read(answers, pat)
    inside = tree(fragment(client, answers)).all(lambda e: "data-version" in e.attrs)[0]
    seen = f"seen={inside.attrs['data-version']}"
    assert fragment(client, answers, seen).status_code == 204
    answers.variant({"more.txt": "m\n"})
    assert fragment(client, answers, seen).status_code == 200


def test_pages(client: Client, answers: Shop, pat: User) -> None:
    answers.variant({f"many/{n:03}.txt": f"{n}\n" for n in range(450)})
    first = tree(fragment(client, answers, "sort=path"))
    then = tree(fragment(client, answers, first.id("board-next").attrs["href"].partition("?")[2]))
    shown = files(first) + files(then)
    assert len(files(first)) == 400
    assert len(shown) == len(set(shown)) == 450 + len({path for work in WORK for path in work})
    assert files(tree(fragment(client, answers, "sort=path&page=99"))) == files(then)


def test_a_task_without_an_answer_says_so(client: Client, shop: Shop) -> None:
    shop.variant(state="running")
    page = tree(fragment(client, shop))
    assert "No file is changed yet" in page.text
    assert "as they write" in page.text
    assert client.get(f"/tasks/{shop.task.pk}/board").status_code == 200
    assert "No file is changed yet" in tree(client.get(f"/tasks/{shop.task.pk}/consensus")).text


def test_the_board_is_a_fixed_number_of_queries(
    answers: Shop, pat: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(8):
        board_page(user=pat, ask=Ask(answers.task.pk))
    for n in range(8):
        answers.variant({f"f{n}": "x\n"})
    with django_assert_max_num_queries(8):
        board_page(user=pat, ask=Ask(answers.task.pk))


def test_bad_questions_are_refused_and_strangers_see_nothing(client: Client, answers: Shop) -> None:
    for query in ("show=x", "sort=x", "page=0", "page=-1", "page=x"):
        assert fragment(client, answers, query).status_code == 400
    assert fragment(client, answers, "flip=%00%ff&order=../../x&q=%00").status_code == 200
    for part in ("board", "board/progress", "consensus", "consensus/next"):
        answer = Client(headers={"host": "localhost:8000"}).get(f"/tasks/{answers.task.pk}/{part}")
        assert answer.status_code == 302
        assert "login" in answer.headers["Location"]
        assert client.get(f"/tasks/99999/{part}").status_code == 404


def test_the_agreement_row_counts_the_places_of_each_variant(
    client: Client, answers: Shop, pat: User
) -> None:
    read(answers, pat)
    page = tree(fragment(client, answers))
    links = page.all(lambda e: e.tag == "a" and "agr" in e.attrs.get("class", ""))
    assert links
    for link in links:
        wanted = int(link.all(lambda e: "num" in e.attrs.get("class", "").split())[0].text)
        listed = tree(client.get(link.attrs["href"]))
        assert len(listed.all(lambda e: "data-place" in e.attrs)) == wanted


def test_columns_stand_as_those_above_them(client: Client, answers: Shop, pat: User) -> None:
    read(answers, pat)
    query = "letters=CA&show=differ"
    page = tree(fragment(client, answers, query))
    assert list(cells(rows(page)["src/app.py"])) == ["C", "A", "B"]
    heads = page.all(lambda e: e.attrs.get("role") == "columnheader")
    assert [head.attrs.get("aria-label", "")[:1] for head in heads] == ["", "C", "A", "B", ""]
    counts = page.all(lambda e: e.attrs.get("role") == "cell" and "v" in e.attrs["class"].split())
    assert [cell.attrs["class"].split()[1] for cell in counts] == ["v-c", "v-a", "v-b"]
    assert cells(rows(page)["README.md"])["C"].text == "−1"
    assert cells(rows(page)["README.md"])["A"].attrs["aria-label"] == "not touched"
    again = page.id("sort-path").attrs["href"].partition("?")[2]
    assert list(cells(rows(tree(fragment(client, answers, again)))["src/app.py"])) == [
        "C",
        "A",
        "B",
    ]
    for letters in ("%00", "zz", "<b>", "A" * 5000):
        shown = tree(fragment(client, answers, f"letters={letters}"))
        assert list(cells(rows(shown)["src/app.py"])) == ["A", "B", "C"]


def test_lines_say_which_of_the_whole_board_they_are(
    client: Client, answers: Shop, pat: User
) -> None:
    answers.variant({f"many/{n:03}.txt": f"{n}\n" for n in range(450)})
    seen: dict[str, str] = {}
    for number in (1, 2):
        page = tree(fragment(client, answers, f"sort=path&page={number}"))
        (grid,) = page.all(lambda e: e.attrs.get("role") == "grid")
        lines = grid.all(lambda e: e.attrs.get("role") == "row")
        assert lines[0].attrs["aria-rowindex"] == "1"
        for name, row in rows(page).items():
            index = row.attrs["aria-rowindex"]
            assert seen.setdefault(name, index) == index, "a folder on two pages is one line"
    assert sorted(map(int, seen.values())) == list(range(2, int(grid.attrs["aria-rowcount"]) + 1))
    closed = tree(fragment(client, answers, "sort=path&fold=1"))
    (grid,) = closed.all(lambda e: e.attrs.get("role") == "grid")
    indices = [row.attrs["aria-rowindex"] for row in rows(closed).values()]
    assert indices == [str(n) for n in range(2, len(indices) + 2)]
    assert grid.attrs["aria-rowcount"] == str(len(indices) + 1)
