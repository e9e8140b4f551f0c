from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orchestrator.models import Spec
from review.selectors.agreement import agreement_get
from review.selectors.consensus import ground_get
from review.selectors.consensus_page import PER_FILE, PER_PAGE
from tests.support.merging import Shop
from tests.support.pages import HTMX, Element, tree
from tests.support.repositories import plain_git

LONG = "".join(f"line {n}\n" for n in range(60))


@pytest.fixture
def client(pat: User) -> Client:
    client = Client(headers={"host": "localhost:8000"})
    client.force_login(pat)
    return client


@pytest.fixture
def answers(shop: Shop) -> Shop:
    shop.variant({"src/app.py": "one\n2\nthree\n", "new.py": "import os\n\nx = '<b>'\n"})
    shop.variant({"src/app.py": "one\nzwei\nthree\n", "new.py": "import os\n\nx = '<i>'\n"})
    shop.variant({"src/app.py": "one\n2\nthree\n", "long.txt": LONG, "README.md": None})
    return shop


def listed(client: Client, shop: Shop, query: str = "") -> Element:
    """Asked until it is there: a busy machine may take several steps to compare."""
    for _ in range(100):
        response = client.get(f"/tasks/{shop.task.pk}/consensus?{query}")
        assert response.status_code == 200
        if b"data-again" not in response.content:
            break
    return tree(response)


def places(page: Element) -> list[Element]:
    return page.all(lambda e: "data-place" in e.attrs)


def test_the_reader_is_led_from_contradictions_to_what_is_shared(
    client: Client, answers: Shop
) -> None:
    page = listed(client, answers)
    kinds = [e.attrs["id"] for e in page.tags("h2") if e.attrs.get("id", "").startswith("s-")]
    assert kinds == ["s-contradictory", "s-unique", "s-shared"]
    first = places(page)[0]
    assert first.attrs["aria-label"] == "new.py, new file, line 3 of A: contradictory"
    app = next(p for p in places(page) if p.attrs["aria-label"].startswith("src/app.py"))
    assert app.attrs["aria-label"] == "src/app.py, line 2: contradictory"
    code = [pre.text for pre in app.tags("pre")]
    assert code == ["two", "2", "zwei"], "the base, then what most made of it"
    link = app.all(lambda e: "data-open" in e.attrs)[0]
    assert link.text == "Compare A and B"
    assert link.attrs["href"].endswith("#R2")
    assert client.get(link.attrs["href"]).status_code == 200


def test_code_is_text(client: Client, answers: Shop) -> None:
    listed(client, answers)
    response = client.get(f"/tasks/{answers.task.pk}/consensus")
    assert b"x = '<b>'" not in response.content
    assert any("x='<b>'" in pre.text.replace(" ", "") for pre in tree(response).tags("pre"))


def test_what_options_do_not_share_is_marked(client: Client, shop: Shop) -> None:
    shop.variant({"src/app.py": "one\ntwo = limit(5)\nthree\n"})
    shop.variant({"src/app.py": "one\ntwo = limit(60)\nthree\n"})
    shop.variant({"README.md": "# A better shop\n"})
    page = listed(client, shop)
    (place,) = [p for p in places(page) if "line 2" in p.attrs["aria-label"]]
    assert [mark.text for mark in place.tags("mark")] == ["5", "60"]
    assert place.tags("pre")[0].text == "two"


def test_long_code_is_cut_and_says_where_the_rest_is(client: Client, answers: Shop) -> None:
    page = listed(client, answers, "path=long.txt")
    (place,) = places(page)
    assert len(place.tags("pre")[0].tags("span")) == 14
    (more,) = [a for a in place.tags("a") if "more" in a.text]
    assert more.text == "46 more lines"
    assert client.get(more.attrs["href"]).status_code == 200


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("kind=contradictory", {"src/app.py", "new.py"}),
        ("kind=near", set()),
        ("variant=C", {"src/app.py", "long.txt", "README.md"}),
        ("variant=B&kind=shared", {"new.py"}),
        ("q=SRC", {"src/app.py"}),
        ("path=README.md", {"README.md"}),
        ("path=no/such", set()),
        ("variant=Z", {"src/app.py", "new.py", "long.txt", "README.md"}),
    ],
)
def test_filters(client: Client, answers: Shop, query: str, paths: set[str]) -> None:
    page = listed(client, answers, query)
    assert {place.attrs["aria-label"].partition(", ")[0] for place in places(page)} == paths
    assert ("No place fits" in page.text) == (not paths)


def test_counts_of_the_kinds(client: Client, answers: Shop) -> None:
    page = listed(client, answers)
    for kind in ("contradictory", "unique", "near", "shared"):
        said = int(page.id(f"kind-{kind}").text.split()[-1])
        assert said == len(places(listed(client, answers, f"kind={kind}")))


def test_a_place_says_who_left_it_as_it_was(client: Client, shop: Shop) -> None:
    shop.variant({"src/app.py": "one\n2\nthree\n"})
    shop.variant({"README.md": "x\n"})
    place = places(listed(client, shop, "path=src/app.py"))[0]
    head = place.all(lambda e: e.attrs.get("class") == "placehead")[0]
    assert "as it was in B" in head.text


def test_a_renamed_file_is_found_by_both_names(client: Client, shop: Shop) -> None:
    shop.variant({"src/app.py": None, "src/main.py": "one\ntwo\nthree\n"})
    for path in ("src/app.py", "src/main.py"):
        assert "renamed to src/main.py" in listed(client, shop, f"path={path}").text


def test_pages(client: Client, shop: Shop) -> None:
    shop.variant({f"many/{n:03}.txt": f"{n}\n" for n in range(PER_PAGE + 5)})
    first = listed(client, shop)
    then = tree(client.get(first.id("places-next").attrs["href"]))
    numbers = [place.attrs["data-place"] for place in (*places(first), *places(then))]
    assert numbers == [str(n) for n in range(PER_PAGE + 5)]
    assert "page" not in then.id("places-previous").attrs["href"]


def test_the_rest_of_a_long_file_is_folded(client: Client, shop: Shop) -> None:
    """So that the next file is in reach; the list of the file alone has all of it."""
    lines = [f"line {n}\n" for n in range(100)]
    base = shop.advance({"big.txt": "".join(lines)})
    Spec.objects.update(base_commit=base)
    plain_git(shop.hub, "fetch", "-q", "origin")
    shop.task.refresh_from_db()
    more = PER_FILE + 7
    put = {2 * n: "mine\n" for n in range(more)}
    big = "".join(put.get(n, line) for n, line in enumerate(lines))
    shop.variant({"big.txt": big, "next.txt": "x\n"})
    page = listed(client, shop)
    paths = [place.attrs["aria-label"].partition(", ")[0] for place in places(page)]
    assert paths == ["big.txt"] * PER_FILE + ["next.txt"]
    (link,) = [a for a in page.tags("a") if "more place" in a.text]
    assert link.text == "7 more places in big.txt"
    there = tree(client.get(link.attrs["href"]))
    assert len(places(there)) == more
    assert "more place" not in there.text
    assert page.id("kind-unique").text.split()[-1] == str(more + 1), "counted all the same"


def test_what_is_next_for_a_person(
    redis_empty: None, client: Client, answers: Shop, pat: User
) -> None:
    address = f"/tasks/{answers.task.pk}/consensus/next"
    assert client.get(address, headers=HTMX).content.strip() == b"", "not known yet"
    agreement_get(ground_get(user=pat, task_id=answers.task.pk))
    assert "2 places contradict" in tree(client.get(address, headers=HTMX)).text
    task: Any = client.get(f"/tasks/{answers.task.pk}")
    assert b"/consensus/next" in task.content


def test_bad_questions_are_refused(client: Client, answers: Shop) -> None:
    for query in ("kind=x", "variant=ab", "variant=é", "page=0"):
        answer = client.get(f"/tasks/{answers.task.pk}/consensus?{query}")
        assert answer.status_code == 400, query


def test_what_is_next_counts_as_the_list_does(client: Client, shop: Shop, pat: User) -> None:
    """What is the same but for white space is not told as shared."""
    shop.variant({"src/app.py": "one\n2\nthree\n", "b.txt": "a  b\n", "c.txt": "c\n"})
    shop.variant({"src/app.py": "one\nzwei\nthree\n", "b.txt": "a b\n", "c.txt": "c\n"})
    agreement_get(ground_get(user=pat, task_id=shop.task.pk))
    said = tree(client.get(f"/tasks/{shop.task.pk}/consensus/next", headers=HTMX)).text
    assert "1 is nearly the same, 1 is shared" in " ".join(said.split())
    page = listed(client, shop)
    assert page.id("kind-near").text.split()[-1] == "1"
    assert page.id("kind-shared").text.split()[-1] == "1"
